"""How fields lie in an output file: their storage, chunks, shards and attributes.

Knows: encodings as xarray keeps them. Must not know: files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from temdeep.engine.arrays import dtype_of, shape_of
from temdeep.engine.beside import REALIZATION, members_of, parents
from temdeep.engine.field_spec import CHUNK_BYTES, FieldSpec
from temdeep.engine.packing import Storage
from temdeep.engine.pieces import PIECE_BYTES
from temdeep.engine.plan import Plan
from temdeep.engine.stores import ZARR_SUFFIX
from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

HELD_BYTES = 32 * 2**20
"""Most that is held back of a variable until its chunks are full, if it has no shards."""

SHARD_BYTES = 128 * 2**20
"""Largest shard: so much of each variable is held back until it is full."""

MOST_TIMES, MOST_SHARD_TIMES = 128, 128
"""Times in a chunk and in a shard: pieces of work are at least as long."""

FEWEST_SHARD_TIMES = 32
"""Times that a shard may have though all fields together then write more than a piece should."""

DEFAULT_COMPRESSION = {"zlib": True, "complevel": 4, "shuffle": True}
LEVELS = range(10)


BESIDE = Storage(np.dtype(np.float32), fill=float("nan"))
"""Of fields that stand beside a variable: its packing is none for them."""


@dataclass(frozen=True)
class Layout:
    """How a user wants fields to lie in the output; what is not said is chosen.

    Attributes:
        chunks: Lengths of a chunk by dimension.
        shards: Lengths of a shard by dimension; empty: no shards; None: where fields are large.
        compression: From 0, none, to 9, smallest; None: as the input, or the usual one.
        unlimited: Whether time is an unlimited dimension of a NetCDF file, if not in the input.
    """

    chunks: Mapping[str, int] | None = None
    shards: Mapping[str, int] | None = None
    compression: int | None = None
    unlimited: bool = False


AS_USUAL = Layout()


def parse_lengths(text: str | None, option: str) -> dict[str, int] | None:
    """Read `time=24,lat=180`; `none` is no lengths at all.

    Args:
        text: What the user says; None: nothing.
        option: Where, for messages.

    Raises:
        RequestError: It is not of that form.
    """
    if text is None or text == "none":
        return None if text is None else {}
    lengths = {}
    for part in text.split(","):
        dim, _, length = (one.strip() for one in part.partition("="))
        if not dim or not length.isdecimal() or int(length) < 1:
            raise RequestError(
                f"{option} {text} is not understood: say lengths by dimension, such as"
                f" {option} time=24."
            )
        if dim in lengths:
            raise RequestError(f"{option} {text} names '{dim}' twice: say one length of it.")
        lengths[dim] = int(length)
    return lengths


def check_layout(layout: Layout, suffix: str) -> None:
    """Refuse what a format does not have.

    Raises:
        RequestError: Shards in NetCDF, unlimited dimensions in Zarr, no such compression.
    """
    if layout.compression is not None and layout.compression not in LEVELS:
        raise RequestError(
            f"--compress {layout.compression}: say 0 for no compression to 9 for the smallest file."
        )
    if suffix == ZARR_SUFFIX and layout.unlimited:
        raise RequestError("--unlimited goes with NetCDF: any dimension of a Zarr store can grow.")
    if suffix != ZARR_SUFFIX and layout.shards is not None:
        raise RequestError("--shards goes with Zarr: a NetCDF output is one file anyway.")


def field_specs(
    series: Series,
    method: Method,
    plan: Plan,
    variables: Mapping[str, Mapping[str, Any]],
    *,
    suffix: str,
    layout: Layout = AS_USUAL,
    run_dim: str = "",
) -> dict[str, FieldSpec]:
    """Say how each field of an output is stored, or of one run of it.

    Args:
        series: The input.
        method: What fills it.
        plan: The output times.
        variables: CF attributes of each field.
        suffix: Of the output: packing is kept across formats, chunks and compression within one.
        layout: What the user wants.
        run_dim: Dimension along which forecast runs will be joined, if they will.

    Raises:
        RequestError: The format has no such thing, no variable has such a dimension, shards are no
            whole chunks, or a file of a Zarr store would hold several runs.
    """
    check_layout(layout, suffix)
    beside, members = parents(series, method), members_of(series, method)
    sizes = [
        math.prod(shape_of(series, plan, beside.get(name, name))) * (members.get(name) or 1)
        for name in variables
    ]
    time_bytes = 4 * sum(sizes) // max(len(plan), 1)
    shard_times = max(PIECE_BYTES // max(time_bytes, 1), FEWEST_SHARD_TIMES)
    specs = {}
    for name, attributes in variables.items():
        spec = _field_spec(
            series,
            plan,
            beside.get(name, name),
            attributes,
            suffix=suffix,
            layout=layout,
            members=members.get(name, 0),
            shard_times=shard_times,
        )
        specs[name] = replace(spec, storage=BESIDE) if name in beside else spec
    held = dict.fromkeys([run_dim] if run_dim else [])
    held |= {dim: None for spec in specs.values() for dim in spec.dims}
    for option, lengths in (("--chunks", layout.chunks), ("--shards", layout.shards)):
        for dim in lengths or ():
            if dim not in held:
                raise RequestError(
                    f"{option}: no variable has a dimension '{dim}'; there are {', '.join(held)}."
                )
        if suffix == ZARR_SUFFIX and (lengths or {}).get(run_dim, 1) > 1:
            raise RequestError(
                f"{option} {run_dim}={(lengths or {})[run_dim]}: each forecast run is filled on its"
                f" own, into files of its own; say {run_dim}=1, or nothing of it."
            )
    return specs


def _field_spec(
    series: Series,
    plan: Plan,
    variable: str,
    attributes: Mapping[str, Any],
    *,
    suffix: str,
    layout: Layout,
    members: int,
    shard_times: int,
) -> FieldSpec:
    array = series.as_given(variable)
    encoding = array.encoding
    kept = {key: encoding[key] for key in ("coordinates", "grid_mapping") if key in encoding}
    spec = FieldSpec(
        dims=tuple(
            series.file_dim or str(dim) if dim == series.time_name else str(dim)
            for dim in array.dims
        ),
        shape=shape_of(series, plan, variable),
        time_axis=array.dims.index(series.time_name),
        storage=Storage.from_encoding(encoding, dtype_of(series, variable)),
        chunks=None,
        attributes={**attributes, **kept},
    )
    if members:
        spec = replace(
            spec,
            dims=(REALIZATION, *spec.dims),
            shape=(members, *spec.shape),
            time_axis=spec.time_axis + 1,
        )
    if suffix == ZARR_SUFFIX:
        return _in_zarr(spec, encoding, series.grid.dims, layout, shard_times)
    unlimited = series.time_name in series.dataset.encoding.get("unlimited_dims", ())
    return _in_netcdf(spec, encoding, layout, unlimited=unlimited or layout.unlimited)


def _in_netcdf(
    spec: FieldSpec, encoding: Mapping[str, Any], layout: Layout, *, unlimited: bool
) -> FieldSpec:
    """The input's chunks, shortened in time so that they fit into memory; whole fields if none."""
    asked = bool(layout.chunks) or bool(layout.compression)
    if encoding.get("contiguous") and not unlimited and not asked:
        return spec
    given = encoding.get("chunksizes") or encoding.get("chunks")
    if given is None or len(given) != len(spec.shape):
        given = spec.shape
    chunks = [max(1, min(int(a), b)) for a, b in zip(given, spec.shape, strict=True)]
    chunks = _asked(spec, chunks, layout.chunks)
    time = chunks[spec.time_axis]
    if spec.dims[spec.time_axis] not in (layout.chunks or ()):
        time = min(time, _most_times(spec, chunks))
    chunks[spec.time_axis] = min(time, spec.shape[spec.time_axis])
    filters = _netcdf_filters(encoding)
    if layout.compression is not None:
        on = layout.compression > 0
        filters = {"zlib": on, "complevel": layout.compression, "shuffle": on}
    return replace(spec, chunks=tuple(chunks), filters=filters)


