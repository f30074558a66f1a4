"""How fields lie in an output file: their storage, chunks and attributes, kept from the input.

Knows: encodings as xarray keeps them. Must not know: files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from temdeep.engine.beside import parents
from temdeep.engine.dataset import dtype_of, shape_of
from temdeep.engine.packing import Storage
from temdeep.engine.plan import Plan
from temdeep.engine.stores import CHUNK_BYTES, FieldSpec
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

HELD_BYTES = 32 * 2**20
"""Most that is held back of a variable until its chunks are full."""

DEFAULT_COMPRESSION = {"zlib": True, "complevel": 4, "shuffle": True}


BESIDE = Storage(np.dtype(np.float32), fill=float("nan"))
"""Of fields that stand beside a variable: its packing is none for them."""


def field_specs(
    series: Series,
    method: Method,
    plan: Plan,
    attributes: Mapping[str, Mapping[str, Any]],
    *,
    suffix: str,
) -> dict[str, FieldSpec]:
    """Say how each field of an output is stored.

    Args:
        series: The input.
        method: What fills it.
        plan: The output times.
        attributes: CF attributes of each field.
        suffix: Of the output: packing is kept across formats, compression within one.
    """
    beside = parents(series, method)
    return {
        name: _spec(series, plan, beside[name], own, suffix=suffix, storage=BESIDE)
        if name in beside
        else _spec(series, plan, name, own, suffix=suffix)
        for name, own in attributes.items()
    }


def _spec(
    series: Series,
    plan: Plan,
    variable: str,
    attributes: Mapping[str, Any],
    *,
    suffix: str,
    storage: Storage | None = None,
) -> FieldSpec:
    """How a variable is stored, or with a storage of its own what stands beside it."""
    array = series.as_given(variable)
    encoding = array.encoding
    storage = storage or Storage.from_encoding(encoding, dtype_of(series, variable))
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
