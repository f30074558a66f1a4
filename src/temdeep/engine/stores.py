"""Output files: NetCDF and Zarr, written part by part.

Knows: netCDF4, zarr, xarray. Must not know: series, methods, why a file is written.
"""

from __future__ import annotations

import itertools
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from zarr.errors import ZarrUserWarning

from temdeep.engine.packing import Storage

Values = npt.NDArray[Any]

CHUNK_BYTES = 4 * 2**20
"""Largest chunk: it must fit into the library's cache, or writing it in parts becomes slow."""


class StoreError(Exception):
    """A store cannot be written or read; told to the user as one sentence with the file's name.

    Attributes:
        code: The operating system's number, None if it is not from there.
    """

    def __init__(self, told: str, code: int | None) -> None:
        super().__init__(told, code)
        self.code = code

    def __str__(self) -> str:
        """What the library says."""
        return str(self.args[0])


@contextmanager
def storing() -> Iterator[None]:
    """Tell failures of the file system and its libraries from all others.

    Raises:
        StoreError: One of them.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise StoreError(str(error), getattr(error, "errno", None)) from error


@dataclass(frozen=True, eq=False)
class FieldSpec:
    """A field to be stored.

    Attributes:
        dims, shape: Of the whole output.
        time_axis: Which of the dimensions is time.
        storage: How values become numbers.
        chunks: Shape of one chunk; None: stored in one piece.
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
        """How many times make a chunk."""
        return self.chunks[self.time_axis] if self.chunks else 1

    def blocks(self) -> Iterator[tuple[int, int]]:
        """First time and number of times of all whole chunks, of all runs."""
        times = self.shape[self.time_axis]
        runs = 1 if self.run_axis is None else self.shape[self.run_axis]
        for begin in range(0, runs * times, times):
            for first in range(0, times, self.held_times):
                yield begin + first, min(self.held_times, times - first)


