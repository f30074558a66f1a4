"""Fields that tell how wrong another may be, as CF ties them to it: by `ancillary_variables`.

Knows: CF attributes. Must not know: files, how an error is told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

DEVIATION = "_standard_deviation"
"""What follows a variable's name in that of its standard error, where no standard name tells."""


@dataclass(frozen=True)
class ErrorField:
    """What a field tells of another.

    Attributes:
        of: Name of the variable that it tells of.
        probability: Of a quantile; None: it is no quantile.
        members: How many likely courses it holds; None: none, it is a standard deviation or a
            quantile.
    """

    of: str
    probability: float | None = None
    members: int | None = None

    def __str__(self) -> str:
        """What it holds, as what follows its name in a sentence."""
        if self.members is None:
            return f"says how wrong '{self.of}' may be"
        return f"holds {self.members} likely courses of '{self.of}'"


def error_fields(dataset: xr.Dataset) -> dict[str, ErrorField]:
    """Fields that a variable names beside it as its error, a quantile or members, by their name."""
    found = {}
    for name, array in dataset.data_vars.items():
        for one in str(array.attrs.get("ancillary_variables", "")).split():
            if one not in dataset.data_vars:
                continue
            told = dataset[one].attrs
            probability = told.get("probability")
            error = str(told.get("standard_name", "")).endswith(" standard_error")
            if isinstance(probability, int | float | np.number):
                found[one] = ErrorField(str(name), float(probability))
            elif error or one == f"{name}{DEVIATION}":
                found[one] = ErrorField(str(name))
            elif (count := _members(dataset[one], array)) is not None:
                found[one] = ErrorField(str(name), members=count)
    return found


def _members(one: xr.DataArray, of: xr.DataArray) -> int | None:
    """How many members a field has along a dimension of its own that CF calls that of members."""
    own = [one.sizes[dim] for dim in one.dims if dim not in of.dims and _is_members(one, str(dim))]
    return own[0] if len(own) == 1 else None


def _is_members(array: xr.DataArray, dim: str) -> bool:
    standard = array.coords[dim].attrs.get("standard_name") if dim in array.coords else None
    return standard == "realization"
