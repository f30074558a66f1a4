"""Loops over the cells of a grid, as machine code: what `warp` and `rendering` say, to rounding.

A place and its weights stay in the processor's cache from their first use to their last. Every
cell is computed in the order that stands here: the result is the same, bit for bit, whichever rows
are asked for at once. No gradients.

All that the machine code depends on stands in this file or is an argument: code that was kept is
used as long as this file is the same.

Knows: NumPy, numba. Must not know: torch, xarray, files.
"""

import numpy as np
import numpy.typing as npt

from temdeep.compiling import compiled, part
from temdeep.metric import Float32Array

Int32Array = npt.NDArray[np.int32]
IndexArray = npt.NDArray[np.int64]

Cells = tuple[Float32Array, Float32Array, bool, bool, np.float32, np.float32]
"""Sizes dx_m and dy_m, shape (y, x); whether columns are counted around the globe; whether their
neighbours are looked up around it, for which grids may be too narrow; most columns and most rows
that a field is moved by."""

Places = tuple[Int32Array, Int32Array, Float32Array, Float32Array]
"""Of a row, where its values came from: the first of four columns; whole rows to the second of four
rows; weights of the columns and of the rows, shape (4, x)."""

_PLANE, _PLANES = "float32[:, ::1]", "float32[:, :, ::1]"
_FIELDS, _IN_TIME = "float32[:, :, :, ::1]", "float32[:, :, :, :, ::1]"
_CELLS = f"Tuple(({_PLANE}, {_PLANE}, boolean, boolean, float32, float32))"
_BAND = "UniTuple(int64, 2)"

ZERO, HALF, ONE, TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)


@part
def _apart(
    way_m: Float32Array,
    size_m: Float32Array,
    most: np.float32,
    whole: Int32Array,
    weights: Float32Array,
) -> None:
    """Whole cells from a row's cells to where their values came from, and four weights there."""
    first, second, third, fourth = weights[0], weights[1], weights[2], weights[3]
    for x in range(len(way_m)):
        shift = way_m[x] / -size_m[x]
        if shift > most:  # noqa: PLR1730 - what is no number stays so
            shift = most
        if shift < -most:  # noqa: PLR1730
            shift = -most
        floor = np.floor(shift)
        whole[x] = np.int32(floor) if floor == floor else np.int32(0)  # noqa: PLR0124 - not NaN
        t = shift - floor
        u = ONE - t
        bow = -HALF * t * u
        first[x], fourth[x] = bow * u, bow * t
        second[x] = u - TWO * first[x] + fourth[x]
        third[x] = t - TWO * fourth[x] + first[x]


@part
def _find(
    east_m: Float32Array, north_m: Float32Array, y: int, cells: Cells, places: Places
) -> None:
    """Where the values of row y came from."""
    dx_m, dy_m, cyclic, _, most_x, most_y = cells
    column, down, by_x, by_y = places
    _apart(east_m, dx_m[y], most_x, column, by_x)
    _apart(north_m, dy_m[y], most_y, down, by_y)
    columns = np.int32(len(column))
    for x in range(len(column)):
        found = column[x] + np.int32(x)
        if cyclic:
            if found < 0:
                found += columns
            if found >= columns:
                found -= columns
        column[x] = found - np.int32(1)


@part
def _look_up(
    field: Float32Array, y: int, places: Places, around: bool, values: Float32Array
) -> None:
    """Take the values of row y of a field (y, x) from 16 neighbours each."""
    rows, columns = field.shape
    column, down, by_x, by_y = places
    first, second, third, fourth = by_x[0], by_x[1], by_x[2], by_x[3]
    upper, inner, under, lower = by_y[0], by_y[1], by_y[2], by_y[3]
    flat, step = field.reshape(-1), np.uintp(columns)
    one, two, three = np.uintp(1), np.uintp(2), np.uintp(3)
    last_row, last_left = np.uint32(max(rows - 3, 0)), np.uint32(max(columns - 3, 0))
    for x in range(columns):
        row, left = np.int32(y - 1) + down[x], column[x]
        a, b, c, d = first[x], second[x], third[x], fourth[x]
        if np.uint32(row) < last_row and np.uint32(left) < last_left:  # none is below 0
            i = np.uintp(row) * step + np.uintp(left)
            along = flat[i] * a + flat[i + one] * b + flat[i + two] * c + flat[i + three] * d
            total = along * upper[x]
            i += step
            along = flat[i] * a + flat[i + one] * b + flat[i + two] * c + flat[i + three] * d
            total += along * inner[x]
            i += step
            along = flat[i] * a + flat[i + one] * b + flat[i + two] * c + flat[i + three] * d
            total += along * under[x]
            i += step
            along = flat[i] * a + flat[i + one] * b + flat[i + two] * c + flat[i + three] * d
            values[x] = total + along * lower[x]
        else:
            values[x] = _at_edge(field, row, left, (by_x[:, x], by_y[:, x]), around)


@part
def _at_edge(
    field: Float32Array,
    row: int,
    left: int,
    weights: tuple[Float32Array, Float32Array],
    around: bool,
) -> np.float32:
    """One value of which some neighbours lie beyond an edge."""
    rows, columns = field.shape
    total = ZERO
    for i in range(4):
        along = ZERO
        for j in range(4):
            beside = left + j
            if around:
                beside = beside + columns if beside < 0 else beside
                beside = beside - columns if beside >= columns else beside
            beside = min(max(beside, 0), columns - 1)
            along += field[min(max(row + i, 0), rows - 1), beside] * weights[0][j]
        total += along * weights[1][i]
    return total


