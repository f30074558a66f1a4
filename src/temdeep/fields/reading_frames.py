"""Reads frames of a series into arrays: a window that moves on, and checks of what was read.

Knows: xarray. Must not know: torch, which files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.errors import InputError, VariableError
from temdeep.fields import grib, undeclared
from temdeep.fields.time_axis import Int64Array, show
from temdeep.fields.variables import Channel

if TYPE_CHECKING:
    from temdeep.fields.series import Selection, Series

Frames = npt.NDArray[Any]

BLOCK_BYTES = 32 * 2**20
"""How much a window reads ahead."""


def read(series: Series, channels: Sequence[Channel], times: Selection) -> Frames:
    """Fields of channels in the precision of the file, shape (time, channel, y, x).

    Raises:
        VariableError: A value is infinite, or beyond anything in the atmosphere.
        InputError: The file breaks off or cannot be decoded.
    """
    index = times if isinstance(times, slice) else np.asarray(times, dtype=np.int64)
    by_variable: dict[str, list[int]] = {}
    for position, channel in enumerate(channels):
        by_variable.setdefault(channel.variable, []).append(position)
    blocks: dict[int, Frames] = {}
    for variable, positions in by_variable.items():
        blocks |= _read_variable(series, variable, [(p, channels[p]) for p in positions], index)
    fields = [blocks[position] for position in range(len(channels))]
    dtype = np.result_type(np.float32, *(field.dtype for field in fields))
    result = np.empty((len(fields[0]), len(fields), *series.grid.shape), dtype=dtype)
    for position, field in enumerate(fields):
        result[:, position] = field
    for position, channel in enumerate(channels):
        _refuse_impossible(result[:, position], channel, series, index)
    return result


def _read_variable(
    series: Series, variable: str, wanted: Sequence[tuple[int, Channel]], index: slice | Int64Array
) -> dict[int, Frames]:
    """Fields of one variable's channels by position, each of shape (time, y, x)."""
    array = series.dataset[variable].isel({series.time_name: index})
    places = [dict(series.places[channel.name]) for _, channel in wanted]
    if len(places) == 1:
        array = array.isel({dim: slice(i, i + 1) for dim, i in places[0].items()})
        places = [dict.fromkeys(places[0], 0)]
    extra = list(places[0])
    values = load(array.transpose(series.time_name, *extra, *series.grid.dims), series.source)
    shape = (len(values), *series.grid.shape)
    return {
        position: _at(values, tuple(place[dim] for dim in extra)).reshape(shape)
        for (position, _), place in zip(wanted, places, strict=True)
    }


def _at(values: Frames, place: tuple[int, ...]) -> Frames:
    index: Any = (slice(None), *place)
    return np.asarray(values[index])


def load(array: xr.DataArray, source: str) -> Frames:
    """Values of an array, read from wherever it is.

    Raises:
        InputError: The file breaks off or cannot be decoded.
    """
    damage: tuple[type[Exception], ...] = (OSError, RuntimeError, EOFError)
    damage += (ValueError,)  # of zarr: a shard whose checksum does not fit
    damage += grib.decoding_errors()
    try:
        return np.asarray(array.values)
    except damage as error:
        raise InputError(
            f"'{array.name}' in {source} cannot be read ({error}): the file is truncated or"
            " damaged; fetch it again."
        ) from error


def _refuse_impossible(
    values: Frames, channel: Channel, series: Series, index: slice | Int64Array
) -> None:
    largest = max(float(values.max(initial=0)), -float(values.min(initial=0)))
    if largest < undeclared.IMPOSSIBLE:  # not so where there is NaN: that needs a closer look
        return
    impossible = np.abs(values) >= undeclared.IMPOSSIBLE
    if not impossible.any():
        return
    at = int(np.flatnonzero(impossible.any(axis=(1, 2)))[0])
    when = show(series.time.values[index][at])
    found = float(values[at][impossible[at]][0])
    if np.isfinite(found):
        raise VariableError(undeclared.as_text(channel.name, series.source, found, f"at {when}"))
    raise VariableError(
        f"'{channel.name}' in {series.source} has infinite values at {when}: set them to missing"
        " (NaN) or repair them."
    )


def in_memory_or_file(series: Series) -> list[str]:
    """Variables that need no computing to be looked at."""
    names = dict.fromkeys(one.variable for one in series.channels)
    return [name for name in names if series.dataset[name].chunks is None]


def check_values(series: Series, variables: Sequence[str]) -> None:
    """Refuse variables that are missing throughout, or hold a fill value that is not declared.

    The first, middle and last frames are read; only where all are missing are the others.

    Args:
        series: The series.
        variables: Names of the variables to look at.

    Raises:
        VariableError: A variable has no value at any time, or in the frames read an infinite one
            or one that looks like a fill value.
    """
    count = len(series.time)
    for variable in variables:
        chosen = [one for one in series.channels if one.variable == variable]
        looked = sorted({0, count // 2, count - 1})
        frames = read(series, chosen, looked)
        missing = np.isnan(frames).all(axis=(0, 2, 3))
        for position, channel in enumerate(chosen):
            code = undeclared.undeclared_fill(frames[:, position])
            if code is not None:
                text = undeclared.as_text(channel.name, series.source, code, "far from all others")
                raise VariableError(text)
        for time in range(count):
            if not missing.any():
                break
            missing &= _missing(series, chosen, [time])
        if missing.any():
            name = chosen[int(np.flatnonzero(missing)[0])].name
            raise VariableError(
                f"'{name}' in {series.source} is missing (NaN) at every place and time: leave it"
                " out with --variable."
            )


def _missing(series: Series, channels: Sequence[Channel], times: Sequence[int]) -> Frames:
    return np.asarray(np.isnan(read(series, channels, times)).all(axis=(0, 2, 3)))


class Window:
    """Frames of a run of times that moves forward, each frame read once and some ahead."""

    def __init__(self, reader: Callable[[slice], Frames], segment: slice, frame_bytes: int) -> None:
        self._reader, self._stop = reader, segment.stop
        self._ahead = max(1, BLOCK_BYTES // max(frame_bytes, 1))
        self._begin = self._end = segment.start
        self._frames: Frames | None = None

    def frames(self, first: int, stop: int) -> Frames:
        """Frames from `first` up to `stop`, as a read-only view; neither may go back."""
        if self._frames is None or stop > self._end:
            ahead = max(self._ahead, (stop - first) // 2)  # what is kept is copied as rarely
            read_to = min(max(stop, self._end + ahead), self._stop)
            fresh = self._reader(slice(max(self._end, first), read_to))
            kept = [] if self._frames is None else [self._frames[max(0, first - self._begin) :]]
            self._frames = np.concatenate([*kept, fresh]) if kept else fresh.view()
            self._begin, self._end = read_to - len(self._frames), read_to
            self._frames.flags.writeable = False
        return self._frames[first - self._begin : stop - self._begin]
