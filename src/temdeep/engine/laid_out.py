"""A NetCDF file whose fields have their places before they have values.

It is made whole, header and all, and closed; from then on numbers are written straight to where
they belong, and nothing else is touched: who is killed while writing leaves a file that can be
written on. No library is between, and any number of processes of one machine may write.

Knows: NetCDF-4, as HDF5 has it. Must not know: series, methods, why it is written.
"""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr

from temdeep.engine import netcdf_file
from temdeep.engine.chunk_parts import (
    Part,
    Places,
    chunk_counts,
    lengths_of,
    parts,
    rows,
    whole_chunk,
)
from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.stores import Values, sync

FILE = "whole.nc"
MOST_ROWS, MOST_CHUNKS = 64, 10**6
"""Into how many parts one time of a field may be torn on disk, and how many places are kept."""

WIDER, REPLACED = ".wider", ".replaced"
"""Suffixes of a folder in which a field is converted, and of the one that it takes the place of."""


def can_be_laid_out(frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> bool:
    """Whether all fields have places that are known before what is in them.

    Not so if they are compressed, or can grow, or if several pieces of work share a chunk: there
    is then no telling where one of them goes, or it is torn into very many parts.

    Args:
        frame: The output without its fields.
        specs: How they are stored.
    """
    dims = {dim for spec in specs.values() for dim in spec.dims}
    lengths = [spec.held_times for spec in specs.values()]
    return (
        math.lcm(*lengths) == max(lengths)
        and not dims & {*specs, *frame.encoding.get("unlimited_dims", ())}
        and all(_has_places(spec) for spec in specs.values())
    )


def _has_places(spec: FieldSpec) -> bool:
    filtered = any(spec.filters.get(one) for one in ("zlib", "fletcher32"))
    if filtered or spec.run_axis is not None or spec.storage.dtype.kind not in "iuf":
        return False
    if spec.chunks is None:
        return math.prod(spec.shape[: spec.time_axis]) <= MOST_ROWS
    return math.prod(chunk_counts(spec)) <= MOST_CHUNKS


class LaidOutFile:
    """A folder with the file, and for each field an array of where its chunks begin in it."""

    def __init__(self, folder: Path, specs: Mapping[str, FieldSpec]) -> None:
        self.folder, self.path = folder, folder / FILE
        self._specs = dict(specs)
        self._places: dict[str, Places] = {}

    def create(self, frame: xr.Dataset) -> None:
        """Make the file with all but the fields' values.

        Args:
            frame: All of it but the fields; none of these grows along an unlimited dimension.
        """
        self.folder.mkdir(parents=True)
        netcdf_file.create(self.path, frame, self._specs).close()
        for name, places in _lay_out(self.path, self._specs).items():
            np.save(self._places_of(name), places)
        with netCDF4.Dataset(self.path, "a") as file:
            netcdf_file.describe(file, self._specs)
        for path in self.folder.iterdir():
            sync(path)
        sync(self.folder)

    def write(self, name: str, first: int, raw: Values) -> None:
        """Write stored numbers of successive times."""
        spec = self._specs[name]
        if raw.dtype != spec.storage.dtype:
            raise RuntimeError(f"'{name}' is stored as {spec.storage.dtype}, not {raw.dtype}")
        block = np.moveaxis(raw, 0, spec.time_axis)
        with _opened(self.path, os.O_WRONLY) as file:
            for part in parts(spec, self._begins(name), first, len(raw)):
                _write(file, spec, part, block[part.here])

    def read(self, name: str, first: int, count: int) -> Values:
        """Read back what was written; zeros where nothing was."""
        spec = self._specs[name]
        shape = [*spec.shape]
        shape[spec.time_axis] = count
        block = np.empty(shape, spec.storage.dtype)
        with _opened(self.path, os.O_RDONLY) as file:
            for part in parts(spec, self._begins(name), first, count):
                block[part.here] = _read(file, spec, part)
        return np.moveaxis(block, spec.time_axis, 0)

    def sync(self, first: int, count: int) -> None:  # noqa: ARG002 - of the protocol
        """Have the disk hold all that is written."""
        sync(self.path)

    def storage_dtype(self, name: str) -> np.dtype[Any]:
        """What a field's numbers are stored as, as the file itself has it."""
        with netCDF4.Dataset(self.path) as file:
            dtype: np.dtype[Any] = np.dtype(file[name].dtype)
        return dtype

    def store_wider(self, frame: xr.Dataset, name: str, spec: FieldSpec) -> None:
        """Store a field in a wider storage from now on, and convert what is there.

        Killed half-way, the file is as before once `mend` was called.
        """
        aside = self.folder.with_suffix(WIDER)
        wide = LaidOutFile(aside, {**self._specs, name: spec})
        wide.create(frame)
        for one, old in self._specs.items():
            for first, count in old.blocks():
                raw = self.read(one, first, count)
                if one == name:
                    raw = spec.storage.convert(raw, old.storage)
                if raw.tobytes().strip(b"\0"):  # where nothing is written are zeros, without room
                    wide.write(one, first, raw)
        wide.sync(0, 0)
        self.folder.rename(self.folder.with_suffix(REPLACED))
        aside.rename(self.folder)
        self.mend()

    def mend(self) -> None:
        """Put things right after `store_wider` was killed."""
        aside = self.folder.with_suffix(WIDER)
        if not self.folder.exists():
            aside.rename(self.folder)
        for other in (aside, self.folder.with_suffix(REPLACED)):
            shutil.rmtree(other, ignore_errors=True)

    def _begins(self, name: str) -> Places:
        if name not in self._places:
            self._places[name] = np.load(self._places_of(name))
        return self._places[name]

    def _places_of(self, name: str) -> Path:
        return self.folder / f"{list(self._specs).index(name)}.npy"


def _lay_out(path: Path, specs: Mapping[str, FieldSpec]) -> dict[str, Places]:
    """Add the fields to a file, as the library would but all in their places from the start.

    Returns:
        Where the chunks of each begin, in the order of its dimensions.
    """
    import h5py  # noqa: PLC0415 - where nothing is laid out, nothing needs it

    found = {}
    with h5py.File(path, "r+", locking=False) as file:  # the journal keeps others away
        for name, spec in specs.items():
            field = h5py.Dataset(_new_field(file, name, spec))
            if spec.storage.fill is not None:
                fill = np.array([spec.storage.fill], spec.storage.dtype)
                field.attrs.create("_FillValue", fill)
            for axis, dim in enumerate(spec.dims):
                field.dims[axis].attach_scale(file[dim])
            found[name] = _places(field.id, spec)
    return found


def _new_field(file: Any, name: str, spec: FieldSpec) -> Any:
    from h5py import h5d, h5p, h5s, h5t  # noqa: PLC0415 - as above

    how = h5p.create(h5p.DATASET_CREATE)
    how.set_obj_track_times(False)
    how.set_attr_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
    how.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    how.set_fill_time(h5d.FILL_TIME_NEVER)
    if spec.storage.fill is not None:
        how.set_fill_value(np.array(spec.storage.fill, spec.storage.dtype))
    if spec.chunks is None:
        how.set_layout(h5d.CONTIGUOUS)
    else:
        how.set_chunk(spec.chunks)
    of_one = h5t.py_create(spec.storage.dtype)
    return h5d.create(file.id, name.encode(), of_one, h5s.create_simple(spec.shape), how)


def _places(field: Any, spec: FieldSpec) -> Places:
    """Where the chunks of a field begin in its file."""
    lengths, places = lengths_of(spec), np.full(chunk_counts(spec), -1, np.int64)
    if spec.chunks is None:
        places[...] = field.get_offset()
    else:

        def note(chunk: Any) -> None:
            index = (b // n for b, n in zip(chunk.chunk_offset, lengths, strict=True))
            places[tuple(index)] = chunk.byte_offset

        field.chunk_iter(note)
    if (places <= 0).any():
        raise RuntimeError("the HDF5 library has kept no places for the fields")
    return places


def _write(file: int, spec: FieldSpec, part: Part, values: Values) -> None:
    inside = part.inside
    if part.whole and values.shape != lengths_of(spec):
        chunk = np.zeros(lengths_of(spec), values.dtype)
        chunk[inside] = values
        values, inside = chunk, whole_chunk(spec)
    for offset, row in rows(spec, inside):
        data = np.ascontiguousarray(values[row]).reshape(-1).view(np.uint8).data
        done = 0
        while done < len(data):
            done += os.pwrite(file, data[done:], part.place + offset + done)


def _read(file: int, spec: FieldSpec, part: Part) -> Values:
    inside = whole_chunk(spec) if part.whole else part.inside
    values = np.empty([one.stop - one.start for one in inside], spec.storage.dtype)
    for offset, row in rows(spec, inside):
        values[row] = _read_row(file, part.place + offset, values[row])
    return values[part.inside] if part.whole else values


def _read_row(file: int, place: int, like: Values) -> Values:
    data = bytearray(like.nbytes)
    done = 0
    while done < len(data):
        more = os.preadv(file, [memoryview(data)[done:]], place + done)
        if not more:
            raise OSError(errno.EIO, "the file is shorter than it was made")
        done += more
    return np.frombuffer(data, like.dtype).reshape(like.shape)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags)
    try:
        yield file
    finally:
        os.close(file)
