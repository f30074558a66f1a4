"""Where and when the errors are: sums of squares by part of the day and by region.

The day is that of the place: local mean solar time, UTC + longitude/15°. Regions are bands of
latitude and, where the grid says which is which, land and sea; a cell may belong to several.

Knows: arrays and the grid. Must not know: files, methods.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from temdeep.fields.grids import Grid
from temdeep.metric import Float64Array

PART_H = 3
"""Length of a part of the day in hours."""

PARTS = 24 // PART_H
MOST_BANDS = 6
BAND_DEG = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0)


@dataclass(frozen=True, eq=False)
class Regions:
    """Parts of the domain.

    Attributes:
        names: In words, from south to north, then land and sea.
        inside: Whether a cell belongs to a region, 1 or 0, shape (region, y, x).
    """

    names: tuple[str, ...]
    inside: Float64Array


@dataclass(eq=False)
class StratumSums:
    """Sums over cells and times that fall into each part.

    Attributes:
        of_day: Shape (part of the day, channel).
        of_region: Shape (region, channel).
    """

    of_day: Float64Array
    of_region: Float64Array

    @classmethod
    def zeros(cls, regions: Regions, channels: int) -> "StratumSums":
        """Nothing summed yet."""
        return cls(np.zeros((PARTS, channels)), np.zeros((len(regions.names), channels)))

    def add(
        self, values: Float64Array, part_of_day: npt.NDArray[np.int64], regions: Regions
    ) -> None:
        """Sum values up.

        Args:
            values: What is summed, weighted with area, shape (time, channel, y, x).
            part_of_day: Of each cell, shape (time, y, x).
            regions: The regions of the cells.
        """
        cells = values.shape[-2] * values.shape[-1]
        over_time = values.sum(axis=0).reshape(-1, cells)
        self.of_region += regions.inside.reshape(-1, cells) @ over_time.T
        parts = part_of_day.ravel()
        for channel in range(values.shape[1]):
            weights = np.ascontiguousarray(values[:, channel]).ravel()
            self.of_day[:, channel] += np.bincount(parts, weights, minlength=PARTS)


def parts_of_day(utc_hours: Float64Array, grid: Grid) -> npt.NDArray[np.int64]:
    """Which part of its own day each cell is in.

    Args:
        utc_hours: Hours since midnight UTC, shape (time,).
        grid: Where the cells are.

    Returns:
        0 to `PARTS` - 1, shape (time, y, x).
    """
    shift = np.nan_to_num(grid.longitude) / 15.0
    hours = (utc_hours[:, None, None] + shift) % 24.0
    return (hours // PART_H).astype(np.int64) % PARTS


def part_names() -> tuple[str, ...]:
    """The parts of the day as hours of local solar time, such as 06-09."""
    return tuple(f"{part * PART_H:02d}-{(part + 1) * PART_H:02d}" for part in range(PARTS))


def cut_regions(grid: Grid) -> Regions:
    """Bands of latitude, the narrowest round width that makes six at most, and land and sea."""
    latitude = np.where(np.isfinite(grid.latitude), np.clip(grid.latitude, -89.999, 89.999), np.nan)
    for width in BAND_DEG:
        bands = np.floor(np.round(latitude / width, 6))
        found = np.unique(bands[np.isfinite(bands)])
        if len(found) == 0 or found[-1] - found[0] < MOST_BANDS:
            break
    names = [_band_name(float(band) * width, width) for band in found]
    inside = [bands == band for band in found]
    if grid.land_fraction is not None:
        land = grid.land_fraction >= 0.5
        if land.any() and not land.all():
            names += ["land", "sea"]
            inside += [land, ~land]
    if not inside:
        return Regions((), np.zeros((0, *grid.shape)))
    return Regions(tuple(names), np.stack(inside).astype(np.float64))


def _band_name(south: float, width: float) -> str:
    north = south + width
    near, far = sorted((abs(south), abs(north)))
    return f"{near:g}-{far:g}° {'N' if north > 0 else 'S'}"
