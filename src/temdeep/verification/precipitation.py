"""What squared errors do not say about rain: whether it is wet where and when it should be.

Averaging spreads rain into drizzle: the RMSE falls while the wet area grows. Hence the area that is
wet, and the critical success index, both at one threshold.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from temdeep.fields.natures import is_precipitation
from temdeep.fields.variables import Channel, Kind
from temdeep.metric import Float64Array, FloatArray

WET_MM_PER_H = 0.1
_MM_PER_UNIT = {
    "kg m-2": 1.0,
    "kg m**-2": 1.0,
    "mm": 1.0,
    "m": 1000.0,
    "m of water equivalent": 1000.0,
}
_SECONDS = {"s-1": 1.0, "s**-1": 1.0, "h-1": 3600.0, "hr-1": 3600.0, "day-1": 86_400.0}


def mm_per_hour(channel: Channel) -> float | None:
    """Factor from a precipitation channel's rate to mm per hour.

    Args:
        channel: A channel; sums count as rates in their unit per second.

    Returns:
        The factor, or None if it is no precipitation or its unit is not known.
    """
    if not is_precipitation(channel.variable, channel.standard_name):
        return None
    if channel.kind is Kind.SUM:
        amount = _MM_PER_UNIT.get(channel.units)
        return None if amount is None else amount * 3600.0
    unit = channel.units.replace("/s", " s-1").replace("/h", " h-1")
    amount_unit, _, per = unit.rpartition(" ")
    if amount_unit in _MM_PER_UNIT and per in _SECONDS:
        return _MM_PER_UNIT[amount_unit] * 3600.0 / _SECONDS[per]
    return None


@dataclass(frozen=True, eq=False)
class WetSums:
    """Areas, as sums of cell weights, of any shape; they add up.

    Attributes:
        both: Wet in the truth and in the filled field.
        filled: Wet in the filled field.
        truth: Wet in the truth.
    """

    both: Float64Array
    filled: Float64Array
    truth: Float64Array

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> Self:
        """Nothing counted yet."""
        return cls(*(np.zeros(shape) for _ in fields(cls)))

    def total(self, axis: int) -> Self:
        """Sums over a whole axis."""
        return type(self)(*(getattr(self, each.name).sum(axis=axis) for each in fields(self)))

    def accumulate(self, part: Self) -> None:
        """Add a piece, in place."""
        for each in fields(self):
            getattr(self, each.name)[...] += getattr(part, each.name)

    @property
    def area_ratio(self) -> Float64Array:
        """Wet area over the truth's: 1 is right, more is drizzle; NaN if the truth is dry."""
        return _ratio(self.filled, self.truth)

    @property
    def critical_success_index(self) -> Float64Array:
        """Hits / (hits + misses + false alarms), from 0 to 1; NaN where all is dry."""
        return _ratio(self.both, self.filled + self.truth - self.both)


def wet_sums(
    filled: FloatArray,
    truth: FloatArray,
    weights: Float64Array,
    *,
    scored: npt.NDArray[np.bool_],
    threshold: FloatArray | float = WET_MM_PER_H,
) -> WetSums:
    """Add up wet areas.

    Args:
        filled: Rates, shape (..., y, x).
        truth: Rates in the same unit.
        weights: Cell areas over their mean, shape (y, x).
        scored: Cells that count, shape (..., y, x).
        threshold: At and above it a cell is wet, in the rates' unit.
    """
    wet_filled, wet_truth = (filled >= threshold) & scored, (truth >= threshold) & scored
    return WetSums(
        both=(weights * (wet_filled & wet_truth)).sum(axis=(-2, -1)),
        filled=(weights * wet_filled).sum(axis=(-2, -1)),
        truth=(weights * wet_truth).sum(axis=(-2, -1)),
    )


def _ratio(top: Float64Array, bottom: Float64Array) -> Float64Array:
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)
