"""Finds the coordinates of a file that say where its cells are.

Knows: xarray, CF and usual names. Must not know: torch, files.
"""

import contextlib
from collections.abc import Hashable, Sequence

import cf_xarray  # noqa: F401  (registers Dataset.cf)
import numpy as np
import xarray as xr

from temdeep.errors import GridError

_NAMES = {
    "latitude": ("latitude", "lat", "nav_lat", "XLAT", "lats", "rlat_2d", "clat"),
    "longitude": ("longitude", "lon", "nav_lon", "XLONG", "lons", "rlon_2d", "clon"),
    "X": ("x", "rlon", "grid_longitude", "projection_x_coordinate", "easting", "X"),
    "Y": ("y", "rlat", "grid_latitude", "projection_y_coordinate", "northing", "Y"),
}
"""Names of coordinates that say nothing of themselves, by role."""


def place_names(dataset: xr.Dataset) -> list[str]:
    """Variables that hold latitudes or longitudes."""
    return [*_candidates(dataset, "latitude"), *_candidates(dataset, "longitude")]


def with_still_places(dataset: xr.Dataset, time_dim: str, source: str) -> xr.Dataset:
    """Latitudes and longitudes that a file repeats at every time, once; others as they are."""
    for name in place_names(dataset):
        if time_dim in dataset[name].dims:
            with contextlib.suppress(GridError):
                once = _at_rest(dataset[name], [time_dim], source).variable
                once = xr.Variable(once.dims, once.values, once.attrs)
                dataset = dataset.assign({name: once})
    return dataset


def _candidates(dataset: xr.Dataset, role: str) -> list[str]:
    known = dataset.cf.coordinates | dataset.cf.axes
    found = [str(one) for one in known.get(role, [])]
    return found + [one for one in _NAMES[role] if one in dataset.variables and one not in found]


def place(
    dataset: xr.Dataset,
    role: str,
    dims: tuple[str, ...],
    time_dims: tuple[str, ...],
    source: str,
) -> xr.DataArray | None:
    """Latitude or longitude in degrees along a variable's dimensions, with as many as there are."""
    fitting = []
    for name in _candidates(dataset, role):
        array = dataset[name]
        moving = [dim for dim in array.dims if dim in time_dims]
        rotated = str(array.attrs.get("standard_name", "")).startswith("grid_")
        if (
            array.dtype.kind in "fiu"
            and not rotated
            and array.ndim - len(moving) <= 2
            and set(array.dims) - set(moving) <= set(dims)
        ):
            fitting.append(_at_rest(array, moving, source))
    found = max(fitting, key=lambda array: array.ndim, default=None)
    if found is not None and str(found.attrs.get("units", "")).startswith("rad"):
        found = found.copy(data=np.degrees(found.values))
    return found


def _at_rest(array: xr.DataArray, moving: Sequence[Hashable], source: str) -> xr.DataArray:
    """A coordinate that a file repeats at every time, once.

    Raises:
        GridError: It is not the same at the last time as at the first.
    """
    first, last = (array.isel(dict.fromkeys(moving, at)) for at in (0, -1))
    if moving and not np.allclose(first, last, rtol=0, atol=1e-4, equal_nan=True):
        raise GridError(
            f"the grid of {source} moves: '{array.name}' changes in time, and cells are filled in"
            " where they are; bring the fields to one grid first."
        )
    return first


def axis(dataset: xr.Dataset, role: str, dims: tuple[str, ...]) -> xr.DataArray | None:
    """A coordinate along x or y of one of a variable's dimensions."""
    for name in _candidates(dataset, role):
        array = dataset[name]
        if array.ndim == 1 and array.dims[0] in dims and array.dtype.kind in "fiu":
            return array
    return None
