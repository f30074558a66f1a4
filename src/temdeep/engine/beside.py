"""The fields that stand beside a variable: how wrong it may be, named and described as CF does.

Knows: xarray, CF, methods with a spread. Must not know: files, how an error is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.fields.variables import Channel
from temdeep.methods.protocol import Method
from temdeep.methods.uncertain import Beside, Uncertain

CELSIUS = ("degc", "celsius", "degree_celsius", "degrees_celsius", "deg_c", "°c", "c")
FAHRENHEIT = ("degf", "fahrenheit", "degree_fahrenheit", "degrees_fahrenheit", "°f")
KELVIN = ("k", "kelvin", "kelvins", "degk")

UNKNOWN = "unknown"
"""What cfgrib calls a quantity that CF has no name for."""

REALIZATION = "realization"
"""The dimension of members, by CF's standard name."""

KEPT = ("grid_mapping", "coordinates")
"""What a field beside a variable has of its attributes."""


def pairs(series: Series, method: Method) -> list[tuple[str, str, Beside]]:
    """Variable, name and kind of each field that stands beside one, in the order of the output."""
    if not isinstance(method, Uncertain):
        return []
    known = method.variables(series.channels)
    return [(variable, one.name(variable), one) for variable in known for one in method.fields]


def parents(series: Series, method: Method) -> dict[str, str]:
    """The variable that each field stands beside, by the field's name."""
    return {name: variable for variable, name, _ in pairs(series, method)}


def members_of(series: Series, method: Method) -> dict[str, int]:
    """How many members those fields have that have any, by the field's name."""
    return {
        name: one.draw.members for _, name, one in pairs(series, method) if one.draw is not None
    }


def along_members(fields: Sequence[xr.Variable]) -> xr.Variable:
    """One field of each member as one, along their dimension."""
    values = np.stack([one.values for one in fields])
    return xr.Variable((REALIZATION, *fields[0].dims), values)


def realization(series: Series, method: Method) -> dict[str, xr.Variable]:
    """The coordinate of members, where there are any."""
    count = max(members_of(series, method).values(), default=0)
    if not count:
        return {}
    told = {"standard_name": "realization", "long_name": "member", "units": "1"}
    return {REALIZATION: xr.Variable((REALIZATION,), np.arange(count, dtype=np.int32), told)}


def refuse_taken(series: Series, method: Method) -> None:
    """Refuse a series that has a field of a name that is needed.

    Raises:
        RequestError: It has.
    """
    dataset = series.dataset
    if members_of(series, method) and REALIZATION in (*dataset.dims, *dataset.variables):
        raise RequestError(
            f"{series.source} has members of its own, along '{REALIZATION}': leave out the members"
            " that are asked for, or give one member at a time."
        )
    for name in parents(series, method):
        if name in series.dataset.variables:
            raise RequestError(
                f"{series.source} has a field called '{name}' already, which is what the output"
                " calls how wrong it may be: rename it, or leave its variable out with --variable."
            )


def linked(attributes: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A variable's attributes with the fields beside it named as CF does."""
    if not names:
        return attributes
    before = str(attributes.get("ancillary_variables", "")).split()
    return {**attributes, "ancillary_variables": " ".join(dict.fromkeys([*before, *names]))}


def described(given: Mapping[str, Any], variable: str, one: Beside) -> dict[str, Any]:
    """Attributes of a field beside a variable.

    Args:
        given: The variable's.
        variable: Its name.
        one: Which field.
    """
    units = str(given.get("units", ""))
    standard = str(given.get("standard_name", ""))
    standard = "" if standard == UNKNOWN else standard
    called = str(given.get("long_name") or standard or variable)
    kept = {key: given[key] for key in KEPT if key in given}
    if one.probability is not None:
        told = {"standard_name": standard} if standard else {}
        return {
            **kept,
            **told,
            "long_name": f"{called}: value that the truth is below with probability"
            f" {one.probability:g}",
            **({"units": units} if units else {}),
            "probability": float(one.probability),
        }
    if one.draw is not None:
        told = {"standard_name": standard} if standard else {}
        return {
            **kept,
            **told,
            "long_name": f"{called}: likely courses",
            **({"units": units} if units else {}),
            "comment": f"{one.draw.members} draws, seed {one.draw.seed}, around {variable}: it is"
            " their mean; the same as given where the time is given",
        }
    told = {"standard_name": f"{standard} standard_error"} if standard else {}
    lowered = units.strip().lower()
    if lowered in CELSIUS:
        units = "K"
    if lowered in (*CELSIUS, *FAHRENHEIT, *KELVIN):
        told["units_metadata"] = "temperature: difference"
    return {
        **kept,
        **told,
        "long_name": f"standard deviation of the error of {called}",
        **({"units": units} if units else {}),
        "comment": "0 where the time is given",
    }


def beside_given(
    method: Method, channels: Sequence[Channel], fields: Mapping[str, xr.Variable]
) -> dict[str, xr.Variable]:
    """Fields beside given ones: no deviation, each quantile the value itself; float32."""
    if not isinstance(method, Uncertain):
        return {}
    made = {}
    for name in method.variables(channels):
        given = fields[name]
        values = given.values.astype(np.float32)
        for one in method.fields:
            if one.draw is not None:
                members = [xr.Variable(given.dims, values)] * one.draw.members
                made[one.name(name)] = along_members(members)
                continue
            own = values if one.probability is not None else values * 0
            made[one.name(name)] = xr.Variable(given.dims, own)
    return made
