"""Horizontal grids: latitude, longitude, cell sizes, and what is fixed to the ground.

Knows: xarray. Must not know: torch, files.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from temdeep.errors import GridError
from temdeep.fields import coordinates, projections
from temdeep.metric import Float64Array, GridMetric

EARTH_RADIUS_M = 6_371_229.0


@dataclass(frozen=True, eq=False)
class Grid:
    """A horizontal grid of cells in rows and columns.

    Attributes:
        y_dim, x_dim: Dimension names in the file; `y_dim` is empty where cells are one row
            (stations, unstructured), both are at a single place without dimensions.
        latitude, longitude: Degrees north and east of the cell centres, shape (y, x).
        metric: Cell sizes in metres.
        elevation_m: Height of the ground, shape (y, x), or None if not given.
        land_fraction: 0 (sea) to 1 (land), shape (y, x), or None if not given.
        uniform: False where rows and columns are not neighbours in space (stations, unstructured
            grids stored as one row) or there is but one of either: no motion, no convolution.
    """

    y_dim: str
    x_dim: str
    latitude: Float64Array
    longitude: Float64Array
    metric: GridMetric
    elevation_m: Float64Array | None = None
    land_fraction: Float64Array | None = None
    uniform: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.latitude.shape
        return rows, columns

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions that the file has for the grid: two, one or none."""
        return tuple(dim for dim in (self.y_dim, self.x_dim) if dim)

    def same_places(self, other: "Grid") -> bool:
        """Whether both have the same cells, to 1e-4 of a degree."""
        if self.shape != other.shape:
            return False
        apart = (self.longitude - other.longitude + 180) % 360 - 180
        return bool(
            np.allclose(self.latitude, other.latitude, rtol=0, atol=1e-4, equal_nan=True)
            and np.allclose(apart, 0, rtol=0, atol=1e-4, equal_nan=True)
        )

    def __str__(self) -> str:
        """Extent and size in words."""
        rows, columns = self.shape
        south, north = np.nanmin(self.latitude), np.nanmax(self.latitude)
        west, east = np.nanmin(self.longitude), np.nanmax(self.longitude)
        around = ", all around the globe" if self.metric.cyclic else ""
        size = f"{rows} x {columns} cells" if self.uniform else f"{rows * columns} places"
        cell_km = np.nanmedian(np.abs(self.metric.dy_m)) / 1000
        spacing = f", rows {cell_km:.3g} km apart" if self.uniform else ""
        return f"{size}, {south:g} to {north:g} N, {west:g} to {east:g} E{around}{spacing}"


def tell_apart(one: Grid, other: Grid) -> str:
    """How two grids differ, in words."""
    if one.same_places(other):
        return f"dimensions {', '.join(one.dims)}; {', '.join(other.dims)}"
    if one.shape == other.shape:
        for order, axes in {"rows": (0,), "columns": (1,), "rows and columns": (0, 1)}.items():
            latitude, longitude = np.flip(other.latitude, axes), np.flip(other.longitude, axes)
            if one.same_places(replace(other, latitude=latitude, longitude=longitude)):
                return f"the same places, their {order} in the opposite order"
        if str(one) == str(other):
            return f"{one}, but not the same places"
    return f"{one}; {other}"


def find_grid(dataset: xr.Dataset, name: str, other_dims: tuple[str, ...], source: str) -> Grid:
    """Find the horizontal grid of a variable from the coordinates of its file.

    Args:
        dataset: The file.
        name: The variable.
        other_dims: Dimensions known not to be horizontal (time).
        source: Name of the file, for messages.

    Raises:
        GridError: No cells; no latitude and longitude, and no projection to compute them from;
            a grid that moves.
    """
    empty = [str(dim) for dim, size in dataset[name].sizes.items() if size == 0]
    if empty:
        raise GridError(f"'{name}' in {source} has no cells: its dimension '{empty[0]}' is empty.")
    dims = tuple(str(dim) for dim in dataset[name].dims if dim not in other_dims)
    latitude = coordinates.place(dataset, "latitude", dims, other_dims, source)
    longitude = coordinates.place(dataset, "longitude", dims, other_dims, source)
    if latitude is not None and longitude is not None:
        y_dims, x_dims = latitude.dims, longitude.dims
        if latitude.ndim == longitude.ndim == 1 and y_dims != x_dims:
            return _regular(latitude, longitude, source)
        if latitude.ndim == longitude.ndim == 1:
            return _scattered("", str(x_dims[0]), latitude.values, longitude.values)
        if latitude.ndim == 2 and set(y_dims) == set(x_dims):
            return _curvilinear(dataset, latitude, longitude, dims)
    x = coordinates.axis(dataset, "X", dims)
    y = coordinates.axis(dataset, "Y", dims)
    if x is not None and y is not None:
        lat, lon = projections.places_of_axes(dataset, name, y, x, source)
        return _from_places(str(y.dims[0]), str(x.dims[0]), lat, lon, _signs(lat, lon, y, x))
    cells = projections.healpix_cells(dataset, name, dims, source)
    if cells is not None:
        return _scattered("", *cells)
    if latitude is not None and longitude is not None and latitude.ndim == longitude.ndim == 0:
        return _scattered("", "", np.atleast_1d(latitude.values), np.atleast_1d(longitude.values))
    raise GridError(
        f"the grid of '{name}' in {source} is not understood: dimensions"
        f" ({', '.join(dims) or 'none besides time'}) have no latitude and longitude (give them as"
        " coordinates with units degrees_north and degrees_east, or x and y with a grid_mapping)."
    )


