"""What every method promises, asked of all of them from one list."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.series import Series, series_from_dataset
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.optical_flow import OpticalFlow
from temdeep.methods.protocol import Method, rendering
from temdeep.methods.realisation import Realisation
from temdeep.methods.registry import METHOD_NAMES, build, build_all
from temdeep.metric import GridMetric

SMALL, LARGE = (4, 5), (17, 19)
NATURES = (
    Nature.CONTINUOUS,
    Nature.NON_NEGATIVE,
    Nature.SUNLIGHT,
    Nature.DIRECTION,
    Nature.FLAG,
    Nature.CONTINUOUS,
    Nature.FRACTION,
)
NAMES = ("t", "q", "light", "wdir", "soil", "ps", "rh")
PERIOD_NAMES = ("r", "pr", "sunlight", "mean_wdir", "class", "ground_heat", "cover")


def channels(kind: Kind) -> tuple[Channel, ...]:
    names = PERIOD_NAMES if kind.is_period else NAMES
    return tuple(
        Channel(name, name, "1", kind, nature, ground=name == "ps", level="2 m")
        for name, nature in zip(names, NATURES, strict=True)
    )


def grid(shape: tuple[int, int]) -> Grid:
    latitude, longitude = np.meshgrid(
        50 + 0.25 * np.arange(shape[0]), -3 + 0.25 * np.arange(shape[1]), indexing="ij"
    )
    return Grid(
        y_dim="lat",
        x_dim="lon",
        latitude=latitude,
        longitude=longitude,
        metric=GridMetric.uniform(25_000.0, shape),
    )


def small_series() -> Series:
    """Twelve days of three-hourly temperature, light and rain with a day's cycle, for fitting."""
    rng = np.random.default_rng(0)
    times = np.datetime64("2019-03-01", "ns") + np.arange(96) * np.timedelta64(3, "h")
    day = 2 * np.pi * np.arange(96) / 8
    shape = (96, *SMALL)
    wave = np.broadcast_to(np.sin(day)[:, None, None], shape)
    coords = {"time": times, "lat": 50 + 0.25 * np.arange(4), "lon": -3 + 0.25 * np.arange(5)}
    dims = ("time", "lat", "lon")
    point, mean = {"cell_methods": "time: point"}, {"cell_methods": "time: mean"}
    share = np.clip(0.5 + 0.6 * wave + rng.normal(0, 0.1, shape), 0, 1)
    bounds = np.stack([times - np.timedelta64(3, "h"), times], axis=1)
    dataset = xr.Dataset(
        {
            "t": (dims, 280 + 3 * wave + rng.normal(0, 0.3, shape), {"units": "K", **point}),
            "q": (dims, np.exp(wave + rng.normal(0, 0.3, shape)), {"units": "kg kg-1", **point}),
            "pr": (dims, np.exp(wave + rng.normal(0, 0.3, shape)), {"units": "1", **mean}),
            "r": (dims, wave + rng.normal(0, 0.3, shape), {"units": "W m-2", **mean}),
            "rh": (dims, share, {"units": "1", **point}),
            "cover": (dims, share, {"units": "1", "standard_name": "cloud_area_fraction", **mean}),
            "time_bnds": (("time", "bnds"), bounds),
        },
        coords=coords,
    )
    dataset.time.attrs["bounds"] = "time_bnds"
    dataset.lat.attrs["units"], dataset.lon.attrs["units"] = "degrees_north", "degrees_east"
    return series_from_dataset(dataset)


SERIES = small_series()
METHODS: list[Method] = [*build_all(METHOD_NAMES, SERIES).values(), OpticalFlow()]
METHODS += [Realisation(METHODS[-1], seed=1, sigma={"pr": 0.7})]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method.name))
by_seed = given(
    seed=st.integers(0, 2**32 - 1),
    n_before=st.integers(0, 12),
    n_after=st.integers(0, 12),
    large=st.booleans(),
)
quickly = settings(max_examples=15, derandomize=True)


