"""Motion between two fields: estimated by dense optical flow, and fields moved along it.

Knows: arrays, the grid metric, OpenCV. Must not know: intervals, files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array

from temdeep.compiling import kernels_of
from temdeep.fields.grids import Grid
from temdeep.metric import Float32Array, Float64Array, GridMetric

PAD = 16
"""Cells added on each side before the flow is estimated: neighbours around the globe, or edges."""

CLIPPED_PERCENT = 0.2
"""Share of lowest and of highest values that the 8-bit images given to the flow do not resolve."""

TRUST_RADIUS = 3.0
"""Radius in cells over which candidate motions are compared."""

STRAIGHT_RAD = 1 / 3
"""Angle by which axes may turn along a way that still counts as straight."""

SMALLEST_SIDE = 16
"""Cells a side below which no flow is estimated."""

BAND_CELLS = 2**13
"""Cells that are looked up at once, about: what is held on the way fits a processor's cache."""


LEAST_CELLS = 2**15
"""Cells of a grid for which machine code is worth loading what makes it."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Velocity of patterns.

    Attributes:
        u_m_s: Along x, shape (y, x), in m s⁻¹.
        v_m_s: Along y, likewise.
    """

    u_m_s: Float64Array
    v_m_s: Float64Array

    def displacement(self, seconds: float, metric: GridMetric) -> tuple[Float64Array, Float64Array]:
        """Cells moved in a time along columns and rows, shape (y, x) each."""
        dx, dy = _cell_sizes(metric)
        return self.u_m_s * seconds / dx, self.v_m_s * seconds / dy

    def slowed(self, turning_per_m: Float64Array, seconds: float, metric: GridMetric) -> Self:
        """The motion where its way over a time is straight, fading out where it bends.

            V · min( 1, max( 0, 2 - α / ⅓ ) )     α = turning · ( |V| τ + one cell )

        A way in cells is a way on the ground, and components at its ends are components along the
        same axes, as long as the axes turn little between: all of V is left up to a third of a
        radian, nothing from twice that on. Near a pole that is a third of the distance to it.

        Args:
            turning_per_m: How much the axes turn, shape (y, x), radians per metre.
            seconds: τ.
            metric: Cell sizes.
        """
        way_m = np.hypot(self.u_m_s, self.v_m_s) * seconds
        cell_m = np.maximum(np.abs(metric.dx_m), np.abs(metric.dy_m))
        left = np.clip(2 - turning_per_m * (way_m + cell_m) / STRAIGHT_RAD, 0, 1)
        return type(self)(self.u_m_s * left, self.v_m_s * left)


def can_move(grid: Grid) -> bool:
    """Whether a motion can be found on a grid: its cells are neighbours, and enough of them."""
    return not why_no_motion(grid)


def why_no_motion(grid: Grid) -> str:
    """Why no motion can be found on a grid, empty if one can."""
    if not grid.uniform:
        return "its cells are not neighbours in space"
    if min(grid.shape) < SMALLEST_SIDE:
        return f"the grid has fewer than {SMALLEST_SIDE} cells a side"
    return ""


