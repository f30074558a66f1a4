"""Levels and members of channels as short text: channels that share both share one motion.

Knows: xarray, CF and GRIB names of vertical coordinates. Must not know: torch, files.
"""

import itertools
import re
from collections.abc import Iterator, Mapping

import xarray as xr

from temdeep.fields.natures import height_level, level_said

_PRESSURE = ("isobaricInhPa", "isobaricInPa", "plev", "pressure_level", "pressure", "level", "lev")
_METRES = ("m", "metre", "metres", "meter", "meters")
_VERTICAL = (
    *_PRESSURE,
    *("heightAboveGround", "height", "altitude", "depth", "depthBelowLand", "hybrid", "sigma"),
    *("model_level_number", "model_level", "bottom_top", "generalVertical", "theta"),
)
_VERTICAL_STANDARD = ("air_pressure", "height", "altitude", "depth", "model_level_number")


def places_of(
    array: xr.DataArray, other_dims: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, int]]]:
    """Names and indices of a variable's fields: one for each level and member.

    Args:
        array: The variable.
        other_dims: Time and the horizontal dimensions.

    Yields:
        The channel's name, such as `t[level=850]`, and its index along each extra dimension.
    """
    extra = [str(dim) for dim in array.dims if dim not in other_dims]
    told = [dim for dim in extra if array.sizes[dim] > 1]
    for index in itertools.product(*(range(array.sizes[dim]) for dim in extra)):
        place = dict(zip(extra, index, strict=True))
        labels = [f"{dim}={_label(array, dim, place[dim])}" for dim in told]
        name = f"{array.name}[{','.join(labels)}]" if labels else str(array.name)
        yield name, place


def _label(array: xr.DataArray, dim: str, index: int) -> str:
    if dim not in array.coords:
        return str(index)
    value = array.coords[dim].values[index]
    return f"{value:g}" if array.coords[dim].dtype.kind in "fiu" else str(value)


def level_of(array: xr.DataArray, place: Mapping[str, int]) -> str:
    """Level of one field of a variable: `850 hPa`, `surface`, `100 m`, `hybrid 5`.

    From the vertical dimension, else what GRIB says, else a scalar coordinate of its own that its
    name does not contradict, else the name.
    """
    for dim, index in place.items():
        if dim in array.coords and _is_vertical(array.coords[dim]):
            return _text(array.coords[dim], float(array.coords[dim].values[index]))
        if dim in _VERTICAL:
            return f"{dim} {index}"
    said = level_said(str(array.name), array.attrs)
    if said in ("column", "sea level"):
        return said
    believed = [one for one in _scalars(array) if not _contradicts(one, array)]
    own = [_scalar_text(one) for one in believed]
    return _grib_level(array) or (own[0] if own else said or "surface")


def disbelieved(array: xr.DataArray) -> list[str]:
    """Scalar coordinates of a variable, in words, that are no level of it: its name says another.

    xarray writes the level of one variable into the `coordinates` of all others of its dataset.
    """
    said = level_said(str(array.name), array.attrs)
    return [
        f"'{one.name}' ({_scalar_text(one)})"
        for one in _scalars(array)
        if said not in ("column", "sea level") and _contradicts(one, array)
    ]


def _scalars(array: xr.DataArray) -> list[xr.DataArray]:
    """Vertical coordinates of one number that the file gives a variable."""
    listed = str(array.encoding.get("coordinates", "")).split()
    found = [array.coords[one] for one in listed if one in array.coords]
    return [one for one in found if one.ndim == 0 and _is_vertical(one)]


def _contradicts(scalar: xr.DataArray, array: xr.DataArray) -> bool:
    """Whether a variable's name, quantity or GRIB's type says another level than a coordinate.

    A number that stands in the name is the name's own: `ws150` is at 150 m where `height` is.
    """
    name, text = str(array.name), _scalar_text(scalar)
    grib = str(array.attrs.get("GRIB_typeOfLevel", "unknown"))
    if grib != "unknown" and text.endswith(" hPa") != grib.startswith("isobaric"):
        return True
    said = level_said(name, array.attrs)
    if not said or text == said or text.split(" ")[0] in re.findall(r"\d+", name):
        return False
    return said != "surface" or not _is_depth(scalar)


def _scalar_text(scalar: xr.DataArray) -> str:
    """A coordinate of one number as a level: metres above the ground whatever it is called."""
    value = float(scalar.values)
    if str(scalar.attrs.get("units", "")).lower() in _METRES and not _is_depth(scalar):
        return height_level(value)
    return _text(scalar, value)


def _is_depth(scalar: xr.DataArray) -> bool:
    told = (str(scalar.name), str(scalar.attrs.get("standard_name", "")))
    downward = scalar.attrs.get("positive") == "down"
    in_metres = str(scalar.attrs.get("units", "")).lower() in _METRES
    return any("depth" in one for one in told) or (downward and in_metres)


def member_of(array: xr.DataArray, place: Mapping[str, int]) -> str:
    """Member of one field of a variable: `number=3`, empty if there is but one.

    From all dimensions that are neither vertical nor of length 1.
    """
    return ",".join(
        f"{dim}={_label(array, dim, index)}"
        for dim, index in place.items()
        if array.sizes[dim] > 1
        and dim not in _VERTICAL
        and not (dim in array.coords and _is_vertical(array.coords[dim]))
    )


def _grib_level(array: xr.DataArray) -> str:
    """Level that GRIB gives for a whole variable, empty if it gives none."""
    grib = str(array.attrs.get("GRIB_typeOfLevel", ""))
    if grib in _VERTICAL and array.attrs.get("GRIB_level", "") != "":
        value = float(array.attrs["GRIB_level"])
        if grib.startswith("isobaric"):
            return f"{value / 100 if grib.endswith('Pa') and 'hPa' not in grib else value:g} hPa"
        return height_level(value) if grib == "heightAboveGround" else f"{grib} {value:g}"
    return ""


def _is_vertical(coordinate: xr.DataArray) -> bool:
    if coordinate.dtype.kind not in "fiu":
        return False
    standard = str(coordinate.attrs.get("standard_name", ""))
    return (
        coordinate.attrs.get("axis") == "Z"
        or "positive" in coordinate.attrs
        or standard in _VERTICAL_STANDARD
        or standard.startswith("atmosphere_")
        or coordinate.name in _VERTICAL
    )


def _text(coordinate: xr.DataArray, value: float) -> str:
    units = str(coordinate.attrs.get("units", "")).lower()
    standard = str(coordinate.attrs.get("standard_name", ""))
    name = str(coordinate.name)
    if units in ("hpa", "mbar", "mb", "millibar", "millibars") or name == "isobaricInhPa":
        return f"{value:g} hPa"
    if units in ("pa", "pascal", "pascals"):
        return f"{value / 100:g} hPa"
    if not units and name in _PRESSURE and 1 <= value <= 1100 and standard in ("", "air_pressure"):
        return f"{value:g} hPa"
    if standard == "height" or name in ("height", "heightAboveGround"):
        return height_level(value)
    return f"{name} {value:g}"
