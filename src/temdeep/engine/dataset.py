"""The output as a dataset in memory, or as one that dask computes when asked.

Knows: xarray, dask. Must not know: files.
"""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from temdeep.engine.arrays import filled
from temdeep.engine.beside import REALIZATION, members_of, parents
from temdeep.engine.lazy import lazy_arrays
from temdeep.engine.plan import Plan
from temdeep.engine.template import Template, template
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method


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
    arrays = lazy_arrays(series, method, plan) if lazy else filled(series, method, plan)
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
