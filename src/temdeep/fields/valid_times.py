"""Finds the valid times of a dataset, whichever way they are written, and their bounds.

Knows: xarray, CF names of time coordinates. Must not know: torch, files.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace

import cftime
import numpy as np
import xarray as xr

from temdeep.errors import InputError, TimeAxisError
from temdeep.fields.time_axis import (
    Int64Array,
    TimeAxis,
    Times,
    build_time_axis,
    difference_us,
    format_duration,
    show,
)

_REFERENCE = ("forecast_reference_time", "reference_time", "init_time", "initial_time", "basetime")
_LEAD = ("step", "lead_time", "prediction_timedelta", "leadtime", "forecast_period", "fhour")
OWN_BOUNDS = "time_bounds"
"""Attribute of a variable that names its own time bounds."""

_UNIT_S = {
    "nano": 1e-9,
    "micro": 1e-6,
    "milli": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
}
"""Seconds in a unit of lead time, by how its name begins; the first that fits."""


_TEXT_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T_ ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?")


def with_valid_times(
    dataset: xr.Dataset, source: str, variables: Sequence[str] | None = None
) -> tuple[xr.Dataset, str]:
    """Give a dataset one time dimension that is indexed by valid time.

    Args:
        dataset: Decoded or not; with a time axis, or a lead-time axis and one reference time.
        source: Name of the file, for messages.
        variables: The ones whose time axis is wanted, where there are several; None: most of all.

    Returns:
        The dataset, and the name of its time dimension, which is also its time coordinate.

    Raises:
        TimeAxisError: No times, plain numbers in place of times, or several forecast runs.
    """
    dataset = _single_run(decoded(dataset, source), source)
    name = _valid_time_name(dataset, variables) or _from_lead_times(dataset) or _from_text(dataset)
    if isinstance(name, xr.Dataset):
        dataset, name = name, "valid_time"
    if not name:
        raise TimeAxisError(_why_no_times(dataset, source))
    dim = str(dataset[name].dims[0])
    if dim != name and _same_times(dataset, dim, name):
        name = dim  # analyses in GRIB: reference time and valid time are one
        said = {"standard_name": "time", "long_name": "valid time"}
        dataset = dataset.assign_coords({dim: dataset[dim].assign_attrs(said)})
    elif dim != name:
        dataset = dataset.swap_dims({dim: name})
        dataset[name].attrs.setdefault("standard_name", "time")
    return dataset, name


def decoded(dataset: xr.Dataset, source: str) -> xr.Dataset:
    """A dataset with times in place of numbers since a reference.

    Raises:
        InputError: The numbers cannot be read as times.
    """
    if not any(_undecoded(dataset[name]) for name in dataset.variables):
        return dataset
    try:
        return xr.decode_cf(dataset, decode_timedelta=False)
    except ValueError as error:
        raise InputError(
            f"the times of {source} cannot be decoded: {undecoded_reason(error)}."
        ) from error


def undecoded_reason(error: ValueError) -> str:
    """Why xarray could not decode a dataset, in one line, with the way out where it is a unit."""
    reason = str(error).split(". Try")[0].split("\n")[0].rstrip(".").replace('"', "")
    if "decode time units" not in reason:
        return reason
    return f"{reason}: give them as 'days since 2000-01-01', or hours, minutes or seconds"


def run_dimension(dataset: xr.Dataset) -> str:
    """The dimension of forecast runs beside a lead-time axis, empty if there is none."""
    if not any(dim in _LEAD and size > 1 for dim, size in dataset.sizes.items()):
        return ""
    for dim in dataset.sizes:
        if dim not in _LEAD and dim in dataset.coords and holds_times(dataset[dim]):
            return str(dim)
    return ""


def _same_times(dataset: xr.Dataset, dim: str, name: str) -> bool:
    """Whether a dimension's own coordinate holds the very times of another."""
    if dim not in dataset.coords or not holds_times(dataset[dim]):
        return False
    return bool(np.array_equal(dataset[dim].values, dataset[name].values))


