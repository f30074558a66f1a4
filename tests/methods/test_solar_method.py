"""What the solar method finds in series whose sun is known."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from temdeep.fields.series import Series, series_from_dataset
from temdeep.fields.solar import cos_zenith, mean_cos_zenith, sun_features
from temdeep.methods.cubic import Cubic
from temdeep.methods.solar import Solar
from temdeep.methods.wandering import Wandering

LATITUDE, LONGITUDE = np.meshgrid(np.linspace(30, 60, 6), np.linspace(-20, 15, 8), indexing="ij")
HOURS = 24 * 24
START = np.datetime64("2019-03-01T00:00", "us")
HOURLY = START + np.arange(HOURS + 1) * np.timedelta64(3600, "s")


def weather(seed: int, days: float = 3.0) -> npt.NDArray[np.float64]:
    """Slow changes, the same everywhere but for their phase, shape (time, y, x)."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, (5, *LATITUDE.shape))
    turns = 2 * np.pi * np.arange(HOURS + 1)[:, None, None, None] / (24 * days)
    return np.asarray(np.sin(turns / np.arange(1, 6)[:, None, None] + phase).sum(axis=1))


def series(values: dict[str, npt.NDArray[np.float64]], cell_methods: str, units: str) -> Series:
    """An hourly series; means are over the hour before the stamp."""
    times = HOURLY.astype("datetime64[ns]")
    dims = ("time", "lat", "lon")
    attributes = {"cell_methods": f"time: {cell_methods}", "units": units}
    dataset = xr.Dataset(
        {name: (dims, field, attributes) for name, field in values.items()},
        coords={
            "time": times,
            "lat": ("lat", LATITUDE[:, 0], {"units": "degrees_north"}),
            "lon": ("lon", LONGITUDE[0], {"units": "degrees_east"}),
        },
    )
    if cell_methods == "mean":
        bounds = np.stack([times - np.timedelta64(1, "h"), times], axis=1)
        dataset["time_bnds"] = (("time", "bnds"), bounds)
        dataset.time.attrs["bounds"] = "time_bnds"
    for name in values:
        if name == "ssrd":
            dataset[name].attrs["standard_name"] = "surface_downwelling_shortwave_flux_in_air"
    return series_from_dataset(dataset)


def errors(truth: Series, every: int, methods: list[Cubic | Solar]) -> list[float]:
    """Root mean square errors at hidden hours."""
    square = np.zeros(len(methods))
    channels = truth.instantaneous()
    thin = truth.thin(every)
    for i, interval in thin.intervals(12, channels):
        hidden = truth.read(channels, slice(i * every + 1, (i + 1) * every))
        for j, method in enumerate(methods):
            filled = method.fill(interval, np.arange(1, every) / every)
            square[j] += ((filled - hidden) ** 2).mean()
    return [float(value) for value in np.sqrt(square / len(thin.time))]


@pytest.mark.parametrize(("every", "left"), [(6, 0.1), (12, 0.2)])
def test_a_known_response_to_the_sun_is_recovered(every: int, left: float) -> None:
    """Of the day's cycle, warmer in the south, little is left; the spline loses it.

    At 12 hours ten of them are seen nowhere in the region, and only its usual shape can be told.
    """
    features = sun_features(HOURLY, LATITUDE, LONGITUDE).astype(np.float64)
    warmth = 8 + (45 - LATITUDE) / 5
    truth = series({"t": 280 + weather(0, 6.0) + warmth * features[2]}, "point", "K")
    solar = Solar.fitted_to(truth.thin(every))
    assert solar.treatment(truth.channels[0], truth.grid) == "solar"
    spline_error, solar_error = errors(truth, every, [Cubic(), solar])
    assert solar_error < left * spline_error


def test_a_variable_that_ignores_the_sun_is_left_to_the_spline() -> None:
    rng = np.random.default_rng(4)
    truth = series({"z": weather(1, 2.0) + 0.1 * rng.normal(size=(HOURS + 1, 6, 8))}, "point", "m")
    solar = Solar.fitted_to(truth.thin(6))
    assert solar.treatment(truth.channels[0], truth.grid).startswith("cubic: the sun explains")
    spline_error, solar_error = errors(truth, 6, [Cubic(), solar])
    assert solar_error == pytest.approx(spline_error, rel=1e-3)


