"""A series of fields: opened, understood and checked; handed out as arrays and intervals.

Knows: xarray, the time axis, channels. Must not know: torch, file formats.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from temdeep.errors import InputError, RequestError, TimeAxisError, VariableError
from temdeep.fields import reading_frames, thinning, walking
from temdeep.fields.accumulations import Totals
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.opening import Sources, survey_files
from temdeep.fields.survey import Survey, survey
from temdeep.fields.time_axis import Int64Array, TimeAxis, Times, show
from temdeep.fields.variables import Channel, Kind
from temdeep.fields.walking import sun_time_of
from temdeep.metric import Float32Array, Float64Array

__all__ = [
    "Series",
    "as_series",
    "open_series",
    "series_from_dataset",
    "series_from_survey",
    "sun_time_of",
]

Selection = slice | Sequence[int] | Int64Array


@dataclass(frozen=True, eq=False)
class Series:
    """Fields of one or more variables at successive valid times, on one grid.

    Attributes:
        dataset: As opened, decoded, lazy; with one time dimension, indexed by valid time.
        source: Name of the file or files, for messages.
        time: The time axis.
        time_name: Name of the time dimension and coordinate in `dataset`.
        grid: The grid, with elevation and land fraction where known.
        channels: One for each variable and extra-dimension index, in file order.
        places: Index of each channel along the extra dimensions of its variable, by channel name.
        edges: Begin and end of each period in microseconds since the first valid time, shape
            (time, 2), by name of the period variable; no length where a stamp has no value.
        totals: Variables that came in as running totals, by name; `dataset` holds their sums per
            step, this the totals themselves.
        statics: Role (`elevation`, `geopotential`, `land`) of each static variable used.
        notes: What was assumed or changed when the series was opened, in sentences.
        file_dim: The file's own name of the time dimension where that is another one, such as a
            lead time; empty where it is not.
    """

    dataset: xr.Dataset
    source: str
    time: TimeAxis
    time_name: str
    grid: Grid
    channels: tuple[Channel, ...]
    places: Mapping[str, Mapping[str, int]]
    edges: Mapping[str, Int64Array]
    totals: Mapping[str, Totals] = field(default_factory=dict)
    statics: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    file_dim: str = ""

    def instantaneous(self) -> tuple[Channel, ...]:
        """Channels that hold at the stamps."""
        return tuple(one for one in self.channels if not one.kind.is_period)

    def periods(self) -> tuple[Channel, ...]:
        """Channels that hold for periods: sums, means, maxima, minima."""
        return tuple(one for one in self.channels if one.kind.is_period)

    def channel(self, name: str) -> Channel:
        """The channel of a name.

        Raises:
            VariableError: There is none.
        """
        for one in self.channels:
            if one.name == name:
                return one
        held = ", ".join(one.name for one in self.channels)
        raise VariableError(f"{self.source} has no channel '{name}'; it has {held}.")

    def period_edges(self, channel: Channel) -> Int64Array:
        """Begin and end of each period in microseconds since the first valid time, (time, 2).

        A stamp without a value has a period of no length.
        """
        return self.edges[channel.variable]

    def as_given(self, variable: str) -> xr.DataArray:
        """A variable as it came in: a running total, levelled, in place of its sums per step."""
        found = self.totals.get(variable)
        return self.dataset[variable] if found is None else found.levels

    def without_totals(self) -> "Series | None":
        """The variables that are no running totals as a series of their own, if there are any."""
        if not self.totals:
            return self
        held = dict.fromkeys(one.variable for one in self.channels)
        names = [name for name in held if name not in self.totals]
        return self.select(names) if names else None

    def in_file_dims(self, dataset: xr.Dataset) -> xr.Dataset:
        """Give an output the time dimension that the file has: a lead time, not valid times."""
        if not self.file_dim:
            return dataset
        return dataset.swap_dims({self.time_name: self.file_dim})

    def read(self, channels: Sequence[Channel], times: Selection) -> Float32Array:
        """Fields as stored, shape (time, channel, y, x), NaN where missing.

        Raises:
            VariableError: A value is infinite.
            InputError: The file cannot be read to its end.
        """
        return reading_frames.read(self, channels, times).astype(np.float32, copy=False)

    def read_rates(self, channels: Sequence[Channel], times: Selection) -> Float64Array:
        """Period channels as mean rates, shape (time, channel, y, x).

        Sums are divided by the seconds of their period, means are as they are; NaN where a stamp
        has no period.
        """
        values = reading_frames.read(self, channels, times).astype(np.float64)
        for i, channel in enumerate(channels):
            edges = self.period_edges(channel)[times]
            span_s = (edges[:, 1] - edges[:, 0]) / 1e6
            values[span_s == 0, i] = np.nan
            if channel.kind is Kind.SUM:
                values[:, i] /= np.where(span_s == 0, 1.0, span_s)[:, None, None]
        return values

    def intervals(
        self,
        context: int,
        channels: Sequence[Channel] | None = None,
        segments: Sequence[slice] | None = None,
    ) -> Iterator[tuple[int, Interval]]:
        """Consecutive instantaneous fields with their context, as `walking.intervals`."""
        return walking.intervals(self, context, channels, segments)

    def period_groups(self) -> tuple[tuple[Channel, ...], ...]:
        """Sums and means, together where they hold for the same periods."""
        groups: list[list[Channel]] = []
        for channel in self.periods():
            if channel.kind in (Kind.MAXIMUM, Kind.MINIMUM):
                continue
            edges = self.period_edges(channel)
            for group in groups:
                if np.array_equal(self.period_edges(group[0]), edges):
                    group.append(channel)
                    break
            else:
                groups.append([channel])
        return tuple(map(tuple, groups))

    def period_intervals(
        self, context: int, channels: Sequence[Channel] | None = None
    ) -> Iterator[tuple[int, PeriodInterval]]:
        """Sums and means with their context, as `walking.period_intervals`."""
        return walking.period_intervals(self, context, channels)

    def frame_bytes(self, channels: Sequence[Channel]) -> int:
        """Bytes of one time of some channels as float32."""
        return 4 * len(channels) * self.grid.shape[0] * self.grid.shape[1]

    def arrange(self, variable: str, values: Mapping[str, np.ndarray]) -> xr.Variable:
        """Put fields of a variable's channels back into the variable's own dimension order.

        Args:
            variable: Name of the variable.
            values: Fields by channel name, each of shape (time, y, x).

        Returns:
            A variable with the dimensions of the one in `dataset`, time as long as the fields.
        """
        original = self.dataset[variable]
        mine = [one for one in self.channels if one.variable == variable]
        extra = [str(d) for d in original.dims if d not in (self.time_name, *self.grid.dims)]
        first = values[mine[0].name]
        sizes = tuple(original.sizes[dim] for dim in extra)
        stacked = np.empty((*sizes, *first.shape), dtype=first.dtype) if extra else first
        for one in mine if extra else ():
            stacked[tuple(self.places[one.name][dim] for dim in extra)] = values[one.name]
        horizontal = tuple(original.sizes[dim] for dim in self.grid.dims)
        shaped = stacked.reshape((*sizes, len(first), *horizontal))
        dims = (*extra, self.time_name, *self.grid.dims)
        return xr.Variable(dims, shaped, dict(original.attrs)).transpose(*original.dims)

    def thin(self, every: int, offset: int = 0) -> "Series":
        """Hide times, to fill them in again: every `every`-th frame, and periods joined.

        Instantaneous frames are kept where their time is a multiple of `every` usual steps from
        the `offset`-th. Periods are joined `every` at a time into one with joined bounds (sum,
        mean, maximum, minimum); a stamp whose joined period is not complete has no period.

        Raises:
            RequestError: Fewer than two times would be left.
        """
        return thinning.thin(self, every, offset)

    def between(self, first: Any = None, last: Any = None) -> "Series":
        """The part from one time to another, both included; None: no limit.

        Raises:
            TimeAxisError: Fewer than two times lie between.
        """
        low = self.time.offset_us[0] if first is None else self.time.offset_of(first)
        high = self.time.offset_us[-1] if last is None else self.time.offset_of(last)
        inside = np.flatnonzero((self.time.offset_us >= low) & (self.time.offset_us <= high))
        if len(inside) < 2:
            since = "" if first is None else f" from {first}"
            until = "" if last is None else f" to {last}"
            onwards = " on" if last is None else ""
            found = {0: "no times", 1: "a single time"}[len(inside)]
            raise TimeAxisError(
                f"{self.source} has {found}{since}{until}{onwards}: it holds"
                f" {show(self.time.values[0])} to {show(self.time.values[-1])}."
            )
        return self.take(slice(int(inside[0]), int(inside[-1]) + 1))

    def take(self, times: slice | Int64Array) -> "Series":
        """Some of the times as a series of their own; periods stay as long as they are."""
        axis = self.time.take(times)
        shift = self.time.offset_us[times][0]
        return replace(
            self,
            dataset=self.dataset.isel({self.time_name: times}),
            time=axis,
            edges={name: edges[times] - shift for name, edges in self.edges.items()},
            totals={
                name: one.take(times, self.time_name, int(shift))
                for name, one in self.totals.items()
            },
        )

    def select(self, variables: Sequence[str]) -> "Series":
        """Only some of the variables.

        Raises:
            VariableError: One of them is not in the series.
        """
        held = list(dict.fromkeys(one.variable for one in self.channels))
        for name in variables:
            if name not in held:
                raise VariableError(
                    f"{self.source} has no variable '{name}' to fill in; it has {', '.join(held)}."
                )
        channels = tuple(one for one in self.channels if one.variable in variables)
        names = {one.name for one in channels}
        return replace(
            self,
            dataset=self.dataset.drop_vars([name for name in held if name not in variables]),
            channels=tuple(
                one if one.partner in names else replace(one, partner="", component="")
                for one in channels
            ),
            places={name: place for name, place in self.places.items() if name in names},
            edges={name: edges for name, edges in self.edges.items() if name in variables},
            totals={name: one for name, one in self.totals.items() if name in variables},
        )


def series_from_survey(found: Survey) -> Series:
    """A series of all that a survey found.

    Raises:
        TemdeepError: The first thing that the survey could not make sense of.
        VariableError: There is no variable to fill in.
    """
    for problem in found.problems.values():
        raise problem
    if found.grid is None or not found.channels:
        held = ", ".join(map(str, found.dataset.data_vars)) or "no variables"
        raise VariableError(
            f"{found.source} has no variable with both a time axis and a grid; it has {held}."
        )
    return Series(
        found.dataset,
        found.source,
        found.time,
        found.time_name,
        found.grid,
        found.channels,
        found.places,
        found.edges,
        found.totals,
        found.statics,
        found.notes,
        found.file_dim,
    )


def open_series(
    sources: Sources,
    *,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: str | Path | None = None,
) -> Series:
    """Open files as one series, reading no more than coordinates and a few frames.

    Args:
        sources: NetCDF or GRIB files, Zarr stores or patterns, as in `survey_files`.
        variables: Which variables; None: all that have a time axis and a grid.
        kinds: What variables are where the files do not say, such as `{"tp": "sum:1h"}`.
        static: A file with elevation and land fraction, where the series has none.

    Raises:
        TemdeepError: Anything that is missing, broken or ambiguous, in one sentence.
    """
    found = survey_files(sources, variables=variables, kinds=kinds, static=static)
    series = series_from_survey(found)
    names = dict.fromkeys(one.variable for one in series.channels)
    reading_frames.check_values(series, list(names))
    return series


def series_from_dataset(
    dataset: xr.Dataset,
    *,
    source: str = "the dataset",
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: xr.Dataset | None = None,
    bounds: Mapping[str, Times] | None = None,
) -> Series:
    """Understand a dataset as a series.

    Args:
        dataset: Eager or lazy; it is not changed.
        source: What messages call it.
        variables: Which variables; None: all that have a time axis and a grid.
        kinds: What variables are where the data do not say, such as `{"tp": "sum:1h"}`.
        static: Elevation and land fraction, where the dataset has none.
        bounds: Time bounds of single variables, shape (time, 2), where these differ.

    Raises:
        TemdeepError: Anything that is missing, broken or ambiguous, in one sentence.
    """
    if not isinstance(dataset, xr.Dataset):
        raise InputError(
            f"a series is made of an xarray.Dataset, not of a {type(dataset).__name__}."
        )
    found = survey(
        dataset, source=source, variables=variables, kinds=kinds, static=static, bounds=bounds
    )
    series = series_from_survey(found)
    reading_frames.check_values(series, reading_frames.in_memory_or_file(series))
    return series


def as_series(
    given: Series | xr.Dataset,
    *,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: xr.Dataset | None = None,
) -> Series:
    """A series as it is, or a dataset understood as one; arguments as `series_from_dataset`.

    Raises:
        RequestError: It is said how to understand what is understood already.
        TemdeepError: As `series_from_dataset`.
    """
    if not isinstance(given, Series):
        return series_from_dataset(given, variables=variables, kinds=kinds, static=static)
    if kinds is not None or static is not None:
        raise RequestError(
            f"{given.source} is a series already, and what its variables are is settled: say kinds="
            " and static= where it is opened."
        )
    return given if variables is None else given.select(variables)