def _undecoded(array: xr.DataArray) -> bool:
    return array.dtype.kind in "fiu" and " since " in str(array.attrs.get("units", ""))


def holds_times(array: xr.DataArray) -> bool:
    """Whether an array holds datetime64 or cftime."""
    if array.dtype.kind == "M":
        return True
    if array.dtype != object or not array.size:
        return False
    return isinstance(array.values.ravel()[0], cftime.datetime)


def is_reference(array: xr.DataArray) -> bool:
    """Whether an array says when forecasts began."""
    standard = array.attrs.get("standard_name", "")
    return standard == "forecast_reference_time" or array.name in _REFERENCE


def _single_run(dataset: xr.Dataset, source: str) -> xr.Dataset:
    """Drop a reference-time dimension of length one; refuse a longer one beside lead times."""
    leads = [dim for dim in dataset.dims if dim in _LEAD and dataset.sizes[dim] > 1]
    for dim in list(dataset.dims):
        if dim in _LEAD or dim not in dataset.coords or not holds_times(dataset[dim]):
            continue
        if dataset.sizes[dim] == 1 and leads:
            dataset = dataset.squeeze(dim)
        elif leads:
            first, second = (show(one) for one in dataset[dim].values[:2])
            raise TimeAxisError(
                f"{source} holds several forecast runs ({first}, {second}, …) with {leads[0]} as a"
                " second time axis, and nothing is filled from one run into the next: cut out one"
                f" run, for instance with dataset.isel({dim}=0)."
            )
    spare = [dim for dim in dataset.dims if dim in _LEAD and dataset.sizes[dim] == 1]
    return dataset.squeeze(spare) if spare else dataset


def _valid_time_name(dataset: xr.Dataset, variables: Sequence[str] | None) -> str:
    """Name of the 1-D coordinate of valid times that most variables lie along."""
    bounds = {str(dataset[name].attrs.get("bounds", "")) for name in dataset.variables}
    found: list[tuple[tuple[int, bool, bool], str]] = []
    for name in dataset.variables:
        array = dataset[name]
        if array.ndim != 1 or str(name) in bounds or not holds_times(array):
            continue
        if is_reference(array) and dataset.sizes[array.dims[0]] > 0 and array.dims[0] != name:
            continue
        users = sum(
            array.dims[0] in dataset[one].dims and one != name
            for one in (dataset.data_vars if variables is None else variables)
        )
        says = array.attrs.get("standard_name") == "time" or name == "valid_time"
        found.append(((users, says, name == array.dims[0]), str(name)))
    return max(found, key=lambda one: one[0], default=((0, False, False), ""))[1]


def _begin_in_attributes(dataset: xr.Dataset) -> list[xr.DataArray]:
    """When a forecast began, as `date` and `time` of GRIB: where earthkit-data puts it, if it did.

    A day as 20180501 and a clock as 1200; none or one.
    """
    day, clock = (str(dataset.attrs.get(name, "")) for name in ("date", "time"))
    if not re.fullmatch(r"\d{8}", day) or not re.fullmatch(r"\d{1,4}", clock):
        return []
    stamp = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock.zfill(4)[:2]}:{clock.zfill(4)[2:]}"
    try:
        return [xr.DataArray(np.datetime64(stamp, "ns"))]
    except ValueError:
        return []


def _from_lead_times(dataset: xr.Dataset) -> xr.Dataset | str:
    """Valid time as reference time plus lead time, where a file gives only these."""
    references = [
        dataset[name]
        for name in dataset.variables
        if dataset[name].ndim == 0 and holds_times(dataset[name]) and name != "valid_time"
    ]
    leads = [dataset[dim] for dim in dataset.dims if dim in _LEAD and dim in dataset.coords]
    references = references or _begin_in_attributes(dataset)
    if not references or not leads:
        return ""
    lead = leads[0]
    reference = next((one for one in references if is_reference(one)), references[0])
    if lead.dtype.kind == "m":
        values = lead.values
    else:
        units = str(lead.attrs.get("units", "hours")).lower()
        known = [s for start, s in _UNIT_S.items() if units.startswith(start)]
        if not known or units.startswith("mon"):
            raise TimeAxisError(
                f"the lead times '{lead.name}' are in '{units}', which has no length that is known:"
                " give them in days, hours, minutes or seconds."
            )
        unit_s = known[0]
        seconds = lead.values.astype(np.float64) * unit_s
        values = np.round(seconds * 1e6).astype("timedelta64[us]").astype("timedelta64[ns]")
    if reference.dtype == object:
        values = values.astype("timedelta64[us]").astype(object)
    times = reference.values[()] + values
    attributes = {"standard_name": "time", "long_name": "valid time"}
    return dataset.assign_coords(valid_time=(lead.dims[0], times, attributes))


