"""Loops over the cells of a grid, as machine code: what `methods.motion` looks up.

In the order of the products there: the same values. All that the machine code depends on stands in
this file or is an argument: code that was kept is used as long as this file is the same.

Knows: NumPy, numba. Must not know: intervals, files.
"""

import numpy as np

from temdeep.compiling import compiled, part
from temdeep.metric import Float32Array, Float64Array

ZERO = np.float32(0)


@part
def _weights(t: float, weights: Float32Array) -> None:
    """Of the four neighbours at a fraction t between the inner two."""
    square = t * t
    cube = square * t
    weights[0] = np.float32(-0.5 * t + square - 0.5 * cube)
    weights[1] = np.float32(1 - 2.5 * square + 1.5 * cube)
    weights[2] = np.float32(0.5 * t + 2 * square - 1.5 * cube)
    weights[3] = np.float32(-0.5 * square + 0.5 * cube)


@part
def _apart(place: float, weights: Float32Array) -> int:
    """The second of four neighbours of a place; 0 where that is no number, and the weights NaN."""
    whole = np.floor(place)
    _weights(place - whole, weights)
    return int(whole) if whole == whole else 0  # noqa: PLR0124 - not NaN


@compiled("void(float32[:, :, ::1], float64[:, ::1], float64[:, ::1], boolean, float32[:, :, ::1])")
def look_up(
    fields: Float32Array,
    columns: Float64Array,
    rows: Float64Array,
    cyclic: bool,
    taken: Float32Array,
) -> None:
    """Take each cell's value at an offset from it, from 16 neighbours.

    Args:
        fields: Shape (field, y, x).
        columns: Offset along x in cells, shape (y, x).
        rows: Offset along y, likewise.
        cyclic: Whether columns go around the globe; otherwise the edge is repeated.
        taken: Takes the values, shape (field, y, x).
    """
    height, width = fields.shape[1:]
    by_x, by_y = np.empty(4, np.float32), np.empty(4, np.float32)
    beside, below = np.empty(4, np.int64), np.empty(4, np.int64)
    for y in range(height):
        for x in range(width):
            place = x + columns[y, x]
            if not cyclic:
                place = min(max(place, 0.0), width - 1.0)
            column = _apart(place, by_x)
            row = _apart(min(max(y + rows[y, x], 0.0), height - 1.0), by_y)
            for i in range(4):
                there = column + i - 1
                beside[i] = there % width if cyclic else min(max(there, 0), width - 1)
                below[i] = min(max(row + i - 1, 0), height - 1)
            for k in range(len(fields)):
                total = ZERO
                for j in range(4):
                    for i in range(4):
                        total += by_x[i] * by_y[j] * fields[k, below[j], beside[i]]
                taken[k, y, x] = total