def random_interval(seed: int, n_before: int, n_after: int, *, large: bool) -> Interval:
    """Magnitudes differ: between 250 and 310 K alone a + (b - a) is exact and proves nothing."""
    rng = np.random.default_rng(seed)
    shape = LARGE if large else SMALL
    kinds = channels(Kind.INSTANTANEOUS)
    size = (n_before + 2 + n_after, len(kinds), *shape)
    beyond = (-0.2, 1.3) if seed % 2 else ()  # as ERA5's humidity is
    frames = rng.normal(0, 10.0 ** rng.integers(-6, 5, size)).astype(np.float32)
    for i, nature in enumerate(NATURES):
        if nature in (Nature.NON_NEGATIVE, Nature.SUNLIGHT):
            frames[:, i] = np.abs(frames[:, i])
        elif nature is Nature.DIRECTION:
            frames[:, i] = rng.uniform(0, 360, frames[:, i].shape)
        elif nature is Nature.FRACTION:
            frames[:, i] = rng.choice([0.0, 0.01, 0.4, 0.97, 1.0, *beyond], frames[:, i].shape)
        elif nature is Nature.FLAG:
            frames[:, i] = rng.integers(0, 5, frames[:, i].shape)
    return Interval(
        start=frames[n_before],
        end=frames[n_before + 1],
        span_s=float(rng.choice([600.0, 3600.0, 10_800.0, 43_200.0])),
        valid_time=np.datetime64("2019-03-05T00:00", "us") + np.timedelta64(seed % 86_400, "s"),
        channels=kinds,
        grid=grid(shape),
        before=frames[:n_before],
        after=frames[n_before + 2 :],
    )


def random_period(seed: int, n_before: int, n_after: int, *, large: bool) -> PeriodInterval:
    instants = random_interval(seed, n_before, n_after, large=large)
    frames = instants.frames[1:].astype(np.float64)
    return PeriodInterval(
        rate=frames[n_before],
        span_s=instants.span_s,
        valid_time=instants.valid_time,
        channels=channels(Kind.MEAN),
        grid=instants.grid,
        before=frames[:n_before],
        after=frames[n_before + 1 :],
    )


def some_theta(seed: int) -> npt.NDArray[np.float64]:
    return np.sort(np.random.default_rng(seed).uniform(0, 1, 4))


def some_edges(seed: int) -> npt.NDArray[np.float64]:
    return np.concatenate([[0.0], some_theta(seed), [1.0]])