@part
def _nowhere(columns: int) -> Places:
    """Room for the places of a row."""
    return (
        np.empty(columns, np.int32),
        np.empty(columns, np.int32),
        np.empty((4, columns), np.float32),
        np.empty((4, columns), np.float32),
    )


@compiled(f"void({_FIELDS}, {_FIELDS}, {_FIELDS}, {_CELLS}, {_BAND}, {_IN_TIME})")
def warp(
    fields: Float32Array,
    east_m: Float32Array,
    north_m: Float32Array,
    cells: Cells,
    band: tuple[int, int],
    found: Float32Array,
) -> None:
    """Some rows of `network.warp.warp`.

    Args:
        fields: Shape (batch, channel, y, x).
        east_m: Displacements, shape (batch, time, y, x).
        north_m: Likewise.
        cells: The grid.
        band: The first row and that after the last.
        found: Takes the values, shape (batch, time, channel, y, x).
    """
    places = _nowhere(fields.shape[3])
    for y in range(band[0], band[1]):
        for batch in range(len(fields)):
            for time in range(east_m.shape[1]):
                _find(east_m[batch, time, y], north_m[batch, time, y], y, cells, places)
                for i in range(fields.shape[1]):
                    _look_up(fields[batch, i], y, places, cells[3], found[batch, time, i, y])


@part
def _way(
    velocity: Float32Array, change: Float32Array, seconds: Float32Array, way_m: Float32Array
) -> None:
    """A row's way by a velocity and by its change, that act for so many seconds each."""
    by_velocity, by_change = seconds[0], seconds[1]
    for x in range(len(way_m)):
        way_m[x] = by_velocity * velocity[x] + by_change * change[x]


@part
def _add(values: Float32Array, shares: Float32Array, bend: np.float32, sums: Float32Array) -> None:
    """Add a moved frame's row to the blend and to the bends, sums[0] and sums[1]."""
    total, bent = sums[0], sums[1]
    for x in range(len(values)):
        total[x] += shares[x] * values[x]
        bent[x] += bend * values[x]


@part
def _shares(n: int, theta: np.float32, preference: Float32Array, shares: Float32Array) -> None:
    """How much frame n counts in the blend: only frames 0 and 1 do."""
    for x in range(len(shares)):
        weight = theta + theta * (ONE - theta) * preference[x]
        if n == 0:
            shares[x] = ONE - weight
        else:
            shares[x] = weight if n == 1 else ZERO


@compiled(
    f"void({_IN_TIME}, Tuple((int64[::1], int64[::1], int64)),"
    f" Tuple(({_FIELDS}, {_FIELDS}, {_PLANES}, {_FIELDS})),"
    f" Tuple(({_PLANE}, {_FIELDS}, {_PLANES}, float32)), {_CELLS}, {_BAND}, {_IN_TIME})"
)
def moved(
    frames: Float32Array,
    which: tuple[IndexArray, IndexArray, int],
    coefficients: tuple[Float32Array, Float32Array, Float32Array, Float32Array],
    times: tuple[Float32Array, Float32Array, Float32Array, np.float32],
    cells: Cells,
    band: tuple[int, int],
    found: Float32Array,
) -> None:
    """Both ends moved and blended, and the spline's bends along the way, in some rows.

        x = (1 - w) W₀ + w W₁ + g Σₙ sₙ Wₙ - l ((1-θ) x₀ + θ x₁)

    with w, s and Wₙ as in `network.rendering.render`.

    Args:
        frames: Shape (batch, frame, channel, y, x).
        which: The places of the frames that are moved, the channels, and the place of x₀, whose
            next one is that of x₁.
        coefficients: v and a, m s⁻¹, shape (batch, 2, y, x); the preference m in w, (batch, y, x);
            g, shape (batch, channel, y, x).
        times: θ, shape (batch, time); the seconds that v and a act for until each of the frames,
            (batch, time, place, 2); s, shape (batch, time, frame); l, 1 or 0.
        cells: The grid.
        band: The first row and that after the last.
        found: Takes x, shape (batch, time, channel of those asked for, y, x).
    """
    used, own, start = which
    velocity, change, preference, gate = coefficients
    lead, seconds, bends, line = times
    columns = frames.shape[4]
    places = _nowhere(columns)
    east_m, north_m = np.empty(columns, np.float32), np.empty(columns, np.float32)
    shares, values = np.empty(columns, np.float32), np.empty(columns, np.float32)
    sums = np.empty((len(own), 2, columns), np.float32)
    for y in range(band[0], band[1]):
        for batch in range(len(frames)):
            for time in range(lead.shape[1]):
                theta = lead[batch, time]
                sums[:] = ZERO
                for n in range(len(used)):
                    acting = seconds[batch, time, n]
                    _way(velocity[batch, 0, y], change[batch, 0, y], acting, east_m)
                    _way(velocity[batch, 1, y], change[batch, 1, y], acting, north_m)
                    _find(east_m, north_m, y, cells, places)
                    _shares(used[n] - start, theta, preference[batch, y], shares)
                    for k in range(len(own)):
                        field = frames[batch, used[n], own[k]]
                        _look_up(field, y, places, cells[3], values)
                        _add(values, shares, bends[batch, time, used[n]], sums[k])
                for k in range(len(own)):
                    x0, x1 = frames[batch, start, own[k], y], frames[batch, start + 1, own[k], y]
                    total, bent, scale = sums[k, 0], sums[k, 1], gate[batch, own[k], y]
                    row = found[batch, time, k, y]
                    for x in range(columns):
                        straight = line * ((ONE - theta) * x0[x] + theta * x1[x])
                        row[x] = total[x] + scale[x] * bent[x] - straight