def test_fitting_sees_nothing_between_the_coarse_times() -> None:
    features = sun_features(HOURLY, LATITUDE, LONGITUDE).astype(np.float64)
    values = 280 + weather(2) + 5 * features[2]
    scrambled = np.where(np.arange(HOURS + 1)[:, None, None] % 6 == 0, values, -values)
    amplitudes = [
        Solar.fitted_to(series({"t": field}, "point", "K").thin(6)).responses["t"].amplitudes
        for field in (values, scrambled)
    ]
    assert amplitudes[0] is not None
    np.testing.assert_array_equal(amplitudes[0], amplitudes[1])


def test_few_frames_are_not_fitted_to() -> None:
    truth = series({"t": 280 + weather(3)}, "point", "K")
    short = truth.between("2019-03-01T00", "2019-03-02T12")
    solar = Solar.fitted_to(short.thin(6))
    assert "only 7 frames" in solar.treatment(truth.channels[0], truth.grid)


def test_a_part_of_the_grid_has_the_amplitudes_of_the_whole() -> None:
    features = sun_features(HOURLY, LATITUDE, LONGITUDE).astype(np.float64)
    warmth = 8 + 4 * np.sin(LONGITUDE)
    truth = series({"t": 280 + weather(5) + warmth * features[2]}, "point", "K")
    solar = Solar.fitted_to(truth.thin(6))
    grid = truth.grid
    part = replace(grid, latitude=grid.latitude[2:5, 1:4], longitude=grid.longitude[2:5, 1:4])
    whole, tile = solar.amplitudes("t", grid), solar.amplitudes("t", part)
    assert whole is not None
    assert tile is not None
    np.testing.assert_allclose(tile, whole[:, 2:5, 1:4], rtol=1e-5, atol=1e-6)