def _from_text(dataset: xr.Dataset) -> xr.Dataset | str:
    """Valid times that a file has as text only, such as WRF's `2019-03-01_06:00:00`."""
    for name in dataset.variables:
        array = dataset[name]
        if array.ndim != 1 or array.dtype.kind not in "OSU":
            continue
        texts = [one.decode() if isinstance(one, bytes) else str(one) for one in array.values]
        if texts and all(map(_TEXT_STAMP.fullmatch, texts)):
            try:
                times = np.array(
                    [one.replace("_", "T").removesuffix("Z") for one in texts], "datetime64[ns]"
                )
            except ValueError:  # a 30 February: of a calendar that nothing names
                continue
            attributes = {"standard_name": "time", "long_name": "valid time"}
            found = dataset.assign_coords(valid_time=(array.dims[0], times, attributes))
            for one in found.data_vars.values():
                if array.dims[0] in one.dims:
                    said = str(one.encoding.get("coordinates", ""))
                    one.encoding["coordinates"] = f"{said} valid_time".strip()
            return found
    return ""


def _runs(dataset: xr.Dataset, name: str) -> Int64Array | None:
    """Begin of the forecast run of each time, where lead times change along the time axis."""
    for other in dataset.variables:
        array = dataset[other]
        if other == name or array.dims != (name,) or not is_reference(array):
            continue
        if array.dtype != dataset[name].dtype:
            continue
        first = dataset[name].values[0]
        began = difference_us(array.values, first)
        lead = difference_us(dataset[name].values, first) - began
        if np.ptp(lead) and len(np.unique(began)) > 1:
            return began
    return None


def _why_no_times(dataset: xr.Dataset, source: str) -> str:
    named = [
        str(name)
        for name in dataset.variables
        if name in ("time", "t", "valid_time", "Time", "XTIME")
        or dataset[name].attrs.get("standard_name") == "time"
        or dataset[name].attrs.get("axis") == "T"
    ]
    scalars = [name for name in named if dataset[name].ndim == 0 and holds_times(dataset[name])]
    if scalars:
        return (
            f"{source} holds a single time ({show(dataset[scalars[0]].values[()])}):"
            " filling in between needs at least two."
        )
    for name in named:
        kind = dataset[name].dtype.kind
        what = "text" if kind in "OSU" else "plain numbers without units"
        return (
            f"the time axis '{name}' of {source} holds {what}, not times: give it CF units such as"
            " 'hours since 2019-03-01'."
        )
    return (
        f"{source} has no time axis: dimensions are {', '.join(map(str, dataset.dims)) or 'none'};"
        " give one of them a coordinate with units such as 'hours since 2019-03-01'."
    )


def time_axis(dataset: xr.Dataset, name: str, source: str) -> TimeAxis:
    """The time axis of a dataset that `with_valid_times` has seen to."""
    coordinate = dataset[name]
    calendar = str(coordinate.encoding.get("calendar", ""))
    values = coordinate.values
    axis = build_time_axis(values, source, calendar if values.dtype.kind == "M" else "")
    return replace(axis, runs=_runs(dataset, name))


def bounds_name(dataset: xr.Dataset, name: str) -> str:
    """Name of the variable with the time bounds, empty if there is none."""
    coordinate = dataset[name]
    said = coordinate.attrs.get("bounds") or coordinate.encoding.get("bounds")
    for one in (said, f"{name}_bnds", f"{name}_bounds", "time_bnds", "time_bounds"):
        if one and one in dataset.variables and _fits(dataset[one], name):
            return str(one)
    return ""


