"""Mixtures of methods, weighed on what a coarse series hides from itself."""

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from tests.fields.making import SUM, dataset, ending

from temdeep.api import downscale
from temdeep.fields.series import Series, series_from_dataset
from temdeep.fields.solar import mean_cos_zenith
from temdeep.methods.auto import Auto
from temdeep.methods.registry import build
from temdeep.methods.trials import HALVES, hidden_frames, hidden_halves

HOURS = np.datetime64("2019-03-01", "ns") + np.arange(121) * np.timedelta64(1, "h")
SHAPE = (121, 4, 5)
DIMS = ("time", "lat", "lon")


def series(
    fields: dict[str, npt.NDArray[np.floating]], method: str = "point", units: str = "K"
) -> Series:
    """Hourly fields; periods are the hours that end at the stamps."""
    coords = {"time": HOURS, "lat": 50 + np.arange(4.0), "lon": np.arange(5.0)}
    attributes = {"units": units, "cell_methods": f"time: {method}"}
    dataset = xr.Dataset({name: (DIMS, one, attributes) for name, one in fields.items()}, coords)
    dataset["time_bnds"] = ("time", "bnds"), np.stack([HOURS - np.timedelta64(1, "h"), HOURS], 1)
    dataset.time.attrs["bounds"] = "time_bnds"
    dataset.lat.attrs["units"], dataset.lon.attrs["units"] = "degrees_north", "degrees_east"
    return series_from_dataset(dataset)


def wave(hours: float) -> npt.NDArray[np.float64]:
    phase = 2 * np.pi * np.arange(121) / hours
    return np.broadcast_to(np.sin(phase)[:, None, None], SHAPE).copy()


def noise(seed: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=SHAPE)


def auto(truth: Series) -> Auto:
    found = build("auto", truth)
    assert isinstance(found, Auto)
    return found


def test_smooth_variables_get_a_curve_rough_ones_the_line_and_some_a_bit_of_both() -> None:
    smooth, rough = wave(29.0), noise(0)
    both = wave(9.0) + 0.3 * noise(1)
    found = auto(series({"smooth": smooth, "rough": rough, "both": both}))
    assert "linear" not in found.weights["smooth"]
    assert found.weights["rough"] == {"linear": 1.0}
    assert 0.2 < found.weights["both"]["linear"] < 0.9


def test_weights_are_shares() -> None:
    found = auto(series({"a": wave(17.0) + noise(0), "b": wave(50.0), "c": noise(2) ** 3}))
    for weights in found.weights.values():
        assert sum(weights.values()) == pytest.approx(1, abs=1e-6)
        assert all(0 < one <= 1 for one in weights.values())


def test_the_mixture_is_at_least_as_good_as_each_of_its_parts_where_it_was_weighed() -> None:
    truth = series({"t": wave(13.0) + 0.3 * noise(3)})
    found = auto(truth)
    half, errors = np.array([0.5]), dict.fromkeys([*found.methods, found.name], 0.0)
    for hidden in hidden_frames(truth, truth.channels, 3):
        for name, method in {**found.methods, found.name: found}.items():
            errors[name] += float(
                ((method.fill(hidden.interval, half)[0] - hidden.truth) ** 2).sum()
            )
    best = min(error for name, error in errors.items() if name != found.name)
    assert errors[found.name] <= best * (1 + 1e-5)


def test_light_that_follows_the_sun_is_solar_and_light_on_another_clock_is_not() -> None:
    places = np.meshgrid(50 + np.arange(4.0), np.arange(5.0), indexing="ij")
    light = 800 * mean_cos_zenith(HOURS - np.timedelta64(1, "h"), HOURS, *places)
    late = np.roll(light, 9, axis=0)  # local times taken for UTC
    right, wrong = (series({"ssrd": one}, "mean", "W m-2").thin(3) for one in (light, late))
    assert auto(right).treatment(right.channels[0], right.grid).startswith("solar")
    told = auto(wrong).treatment(wrong.channels[0], wrong.grid)
    assert told.startswith("cubic: ")
    assert "are its times UTC?" in told


def test_nothing_hidden_is_seen_between_the_times_of_the_series() -> None:
    """Weights come from every third time alone: what lies between may be anything."""
    fields = {"t": wave(29.0) + 0.2 * noise(4)}
    altered = fields["t"].copy()
    altered[np.arange(121) % 3 != 0] = 1e3
    before, after = (auto(series({"t": one}).thin(3)).weights for one in (fields["t"], altered))
    assert before == after


def test_hidden_frames_lie_half_way_and_their_context_two_steps_apart() -> None:
    ramp = np.broadcast_to(np.arange(121.0)[:, None, None], SHAPE)
    truth = series({"t": ramp})
    for hidden in hidden_frames(truth, truth.channels, 2):
        one = hidden.interval
        middle = float(hidden.truth[0, 0, 0])
        given = one.frames[:, 0, 0, 0]
        np.testing.assert_array_equal(given, middle + 2 * one.lead_fractions - 1)
        assert one.span_s == 7200
        assert one.valid_time == HOURS[int(middle) - 1]


def test_hidden_halves_average_to_the_period_that_was_joined_from_them() -> None:
    truth = series({"pr": noise(5) ** 2}, "mean", "kg m-2 s-1")
    found = list(hidden_halves(truth, truth.channels, 2))
    assert len(found) > 10
    for hidden in found:
        np.testing.assert_array_equal(hidden.truth.mean(axis=0), hidden.interval.rate)
        assert hidden.interval.span_s == 7200
    parts = build("auto", truth).fill_periods(found[0].interval, HALVES)
    np.testing.assert_allclose(parts.mean(axis=0), found[0].interval.rate, rtol=1e-12)


def test_no_trial_reaches_across_a_gap() -> None:
    whole = series({"t": noise(6)})
    kept = np.r_[0:50, 60:121]
    broken = whole.take(kept)
    ends = {HOURS[48].astype("datetime64[us]"), HOURS[49].astype("datetime64[us]")}
    for hidden in hidden_frames(broken, broken.channels, 3):
        assert hidden.interval.span_s == 7200
        assert hidden.interval.valid_time not in ends


@pytest.mark.filterwarnings("ignore:left out")
def test_periods_that_stand_alone_are_divided_though_nothing_can_be_hidden_among_them() -> None:
    """An hour's sum every three hours: no two adjoin."""
    times = HOURS[::3][:8]
    data = dataset(times, name="tp", attributes=SUM, bounds=ending(times))
    found = build("auto", series_from_dataset(data))
    assert isinstance(found, Auto)
    made = downscale(data, step="30min", max_gap="3h")
    np.testing.assert_array_equal(made.time, np.sort([*times, *(times - np.timedelta64(30, "m"))]))
    halves = made.tp.values.reshape(8, 2, 4, 5).sum(axis=1)
    np.testing.assert_allclose(halves, data.tp, rtol=1e-5)
