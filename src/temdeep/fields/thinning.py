"""Makes a coarse series of a fine one: frames left out, periods joined.

Knows: xarray. Must not know: torch, files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.errors import RequestError
from temdeep.fields.periods import join
from temdeep.fields.time_axis import Int64Array
from temdeep.fields.valid_times import bounds_name, stamp_position
from temdeep.fields.variables import Kind

if TYPE_CHECKING:
    from temdeep.fields.series import Series

BoolArray = npt.NDArray[np.bool_]

_CHUNK_BYTES = 64 * 2**20


def thin(series: Series, every: int, offset: int = 0) -> Series:
    """See `Series.thin`."""
    if every < 1 or offset < 0:
        raise RequestError(f"cannot keep every {every}-th time from the {offset}-th on.")
    if every == 1 and offset == 0:
        return series
    if series.time.runs is not None:
        raise RequestError(
            f"{series.source} holds several forecast runs, one after the other, and times are"
            " hidden within one run only: cut out one of them."
        )
    if series.instantaneous():
        kept = series.time.every(every, offset)
        groups = {
            name: _groups_at(series, kept, edges, every) for name, edges in series.edges.items()
        }
    else:
        members = _groups_alone(series, every, offset)
        kept = members[:, -1]
        groups = dict.fromkeys(series.edges, members)
    if len(kept) < 2:
        raise RequestError(
            f"every {every}-th of the {len(series.time)} times of {series.source} leaves"
            f" {len(kept) or 'none'}: at least two are needed."
        )
    return _joined(series, kept, groups)


def _groups_at(series: Series, kept: Int64Array, edges: Int64Array, every: int) -> Int64Array:
    """Indices of the periods joined at each kept stamp, shape (kept, every); -1: not complete."""
    shift = 0 if stamp_position(edges, series.time) == "begin" else 1 - every
    return _consecutive(series, kept + shift, every)


def _groups_alone(series: Series, every: int, offset: int) -> Int64Array:
    """Complete groups of periods from the `offset`-th on, shape (group, every)."""
    first = series.time.every(every, offset)
    groups = _consecutive(series, first, every)
    edges = next(iter(series.edges.values()))
    whole = (groups >= 0).all(axis=1)
    groups = groups[whole]
    return groups[_complete(edges, groups)] if len(groups) else groups


def _consecutive(series: Series, first: Int64Array, every: int) -> Int64Array:
    """Runs of `every` indices that lie one usual step apart; -1 throughout where they do not."""
    groups = first[:, None] + np.arange(every)
    inside = (groups[:, 0] >= 0) & (groups[:, -1] < len(series.time))
    clipped = np.clip(groups, 0, len(series.time) - 1)
    positions = series.time.positions()[clipped]
    regular = (np.diff(positions, axis=1) == 1).all(axis=1) & (positions >= 0).all(axis=1)
    return np.where((inside & regular)[:, None], groups, -1)


def _complete(edges: Int64Array, groups: Int64Array) -> BoolArray:
    """Whether the periods of each group follow each other without a gap or a missing one."""
    begin, end = edges[groups, 0], edges[groups, 1]
    joined: BoolArray = (begin[:, 1:] == end[:, :-1]).all(axis=1) & (end > begin).all(axis=1)
    return joined


def _joined(series: Series, kept: Int64Array, groups: dict[str, Int64Array]) -> Series:
    dataset = series.dataset.isel({series.time_name: kept})
    edges, variables = {}, {}
    for name, members in groups.items():
        kind = next(one.kind for one in series.channels if one.variable == name)
        old = series.edges[name]
        whole = np.asarray((members >= 0).all(axis=1))
        whole[whole] = _complete(old, members[whole])
        safe = np.where(whole[:, None], members, 0)
        begin = np.where(whole, old[safe[:, 0], 0], series.time.offset_us[kept])
        end = np.where(whole, old[safe[:, -1], 1], series.time.offset_us[kept])
        edges[name] = np.stack([begin, end], axis=1)
        lengths = (old[:, 1] - old[:, 0])[safe]
        variables[name] = _join_variable(series, name, safe, lengths, whole, kind)
    axis = series.time.take(kept)
    values = axis.values
    if not series.instantaneous():
        first = next(iter(edges.values()))
        position = stamp_position(next(iter(series.edges.values())), series.time)
        offsets = {"begin": first[:, 0], "end": first[:, 1], "middle": first.mean(axis=1)}
        whole_us = np.round(offsets[position]).astype(np.int64)
        values = series.time.at(whole_us)
        axis = replace(axis, values=values, offset_us=whole_us - whole_us[0])
        dataset = dataset.assign_coords({series.time_name: _like(dataset, series, values)})
    origin = series.time.offset_of(values[0])
    dataset = dataset.assign(variables)
    bounds = bounds_name(series.dataset, series.time_name)
    if bounds and edges:
        stamps = series.time.at(next(iter(edges.values())).ravel()).reshape(-1, 2)
        old_bounds = series.dataset[bounds]
        new = xr.Variable(old_bounds.dims, stamps, old_bounds.attrs, _time_encoding(old_bounds))
        dataset = dataset.assign({bounds: new})
    return replace(
        series,
        dataset=dataset,
        time=axis,
        edges={name: one - origin for name, one in edges.items()},
        totals={
            name: one.take(kept, series.time_name, origin) for name, one in series.totals.items()
        },
    )


def _like(dataset: xr.Dataset, series: Series, values: Any) -> xr.Variable:
    old = dataset[series.time_name]
    return xr.Variable(old.dims, values, old.attrs, _time_encoding(old))


def _time_encoding(array: xr.DataArray) -> dict[str, Any]:
    """Calendar and reference, not an integer type that joined times may not fit."""
    return {key: array.encoding[key] for key in ("units", "calendar") if key in array.encoding}


def _join_variable(
    series: Series,
    name: str,
    members: Int64Array,
    lengths: Int64Array,
    whole: np.ndarray,
    kind: Kind,
) -> xr.DataArray:
    """Joined periods of a variable, missing where not complete; lazy where the input is."""
    array, time = series.dataset[name], series.time_name
    if array.chunks is None and not _in_memory(array):
        frame = max(1, array.nbytes // max(array.sizes[time], 1))
        array = array.chunk({time: max(1, _CHUNK_BYTES // frame)})
    dims = array.dims
    ordered = array.transpose(time, ...)
    data = ordered.data
    parts = [data[members[:, j]] for j in range(members.shape[1])]
    stacked = _stack(parts)
    if kind is Kind.MEAN and (lengths != lengths[:, :1])[whole].any():
        weights = lengths / np.maximum(lengths.sum(axis=1, keepdims=True), 1)
        shaped = weights.T.reshape(*weights.T.shape, *(1,) * (data.ndim - 1))
        result = (stacked * shaped).sum(axis=0)
    else:
        result = join(stacked, np.ones(members.shape[1]), kind)
    mask = whole.reshape(-1, *(1,) * (data.ndim - 1))
    result = _where(mask, result).astype(_float_type(array.dtype))
    joined = xr.DataArray(result, dims=ordered.dims, attrs=array.attrs, name=name).transpose(*dims)
    if kind is not Kind.SUM:
        joined.encoding = dict(array.encoding)
    else:  # a sum may leave the range of the packing
        left = ("scale_factor", "add_offset", "dtype", "_FillValue", "missing_value")
        joined.encoding = {k: v for k, v in array.encoding.items() if k not in left}
    return joined


def _in_memory(array: xr.DataArray) -> bool:
    return bool(array.variable._in_memory)


def _stack(parts: list[Any]) -> Any:
    if isinstance(parts[0], np.ndarray):
        return np.stack(parts)
    import dask.array  # noqa: PLC0415  (only where there is dask)

    return dask.array.stack(parts)  # type: ignore[no-untyped-call]


def _where(mask: np.ndarray, values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return np.where(mask, values, np.nan)
    import dask.array  # noqa: PLC0415  (only where there is dask)

    return dask.array.where(mask, values, np.nan)


def _float_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.kind == "f" else np.dtype(np.float64)
