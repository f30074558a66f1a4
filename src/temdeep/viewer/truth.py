"""A series to compare an output with: the same places, and the times that both have.

Knows: files through `opening`. Must not know: what is drawn, web pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from temdeep.errors import GridError, InputError, TimeAxisError, VariableError
from temdeep.fields.opening import find_files, open_file
from temdeep.fields.time_axis import GREGORIAN, Int64Array, difference_us, show
from temdeep.fields.valid_times import decoded, run_dimension
from temdeep.viewer.opened import Field, Opened, look_over

NONE = -1


@dataclass(frozen=True, eq=False)
class Truth:
    """A truth beside one output.

    Attributes:
        opened: Its fields.
        index: Which of its times each output time is, shape (time,); -1 where it has none.
        notes: Why a field of the output is not compared, by name.
    """

    opened: Opened
    index: Int64Array
    notes: Mapping[str, str]

    def field(self, name: str) -> Field | None:
        """The field of that name, if it can be compared."""
        return None if name in self.notes else self.opened.fields.get(name)


def open_truth(path: str | Path, outputs: tuple[Opened, ...]) -> tuple[Truth, ...]:
    """Open a truth and hold it beside an output's runs.

    Args:
        path: NetCDF, GRIB or Zarr.
        outputs: The runs of one output.

    Returns:
        One for each run.

    Raises:
        InputError: There is no such file, or it cannot be read, or it holds several forecast runs.
        GridError: It lies on another grid.
        TimeAxisError: It has none of the output's times.
        VariableError: It has none of the output's variables.
    """
    found = find_files(path)[0]
    dataset, bounds = open_file(found)
    dataset = decoded(dataset, found.name)
    run_dim = run_dimension(dataset)
    if run_dim:
        raise InputError(
            f"the truth {found.name} holds several forecast runs along '{run_dim}': give one series"
            " of what came true."
        )
    opened = look_over(dataset, found.name, {}, bounds)
    truths = tuple(_beside(opened, one) for one in outputs)
    if all((truth.index == NONE).all() for truth in truths):
        times, others = opened.time.values, outputs[0].time.values
        raise TimeAxisError(
            f"the truth {found.name} has none of the times of {outputs[0].source}: it runs from"
            f" {show(times[0])} to {show(times[-1])}, the output from {show(others[0])} to"
            f" {show(others[-1])}."
        )
    return truths


def _beside(truth: Opened, output: Opened) -> Truth:
    common = [name for name in output.fields if name in truth.fields]
    if not common:
        raise VariableError(
            f"the truth {truth.source} has no variable of {output.source}: it has"
            f" {_names(truth)}, the output {_names(output)}."
        )
    index = _common_times(truth, output)
    notes = {}
    for name, field in output.fields.items():
        if name in common:
            if not truth.fields[name].grid.same_places(field.grid):
                raise GridError(
                    f"the truth {truth.source} lies on another grid than {output.source}:"
                    f" {truth.fields[name].grid} there, {field.grid} here."
                )
            reason = _unlike(truth, field, truth.fields[name], index)
        else:
            reason = f"the truth has no '{name}'"
        if reason:
            notes[name] = reason
    return Truth(truth, index, notes)


def _unlike(truth: Opened, output: Field, other: Field, index: Int64Array) -> str:
    """Why numbers of one name do not stand for the same."""
    units = output.channel.units, other.channel.units
    if units[0] != units[1]:
        return f"the truth is in '{units[1]}', the output in '{units[0]}'"
    kinds = output.channel.kind, other.channel.kind
    if kinds[0] is not kinds[1]:
        return f"the truth is of kind {kinds[1]}, the output of kind {kinds[0]}"
    if output.edges is None and other.edges is None:
        return ""
    if output.edges is None or other.edges is None:
        return f"one of {truth.source} and the output does not say for which periods it holds"
    both = np.flatnonzero(index != NONE)
    lengths = (
        np.diff(one[place])[:, 0]
        for one, place in ((output.edges, both), (other.edges, index[both]))
    )
    mine, its = lengths
    real = (mine > 0) & (its > 0)
    return "" if (mine == its)[real].all() else "the truth holds for periods of another length"


def _common_times(truth: Opened, output: Opened) -> Int64Array:
    """Which time of the truth each output time is."""
    both = truth.time.values.dtype.kind, output.time.values.dtype.kind
    calendars = {truth.time.calendar, output.time.calendar}
    if both[0] != both[1] or (len(calendars) > 1 and not calendars <= set(GREGORIAN)):
        raise TimeAxisError(
            f"the truth {truth.source} is of the {truth.time.calendar} calendar, {output.source} of"
            f" the {output.time.calendar} calendar: their times are not the same."
        )
    shift = int(difference_us(truth.time.values[:1], output.time.origin)[0])
    its = truth.time.offset_us + shift
    place = np.clip(np.searchsorted(its, output.time.offset_us), 0, len(its) - 1)
    return np.where(its[place] == output.time.offset_us, place, NONE)


def _names(opened: Opened) -> str:
    return ", ".join(dict.fromkeys(one.channel.variable for one in opened.fields.values()))
