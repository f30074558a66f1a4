"""The natural cubic spline through equally spaced frames, as weights of the frames.

Knows: NumPy. Must not know: what the frames are.
"""

from functools import lru_cache

import numpy as np

from temdeep.metric import Float64Array


def spline_weights(n_before: int, n_after: int, theta: Float64Array) -> Float64Array:
    """Weights with which a natural cubic spline takes each frame at lead fractions.

        x(θ) = (1-θ) x₀ + θ x₁ + ((1-θ)³ - (1-θ))/6 m₀ + (θ³ - θ)/6 m₁

    with the spline's curvatures m₀, m₁ at both ends, themselves weighted sums of the frames. The
    spline is linear in its frames, and the same for every interval with as many of them.

    Args:
        n_before: Frames before t0.
        n_after: Frames after t1.
        theta: Lead fractions in [0, 1], shape (time,).

    Returns:
        Shape (time, n_before + 2 + n_after), frames in time order, rows adding up to 1; exactly 1
        for the end itself at θ = 0 and 1.

    Raises:
        ValueError: A lead fraction lies outside [0, 1].
    """
    check_lead_fractions(theta)
    left = 1 - theta
    bends = np.stack([left**3 - left, theta**3 - theta], axis=1) / 6
    weights: Float64Array = bends @ curvature_weights(n_before, n_after)
    weights[:, n_before] += left
    weights[:, n_before + 1] += theta
    return weights


def spline_slope_weights(n_before: int, n_after: int) -> Float64Array:
    """Weights of the frames in the spline's slopes dx/dθ at both ends.

        s₀ = x₁ - x₀ - (2 m₀ + m₁)/6,   s₁ = x₁ - x₀ + (m₀ + 2 m₁)/6

    Args:
        n_before: Frames before t0.
        n_after: Frames after t1.

    Returns:
        Shape (2, n_before + 2 + n_after): first s₀, then s₁; rows add up to 0.
    """
    bends = np.array([[-2.0, -1.0], [1.0, 2.0]]) / 6
    weights: Float64Array = bends @ curvature_weights(n_before, n_after)
    weights[:, n_before] -= 1
    weights[:, n_before + 1] += 1
    return weights


def check_lead_fractions(theta: Float64Array) -> None:
    """Refuse to extrapolate.

    Raises:
        ValueError: A lead fraction lies outside [0, 1].
    """
    if not ((theta >= 0) & (theta <= 1)).all():
        raise ValueError(f"lead fractions must lie in [0, 1], got {theta}")


@lru_cache(maxsize=512)
def curvature_weights(n_before: int, n_after: int) -> Float64Array:
    """Weights of the frames in m₀ and m₁, shape (2, frame); not to be changed.

    Inside, mᵢ₋₁ + 4 mᵢ + mᵢ₊₁ = 6 (xᵢ₋₁ - 2 xᵢ + xᵢ₊₁); at the first and last frame m = 0.
    """
    count = n_before + 2 + n_after
    curvature = np.zeros((count, count))
    inner = np.arange(1, count - 1)
    if len(inner):
        stencil = np.zeros((len(inner), count))
        stencil[inner - 1, inner - 1] = 6
        stencil[inner - 1, inner] = -12
        stencil[inner - 1, inner + 1] = 6
        system = 4 * np.eye(len(inner)) + np.eye(len(inner), k=1) + np.eye(len(inner), k=-1)
        curvature[inner] = np.linalg.solve(system, stencil)
    weights = curvature[n_before : n_before + 2]
    weights.flags.writeable = False
    return weights
