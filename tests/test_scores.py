"""Scores against numbers worked out by hand."""

import numpy as np
import pytest

from temdeep import scores

WEIGHTS = np.array([[1.5, 0.5]])
ALL = np.ones((1, 2), bool)


def score_of(error: np.ndarray, scored: np.ndarray = ALL) -> scores.ErrorSums:
    return scores.score(
        error, WEIGHTS, scored=scored, filled_anomaly=error + 1.0, truth_anomaly=np.ones((1, 2))
    )


def test_errors_are_weighted_with_area() -> None:
    sums = score_of(np.array([[2.0, -4.0]]))
    assert sums.rmse == pytest.approx(np.sqrt((1.5 * 4 + 0.5 * 16) / 2))
    assert sums.mae == pytest.approx((1.5 * 2 + 0.5 * 4) / 2)
    assert sums.bias == pytest.approx((1.5 * 2 - 0.5 * 4) / 2)
    product, filled, truth = 1.5 * 3 - 0.5 * 3, 1.5 * 9 + 0.5 * 9, 2.0
    assert sums.correlation == pytest.approx(product / np.sqrt(filled * truth))


def test_missing_cells_do_not_count_and_holes_are_not_passed_over() -> None:
    field = np.array([[2.0, np.nan]])
    assert score_of(field, np.array([[True, False]])).rmse == pytest.approx(2.0)
    assert np.isnan(score_of(field).rmse)
    assert np.isnan(score_of(field, np.zeros((1, 2), bool)).rmse)


def test_chunked_equals_whole() -> None:
    errors = np.random.default_rng(3).normal(size=(6, 1, 2))
    whole = score_of(errors, np.broadcast_to(ALL, errors.shape)).total(0)
    parts = [score_of(chunk, np.broadcast_to(ALL, chunk.shape)).total(0)
             for chunk in (errors[:1], errors[1:4], errors[4:])]  # fmt: skip
    added = parts[0] + parts[1] + parts[2]
    kept = scores.ErrorSums.zeros((2,))
    for part in parts:
        kept.accumulate(1, part)
    for name in ("rmse", "mae", "bias", "correlation"):
        assert getattr(added, name) == pytest.approx(getattr(whole, name), rel=1e-14)
        assert getattr(kept, name)[1] == pytest.approx(getattr(whole, name), rel=1e-14)


def test_restoration_of_linear_is_zero_and_of_the_truth_is_everything() -> None:
    linear = np.array([2.0, 0.0, 2.0, 2.0, 0.0])
    method = np.array([2.0, 0.0, 0.0, 3.0, 1.0])
    np.testing.assert_allclose(
        scores.restoration_rate(method, linear), [0.0, 0.0, 100.0, -50.0, np.nan]
    )
    np.testing.assert_allclose(
        scores.restoration_rate_mse(method, linear), [0.0, 0.0, 100.0, -125.0, np.nan]
    )


def test_pooling_is_one_minus_the_geometric_mean_of_the_error_ratios() -> None:
    ratios = np.array([[0.5, 0.8, np.nan], [1.0, 0.0, 1.0], [np.nan] * 3])
    np.testing.assert_allclose(
        scores.pooled_restoration_rate(ratios), [100 * (1 - np.sqrt(0.4)), 100.0, np.nan]
    )


def test_pooling_does_not_depend_on_units() -> None:
    rmse, linear = np.array([1.0, 3.0]), np.array([2.0, 4.0])
    scale = np.array([1e-5, 1e3])
    np.testing.assert_allclose(
        scores.pooled_restoration_rate(scores.error_ratio(rmse * scale, linear * scale)),
        scores.pooled_restoration_rate(scores.error_ratio(rmse, linear)),
    )


def test_directions_differ_the_short_way_round() -> None:
    np.testing.assert_allclose(
        scores.circular_difference(np.array([350.0, 10.0, 90.0]), np.array([10.0, 350.0, 91.0])),
        [-20.0, 20.0, -1.0],
    )


def test_conservation_error_is_relative_to_the_largest_whole() -> None:
    whole = np.array([[2.0, 4.0]])
    parts = np.array([[[1.0, 4.0]], [[2.5, 4.0]]])
    edges = np.array([0.0, 1 / 3, 1.0])
    assert scores.conservation_error(parts, edges, whole) == pytest.approx(0.0, abs=1e-15)
    assert scores.conservation_error(parts + 1.0, edges, whole) == pytest.approx(0.25)
    assert scores.conservation_error(parts * 0, edges, whole * 0) == 0.0


def test_end_point_error_passes_over_missing_cells() -> None:
    given = np.array([[1.0, np.nan]])
    assert scores.end_point_error(np.array([[1.5, np.nan]]), given) == pytest.approx(0.5)
    north = np.array([[360.0, np.nan]])
    assert scores.end_point_error(north * 0, north, circular=True) == 0.0


def test_rounding_is_told_from_error_by_the_size_of_values_or_the_step_of_packing() -> None:
    rmse = np.array([3e-5, 1e-3, 1e-3, np.nan, 3e-5, 3e-5])
    largest = np.array([1e-4, 4e-3, 4e-3, 0.0, 1e-4, 1e-4])
    size, change = np.array([280.0] * 4 + [8.0] * 2), np.array([1.0] * 4 + [5.0, 1.0])
    packing = np.array([0, 0, 0.01, 0.01, 0, 0])
    rounding = scores.is_rounding(rmse, largest, size, change, packing)
    assert rounding.tolist() == [True, False, True, False, True, False]
    measure = scores.beyond_rounding(np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    np.testing.assert_array_equal(measure, [np.nan, 2.0])


def test_a_line_between_float32_values_is_off_by_rounding_only() -> None:
    rng = np.random.default_rng(3)
    for size in 10.0 ** np.arange(-6, 6):
        start, step = rng.normal(0, size, (2, 1000))
        theta = np.arange(4)[:, None] / 3
        truth = (start + theta * step).astype(np.float32)
        line = truth[0] + theta.astype(np.float32) * (truth[-1] - truth[0])
        error = line.astype(np.float64) - truth
        rmse = np.sqrt((error**2).mean())
        truth_rms = np.sqrt((truth.astype(np.float64) ** 2).mean())
        assert rmse > 0
        none = np.zeros(())
        assert scores.is_rounding(rmse, np.abs(error).max(), truth_rms, none, none)
