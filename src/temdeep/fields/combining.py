"""Joins opened files into one dataset: along time, or side by side.

Knows: xarray. Must not know: torch, file formats.
"""

import itertools
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import xarray as xr

from temdeep.errors import GridError, InputError, TemdeepError, TimeAxisError, VariableError
from temdeep.fields.grids import find_grid, tell_apart
from temdeep.fields.made_before import PROVENANCE, flags_in
from temdeep.fields.time_axis import GREGORIAN, Times, difference_us, show
from temdeep.fields.valid_times import holds_times, is_reference, with_valid_times

_CHUNK_BYTES = 32 * 2**20

Opened = tuple[xr.Dataset, dict[str, Times]]


def combine(opened: Sequence[Opened], names: Sequence[str]) -> Opened:
    """Join opened files into one dataset.

    Files with the same variables are joined along time, in the order of their first times; files
    with different variables are put side by side and must have the same times.

    Args:
        opened: Datasets with the time bounds of single variables.
        names: Names of the files, for messages.

    Raises:
        GridError: Two files have different grids.
        VariableError: A variable has not the same units, levels or kind in two files.
        TimeAxisError: Files with different variables have different times, or several runs follow
            each other.
        InputError: Files cannot be joined for another reason.
    """
    if len(opened) == 1:
        return opened[0]
    groups: dict[tuple[str, ...], list[tuple[xr.Dataset, dict[str, Times], str]]] = {}
    static: list[xr.Dataset] = []
    for (dataset, bounds), name in zip(opened, names, strict=True):
        if not has_time(dataset):
            static.append(dataset)
            continue
        timed, time_name = with_valid_times(dataset, name)
        fields = tuple(
            sorted(
                str(v) for v in timed.data_vars if time_name in timed[v].dims and v != PROVENANCE
            )
        )
        groups.setdefault((time_name, *fields), []).append((timed, bounds, name))
    _refuse_two_grids([one for group in groups.values() for one in group])
    joined = [_along_time(_alike_flagged(group, key[0]), key[0]) for key, group in groups.items()]
    first, all_bounds = joined[0]
    time_name = next(iter(groups))[0]
    for (dataset, bounds), (key, group) in list(zip(joined, groups.items(), strict=True))[1:]:
        if time_name not in dataset.dims or not _same(dataset[time_name], first[time_name]):
            raise _at_other_times(groups, key)
        first = _side_by_side(first, dataset, group[0][2])
        all_bounds = all_bounds | bounds
    for dataset in static:
        first = _side_by_side(first, dataset, "a file without times")
    return first, all_bounds


def _alike_flagged(
    group: Sequence[tuple[xr.Dataset, dict[str, Times], str]], time_name: str
) -> Sequence[tuple[xr.Dataset, dict[str, Times], str]]:
    """Files of which all have temdeep's flag if one does: elsewhere all times are given."""
    if not any(PROVENANCE in dataset for dataset, *_ in group):
        return group
    return [
        (dataset.assign({PROVENANCE: (time_name, flags_in(dataset, time_name))}), bounds, name)
        for dataset, bounds, name in group
    ]


def _at_other_times(
    groups: Mapping[tuple[str, ...], Sequence[tuple[xr.Dataset, dict[str, Times], str]]],
    key: tuple[str, ...],
) -> TemdeepError:
    """The error for files that hold neither the variables nor the times of the first ones."""
    first = next(iter(groups))
    one, other = groups[first][0], groups[key][0]
    fields = [
        {name for name in file[0].data_vars if file[0][name].ndim > 2} for file in (one, other)
    ]
    if not fields[0] & fields[1]:
        return TimeAxisError(
            f"{other[2]} and {one[2]} hold different variables at different times: give files whose"
            " times agree, or one of them at a time."
        )
    held = {one[2]: set(first[1:]), other[2]: set(key[1:])}
    alone = [
        f"only {name} has {', '.join(repr(variable) for variable in more)}"
        for name, others in zip(held, reversed(held.values()), strict=True)
        if (more := sorted(held[name] - others))
    ]
    return VariableError(
        f"{one[2]} and {other[2]} are of different times and do not hold the same variables:"
        f" {'; '.join(alone)}. To join them in time add it there, or remove it."
    )


