"""What a user asks for, as exact numbers: durations, and times from arguments or a file.

Knows: text, NetCDF files of times. Must not know: fields, methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import cftime
import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from temdeep.errors import RequestError, TimeAxisError
from temdeep.fields.time_axis import TimeAxis, parse_duration

Duration = str | timedelta | np.timedelta64
Times = Sequence[object] | npt.NDArray[Any] | pd.DatetimeIndex | xr.DataArray
NETCDF_SUFFIXES = (".nc", ".nc4", ".cdf")


def duration_us(duration: Duration, what: str) -> int:
    """Whole microseconds of a duration.

    Args:
        duration: Text such as `15min`, or a time difference.
        what: What it is for, in messages.

    Raises:
        RequestError: It is not a positive duration.
    """
    if isinstance(duration, str):
        try:
            return parse_duration(duration)
        except RequestError as error:
            raise RequestError(f"{what}: {error}") from error
    if isinstance(duration, np.timedelta64):
        if np.isnat(duration) or np.datetime_data(duration.dtype)[0] in ("Y", "M", "generic"):
            raise RequestError(f"{what}: {duration!r} has no one length: say it as 15min or 3h.")
        micros = int(duration / np.timedelta64(1, "us"))
    elif isinstance(duration, timedelta):
        micros = duration // timedelta(microseconds=1)
    else:
        raise RequestError(
            f"{what}: {duration!r} is not a duration: write it as text such as 15min or 3h."
        )
    if micros <= 0:
        raise RequestError(f"{what}: {duration} is not a positive duration.")
    return micros


def listed(times: Times) -> list[Any]:
    """Times as a list, of one where a single one is given.

    Raises:
        RequestError: Neither times nor one.
    """
    if isinstance(times, xr.DataArray):
        times = times.values
    if isinstance(times, np.ndarray):
        return list(np.atleast_1d(times).ravel())
    if isinstance(times, str | np.datetime64 | date | cftime.datetime):
        return [times]
    try:
        return list(times)
    except TypeError:
        raise RequestError(
            f"{times!r} are no times: write them as text such as 2019-03-05T07:20, or give"
            " datetimes."
        ) from None


def offsets_of(axis: TimeAxis, times: Times, places: Sequence[str] = ()) -> npt.NDArray[np.int64]:
    """Times as microseconds since the first time of an axis, ascending.

    Args:
        axis: The axis.
        times: The times.
        places: Where each stands, for messages; nothing where that is clear.

    Raises:
        RequestError: No times, or one of them twice.
        TimeAxisError: Not a time, or not one of the axis' calendar.
    """
    if len(times) == 0:
        raise RequestError("no output times: name at least one.")
    found = np.zeros(len(times), dtype=np.int64)
    for i, time in enumerate(times):
        try:
            found[i] = axis.offset_of(time)
        except TimeAxisError as error:
            raise TimeAxisError(f"{places[i]}: {error}" if places else str(error)) from error
    order = np.argsort(found, kind="stable")
    ordered = found[order]
    repeated = np.flatnonzero(np.diff(ordered) == 0)
    if len(repeated):
        twice = times[int(order[repeated[0]])]
        raise RequestError(f"the output time {twice} is asked for twice: name it once.")
    return ordered


def read_times(path: Path) -> tuple[list[Any], list[str]]:
    """Read output times from a file.

    Args:
        path: Text with one ISO time a line (`#` begins a comment), or NetCDF with a coordinate
            `time`.

    Returns:
        The times, and where each stands in a text.

    Raises:
        RequestError: The file is absent or empty.
        TimeAxisError: The file holds no times.
    """
    if not path.is_file():
        raise RequestError(f"there is no file of times {path}.")
    if path.suffix in NETCDF_SUFFIXES:
        return _read_netcdf_times(path), []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise TimeAxisError(
            f"{path} is neither text with one time a line nor NetCDF (suffix .nc)."
        ) from error
    stripped = [line.partition("#")[0].strip() for line in lines]
    times = {number: line for number, line in enumerate(stripped, 1) if line}
    if not times:
        raise RequestError(f"{path} holds no times: write one ISO time a line.")
    return list(times.values()), [f"{path}, line {number}" for number in times]


def _read_netcdf_times(path: Path) -> list[Any]:
    try:
        with xr.open_dataset(path) as dataset:
            if "time" not in dataset.variables:
                raise TimeAxisError(f"{path} has no coordinate 'time'.")
            values = np.atleast_1d(dataset["time"].values)
    except (OSError, ValueError) as error:
        raise TimeAxisError(f"the times in {path} cannot be read: {error}") from error
    if values.dtype.kind != "M" and values.dtype != object:
        raise TimeAxisError(
            f"'time' in {path} holds plain numbers: give it CF units such as"
            " 'hours since 2019-03-01'."
        )
    return list(values)
