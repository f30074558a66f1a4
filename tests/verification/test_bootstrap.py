"""Intervals of restoration rates."""

import numpy as np

from temdeep.scores import error_ratio, pooled_restoration_rate, restoration_rate
from temdeep.verification.bootstrap import DAY_US, bootstrap, cut_blocks

HOUR_US = DAY_US // 24


def squares(days: int, factor: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    linear = rng.gamma(2.0, size=(days, 3, 2)) * [1.0, 1e-6]
    return linear * factor * rng.uniform(0.6, 1.4, linear.shape), linear


def test_interval_holds_the_estimate_and_comes_again_with_its_seed() -> None:
    method, linear = squares(8)
    first, again = (bootstrap(method, linear, seed=1, draws=400) for _ in range(2))
    other = bootstrap(method, linear, seed=2, draws=400)
    rmse, rmse_linear = np.sqrt(method.sum(axis=0)), np.sqrt(linear.sum(axis=0))
    estimate = restoration_rate(rmse, rmse_linear)
    pooled = pooled_restoration_rate(error_ratio(rmse, rmse_linear))
    assert ((first.low < estimate) & (estimate < first.high)).all()
    assert ((first.pooled_low < pooled) & (pooled < first.pooled_high)).all()
    np.testing.assert_array_equal(first.low, again.low)
    assert (first.low != other.low).any()


def test_days_are_drawn_for_method_and_linear_together() -> None:
    _, linear = squares(8)
    rates = bootstrap(linear / 4, linear, seed=1)
    np.testing.assert_allclose(rates.low, 50.0)
    np.testing.assert_allclose(rates.pooled_high, 50.0)


def test_fewer_than_five_blocks_give_no_interval() -> None:
    rates = bootstrap(*squares(4), seed=1)
    assert np.isnan(rates.low).all()
    assert np.isnan(rates.pooled_high).all()
    assert rates.pooled_low.shape == (3,)


def test_draws_follow_the_spread_of_the_days() -> None:
    """With two kinds of day in equal number, 1 or 0 of linear's MSE, the share is binomial."""
    linear = np.ones((400, 1))
    method = np.tile([[1.0], [0.0]], (200, 1))
    rates = bootstrap(method, linear, seed=1, draws=4000)
    shares = 0.5 + np.array([1.96, -1.96]) * np.sqrt(0.25 / 400)
    np.testing.assert_allclose([rates.low[0], rates.high[0]], 100 * (1 - np.sqrt(shares)), atol=0.4)


def test_blocks_are_days_where_there_are_five() -> None:
    blocks = cut_blocks(np.arange(4 * 7) * 6 * HOUR_US + 18 * HOUR_US)
    assert blocks.unit == "day"
    assert np.bincount(blocks.of_interval).tolist() == [1, 4, 4, 4, 4, 4, 4, 3]


def test_a_short_series_is_cut_into_runs_of_six_intervals() -> None:
    blocks = cut_blocks(np.arange(33) * HOUR_US)
    assert np.bincount(blocks.of_interval).tolist() == [7, 7, 6, 7, 6]
    assert (np.diff(blocks.of_interval) >= 0).all()
    assert "6 intervals" in blocks.unit


def test_a_very_short_series_has_no_blocks() -> None:
    blocks = cut_blocks(np.arange(29) * HOUR_US)
    assert blocks.count == 1
    assert blocks.unit == ""
