"""Spline weights against SciPy's spline through the same frames."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from temdeep.spline import spline_slope_weights, spline_weights

THETA = np.linspace(0, 1, 23)


@pytest.mark.parametrize(
    ("n_before", "n_after"), [(0, 0), (0, 1), (1, 0), (3, 3), (12, 5), (0, 12)]
)
def test_weights_are_those_of_scipys_natural_spline(n_before: int, n_after: int) -> None:
    nodes = np.arange(-n_before, n_after + 2)
    theirs = CubicSpline(nodes, np.eye(len(nodes)), bc_type="natural")
    np.testing.assert_allclose(spline_weights(n_before, n_after, THETA), theirs(THETA), atol=1e-14)
    slopes = spline_slope_weights(n_before, n_after)
    np.testing.assert_allclose(slopes, theirs([0.0, 1.0], 1), atol=1e-14)


def test_weights_at_the_ends_are_exactly_one_and_zero() -> None:
    weights = spline_weights(3, 2, np.array([0.0, 1.0]))
    np.testing.assert_array_equal(weights, np.eye(7)[[3, 4]])


def test_twelve_frames_on_each_side_are_the_spline_through_everything() -> None:
    rng = np.random.default_rng(1)
    series = 280 + 10 * rng.normal(size=200)
    whole = CubicSpline(np.arange(200), series, bc_type="natural")
    window = spline_weights(12, 12, THETA) @ series[100 - 12 : 100 + 14]
    np.testing.assert_allclose(window, whole(100 + THETA), rtol=1e-7)


def test_lead_fractions_outside_the_interval_are_refused() -> None:
    with pytest.raises(ValueError, match=r"lead fractions must lie in \[0, 1\]"):
        spline_weights(1, 1, np.array([0.5, 1.01]))