@every_method
@by_seed
@quickly
def test_ends_are_returned_exactly(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    interval = random_interval(seed, n_before, n_after, large=large)
    filled = method.fill(interval, np.array([0.0, 0.3, 1.0]))
    assert filled.dtype == np.float32
    np.testing.assert_array_equal(filled[[0, 2]], np.stack([interval.start, interval.end]))


@every_method
@by_seed
@quickly
def test_lead_fractions_do_not_see_each_other(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    interval = random_interval(seed, n_before, n_after, large=large)
    theta = some_theta(seed)
    together = method.fill(interval, theta)
    render = rendering(method, interval)
    alone = np.concatenate([render(theta[i : i + 1]) for i in range(len(theta))])
    # sums in another order: rounding of the largest term, not of the sum
    scale = np.nanmax(np.abs(interval.frames), axis=0)
    assert (np.abs(together - alone) <= 2e-6 * scale + 1e-30).all()


@every_method
@by_seed
@quickly
def test_inputs_are_not_changed(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    interval = random_interval(seed, n_before, n_after, large=large)
    period = random_period(seed, n_before, n_after, large=large)
    given_arrays: list[npt.NDArray[np.floating]] = [interval.start, interval.end]
    given_arrays += [interval.before, interval.after]
    given_arrays += [period.rate, period.before, period.after]
    for array in given_arrays:
        array.flags.writeable = False
    copies = [array.copy() for array in given_arrays]
    method.fill(interval, some_theta(seed))
    method.fill_periods(period, some_edges(seed))
    for array, copy in zip(given_arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@every_method
@by_seed
@quickly
def test_missing_values_stay_where_an_end_has_them(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    whole = random_interval(seed, n_before, n_after, large=large)
    rng = np.random.default_rng(seed)
    frames = np.where(rng.uniform(size=whole.frames.shape) < 0.1, np.float32(np.nan), whole.frames)
    interval = replace(
        whole,
        before=frames[:n_before],
        start=frames[n_before],
        end=frames[n_before + 1],
        after=frames[n_before + 2 :],
    )
    filled = method.fill(interval, some_theta(seed))
    missing = np.isnan(interval.start) | np.isnan(interval.end)
    assert not (np.isnan(filled) & ~missing).any()


@every_method
@by_seed
@quickly
def test_what_cannot_be_negative_is_not(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    interval = random_interval(seed, n_before, n_after, large=large)
    period = random_period(seed, n_before, n_after, large=large)
    filled = method.fill(interval, some_theta(seed))
    parts = method.fill_periods(period, some_edges(seed))
    assert (filled[:, [1, 2]] >= 0).all()
    assert (parts[:, [1, 2]] >= 0).all()


@every_method
@by_seed
@quickly
def test_fractions_stay_between_nothing_and_all_unless_given_otherwise(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    interval = random_interval(seed, n_before, n_after, large=large)
    period = random_period(seed, n_before, n_after, large=large)
    filled = method.fill(interval, some_theta(seed))[:, 6]
    parts = method.fill_periods(period, some_edges(seed))[:, 6]
    start, end, mean = interval.start[6], interval.end[6], period.rate[6]
    assert (filled <= np.maximum(np.maximum(start, end), 1)).all()
    assert (filled >= np.minimum(np.minimum(start, end), 0)).all()
    assert (parts <= np.maximum(mean, 1)).all()
    assert (parts >= np.minimum(mean, 0)).all()


@pytest.mark.parametrize("value", [-0.25, 1.25])
def test_what_is_given_beyond_the_whole_on_both_sides_is_not_forced_back(value: float) -> None:
    ends = np.full_like(random_interval(0, 0, 0, large=False).start, value)
    interval = replace(random_interval(0, 0, 0, large=False), start=ends, end=ends)
    filled = build("linear", SERIES).fill(interval, np.array([0.5]))
    assert (filled[:, 6] == value).all()


@every_method
@by_seed
@quickly
def test_directions_stay_on_the_circle_and_flags_among_the_given(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    interval = random_interval(seed, n_before, n_after, large=large)
    filled = method.fill(interval, some_theta(seed))
    assert ((filled[:, 3] >= 0) & (filled[:, 3] < 360)).all()
    assert ((filled[:, 4] == interval.start[4]) | (filled[:, 4] == interval.end[4])).all()


@every_method
@by_seed
@quickly
def test_directions_counted_from_minus_180_come_out_so(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    interval = random_interval(seed, n_before, n_after, large=large)

    def other(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        counted = frames.copy()
        counted[..., 3, :, :] = (frames[..., 3, :, :] + 180) % 360 - 180
        return counted

    westward = replace(
        interval,
        start=other(interval.start),
        end=other(interval.end),
        before=other(interval.before),
        after=other(interval.after),
    )
    theta = some_theta(seed)
    filled, usual = method.fill(westward, theta)[:, 3], method.fill(interval, theta)[:, 3]
    negative = (westward.start[3] < 0) | (westward.end[3] < 0)
    assert ((filled >= -180) & (filled <= 180))[:, negative].all()
    apart = (filled.astype(np.float64) - usual + 180) % 360 - 180
    assert np.median(np.abs(apart)) < 1e-3


@every_method
@by_seed
@quickly
def test_totals_of_periods_are_conserved(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    period = random_period(seed, n_before, n_after, large=large)
    edges = some_edges(seed)
    parts = method.fill_periods(period, edges)
    total = (parts * np.diff(edges)[:, None, None, None]).sum(axis=0)
    assert parts.dtype == np.float64
    assert (np.abs(total - period.rate) <= 1e-14 * np.abs(parts).max(axis=0)).all()
    np.testing.assert_allclose(total[[1, 2, 6]], period.rate[[1, 2, 6]], rtol=1e-12)


@every_method
@by_seed
@quickly
def test_missing_periods_stay_where_they_are(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    whole = random_period(seed, n_before, n_after, large=large)
    rng = np.random.default_rng(seed)

    def holed(rates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.where(rng.uniform(size=rates.shape) < 0.1, np.nan, rates)

    period = replace(
        whole, rate=holed(whole.rate), before=holed(whole.before), after=holed(whole.after)
    )
    parts = method.fill_periods(period, some_edges(seed))
    np.testing.assert_array_equal(np.isnan(parts), np.isnan(period.rate)[None].repeat(5, axis=0))


@every_method
@by_seed
@quickly
def test_a_mirrored_atmosphere_is_filled_in_mirrored(
    method: Method, seed: int, n_before: int, n_after: int, large: bool
) -> None:
    """Sunlight and sun responses see the mirrored coordinates, motion the mirrored metric."""
    interval = random_interval(seed, n_before, n_after, large=large)
    theta = some_theta(seed)
    there = replace(
        interval,
        start=interval.start[..., ::-1],
        end=interval.end[..., ::-1],
        before=interval.before[..., ::-1],
        after=interval.after[..., ::-1],
        grid=replace(
            interval.grid,
            latitude=interval.grid.latitude[:, ::-1],
            longitude=interval.grid.longitude[:, ::-1],
            metric=replace(interval.grid.metric, dx_m=-interval.grid.metric.dx_m),
        ),
    )
    still = [0, 1, 2, 3, 4, 5, 6]
    if method.name == "optical_flow" and interval.grid.shape == LARGE:
        still = [2, 3, 4, 5]  # the flow's pyramid of images starts at one corner
    mirrored = method.fill(there, theta)[..., ::-1]
    scale = np.abs(interval.frames).max(axis=0)[still]
    difference = np.abs(mirrored - method.fill(interval, theta))[:, still]
    assert (np.minimum(difference, np.abs(360 - difference)) <= 1e-5 * scale + 1e-30).all()


@every_method
def test_the_path_has_no_jumps(method: Method) -> None:
    """Over ten minutes of six hours nothing moves by more than a twelfth of the largest change."""
    interval = random_interval(7, 3, 3, large=True)
    smooth = [0, 1, 5]
    theta = np.linspace(0, 1, 37)
    frames = np.random.default_rng(1).uniform(100, 200, interval.frames.shape).astype(np.float32)
    interval = replace(
        interval, before=frames[:3], start=frames[3], end=frames[4], after=frames[5:], span_s=21_600
    )
    steps = np.abs(np.diff(method.fill(interval, theta)[:, smooth], axis=0)).max(axis=0)
    if method.name != "nearest":
        assert (steps <= 200 / 12).all()


@every_method
def test_every_method_says_what_it_does_to_a_channel(method: Method) -> None:
    for kind in (Kind.INSTANTANEOUS, Kind.SUM):
        for channel in channels(kind):
            words = method.treatment(channel, grid(SMALL))
            assert words.split(":")[0] in METHOD_NAMES
            assert words == method.name or ": " in words


@every_method
@pytest.mark.parametrize("theta", [-0.01, 1.01, np.nan])
def test_nothing_is_extrapolated(method: Method, theta: float) -> None:
    with pytest.raises(ValueError, match="lead fractions must lie in"):
        method.fill(random_interval(0, 2, 2, large=False), np.array([theta]))


@every_method
@pytest.mark.parametrize("edges", [[0.0], [0.1, 1.0], [0.0, 0.9], [0.0, 0.5, 0.5, 1.0]])
def test_parts_must_divide_the_whole_period(method: Method, edges: list[float]) -> None:
    with pytest.raises(ValueError, match="must ascend from 0 to 1"):
        method.fill_periods(random_period(0, 2, 2, large=False), np.array(edges))


def test_an_unknown_method_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(RequestError, match="no method 'kubic': choose one of nearest, linear"):
        build("kubic", SERIES)


def test_the_sun_part_of_the_fixture_is_found() -> None:
    """Otherwise the tests above would ask the solar method about splines only."""
    solar = build("solar", SERIES)
    for name in ("t", "q", "r", "pr", "rh", "cover"):
        assert solar.treatment(SERIES.channel(name), SERIES.grid) == "solar"
