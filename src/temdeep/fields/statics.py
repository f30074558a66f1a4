"""What is fixed to the ground: elevation and land, from a file of its own or from the series.

Knows: xarray, CF and GRIB names. Must not know: torch, files.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from temdeep.errors import GridError, InputError
from temdeep.fields.grids import Grid, find_grid
from temdeep.fields.natures import standard_name_of
from temdeep.metric import Float64Array

GRAVITY_M_S2 = 9.80665

_ELEVATION = (
    frozenset({"surface_altitude"}),
    frozenset(
        """
    orog orography elevation hgt topo hsurf alt terrain altitude
    """.split()  # noqa: SIM905  (a table to read)
    ),
)
_GEOPOTENTIAL = (
    frozenset({"surface_geopotential", "geopotential"}),
    frozenset(["z", "zs", "phis", "fis", "orog_geopotential"]),
)
_LAND = (
    frozenset({"land_area_fraction", "land_binary_mask"}),
    frozenset(["lsm", "land_sea_mask", "landmask", "land_mask", "sftlf", "fr_land", "xland"]),
)


def is_static(dataset: xr.Dataset, name: str) -> str:
    """Which static field a variable is: `elevation`, `geopotential`, `land` or nothing."""
    array = dataset[name]
    standard = standard_name_of(array.attrs)
    for role, (standards, names) in (
        ("elevation", _ELEVATION),
        ("geopotential", _GEOPOTENTIAL),
        ("land", _LAND),
    ):
        if standard in standards or (not standard and name.lower() in names):
            return role
    return ""


def with_statics(
    grid: Grid, dataset: xr.Dataset, time_dims: Sequence[str], source: str, names: Iterable[str]
) -> tuple[Grid, dict[str, str]]:
    """Give a grid the elevation and land fraction found among some variables.

    Args:
        grid: The grid.
        dataset: Where to look.
        time_dims: Dimensions that a static field cannot have, unless of length one.
        source: Name of the file, for messages.
        names: Variables to look at.

    Returns:
        The grid, and the role of each static variable used.

    Raises:
        GridError: A static field lies on another grid that does not hold the series' places.
    """
    found: dict[str, str] = {}
    fields: dict[str, Float64Array] = {}
    for name in names:
        role = is_static(dataset, name)
        array = dataset[name]
        moving = [dim for dim in array.dims if dim in time_dims]
        if not role or array.dtype.kind not in "fiub" or any(array.sizes[d] > 1 for d in moving):
            continue
        values = _on_grid(dataset, name, tuple(str(dim) for dim in moving), grid, source)
        if values is None:
            continue
        if role != "land":
            values = values * _metres(array, role)
        if role == "land" and np.nanmax(values) > 1.5:  # percent, or WRF's 1 land 2 water
            values = values / 100 if np.nanmax(values) > 2.5 else 2 - values
        key = _key(role)
        values = np.nan_to_num(values)  # missing over the sea
        if key not in fields or role == "elevation":
            fields[key] = values
            found = {one: r for one, r in found.items() if _key(r) != key}
            found[name] = role
    return replace(grid, **fields), found  # type: ignore[arg-type]


def _metres(array: xr.DataArray, role: str) -> float:
    """What a height or geopotential is multiplied with: as its unit says, else as it is called."""
    units = str(array.attrs.get("units", "")).lower()
    if units in ("m", "gpm", "metre", "metres", "meter", "meters"):
        return 1.0
    if units == "km":
        return 1000.0
    per_gravity = role == "geopotential" or re.fullmatch(r"m\W*2[\s/]*s\W*2", units)
    return 1 / GRAVITY_M_S2 if per_gravity else 1.0


def _key(role: str) -> str:
    return "land_fraction" if role == "land" else "elevation_m"


def _on_grid(
    dataset: xr.Dataset, name: str, moving: tuple[str, ...], grid: Grid, source: str
) -> Float64Array | None:
    """A static field at the grid's places, None if it has no horizontal grid at all."""
    array = dataset[name].isel(dict.fromkeys(moving, 0), drop=True)
    array = array.squeeze([d for d in array.dims if array.sizes[d] == 1 and d not in grid.dims])
    try:
        own = find_grid(dataset.assign({name: array}), name, (), source)
    except GridError:
        return None
    if set(own.dims) != set(map(str, array.dims)):
        return None
    if own.dims:
        array = array.transpose(*own.dims)
    values = np.asarray(array.values, dtype=np.float64).reshape(own.shape)
    if own.same_places(grid):
        return values
    picked = _pick(own, values, grid)
    if picked is None:
        raise GridError(
            f"the static field '{name}' in {source} ({own}) does not lie on the grid of the series"
            f" ({grid}): bring it to that grid first."
        )
    return picked


def _pick(own: Grid, values: Float64Array, grid: Grid) -> Float64Array | None:
    """Cut the series' places out of a larger grid of the same rows and columns, or None."""
    if not _is_regular(own) or not _is_regular(grid):
        return None
    rows = np.abs(own.latitude[:, :1] - grid.latitude[:, 0]).argmin(axis=0)
    apart = (own.longitude[:1].T - grid.longitude[0] + 180) % 360 - 180
    columns = np.abs(apart).argmin(axis=0)
    near_rows = np.abs(own.latitude[rows, 0] - grid.latitude[:, 0]).max() < 1e-3
    near_columns = np.abs(apart[columns, np.arange(len(columns))]).max() < 1e-3
    return values[np.ix_(rows, columns)] if near_rows and near_columns else None


def _is_regular(grid: Grid) -> bool:
    same_rows = np.ptp(grid.latitude, axis=1).max() == 0
    return bool(grid.y_dim and same_rows and np.ptp(grid.longitude, axis=0).max() == 0)


def statics_of_file(grid: Grid, dataset: xr.Dataset, source: str) -> tuple[Grid, dict[str, str]]:
    """Give a grid the static fields of a file made for that.

    Raises:
        InputError: The file has neither elevation nor land.
    """
    times = [str(dim) for dim in dataset.dims if "time" in str(dim).lower() or dim == "step"]
    filled, found = with_statics(grid, dataset, times, source, map(str, dataset.data_vars))
    if not found:
        raise InputError(
            f"{source} has no static field: it needs surface_altitude, surface_geopotential or"
            f" land_area_fraction, and has {', '.join(map(str, dataset.data_vars)) or 'nothing'}."
        )
    return filled, found
