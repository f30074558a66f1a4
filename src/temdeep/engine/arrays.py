"""The fields of an output as arrays in memory: their shapes, their types, and all of them made.

Knows: series, methods, plans. Must not know: dask, files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from temdeep.engine.beside import members_of, parents
from temdeep.engine.plan import Plan
from temdeep.engine.running_totals import fill
from temdeep.engine.stream import variables_of
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

Values = npt.NDArray[Any]


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


def filled(
    series: Series, method: Method, plan: Plan, between: Callable[[], None] | None = None
) -> dict[str, Values]:
    """Make all fields of an output.

    Args:
        series: The coarse series.
        method: What fills it.
        plan: What to make.
        between: Called after each of the blocks that they are made in.
    """
    arrays: dict[str, Values] = {
        name: np.empty(*made_as(series, method, plan, name))
        for name in (*variables_of(series.channels), *parents(series, method))
    }
    for block in fill(series, method, plan):
        for name, variable in block.fields.items():
            axis = variable.dims.index(series.time_name)
            place = (*(slice(None),) * axis, block.times)
            arrays[name][place] = _cast(variable.values, arrays[name].dtype)
        if between is not None:
            between()
    return arrays


def made_as(
    series: Series, method: Method, plan: Plan, name: str
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type in memory of a variable of the output, or of what stands beside one."""
    parent, members = parents(series, method), members_of(series, method)
    if name not in parent:
        return shape_of(series, plan, name), dtype_of(series, name)
    shape = shape_of(series, plan, parent[name])
    return (members[name], *shape) if name in members else shape, np.dtype(np.float32)
