"""What cubic methods reproduce exactly, and what they do to rates."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy.interpolate import CubicSpline

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.cubic import Cubic, CubicLocal
from temdeep.methods.hermite import hermite, lowest_rate
from temdeep.metric import GridMetric

SHAPE = (4, 5)
THETA = np.array([0.0, 0.1, 1 / 3, 0.5, 0.77, 1.0])
EDGES = np.array([0.0, 0.1, 0.25, 0.8, 1.0])
GRID = Grid(
    y_dim="lat",
    x_dim="lon",
    latitude=np.full(SHAPE, 50.0),
    longitude=np.full(SHAPE, 10.0),
    metric=GridMetric.uniform(25_000.0, SHAPE),
)
NOON = np.datetime64("2019-03-05T12:00", "us")


def over_grid(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The same number at every cell, shape (frame, channel, y, x)."""
    return np.broadcast_to(
        np.asarray(values, float)[:, None, None, None], (np.size(values), 1, *SHAPE)
    )


def interval(values: npt.ArrayLike, before: int, nature: Nature = Nature.CONTINUOUS) -> Interval:
    frames = over_grid(values).astype(np.float32)
    return Interval(
        start=frames[before],
        end=frames[before + 1],
        span_s=21_600.0,
        valid_time=NOON,
        channels=(Channel("t", "t", "K", Kind.INSTANTANEOUS, nature),),
        grid=GRID,
        before=frames[:before],
        after=frames[before + 2 :],
    )


def period(rates: npt.ArrayLike, before: int, nature: Nature = Nature.CONTINUOUS) -> PeriodInterval:
    frames = over_grid(rates).copy()
    return PeriodInterval(
        rate=frames[before],
        span_s=21_600.0,
        valid_time=NOON,
        channels=(Channel("r", "r", "W m-2", Kind.MEAN, nature),),
        grid=GRID,
        before=frames[:before],
        after=frames[before + 1 :],
    )


def test_cubic_is_scipys_natural_spline() -> None:
    values = np.random.default_rng(2).normal(size=9)
    filled = Cubic().fill(interval(values, 4), THETA)
    expected = CubicSpline(np.arange(-4, 5), values, bc_type="natural")(THETA)
    np.testing.assert_allclose(filled[:, 0, 1, 2], expected, atol=1e-6)


def test_cubic_returns_a_cubic_far_from_the_ends_of_the_series() -> None:
    lead = np.arange(-12, 14)
    filled = Cubic().fill(interval(lead**3 - 2.0 * lead, 12), THETA)
    # a natural spline is wrong at its own ends (curvature 0 against 72), by 0.268^12 of that here
    np.testing.assert_allclose(filled[:, 0, 0, 0], THETA**3 - 2 * THETA, atol=2e-5)


@pytest.mark.parametrize(("before", "after"), [(1, 1), (1, 0), (0, 1)])
def test_local_cubic_returns_a_parabola_with_three_frames_or_more(before: int, after: int) -> None:
    lead = np.arange(-before, after + 2)
    filled = CubicLocal().fill(interval(lead**2 - 3.0 * lead + 1, before), THETA)
    np.testing.assert_allclose(filled[:, 0, 0, 0], THETA**2 - 3 * THETA + 1, atol=1e-6)


def test_local_cubic_meets_the_next_interval_without_a_kink() -> None:
    values = np.array([0.0, 3.0, -1.0, 4.0, 2.0])
    near = np.array([0.001])
    left = CubicLocal().fill(interval(values[:4], 1), 1 - near)[0, 0, 0, 0]
    right = CubicLocal().fill(interval(values[1:], 1), near)[0, 0, 0, 0]
    assert (values[2] - left) / near == pytest.approx((right - values[2]) / near, abs=0.05)