def _in_zarr(
    spec: FieldSpec,
    encoding: Mapping[str, Any],
    grid_dims: Sequence[str],
    layout: Layout,
    shard_times: int,
) -> FieldSpec:
    """Chunks of a Zarr input, else whole fields, several times a chunk; shards of large fields.

    How long they are in time does not depend on how long the output is, so that it can grow, and is
    a power of two, so that the chunks of several variables end together.
    """
    axis = spec.time_axis
    given = encoding.get("chunks")
    if given is not None and len(given) == len(spec.shape):
        chunks = _asked(spec, [max(1, int(one)) for one in given], layout.chunks)
        most = min(int(given[axis]), _most_times(spec, chunks))
    else:
        chunks = list(spec.shape)
        chunks[axis] = 1
        for i, dim in enumerate(spec.dims):  # levels and members one by one if together too large
            if i != axis and dim not in grid_dims and _bytes(spec, chunks) > CHUNK_BYTES:
                chunks[i] = 1
        chunks = _asked(spec, chunks, layout.chunks)
        most = min(_power_of_two(_most_times(spec, chunks)), MOST_TIMES)
    if spec.dims[axis] not in (layout.chunks or ()):
        chunks[axis] = max(1, most)
    compressors = {key: encoding[key] for key in ("compressors",) if key in encoding}
    if layout.compression is not None:
        from zarr.codecs import ZstdCodec  # noqa: PLC0415 - slow to load

        level = layout.compression
        compressors = {"compressors": [ZstdCodec(level=level)] if level else None}
    shards = _shards(spec, chunks, layout.shards, min(shard_times, MOST_SHARD_TIMES))
    return replace(spec, chunks=tuple(chunks), shards=shards, filters=compressors)


