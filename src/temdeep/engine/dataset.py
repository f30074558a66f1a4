"""The output as a dataset in memory, or as one that dask computes when asked.

Knows: xarray, dask. Must not know: files.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dask.array as da
import numpy as np
import numpy.typing as npt
import xarray as xr
from dask.delayed import delayed

from temdeep.engine.plan import Int64Array, Plan
from temdeep.engine.running_totals import fill
from temdeep.engine.stream import variables_of
from temdeep.engine.template import Template, template
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

Values = npt.NDArray[Any]

KEPT_ENCODING = ("coordinates", "grid_mapping")

INTERVALS_PER_TASK = 8
"""Neighbouring intervals share their context: together they read less than one by one."""


def fill_dataset(
    series: Series, method: Method, plan: Plan, provenance: Mapping[str, str] | None = None
) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Fill a series: at once where its variables are in memory, lazily where they are dask's.

    Args:
        series: The coarse series.
        method: What fills it.
        plan: What to make.
        provenance: Global attributes that say how it came about.

    Returns:
        The output, each variable in its own type, and notes, a sentence each. Packing is not
        taken over: xarray would write values beyond its range wrongly.
    """
    frame = template(series, method, plan, provenance or {})
    lazy = any(series.dataset[name].chunks is not None for name in frame.variables)
    arrays = _lazy(series, method, plan) if lazy else _eager(series, method, plan)
    return assembled(series, frame, arrays), frame.notes


def assembled(series: Series, frame: Template, arrays: Mapping[str, Any]) -> xr.Dataset:
    """Put fields into their frame, in the input's order."""
    fields = {
        name: xr.Variable(series.dataset[name].dims, arrays[name], attributes)
        for name, attributes in frame.variables.items()
    }
    for name, variable in fields.items():
        said = series.as_given(name).encoding
        variable.encoding = {
            key: said[key] for key in ("coordinates", "grid_mapping") if key in said
        }
    full = frame.dataset.assign(fields)
    order = [name for name in series.dataset.data_vars if name in full]
    order += [name for name in full.data_vars if name not in order]
    ordered = full[order]
    ordered.encoding = frame.dataset.encoding
    return series.in_file_dims(ordered)


def shape_of(series: Series, plan: Plan, variable: str) -> tuple[int, ...]:
    """Shape of a variable in the output."""
    sizes = {**series.dataset[variable].sizes, series.time_name: len(plan)}
    return tuple(sizes[dim] for dim in series.dataset[variable].dims)


def dtype_of(series: Series, variable: str) -> np.dtype[Any]:
    """Type of a variable in memory: the input's, but no integers where values may be missing."""
    dtype = series.as_given(variable).dtype
    if dtype.kind == "f" or variable not in series.edges:
        return np.dtype(dtype)
    return np.dtype(np.float64 if dtype.itemsize > 2 else np.float32)


def _cast(values: Values, dtype: np.dtype[Any]) -> Values:
    if dtype.kind in "iu" and values.dtype.kind == "f":
        limits = np.iinfo(dtype)
        return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
    return values.astype(dtype, copy=False)


def _eager(series: Series, method: Method, plan: Plan) -> dict[str, Values]:
    arrays = {
        name: np.empty(shape_of(series, plan, name), dtype=dtype_of(series, name))
        for name in variables_of(series.channels)
    }
    for block in fill(series, method, plan):
        for name, variable in block.fields.items():
            axis = variable.dims.index(series.time_name)
            place = (*(slice(None),) * axis, block.times)
            arrays[name][place] = _cast(variable.values, arrays[name].dtype)
    return arrays


