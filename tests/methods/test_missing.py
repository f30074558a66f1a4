"""Where an end is missing the filled-in value is missing, and nowhere else; nothing bleeds."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter
from tests.fields.test_periods import split_extreme
from tests.methods.test_contract import (
    METHODS,
    NATURES,
    every_method,
    random_interval,
    random_period,
    some_edges,
    some_theta,
)

from temdeep.fields.intervals import Interval
from temdeep.fields.variables import Kind, Nature
from temdeep.methods.protocol import Method

POINTWISE = [one for one in METHODS if one.name != "optical_flow"]
"""Those that look at one place at a time."""

by_pattern = given(
    seed=st.integers(0, 2**32 - 1),
    context=st.integers(0, 4),
    large=st.booleans(),
    share=st.floats(0.02, 0.6),
    always=st.floats(0, 0.4),
)
quickly = settings(max_examples=10)


def patches(
    rng: np.random.Generator, shape: tuple[int, ...], share: float
) -> npt.NDArray[np.bool_]:
    """Connected cells, as beyond a radar's range, about a share of all."""
    noise = uniform_filter(rng.normal(size=shape), (*(1,) * (len(shape) - 2), 3, 3))
    low: npt.NDArray[np.bool_] = noise < np.quantile(noise, share) if noise.size else noise > 0
    return low


def with_holes(
    interval: Interval, rng: np.random.Generator, share: float, always: float
) -> Interval:
    """Cells that are missing throughout, and others in some frames only."""
    frames = interval.frames
    missing = patches(rng, frames.shape, share) | patches(rng, frames.shape[1:], always)
    return framed(interval, np.where(missing, np.float32(np.nan), frames))


def framed(interval: Interval, frames: npt.NDArray[np.float32]) -> Interval:
    """The same interval with other frames."""
    n = len(interval.before)
    return replace(
        interval, before=frames[:n], start=frames[n], end=frames[n + 1], after=frames[n + 2 :]
    )


@every_method
@by_pattern
@quickly
def test_a_value_is_missing_where_an_end_is_missing_and_nowhere_else(
    method: Method, seed: int, context: int, large: bool, share: float, always: float
) -> None:
    """x(θ) is missing where x₀ or x₁ is, for 0 < θ < 1; what takes the nearer end asks that one."""
    rng = np.random.default_rng(seed)
    whole = random_interval(seed, context, context, large=large)
    interval = with_holes(whole, rng, share, always)
    theta = np.concatenate([[0.0], some_theta(seed), [1.0]])
    missing = np.isnan(method.fill(interval, theta))
    start, end = np.isnan(interval.start), np.isnan(interval.end)
    np.testing.assert_array_equal(missing[0], start)
    np.testing.assert_array_equal(missing[-1], end)
    for i, nature in enumerate(NATURES):
        nearest = method.name == "nearest" or nature is Nature.FLAG
        for at, t in zip(missing[1:-1, i], theta[1:-1], strict=True):
            nearer = start[i] if t <= 0.5 else end[i]
            np.testing.assert_array_equal(at, nearer if nearest else start[i] | end[i])


@every_method
@by_pattern
@quickly
def test_nothing_bleeds_out_of_a_hole(
    method: Method, seed: int, context: int, large: bool, share: float, always: float
) -> None:
    """Fields of one value each: whatever stood in for a hole would show beside it."""
    del context  # holes in the context change a curve in time, and are below
    rng = np.random.default_rng(seed)
    whole = random_interval(seed, 0, 0, large=large)
    level = rng.uniform(200, 300, (2, len(NATURES), 1, 1)).astype(np.float32)
    flat = framed(whole, np.broadcast_to(level, whole.frames.shape).copy())
    theta = some_theta(seed)
    found = method.fill(with_holes(flat, rng, share, always), theta)
    seen = np.isfinite(found)
    np.testing.assert_allclose(found[seen], method.fill(flat, theta)[seen], rtol=1e-5)


@pytest.mark.parametrize("method", POINTWISE, ids=lambda method: str(method.name))
@by_pattern
@quickly
def test_a_place_without_holes_does_not_see_those_of_others(
    method: Method, seed: int, context: int, large: bool, share: float, always: float
) -> None:
    rng = np.random.default_rng(seed)
    whole = random_interval(seed, context, context, large=large)
    interval = with_holes(whole, rng, share, always)
    intact = np.isfinite(interval.frames).all(axis=0)
    theta = some_theta(seed)
    np.testing.assert_array_equal(
        method.fill(interval, theta)[:, intact], method.fill(whole, theta)[:, intact]
    )


@pytest.mark.parametrize("kind", [Kind.MAXIMUM, Kind.MINIMUM])
@given(seed=st.integers(0, 999), share=st.floats(0, 0.7))
@quickly
def test_parts_of_an_extreme_are_missing_where_their_period_is(
    kind: Kind, seed: int, share: float
) -> None:
    """A neighbour that is missing is not asked, and is nothing that could be attained."""
    rng = np.random.default_rng(seed)
    three = rng.normal(280, 5, (3, 6, 7)).astype(np.float32)
    three[rng.random(three.shape) < share] = np.nan
    parts = split_extreme(three[1], three[0], three[2], some_edges(seed), kind)
    np.testing.assert_array_equal(np.isnan(parts), np.isnan(three[1])[None].repeat(5, axis=0))
    reached = np.nanmax if kind is Kind.MAXIMUM else np.nanmin
    known = ~np.isnan(three[1])
    np.testing.assert_array_equal(reached(parts[:, known], axis=0), three[1][known])


@every_method
@given(seed=st.integers(0, 2**32 - 1), context=st.integers(0, 4), share=st.floats(0.02, 0.6))
@quickly
def test_parts_are_missing_where_their_period_is_and_nowhere_else(
    method: Method, seed: int, context: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    whole = random_period(seed, context, context, large=False)
    frames = [whole.before, whole.rate[None], whole.after]
    before, rate, after = (np.where(patches(rng, one.shape, share), np.nan, one) for one in frames)
    period = replace(whole, before=before, rate=rate[0], after=after)
    parts = method.fill_periods(period, some_edges(seed))
    np.testing.assert_array_equal(np.isnan(parts), np.isnan(rate).repeat(len(parts), axis=0))
