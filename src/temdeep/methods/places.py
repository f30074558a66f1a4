"""Smooth functions of place, shared by all hours, for the amplitudes of sun responses.

Knows: grids as arrays. Must not know: series, files.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from temdeep.fields.grids import Grid
from temdeep.metric import Float64Array

ROUNDING_DEG = 1e-6
"""Places this near to the region are in it."""

LARGEST_WAVENUMBER = 6
"""Of the cosines over the region: 37 functions on a grid with edges."""


@dataclass(frozen=True, eq=False)
class PlaceBasis:
    """Functions of place: first few that places all over share, then waves over the region.

    Shared: 1, the standardised sine of latitude s and s² - 1; land fraction, and it times s;
    elevation. Waves: cos(πiv) cos(πju) for i² + j² ≤ 6², with v and u from 0 to 1 across the
    region; around the globe cosines and sines of 2πju instead. They depend on latitude and
    longitude, not on rows and columns, so that a part of the grid sees the same map. Places outside
    the region are taken for the nearest inside: nothing is known there, and polynomials run away.

    Attributes:
        centre_deg: Longitude in the middle of the region.
        west_deg, width_deg: Where u is 0 and 1, relative to the centre.
        south_deg, height_deg: Where v is 0 and 1.
        cyclic: Whether the region goes around the globe.
        sine: Mean and standard deviation of the sine of latitude.
        land: The same of land fraction, None where it is not known or the same everywhere.
        elevation: The same of elevation.
    """

    centre_deg: float
    west_deg: float
    width_deg: float
    south_deg: float
    height_deg: float
    cyclic: bool
    sine: tuple[float, float]
    land: tuple[float, float] | None
    elevation: tuple[float, float] | None

    @classmethod
    def of(cls, grid: Grid) -> Self:
        """The basis for a grid."""
        angle = np.exp(1j * np.deg2rad(grid.longitude))
        centre = 180.0 if grid.metric.cyclic else float(np.rad2deg(np.angle(angle.mean())))
        east = _relative(grid.longitude, centre)
        south, north = float(grid.latitude.min()), float(grid.latitude.max())
        return cls(
            centre_deg=centre,
            west_deg=-180.0 if grid.metric.cyclic else float(east.min()),
            width_deg=360.0 if grid.metric.cyclic else max(float(np.ptp(east)), 1e-3),
            south_deg=south,
            height_deg=max(north - south, 1e-3),
            cyclic=grid.metric.cyclic,
            sine=_moments(np.sin(np.deg2rad(grid.latitude))) or (0.0, 1.0),
            land=_moments(grid.land_fraction),
            elevation=_moments(grid.elevation_m),
        )

    @property
    def shared(self) -> int:
        """How many functions come before the waves."""
        return 3 + 2 * (self.land is not None) + (self.elevation is not None)

    @property
    def roughness(self) -> Float64Array:
        """Weight of each function in the ridge: larger for finer maps."""
        shared = [0.0, 1.0, 2.0]
        if self.land is not None:
            shared += [0.0, 1.0]
        if self.elevation is not None:
            shared += [1.0]
        waves = [3 * np.hypot(i, j) for i, j, _ in self._waves()]
        return 1 + np.array(shared + waves)

    def at(
        self,
        latitude: Float64Array,
        longitude: Float64Array,
        land: Float64Array | None,
        elevation_m: Float64Array | None,
    ) -> Float64Array:
        """All functions at places.

        Args:
            latitude: Degrees north, any shape.
            longitude: Degrees east, likewise.
            land: Land fraction, likewise, needed where the basis knows it.
            elevation_m: Elevation, likewise.

        Returns:
            Shape (function, *place).
        """
        latitude = self.latitude_inside(latitude)
        s = _standardise(np.sin(np.deg2rad(latitude)), self.sine)
        rows = [np.ones_like(s), s, s**2 - 1]
        if self.land is not None:
            ground = np.zeros_like(s) if land is None else _standardise(land, self.land)
            rows += [ground, ground * s]
        if self.elevation is not None:
            height = elevation_m
            rows += [np.zeros_like(s) if height is None else _standardise(height, self.elevation)]
        v = (latitude - self.south_deg) / self.height_deg
        east = _relative(longitude, self.centre_deg) - self.west_deg
        u = (east - self.beyond_deg(longitude)) / self.width_deg
        for i, j, wave in self._waves():
            rows.append(2 * np.cos(np.pi * i * v) * wave(np.pi * j * u))
        return np.stack(rows)

    def latitude_inside(self, latitude: Float64Array) -> Float64Array:
        """The nearest latitude inside the region, any shape."""
        south, north = self.south_deg, self.south_deg + self.height_deg
        inside: Float64Array = np.clip(latitude, south - ROUNDING_DEG, north + ROUNDING_DEG)
        return inside

    def beyond_deg(self, longitude: Float64Array) -> Float64Array:
        """How far east of the region, negative if west, a longitude is; 0 inside, any shape."""
        if self.cyclic:
            return np.zeros_like(longitude)
        east = _relative(longitude, self.centre_deg) - self.west_deg
        over = np.maximum(east - self.width_deg - ROUNDING_DEG, 0)
        beyond: Float64Array = over + np.minimum(east + ROUNDING_DEG, 0)
        return beyond

    def _waves(self) -> list[tuple[int, int, np.ufunc]]:
        largest = LARGEST_WAVENUMBER
        pairs = [
            (i, j)
            for i in range(largest + 1)
            for j in range(largest + 1)
            if 0 < i * i + j * j <= largest**2
        ]
        if not self.cyclic:
            return [(i, j, np.cos) for i, j in pairs]
        even = [(i, j) for i, j in pairs if j % 2 == 0]
        return [(i, j, np.cos) for i, j in even] + [(i, j, np.sin) for i, j in even if j > 0]


def _relative(longitude: Float64Array, centre_deg: float) -> Float64Array:
    """Degrees east of the centre, in [-180, 180)."""
    return np.mod(longitude - centre_deg + 180, 360) - 180


def _moments(values: Float64Array | None) -> tuple[float, float] | None:
    """Mean and standard deviation, None where there is nothing to tell places apart."""
    if values is None or not np.isfinite(values).all() or np.ptp(values) == 0:
        return None
    return float(values.mean()), float(values.std())


def _standardise(values: Float64Array, moments: tuple[float, float]) -> Float64Array:
    standard: Float64Array = (values - moments[0]) / moments[1]
    return standard
