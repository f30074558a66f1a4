"""The mean of each hour of the day that a coarse series samples, as smooth maps.

What is left of the day's cycle beside the sun's part would teach a network the hours of the series,
which are others inside an interval. Taken out, it learns weather.

Knows: arrays, functions of place. Must not know: files, torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from temdeep.fields.grids import Grid
from temdeep.fields.solar import DAY_US, TimeArray
from temdeep.methods.places import PlaceBasis
from temdeep.metric import Float32Array, Float64Array

FEWEST_DAYS = 6
"""Days on which an hour must have been sampled for its mean to be trusted."""

RIDGE = 0.01
"""Of the least squares fit of the maps, times the functions' roughness."""


class Fields(Protocol):
    """Fields at successive times, as an array has them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all, (time, channel, y, x)."""

    def __getitem__(self, time: int, /) -> Any:
        """Those at a time."""


@dataclass(frozen=True, eq=False)
class HourMeans:
    """Mean departure of each sampled hour from the mean of all hours.

    Attributes:
        basis: Functions of place.
        hours_us: Microseconds since midnight UTC, ascending, shape (hour,).
        maps: Coefficients of the functions of place, shape (hour, channel, function).
    """

    basis: PlaceBasis
    hours_us: np.ndarray
    maps: Float64Array

    @classmethod
    def of(
        cls,
        fields: Fields,
        times: TimeArray,
        basis: PlaceBasis,
        grid: Grid,
        without: Sequence[int] = (),
    ) -> Self:
        """Measure a series.

        Args:
            fields: Shape (time or more, channel, y, x), NaN where missing; read time by time.
            times: UTC, shape (time,).
            basis: Functions of place.
            grid: The grid.
            without: Channels of which nothing is taken.
        """
        hours, place = np.unique(_since_midnight(times), return_inverse=True)
        counts = np.bincount(place)
        channels = fields.shape[1]
        functions = basis.at(grid.latitude, grid.longitude, grid.land_fraction, grid.elevation_m)
        flat = functions.reshape(len(functions), -1)
        if len(hours) < 2 or counts.min() < FEWEST_DAYS:
            return cls(basis, hours[:0], np.zeros((0, channels, len(flat))))
        means = _means(fields, place, without)
        departures = (means - means.mean(axis=0)).reshape(len(hours), channels, -1)
        maps = np.zeros((len(hours), channels, len(flat)))
        for channel in range(channels):
            known = np.isfinite(departures[:, channel]).all(axis=0)
            own = flat[:, known]
            system = own @ own.T / max(known.sum(), 1) + RIDGE * np.diag(basis.roughness)
            wanted = own @ departures[:, channel, known].T / max(known.sum(), 1)
            maps[:, channel] = np.linalg.solve(system, wanted).T
        return cls(basis, hours, maps)

    @classmethod
    def without_any(cls, basis: PlaceBasis, channels: int) -> Self:
        """No departures at any hour, of so many channels."""
        return cls(basis, np.zeros(0, np.int64), np.zeros((0, channels, len(basis.roughness))))

    def nothing(self) -> Self:
        """The same without any departures."""
        return type(self)(self.basis, self.hours_us[:0], self.maps[:0])

    def knows(self, times: TimeArray) -> bool:
        """Whether all of some times are at hours that were sampled."""
        return bool(len(self.hours_us)) and bool(
            np.isin(_since_midnight(times), self.hours_us).all()
        )

    def at(self, times: TimeArray, grid: Grid) -> Float32Array:
        """Departures at some times; all 0 if any of them is at an hour that was not sampled.

        Args:
            times: UTC, shape (time,).
            grid: Any grid.

        Returns:
            Shape (time, channel, y, x).
        """
        channels = self.maps.shape[1]
        departures = np.zeros((len(times), channels, *grid.shape), np.float32)
        if self.knows(times):
            hours = np.searchsorted(self.hours_us, _since_midnight(times))
            departures[:] = self.on_grid(grid)[hours]
        return departures

    def on_grid(self, grid: Grid) -> Float32Array:
        """Departures at the sampled hours on any grid, shape (hour, channel, y, x)."""
        functions = self.basis.at(
            grid.latitude, grid.longitude, grid.land_fraction, grid.elevation_m
        )
        on_grid: Float32Array = np.tensordot(self.maps, functions, axes=1).astype(np.float32)
        return on_grid


def _means(fields: Fields, place: np.ndarray, without: Sequence[int]) -> Float64Array:
    """Mean over the times at each place in a table of what is known, NaN where nothing is."""
    total = np.zeros((place.max() + 1, *fields.shape[1:]))
    count = np.zeros(total.shape, np.int64)
    for i, row in enumerate(place):
        field = np.asarray(fields[i]).copy()
        field[list(without)] = 0
        known = np.isfinite(field)
        total[row] += np.where(known, field, 0)
        count[row] += known
    means: Float64Array = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return means


def _since_midnight(times: TimeArray) -> np.ndarray:
    """Microseconds since midnight UTC."""
    whole: np.ndarray = times.astype("datetime64[us]").astype(np.int64) % DAY_US
    return whole