class NetCDFStore:
    """A NetCDF-4 file being written; raw numbers go in with time as the first axis."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None
        self._specs: Mapping[str, FieldSpec] = {}

    def create(self, frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> None:
        """Make the file with all but the fields' values, and keep it open."""
        frame.to_netcdf(
            self.path,
            engine="netcdf4",
            format="NETCDF4",
            unlimited_dims=frame.encoding.get("unlimited_dims"),
        )
        self._file, self._specs = netCDF4.Dataset(self.path, "a"), specs
        if "coordinates" in self._file.ncattrs():  # xarray's, for coordinates that fields will name
            self._file.delncattr("coordinates")
        for name, spec in specs.items():
            for dim, size in zip(spec.dims, spec.shape, strict=True):
                if dim not in self._file.dimensions:
                    self._file.createDimension(dim, size)
            fill = spec.storage.fill
            variable = self._file.createVariable(
                name,
                spec.storage.dtype,
                spec.dims,
                fill_value=False if fill is None else spec.storage.dtype.type(fill),
                chunksizes=spec.chunks,
                contiguous=spec.chunks is None,
                **spec.filters,
            )
            variable.set_auto_maskandscale(False)
            variable.setncatts({**spec.all_attributes(), **spec.storage.packing()})

    def write(self, name: str, first: int, raw: Values) -> None:
        """Write stored numbers of successive times."""
        spec = self._specs[name]
        place = spec.place(first, len(raw))
        self._file.variables[name][place] = np.moveaxis(raw, 0, spec.frame_axis)

    def close(self) -> None:
        """Write what is still held back, and close."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()
            sync(self.path)

    def remove(self) -> None:
        """Close and remove the file."""
        try:
            if self._file is not None:
                file, self._file = self._file, None
                file.close()
        except (OSError, RuntimeError):  # what could not be written is not wanted any more
            pass
        finally:
            self.path.unlink(missing_ok=True)


class ZarrStore:
    """A Zarr store in a folder; raw numbers go in and out with time as the first axis.

    A chunk is replaced as a whole or not at all, so that a store whose writer was killed can be
    written on.
    """

    def __init__(self, path: Path, specs: Mapping[str, FieldSpec]) -> None:
        self.path, self._specs = path, dict(specs)
        self._group: Any = None

    def create(self, frame: xr.Dataset) -> None:
        """Make the store with all but the fields' values."""
        self._create(self.path, frame, self._specs)

    def create_bare(self) -> None:
        """Make a store of nothing but the fields' numbers, which are not to be read as a dataset.

        Unlike `create` it needs no dask, which is slow to load.
        """
        self._group = zarr.create_group(self.path)
        for name, spec in self._specs.items():
            self._group.create_array(
                name,
                shape=spec.shape,
                dtype=spec.storage.dtype,
                chunks=spec.chunks or spec.shape,
                fill_value=spec.storage.fill,
            )

    def write(self, name: str, first: int, raw: Values) -> None:
        """Write stored numbers of successive times."""
        spec, array = self._specs[name], self._array(name)
        if array.dtype != spec.storage.dtype:
            raise RuntimeError(f"'{name}' has become {array.dtype} meanwhile")
        array[spec.place(first, len(raw))] = np.moveaxis(raw, 0, spec.frame_axis)

    def read(self, name: str, first: int, count: int) -> Values:
        """Read back what was written."""
        spec = self._specs[name]
        raw = np.asarray(self._array(name)[spec.place(first, count)])
        return np.moveaxis(raw, spec.frame_axis, 0)

    def sync(self, name: str, first: int, count: int) -> None:
        """Have the disk hold successive times."""
        array, spec = self._array(name), self._specs[name]
        lengths = array.shards or array.chunks
        region = spec.place(first, count)
        ranges = []
        for axis, (size, length) in enumerate(zip(array.shape, lengths, strict=True)):
            asked = region[axis] if axis < len(region) else slice(None)
            whole = slice(asked, asked + 1) if isinstance(asked, int) else asked
            begin, end, _ = whole.indices(size)
            ranges.append(range(begin // length, -(-end // length)))
        for place in itertools.product(*ranges):
            chunk = self.path / name / array.metadata.encode_chunk_key(place)
            if chunk.is_file():  # one of nothing but fill values is not written
                sync(chunk)

    def storage_dtype(self, name: str) -> np.dtype[Any]:
        """What a field's numbers are stored as, as the store itself has it."""
        dtype: np.dtype[Any] = np.dtype(self._array(name).dtype)
        return dtype

    def store_wider(self, name: str, spec: FieldSpec) -> None:
        """Store a field in a wider storage from now on, and convert what is there.

        Killed half-way, the store is as before once `mend` was called.
        """
        aside, old = self.path / ASIDE, self._specs[name]
        self._create(aside, xr.Dataset(), {name: spec})
        wide = ZarrStore(aside, {name: spec})
        wide._array(name).attrs.put(self._attributes_in(name, wide._array(name).attrs.asdict()))
        for first, count in spec.blocks():
            raw = self.read(name, first, count)
            wide.write(name, first, spec.storage.convert(raw, old.storage))
            wide.sync(name, first, count)
        (self.path / name).rename(aside / REPLACED)
        (aside / name).rename(self.path / name)
        shutil.rmtree(aside)
        self._specs[name], self._group = spec, None

    def mend(self) -> None:
        """Put things right after `store_wider` was killed."""
        aside = self.path / ASIDE
        if (aside / REPLACED).exists():
            for name in self._specs:
                if not (self.path / name).exists():
                    (aside / name).rename(self.path / name)
        shutil.rmtree(aside, ignore_errors=True)

    def close(self) -> None:
        """Write what readers look for."""
        with warnings.catch_warnings():  # no specification has it; and of text
            warnings.simplefilter("ignore", ZarrUserWarning)
            warnings.simplefilter("ignore", FutureWarning)
            zarr.consolidate_metadata(zarr.storage.LocalStore(self.path))
        self._group = None
        for path in self.path.rglob("*"):
            if path.is_file():
                sync(path)

    def _array(self, name: str) -> Any:
        if self._group is None:
            self._group = zarr.open_group(self.path, mode="r+", use_consolidated=False)
        return self._group[name]

    def _attributes_in(self, name: str, wide: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes of a field, with the packing and fill values of a wider storage."""
        packing = ("scale_factor", "add_offset", "_FillValue", "missing_value")
        own = self._array(name).attrs.asdict()
        return {
            **{key: value for key, value in own.items() if key not in packing},
            **{key: value for key, value in wide.items() if key in packing},
        }

    def _create(self, path: Path, frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> None:
        import dask.array as da  # noqa: PLC0415 - slow to load, and not for NetCDF outputs

        fields, encoding = {}, {}
        for name, spec in specs.items():
            dtype = np.float64 if spec.storage.packing() else spec.storage.dtype
            empty = da.zeros(spec.shape, dtype=dtype, chunks=spec.shape)  # never computed
            fields[name] = xr.Variable(spec.dims, empty, spec.all_attributes())
            encoding[name] = {
                "dtype": spec.storage.dtype,
                "chunks": spec.chunks,
                "_FillValue": spec.storage.fill,
                **spec.storage.packing(),
                **spec.filters,
            }
        whole = frame.assign(fields)
        with warnings.catch_warnings():  # of text in Zarr, and of integers without a fill value
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", xr.SerializationWarning)
            whole.to_zarr(path, mode="w", compute=False, encoding=encoding, consolidated=False)


ASIDE, REPLACED = "temdeep_wider", "replaced"
"""Where a field is converted, inside a store, and what is named so there once it is done."""


def sync(path: Path) -> None:
    """Have the disk hold a file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
