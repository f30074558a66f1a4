"""Output periods are put together from parts of input periods."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from temdeep.engine.aggregation import Aggregator
from temdeep.metric import FloatArray

HOUR_US = 3_600_000_000


@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 9), first=st.integers(-3, 8))
@settings(max_examples=100)
def test_any_cut_conserves_the_integral_of_a_rate(seed: int, length: int, first: int) -> None:
    """Input periods of 4 hours with one rate each; output periods of any length and place."""
    rates = np.random.default_rng(seed).gamma(0.5, 1e-4, 6)
    edges = np.arange(7) * 4
    begins = np.arange(first, 24 - length + 1, length)
    periods = np.stack([begins, begins + length], axis=1)
    parts = Aggregator(periods * HOUR_US, np.add)
    made: dict[int, FloatArray | None] = {}
    for rate, begin, end in zip(rates, edges[:-1], edges[1:], strict=True):
        cuts = parts.cuts(int(begin) * HOUR_US, int(end) * HOUR_US)
        seconds = np.diff(cuts) / 1e6
        parts.add(cuts, rate * seconds[:, None])
        made.update(parts.finished(int(end) * HOUR_US))
    made.update(parts.finished())
    assert list(made) == list(range(len(periods)))
    hourly = np.repeat(rates, 4) * 3600
    for position, (begin, end) in enumerate(periods):
        total = made[position]
        if begin < 0:
            assert total is None
        else:
            assert total is not None
            np.testing.assert_allclose(total, [hourly[begin:end].sum()], rtol=1e-13)


def test_an_extreme_over_two_periods_is_that_of_its_parts() -> None:
    parts = Aggregator(np.array([[0, 2], [2, 6], [6, 8]]), np.maximum)
    parts.add(parts.cuts(0, 4), np.array([[1.0], [5.0]]))
    parts.add(parts.cuts(4, 8), np.array([[7.0], [3.0]]))
    assert [float(one[0]) for _, one in parts.finished() if one is not None] == [1.0, 7.0, 3.0]


def test_a_hole_leaves_the_period_missing() -> None:
    parts = Aggregator(np.array([[0, 4], [4, 8]]), np.add)
    parts.add(parts.cuts(0, 3), np.array([[1.0]]))
    parts.add(parts.cuts(4, 8), np.array([[2.0]]))
    first, second = (total for _, total in parts.finished())
    assert first is None
    assert second is not None
