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
        probability: Of a quantile; None: it is the standard deviation.
    """

    of: str
    probability: float | None = None


def error_fields(dataset: xr.Dataset) -> dict[str, ErrorField]:
    """Fields that a variable names beside it as its standard error or quantile, by their name."""
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
    return found