def estimate(start: Float32Array, end: Float32Array, span_s: float, metric: GridMetric) -> Motion:
    """One motion for several fields, between two times.

    Each field's dense flow (DIS), averaged over both directions, is a candidate, and so is no
    motion; at each place they are averaged with weights that fall with the square of the misfit,
    over all fields, of both ends moved to the middle.

    Args:
        start: Fields at t0, shape (field, y, x), each in its own unit, NaN where missing.
        end: Fields at t1, likewise.
        span_s: τ = t1 - t0.
        metric: Cell sizes.

    Returns:
        The motion in m s⁻¹, slowed where the grid is not flat.
    """
    first, last = _standardise(start, end)
    nothing = np.zeros(first.shape[1:])
    candidates = [(nothing, nothing)]
    candidates += [_flow(a, b, metric.cyclic) for a, b in zip(first, last, strict=True)]
    misfits = []
    for columns, rows in candidates:
        forward = warp(first, -0.5 * columns, -0.5 * rows, cyclic=metric.cyclic)
        backward = warp(last, 0.5 * columns, 0.5 * rows, cyclic=metric.cyclic)
        misfit = ((forward - backward) ** 2).mean(axis=0, dtype=np.float64)
        misfits.append(_smooth(misfit, metric.cyclic))
    weights = 1 / (np.stack(misfits) + 1e-6) ** 2
    weights /= weights.sum(axis=0)
    columns, rows = np.zeros_like(nothing), np.zeros_like(nothing)
    for weight, (along_x, along_y) in zip(weights, candidates, strict=True):
        columns += weight * along_x
        rows += weight * along_y
    dx, dy = _cell_sizes(metric)
    motion = Motion(columns * dx / span_s, rows * dy / span_s)
    return motion.slowed(metric.turning_per_m, span_s, metric)


def warp(
    fields: Float32Array, columns: Float64Array, rows: Float64Array, *, cyclic: bool
) -> Float32Array:
    """Look each cell's value up at an offset, with bicubic (Catmull-Rom) weights.

    Args:
        fields: Shape (field, y, x), NaN where missing.
        columns: Offset along x in cells, shape (y, x); 0 leaves a value untouched, bit for bit.
        rows: Offset along y, likewise.
        cyclic: Whether columns go around the globe; otherwise the edge is repeated.

    Returns:
        Shape (field, y, x); values are looked up among finite ones only, and where there are none
        left the cell keeps its own.
    """
    still = (columns == 0) & (rows == 0)
    if still.all():
        return fields.copy()
    missing = ~np.isfinite(fields)
    moved = _look_up(np.where(missing, np.float32(0), fields), columns, rows, cyclic)
    if missing.any():
        share = _look_up((~missing).astype(np.float32), columns, rows, cyclic)
        enough = share > 0.5
        moved = np.where(enough, moved / np.where(enough, share, 1), fields)
    return np.where(still, fields, moved)