def test_missing_context_shortens_the_spline_at_its_own_cell_only() -> None:
    values = np.random.default_rng(3).normal(size=8)
    full = interval(values, 3)
    frames_before = full.before.copy()
    frames_before[1, 0, 2, 2] = np.nan
    holed = replace(full, before=frames_before)
    filled = Cubic().fill(holed, THETA)
    np.testing.assert_array_equal(filled[:, 0, 0, 0], Cubic().fill(full, THETA)[:, 0, 0, 0])
    shorter = Cubic().fill(interval(values[2:], 1), THETA)
    np.testing.assert_allclose(filled[:, 0, 2, 2], shorter[:, 0, 2, 2], atol=1e-6)


def test_directions_turn_through_north() -> None:
    filled = CubicLocal().fill(interval([350.0, 10.0], 0, Nature.DIRECTION), np.array([0.25, 0.5]))
    assert filled[0, 0, 0, 0] == pytest.approx(355, abs=0.1)
    assert min(filled[1, 0, 0, 0], 360 - filled[1, 0, 0, 0]) == pytest.approx(0, abs=1e-3)


def test_a_direction_that_rounds_to_360_is_north() -> None:
    """Half-way from 359.99997 to 360.00003 - 360 degrees single precision knows only 360."""
    filled = CubicLocal().fill(interval([359.99997, 0.00003], 0, Nature.DIRECTION), THETA)
    assert ((filled >= 0) & (filled < 360)).all()


def test_periods_follow_the_spline_through_the_running_total() -> None:
    rates = np.random.default_rng(4).normal(size=7)
    parts = Cubic().fill_periods(period(rates, 3), EDGES)
    total = CubicSpline(np.arange(-3, 5), np.append(0, np.cumsum(rates)), bc_type="natural")
    expected = np.diff(total(EDGES)) / np.diff(EDGES)
    np.testing.assert_allclose(parts[:, 0, 3, 1], expected, atol=1e-12)


def test_a_rate_that_rises_steadily_is_found_from_its_means() -> None:
    """Four-point running totals are exact for a rate linear in time, with two neighbours."""
    parts = CubicLocal().fill_periods(period([0.5, 1.5, 2.5], 1), EDGES)
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    np.testing.assert_allclose(parts[:, 0, 0, 0], 1 + middles, atol=1e-14)


@pytest.mark.parametrize("method", [Cubic(), CubicLocal()], ids=lambda method: method.name)
def test_rain_between_dry_periods_is_never_negative(method: Cubic | CubicLocal) -> None:
    fine = np.linspace(0, 1, 101)
    for rates in [(0, 0.01, 9.0), (9.0, 0.01, 0), (5, 0, 5), (7, 1, 7)]:
        parts = method.fill_periods(period(rates, 1, Nature.NON_NEGATIVE), fine)
        assert (parts >= 0).all()
        np.testing.assert_allclose(parts.mean(axis=0)[0, 0, 0], rates[1], rtol=1e-12)


def test_damping_is_no_more_than_needed() -> None:
    """The damped rate just touches 0, so what it keeps of its shape is all it can."""
    fine = np.linspace(0, 1, 2001)
    parts = CubicLocal().fill_periods(period([0, 0.2, 9.0], 1, Nature.NON_NEGATIVE), fine)
    assert parts.min() == pytest.approx(0, abs=1e-6)
    assert parts.max() > 0.3


def test_lowest_rate_is_the_minimum_of_the_parabola() -> None:
    rng = np.random.default_rng(5)
    rate, first, last = rng.normal(size=(3, 400))
    theta = np.linspace(0, 1, 4001)[:, None]
    path = (
        first
        + (6 * rate - 4 * first - 2 * last) * theta
        + (3 * first + 3 * last - 6 * rate) * theta**2
    )
    np.testing.assert_allclose(lowest_rate(rate, first, last), path.min(axis=0), atol=1e-6)


def test_hermite_has_the_slopes_it_is_given() -> None:
    start, end, first, last = np.random.default_rng(6).normal(size=(4, 1, 1, 1))
    near = 1e-6
    values = hermite(start, end, first, last, np.array([0.0, near, 1 - near, 1.0]))[:, 0, 0, 0]
    assert (values[1] - values[0]) / near == pytest.approx(first[0, 0, 0], abs=1e-4)
    assert (values[3] - values[2]) / near == pytest.approx(last[0, 0, 0], abs=1e-4)
