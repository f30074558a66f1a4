"""Where the cells of a grid lie on a map, and which cell lies under a place.

Every kind of grid, also one of stations or triangles, is drawn on a lattice of longitude and
latitude, each point of which shows the cell it lies in. The lattice is no finer than a screen:
a field of any size costs the same to draw.

Knows: grids, SciPy's search tree. Must not know: web pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.spatial import cKDTree

from temdeep.fields.grids import EARTH_RADIUS_M, Grid
from temdeep.fields.time_axis import Int64Array
from temdeep.metric import Float32Array, Float64Array, FloatArray

NO_CELL = -1
MOST_COLUMNS, MOST_ROWS = 1_000, 600
SCATTERED_ROWS = 240
"""Rows of the lattice for cells that are in no rows of equal latitude."""


class Places(Protocol):
    """The cells of a grid on a map."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Western, eastern, southern and northern edge in degrees."""

    @property
    def lattice(self) -> tuple[int, int]:
        """Rows and columns that show all cells, as far as a screen can."""

    def cells_at(self, longitude: Float64Array, latitude: Float64Array) -> Int64Array:
        """Index of the cell at places of one shape, counted row by row; -1 where there is none."""


@dataclass(frozen=True, eq=False)
class Raster:
    """A lattice that fields are drawn on, rows from south to north.

    Attributes:
        places: Where the cells are.
        cells: Index of the cell at each point, -1 where there is none, shape (row, column).
    """

    places: Places
    cells: Int64Array

    def show(self, field: FloatArray) -> Float32Array:
        """A field of shape (y, x) on the lattice, NaN where there is no cell."""
        flat = np.append(field.ravel(), np.nan).astype(np.float32)
        return flat[self.cells]

    def cell_at(self, longitude: float, latitude: float) -> int:
        """The cell at a place, whatever the convention of its longitude; -1 if there is none."""
        found = self.places.cells_at(np.array([self.on_map(longitude)]), np.array([latitude]))
        return int(found[0])

    @property
    def step(self) -> float:
        """Height of a point of the lattice in degrees, rounded: about a cell."""
        south, north = self.places.box[2:]
        return float(f"{(north - south) / len(self.cells):.2g}")

    def on_map(self, longitude: float) -> float:
        """A longitude in the convention of the map."""
        west = self.places.box[0]
        return west + (longitude - west) % 360.0


def raster_of(grid: Grid) -> Raster:
    """Lay the lattice for a grid."""
    places = places_of_grid(grid)
    west, east, south, north = places.box
    rows, columns = places.lattice
    longitude = west + (np.arange(columns) + 0.5) * (east - west) / columns
    latitude = south + (np.arange(rows) + 0.5) * (north - south) / rows
    return Raster(places, places.cells_at(*np.meshgrid(longitude, latitude)))


def places_of_grid(grid: Grid) -> Places:
    """Rows of equal latitude and columns of equal longitude, or cells that lie anyhow."""
    longitude = np.unwrap(grid.longitude, period=360.0, axis=1)
    same = (longitude == longitude[:1]).all() and (grid.latitude == grid.latitude[:, :1]).all()
    return _Rows(grid.latitude[:, 0], longitude[0]) if same else _Anyhow(grid)


class _Rows:
    """Rows and columns: a cell reaches half-way to its neighbours."""

    def __init__(self, latitude: Float64Array, longitude: Float64Array) -> None:
        usual = float(np.abs(np.diff(latitude)).mean()) if len(latitude) > 1 else 0.0
        wide = float(np.abs(np.diff(longitude)).mean()) if len(longitude) > 1 else 0.0
        self._longitude = _Axis(longitude, wide or usual or 1.0)
        self._latitude = _Axis(latitude, usual or wide or 1.0)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """See `Places.box`."""
        west, east = self._longitude.edges[[0, -1]]
        south, north = np.clip(self._latitude.edges[[0, -1]], -90.0, 90.0)
        return float(west), float(east), float(south), float(north)

    @property
    def lattice(self) -> tuple[int, int]:
        """See `Places.lattice`."""
        return self._latitude.points(MOST_ROWS), self._longitude.points(MOST_COLUMNS)

    def cells_at(self, longitude: Float64Array, latitude: Float64Array) -> Int64Array:
        """See `Places.cells_at`."""
        row, column = self._latitude.index(latitude), self._longitude.index(longitude)
        cells = row * len(self._longitude) + column
        return np.where((row == NO_CELL) | (column == NO_CELL), NO_CELL, cells)


