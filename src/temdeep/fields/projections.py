"""Latitude and longitude from what a file says of its projection: x and y, or HEALPix cells.

Knows: xarray, pyproj. Must not know: torch, files.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from temdeep.errors import GridError
from temdeep.fields import healpix
from temdeep.metric import Float64Array

_KILOMETRES = ("km", "kilometre", "kilometer", "kilometres", "kilometers")


def places_of_axes(
    dataset: xr.Dataset, name: str, y: xr.DataArray, x: xr.DataArray, source: str
) -> tuple[Float64Array, Float64Array]:
    """Latitude and longitude of x and y through a variable's grid mapping, shape (y, x) each.

    Raises:
        GridError: There is no grid mapping, or none that is understood.
    """
    import pyproj  # noqa: PLC0415 - only for projected grids
    from pyproj.exceptions import CRSError  # noqa: PLC0415

    found = _mapping(dataset, name)
    if found is None:
        raise GridError(
            f"'{name}' in {source} lies on x and y without latitude, longitude or a grid_mapping:"
            " add one of them."
        )
    mapping, attributes = found
    try:
        crs = pyproj.CRS.from_cf(dict(attributes))
    except (CRSError, KeyError) as error:
        raise GridError(
            f"the grid_mapping '{mapping}' of {source} is not understood"
            f" ({attributes.get('grid_mapping_name', 'no name')})."
        ) from error
    columns, rows = np.meshgrid(x.values.astype(np.float64), y.values.astype(np.float64))
    if str(x.attrs.get("units", "m")).lower() in _KILOMETRES:
        columns, rows = columns * 1000, rows * 1000
    to_degrees = pyproj.Transformer.from_crs(
        crs, crs.source_crs or crs.geodetic_crs, always_xy=True
    )
    lon, lat = to_degrees.transform(columns, rows)
    return np.asarray(lat), np.asarray(lon)


def healpix_cells(
    dataset: xr.Dataset, name: str, dims: tuple[str, ...], source: str
) -> tuple[str, Float64Array, Float64Array] | None:
    """The dimension of a variable's HEALPix cells with their latitude and longitude.

    The grid mapping says `healpix_nside` and `healpix_order`, or `refinement_level` and
    `indexing_scheme` as CF 1.13 does. Cells are numbered by the dimension's coordinate; without one
    they are all there.

    Returns:
        None where the grid mapping is another one or none.

    Raises:
        GridError: The grid mapping does not say which cells these are.
    """
    found = _mapping(dataset, name)
    if found is None or str(found[1].get("grid_mapping_name", "")).lower() != "healpix":
        return None
    mapping, attributes = found
    order = str(attributes.get("healpix_order", attributes.get("indexing_scheme", ""))).lower()
    order = "nested" if order in ("nest", "nested") else order
    nside = attributes.get("healpix_nside")
    if nside is None and "refinement_level" in attributes:
        nside = 2 ** int(attributes["refinement_level"])
    if nside is None or order not in healpix.ORDERS:
        raise GridError(
            f"the grid_mapping '{mapping}' of {source} is healpix and needs healpix_nside and a"
            " healpix_order of nest or ring (or refinement_level and indexing_scheme)."
        )
    count = 12 * int(nside) ** 2
    for dim in dims:
        if dim in dataset.coords and dataset[dim].dtype.kind in "iu":
            numbers = dataset[dim].values.astype(np.int64)
        else:
            numbers = np.arange(dataset.sizes[dim])
            if len(numbers) != count:
                continue
        if dim not in _NUMBERED and len(numbers) != count:
            continue
        if numbers.min() >= 0 and numbers.max() < count:
            return dim, *healpix.places(int(nside), order, numbers)
    raise GridError(
        f"'{name}' in {source} is said to lie on a HEALPix grid of {count} cells, which none of"
        f" its dimensions ({', '.join(dims)}) has: number them by a coordinate called cell."
    )


_NUMBERED = ("cell", "cells", "cell_ids", "healpix_index", "values")
"""Dimensions whose coordinate says which cells of the globe a file has."""


def _mapping(dataset: xr.Dataset, name: str) -> tuple[str, Mapping[Hashable, Any]] | None:
    """Name and attributes of a variable's grid mapping."""
    array = dataset[name]
    said = array.attrs.get("grid_mapping") or array.encoding.get("grid_mapping")
    carriers = [str(said)] if said in dataset.variables else []
    carriers += [str(one) for one in dataset.variables if "grid_mapping_name" in dataset[one].attrs]
    return (carriers[0], dataset[carriers[0]].attrs) if carriers else None
