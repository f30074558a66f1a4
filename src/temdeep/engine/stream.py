"""Runs a method over a plan, one interval at a time, with a bounded number of fields in memory.

Knows: series, methods, plans. Must not know: output files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from temdeep.engine.aggregation import Aggregator
from temdeep.engine.beside import along_members, beside_given
from temdeep.engine.plan import Int64Array, Plan
from temdeep.fields.intervals import Interval
from temdeep.fields.periods import extremes_in_turn
from temdeep.fields.reading_frames import Window, load
from temdeep.fields.series import Series
from temdeep.fields.variables import Channel, Kind
from temdeep.methods.protocol import Method, division, rendering
from temdeep.methods.uncertain import Beside, Uncertain
from temdeep.metric import Float32Array, FloatArray

TIMES_AT_ONCE = 16
"""Largest number of fields per channel made at once: memory does not grow with what is asked."""

READ_AHEAD_BYTES = 32 * 2**20
EXTREMES = (Kind.MAXIMUM, Kind.MINIMUM)


@dataclass(frozen=True, eq=False)
class Block:
    """Some variables at successive output times.

    Attributes:
        times: Positions in the output.
        fields: By variable, in its own dimension order, time as long as `times`.
    """

    times: slice
    fields: Mapping[str, xr.Variable]


def passes(series: Series) -> int:
    """How often `fill` goes through the output times, each time for other variables."""
    groups = [*series.period_groups(), *extreme_groups(series)]
    return int(bool(series.instantaneous())) + len(groups)


def extreme_groups(series: Series) -> list[tuple[Channel, ...]]:
    """Channels of each variable of maxima or minima."""
    extremes = [one for one in series.periods() if one.kind in EXTREMES]
    return [
        tuple(one for one in extremes if one.variable == name) for name in variables_of(extremes)
    ]


def fill(series: Series, method: Method, plan: Plan) -> Iterator[Block]:
    """Make all output fields: each variable once at every output time, in time order.

    Given times of instantaneous variables are the series' own values in their own type, others
    are float32; periods are float64, NaN where nothing covers them.

    Args:
        series: The coarse series.
        method: What fills it.
        plan: What to make.

    Yields:
        Blocks; instantaneous variables first, then groups of period variables.

    Raises:
        TemdeepError: The input turns out to be damaged or infinite.
    """
    if series.instantaneous():
        yield from _instants(series, method, plan)
    if plan.periods_us is None:
        return
    for group in series.period_groups():
        parts = Aggregator(plan.periods_us, np.add, plan.cuts_us)
        yield from _sums_and_means(series, method, plan.periods_us, group, parts)
    for group in extreme_groups(series):
        combine = np.maximum if group[0].kind is Kind.MAXIMUM else np.minimum
        parts = Aggregator(plan.periods_us, combine, plan.cuts_us)
        yield from _extremes(series, plan.periods_us, group, parts)


def variables_of(channels: Sequence[Channel]) -> list[str]:
    """Names of the variables that channels belong to, in order."""
    return list(dict.fromkeys(channel.variable for channel in channels))


def _arranged(
    series: Series, channels: Sequence[Channel], values: FloatArray
) -> dict[str, xr.Variable]:
    """Fields (time, channel, y, x) as variables."""
    by_name = {channel.name: values[:, i] for i, channel in enumerate(channels)}
    return {name: series.arrange(name, by_name) for name in variables_of(channels)}


def _instants(series: Series, method: Method, plan: Plan) -> Iterator[Block]:
    channels = series.instantaneous()
    given = _GivenFrames(series, variables_of(channels))
    made_in = set(plan.intervals)
    walk = series.intervals(method.context, channels, _windows(series, made_in, method.context))
    for here in np.unique(plan.interval).tolist():
        first = int(np.searchsorted(plan.interval, here, side="left"))
        last = int(np.searchsorted(plan.interval, here, side="right"))
        if plan.given[first] >= 0:
            fields = given.read(here)
            yield Block(slice(first, first + 1), fields | beside_given(method, channels, fields))
            first += 1
        if here not in made_in:
            continue
        interval = next(interval for index, interval in walk if index == here)
        yield from _inside(series, method, plan, channels, interval, slice(first, last))


def _inside(
    series: Series,
    method: Method,
    plan: Plan,
    channels: tuple[Channel, ...],
    interval: Interval,
    asked: slice,
) -> Iterator[Block]:
    """The output times inside one interval, at which the method looks once."""
    uncertain = method if isinstance(method, Uncertain) else None
    tell = uncertain.telling(interval) if uncertain else None
    at_once = max(1, TIMES_AT_ONCE // (1 + (uncertain.members if uncertain else 0)))
    render = rendering(method, interval)
    for first in range(asked.start, asked.stop, at_once):
        times = slice(first, min(first + at_once, asked.stop))
        values = render(plan.theta[times])
        fields = _arranged(series, channels, values)
        if uncertain and tell:
            made = tell(plan.theta[times], values.astype(np.float32, copy=False))
            fields |= _beside(series, uncertain, channels, made)
        yield Block(times, fields)


def _beside(
    series: Series,
    method: Uncertain,
    channels: Sequence[Channel],
    made: Mapping[Beside, Float32Array],
) -> dict[str, xr.Variable]:
    """How wrong made fields may be, as variables."""
    known = method.variables(channels)
    fields: dict[str, xr.Variable] = {}
    for one, values in made.items():
        if one.draw is None:
            arranged = _arranged(series, channels, values)
            fields |= {one.name(name): arranged[name] for name in known}
            continue
        each = [_arranged(series, channels, member) for member in values]
        fields |= {one.name(name): along_members([one[name] for one in each]) for name in known}
    return fields


def _windows(series: Series, intervals: set[int], context: int) -> list[slice]:
    """Stretches of time that hold some intervals and their context, none of them twice."""
    windows: list[slice] = []
    for index in sorted(intervals):
        first, last = max(index - context, 0), min(index + 2 + context, len(series.time))
        if windows and first < windows[-1].stop:
            windows[-1] = slice(windows[-1].start, last)
        else:
            windows.append(slice(first, last))
    return windows


class _GivenFrames:
    """Given fields in their own type, read in blocks that move forward."""

    def __init__(self, series: Series, variables: list[str]) -> None:
        self._series, self._variables = series, variables
        size = sum(series.dataset[name].nbytes for name in variables) // len(series.time)
        self._ahead = max(1, READ_AHEAD_BYTES // max(size, 1))
        self._block = slice(0, 0)
        self._held: dict[str, xr.Variable] = {}

    def read(self, index: int) -> dict[str, xr.Variable]:
        """The variables at one time of the series."""
        dim = self._series.time_name
        if not self._block.start <= index < self._block.stop:
            self._block = slice(index, min(index + self._ahead, len(self._series.time)))
            for name in self._variables:
                array = self._series.dataset[name].isel({dim: self._block})
                values = load(array, self._series.source)
                self._held[name] = xr.Variable(array.dims, values, dict(array.attrs))
        one = slice(index - self._block.start, index - self._block.start + 1)
        return {name: variable.isel({dim: one}) for name, variable in self._held.items()}


def _sums_and_means(
    series: Series,
    method: Method,
    periods_us: Int64Array,
    group: tuple[Channel, ...],
    parts: Aggregator,
) -> Iterator[Block]:
    series, edges = _reached(series, group[0], periods_us, method.context)
    for index, interval in series.period_intervals(method.context, group):
        begin, end = (int(edge) for edge in edges[index])
        if parts.touches(begin, end):
            cuts = parts.cuts(begin, end)
            divide = division(method, interval, (cuts - begin) / (end - begin))
            for first in range(0, len(cuts) - 1, TIMES_AT_ONCE):
                some = slice(first, min(first + TIMES_AT_ONCE, len(cuts) - 1))
                own = cuts[some.start : some.stop + 1]
                seconds = np.diff(own) / 1e6
                parts.add(own, divide(some) * seconds[:, None, None, None])
                yield from _period_blocks(series, group, periods_us, parts.finished(int(own[-1])))
        yield from _period_blocks(series, group, periods_us, parts.finished(end))
    yield from _period_blocks(series, group, periods_us, parts.finished())


def _extremes(
    series: Series, periods_us: Int64Array, group: tuple[Channel, ...], parts: Aggregator
) -> Iterator[Block]:
    series, edges = _reached(series, group[0], periods_us, 1)
    lengths = np.diff(edges, axis=1)[:, 0]
    alike = (edges[1:, 0] == edges[:-1, 1]) & (lengths[1:] == lengths[:-1])
    window = Window(
        lambda times: series.read(group, times),
        slice(0, len(edges)),
        series.frame_bytes(group),
    )
    for index in np.flatnonzero(lengths > 0).tolist():
        begin, end = (int(edge) for edge in edges[index])
        if parts.touches(begin, end):
            first = index - int(index > 0 and alike[index - 1])
            last = index + int(index < len(alike) and alike[index])
            frames = window.frames(first, last + 1)
            here = index - first
            before = frames[here - 1] if here else None
            after = frames[here + 1] if last > index else None
            cuts = parts.cuts(begin, end)
            theta = (cuts - begin) / (end - begin)
            kind = group[0].kind
            split = extremes_in_turn(frames[here], before, after, theta, kind, TIMES_AT_ONCE)
            for some, values in split:
                own = cuts[some.start : some.stop + 1]
                parts.add(own, values)
                yield from _period_blocks(series, group, periods_us, parts.finished(int(own[-1])))
        yield from _period_blocks(series, group, periods_us, parts.finished(end))
    yield from _period_blocks(series, group, periods_us, parts.finished())


def _reached(
    series: Series, channel: Channel, periods_us: Int64Array, context: int
) -> tuple[Series, Int64Array]:
    """The part of a series whose periods are touched, with context, and its edges as they were."""
    edges = series.period_edges(channel)
    touched = (edges[:, 0] < periods_us[-1, 1]) & (edges[:, 1] > periods_us[0, 0])
    where = np.flatnonzero(touched)
    if not len(where):
        return series, edges
    first, last = max(int(where[0]) - context, 0), int(where[-1]) + context + 1
    if last - first < 2 or (first == 0 and last >= len(edges)):
        return series, edges
    return series.take(slice(first, last)), edges[first:last]


def _period_blocks(
    series: Series,
    group: tuple[Channel, ...],
    periods_us: Int64Array,
    finished: Iterator[tuple[int, FloatArray | None]],
) -> Iterator[Block]:
    for position, total in finished:
        values = np.full((1, len(group), *series.grid.shape), np.nan)
        if total is not None:
            values[0] = total
            length_s = int(np.diff(periods_us[position])[0]) / 1e6
            for i, channel in enumerate(group):
                if channel.kind is Kind.MEAN:
                    values[0, i] /= length_s
        yield Block(slice(position, position + 1), _arranged(series, group, values))
