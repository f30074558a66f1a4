"""The output without its fields: coordinates, time bounds, what is carried over, who made what.

Knows: xarray, CF. Must not know: files, values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from temdeep._version import __version__
from temdeep.engine import beside
from temdeep.engine.plan import Plan
from temdeep.engine.running_totals import bounds_us
from temdeep.engine.stream import variables_of
from temdeep.engine.time_encoding import duration_encoding, time_encoding
from temdeep.errors import RequestError
from temdeep.fields.alongside import lies_along
from temdeep.fields.kinds import with_kind
from temdeep.fields.made_before import GIVEN, MADE, PERIODS_MADE, PROVENANCE, flags_in
from temdeep.fields.natures import nature_of
from temdeep.fields.series import Series
from temdeep.fields.time_axis import Int64Array
from temdeep.fields.valid_times import OWN_BOUNDS, bounds_name, own_bounds_name
from temdeep.fields.variables import Kind, Nature
from temdeep.methods.protocol import Method
from temdeep.methods.uncertain import Uncertain
from temdeep.metric import Float64Array

KEPT_TIME_ENCODING = ("units", "calendar", "dtype")

VALID_RANGES = ("valid_range", "valid_min", "valid_max")
"""What readers take for missing beyond these is what a made value may be."""

RANGES = (*VALID_RANGES, "actual_range")

MOST_LISTED = 6
"""Levels and members that are named each."""


@dataclass(frozen=True, eq=False)
class Template:
    """An output to be filled.

    Attributes:
        dataset: All but the fields.
        variables: Attributes of each field to come, in the order of the file.
        notes: What the user should know, a sentence each.
    """

    dataset: xr.Dataset
    variables: Mapping[str, dict[str, Any]]
    notes: tuple[str, ...]


def treatments(series: Series, method: Method) -> dict[str, tuple[str, ...]]:
    """What really happens to each variable, in the words of `Method.treatment`.

    Where it is not the same at all levels and members, one text for each of those that are alike,
    which says which they are.
    """
    told: dict[str, dict[str, list[str]]] = {}
    for channel in series.channels:
        if channel.kind in (Kind.MAXIMUM, Kind.MINIMUM):
            text = f"linear: parts of a {channel.kind} follow its neighbours, none goes beyond it"
        else:
            text = method.treatment(channel, series.grid)
        place = channel.name.removeprefix(channel.variable).strip("[]")
        told.setdefault(channel.variable, {}).setdefault(text, []).append(place)
    return {
        name: tuple(texts)
        if len(texts) == 1
        else tuple(f"at {_listed(places)}: {text}" for text, places in texts.items())
        for name, texts in told.items()
    }


def _listed(places: Sequence[str]) -> str:
    """Levels and members, the first and the last of many."""
    if len(places) > MOST_LISTED:
        return f"{places[0]} … {places[-1]} ({len(places)} of them)"
    return " and ".join(places)


def template(series: Series, method: Method, plan: Plan, provenance: Mapping[str, str]) -> Template:
    """Make the output's frame.

    Args:
        series: The input.
        method: What will fill it.
        plan: The output times.
        provenance: Global attributes besides `temdeep_version` and `temdeep_method`; a `history`
            among them goes before the input's.

    Raises:
        RequestError: A field has the name of the flag that the output adds.
    """
    source, name = series.dataset, series.time_name
    notes = [*series.notes, *plan.notes]
    filled = variables_of(series.channels)
    if PROVENANCE in filled:
        raise RequestError(
            f"{series.source} has a field called '{PROVENANCE}', which is what the output calls its"
            " flag of given and made times: rename it, or choose others with --variable."
        )
    period_bounds = _period_bounds(series, plan)
    bounds = bounds_name(source, name) or (f"{name}_bnds" if period_bounds else "")
    own = {
        variable: one
        for variable, one in period_bounds.items()
        if not np.array_equal(one, next(iter(period_bounds.values())))
    }
    carried = {
        str(one): source[one].variable.copy()
        for one in source.variables
        if name not in source[one].dims and one not in filled
    }
    shared = next(iter(period_bounds.values()), None)
    coordinates, time_note = _time(series, plan, bounds, shared, own)
    taken = (name, bounds, PROVENANCE, *filled, *(own_bounds_name(source[one]) for one in filled))
    notes += [time_note] if time_note else []
    for one in source.variables:
        if name in source[one].dims and one not in (*taken, *coordinates):
            along = _along_time(series, plan, str(one))
            if along is None:
                notes.append(f"'{one}' is no field in time that can be filled in and is left out.")
            else:
                carried[str(one)] = along
    beside.refuse_taken(series, method)
    flag = _flag(series, plan, method)
    dataset = xr.Dataset({**carried, **coordinates, PROVENANCE: flag})
    dataset = dataset.set_coords([one for one in dataset.variables if one in source.coords])
    dataset = dataset.assign_coords(beside.realization(series, method))
    dataset.attrs = _attributes(series, method, provenance)
    dataset.encoding = {
        "unlimited_dims": {d for d in source.encoding.get("unlimited_dims", ()) if d in source.dims}
    }
    said = treatments(series, method)
    fields = beside.pairs(series, method)
    variables = {
        variable: beside.linked(
            {
                **_said_attributes(series, variable),
                **({OWN_BOUNDS: f"{variable}_bnds"} if variable in own else {}),
                "temdeep_method": "; ".join(said[variable]),
            },
            [name for parent, name, _ in fields if parent == variable],
        )
        for variable in filled
    }
    for parent, field_name, kind in fields:
        variables[field_name] = beside.described(variables[parent], parent, kind)
    notes += _without_spread(series, method)
    notes += _without_ranges(series, {one: variables[one] for one in filled})
    return Template(dataset, variables, tuple(dict.fromkeys(notes)))


def _without_ranges(series: Series, written: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Variables whose ranges are not among the attributes that are written."""
    lost: dict[str, list[str]] = {}
    for name, kept in written.items():
        given = series.as_given(name).attrs
        for key in RANGES:
            if key in given and key not in kept:
                lost.setdefault(key, []).append(name)
    return [
        f"{key} of {', '.join(names)} is not written: made values may lie beyond it, and given ones"
        " that do are taken as they are."
        for key, names in lost.items()
    ]


