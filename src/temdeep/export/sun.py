"""The sun's features as tensors: `fields/solar.py` once more, for a program that has only torch.

The path of the sun over the year is no second formula: it is a sum of few harmonics of the day of
the year, which are found from `declination_and_time_equation` itself. What is computed in single
precision there is so here, so that both agree to rounding.

Knows: torch, the sun of `fields/solar.py`. Must not know: files, series.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

from temdeep.fields.solar import (
    DAY_US,
    MEMORIES_H,
    TimeArray,
    declination_and_time_equation,
    one_column,
)
from temdeep.metric import Float64Array

YEARS = ("0001", "4001")
"""First year, and the one after the last, in which the sun's place is known."""

HARMONICS = 3
"""Of the year in its path."""

LARGEST_MISFIT = 1e-12
"""Radians that the harmonics may leave: rounding."""


class Sun(nn.Module):
    """Features of the sun over a grid, as `sun_features` gives them."""

    latitude: Tensor
    longitude: Tensor
    years_us: Tensor
    harmonics: Tensor

    def __init__(self, latitude: Float64Array, longitude: Float64Array) -> None:
        super().__init__()
        for name, degrees in (
            ("latitude", one_column(latitude)),
            ("longitude", one_column(longitude.T).T),
        ):
            radians = torch.from_numpy(np.deg2rad(degrees).copy())
            self.register_buffer(name, radians)
        years = np.arange(*YEARS, dtype="datetime64[Y]").astype("datetime64[us]").astype(np.int64)
        self.register_buffer("years_us", torch.from_numpy(years))
        self.register_buffer("harmonics", torch.from_numpy(_path_of_the_year()))

    def forward(self, times_us: Tensor) -> Tensor:
        """Features at times in microseconds since 1970, UTC.

        Args:
            times_us: Shape (time,), whole numbers.

        Returns:
            Shape (feature, time, y, x), in single precision; NaN before and after `YEARS`.
        """
        declination, time_equation = self._path(times_us)
        a = torch.sin(declination) * torch.sin(self.latitude)
        b = (torch.cos(declination) * torch.cos(self.latitude)).clamp_min(1e-12)
        sunset = torch.acos((-a / b).clamp(-1, 1))
        turned = 2 * math.pi * (times_us.remainder(DAY_US) / DAY_US)[:, None, None]
        turned = turned + self.longitude + time_equation
        hour = turned.remainder(2 * math.pi) - math.pi
        rows = [(a.float() + b.float() * torch.cos(hour).float()).clamp_min(0)]
        rows += [_memory(a, b, sunset, hour, memory) for memory in MEMORIES_H]
        rows += [torch.cos(hour), torch.sin(hour), torch.cos(2 * hour), torch.sin(2 * hour)]
        shape = (a + hour).shape
        return torch.stack([one.float().expand(shape) for one in rows])

    def _path(self, times_us: Tensor) -> tuple[Tensor, Tensor]:
        """Declination and equation of time, radians, shape (time, 1, 1) each."""
        year = torch.searchsorted(self.years_us, times_us, right=True) - 1
        days = (times_us - self.years_us[year.clamp_min(0)]) / DAY_US
        known = (year >= 0) & (days < 366)
        waves = _waves(torch.where(known, days, math.nan))
        declination, time_equation = (self.harmonics @ waves)[:, :, None, None]
        return declination, time_equation


def _memory(a: Tensor, b: Tensor, sunset: Tensor, hour: Tensor, memory_h: float) -> Tensor:
    """What remembers the sun for some hours; the formula is told in `fields/solar.py`."""
    kappa = 24 / (2 * math.pi * memory_h)
    swing = kappa * b / (1 + kappa**2)
    dusk = a + swing * (kappa * torch.cos(sunset) + torch.sin(sunset))
    dawn = a + swing * (kappa * torch.cos(sunset) - torch.sin(sunset))
    at_sunset = (dusk - dawn * torch.exp(-2 * kappa * sunset)) / -math.expm1(-2 * math.pi * kappa)
    at_sunrise = at_sunset * torch.exp(-2 * kappa * (math.pi - sunset))
    day_rest = ((at_sunrise - dawn) * torch.exp(-kappa * sunset)).float()
    night = (at_sunset * torch.exp(kappa * sunset)).float()
    decay = torch.exp(-kappa * hour).float()
    forced = (kappa * torch.cos(hour) + torch.sin(hour)).float()
    by_day = a.float() + swing.float() * forced + day_rest * decay
    by_night = night * decay * torch.where(hour < 0, math.exp(-2 * math.pi * kappa), 1.0).float()
    return torch.where(hour.abs() <= sunset, by_day, by_night)


def _path_of_the_year() -> Float64Array:
    """Harmonics of declination and equation of time, shape (2, 1 + 2 HARMONICS).

    Raises:
        ValueError: The path is no sum of so few harmonics.
    """
    days = np.arange(0, 365, 5)
    times: TimeArray = np.datetime64("2001-01-01", "us") + days * np.timedelta64(1, "D")
    waves = _waves(torch.from_numpy(days)).numpy()
    path = np.stack(declination_and_time_equation(times))
    harmonics: Float64Array = np.linalg.lstsq(waves.T, path.T)[0].T.copy()
    misfit = np.abs(harmonics @ waves - path).max()
    if misfit > LARGEST_MISFIT:
        raise ValueError(f"the sun's path differs by {misfit} radians from {HARMONICS} harmonics")
    return harmonics


def _waves(days: Tensor) -> Tensor:
    """1, and cosines and sines of the day of the year, shape (1 + 2 HARMONICS, *days)."""
    angle = days.double() * (2 * math.pi / 365.25)
    rows = [torch.ones_like(angle)]
    for harmonic in range(1, HARMONICS + 1):
        rows += [torch.cos(harmonic * angle), torch.sin(harmonic * angle)]
    return torch.stack(rows)
