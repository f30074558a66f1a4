"""Looks over a dataset: its time axis, grid, and what each variable is; collects what is unclear.

Knows: xarray, CF and GRIB attributes. Must not know: torch, files.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xarray as xr

from temdeep.errors import (
    GridError,
    RequestError,
    TemdeepError,
    TimeAxisError,
    VariableError,
    VariableKindError,
)
from temdeep.fields import accumulations, alongside, made_before, natures, resets, running, statics
from temdeep.fields.accumulations import Totals
from temdeep.fields.coordinates import place_names, with_still_places
from temdeep.fields.directions import in_degrees
from temdeep.fields.error_fields import error_fields
from temdeep.fields.grids import Grid, find_grid, tell_apart
from temdeep.fields.kinds import KindRequest, kind_of, parse_kind, without_length, without_period
from temdeep.fields.levels import disbelieved, level_of, member_of, places_of
from temdeep.fields.limits import NEVER_NEGATIVE
from temdeep.fields.time_axis import Int64Array, TimeAxis, Times, format_duration
from temdeep.fields.valid_times import (
    bounds_name,
    describe_periods,
    edges_from_bounds,
    holds_times,
    own_bounds_name,
    reference_us,
    run_notes,
    time_axis,
    with_valid_times,
)
from temdeep.fields.variables import Channel, Kind, Nature


@dataclass(frozen=True, eq=False)
class Survey:
    """What a dataset holds, with everything that could not be made sense of.

    Attributes:
        dataset: With one time dimension, indexed by valid time; running totals as sums per step.
        source: Name of the file or files.
        time: The time axis.
        time_name: Name of the time dimension and coordinate.
        grid: The grid of all channels, with static fields; None if no variable has one.
        channels: What was understood, in file order.
        places: Index of each channel along the extra dimensions of its variable, by channel name.
        edges: Begin and end of each period in microseconds since the first valid time, shape
            (time, 2), by name of the period variable.
        totals: Running totals as given, by name of the variable; `dataset` has sums per step.
        statics: Role of each static variable used.
        notes: What was assumed or changed, in sentences.
        problems: What was not understood, by name of the variable.
        carried: Variables that do not change in time, and are no fields.
        along: Numbers along time alone, which can be put between their given values.
        file_dim: The file's own name of the time dimension where that is another one, such as a
            lead time.
    """

    dataset: xr.Dataset
    source: str
    time: TimeAxis
    time_name: str
    grid: Grid | None
    channels: tuple[Channel, ...] = ()
    places: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    edges: Mapping[str, Int64Array] = field(default_factory=dict)
    totals: Mapping[str, Totals] = field(default_factory=dict)
    statics: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problems: Mapping[str, TemdeepError] = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    file_dim: str = ""


def survey(
    dataset: xr.Dataset,
    *,
    source: str,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: xr.Dataset | None = None,
    bounds: Mapping[str, Times] | None = None,
) -> Survey:
    """Look over a dataset.

    Args:
        dataset: As opened.
        source: Name of the file, for messages.
        variables: Names of the variables to look at, or one name; None: all.
        kinds: What the user says variables are, such as `{"tp": "sum:1h"}`.
        static: Elevation and land fraction from a file of their own.
        bounds: Time bounds of single variables, shape (time, 2), where the file has them otherwise
            than as CF bounds.

    Raises:
        TimeAxisError: No usable time axis.
        VariableError: A variable asked for is not there.
        RequestError: A kind is given that does not exist, or for no variable of the file; or
            something is of another type than it should be.
    """
    variables = [variables] if isinstance(variables, str) else variables
    _check_types(kinds, static)
    requests = {name: parse_kind(name, text) for name, text in (kinds or {}).items()}
    _check_names(dataset, variables, requests, source)
    file_dims = dataset.sizes
    dataset, time_name = with_valid_times(dataset, source, variables)
    file_dim = "" if time_name in file_dims else _vanished(file_dims, dataset)
    dataset = with_still_places(dataset, time_name, source)
    axis = time_axis(dataset, time_name, source)
    looker = _Looker(dataset, source, axis, time_name, requests, dict(bounds or {}))
    for name in map(str, dataset.data_vars):
        if variables is None or name in variables:
            looker.look_at(name, asked=variables is not None)
    found = looker.result(static, None if variables is None else set(variables))
    return replace(found, file_dim=file_dim)


def _vanished(file_dims: Mapping[Hashable, int], dataset: xr.Dataset) -> str:
    """The dimension that valid times have taken the place of."""
    gone = [str(dim) for dim, size in file_dims.items() if dim not in dataset.dims and size > 1]
    return gone[0] if len(gone) == 1 else ""


def _check_types(kinds: object, static: object) -> None:
    if kinds is not None and not (
        isinstance(kinds, Mapping) and all(isinstance(one, str) for one in kinds.values())
    ):
        raise RequestError(f"kinds={kinds!r}: say a dictionary, such as {{'tp': 'sum:1h'}}.")
    if static is not None and not isinstance(static, xr.Dataset):
        raise RequestError(f"static={static!r}: give a dataset, as xarray.open_dataset opens it.")


def _check_names(
    dataset: xr.Dataset,
    variables: Sequence[str] | None,
    requests: Mapping[str, KindRequest],
    source: str,
) -> None:
    held = ", ".join(map(str, dataset.data_vars))
    for name in variables or ():
        if name not in dataset.data_vars:
            raise VariableError(f"{source} has no variable '{name}'; it has {held}.")
    for name in requests:
        if name not in dataset.data_vars:
            raise RequestError(f"--kind names '{name}', which {source} does not have: {held}.")


class _Looker:
    """Collects channels and problems, one variable after the other."""

    def __init__(
        self,
        dataset: xr.Dataset,
        source: str,
        axis: TimeAxis,
        time_name: str,
        requests: Mapping[str, KindRequest],
        bounds: Mapping[str, Times],
    ) -> None:
        self.dataset, self.source, self.axis, self.time_name = dataset, source, axis, time_name
        self.requests, self.bounds = requests, bounds
        self.grid: Grid | None = None
        self.grid_of = ""
        self.channels: list[Channel] = []
        self.places: dict[str, Mapping[str, int]] = {}
        self.edges: dict[str, Int64Array] = {}
        self.totals: dict[str, Totals] = {}
        self.notes: list[str] = [f"The {axis.note}."] if axis.note else []
        self.notes += run_notes(axis)
        self.problems: dict[str, TemdeepError] = {}
        self.carried: list[str] = []
        self.along: list[str] = []
        self.gridless: dict[str, GridError] = {}
        self.helpers = {str(dataset[name].attrs.get("bounds", "")) for name in dataset.variables}
        self.helpers |= {bounds_name(dataset, time_name)}
        self.helpers |= {own_bounds_name(dataset[name]) for name in dataset.variables}
        self.helpers |= set(place_names(dataset))
        self.beside = error_fields(dataset)
        self.left_out: set[str] = set()
        self.unsaid: list[str] = []
        self.disbelieved: dict[str, list[str]] = {}

    def look_at(self, name: str, *, asked: bool) -> None:
        """Make channels of a variable, or note why not."""
        array = self.dataset[name]
        if name in self.beside and not asked:
            self.left_out.add(name)
            self.notes.append(
                f"'{name}' {self.beside[name]}, and is left out: name it with --variable to have it"
                " filled in as a field."
            )
            return
        if name in self.helpers or (self.time_name not in array.dims and not asked):
            self._carry(name)
            return
        try:
            self._add(name, asked=asked)
        except (GridError, TimeAxisError, VariableError, VariableKindError) as error:
            self.problems[name] = error

    def _carry(self, name: str) -> None:
        other = [
            str(dim)
            for dim in self.dataset[name].dims
            if dim in self.dataset.coords and holds_times(self.dataset[dim])
        ]
        if other and name not in self.helpers and self.dataset[name].ndim > 2:
            self.problems[name] = TimeAxisError(
                f"'{name}' in {self.source} lies on the time axis '{other[0]}', other variables on"
                f" '{self.time_name}': choose variables of one of them with --variable."
            )
        elif self.time_name not in self.dataset[name].dims:
            self.carried.append(name)

    def _add_alongside(self, name: str) -> None:
        """Take in numbers along time that are no fields, or say why they are left out."""
        if name == made_before.PROVENANCE:
            return
        request = self.requests.get(name)
        said = None if request is None else request.kind.is_period
        why = alongside.why_left_out(self.dataset[name], self.time_name, said)
        if why:
            self.left_out.add(name)
            self.notes.append(why)
        else:
            self.along.append(name)

    def _add(self, name: str, *, asked: bool) -> None:
        array = self.dataset[name]
        if self.time_name not in array.dims:
            raise VariableError(f"'{name}' in {self.source} does not change in time.")
        try:
            grid = find_grid(self.dataset, name, (self.time_name,), self.source)
        except GridError as error:
            if asked or array.ndim > 2:
                raise
            if array.ndim > 1:
                self.gridless[name] = error
            self._add_alongside(name)
            return
        numeric = array.dtype.kind in "fiub"
        if not numeric:
            raise VariableError(
                f"'{name}' in {self.source} holds {_what(array)} in place of numbers:"
                " repair it or leave it out with --variable."
            )
        self._check_grid(name, grid)
        nature, _ = natures.nature_of(name, array.attrs, array.dtype)
        units = str(array.attrs.get("units", ""))
        if nature is Nature.DIRECTION and not in_degrees(units):
            raise VariableError(
                f"'{name}' in {self.source} is a direction in {units}: convert it to degrees, or"
                " leave it out with --variable."
            )
        kind, reason = self._kind(name)
        if reason.startswith("no cell_methods") and nature is not Nature.FLAG:
            self.unsaid.append(name)
        if kind.is_period:
            self._add_periods(name, kind)
            reason = f"{reason}; {self._periods_in_words(name)}"
        self._add_channels(name, kind, reason, grid)

    def _check_grid(self, name: str, grid: Grid) -> None:
        if self.grid is None:
            self.grid, self.grid_of = grid, name
        elif self.grid.dims != grid.dims or not self.grid.same_places(grid):
            raise GridError(
                f"{self.source} holds two grids: those of '{self.grid_of}' and '{name}'"
                f" ({tell_apart(self.grid, grid)}); choose variables of one of them with"
                " --variable."
            )

    def _kind(self, name: str) -> tuple[Kind, str]:
        if name in self.requests:
            return self.requests[name].kind, "as you said"
        array = self.dataset[name]
        step = format_duration(self.axis.step_us)
        return kind_of(name, array.attrs, (self.time_name,), self.source, array.dtype, step)

    def _periods_in_words(self, name: str) -> str:
        steps = describe_periods(self.edges[name], self.axis)
        if name not in self.totals:
            return steps
        return f"a running total {accumulations.since(self.totals[name].edges, self.axis)}; {steps}"

    def _add_periods(self, name: str, kind: Kind) -> None:
        request = self.requests.get(name)
        bounds = self._bounds_of(name)
        edges = None if bounds is None else edges_from_bounds(bounds, self.axis, self.source)
        bounds_count = request is None or (request.length_us is None and not request.accumulated)
        if edges is not None and bounds_count and (edges[:, 1] == edges[:, 0]).all():
            raise without_length(name, kind, self.source, format_duration(self.axis.step_us))
        if request is not None and request.accumulated:
            self._add_totals(name, edges, request)
        elif request is not None and request.length_us is not None:
            ends = self.axis.offset_us
            edges = np.stack([ends - request.length_us, ends], axis=1)
            accumulations.refuse_long_periods(edges, name, kind, self.axis, self.source)
            self.edges[name] = edges
        elif edges is not None and accumulations.overlaps(edges):
            accumulations.refuse_overlaps(edges, name, kind, self.axis, self.source)
            self._add_totals(name, edges, None)
        elif edges is not None:
            self.edges[name] = edges
        elif kind is Kind.SUM:
            self._add_totals(name, None, None)
        else:
            raise without_period(name, kind, self.source, format_duration(self.axis.step_us))

    def _bounds_of(self, name: str) -> Times | None:
        """Time bounds of a variable: its own, else those of the time axis."""
        if name in self.bounds:
            return self.bounds[name]
        own = own_bounds_name(self.dataset[name])
        found = own if own in self.dataset else bounds_name(self.dataset, self.time_name)
        return self.dataset[found].values if found else None

    def _add_totals(self, name: str, edges: Int64Array | None, said: KindRequest | None) -> None:
        """Take a running total apart, and keep it as it is beside its sums per step."""
        array = self.dataset[name]
        nature, _ = natures.nature_of(name, array.attrs, array.dtype)
        if edges is None and said is None and array.size * 4 > accumulations.LARGEST_BYTES:
            raise without_period(name, Kind.SUM, self.source, format_duration(self.axis.step_us))
        values = accumulations.loaded_totals(array, self.time_name, self.source)
        asked = resets.Question(
            name=name,
            source=self.source,
            axis=self.axis,
            origin_us=reference_us(self.dataset, self.axis),
            bucket_us=None if said is None else said.bucket_us,
            rising=nature in NEVER_NEGATIVE,
            precision=accumulations.packing_step(array),
        )
        if edges is not None and (edges[:, 1] != self.axis.offset_us).any() and said is None:
            raise VariableKindError(
                f"'{name}' in {self.source} is a running total whose periods do not end at their"
                " stamps: give the times at which the totals hold."
            )
        edges, assumed = running.total_edges(values, edges, asked, told=said is not None)
        sums, steps, totals = accumulations.take_apart(
            array, values, edges, self.axis, self.source, rising=asked.rising
        )
        self.dataset = self.dataset.assign({name: sums})
        self.edges[name], self.totals[name] = steps, totals
        self.notes += [totals.note, *assumed]

    def _add_channels(self, name: str, kind: Kind, reason: str, grid: Grid) -> None:
        array = self.dataset[name]
        nature, why = natures.nature_of(name, array.attrs, array.dtype)
        component, _ = natures.component_of(name, array.attrs)
        # what tells of another is at its level, whatever its own name is
        levelled = array.rename(self.beside[name].of) if name in self.beside else array
        for level in disbelieved(levelled):
            self.disbelieved.setdefault(level, []).append(name)
        for channel_name, place in places_of(array, (self.time_name, *grid.dims)):
            self.places[channel_name] = place
            self.channels.append(
                Channel(
                    name=channel_name,
                    variable=name,
                    units=str(array.attrs.get("units", "")),
                    kind=kind,
                    nature=nature,
                    standard_name=natures.standard_name_of(array.attrs),
                    reason=f"{reason}; {nature} from {why}" if why else reason,
                    component=component if kind is Kind.INSTANTANEOUS else "",
                    ground=natures.tied_to_ground(name, array.attrs, nature),
                    level=level_of(levelled, place),
                    member=member_of(array, place),
                )
            )

    def _note_bounds(self, wanted: set[str] | None) -> None:
        """Say which variables are taken as instantaneous though the time axis has periods."""
        shared = bounds_name(self.dataset, self.time_name)
        unsaid = [one for one in self.unsaid if wanted is None or one in wanted]
        if not unsaid or not shared:
            return
        bounds = self.dataset[shared].values
        if bounds.ndim == 2 and (bounds[:, 0] != bounds[:, 1]).any():
            self.notes.append(
                f"no cell_methods say whether {', '.join(unsaid)} are of an instant or of the"
                f" periods of '{shared}': taken as of an instant; for means say"
                f" --kind {unsaid[0]}=mean."
            )

    def _note_levels(self, wanted: set[str] | None) -> None:
        """Say which levels are not those of variables whose `coordinates` list them."""
        for level, names in self.disbelieved.items():
            told = [one for one in names if wanted is None or one in wanted]
            if told:
                one = len(told) == 1
                self.notes.append(
                    f"{level} is not taken for the level of {', '.join(told)}, which"
                    f" {'has' if one else 'have'} it among {'its' if one else 'their'} coordinates:"
                    f" {'its name' if one else 'their names'} or attributes say another."
                )

    def _note_made(self) -> None:
        """Say which times were made by temdeep before."""
        plain = any(one.kind.is_period and one.variable not in self.totals for one in self.channels)
        made = made_before.made_in(self.dataset, self.time_name, periods=plain)
        told = made_before.note(made, self.source)
        self.notes += [told] if told else []

    def result(self, static: xr.Dataset | None, wanted: set[str] | None) -> Survey:
        """All that was found."""
        self._note_bounds(wanted)
        self._note_levels(wanted)
        self._note_made()
        grid = self.grid
        found: dict[str, str] = {}
        if grid is not None:
            names = [str(name) for name in self.dataset.variables if name not in self.edges]
            names = [name for name in names if name not in {c.variable for c in self.channels}]
            grid, found = statics.with_statics(
                grid, self.dataset, (self.time_name,), self.source, names
            )
            if static is not None:
                grid, more = statics.statics_of_file(grid, static, _static_name(static))
                found = found | more
        unwanted = [
            name
            for name in map(str, self.dataset.data_vars)
            if wanted is not None
            and name not in wanted
            and self.time_name in self.dataset[name].dims
            and name not in (*self.helpers, made_before.PROVENANCE)
        ]
        unwanted += [name for name in sorted(self.left_out) if name not in unwanted]
        return Survey(
            self.dataset.drop_vars(unwanted),
            self.source,
            self.axis,
            self.time_name,
            grid,
            _with_partners(self.channels, self.places, self.dataset),
            self.places,
            self.edges,
            self.totals,
            found,
            tuple(self.notes),
            self.problems if self.channels or self.problems else dict(self.gridless),
            tuple(name for name in self.carried if name not in found),
            tuple(self.along),
        )


def _static_name(static: xr.Dataset) -> str:
    return Path(str(static.encoding.get("source", "the static dataset"))).name


def _what(array: xr.DataArray) -> str:
    if array.dtype.kind == "m":
        return "durations (open it with decode_timedelta=False)"
    if array.dtype.kind == "c":
        return f"complex numbers ({array.dtype})"
    if holds_times(array):
        return "times"
    first = array.isel(dict.fromkeys(array.dims, 0)).values[()]
    is_text = array.dtype.kind in "SU" or isinstance(first, str | bytes)
    return "text" if is_text else f"Python objects ({type(first).__name__}, {array.dtype})"


def _with_partners(
    channels: Sequence[Channel], places: Mapping[str, Mapping[str, int]], dataset: xr.Dataset
) -> tuple[Channel, ...]:
    """Join the two components of each vector at the same level and member."""
    vectors: dict[tuple[object, ...], list[Channel]] = {}
    for channel in channels:
        _, vector = natures.component_of(channel.variable, dataset[channel.variable].attrs)
        if channel.component:
            place = tuple(sorted(places[channel.name].items()))
            vectors.setdefault((vector, channel.level, place), []).append(channel)
    partner: dict[str, str] = {}
    for components in vectors.values():
        if {one.component for one in components} == {"x", "y"} and len(components) == 2:
            first, second = components
            partner |= {first.name: second.name, second.name: first.name}
    return tuple(
        replace(one, partner=partner[one.name])
        if one.name in partner
        else replace(one, component="")
        for one in channels
    )
