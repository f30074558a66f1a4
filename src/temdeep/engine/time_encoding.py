"""How output times are stored: as the input's, or in a finer unit where that is too coarse.

Knows: CF time units, cftime. Must not know: fields, methods, files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import cftime
import numpy as np
import numpy.typing as npt

from temdeep.fields.time_axis import GREGORIAN, TimeAxis

Int64Array = npt.NDArray[np.int64]

UNITS_US = {
    "days": 86_400_000_000,
    "hours": 3_600_000_000,
    "minutes": 60_000_000,
    "seconds": 1_000_000,
    "milliseconds": 1_000,
    "microseconds": 1,
}
_ALIASES = {
    "d": "days",
    "h": "hours",
    "hr": "hours",
    "hrs": "hours",
    "min": "minutes",
    "mins": "minutes",
    "s": "seconds",
    "sec": "seconds",
    "secs": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
}
_FRACTION_BITS = 20
"""Binary places after the point that a float64 time of any usual unit has to spare."""


def time_encoding(
    encoding: Mapping[str, Any], axis: TimeAxis, offsets_us: Int64Array
) -> tuple[dict[str, Any], str]:
    """Choose how to store times so that each is exact.

    Args:
        encoding: The input's, as xarray keeps it: `units`, `calendar`, `dtype`.
        axis: The input's time axis.
        offsets_us: All times and bounds to be written, microseconds since the first input time.

    Returns:
        `units`, `calendar` and `dtype`, and a sentence if they are not the input's, else nothing.
    """
    calendar = axis.calendar
    if axis.values.dtype.kind == "M" and calendar not in GREGORIAN:
        calendar = "proleptic_gregorian"  # the input was converted since it was read
    units, dtype = str(encoding.get("units", "")), np.dtype(encoding.get("dtype") or np.int64)
    word, _, reference = units.partition(" since ")
    unit = _unit(word)
    if not reference or not unit or dtype.kind not in "iuf":
        return _fresh(calendar, axis, offsets_us), ""
    since_us = offsets_us + _first_since_us(units, calendar, axis)
    kept = {"units": units, "calendar": calendar, "dtype": dtype}
    if _exact(since_us, UNITS_US[unit], dtype):
        return kept, ""
    given_us = axis.offset_us + _first_since_us(units, calendar, axis)
    if dtype.kind == "f" and (axis.note or not _exact(given_us, UNITS_US[unit], dtype)):
        return kept, ""  # the input's own stamps are no more exact than that
    finer = _finest_needed(since_us, UNITS_US[unit])
    wide = np.dtype(np.float64 if dtype.kind == "f" else np.int64)
    chosen = {"units": f"{finer} since {reference}", "calendar": calendar, "dtype": wide}
    before, now = f"{unit} ({dtype})", f"{finer} ({wide})"
    return chosen, f"time is stored in {now} instead of {before}, which cannot hold the new times."


def duration_encoding(units: str, durations: npt.NDArray[np.timedelta64]) -> dict[str, Any]:
    """Choose how to store durations, such as lead times, as whole numbers.

    Args:
        units: The input's, which are kept where they are fine enough.
        durations: What is to be written.

    Returns:
        `units` and `dtype`.
    """
    micros = durations.astype("timedelta64[us]").astype(np.int64)
    unit = _finest_needed(micros, UNITS_US[_unit(units) or "hours"])
    return {"units": unit, "dtype": np.dtype(np.int64)}


def _unit(word: str) -> str:
    plain = word.strip().lower()
    plain = _ALIASES.get(plain, plain)
    plain = plain if plain.endswith("s") else f"{plain}s"
    return plain if plain in UNITS_US else ""


def _fresh(calendar: str, axis: TimeAxis, offsets_us: Int64Array) -> dict[str, Any]:
    """Whole units since the first day, for input that came without an encoding."""
    day = str(axis.at(0).astype("datetime64[D]")) if axis.values.dtype.kind == "M" else ""
    day = day or axis.at(0).strftime("%Y-%m-%d")
    since_us = offsets_us + _first_since_us(f"hours since {day}", calendar, axis)
    unit = _finest_needed(since_us, UNITS_US["hours"])
    return {"units": f"{unit} since {day}", "calendar": calendar, "dtype": np.dtype(np.int64)}


def _first_since_us(units: str, calendar: str, axis: TimeAxis) -> int:
    """Microseconds from the reference time of CF units to the first time of an axis."""
    zero = cftime.num2date(0, units, calendar, only_use_cftime_datetimes=True)
    first = axis.at(0)
    if isinstance(first, np.datetime64):
        moment = first.astype("datetime64[us]").item()
        parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        same = "standard" if calendar in GREGORIAN[:2] else calendar
        first = cftime.datetime(*parts, moment.microsecond, calendar=same)
    difference: timedelta = first - zero
    return difference // timedelta(microseconds=1)


def _exact(since_us: Int64Array, unit_us: int, dtype: np.dtype[Any]) -> bool:
    """Whether numbers of a type hold all times in a unit without rounding."""
    whole, rest = np.divmod(since_us, unit_us)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return bool((rest == 0).all() and limits.min <= whole.min() and whole.max() <= limits.max)
    denominator = unit_us // np.gcd(rest, unit_us)
    fits = 2**_FRACTION_BITS % denominator == 0
    value = whole + rest / unit_us
    return bool(fits.all() and (value.astype(dtype) == value).all())


def _finest_needed(since_us: Int64Array, coarsest_us: int) -> str:
    """The coarsest unit, no coarser than one, of which all times are whole numbers."""
    for unit, length_us in UNITS_US.items():
        if length_us <= coarsest_us and (since_us % length_us == 0).all():
            return unit
    return "microseconds"