def _look_up(
    fields: Float32Array, columns: Float64Array, rows: Float64Array, cyclic: bool
) -> Float32Array:
    """Look up by machine code, or band by band of rows, which fits a processor's cache."""
    kernels = kernels_of("temdeep.methods") if columns.size >= LEAST_CELLS else None
    if kernels is not None:
        moved = np.empty(fields.shape, np.float32)
        given = (np.ascontiguousarray(one, np.float64) for one in (columns, rows))
        kernels.look_up(np.ascontiguousarray(fields), *given, cyclic, moved)
        return moved
    height, width = fields.shape[1:]
    taller = np.pad(fields, ((0, 0), (1, 2), (0, 0)), mode="edge")
    around = np.pad(taller, ((0, 0), (0, 0), (1, 2)), mode="wrap" if cyclic else "edge")
    wide = around.shape[2]
    values = np.ascontiguousarray(around.reshape(len(fields), -1).T)
    taken = np.empty_like(fields)
    step = max(BAND_CELLS // width, 1)
    for first in range(0, height, step):
        band = slice(first, min(first + step, height))
        x = np.arange(width) + columns[band]
        y = np.arange(height)[band, None] + rows[band]
        x = x if cyclic else np.clip(x, 0, width - 1)
        y = np.clip(y, 0, height - 1)
        left, top = np.floor(x), np.floor(y)
        column = left.astype(np.int32) % width if cyclic else left.astype(np.int32)
        corner = top.astype(np.int32) * wide + column
        corner = np.clip(corner, 0, (height - 1) * wide + width - 1)  # also where an offset is NaN
        by_x, by_y = _catmull_rom(x - left), _catmull_rom(y - top)
        taking = _taking(corner, by_x, by_y, (len(values), wide))
        taken[:, band] = (taking @ values).T.reshape(taken[:, band].shape)
    return taken


def _taking(
    corner: npt.NDArray[np.int32],
    by_x: Sequence[Float32Array],
    by_y: Sequence[Float32Array],
    size: tuple[int, int],
) -> csr_array:
    """The matrix that takes 16 neighbours, the first one at a corner, from so many cells."""
    cells, wide = size
    sixteen = [(i, j) for j in range(4) for i in range(4)]
    weights = np.stack([by_x[i] * by_y[j] for i, j in sixteen]).reshape(16, -1).T
    neighbours = corner.reshape(-1, 1) + np.array([j * wide + i for i, j in sixteen], np.int32)
    starts = 16 * np.arange(corner.size + 1)
    return csr_array((weights.ravel(), neighbours.ravel(), starts), (corner.size, cells))


def _catmull_rom(t: Float64Array) -> Sequence[Float32Array]:
    """Weights of the four neighbours at a fraction t between the inner two."""
    square = t * t
    cube = square * t
    exact = (
        -0.5 * t + square - 0.5 * cube,
        1 - 2.5 * square + 1.5 * cube,
        0.5 * t + 2 * square - 1.5 * cube,
        -0.5 * square + 0.5 * cube,
    )
    return [one.astype(np.float32) for one in exact]


def _flow(
    first: Float32Array, last: Float32Array, cyclic: bool
) -> tuple[Float64Array, Float64Array]:
    """Cells that patterns move from first to last along columns and rows, both ways averaged."""
    low, high = np.percentile(np.stack([first, last]), [CLIPPED_PERCENT, 100 - CLIPPED_PERCENT])
    images = [_image(field, low, high, cyclic) for field in (first, last)]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(0 if min(first.shape) < 256 else 1)
    empty = np.zeros((*images[0].shape, 2), np.float32)
    there = dis.calc(images[0], images[1], empty.copy())
    back = dis.calc(images[1], images[0], empty.copy())
    inner = slice(PAD, -PAD)
    mean = (there[inner, inner].astype(np.float64) - back[inner, inner]) / 2
    return mean[..., 0], mean[..., 1]


def _image(
    field: Float32Array, low: np.float64, high: np.float64, cyclic: bool
) -> npt.NDArray[np.uint8]:
    """A field as a padded 8-bit image, black up to one value and white from another on."""
    scaled = np.clip((field - low) / max(float(high - low), 1e-12), 0, 1)
    columns = np.pad(scaled, ((0, 0), (PAD, PAD)), mode="wrap" if cyclic else "edge")
    padded = np.pad(columns, ((PAD, PAD), (0, 0)), mode="edge")
    image: npt.NDArray[np.uint8] = np.rint(255 * padded).astype(np.uint8)
    return image


def _standardise(start: Float32Array, end: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Fields without missing values, of mean 0 and standard deviation 1 over both ends."""
    both = np.stack([start, end]).astype(np.float64)
    known = np.isfinite(both)
    count = np.maximum(known.sum(axis=(0, 2, 3), keepdims=True), 1)
    mean = np.where(known, both, 0).sum(axis=(0, 2, 3), keepdims=True) / count
    centred = np.where(known, both - mean, 0)
    spread = np.sqrt((centred**2).sum(axis=(0, 2, 3), keepdims=True) / count)
    standard = (centred / np.where(spread > 0, spread, 1)).astype(np.float32)
    return standard[0], standard[1]


def _smooth(field: Float64Array, cyclic: bool) -> Float64Array:
    smooth: Float64Array = gaussian_filter(
        field, TRUST_RADIUS, mode=("nearest", "wrap" if cyclic else "nearest")
    )
    return smooth


def _cell_sizes(metric: GridMetric) -> tuple[Float64Array, Float64Array]:
    """Signed cell sizes, never 0 (a pole's row has no length)."""
    dx = np.where(np.abs(metric.dx_m) < 1, 1.0, metric.dx_m)
    dy = np.where(np.abs(metric.dy_m) < 1, 1.0, metric.dy_m)
    return dx, dy
