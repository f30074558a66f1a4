"""Noise of the size asked for, where it was asked for; and shorter series."""

import numpy as np
import pytest
import xarray as xr
from benchmarks.science.diagnostics.robustness import (
    change_over_step,
    last_days,
    with_noise,
    with_noise_where_given,
)
from tests.benchmarks.science.making import make_series
from tests.engine.making import mixed

from temdeep.errors import RequestError
from temdeep.fields.series import Series, series_from_dataset
from temdeep.metric import Float64Array


def wave(t: Float64Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
    return 280 + 5 * np.sin(2 * np.pi * t / 31 + lat / 7 + lon / 11)


def humid(t: Float64Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
    return 0.001 * np.maximum(wave(t, lat, lon) - 282, 0)


def hourly() -> Series:
    places = {"latitude": np.linspace(30, 60, 12), "longitude": np.linspace(0, 40, 14)}
    return make_series({"t2m": wave, "q": humid}, hours=240, **places)


def noise_in(noisy: Series, clean: Series, name: str = "t2m") -> np.ndarray:
    channel = [clean.channel(name)]
    return (noisy.read(channel, slice(None)).astype(np.float64) - clean.read(channel, slice(None)))[
        :, 0
    ]


def test_noise_has_the_share_of_the_change_over_the_span_that_was_asked_for() -> None:
    for every in (3, 6):
        coarse = hourly().thin(every)
        hours = coarse.time.offset_us / 3.6e9
        lat, lon = coarse.grid.latitude, coarse.grid.longitude
        change = np.diff(wave(hours[:, None, None], lat, lon), axis=0).std()
        assert change_over_step(coarse)["t2m"] == pytest.approx(change, rel=1e-5)
        noise = noise_in(with_noise(coarse, 0.2, seed=1), coarse)
        assert noise.std() == pytest.approx(0.2 * change, rel=0.03)
        assert abs(noise.mean()) < 0.02 * noise.std()


def test_noise_is_white_in_space_and_time() -> None:
    coarse = hourly().thin(3)
    noise = noise_in(with_noise(coarse, 0.5, seed=2), coarse)
    for axis in range(3):
        one, other = (np.delete(noise, place, axis).ravel() for place in (0, -1))
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_noise_is_the_seed_s_and_the_variable_s_own() -> None:
    coarse = hourly().thin(6)
    first, again, other = (
        noise_in(with_noise(coarse, 0.3, seed=seed), coarse) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.05
    alone = coarse.select(["t2m"])
    np.testing.assert_array_equal(noise_in(with_noise(alone, 0.3, seed=5), alone), first)


def test_no_share_is_no_noise_and_less_is_refused() -> None:
    coarse = hourly().thin(6)
    assert not noise_in(with_noise(coarse, 0.0, seed=0), coarse).any()
    with pytest.raises(RequestError, match=r"noise of -0.1 times the change cannot be"):
        with_noise(coarse, -0.1, seed=0)


def test_noise_makes_nothing_negative_that_cannot_be_and_leaves_sums_over_periods() -> None:
    coarse = hourly().thin(6)
    noisy = with_noise(coarse, 1.0, seed=3)
    humidity = noisy.read([noisy.channel("q")], slice(None))
    assert humidity.min() == 0
    assert noise_in(noisy, coarse, "q").std() > 0
    with_rain = series_from_dataset(mixed(25))
    noisy_rain = with_noise(with_rain, 1.0, seed=3)
    xr.testing.assert_identical(noisy_rain.dataset["tp"], with_rain.dataset["tp"])
    assert noise_in(noisy_rain, with_rain).any()


def test_only_given_times_become_noisy_and_hidden_ones_stay_the_truth() -> None:
    fine = hourly()
    noisy = with_noise_where_given(fine, 6, 0.3, seed=4)
    noise = noise_in(noisy, fine)
    given = np.arange(len(noise)) % 6 == 0
    assert not noise[~given].any()
    expected = with_noise(fine.thin(6), 0.3, seed=4)
    np.testing.assert_array_equal(noise_in(noisy.thin(6), expected), 0)
    assert noise[given].std() > 0


def test_the_last_days_end_where_the_series_ends() -> None:
    coarse = hourly().thin(6)
    short = last_days(coarse, 4)
    assert short.time.values[-1] == coarse.time.values[-1]
    assert short.time.values[-1] - short.time.values[0] == np.timedelta64(4, "D")
    assert len(short.time) == 17
    np.testing.assert_array_equal(
        short.read(short.instantaneous(), slice(None)),
        coarse.read(coarse.instantaneous(), slice(-17, None)),
    )
    with pytest.raises(RequestError, match=r"holds 10 days, from 2001-05-04T00.*no last 11"):
        last_days(coarse, 11)
