"""A NetCDF-4 file: its header, and its fields through the library.

Knows: netCDF4, xarray. Must not know: series, methods, why it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr
from xarray.backends import NetCDF4DataStore

from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.stores import Values, sync


def create(path: Path, frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> Any:
    """Make a file with all but the fields, and the dimensions that these need.

    Unlike `Dataset.to_netcdf` it looks for no scheduler of Dask's, which is slow to load.

    Args:
        path: Of the file.
        frame: The output without its fields.
        specs: How these will be stored.

    Returns:
        The file, open.
    """
    file = netCDF4.Dataset(path, "w", format="NETCDF4")
    try:
        _fill_in(file, frame, specs)
    except BaseException:
        file.close()
        raise
    return file


def _fill_in(file: Any, frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> None:
    store = NetCDF4DataStore(file)  # type: ignore[no-untyped-call]
    unlimited = frame.encoding.get("unlimited_dims")
    frame.compute().dump_to_store(store, unlimited_dims=unlimited)
    if "coordinates" in file.ncattrs():  # xarray's, for coordinates that fields will name
        file.delncattr("coordinates")
    for spec in specs.values():
        for dim, size in zip(spec.dims, spec.shape, strict=True):
            if dim not in file.dimensions:
                file.createDimension(dim, size)


def describe(file: Any, specs: Mapping[str, FieldSpec]) -> None:
    """Give fields their attributes, but for the fill value, which a field has from the start."""
    for name, spec in specs.items():
        file.variables[name].setncatts({**spec.all_attributes(), **spec.storage.packing()})


class NetCDFFile:
    """A file being written by the library; raw numbers go in with time as the first axis."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None
        self._specs: Mapping[str, FieldSpec] = {}

    def create(self, frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> None:
        """Make the file with all but the fields' values, and keep it open."""
        self._file, self._specs = create(self.path, frame, specs), specs
        for name, spec in specs.items():
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
        describe(self._file, specs)

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
