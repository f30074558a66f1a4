"""Parcels that drift with a horizontal wind on the sphere.

    dφ/dt = v / R,   dλ/dt = u / (R cos φ)

with the wind bilinear in space and linear in time between its frames, and Runge-Kutta steps of
fourth order. A parcel that leaves the region, or meets a missing wind, is lost: NaN from then on.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from temdeep.fields.grids import EARTH_RADIUS_M, Grid
from temdeep.metric import Float32Array, Float64Array

SHARE_OF_CELL = 0.5
"""The fastest wind goes no further than this in one time step."""


@dataclass(frozen=True, eq=False)
class Wind:
    """A wind on latitudes and longitudes, at equal steps of time.

    Attributes:
        eastward, northward: m s⁻¹, shape (time, y, x).
        step_s: Time between frames.
        grid: Rows of equal latitude and columns of equal longitude, as `is_regular` says.
    """

    eastward: Float32Array
    northward: Float32Array
    step_s: float
    grid: Grid

    def at(
        self, frame: Float64Array, latitude: Float64Array, longitude: Float64Array
    ) -> tuple[Float64Array, Float64Array]:
        """Eastward and northward wind of parcels, m s⁻¹, NaN outside the region.

        Args:
            frame: When, in frames from the first, not beyond the last; shape (parcel,).
            latitude: Where, degrees, shape (parcel,).
            longitude: Likewise.
        """
        row, column = _row(self.grid, latitude), _column(self.grid, longitude)
        inside = np.isfinite(row) & np.isfinite(column)
        rows, columns = self.grid.shape
        t, t_share = _lower(frame, len(self.eastward))
        y, y_share = _lower(np.where(inside, row, 0.0), rows)
        x, x_share = _lower(
            np.where(inside, column, 0.0), columns + 1 if self.grid.metric.cyclic else columns
        )
        u, v = (np.where(inside, 0.0, np.nan) for _ in range(2))
        for dt, dy, dx in product((0, 1), repeat=3):
            weight = np.abs(1 - dt - t_share) * np.abs(1 - dy - y_share) * np.abs(1 - dx - x_share)
            corner = (t + dt, y + dy, (x + dx) % columns)
            used = weight > 0  # a missing corner without weight does no harm
            u = u + np.where(used, weight * self.eastward[corner], 0.0)
            v = v + np.where(used, weight * self.northward[corner], 0.0)
        return u, v


def is_regular(grid: Grid) -> bool:
    """Whether rows have one latitude and columns one longitude, so that winds are those of maps."""
    return (
        grid.uniform
        and bool(np.ptp(grid.latitude, axis=1).max() < 1e-6)
        and bool(np.ptp(grid.longitude, axis=0).max() < 1e-6)
    )


def substeps(wind: Wind) -> int:
    """Time steps between two frames, so that the fastest wind stays within half a usual cell."""
    fastest = float(np.nanmax(np.hypot(wind.eastward, wind.northward), initial=0.0))
    cell_m = float(np.median(np.abs([wind.grid.metric.dx_m, wind.grid.metric.dy_m])))
    return max(1, int(np.ceil(fastest * wind.step_s / (SHARE_OF_CELL * cell_m))))


def advect(
    wind: Wind,
    first: Float64Array,
    latitude: Float64Array,
    longitude: Float64Array,
    *,
    frames: int,
    steps_per_frame: int,
) -> tuple[Float64Array, Float64Array]:
    """Follow parcels.

    Args:
        wind: What moves them.
        first: Frame in which each starts, shape (parcel,).
        latitude: Where each starts, degrees, shape (parcel,).
        longitude: Likewise.
        frames: How many frames they are followed for.
        steps_per_frame: Runge-Kutta steps between two frames.

    Returns:
        Latitudes and longitudes at the start and after each frame, shape (frames + 1, parcel).

    Raises:
        ValueError: The wind ends before the parcels do.
    """
    if (first + frames > len(wind.eastward) - 1).any():
        raise ValueError(f"{frames} frames cannot be followed: the wind ends before.")
    place = np.stack([latitude, longitude]).astype(np.float64)
    path = [place]
    h = wind.step_s / steps_per_frame

    def slope(frame: Float64Array, at: Float64Array) -> Float64Array:
        return _degrees_per_s(wind, frame, at)

    for step in range(frames * steps_per_frame):
        begin, middle, end = (first + (step + part) / steps_per_frame for part in (0.0, 0.5, 1.0))
        k1 = slope(begin, place)
        k2 = slope(middle, place + h / 2 * k1)
        k3 = slope(middle, place + h / 2 * k2)
        k4 = slope(end, place + h * k3)
        place = place + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if (step + 1) % steps_per_frame == 0:
            path.append(place)
    followed = np.stack(path)
    return followed[:, 0], followed[:, 1]


def _degrees_per_s(wind: Wind, frame: Float64Array, place: Float64Array) -> Float64Array:
    latitude, longitude = place
    u, v = wind.at(frame, latitude, longitude)
    around_m = EARTH_RADIUS_M * np.cos(np.radians(latitude))
    slope: Float64Array = np.rad2deg(np.stack([v / EARTH_RADIUS_M, u / around_m]))
    return slope


def _row(grid: Grid, latitude: Float64Array) -> Float64Array:
    """Row of a latitude, with fraction; NaN outside the first and last."""
    axis = grid.latitude[:, 0]
    sign = 1.0 if axis[-1] > axis[0] else -1.0
    rows = np.arange(len(axis), dtype=np.float64)
    row: Float64Array = np.interp(sign * latitude, sign * axis, rows, left=np.nan, right=np.nan)
    return row


def _column(grid: Grid, longitude: Float64Array) -> Float64Array:
    """Column of a longitude, with fraction; NaN outside; up to the number of columns if cyclic."""
    axis = np.unwrap(grid.longitude[0], period=360)
    sign = 1.0 if axis[-1] > axis[0] else -1.0
    from_first = sign * (axis - axis[0])
    if grid.metric.cyclic:
        from_first = np.append(from_first, 360.0)
    wanted = (sign * (longitude - axis[0])) % 360
    columns = np.arange(len(from_first), dtype=np.float64)
    column: Float64Array = np.interp(wanted, from_first, columns, left=np.nan, right=np.nan)
    return column


def _lower(position: Float64Array, count: int) -> tuple[np.ndarray, Float64Array]:
    """Index of the lower neighbour, and how far beyond it the position is, 0 to 1."""
    lower = np.clip(np.floor(position).astype(np.int64), 0, max(count - 2, 0))
    return lower, position - lower