class _Axis:
    """Centres of cells along one direction, rising or falling, and the edges between them."""

    def __init__(self, centres: Float64Array, usual: float) -> None:
        self._falling = len(centres) > 1 and centres[-1] < centres[0]
        rising = centres[::-1] if self._falling else centres
        between = (rising[1:] + rising[:-1]) / 2
        reach = np.diff(rising)[[0, -1]] / 2 if len(rising) > 1 else np.full(2, usual / 2)
        ends = rising[0] - reach[0], rising[-1] + reach[1]
        self.edges = np.concatenate([[ends[0]], between, [ends[1]]])
        even = np.linspace(rising[0], rising[-1], len(rising))
        self._even = bool(np.abs(rising - even).max() <= 0.1 * usual)

    def __len__(self) -> int:
        return len(self.edges) - 1

    def points(self, most: int) -> int:
        """How many points of a lattice show all cells, at most so many."""
        return min(len(self) if self._even else 4 * len(self), most)

    def index(self, places: Float64Array) -> Int64Array:
        """The cell that each place lies in; -1 outside."""
        found = np.searchsorted(self.edges, places, side="right") - 1
        inside = (found >= 0) & (found < len(self))
        return np.where(inside, len(self) - 1 - found if self._falling else found, NO_CELL)


class _Anyhow:
    """Cells on a sphere, found by the shortest distance, within their size."""

    def __init__(self, grid: Grid) -> None:
        known = np.isfinite(grid.latitude) & np.isfinite(grid.longitude)
        self._index = np.flatnonzero(known)
        latitude, longitude = grid.latitude[known], grid.longitude[known]
        points = _on_sphere(longitude, latitude)
        self._tree = cKDTree(points)
        if grid.uniform:
            size_m = np.hypot(grid.metric.dx_m, grid.metric.dy_m)[known]
            self._reach = 0.55 * size_m / EARTH_RADIUS_M
        else:
            apart = self._tree.query(points, k=[2])[0] if len(points) > 1 else np.full(1, 0.01)
            self._reach = np.full(len(points), 1.2 * float(np.median(apart)) or 0.01)
        centre = _centre(points)
        self._longitude = centre + (longitude - centre + 180.0) % 360.0 - 180.0
        margin = float(np.degrees(np.median(self._reach)))
        wide = margin / max(float(np.cos(np.radians(latitude.mean()))), 0.1)
        west, east = self._longitude.min() - wide, self._longitude.max() + wide
        if east - west > 360.0:
            west, east = centre - 180.0, centre + 180.0
        south, north = max(latitude.min() - margin, -90.0), min(latitude.max() + margin, 90.0)
        self._box = (float(west), float(east), float(south), float(north))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """See `Places.box`."""
        return self._box

    @property
    def lattice(self) -> tuple[int, int]:
        """See `Places.lattice`."""
        west, east, south, north = self._box
        squeeze = max(float(np.cos(np.radians((south + north) / 2))), 0.2)
        columns = int(SCATTERED_ROWS * (east - west) * squeeze / (north - south))
        return SCATTERED_ROWS, int(np.clip(columns, 60, MOST_COLUMNS))

    def cells_at(self, longitude: Float64Array, latitude: Float64Array) -> Int64Array:
        """See `Places.cells_at`."""
        distance, found = self._tree.query(_on_sphere(longitude, latitude))
        return np.where(distance <= self._reach[found], self._index[found], NO_CELL)


def _on_sphere(longitude: Float64Array, latitude: Float64Array) -> Float64Array:
    """Unit vectors, shape (..., 3): their distance is an angle, where it is small."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    parts = np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)
    return np.stack(parts, axis=-1)


def _centre(points: Float64Array) -> float:
    """Longitude of the middle of places; 0 where they go all around."""
    east, north, _ = points.mean(axis=0)
    return float(np.degrees(np.arctan2(north, east))) if np.hypot(east, north) > 0.05 else 0.0
