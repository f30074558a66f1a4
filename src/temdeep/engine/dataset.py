"""The output as a dataset in memory, or as one that dask computes when asked.

Knows: xarray, dask. Must not know: files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.engine import cores
from temdeep.engine.beside import REALIZATION, members_of, parents
from temdeep.engine.pieces import Piece, pieces, windowed
from temdeep.engine.plan import Plan
from temdeep.engine.running_totals import fill
from temdeep.engine.stream import variables_of
from temdeep.engine.template import Template, template
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

if TYPE_CHECKING:
    import dask.array as da

Values = npt.NDArray[Any]


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
    parent = parents(series, method)
    lazy = any(
        series.dataset[name].chunks is not None for name in frame.variables if name not in parent
    )
    arrays = _lazy(series, method, plan) if lazy else _eager(series, method, plan)
    return assembled(series, method, frame, arrays), frame.notes


def assembled(
    series: Series, method: Method, frame: Template, arrays: Mapping[str, Any]
) -> xr.Dataset:
    """Put fields into their frame, in the input's order.

    Args:
        series: The input.
        method: What filled it.
        frame: The output without its fields.
        arrays: The fields by name.
    """
    parent, members = parents(series, method), members_of(series, method)
    fields = {}
    for name, attributes in frame.variables.items():
        dims = series.dataset[parent.get(name, name)].dims
        dims = (REALIZATION, *dims) if name in members else dims
        fields[name] = xr.Variable(dims, arrays[name], attributes)
    for name, variable in fields.items():
        said = series.as_given(parent.get(name, name)).encoding
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


def _eager(
    series: Series, method: Method, plan: Plan, between: Callable[[], None] | None = None
) -> dict[str, Values]:
    """All fields; something may be done between the blocks that they are made in."""
    arrays: dict[str, Values] = {
        name: np.empty(shape_of(series, plan, name), dtype=dtype_of(series, name))
        for name in variables_of(series.channels)
    }
    members = members_of(series, method)
    for name, parent in parents(series, method).items():
        shape = shape_of(series, plan, parent)
        arrays[name] = np.empty((members[name], *shape) if name in members else shape, np.float32)
    for block in fill(series, method, plan):
        for name, variable in block.fields.items():
            axis = variable.dims.index(series.time_name)
            place = (*(slice(None),) * axis, block.times)
            arrays[name][place] = _cast(variable.values, arrays[name].dtype)
        if between is not None:
            between()
    return arrays


def _lazy(series: Series, method: Method, plan: Plan) -> dict[str, da.Array]:
    """One task for some neighbouring intervals, from the frames that these need."""
    import dask.array as da  # noqa: PLC0415 - slow to load: only where there is dask
    from dask.delayed import delayed  # noqa: PLC0415

    names, parent = variables_of(series.channels), parents(series, method)
    members = members_of(series, method)
    times_only = xr.Dataset(coords={series.time_name: series.dataset[series.time_name].variable})
    bare = replace(series, dataset=times_only)
    shared = delayed((bare, method), pure=False, traverse=False)
    arrays: dict[str, list[da.Array]] = {name: [] for name in (*names, *parent)}
    for piece in pieces(series, method.context, plan):
        fields = series.dataset[names].isel({series.time_name: piece.window})
        made = delayed(_fill_piece, pure=False)(shared, fields, piece)
        for name, parts in arrays.items():
            shape = shape_of(series, piece.part, parent.get(name, name))
            shape = (members[name], *shape) if name in members else shape
            dtype = np.dtype(np.float32) if name in parent else dtype_of(series, name)
            array = da.from_delayed(made[name], shape, dtype)  # type: ignore[no-untyped-call]
            parts.append(array)
    return {
        name: da.concatenate(  # type: ignore[no-untyped-call]
            parts,
            axis=series.dataset[parent.get(name, name)].dims.index(series.time_name)
            + int(name in members),
        )
        for name, parts in arrays.items()
    }


def _fill_piece(
    shared: tuple[Series, Method], fields: xr.Dataset, piece: Piece
) -> dict[str, Values]:
    bare, method = shared
    with cores.shared() as take_share:
        return _eager(windowed(bare, piece.window, fields), method, piece.part, take_share)