def test_places_outside_the_region_answer_as_the_nearest_inside() -> None:
    """Polynomials of latitude run away beyond the places that they were fitted to."""
    features = sun_features(HOURLY, LATITUDE, LONGITUDE).astype(np.float64)
    truth = series({"t": 280 + weather(5) + 0.2 * LATITUDE * features[2]}, "point", "K")
    solar = Solar.fitted_to(truth.thin(6))
    grid = truth.grid
    south = replace(grid, latitude=grid.latitude - 100)
    west = replace(grid, longitude=grid.longitude - 90)
    known, there, afar = (solar.amplitudes("t", one) for one in (grid, south, west))
    assert known is not None
    assert there is not None
    assert afar is not None
    np.testing.assert_allclose(there, np.repeat(known[:, :1], 6, axis=1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(afar, np.repeat(known[..., :1], 8, axis=2), rtol=1e-4, atol=1e-5)


def test_sunlight_of_constant_clearness_comes_back() -> None:
    light = 800 * cos_zenith(HOURLY, LATITUDE, LONGITUDE).astype(np.float64)
    truth = series({"ssrd": light}, "point", "W m-2")
    spline_error, solar_error = errors(truth, 3, [Cubic(), Solar.fitted_to(truth.thin(3))])
    assert solar_error < 0.02 * spline_error


def test_there_is_no_sunlight_at_night_and_none_before_it_is_given_up() -> None:
    """Frames at 18 and 0 UTC: the sun sets between them and what was left of it fades with it."""
    light = 800 * cos_zenith(HOURLY, LATITUDE, LONGITUDE).astype(np.float64) ** 1.2
    truth = series({"ssrd": light}, "point", "W m-2")
    thin = truth.thin(6)
    solar = Solar.fitted_to(thin)
    _, evening = list(thin.intervals(6))[3]
    theta = np.linspace(0, 1, 49)
    filled = solar.fill(evening, theta)[:, 0]
    sun = cos_zenith(HOURLY[18] + (theta * 21_600e6).astype("timedelta64[us]"), LATITUDE, LONGITUDE)
    assert (filled[1:-1][sun[1:-1] == 0] == 0).all()
    assert (filled[sun > 0.01] > 0).all()
    assert np.abs(np.diff(filled, axis=0)).max() < 1.3 * 800 * np.abs(np.diff(sun, axis=0)).max()


def test_mean_sunlight_of_constant_clearness_comes_back_and_is_conserved() -> None:
    begin = HOURLY - np.timedelta64(3600, "s")
    clear = mean_cos_zenith(begin, HOURLY, LATITUDE, LONGITUDE).astype(np.float64)
    truth = series({"ssrd": 800 * clear}, "mean", "W m-2")
    thin = truth.thin(6)
    solar = Solar.fitted_to(thin)
    edges = np.arange(7) / 6
    for i, period in list(thin.period_intervals(6))[4:12]:
        last = int(
            np.flatnonzero(truth.time.offset_us == thin.time.offset_us[i] + shift(thin, truth))[0]
        )
        hidden = truth.read_rates(truth.channels, slice(last - 5, last + 1))
        parts = solar.fill_periods(period, edges)
        np.testing.assert_allclose(parts, hidden, atol=4.0)  # of up to 700 W m-2
        np.testing.assert_allclose(parts.mean(axis=0), period.rate, rtol=1e-12)
        assert (parts[hidden == 0] == 0).all()


def shift(thin: Series, truth: Series) -> int:
    """Microseconds from the first time of one series to that of the other."""
    return int((thin.time.sun_time[0] - truth.time.sun_time[0]) / np.timedelta64(1, "us"))


def test_a_part_of_a_period_holds_the_same_light_whatever_its_neighbours() -> None:
    """Hours are the sums of their minutes, and an hour alone is the hour among all."""
    ends = HOURLY[1:]
    sun = mean_cos_zenith(ends - np.timedelta64(3600, "s"), ends, LATITUDE, LONGITUDE)
    clearness = 700 + 100 * weather(5)
    light = np.concatenate([np.zeros((1, *LATITUDE.shape)), sun]) * clearness
    truth = series({"ssrd": light}, "mean", "W m-2")
    thin = truth.thin(6)
    solar = Solar.fitted_to(thin)
    for _, interval in list(thin.period_intervals(12))[4:20]:
        hours = solar.fill_periods(interval, np.arange(7) / 6)
        tens = solar.fill_periods(interval, np.arange(37) / 36)
        odd = solar.fill_periods(interval, np.array([0.0, 0.13, 1 / 6, 0.45, 1.0]))
        alone = solar.fill_periods(interval, np.array([0.0, 2 / 6, 3 / 6, 1.0]))
        np.testing.assert_allclose(tens.reshape(6, 6, *hours.shape[1:]).mean(axis=1), hours)
        np.testing.assert_allclose(alone[1], hours[2])
        first = (odd[0] * 0.13 + odd[1] * (1 / 6 - 0.13)) * 6
        np.testing.assert_allclose(first, hours[0], atol=1e-9)
        np.testing.assert_allclose(hours.mean(axis=0), interval.rate)
        whole = solar.fill_periods(interval, np.array([0.0, 1.0]))
        np.testing.assert_array_equal(whole[0], interval.rate)


def test_a_missing_value_ends_the_context_of_a_wandering_response_at_its_cell_only() -> None:
    """Everywhere else, nothing changes."""
    features = sun_features(HOURLY, LATITUDE, LONGITUDE).astype(np.float64)
    thin = series({"t": 280 + weather(2) + 9 * features[2]}, "point", "K").thin(6)
    fitted = Solar.fitted_to(thin)
    response = replace(fitted.responses["t"], wandering=Wandering(0.1, 1e-13))
    solar = replace(fitted, responses={"t": response})
    whole = dict(thin.intervals(6, thin.instantaneous()))[40]
    holed = replace(whole, before=whole.before.copy())
    holed.before[-2, 0, 2, 3] = np.nan
    near, far = (solar.fill(one, np.array([0.5]))[0, 0] for one in (holed, whole))
    assert np.isfinite(near).all()
    assert near[2, 3] != far[2, 3]
    near[2, 3] = far[2, 3]
    np.testing.assert_allclose(near, far, atol=1e-4)


@pytest.mark.parametrize("hours", [0, -8])
@pytest.mark.parametrize("cell_methods", ["point", "mean"])
def test_light_while_the_sun_is_down_is_told(hours: int, cell_methods: str) -> None:
    """Stamps in the local time of California make an ordinary day with its light at night."""
    shift = np.timedelta64(hours, "h")
    light = cos_zenith(HOURLY - shift, LATITUDE, LONGITUDE)
    if cell_methods == "mean":
        begin = HOURLY - shift - np.timedelta64(1, "h")
        light = mean_cos_zenith(begin, HOURLY - shift, LATITUDE, LONGITUDE)
    local = series({"ssrd": 800 * light.astype(np.float64)}, cell_methods, "W m-2").thin(6)
    told = Solar.fitted_to(local).treatment(local.channels[0], local.grid)
    assert told == "solar" if hours == 0 else "falls while the sun is down" in told
