"""How fields lie in an output file: their storage, chunks and attributes, kept from the input.

Knows: encodings as xarray keeps them. Must not know: files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import xarray as xr

from temdeep.engine.dataset import dtype_of, shape_of
from temdeep.engine.packing import Storage
from temdeep.engine.plan import Plan
from temdeep.engine.stores import CHUNK_BYTES, FieldSpec
from temdeep.fields.series import Series

HELD_BYTES = 32 * 2**20
"""Most that is held back of a variable until its chunks are full."""

DEFAULT_COMPRESSION = {"zlib": True, "complevel": 4, "shuffle": True}


def field_spec(
    series: Series, plan: Plan, variable: str, attributes: Mapping[str, Any], *, suffix: str
) -> FieldSpec:
    """Say how a variable is stored.

    Args:
        series: The input.
        plan: The output times.
        variable: Its name.
        attributes: Its CF attributes.
        suffix: Of the output: packing is kept across formats, compression within one.
    """
    array = series.as_given(variable)
    encoding = array.encoding
    storage = Storage.from_encoding(encoding, dtype_of(series, variable))
    shape = shape_of(series, plan, variable)
    time_axis = array.dims.index(series.time_name)
    kept = {key: encoding[key] for key in ("coordinates", "grid_mapping") if key in encoding}
    unlimited = series.time_name in series.dataset.encoding.get("unlimited_dims", ())
    zarr = suffix == ".zarr"
    in_one_piece = not zarr and not unlimited and bool(encoding.get("contiguous"))
    return FieldSpec(
        dims=tuple(
            series.file_dim or str(dim) if dim == series.time_name else str(dim)
            for dim in array.dims
        ),
        shape=shape,
        time_axis=time_axis,
        storage=storage,
        chunks=None if in_one_piece else _chunks(encoding, shape, time_axis, storage),
        attributes={**attributes, **kept},
        filters={} if in_one_piece else _zarr(encoding) if zarr else _netcdf(encoding),
    )


def _chunks(
    encoding: Mapping[str, Any], shape: tuple[int, ...], time_axis: int, storage: Storage
) -> tuple[int, ...]:
    """The input's chunks, shortened in time so that they fit into memory; whole fields if none."""
    given = encoding.get("chunksizes") or encoding.get("chunks")
    if given is None or len(given) != len(shape):
        given = shape
    chunks = [max(1, min(int(a), b)) for a, b in zip(given, shape, strict=True)]
    one_time = math.prod(chunks) // chunks[time_axis] * storage.dtype.itemsize
    frame = math.prod(shape) // shape[time_axis] * storage.dtype.itemsize
    most = max(1, min(CHUNK_BYTES // max(one_time, 1), HELD_BYTES // max(frame, 1)))
    chunks[time_axis] = min(chunks[time_axis], most)
    return tuple(chunks)


def _netcdf(encoding: Mapping[str, Any]) -> dict[str, Any]:
    """Compression as in a NetCDF input that says, else the usual one."""
    if "zlib" not in encoding or any(encoding.get(other) for other in ("zstd", "bzip2", "blosc")):
        return dict(DEFAULT_COMPRESSION)
    return {
        "zlib": bool(encoding["zlib"]),
        "complevel": int(encoding.get("complevel") or 4),
        "shuffle": bool(encoding.get("shuffle", False)),
        "fletcher32": bool(encoding.get("fletcher32", False)),
    }


def _zarr(encoding: Mapping[str, Any]) -> dict[str, Any]:
    return {key: encoding[key] for key in ("compressors",) if key in encoding}


def without_new_fills(frame: xr.Dataset) -> xr.Dataset:
    """Keep xarray from adding fill values to variables that had none."""
    quiet = frame.copy()
    for name in quiet.variables:
        encoding = quiet[name].encoding
        if "_FillValue" not in encoding and "missing_value" not in encoding:
            encoding["_FillValue"] = None
    return quiet