def _side_by_side(first: xr.Dataset, second: xr.Dataset, name: str) -> xr.Dataset:
    """Variables of both; what both have must be the same."""
    for variable in second.variables:
        if variable in first.variables and not _alike(first, second, variable):
            one, other = first[variable], second[variable]
            values = "" if one.ndim or other.ndim else f" ({other.values}, not {one.values})"
            raise InputError(
                f"'{variable}' in {name} is not the '{variable}' of the other files{values}: give"
                " one of them at a time, or rename it."
            )
    fresh = [one for one in second.variables if one not in first.variables]
    coords = {one: second[one].variable for one in fresh if one in second.coords}
    data = {one: second[one].variable for one in fresh if one in second.data_vars}
    return first.assign(data).assign_coords(coords)


def _alike(one: xr.Dataset, other: xr.Dataset, variable: Hashable) -> bool:
    """Whether a variable has the same values in two files, whatever else these hold."""
    two = other[variable].variable
    return bool(one[variable].variable.equals(two))  # type: ignore[no-untyped-call]


def has_time(dataset: xr.Dataset) -> bool:
    """Whether a file has times at all."""
    return any(
        dataset[name].dtype.kind == "M"
        or " since " in str(dataset[name].attrs.get("units", ""))
        or dataset[name].dtype == object
        or str(name) in ("time", "valid_time")
        for name in dataset.variables
    )


def _same(one: xr.DataArray, other: xr.DataArray) -> bool:
    return one.shape == other.shape and bool((one.values == other.values).all())


def _along_time(
    group: Sequence[tuple[xr.Dataset, dict[str, Times], str]], time_name: str
) -> Opened:
    if len(group) == 1:
        return group[0][:2]
    kinds = {dataset[time_name].dtype.kind for dataset, _, _ in group}
    calendars = {dataset[time_name].dt.calendar for dataset, _, _ in group}
    if len(kinds) > 1 or not (len(calendars) == 1 or calendars <= set(GREGORIAN)):
        raise TimeAxisError(
            f"{group[0][2]} and {group[1][2]} count their days in different calendars"
            f" ({', '.join(sorted(calendars))}): bring them to one first."
        )
    ordered = sorted(group, key=lambda one: one[0][time_name].values[0])
    for (one, _, before), (other, _, after) in itertools.pairwise(ordered):
        if one[time_name].values[-1] >= other[time_name].values[0]:
            raise TimeAxisError(
                f"{before} reaches {show(one[time_name].values[-1])} and {after} begins at"
                f" {show(other[time_name].values[0])}: files joined in time must not overlap;"
                " give one of them, or cut one."
            )
    for dataset, _, later in ordered[1:]:
        _refuse_unlike(ordered[0][0], dataset, (ordered[0][2], later), time_name)
        _refuse_other_scalars(ordered[0][0], dataset, (ordered[0][2], later), time_name)
    chunked = [_chunked(dataset, time_name) for dataset, _, _ in ordered]
    try:
        joined = xr.concat(
            chunked,
            dim=time_name,
            data_vars="minimal",
            coords="minimal",
            compat="override",
            combine_attrs="override",
            join="override",
        )
    except ValueError as error:
        raise InputError(
            f"{ordered[0][2]} and {ordered[1][2]} cannot be joined in time: {error}."
        ) from error
    joined[time_name].encoding = dict(ordered[0][0][time_name].encoding)
    for name in joined.data_vars:
        holder = next(dataset for dataset, _, _ in ordered if name in dataset)
        joined[name].encoding = dict(holder[name].encoding)
    bounds = {
        name: np.concatenate([bounds[name] for _, bounds, _ in ordered])
        for name in ordered[0][1]
        if all(name in bounds for _, bounds, _ in ordered)
    }
    return joined, bounds