def own_bounds_name(array: xr.DataArray) -> str:
    """Name of the time bounds that a variable has for itself, empty if it has none.

    CF has one set of bounds for a time axis; a file with running totals and sums per step beside
    each other needs two. Ours say so in an attribute.
    """
    return str(array.attrs.get(OWN_BOUNDS, ""))


def reference_us(dataset: xr.Dataset, axis: TimeAxis) -> int | None:
    """When the one forecast run of a dataset began, microseconds since its first valid time."""
    for name in dataset.coords:
        array = dataset[name]
        if array.ndim == 0 and holds_times(array) and name != "valid_time":
            known = array.dtype.kind == "M" and not np.isnat(array.values)
            if known or array.dtype == object:
                began = int(difference_us(np.atleast_1d(array.values), axis.values[0])[0])
                if began <= 0 and (is_reference(array) or name == "time"):
                    return began
    return None


def run_notes(axis: TimeAxis) -> list[str]:
    """Say where one forecast run follows another along the time axis."""
    ends = axis.run_ends()
    if not len(ends):
        return []
    first = f"{show(axis.values[ends[0]])} and {show(axis.values[ends[0] + 1])}"
    more = f" and {len(ends) - 1} more places" if len(ends) > 1 else ""
    return [
        f"{len(ends) + 1} forecast runs follow each other (between {first}{more}): nothing that"
        " holds at an instant is filled from one run into the next."
    ]


def _fits(array: xr.DataArray, name: Hashable) -> bool:
    return array.ndim == 2 and array.dims[0] == name and array.shape[1] == 2


def edges_from_bounds(bounds: Times, axis: TimeAxis, source: str) -> Int64Array:
    """Begin and end of each period in microseconds since the first valid time.

    A period of no length stands for a stamp without a value, as at the start of a forecast.

    Args:
        bounds: Begin and end of each period, shape (time, 2).
        axis: The time axis.
        source: Name of the file, for messages.

    Raises:
        TimeAxisError: Bounds that are not times, are missing, or end before they begin.
    """
    is_times = bounds.dtype.kind == "M" or isinstance(bounds.ravel()[0], cftime.datetime)
    if not is_times or (bounds.dtype.kind == "M" and np.isnat(bounds).any()):
        raise TimeAxisError(f"the time bounds of {source} are not all times: repair or drop them.")
    edges = difference_us(bounds, axis.origin if axis.note else axis.values[0])
    backward = np.flatnonzero(edges[:, 1] < edges[:, 0])
    if len(backward):
        where = show(axis.values[backward[0]])
        raise TimeAxisError(f"the time bounds of {source} at {where} end before they begin.")
    if axis.note:  # stamps with jitter have bounds with jitter
        half = axis.step_us // 2 or 1
        near = np.round(edges / half).astype(np.int64) * half
        edges = np.where(np.abs(near - edges) <= axis.step_us // 1000, near, edges)
    return edges


def describe_periods(edges: Int64Array, axis: TimeAxis) -> str:
    """Length and place of the periods in words."""
    lengths = edges[:, 1] - edges[:, 0]
    usual = lengths[lengths > 0]
    if not len(usual):
        return "periods of no length"
    length = format_duration(int(np.median(usual)))
    several = "" if np.ptp(usual) == 0 else " (not all alike)"
    position = stamp_position(edges, axis)
    where = "around the stamp" if position == "middle" else f"that {position} at the stamp"
    return f"periods of {length}{several} {where}"


def stamp_position(edges: Int64Array, axis: TimeAxis) -> str:
    """Whether most periods `end`, `begin` or have their `middle` at the stamp."""
    long = edges[:, 1] > edges[:, 0]
    offset = axis.offset_us[long]
    ends = int(np.count_nonzero(edges[long, 1] == offset))
    begins = int(np.count_nonzero(edges[long, 0] == offset))
    if max(ends, begins) * 2 < len(offset):
        return "middle"
    return "end" if ends >= begins else "begin"
