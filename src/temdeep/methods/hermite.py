"""The cubic with given values and slopes at both ends of an interval.

Knows: arrays. Must not know: intervals, files.
"""

from typing import TypeVar

import numpy as np

from temdeep.metric import Float32Array, Float64Array
from temdeep.spline import check_lead_fractions

Fields = TypeVar("Fields", Float32Array, Float64Array)


def hermite(
    start: Fields, end: Fields, slope_start: Fields, slope_end: Fields, theta: Float64Array
) -> Fields:
    """Evaluate the cubic Hermite polynomial.

        x(θ) = (1-θ) x₀ + θ x₁ + θ(1-θ)² (s₀ - Δ) - θ²(1-θ) (s₁ - Δ),   Δ = x₁ - x₀

    Args:
        start: x₀, shape (channel, y, x), any unit U.
        end: x₁, likewise.
        slope_start: s₀ = dx/dθ, that is span times tendency, likewise in U.
        slope_end: s₁, likewise.
        theta: Lead fractions, shape (time,).

    Returns:
        Shape (time, channel, y, x), in U; exactly x₀ and x₁ at the ends where all inputs are
        finite. NaN in any input gives NaN.

    Raises:
        ValueError: A lead fraction lies outside [0, 1].
    """
    check_lead_fractions(theta)
    t = theta[:, None, None, None].astype(start.dtype)
    rise = end - start
    bend = t * (1 - t) ** 2 * (slope_start - rise) - t**2 * (1 - t) * (slope_end - rise)
    values: Fields = (1 - t) * start + t * end + bend
    return values


def lowest_rate(rate: Float64Array, first: Float64Array, last: Float64Array) -> Float64Array:
    """Lowest value in [0, 1] of the parabola that is the slope of a running total.

        r(θ) = r₀ + (6R - 4r₀ - 2r₁) θ + (3r₀ + 3r₁ - 6R) θ²

    has the ends r₀ and r₁ and the mean R.

    Args:
        rate: R, any shape.
        first: r₀, likewise.
        last: r₁, likewise.

    Returns:
        The same shape.
    """
    slope = 6 * rate - 4 * first - 2 * last
    bend = 3 * (first + last) - 6 * rate
    lowest = np.minimum(first, last)
    cup = (bend > 0) & (slope < 0) & (-slope < 2 * bend)  # its lowest point lies inside
    bottom = first - slope**2 / np.where(cup, 4 * bend, 1)
    return np.where(cup, bottom, lowest)
