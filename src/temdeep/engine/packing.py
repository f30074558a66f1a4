"""How values are stored: packed integers, fill values, and rounding that keeps totals.

Knows: NumPy. Must not know: xarray, files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from temdeep.metric import Float64Array

Values = npt.NDArray[Any]


class TooNarrowError(Exception):
    """Values that a storage cannot hold; never reaches the user, the storage is widened."""


class UnfitError(TooNarrowError):
    """Given values that are not whole numbers in this packing: another one was theirs."""


@dataclass(frozen=True)
class Storage:
    """How one variable's values become stored numbers: raw = (value - offset) / scale.

    Attributes:
        dtype: Type of the stored numbers.
        scale: CF `scale_factor`, 1 if none.
        offset: CF `add_offset`, 0 if none.
        fill: The stored number for missing, None if there is none.
        missing: Another stored number that reads as missing (CF `missing_value`), None if none.
        said: Which of `scale_factor` and `add_offset` the input names, even where they do nothing.
    """

    dtype: np.dtype[Any]
    scale: float = 1.0
    offset: float = 0.0
    fill: float | int | None = None
    missing: float | int | None = None
    said: frozenset[str] = frozenset()

    @classmethod
    def from_encoding(cls, encoding: Mapping[str, Any], dtype: np.dtype[Any]) -> Self:
        """Read the storage of an opened variable.

        Args:
            encoding: As xarray keeps it.
            dtype: Type of the values in memory, for variables that come from no file.
        """
        stored = np.dtype(encoding.get("dtype") or dtype).newbyteorder("=")
        fill = encoding.get("_FillValue", encoding.get("missing_value"))
        if fill is not None:
            fill = np.asarray(fill).ravel()[0]
        if encoding.get("_Unsigned") == "true" and stored.kind == "i":
            stored = np.dtype(f"u{stored.itemsize}")
            fill = None if fill is None else np.asarray(fill, stored.str.replace("u", "i"))
            fill = None if fill is None else fill.view(stored)
        if fill is not None:
            fill = stored.type(fill).item()
        if fill is None and stored.kind == "f":
            fill = float("nan")
        scale = float(np.asarray(encoding.get("scale_factor", 1.0)).ravel()[0])
        offset = float(np.asarray(encoding.get("add_offset", 0.0)).ravel()[0])
        missing = encoding.get("missing_value")
        if missing is not None:
            missing = np.asarray(missing).ravel()[0].astype(stored).item()
        said = frozenset({"scale_factor", "add_offset"} & set(encoding))
        return cls(stored, scale, offset, fill, missing, said)

    def packing(self) -> dict[str, float]:
        """CF attributes of the packing: what the input names, and what is needed."""
        needed = {"scale_factor": self.scale != 1.0, "add_offset": self.offset != 0.0}
        values = {"scale_factor": self.scale, "add_offset": self.offset}
        return {key: values[key] for key in values if needed[key] or key in self.said}

    @property
    def is_integer(self) -> bool:
        """Whether values are rounded to whole stored numbers."""
        return self.dtype.kind in "iu"

    def widened(self) -> Storage:
        """The next wider storage: 32-bit integers of the same scale, then plain float64."""
        if self.is_integer and self.dtype.itemsize < 4:
            return replace(self, dtype=np.dtype(np.int32), fill=-(2**31) + 1, missing=None)
        return PLAIN

    def check_fit(self, given: Values) -> None:
        """Make sure that given values are stored as they are, not rounded.

        Raises:
            UnfitError: They are no whole numbers in units of the scale, beyond what decoding to
                their own type rounds.
        """
        if not self.is_integer or given.dtype.kind != "f":
            return
        scaled = (given.astype(np.float64) - self.offset) / self.scale
        finite = np.where(np.isfinite(scaled), scaled, 0.0)
        largest = max(float(np.nanmax(np.abs(given), initial=0.0)), abs(self.offset))
        rounding = 8 * float(np.finfo(given.dtype).eps) * largest / abs(self.scale) + 1e-6
        if rounding < 0.2 and np.abs(finite - np.rint(finite)).max(initial=0.0) > rounding:
            raise UnfitError

    def encode(self, values: Values) -> Values:
        """Turn values, NaN where missing, into stored numbers of the same shape.

        Raises:
            TooNarrowError: A value lies outside the range, or is missing and nothing says so.
        """
        scaled = values
        if self.scale != 1.0 or self.offset != 0.0 or self.is_integer:
            scaled = (values.astype(np.float64) - self.offset) / self.scale
        if self.is_integer:
            return self.round(scaled)
        return self._fill_in(scaled.astype(self.dtype, copy=False), np.isnan(values))

    def round(self, scaled: Values) -> Values:
        """Round numbers in units of the scale to stored integers, NaN to the fill value.

        Raises:
            TooNarrowError: As `encode`.
        """
        missing = np.isnan(scaled)
        whole = np.rint(np.where(missing, 0.0, scaled))
        limits = np.iinfo(self.dtype)
        outside = (whole < limits.min) | (whole > limits.max)
        for reserved in (self.fill, self.missing):
            if reserved is not None:
                outside |= ~missing & (whole == reserved)
        if outside.any():
            raise TooNarrowError
        return self._fill_in(whole.astype(self.dtype), missing)

    def _fill_in(self, raw: Values, missing: Values) -> Values:
        if not missing.any():
            return raw
        if self.fill is None:
            raise TooNarrowError
        return np.where(missing, self.dtype.type(self.fill), raw)

    def convert(self, raw: Values, source: Storage) -> Values:
        """Turn numbers stored as in `source` into this wider storage."""
        missing = np.zeros(raw.shape, dtype=bool)
        if source.fill is not None:
            missing = np.isnan(raw) if source.fill != source.fill else raw == source.fill
        if self.scale == source.scale and self.offset == source.offset:
            return self._fill_in(raw.astype(self.dtype), missing)
        return self._fill_in((raw * source.scale + source.offset).astype(self.dtype), missing)


PLAIN = Storage(np.dtype(np.float64), fill=float("nan"))
"""Numbers as they are."""


def ladder(storage: Storage) -> tuple[Storage, ...]:
    """A storage, and ever wider ones for what it cannot hold."""
    wider = storage.widened()
    return (storage, PLAIN) if wider is PLAIN else (storage, wider, PLAIN)


class RunningTotal:
    """Rounds period values so that stored totals of the input's periods are the true ones.

    What rounding takes from one output period is given to the next: the stored running total never
    differs from the true one by more than half of the last unit. Nothing is given to a period whose
    value is zero, and nothing that makes a value of zero or more negative. Debts are forgotten
    where an input period begins, and where output periods do not follow each other.
    """

    def __init__(self, begins_us: Iterable[int]) -> None:
        """Begin without debts.

        Args:
            begins_us: Begins of the input's periods.
        """
        self._begins_us = frozenset(begins_us)
        self._owed: Float64Array | None = None
        self._end_us: int | None = None

    def round(self, storage: Storage, value: Values, period_us: Values, weight: float) -> Values:
        """Store one period's values.

        Args:
            storage: An integer storage.
            value: Values of the period, any shape, always the same.
            period_us: Its begin and end.
            weight: What a unit counts in the total: 1 for sums, the period's length for means.

        Raises:
            TooNarrowError: As `Storage.encode`; the debts are as before the call.
        """
        scaled = (value.astype(np.float64) - storage.offset) / storage.scale
        owed = self._owed
        begin = int(period_us[0])
        if owed is None or self._end_us != begin or begin in self._begins_us:
            owed = np.zeros(value.shape)
        wanted = scaled + np.where(value == 0, 0.0, owed / weight)
        wanted = np.where((value >= 0) & (wanted < 0) & (storage.offset == 0), 0.0, wanted)
        raw = storage.round(wanted)
        rest = (scaled - np.rint(wanted)) * weight
        self._owed = np.where(np.isnan(rest), 0.0, owed + rest)
        self._end_us = int(period_us[1])
        return raw
