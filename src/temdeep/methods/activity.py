"""How lively the weather of an interval is: what is known at use of how wrong filling in may be.

For each channel and place, as logarithms of a root mean square over the neighbouring cells:

    bends      x(n-1) - 2 x(n) + x(n+1) of the frames of the context
    end bends  the same at both ends of the interval alone
    change     x(1) - x(0)
    slope      differences between neighbouring cells, in the middle of the interval

Knows: intervals as arrays. Must not know: series, files, any one method.
"""

import numpy as np

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval
from temdeep.methods.context import trim_context
from temdeep.metric import Float64Array

FEATURES = ("bends", "end_bends", "change", "slope")

CONTEXT = 3
"""Frames on each side that tell of the weather."""

BOX = 5
"""Cells along and across, over which squares are averaged: few frames tell little of one cell."""


def activity(interval: Interval) -> Float64Array:
    """Logarithms of the features, shape (feature, channel, y, x).

    NaN where nothing is known, as of bends without context; minus infinity where nothing changes.
    """
    near = trim_context(interval, CONTEXT)
    frames = near.frames.astype(np.float64)
    start = len(near.before)
    bends = frames[2:] - 2 * frames[1:-1] + frames[:-2]
    at_ends = bends[max(start - 1, 0) : start + 1]
    middle = (frames[start] + frames[start + 1]) / 2
    squares = [
        _mean_square(bends, middle),
        _mean_square(at_ends, middle),
        (frames[start + 1] - frames[start]) ** 2,
        sum(_difference(middle, axis) ** 2 for axis in (-2, -1)),
    ]
    with np.errstate(divide="ignore"):
        logs: Float64Array = 0.5 * np.log(_around(np.stack(squares), interval.grid))
    return logs


def _mean_square(values: Float64Array, like: Float64Array) -> Float64Array:
    """Over the first axis; NaN where there is nothing."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0) ** 2
    mean = np.full(like.shape, np.nan)
    np.divide(total.sum(axis=0), count, out=mean, where=count > 0)
    return mean


def _difference(field: Float64Array, axis: int) -> Float64Array:
    """Between neighbouring cells; 0 along an axis of one cell."""
    if field.shape[axis] < 2:
        return np.zeros_like(field)
    difference: Float64Array = np.gradient(field, axis=axis)
    return difference


def _around(squares: Float64Array, grid: Grid) -> Float64Array:
    """Means over a box of known cells, shape (..., y, x); cells without neighbours stay alone."""
    from scipy.ndimage import uniform_filter  # noqa: PLC0415 - slow to load

    if not grid.uniform:
        return squares
    size = (*(1,) * (squares.ndim - 2), BOX, BOX)
    across = "wrap" if grid.metric.cyclic else "nearest"
    mode = (*("nearest",) * (squares.ndim - 1), across)
    known = np.isfinite(squares)
    total = uniform_filter(np.where(known, squares, 0.0), size=size, mode=mode)
    share = uniform_filter(known.astype(np.float64), size=size, mode=mode)
    mean = np.full(squares.shape, np.nan)
    np.divide(np.maximum(total, 0.0), share, out=mean, where=known & (share > 1e-9))
    return mean