def _spacing(values: Float64Array) -> Float64Array:
    return np.gradient(values) if len(values) > 1 else np.full(len(values), np.nan)


def _regular(latitude: xr.DataArray, longitude: xr.DataArray, source: str) -> Grid:
    """Rows of equal latitude, columns of equal longitude."""
    lat = latitude.values.astype(np.float64)
    lon = longitude.values.astype(np.float64)
    for name, values in (("latitude", lat), ("longitude", lon)):
        steps = np.diff(np.unwrap(values, period=360) if name == "longitude" else values)
        if not np.isfinite(values).all() or not ((steps > 0).all() or (steps < 0).all()):
            if name == "longitude":
                _refuse_a_cut(values, source)
            raise GridError(
                f"the {name}s of {source} neither rise nor fall throughout: sort the file by it."
            )
    if np.abs(lat).max() > 90.001:
        raise GridError(f"latitude in {source} reaches {np.abs(lat).max():g}, which is beyond 90.")
    unwrapped = np.unwrap(lon, period=360)
    d_lat, d_lon = _spacing(lat), _spacing(unwrapped)
    turn = abs(unwrapped[-1] - unwrapped[0]) + np.abs(d_lon[-1]) if len(lon) > 1 else 0.0
    cyclic = len(lon) > 2 and bool(abs(turn - 360) < 0.1 * np.abs(d_lon).max())
    d_lat = np.where(np.isnan(d_lat), np.nanmean(np.abs(d_lon)) if len(lon) > 1 else 1.0, d_lat)
    d_lon = np.where(np.isnan(d_lon), np.abs(d_lat).mean(), d_lon)
    metre_per_degree = EARTH_RADIUS_M * np.pi / 180
    dx = metre_per_degree * d_lon[None, :] * _row_cosine(lat, d_lat)[:, None]
    dy = np.broadcast_to(metre_per_degree * d_lat[:, None], dx.shape).copy()
    rows, columns = np.broadcast_arrays(lat[:, None], lon[None, :])
    return Grid(
        str(latitude.dims[0]),
        str(longitude.dims[0]),
        rows.copy(),
        columns.copy(),
        GridMetric(dx, dy, cyclic=cyclic),
        uniform=min(len(lat), len(lon)) > 1,
    )


def _refuse_a_cut(longitude: Float64Array, source: str) -> None:
    """Refuse sorted longitudes of a region whose west stands after its east.

    Raises:
        GridError: They are sorted and jump.
    """
    steps = np.diff(longitude)
    if len(steps) > 1 and ((steps > 0).all() or (steps < 0).all()):
        jump = int(np.argmax(np.abs(steps)))
        raise GridError(
            f"the longitudes of {source} jump from {longitude[jump]:g} to {longitude[jump + 1]:g}:"
            " a region across Greenwich or the date line stands in two parts; count them from -180"
            " to 180 (or from 0 to 360), and sort the file by them."
        )


def _row_cosine(lat: Float64Array, d_lat: Float64Array) -> Float64Array:
    """Cosine of latitude; in rows whose cells touch a pole the one that gives the cells' area.

    A row of cells around a pole reaches from it to half a step away: its area is that of a cap,
    R² Δλ (1 - sin φ), not zero.
    """
    equator_side = np.radians(np.abs(lat) - np.abs(d_lat) / 2)
    cap = (1 - np.sin(equator_side)) / np.radians(np.abs(d_lat))
    touches = np.abs(lat) + np.abs(d_lat) / 2 > 90 + 1e-6
    return np.where(touches, cap, np.cos(np.radians(lat)))


