"""Reads a file as a page asks for it: the field of one moment, the series of one place.

A file may be larger than memory: of fields the last ones are kept, of series no more is read than
a window of times, which is shorter the more of the file lies in the way.

Knows: xarray. Must not know: what is drawn, web pages.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import numpy as np
import xarray as xr

from temdeep.fields.reading_frames import load
from temdeep.metric import Float32Array
from temdeep.viewer.opened import Field, Opened

KEPT_BYTES = 256 * 2**20
"""How much of fields is kept."""

SERIES_BYTES = 96 * 2**20
"""How much may be unpacked for the series of one place."""

LONGEST, SHORTEST = 4_000, 24
"""Most and fewest times of such a series, where the file has as many."""

BAND_SD = np.float32(1.645)
"""Standard deviations on either side that hold 90 % of a normal distribution."""

PAGE_BYTES = 4_096
"""The least that is read from a disk."""


class Reader:
    """Reads one file."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self._frames: OrderedDict[tuple[object, ...], Float32Array] = OrderedDict()
        self._bytes = 0

    def frame(self, field: Field, time: int) -> Float32Array:
        """The field at one time, shape (y, x), NaN where missing; not to be changed.

        Raises:
            InputError: The file cannot be read there.
        """
        key = (field.channel.name, time)
        if key in self._frames:
            self._frames.move_to_end(key)
            return self._frames[key]
        array = self._array(field, field.channel.variable).isel({self.opened.time_name: time})
        values = load(array.transpose(*field.grid.dims), self.opened.source)
        frame = values.astype(np.float32).reshape(field.grid.shape)
        frame.flags.writeable = False
        self._frames[key] = frame
        self._bytes += frame.nbytes
        while self._bytes > KEPT_BYTES and len(self._frames) > 1:
            self._bytes -= self._frames.popitem(last=False)[1].nbytes
        return frame

    def series(self, field: Field, cell: int, times: slice) -> Float32Array:
        """The field at one place, shape (time,), NaN where missing.

        Args:
            field: Which.
            cell: Index of the place among all cells, row by row.
            times: Which times.

        Raises:
            InputError: The file cannot be read there.
        """
        return self._series(field, field.channel.variable, cell, times)

    def band(
        self, field: Field, cell: int, times: slice
    ) -> tuple[Float32Array, Float32Array] | None:
        """Where a field may lie at one place, each of shape (time,); None if the file has no word.

        Raises:
            InputError: The file cannot be read there.
        """
        if field.band is None:
            return None
        beside = [self._series(field, name, cell, times) for name in field.band.names]
        if len(beside) == 2:
            return beside[0], beside[1]
        reach = BAND_SD * beside[0]
        values = self.series(field, cell, times)
        return values - reach, values + reach

    def longest_series(self, field: Field) -> int:
        """How many times of one place are read at once."""
        array = self.opened.dataset[field.channel.variable]
        chunks = array.encoding.get("chunksizes") or array.encoding.get("chunks")
        per_time = PAGE_BYTES
        if chunks is not None and len(chunks) == array.ndim:
            in_time = chunks[array.dims.index(self.opened.time_name)]
            stored = np.dtype(array.encoding.get("dtype", array.dtype))
            per_time = math.prod(chunks) * stored.itemsize // in_time
        return int(np.clip(SERIES_BYTES // max(per_time, 1), SHORTEST, LONGEST))

    def _series(self, field: Field, variable: str, cell: int, times: slice) -> Float32Array:
        row, column = divmod(cell, field.grid.shape[1])
        here = {field.grid.y_dim: row, field.grid.x_dim: column}
        array = self._array(field, variable).isel({self.opened.time_name: times})
        array = array.isel({dim: index for dim, index in here.items() if dim})
        return load(array, self.opened.source).astype(np.float32)

    def _array(self, field: Field, variable: str) -> xr.DataArray:
        return self.opened.dataset[variable].isel(dict(field.place))


def window(count: int, moment: int, longest: int) -> slice:
    """The times around a moment that are shown together.

    It stays as it is while the moment moves by a little.

    Args:
        count: How many times there are.
        moment: Index of the present one.
        longest: How many are shown at most.
    """
    if count <= longest:
        return slice(0, count)
    half = max(longest // 2, 1)
    first = min(max(moment // half * half - half // 2, 0), count - longest)
    return slice(first, first + longest)