def _lazy(series: Series, method: Method, plan: Plan) -> dict[str, da.Array]:
    """One task for some neighbouring intervals, from the frames that these need."""
    names = variables_of(series.channels)
    times_only = xr.Dataset(coords={series.time_name: series.dataset[series.time_name].variable})
    bare = replace(series, dataset=times_only)
    shared = delayed((bare, method), pure=False, traverse=False)
    pieces: dict[str, list[da.Array]] = {name: [] for name in names}
    if plan.periods_us is not None:
        plan = replace(plan, cuts_us=np.unique(plan.periods_us))
    for times in _pieces(plan):
        part = _part(series, plan, times)
        window = _window(series, part, method.context)
        fields = series.dataset[names].isel({series.time_name: window})
        made = delayed(_fill_piece, pure=False)(shared, fields, window, part)
        for name in names:
            shape, dtype = shape_of(series, part, name), dtype_of(series, name)
            piece = da.from_delayed(made[name], shape, dtype)  # type: ignore[no-untyped-call]
            pieces[name].append(piece)
    return {
        name: da.concatenate(  # type: ignore[no-untyped-call]
            parts, axis=series.dataset[name].dims.index(series.time_name)
        )
        for name, parts in pieces.items()
    }


def _pieces(plan: Plan) -> list[slice]:
    """Output times by groups of neighbouring intervals."""
    group = plan.interval // INTERVALS_PER_TASK
    bounds = [0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), len(plan)]
    return [slice(a, b) for a, b in itertools.pairwise(bounds)]


def _part(series: Series, plan: Plan, times: slice) -> Plan:
    """Some times of a plan, whose periods divide the input's as those of the whole plan do."""
    part = Plan(
        plan.offset_us[times], plan.given[times], plan.interval[times], plan.theta[times], None, ()
    )
    if plan.periods_us is None or plan.cuts_us is None:
        return part
    periods = plan.periods_us[times]
    touched = [_touched(edges, periods) for edges in series.edges.values()]
    begin = min([int(periods[0, 0]), *(int(one[0, 0]) for one in touched if len(one))])
    end = max([int(periods[-1, 1]), *(int(one[-1, 1]) for one in touched if len(one))])
    near = (plan.cuts_us >= begin) & (plan.cuts_us <= end)
    return replace(part, periods_us=periods, cuts_us=plan.cuts_us[near])


def _touched(edges: Int64Array, periods: Int64Array) -> Int64Array:
    """Input periods, shape (time, 2), that share time with successive output periods."""
    shared: Int64Array = edges[(edges[:, 0] < periods[-1, 1]) & (edges[:, 1] > periods[0, 0])]
    return shared


def _window(series: Series, part: Plan, context: int) -> slice:
    """Input times that some output times need, at least two."""
    last = int(part.interval[-1]) + (2 if part.given[-1] < 0 else 1)
    needed = [int(part.interval[0]), last]
    if part.periods_us is not None:
        begin, end = part.periods_us[0, 0], part.periods_us[-1, 1]
        for edges in series.edges.values():
            touched = np.flatnonzero((edges[:, 0] < end) & (edges[:, 1] > begin))
            needed += [int(touched[0]), int(touched[-1]) + 1] if len(touched) else []
    first, stop = max(min(needed) - context - 1, 0), max(needed) + context + 1
    return slice(first, min(stop, len(series.time)))


def _fill_piece(
    shared: tuple[Series, Method], fields: xr.Dataset, window: slice, part: Plan
) -> dict[str, Values]:
    bare, method = shared
    shift = int(bare.time.offset_us[window.start])
    series = replace(bare.take(window), dataset=fields)
    return _eager(series, method, _moved(part, window.start, shift))


def _moved(part: Plan, first: int, shift_us: int) -> Plan:
    """A plan counted from a later time of the series."""
    given: Int64Array = np.where(part.given >= 0, part.given - first, -1)
    return replace(
        part,
        offset_us=part.offset_us - shift_us,
        given=given,
        interval=part.interval - first,
        periods_us=None if part.periods_us is None else part.periods_us - shift_us,
        cuts_us=None if part.cuts_us is None else part.cuts_us - shift_us,
    )
