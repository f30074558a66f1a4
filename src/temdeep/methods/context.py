"""How much context each cell has, and sums over frames with weights.

A frame that is missing at a cell ends the context there, and there only.

Knows: intervals as arrays. Must not know: files, any one method.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.metric import Float32Array, Float64Array, FloatArray

CHUNK_CELLS = 32_768
"""Cells summed at once in double precision: 26 frames of them are 7 MB."""

AnyInterval = TypeVar("AnyInterval", Interval, PeriodInterval)
Mask = npt.NDArray[np.bool_]


def trim_context(interval: AnyInterval, count: int) -> AnyInterval:
    """The same interval with at most `count` frames on each side."""
    if len(interval.before) <= count and len(interval.after) <= count:
        return interval
    first = max(len(interval.before) - count, 0)
    return replace(interval, before=interval.before[first:], after=interval.after[:count])


def finite_runs(before: FloatArray, after: FloatArray) -> Iterator[tuple[int, int, Mask]]:
    """Groups of cells with equally many finite frames next to the interval.

    Args:
        before: Context before, shape (frame, channel, y, x), in time order.
        after: Context after, likewise.

    Yields:
        Frames before, frames after, and the cells (channel, y, x) that have so many.
    """
    shape = before.shape[1:]
    if np.isfinite(before).all() and np.isfinite(after).all():
        yield len(before), len(after), np.ones(shape, np.bool_)
        return
    n_before = np.cumprod(np.isfinite(before[::-1]), axis=0).sum(axis=0)
    n_after = np.cumprod(np.isfinite(after), axis=0).sum(axis=0)
    for code in np.unique(n_before * 1000 + n_after):
        yield int(code // 1000), int(code % 1000), n_before * 1000 + n_after == code


def weighted_frames(
    frames: Float32Array, before: int, weights_of: Callable[[int, int], Float64Array], rows: int
) -> Float32Array:
    """Sum frames with weights that depend on how much context a cell has.

    Args:
        frames: Shape (frame, channel, y, x), NaN where missing.
        before: How many of them are context before t0.
        weights_of: Gives weights (row, frame) for a number of frames before and after.
        rows: How many rows the weights have.

    Returns:
        Shape (row, channel, y, x), summed in float64; NaN only where an end is NaN.
    """
    cells = frames.reshape(len(frames), -1)
    total = np.empty((rows, cells.shape[1]), np.float32)
    for n_before, n_after, mask in finite_runs(frames[:before], frames[before + 2 :]):
        weights = weights_of(n_before, n_after)
        window = slice(before - n_before, before + 2 + n_after)
        where = np.flatnonzero(mask)
        for first in range(0, len(where), CHUNK_CELLS):
            part = where[first : first + CHUNK_CELLS]
            if len(where) == cells.shape[1]:
                part_cells = cells[window, first : first + CHUNK_CELLS]
                total[:, first : first + CHUNK_CELLS] = weights @ part_cells.astype(np.float64)
            else:
                total[:, part] = weights @ cells[window][:, part].astype(np.float64)
    return total.reshape(rows, *frames.shape[1:])