def _shards(
    spec: FieldSpec, chunks: Sequence[int], asked: Mapping[str, int] | None, most_times: int
) -> tuple[int, ...] | None:
    """Shape of a shard: all of a field, as many times as asked for or as are good; None: none.

    Args:
        spec: The field.
        chunks: Its chunks.
        asked: What the user wants.
        most_times: How many times it may have if nothing is asked for.

    Raises:
        RequestError: A shard would hold no whole number of chunks.
    """
    axis = spec.time_axis
    whole = [-(-size // length) * length for size, length in zip(spec.shape, chunks, strict=True)]
    whole[axis] = 1
    most = min(SHARD_BYTES // max(_bytes(spec, whole), 1), most_times)
    whole[axis] = chunks[axis] * _power_of_two(most // chunks[axis])
    if asked is None:
        return tuple(whole) if whole[axis] > chunks[axis] else None
    if not asked:
        return None
    shards = _asked(spec, whole, asked)
    for dim, shard, chunk in zip(spec.dims, shards, chunks, strict=True):
        if shard % chunk:
            raise RequestError(
                f"--shards: {shard} along '{dim}' is no whole number of chunks of {chunk}: say a"
                " multiple of that, or --chunks too."
            )
    return tuple(shards)


def _asked(spec: FieldSpec, chunks: Sequence[int], asked: Mapping[str, int] | None) -> list[int]:
    """Lengths as asked for where they are, none longer than the field but in time."""
    lengths = list(chunks)
    for i, (dim, size) in enumerate(zip(spec.dims, spec.shape, strict=True)):
        if asked and dim in asked:
            lengths[i] = asked[dim] if i == spec.time_axis else min(asked[dim], size)
    return lengths


def _most_times(spec: FieldSpec, chunks: Sequence[int]) -> int:
    """How many times of such chunks fit into memory until they are full."""
    one_time = _bytes(spec, chunks) // chunks[spec.time_axis]
    frame = _bytes(spec, spec.shape) // spec.shape[spec.time_axis]
    return max(1, min(CHUNK_BYTES // max(one_time, 1), HELD_BYTES // max(frame, 1)))


def _bytes(spec: FieldSpec, lengths: Sequence[int]) -> int:
    return math.prod(lengths) * spec.storage.dtype.itemsize


def _power_of_two(most: int) -> int:
    """The largest power of two that is not more; at least 1."""
    return 1 << (max(most, 1).bit_length() - 1)


def _netcdf_filters(encoding: Mapping[str, Any]) -> dict[str, Any]:
    """Compression as in a NetCDF input that says, else the usual one."""
    if "zlib" not in encoding or any(encoding.get(other) for other in ("zstd", "bzip2", "blosc")):
        return dict(DEFAULT_COMPRESSION)
    return {
        "zlib": bool(encoding["zlib"]),
        "complevel": int(encoding.get("complevel") or 4),
        "shuffle": bool(encoding.get("shuffle", False)),
        "fletcher32": bool(encoding.get("fletcher32", False)),
    }


def without_new_fills(frame: xr.Dataset) -> xr.Dataset:
    """Keep xarray from adding fill values to variables that had none."""
    quiet = frame.copy()
    for name in quiet.variables:
        encoding = quiet[name].encoding
        if "_FillValue" not in encoding and "missing_value" not in encoding:
            encoding["_FillValue"] = None
    return quiet
