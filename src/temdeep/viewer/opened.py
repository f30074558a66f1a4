"""A file to be looked at: its time axis and its fields, known without reading any of them.

Unlike a series, nothing here is refused because it could not be filled in: a variable of which the
file does not say what it stands for is shown all the same.

Knows: xarray, CF. Must not know: what is drawn, web pages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from temdeep.errors import GridError, TimeAxisError, VariableError, VariableKindError
from temdeep.fields import natures
from temdeep.fields.coordinates import place_names, with_still_places
from temdeep.fields.error_fields import error_fields
from temdeep.fields.grids import Grid, find_grid
from temdeep.fields.kinds import kind_of, parse_kind
from temdeep.fields.levels import level_of, places_of
from temdeep.fields.time_axis import Int64Array, TimeAxis, Times, format_duration
from temdeep.fields.valid_times import (
    bounds_name,
    edges_from_bounds,
    own_bounds_name,
    time_axis,
    with_valid_times,
)
from temdeep.fields.variables import Channel, Kind, Nature


@dataclass(frozen=True)
class Band:
    """Variables that tell how wrong a field may be.

    Attributes:
        names: That of the standard deviation, or those of the lowest and the highest percentile.
        words: What lies between its edges.
    """

    names: tuple[str, ...]
    words: str


@dataclass(frozen=True, eq=False)
class Field:
    """One variable, at one level and member.

    Attributes:
        channel: What it is; instantaneous where the file does not say.
        place: Index along each extra dimension.
        title: The variable in words.
        treatment: What the file says was done to it; empty if nothing.
        grid: Where its cells are.
        edges: Begin and end of each period in microseconds since the first valid time, shape
            (time, 2); None for what holds at instants, and where the file does not say.
        band: What tells how wrong it may be; None if nothing does.
        unclear: Why the file does not say what its numbers stand for; empty if it does.
    """

    channel: Channel
    place: Mapping[str, int]
    title: str
    treatment: str
    grid: Grid
    edges: Int64Array | None = None
    band: Band | None = None
    unclear: str = ""

    @property
    def is_direction(self) -> bool:
        """Whether it goes round the circle."""
        return self.channel.nature is Nature.DIRECTION


@dataclass(frozen=True, eq=False)
class Opened:
    """A file, or one forecast run of it.

    Attributes:
        dataset: Lazy, with one time dimension that is indexed by valid time.
        source: Name of the file, for messages.
        time: The time axis.
        time_name: Name of the time dimension and coordinate.
        fields: By name, such as `t2m` or `t[level=850]`, in file order.
    """

    dataset: xr.Dataset
    source: str
    time: TimeAxis
    time_name: str
    fields: Mapping[str, Field]


def look_over(
    dataset: xr.Dataset,
    source: str,
    kinds: Mapping[str, str],
    own_bounds: Mapping[str, Times] | None = None,
) -> Opened:
    """Find the fields of a dataset.

    Args:
        dataset: As opened, lazy; with one forecast run.
        source: Name of the file, for messages.
        kinds: What variables stand for, where the file does not say, such as `{"tp": "sum:1h"}`.
        own_bounds: Time bounds of single variables, where the format has them elsewhere (GRIB).

    Raises:
        TimeAxisError: No usable time axis.
        VariableError: No variable has both a time axis and a grid; or `kinds` names another one.
        RequestError: A kind is none.
    """
    requests = {name: parse_kind(name, text).kind for name, text in kinds.items()}
    for name in requests:
        if name not in dataset.data_vars:
            held = ", ".join(map(str, dataset.data_vars))
            raise VariableError(f"--kind names '{name}', which {source} does not have: {held}.")
    dataset, time_name = with_valid_times(dataset, source)
    dataset = with_still_places(dataset, time_name, source)
    axis = time_axis(dataset, time_name, source)
    looker = _Looker(dataset, source, axis, time_name, requests, own_bounds or {})
    fields: dict[str, Field] = {}
    for name in looker.candidates():
        with contextlib.suppress(GridError):
            fields |= looker.fields_of(name)
    if not fields:
        held = ", ".join(map(str, dataset.data_vars)) or "no variables"
        raise VariableError(
            f"{source} has no variable with both a time axis and a grid; it has {held}."
        )
    return Opened(dataset, source, axis, time_name, fields)


class _Looker:
    """Makes fields of variables; the grid of those that share their dimensions is found once."""

    def __init__(
        self,
        dataset: xr.Dataset,
        source: str,
        axis: TimeAxis,
        time_name: str,
        kinds: Mapping[str, Kind],
        own_bounds: Mapping[str, Times],
    ) -> None:
        self._dataset, self._source = dataset, source
        self._axis, self._time_name, self._kinds = axis, time_name, kinds
        self._own_bounds = own_bounds
        self._errors = error_fields(dataset)
        self._grids: dict[tuple[str, ...], Grid] = {}

    def candidates(self) -> list[str]:
        """Variables of numbers along time that are no coordinates, bounds or spreads."""
        dataset = self._dataset
        helpers = {str(dataset[name].attrs.get("bounds", "")) for name in dataset.variables}
        helpers |= {own_bounds_name(dataset[name]) for name in dataset.variables}
        helpers |= {bounds_name(dataset, self._time_name), *place_names(dataset)}
        helpers |= {one for one, told in self._errors.items() if told.members is None}
        return [
            str(name)
            for name, array in dataset.data_vars.items()
            if self._time_name in array.dims and array.dtype.kind in "fiub" and name not in helpers
        ]

    def fields_of(self, name: str) -> dict[str, Field]:
        """Fields of a variable, one for each level and member.

        Raises:
            GridError: It has no grid.
        """
        array = self._dataset[name]
        grid = self._grid(name)
        attributes = array.attrs
        nature, _ = natures.nature_of(name, attributes, array.dtype)
        kind, unclear = self._kind(name)
        edges = self._edges(name) if kind.is_period else None
        if kind.is_period and edges is None:
            unclear = f"'{name}' holds for periods, and {self._source} does not say for which"
        fields = {}
        levelled = array.rename(self._errors[name].of) if name in self._errors else array
        for channel_name, place in places_of(array, (self._time_name, *grid.dims)):
            channel = Channel(
                name=channel_name,
                variable=name,
                units=str(attributes.get("units", "")),
                kind=kind,
                nature=nature,
                standard_name=natures.standard_name_of(attributes),
                level=level_of(levelled, place),
            )
            fields[channel_name] = Field(
                channel,
                place,
                title=str(attributes.get("long_name") or channel.standard_name or name),
                treatment=str(attributes.get("temdeep_method", "")),
                grid=grid,
                edges=edges,
                band=self._band(name),
                unclear=unclear,
            )
        return fields

    def _grid(self, name: str) -> Grid:
        array = self._dataset[name]
        key = (*map(str, array.dims), str(array.encoding.get("coordinates", "")))
        if key not in self._grids:
            self._grids[key] = find_grid(self._dataset, name, (self._time_name,), self._source)
        return self._grids[key]

    def _kind(self, name: str) -> tuple[Kind, str]:
        """What it stands for; where the file does not say, an instant, and why that is not sure."""
        if name in self._kinds:
            return self._kinds[name], ""
        array = self._dataset[name]
        try:
            times, step = (self._time_name,), format_duration(self._axis.step_us)
            kind, _ = kind_of(name, array.attrs, times, self._source, array.dtype, step)
        except VariableKindError as error:
            return Kind.INSTANTANEOUS, str(error).rstrip(".")
        return kind, ""

    def _edges(self, name: str) -> Int64Array | None:
        if name in self._own_bounds:
            bounds = self._own_bounds[name]
        else:
            own = own_bounds_name(self._dataset[name])
            shared = bounds_name(self._dataset, self._time_name)
            found = own if own in self._dataset else shared
            if not found:
                return None
            bounds = self._dataset[found].values
        try:
            return edges_from_bounds(np.asarray(bounds), self._axis, self._source)
        except TimeAxisError:
            return None

    def _band(self, name: str) -> Band | None:
        """What tells how wrong a variable may be: its quantiles, else its standard deviation."""
        beside = {
            one: told.probability
            for one, told in self._errors.items()
            if told.of == name and self._dataset[one].dims == self._dataset[name].dims
        }
        quantiles = {told: one for one, told in beside.items() if told is not None}
        low, high = min(quantiles, default=0.5), max(quantiles, default=0.5)
        if low < 0.5 < high:
            return Band((quantiles[low], quantiles[high]), _called(low, high))
        deviations = [one for one, told in beside.items() if told is None]
        return Band((deviations[0],), _called(0.05, 0.95)) if deviations else None


def _called(low: float, high: float) -> str:
    """What a band between two probabilities is called."""
    if abs(low + high - 1.0) < 1e-9:
        return f"{100 * (high - low):g} % interval"
    return f"{100 * low:g} to {100 * high:g} % quantiles"
