"""Joined periods keep their totals; no part of an extreme exceeds it and one attains it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from temdeep.fields.periods import extremes_in_turn, join
from temdeep.fields.variables import Kind
from temdeep.metric import Float64Array, FloatArray

SEEDS = st.integers(0, 2**32 - 1)
EXTREMES = (Kind.MAXIMUM, Kind.MINIMUM)


def split_extreme(
    extreme: FloatArray,
    before: FloatArray | None,
    after: FloatArray | None,
    edges: Float64Array,
    kind: Kind,
) -> FloatArray:
    """All parts at once."""
    ((_, parts),) = extremes_in_turn(extreme, before, after, edges, kind, len(edges) - 1)
    return parts


@given(SEEDS)
def test_joining_keeps_totals_means_and_extremes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.gamma(1.0, 10.0 ** rng.integers(-8, 4), (5, 3, 4))
    lengths = rng.integers(1, 10, 5)
    np.testing.assert_allclose(join(values, lengths, Kind.SUM), values.sum(axis=0))
    mean = join(values, lengths, Kind.MEAN)
    np.testing.assert_allclose(mean * lengths.sum(), np.tensordot(lengths, values, 1))
    np.testing.assert_array_equal(join(values, lengths, Kind.MAXIMUM), values.max(axis=0))
    np.testing.assert_array_equal(join(values, lengths, Kind.MINIMUM), values.min(axis=0))


def test_a_missing_part_makes_the_whole_missing() -> None:
    values = np.ones((3, 2))
    values[1, 0] = np.nan
    for kind in (Kind.SUM, Kind.MEAN, *EXTREMES):
        np.testing.assert_array_equal(np.isnan(join(values, np.ones(3), kind)), [True, False])


def test_instants_are_not_joined() -> None:
    with pytest.raises(ValueError, match="cannot be joined"):
        join(np.ones((2, 1)), np.ones(2), Kind.INSTANTANEOUS)
    with pytest.raises(ValueError, match="no extreme"):
        split_extreme(np.ones(1), None, None, np.linspace(0, 1, 3), Kind.MEAN)


@pytest.mark.parametrize("kind", EXTREMES)
@given(seed=SEEDS)
def test_no_part_exceeds_the_extreme_and_one_attains_it(kind: Kind, seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, extreme, after = rng.normal(280, 8, (3, 4, 5)).astype(np.float32)
    edges = np.sort(np.concatenate([[0, 1], rng.uniform(0, 1, rng.integers(0, 6))]))
    parts = split_extreme(extreme, before, after, edges, kind)
    assert parts.dtype == np.float32
    assert parts.shape == (len(edges) - 1, 4, 5)
    sign = 1 if kind is Kind.MAXIMUM else -1
    assert (sign * parts <= sign * extreme).all()
    assert ((parts == extreme).sum(axis=0) >= 1).all()


def test_the_part_towards_the_warmer_neighbour_is_the_warm_one() -> None:
    cold, warm = np.full((1, 1), 270.0), np.full((1, 1), 290.0)
    mild = np.full((1, 1), 280.0)
    parts = split_extreme(mild, cold, warm, np.linspace(0, 1, 4), Kind.MAXIMUM)
    np.testing.assert_allclose(parts[:, 0, 0], [280 - 10 / 3, 280, 280])
    alone = split_extreme(mild, None, None, np.linspace(0, 1, 4), Kind.MAXIMUM)
    np.testing.assert_array_equal(alone, 280.0)


def test_missing_extremes_stay_missing_and_missing_neighbours_do_no_harm() -> None:
    extreme, before = np.array([[280.0, np.nan]]), np.array([[np.nan, 270.0]])
    parts = split_extreme(extreme, before, None, np.linspace(0, 1, 3), Kind.MINIMUM)
    np.testing.assert_array_equal(parts[:, 0, 0], 280.0)
    assert np.isnan(parts[:, 0, 1]).all()
