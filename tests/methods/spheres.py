"""A vortex that a solid rotation carries over the globe, on any grid.

The vortex has a temperature and a wind around its centre; both are carried along without changing,
so that they are known at every time. The wind is given along the local east and north.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyproj
import xarray as xr

from temdeep.fields.grids import EARTH_RADIUS_M, Grid, find_grid
from temdeep.fields.intervals import Interval
from temdeep.fields.variables import Channel, Kind

SPAN_S = 21_600.0
WIDTH = 0.02
"""1 - cos of the radius at which the vortex has fallen to 1/e: 1300 km."""

CHANNELS = (
    Channel("t", "t", "K", Kind.INSTANTANEOUS, level="850"),
    Channel("u", "u", "m s-1", Kind.INSTANTANEOUS, partner="v", component="x", level="850"),
    Channel("v", "v", "m s-1", Kind.INSTANTANEOUS, partner="u", component="y", level="850"),
)

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Vortex:
    """Where it is at mid-interval, and how fast it goes which way (degrees from north)."""

    latitude: float
    longitude: float
    speed_m_s: float = 25.0
    heading_deg: float = 0.0

    def fields(self, grid: Grid, theta: float) -> npt.NDArray[np.float32]:
        """Temperature in K and the wind in m s⁻¹, shape (3, y, x)."""
        east, north, up = frame(grid.latitude, grid.longitude)
        east_0, north_0, up_0 = frame(np.array(self.latitude), np.array(self.longitude))
        heading = np.radians(self.heading_deg)
        forward = np.sin(heading) * east_0 + np.cos(heading) * north_0
        angle = self.speed_m_s * SPAN_S * (theta - 0.5) / EARTH_RADIUS_M
        centre = np.cos(angle) * up_0 + np.sin(angle) * forward
        shape = np.exp((up @ centre - 1) / WIDTH)
        wind = 200 * np.cross(centre, up) * shape[..., None]
        u, v = (wind * east).sum(-1), (wind * north).sum(-1)
        return np.stack([280 + 20 * shape, u, v]).astype(np.float32)

    def interval(self, grid: Grid) -> Interval:
        """From θ = 0 to 1, without context."""
        start, end = self.fields(grid, 0), self.fields(grid, 1)
        return Interval(
            start=start,
            end=end,
            span_s=SPAN_S,
            valid_time=np.datetime64("2019-03-05T12:00", "us"),
            channels=CHANNELS,
            grid=grid,
            before=start[None][:0],
            after=end[None][:0],
        )


def frame(latitude: Float64Array, longitude: Float64Array) -> tuple[Float64Array, ...]:
    """Unit vectors eastward, northward and upward in space, shape (…, 3)."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    zero = np.zeros_like(phi)
    east = np.stack([-np.sin(lam), np.cos(lam), zero], -1)
    north = np.stack([-np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)], -1)
    up = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], -1)
    return east, north, up


def globe(step_deg: float = 2.5, west: float = 0.0, *, descending: bool = True) -> Grid:
    """All latitudes with both poles, all longitudes from a first one on."""
    latitude = np.linspace(90, -90, round(180 / step_deg) + 1)
    longitude = (west + np.arange(0, 360, step_deg) + 180) % 360 - 180
    data = xr.Dataset(
        {"x": (("lat", "lon"), np.zeros((len(latitude), len(longitude))))},
        {
            "lat": ("lat", latitude[:: 1 if descending else -1], {"units": "degrees_north"}),
            "lon": ("lon", longitude, {"units": "degrees_east"}),
        },
    )
    return find_grid(data, "x", (), "globe")


def polar_plane(cells: int = 64, cell_m: float = 150_000.0) -> Grid:
    """A polar stereographic plane with the pole in the middle, where no cell centre is."""
    axis = (np.arange(cells) - (cells - 1) / 2) * cell_m
    crs = pyproj.CRS.from_proj4("+proj=stere +lat_0=90 +lon_0=0 +lat_ts=70 +R=6371229")
    data = xr.Dataset(
        {"x": (("y", "x_"), np.zeros((cells, cells)), {"grid_mapping": "crs"})},
        {
            "y": ("y", axis, {"standard_name": "projection_y_coordinate", "units": "m"}),
            "x_": ("x_", axis, {"standard_name": "projection_x_coordinate", "units": "m"}),
            "crs": ((), 0, crs.to_cf()),
        },
    )
    return find_grid(data, "x", (), "plane")


def rms(error: npt.NDArray[np.float32], grid: Grid, north_of: float = -91.0) -> Float64Array:
    """Area-weighted RMS of each channel north of a latitude, shape (channel,)."""
    area = grid.metric.area_weights * (grid.latitude > north_of)
    squares: Float64Array = (error.astype(np.float64) ** 2 * area).sum(axis=(1, 2))
    root: Float64Array = np.sqrt(squares / area.sum())
    return root


def reordered(interval: Interval, rows: npt.ArrayLike, columns: npt.ArrayLike) -> Interval:
    """The same fields with rows and columns in another order, by their indices."""
    at = np.ix_(np.asarray(rows), np.asarray(columns))
    grid, metric = interval.grid, interval.grid.metric
    signs = [1 if np.asarray(one)[1] - np.asarray(one)[0] == 1 else -1 for one in (rows, columns)]
    return replace(
        interval,
        start=interval.start[:, at[0], at[1]],
        end=interval.end[:, at[0], at[1]],
        before=interval.before[:, :, at[0], at[1]],
        after=interval.after[:, :, at[0], at[1]],
        grid=replace(
            grid,
            latitude=grid.latitude[at],
            longitude=grid.longitude[at],
            metric=replace(
                metric, dx_m=signs[1] * metric.dx_m[at], dy_m=signs[0] * metric.dy_m[at]
            ),
        ),
    )
