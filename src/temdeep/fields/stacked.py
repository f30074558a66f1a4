"""Arrays that hold several variables, along a dimension that names them, as of earth2studio.

Knows: xarray. Must not know: what the variables are.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from temdeep.errors import VariableError

UNNAMED = "unnamed"
NAMES = ("variable", "channel", "param", "parameter", "shortName")
"""What dimensions of variables are called."""


@dataclass(frozen=True)
class Unstacked:
    """An array as a dataset, and how to make an array of it again.

    Attributes:
        dataset: Its variables; the array itself if it holds but one.
        name: Of the array, as variable of a dataset.
        dim: The dimension of variables; empty if there is none.
        names: Of the variables, in the array's order.
        dims: Of the array, in order.
        given_name: Of the array, None where it has none.
        attributes: Of the array.
        label_type: Of the names along the dimension.
    """

    dataset: xr.Dataset
    name: str
    dim: str
    names: tuple[str, ...]
    dims: tuple[Hashable, ...]
    given_name: Hashable
    attributes: dict[Hashable, object]
    label_type: np.dtype[Any] | None = None

    def stacked(self, filled: xr.Dataset) -> xr.DataArray:
        """An array of the variables that were filled in, in the order of the one they are of."""
        if not self.dim:
            return filled[self.name].rename(self.given_name)
        kept = [name for name in self.names if name in filled.data_vars]
        found = filled[kept].to_dataarray(self.dim).transpose(*self.dims)
        found = found.assign_coords({self.dim: np.array(kept, dtype=self.label_type)})
        return found.rename(self.given_name).assign_attrs(self.attributes)


def unstacked(array: xr.DataArray) -> Unstacked:
    """An array as a dataset: of the variables that a dimension of it names, or of itself.

    Raises:
        VariableError: A variable stands twice in it, or is called as a coordinate is.
    """
    name = str(array.name or _told_name(array) or UNNAMED)
    told = (array.dims, array.name, dict(array.attrs))
    dim = _dim_of_variables(array)
    if not dim:
        return Unstacked(array.to_dataset(name=name), name, "", (), *told)
    names = tuple(str(one) for one in array[dim].values)
    label_type = array[dim].dtype
    array = array.assign_coords({dim: list(names)})
    twice = [one for one in names if names.count(one) > 1]
    if twice:
        raise VariableError(f"'{twice[0]}' stands twice along '{dim}' of the array: name it once.")
    clashing = [one for one in names if one in array.coords or one in array.dims]
    if clashing:
        raise VariableError(
            f"'{clashing[0]}' along '{dim}' of the array is the name of a coordinate, too: rename"
            " one of them."
        )
    return Unstacked(array.to_dataset(dim=dim), name, dim, names, *told, label_type)


def _dim_of_variables(array: xr.DataArray) -> str:
    """The dimension whose labels are names of variables; empty where there is none."""
    for dim in array.dims:
        if dim in NAMES and dim in array.coords and array[dim].dtype.kind in "UOT":
            return "" if array.indexes[dim].nlevels > 1 else str(dim)
    return ""


def _told_name(array: xr.DataArray) -> str:
    """What a coordinate calls an array that was picked out of several; empty where none does."""
    for name in NAMES:
        if name in array.coords and array[name].ndim == 0 and array[name].dtype.kind in "UOT":
            return str(array[name].item())
    return ""
