"""The sun's position, its means and its memories, against earthkit-meteo and brute force."""

import numpy as np
import numpy.typing as npt
import pytest
from earthkit.meteo.solar import array as earthkit

from temdeep.fields.solar import (
    SUN_FEATURES,
    cos_zenith,
    feature_names,
    mean_cos_zenith,
    sun_feature_means,
    sun_features,
)

HOUR = np.timedelta64(3600, "s")
Times = npt.NDArray[np.datetime64]
LATITUDE = np.repeat([[-90.0], [-71.0], [-30.0], [0.0], [23.4], [52.0], [80.0], [90.0]], 5, axis=1)
LONGITUDE = np.repeat([[-179.0, -75.0, 0.0, 90.0, 359.0]], 8, axis=0)
SEASONS = ["2000-03-20T00:00", "2001-06-21T05:20", "2019-12-31T18:00", "1900-09-01T00:00"]


def hours(start: str, count: int, step: np.timedelta64 = HOUR) -> Times:
    steps = np.arange(count) * step.astype("timedelta64[us]")
    times: Times = np.datetime64(start, "us") + steps
    return times


def later(times: Times, by: np.timedelta64) -> Times:
    shifted: Times = times + by
    return shifted


@pytest.mark.parametrize("start", SEASONS)
def test_cos_zenith_is_that_of_earthkit(start: str) -> None:
    times = hours(start, 26)
    theirs = [earthkit.cos_solar_zenith_angle(t, LATITUDE, LONGITUDE) for t in times.astype(object)]
    np.testing.assert_allclose(cos_zenith(times, LATITUDE, LONGITUDE), theirs, atol=3e-7)


@pytest.mark.parametrize("start", SEASONS)
@pytest.mark.parametrize("length_h", [0.1, 1, 3, 12, 24, 61])
def test_mean_is_the_integral_between_sunrise_and_sunset(start: str, length_h: float) -> None:
    begin = hours(start, 9, 3 * HOUR)
    length = np.timedelta64(int(length_h * 3.6e9), "us")
    mean = mean_cos_zenith(begin, later(begin, length), LATITUDE, LONGITUDE)
    points = 4000
    for first, exact in zip(begin, mean, strict=True):
        times = first + (length * (np.arange(points) + 0.5) / points).astype("timedelta64[us]")
        quadrature = cos_zenith_on_one_day(times, first + length // 2).mean(axis=0)
        np.testing.assert_allclose(exact, quadrature, atol=2e-6)


def test_mean_agrees_with_the_quadrature_of_earthkit() -> None:
    begin = hours("2019-03-05T00:00", 24)
    theirs = [
        earthkit.cos_solar_zenith_angle_integrated(
            t, t + np.timedelta64(1, "h").astype(object), LATITUDE, LONGITUDE, intervals_per_hour=20
        )
        for t in begin.astype(object)
    ]
    ours = mean_cos_zenith(begin, later(begin, HOUR), LATITUDE, LONGITUDE)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)  # the declination moves within the hour


def test_the_sun_neither_rises_in_polar_night_nor_sets_on_a_polar_day() -> None:
    begin = hours("2001-06-21T00:00", 24)
    mean = mean_cos_zenith(begin, later(begin, HOUR), LATITUDE, LONGITUDE)
    assert (mean[:, :2] == 0).all()
    assert (mean[:, 6:] > 0).all()


def test_memories_solve_their_equation_after_many_days_alike() -> None:
    """Brute force: weights exp(-age/T) over 20 days of the same sun (T = 12 h forgets e^-40)."""
    memories = (1.5, 4.0, 12.0)
    now = np.datetime64("2000-03-20T14:30", "us")
    feature = sun_features(np.array([now]), LATITUDE, LONGITUDE, memories)[1:4, 0]
    step_s = 60
    age_s = step_s * (np.arange(20 * 1440) + 0.5)
    one_day = now - (age_s[:1440] * 1e6).astype("timedelta64[us]")
    sun = np.tile(cos_zenith_on_one_day(one_day, now), (20, 1, 1))
    for memory, ours in zip(memories, feature, strict=True):
        weight = np.exp(-age_s / (3600 * memory))
        expected = np.tensordot(weight / weight.sum(), sun, axes=1)
        np.testing.assert_allclose(ours, expected, atol=2e-5)


def cos_zenith_on_one_day(times: Times, day: np.datetime64) -> npt.NDArray[np.float64]:
    """Independent of ours: declination and equation of time of one moment, held."""
    declination, equation = np.deg2rad(earthkit.solar_declination_angle(day.astype(object)))
    angle = 2 * np.pi * (times - times.astype("datetime64[D]")) / np.timedelta64(1, "D") - np.pi
    hour = angle[:, None, None] + np.deg2rad(LONGITUDE) + equation
    phi = np.deg2rad(LATITUDE)
    sun: npt.NDArray[np.float64] = np.sin(declination) * np.sin(phi) + np.cos(declination) * np.cos(
        phi
    ) * np.cos(hour)
    return sun.clip(0)


def test_memories_lag_behind_the_sun() -> None:
    times = hours("2000-06-01T00:00", 24 * 12, HOUR / 12)
    features = sun_features(times, np.array([[45.0]]), np.array([[0.0]]))[:, :, 0, 0]
    peaks = times[features.argmax(axis=1)][:4]
    assert (np.diff(peaks) > np.timedelta64(0)).all()


@pytest.mark.parametrize("length_h", [1, 6, 24])
def test_feature_means_are_means_of_features(length_h: int) -> None:
    begin = hours("2000-03-20T00:00", 8, 3 * HOUR)
    points = 720
    means = sun_feature_means(begin, later(begin, length_h * HOUR), LATITUDE, LONGITUDE)
    for period, first in enumerate(begin):
        part = first + length_h * HOUR * (np.arange(points) + 0.5) / points
        features = sun_features(part, LATITUDE, LONGITUDE)
        # tides drift with the equation of time, memories with the declination, within a period
        np.testing.assert_allclose(
            means[:, period], features.mean(axis=1, dtype=np.float64), atol=1e-4 * max(length_h, 2)
        )


def test_regular_and_irregular_grids_see_the_same_sun() -> None:
    times = hours("2000-03-20T00:00", 5, 5 * HOUR)
    regular = sun_features(times, LATITUDE, LONGITUDE)
    cells = sun_features(times, LATITUDE.reshape(1, -1), LONGITUDE.reshape(1, -1))
    np.testing.assert_allclose(cells.reshape(regular.shape), regular, atol=1e-6)


def test_features_are_named_and_finite_in_every_season() -> None:
    times = hours("2000-01-01T00:00", 53, 24 * 7 * HOUR)
    features = sun_features(times, LATITUDE, LONGITUDE)
    assert len(SUN_FEATURES) == len(features) == 8
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert feature_names((2.0,))[1] == "cos_zenith_memory_2h"


def test_periods_that_end_before_they_begin_are_refused() -> None:
    times = hours("2000-01-01T00:00", 2)
    with pytest.raises(ValueError, match="must end after they begin"):
        mean_cos_zenith(times, times, LATITUDE, LONGITUDE)


def test_memories_too_short_for_single_precision_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 0\.25 h"):
        sun_features(hours("2000-01-01T00:00", 2), LATITUDE, LONGITUDE, (0.1,))
