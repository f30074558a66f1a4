"""Numbers along time that are no fields: what can be put between their given values, and what not.

Knows: xarray, CF attributes. Must not know: files, output times.
"""

import numpy as np
import xarray as xr

from temdeep.fields.kinds import may_be_of_period


def lies_along(array: xr.DataArray, time_name: str) -> bool:
    """Whether it is a number, or a time, for each time and nothing else."""
    if array.dims != (time_name,) or array.dtype.kind not in "fiubmM":
        return False
    return array.dtype.kind not in "mM" or not bool(np.isnat(array.values).any())


def why_left_out(array: xr.DataArray, time_name: str, said_period: bool | None) -> str:
    """Why a variable along time alone is not carried into an output; empty if it is.

    Args:
        array: A variable that is no coordinate.
        time_name: Name of the time dimension.
        said_period: Whether the user says that it is of periods; None: nothing is said.
    """
    if not lies_along(array, time_name):
        return f"'{array.name}' is no field in time that can be filled in and is left out."
    periods = said_period
    if periods is None:
        periods = may_be_of_period(str(array.name), array.attrs, (time_name,), array.dtype)
    if periods:
        return (
            f"'{array.name}' holds, or may hold, for periods and has no grid: only fields are"
            f" divided, so it is left out; if it holds at the stamps say"
            f" --kind {array.name}=instantaneous."
        )
    return ""