def _without_spread(series: Series, method: Method) -> list[str]:
    """Variables of which it is not told how wrong they may be."""
    if not isinstance(method, Uncertain):
        return []
    known = method.variables(series.channels)
    others = [name for name in variables_of(series.channels) if name not in known]
    if not others:
        return []
    return [
        f"no standard deviation for {', '.join(others)}: it is told for numbers on a line that hold"
        " at an instant, where some could be hidden."
    ]


def _period_bounds(series: Series, plan: Plan) -> dict[str, Int64Array]:
    """Begin and end of the output's periods, (time, 2), by variable; what most have comes first."""
    plain = [one.variable for one in series.periods() if one.variable not in series.totals]
    found = {} if plan.periods_us is None else dict.fromkeys(plain, plan.periods_us)
    return found | {name: bounds_us(series, name, plan.offset_us) for name in series.totals}


def _said_attributes(series: Series, variable: str) -> dict[str, Any]:
    """Attributes as given, but for ranges, with the kind that only the user may have said.

    Categories keep the range that is valid: they take given values alone.
    """
    flags = all(one.nature is Nature.FLAG for one in series.channels if one.variable == variable)
    lost = (OWN_BOUNDS, "actual_range", *(() if flags else VALID_RANGES))
    given = series.as_given(variable).attrs
    attributes = {key: value for key, value in given.items() if key not in lost}
    kind = next(one.kind for one in series.channels if one.variable == variable)
    dtype = series.as_given(variable).dtype
    return with_kind(variable, attributes, kind, series.time_name, dtype)


def _time(
    series: Series,
    plan: Plan,
    bounds: str,
    periods_us: Int64Array | None,
    own: Mapping[str, Int64Array],
) -> tuple[dict[str, xr.Variable], str]:
    """The time coordinate and its bounds, stored so that all are exact."""
    name, coordinate = series.time_name, series.dataset[series.time_name]
    stored = plan.offset_us
    if periods_us is not None:
        stored = np.concatenate(
            [stored, periods_us.ravel(), *(one.ravel() for one in own.values())]
        )
    encoding, note = time_encoding(coordinate.encoding, series.time, stored)
    attributes = {
        key: value for key, value in coordinate.attrs.items() if key not in ("bounds", *RANGES)
    }
    made = {name: xr.Variable((name,), series.time.at(plan.offset_us), attributes, encoding)}
    if periods_us is not None:
        made[name].attrs["bounds"] = bounds
        known = series.dataset.variables.get(bounds)
        dims = (name, "bnds") if known is None else tuple(map(str, known.dims))
        edges = series.time.at(periods_us.ravel()).reshape(-1, 2)
        made[bounds] = xr.Variable(dims, edges, {} if known is None else known.attrs, encoding)
        for variable, one in own.items():
            edges = series.time.at(one.ravel()).reshape(-1, 2)
            made[f"{variable}_bnds"] = xr.Variable(dims, edges, {}, encoding)
    return made, note