def distance_m(
    lat_a: Float64Array, lon_a: Float64Array, lat_b: Float64Array, lon_b: Float64Array
) -> Float64Array:
    """Great-circle distance between places given in degrees, in metres."""
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_lon = np.radians(lon_b - lon_a) / 2
    haversine = (
        np.sin((phi_b - phi_a) / 2) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin(half_lon) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(haversine, 0, 1))))


def _neighbour_distance(lat: Float64Array, lon: Float64Array, axis: int) -> Float64Array:
    """Distance to the next cell along an axis, centred inside, one-sided at the edges."""
    count = lat.shape[axis]
    if count < 2:
        return np.full(lat.shape, np.nan)
    first, last = np.arange(count - 1), np.arange(1, count)
    step = distance_m(
        lat.take(first, axis), lon.take(first, axis), lat.take(last, axis), lon.take(last, axis)
    )
    before = np.concatenate([step.take([0], axis), step], axis)
    after = np.concatenate([step, step.take([-1], axis)], axis)
    return np.asarray((before + after) / 2)


def _from_places(
    y_dim: str, x_dim: str, lat: Float64Array, lon: Float64Array, signs: tuple[float, float]
) -> Grid:
    """A grid from 2-D latitude and longitude; signs say whether rows run +y and columns +x."""
    dy = _neighbour_distance(lat, lon, 0)
    dx = _neighbour_distance(lat, lon, 1)
    finite = np.concatenate([dx[np.isfinite(dx) & (dx > 0)], dy[np.isfinite(dy) & (dy > 0)]])
    usual = float(np.median(finite)) if finite.size else 1000.0
    dy = np.where(np.isfinite(dy) & (dy > 0), dy, usual)
    dx = np.where(np.isfinite(dx) & (dx > 0), dx, usual)
    metric = GridMetric(dx * signs[1], dy * signs[0], cyclic=_closes(lat, lon, dx))
    return Grid(y_dim, x_dim, lat, lon, metric, uniform=min(lat.shape) > 1)


def _closes(lat: Float64Array, lon: Float64Array, dx: Float64Array) -> bool:
    """Whether most rows go on, past the last column, in the first, which no column repeats."""
    if lat.shape[1] < 4:
        return False
    last, before = (
        distance_m(lat[:, column], lon[:, column], lat[:, 0], lon[:, 0]) / dx[:, -1]
        for column in (-1, -2)
    )
    return bool(np.median((np.abs(last - 1) < 0.5) & (np.abs(before - 2) < 0.5)) > 0.5)


def _curvilinear(
    dataset: xr.Dataset, latitude: xr.DataArray, longitude: xr.DataArray, dims: tuple[str, ...]
) -> Grid:
    y_dim, x_dim = (dim for dim in dims if dim in latitude.dims)
    x = coordinates.axis(dataset, "X", (y_dim, x_dim))
    y = coordinates.axis(dataset, "Y", (y_dim, x_dim))
    if x is not None and y is not None and x.dims != y.dims:
        y_dim, x_dim = str(y.dims[0]), str(x.dims[0])
    lat = latitude.transpose(y_dim, x_dim).values.astype(np.float64)
    lon = longitude.transpose(y_dim, x_dim).values.astype(np.float64)
    return _from_places(y_dim, x_dim, lat, lon, _signs(lat, lon, y, x))


def _signs(
    lat: Float64Array, lon: Float64Array, y: xr.DataArray | None, x: xr.DataArray | None
) -> tuple[float, float]:
    if x is not None and y is not None:
        y_step, x_step = (float(axis[-1] - axis[0]) for axis in (y, x))
    else:
        y_step = float(np.nansum(np.diff(lat, axis=0)))
        x_step = float(np.nansum((np.diff(lon, axis=1) + 180) % 360 - 180))
    return (-1.0 if y_step < 0 else 1.0), (-1.0 if x_step < 0 else 1.0)


def _scattered(y_dim: str, x_dim: str, lat: Float64Array, lon: Float64Array) -> Grid:
    """Places that are nobody's neighbours, as one row of equal cells."""
    shape = (1, len(lat))
    return Grid(
        y_dim,
        x_dim,
        lat.astype(np.float64).reshape(shape),
        lon.astype(np.float64).reshape(shape),
        GridMetric.uniform(1000.0, shape),
        uniform=False,
    )
