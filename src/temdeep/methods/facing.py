"""Motion that does not depend on how a file orders its rows and columns.

The flow starts from one corner of an image: the same fields from south to north, or from another
meridian on, would give slightly other motions.

Knows: grids. Must not know: files.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from temdeep.fields.grids import EARTH_RADIUS_M, Grid
from temdeep.methods.motion import Motion, estimate
from temdeep.metric import Float32Array, Float64Array, GridMetric


def estimate_facing_north(
    start: Float32Array, end: Float32Array, span_s: float, grid: Grid
) -> Motion:
    """Estimate a motion on fields turned as on a map: north above, west on the left.

    All around the globe the first column is the one next east of Greenwich.

    Args:
        start: Fields at t0, shape (field, y, x).
        end: Fields at t1, likewise.
        span_s: τ.
        grid: The grid.

    Returns:
        What `estimate` finds, in the grid's own order.
    """
    both = np.concatenate([start, end])

    def find(fields: Float32Array, metric: GridMetric) -> Motion:
        return estimate(fields[: len(start)], fields[len(start) :], span_s, metric)

    return facing_north(both, grid, find)


def facing_north(
    fields: Float32Array, grid: Grid, find: Callable[[Float32Array, GridMetric], Motion]
) -> Motion:
    """Find a motion of fields turned as on a map.

    Args:
        fields: Shape (field, y, x), in the grid's order.
        grid: The grid.
        find: Finds the motion of fields on a map with these cell sizes.

    Returns:
        What it finds, in the grid's own order.
    """
    metric = grid.metric
    by_map = as_on_a_map(grid)
    map_metric = GridMetric(
        np.abs(metric.dx_m[by_map]), -np.abs(metric.dy_m[by_map]), cyclic=metric.cyclic
    )
    found = find(fields[:, *by_map], map_metric)
    u, v = np.empty(grid.shape), np.empty(grid.shape)
    u[by_map], v[by_map] = found.u_m_s, found.v_m_s  # eastward and northward in any order
    return Motion(u, v)


def as_on_a_map(grid: Grid) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Indices that bring a grid's cells in the order of a map: rows (y, 1) and columns (1, x)."""
    metric = grid.metric
    rows, columns = (np.arange(count, dtype=np.intp) for count in grid.shape)
    rows = rows[::-1] if metric.dy_m.mean() > 0 else rows
    columns = columns[::-1] if metric.dx_m.mean() < 0 else columns
    if metric.cyclic:
        longitude = grid.longitude[len(rows) // 2, columns] % 360
        columns = np.roll(columns, -int(np.argmin(longitude)))
    return rows[:, None], columns[None, :]


def turning_of_north_per_m(grid: Grid) -> Float64Array:
    """Angle by which east and north turn on a way of a metre, tan φ / R, radians per metre."""
    latitude = np.radians(np.nan_to_num(grid.latitude))
    turning: Float64Array = np.abs(np.sin(latitude)) / np.maximum(np.cos(latitude), 1e-6)
    return turning / EARTH_RADIUS_M
