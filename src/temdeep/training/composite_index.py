"""When the atmosphere changes rapidly: the composite index CI of each interval.

Our own definition; TemDeep's formula is not available to us.

Knows: NumPy. Must not know: torch, files.
"""

import numpy as np

from temdeep.methods.daily import Fields
from temdeep.metric import Float64Array, FloatArray


def composite_index(
    frames: Fields, area: FloatArray, vectors: list[tuple[int, int]], count: int | None = None
) -> Float64Array:
    """Composite index of each interval of a run of frames.

        tendency  A(t0) = area-weighted RMS of (x(t1) - x(t0)) / τ
        departure D(t0) = area-weighted RMS of |x(t0) - 2 x(t1) + x(t2)|
        CI(t0) = mean over variables of (z(A) + z(D)) / 2

    with z the departure from the mean over time in standard deviations; a wind's two components
    count as one variable, the length of the vector. τ is the same throughout and drops out of z.
    The last interval, which has no t2, takes D of the one before.

    Args:
        frames: Shape (time, channel, y, x), any units; NaN is passed over. Read time by time.
        area: Relative cell areas, shape (y, x).
        vectors: Indices of the channels that are components of a vector.
        count: Of the times, the first so many; None: all.

    Returns:
        Shape (time - 1,).
    """
    tendency, departure = _sizes(frames, area, frames.shape[0] if count is None else count)
    departure = np.concatenate([departure, departure[-1:]]) if len(departure) else tendency
    second = [b for _, b in vectors]
    kept = [c for c in range(frames.shape[1]) if c not in second]
    scores = []
    for of_each in (tendency, departure):
        square = of_each**2
        for a, b in vectors:
            square[:, a] = square[:, a] + square[:, b]
        size = np.sqrt(square[:, kept])
        scatter = size.std(axis=0)
        scores.append((size - size.mean(axis=0)) / np.where(scatter > 0, scatter, 1))
    index: Float64Array = np.mean(scores, axis=(0, 2))
    return index


def _sizes(frames: Fields, area: FloatArray, count: int) -> tuple[Float64Array, Float64Array]:
    """A τ and D of each channel, shape (time - 1, channel) and (time - 2, channel)."""
    tendency, departure = [], []
    here, before = np.asarray(frames[0]), None
    for i in range(1, count):
        after = np.asarray(frames[i])
        change = after - here
        tendency.append(_root_mean_square(change, area))
        if before is not None:
            departure.append(_root_mean_square(change - before, area))
        here, before = after, change
    return np.array(tendency), np.array(departure)


def _root_mean_square(fields: FloatArray, area: FloatArray) -> Float64Array:
    """Area-weighted over (y, x), shape (channel,)."""
    known = np.isfinite(fields)
    weight = np.where(known, area, 0)
    square = np.where(known, fields, 0).astype(np.float64) ** 2
    root: Float64Array = np.sqrt(
        (square * weight).sum(axis=(-1, -2)) / np.maximum(weight.sum(axis=(-1, -2)), 1e-12)
    )
    return root