def _refuse_unlike(
    first: xr.Dataset, other: xr.Dataset, names: tuple[str, str], time_name: str
) -> None:
    """Refuse files whose numbers do not mean the same.

    Raises:
        VariableError: A variable has other units, cell methods, levels or members, or a static one
            other values.
    """
    for variable in map(str, first.data_vars):
        if variable not in other.variables:
            continue
        one, two = first[variable], other[variable]
        if holds_times(one):
            continue
        if time_name not in one.dims:
            if one.dtype.kind in "fiub" and not _alike(first, other, variable):
                raise VariableError(
                    f"'{variable}', which does not change in time, is not the same in {names[0]}"
                    f" and {names[1]}: give one of them at a time, or leave it out of one."
                )
            continue
        for what in ("units", "cell_methods"):
            said = [str(array.attrs.get(what, "")) for array in (one, two)]
            if said[0] != said[1]:
                raise VariableError(
                    f"'{variable}' has the {what.replace('_', ' ')} '{said[0]}' in {names[0]} and"
                    f" '{said[1]}' in {names[1]}: bring it to one of them first."
                )
        for dim in _extra_dims(first, variable, time_name, names[0]):
            if dim not in two.dims or not first[dim].equals(other[dim]):
                raise VariableError(
                    f"'{variable}' does not have the same '{dim}' in {names[0]} and {names[1]}:"
                    " bring them to one order first, or give one of them."
                )


def _refuse_other_scalars(
    first: xr.Dataset, other: xr.Dataset, names: tuple[str, str], time_name: str
) -> None:
    """Refuse files at two heights, or of two forecast runs.

    Raises:
        VariableError: A coordinate that is one number has another value.
        TimeAxisError: The files come from several forecast runs; analyses, each the first time of
            its own run, do not.
    """
    for scalar in first.coords:
        one, two = first[scalar], other.get(scalar, first[scalar])
        if one.ndim or two.ndim or np.array_equal(one.values, two.values):
            continue
        if holds_times(one):
            leads = [
                set(difference_us(file[time_name].values, run.values))
                for file, run in ((first, one), (other, two))
            ]
            if (scalar == "time" or is_reference(one)) and len(leads[0] | leads[1]) > 1:
                raise TimeAxisError(
                    f"{names[0]} and {names[1]} come from two forecast runs ('{scalar}' is"
                    f" {show(one.values[()])} and {show(two.values[()])}), and nothing is filled"
                    " from one run into the next: give one run at a time."
                )
        elif one.dtype.kind in "fiu" and not (np.isnan(one.values) and np.isnan(two.values)):
            raise VariableError(
                f"'{scalar}' is {one.values} in {names[0]} and {two.values} in {names[1]}: give one"
                " of them at a time."
            )


def _extra_dims(dataset: xr.Dataset, variable: str, time_name: str, name: str) -> list[str]:
    """Dimensions with coordinates besides time and the grid: levels, members."""
    try:
        places = find_grid(dataset, variable, (time_name,), name).dims
    except GridError:
        places = ()
    dims = [str(dim) for dim in dataset[variable].dims if dim in dataset.coords]
    return [dim for dim in dims if dim != time_name and dim not in places]


def _chunked(dataset: xr.Dataset, time_name: str) -> xr.Dataset:
    """Lazy pieces of a file of some 32 MB each."""
    largest = max((dataset[name].nbytes for name in dataset.data_vars), default=1)
    frame = max(1, largest // max(1, dataset.sizes[time_name]))
    return dataset.chunk({time_name: max(1, _CHUNK_BYTES // frame)})


def _refuse_two_grids(files: Sequence[tuple[xr.Dataset, dict[str, Times], str]]) -> None:
    """Refuse files whose first fields lie on different grids."""
    first = None
    for dataset, _, name in files:
        for variable in dataset.data_vars:
            if dataset[variable].ndim < 3:
                continue
            try:
                grid = find_grid(dataset, str(variable), _times(dataset), name)
            except GridError:
                continue
            if first is None:
                first = (grid, name)
            elif first[0].dims != grid.dims or not first[0].same_places(grid):
                raise GridError(
                    f"{first[1]} and {name} have different grids ({tell_apart(first[0], grid)}):"
                    " bring them to one grid first."
                )
            break


def _times(dataset: xr.Dataset) -> tuple[str, ...]:
    return tuple(
        str(dim)
        for dim in dataset.dims
        if dim in dataset.coords and dataset[dim].dtype.kind in "MO"
    )
