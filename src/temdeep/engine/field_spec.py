"""How one field is stored: where its times lie, in which chunks and numbers.

Knows: storages. Must not know: files, series.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from temdeep.engine.packing import Storage

CHUNK_BYTES = 4 * 2**20
"""Largest chunk: it must fit into the library's cache, or writing it in parts becomes slow."""


@dataclass(frozen=True, eq=False)
class FieldSpec:
    """A field to be stored.

    Attributes:
        dims, shape: Of the whole output.
        time_axis: Which of the dimensions is time.
        storage: How values become numbers.
        chunks: Shape of one chunk; None: stored in one piece.
        shards: Shape of one shard, a file that holds whole chunks; None: a file for each chunk.
        attributes: CF attributes but for packing and fill value.
        filters: Compression: keyword arguments of netCDF4 or xarray's Zarr encoding.
        run_axis: Which of the dimensions is that of forecast runs, if there is one. Times are then
            counted through all runs.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    time_axis: int
    storage: Storage
    chunks: tuple[int, ...] | None
    attributes: Mapping[str, Any]
    filters: Mapping[str, Any] = field(default_factory=dict)
    run_axis: int | None = None
    shards: tuple[int, ...] | None = None

    def all_attributes(self) -> dict[str, Any]:
        """CF attributes with what else reads as missing beside the fill value."""
        if self.storage.missing is None:
            return dict(self.attributes)
        return {**self.attributes, "missing_value": self.storage.dtype.type(self.storage.missing)}

    def place(self, first: int, count: int) -> tuple[slice | int, ...]:
        """Index of some successive times, of one run."""
        run, time = divmod(first, self.shape[self.time_axis])
        index: list[slice | int] = [slice(None)] * (self.time_axis + 1)
        index[self.time_axis] = slice(time, time + count)
        if self.run_axis is not None:
            index += [slice(None)] * (self.run_axis + 1 - len(index))
            index[self.run_axis] = run
        return tuple(index)

    @property
    def frame_axis(self) -> int:
        """Which dimension of one run is time."""
        earlier = self.run_axis is not None and self.run_axis < self.time_axis
        return self.time_axis - int(earlier)

    @property
    def held_times(self) -> int:
        """How many times make a file: a shard, or a chunk."""
        whole = self.shards or self.chunks
        return whole[self.time_axis] if whole else 1

    def blocks(self) -> Iterator[tuple[int, int]]:
        """First time and number of times of all whole files, of all runs."""
        times = self.shape[self.time_axis]
        runs = 1 if self.run_axis is None else self.shape[self.run_axis]
        for begin in range(0, runs * times, times):
            for first in range(0, times, self.held_times):
                yield begin + first, min(self.held_times, times - first)

    @property
    def cells(self) -> int:
        """How many numbers one time of one run has."""
        runs = 1 if self.run_axis is None else self.shape[self.run_axis]
        return math.prod(self.shape) // (self.shape[self.time_axis] * runs)


def frame_bytes(specs: Mapping[str, FieldSpec]) -> int:
    """What all fields have of one time, in single precision, however they are stored."""
    return 4 * sum(spec.cells for spec in specs.values())