def _along_time(series: Series, plan: Plan, variable: str) -> xr.Variable | None:
    """Numbers along time, such as a lead time, on the line between their given values.

    Categories take the nearest, directions turn the short way round. A coordinate is carried on
    beyond the input where periods begin or end outside it; a variable is missing there. None where
    nothing can be made: text, more than numbers along time, or what cannot be missing and would be.
    """
    given = series.dataset[variable]
    if not lies_along(given, series.time_name):
        return None
    values = given.values
    stamps = series.time.offset_us
    beyond = (plan.offset_us < stamps[0]) | (plan.offset_us > stamps[-1])
    beyond &= variable not in series.dataset.coords
    nature, _ = nature_of(variable, given.attrs, given.dtype)
    if beyond.any() and (given.dtype.kind in "mM" or nature is Nature.FLAG):
        return None
    if given.dtype.kind in "mM":
        at = _on_line(series, plan, (values - values[0]).astype(np.float64))
        unit = np.datetime_data(given.dtype)[0]
        made = values[0] + np.rint(at).astype(f"timedelta64[{unit}]")
    elif nature is Nature.FLAG:
        made = values[np.searchsorted((stamps[1:] + stamps[:-1]) / 2, plan.offset_us, "right")]
    elif nature is Nature.DIRECTION:
        at = _on_line(series, plan, np.unwrap(values.astype(np.float64), period=360))
        lowest = -180.0 if (values < 0).any() else 0.0
        made = (at - lowest) % 360 + lowest
    else:
        made = _on_line(series, plan, values.astype(np.float64))
    if made.dtype.kind == "f":
        made[beyond] = np.nan
    exact = plan.given >= 0
    if given.dtype.kind in "iu":
        limits, new = np.iinfo(given.dtype), made[~exact]
        held = (new == np.rint(new)) & (new >= limits.min) & (new <= limits.max)  # not NaN
        if not held.all():
            given = given.astype(np.float64)
    made = made.astype(given.dtype)
    made[exact] = values[plan.given[exact]]
    encoding = {key: given.encoding[key] for key in ("units", "calendar") if key in given.encoding}
    if given.dtype.kind == "m":
        encoding = duration_encoding(str(encoding.get("units", "hours")), made)
    lost = ("actual_range",) if nature is Nature.FLAG else RANGES
    attributes = {key: value for key, value in given.attrs.items() if key not in lost}
    return xr.Variable(given.dims, made, attributes, encoding)


def _on_line(series: Series, plan: Plan, numbers: Float64Array) -> Float64Array:
    """Numbers along the input's times, shape (time,), at the output's."""
    line: Float64Array = np.interp(plan.offset_us, *_extended(series.time.offset_us, numbers, plan))
    return line


def _extended(
    offsets: np.ndarray, numbers: np.ndarray, plan: Plan
) -> tuple[np.ndarray, np.ndarray]:
    """Points of a line, carried on beyond the input where periods begin or end outside it."""
    first, last = plan.offset_us[0], plan.offset_us[-1]
    if first < offsets[0]:
        slope = (numbers[1] - numbers[0]) / (offsets[1] - offsets[0])
        numbers = np.concatenate([[numbers[0] + slope * (first - offsets[0])], numbers])
        offsets = np.concatenate([[first], offsets])
    if last > offsets[-1]:
        slope = (numbers[-1] - numbers[-2]) / (offsets[-1] - offsets[-2])
        numbers = np.concatenate([numbers, [numbers[-1] + slope * (last - offsets[-1])]])
        offsets = np.concatenate([offsets, [last]])
    return offsets, numbers


def _flag(series: Series, plan: Plan, method: Method) -> xr.Variable:
    """Which times are given: 0 given, 1 made, 2 given but for the periods.

    A time that was made before stays so.
    """
    at_stamps = plan.given >= 0
    whole = at_stamps.copy()
    before = np.where(at_stamps, flags_in(series.dataset, series.time_name)[plan.given], GIVEN)
    if plan.periods_us is not None:
        whole &= before != PERIODS_MADE
        for channel in series.periods():
            if channel.variable in series.totals:
                continue
            edges = series.period_edges(channel)[plan.given]
            whole &= (edges == plan.periods_us).all(axis=1)
    values = np.where(whole, GIVEN, np.where(at_stamps, PERIODS_MADE, MADE))
    values = np.where(before == MADE, MADE, values).astype(np.int8)
    by = f"_by_{method.name}" if (before == GIVEN).all() else ""  # else some by another, before
    attributes = {
        "long_name": "which times are given in the input and which are made",
        "flag_values": np.array([GIVEN, MADE, PERIODS_MADE], dtype=np.int8),
        "flag_meanings": f"given made{by} given_but_periods_made{by}",
        "comment": "the attribute temdeep_method of each variable says what was done to it",
    }
    encoding = {"coordinates": None}  # scalar heights of other variables are none of its own
    return xr.Variable((series.time_name,), values, attributes, encoding)


def _attributes(series: Series, method: Method, provenance: Mapping[str, str]) -> dict[str, Any]:
    attributes = {
        "Conventions": "CF-1.10",
        **series.dataset.attrs,
        "temdeep_version": __version__,
        "temdeep_method": method.name,
        **provenance,
    }
    lines = (provenance.get("history", ""), str(series.dataset.attrs.get("history", "")))
    history = "\n".join(line for line in lines if line)
    return {**attributes, "history": history} if history else attributes
