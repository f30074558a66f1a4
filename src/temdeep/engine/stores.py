"""Output files: NetCDF and Zarr, written part by part.

Knows: netCDF4, zarr, xarray. Must not know: series, methods, why a file is written.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import dask.array as da
import netCDF4
import numpy as np
import numpy.typing as npt
import xarray as xr
import zarr
from zarr.errors import ZarrUserWarning

from temdeep.engine.packing import Storage

Values = npt.NDArray[Any]


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

    def pieces(self, count: int) -> Iterator[tuple[int, int]]:
        """First time and number of the pieces in which so many times were written."""
        first, times = 0, self.shape[self.time_axis]
        while first < count:
            number = min(self.held_times, count - first, times - first % times)
            yield first, number
            first += number


class Store(Protocol):
    """A file being written; raw numbers go in with time as the first axis."""

    path: Path

    def create(self, frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> None:
        """Make the file with all but the fields' values, and keep it open."""

    def write(self, name: str, first: int, raw: Values) -> None:
        """Write stored numbers of successive times."""

    def read(self, name: str, first: int, count: int) -> Values:
        """Read back what was written."""

    def close(self) -> None:
        """Write what is still held back, and close."""

    def remove(self) -> None:
        """Close and remove the file."""


class NetCDFStore:
    """A NetCDF-4 file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None
        self._specs: Mapping[str, FieldSpec] = {}

    def create(self, frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> None:
        """See `Store.create`."""
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
        """See `Store.write`."""
        spec = self._specs[name]
        place = spec.place(first, len(raw))
        self._file.variables[name][place] = np.moveaxis(raw, 0, spec.frame_axis)

    def read(self, name: str, first: int, count: int) -> Values:
        """See `Store.read`."""
        spec = self._specs[name]
        raw = np.asarray(self._file.variables[name][spec.place(first, count)])
        return np.moveaxis(raw, spec.frame_axis, 0)

    def close(self) -> None:
        """See `Store.close`."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()
            _sync(self.path)

    def remove(self) -> None:
        """See `Store.remove`."""
        try:
            if self._file is not None:
                file, self._file = self._file, None
                file.close()
        except (OSError, RuntimeError):  # what could not be written is not wanted any more
            pass
        finally:
            self.path.unlink(missing_ok=True)


class ZarrStore:
    """A Zarr store in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._group: Any = None
        self._specs: Mapping[str, FieldSpec] = {}

    def create(self, frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> None:
        """See `Store.create`."""
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
            whole.to_zarr(self.path, mode="w", compute=False, encoding=encoding, consolidated=False)
        self._group, self._specs = zarr.open_group(self.path, mode="r+"), specs

    def write(self, name: str, first: int, raw: Values) -> None:
        """See `Store.write`."""
        spec = self._specs[name]
        self._group[name][spec.place(first, len(raw))] = np.moveaxis(raw, 0, spec.frame_axis)

    def read(self, name: str, first: int, count: int) -> Values:
        """See `Store.read`."""
        spec = self._specs[name]
        raw = np.asarray(self._group[name][spec.place(first, count)])
        return np.moveaxis(raw, spec.frame_axis, 0)

    def close(self) -> None:
        """See `Store.close`."""
        if self._group is not None:
            with warnings.catch_warnings():  # readers look for it, though no specification has it
                warnings.simplefilter("ignore", ZarrUserWarning)
                warnings.simplefilter("ignore", FutureWarning)  # again of text
                zarr.consolidate_metadata(self._group.store)
        self._group = None
        for path in self.path.rglob("*"):
            if path.is_file():
                _sync(path)

    def remove(self) -> None:
        """See `Store.remove`."""
        self._group = None
        shutil.rmtree(self.path, ignore_errors=True)


def _sync(path: Path) -> None:
    """Have the disk hold a file before it gets its final name."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
