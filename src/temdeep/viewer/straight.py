"""The straight line between the given times of an output, computed as it is asked for.

What holds at instants lies on the line between the given fields on either side. Sums and means are
divided evenly: the parts that make a given period are put together again. Both are what the method
`linear` does, and the given fields are read from the output itself.

Knows: the output's flag and periods. Must not know: what is drawn, web pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from temdeep.fields.accumulations import overlaps
from temdeep.fields.intervals import Interval
from temdeep.fields.time_axis import Int64Array
from temdeep.fields.valid_times import stamp_position
from temdeep.fields.variables import Channel, Kind
from temdeep.methods.simple import Linear
from temdeep.metric import Float32Array, Float64Array
from temdeep.viewer.opened import Field
from temdeep.viewer.output import Output

Read = Callable[[int], Float32Array]
"""Gives the field at one of the output's times, shape (y, x)."""

NONE = -1


@dataclass(frozen=True, eq=False)
class Straight:
    """Where each output time has its straight line from.

    Attributes:
        first, last: Index of the output times at both ends of the interval, or of the first and
            last part of the given period, shape (time,); -1 where there is no line.
        weight: Lead fraction in the interval, or the part's share of the period, shape (time,).
        parts: Whether `first` to `last` are parts of a period.
        from_zero: Where a running total begins at the first end, shape (time,).
        reason: Why there is no line at any time; empty if there is.
    """

    first: Int64Array
    last: Int64Array
    weight: Float64Array
    parts: bool
    from_zero: np.ndarray
    reason: str = ""

    def at(self, time: int) -> tuple[int, int] | None:
        """The output times that the line at one of them comes from; None if there is no line."""
        if self.first[time] == NONE:
            return None
        return int(self.first[time]), int(self.last[time])

    def field(self, field: Field, time: int, read: Read) -> Float32Array | None:
        """The straight line at one time, shape (y, x); None if there is none.

        Args:
            field: Of which variable.
            time: Index of the output time.
            read: Reads the output's fields.
        """
        ends = self.at(time)
        if ends is None:
            return None
        if self.parts:
            return self._joined(field.channel, range(ends[0], ends[1] + 1), time, read)
        start, end = read(ends[0]), read(ends[1])
        if self.from_zero[time]:
            start = np.zeros_like(start)
        line: Float32Array = _line(field, start, end, self.weight[[time]])[0]
        return line

    def series(self, field: Field, values: Float32Array, first: int) -> Float32Array:
        """The straight line at one place, shape (time,), NaN where there is none.

        Args:
            field: Of which variable.
            values: The output there at successive times, shape (time,); there is no line where it
                comes from others.
            first: Index of the first of these times.
        """
        line = np.full(len(values), np.nan, np.float32)

        def read(time: int) -> Float32Array:
            place = time - first
            return values[place : place + 1, None]

        times = np.arange(first, first + len(values))
        known = (self.first[times] >= first) & (self.last[times] < first + len(values))
        ends = np.stack([self.first[times], self.last[times]], axis=1)
        for begin, end in np.unique(ends[known], axis=0).tolist():
            here = known & (ends == (begin, end)).all(axis=1)
            if self.parts:
                whole = range(begin, end + 1)
                joined = [self._joined(field.channel, whole, int(one), read) for one in times[here]]
                line[here] = np.ravel(joined)
                continue
            zero = self.from_zero[times[here]].any()
            start = np.zeros((1, 1), np.float32) if zero else read(begin)
            theta = self.weight[times[here]]
            line[here] = _line(field, start, read(end), theta)[:, 0, 0]
        return line

    def _joined(self, channel: Channel, parts: range, time: int, read: Read) -> Float32Array:
        """A part's share of a period's sum, or the period's mean."""
        joined = np.zeros_like(read(parts[0]), dtype=np.float64)
        for part in parts:
            share = 1.0 if channel.kind is Kind.SUM else self.weight[part]
            joined += share * read(part)
        if channel.kind is Kind.SUM:
            joined *= self.weight[time]
        return joined.astype(np.float32)


def straight(output: Output, field: Field) -> Straight:
    """Find where the straight line of a field comes from."""
    given, kind = np.flatnonzero(output.given), field.channel.kind
    if field.unclear:
        return _no_line(output, f"no straight line: {field.unclear}")
    if kind in (Kind.MAXIMUM, Kind.MINIMUM):
        return _no_line(output, f"no straight line: the {kind} of a period has none")
    if len(given) < 2:
        return _no_line(
            output, "no straight line: the file marks fewer than two of its times as given"
        )
    if field.edges is None or overlaps(field.edges):
        return _between(output, given, field.edges)
    return _divided(output, given, field.edges)


def _between(output: Output, given: Int64Array, totals: Int64Array | None) -> Straight:
    """Intervals from one given time to the next; running totals begin at zero where emptied."""
    offset = output.opened.time.offset_us
    every = np.arange(len(offset))
    before = np.searchsorted(given, every, side="right") - 1
    inside = (before >= 0) & (every <= given[-1])
    place = np.clip(before, 0, len(given) - 1)
    first = given[place]
    exact = first == every
    last = np.where(exact, first, given[np.minimum(place + 1, len(given) - 1)])
    span = np.maximum(offset[last] - offset[first], 1)
    theta = np.where(exact, 0.0, (offset - offset[first]) / span)
    from_zero = np.zeros(len(every), bool)
    if totals is not None:
        begins = totals[:, 0]
        from_zero = ~exact & (begins[last] == offset[first])
        inside &= exact | from_zero | (begins[last] == begins[first])
    return Straight(
        np.where(inside, first, NONE), np.where(inside, last, NONE), theta, False, from_zero
    )


def _divided(output: Output, given: Int64Array, edges: Int64Array) -> Straight:
    """Given periods, told by the given stamps, and the output's periods that make them."""
    axis = output.opened.time
    bounds = _period_bounds(axis.offset_us[given], stamp_position(edges, axis))
    length = edges[:, 1] - edges[:, 0]
    period = np.searchsorted(bounds, edges[:, 0], side="right") - 1
    held = (period >= 0) & (period < len(bounds) - 1) & (length > 0)
    period = np.clip(period, 0, len(bounds) - 2)
    held &= edges[:, 1] <= bounds[period + 1]
    whole = np.diff(bounds)
    covered = np.bincount(period[held], length[held].astype(np.float64), len(whole))
    held &= covered[period] == whole[period]
    every = np.arange(len(edges))
    first, last = np.full(len(whole), len(edges)), np.full(len(whole), -1)
    np.minimum.at(first, period[held], every[held])
    np.maximum.at(last, period[held], every[held])
    straight_from = Straight(
        np.where(held, first[period], NONE),
        np.where(held, last[period], NONE),
        length / whole[period],
        True,
        np.zeros(len(edges), bool),
    )
    if held.any():
        return straight_from
    return _no_line(output, "no straight line: the file does not mark which periods were given")


def _period_bounds(stamps: Int64Array, position: str) -> Int64Array:
    """Bounds of the periods that lie between given stamps, or around them, outermost ones too."""
    before, after = 2 * stamps[0] - stamps[1], 2 * stamps[-1] - stamps[-2]
    beyond = np.concatenate([[before], stamps, [after]])
    return (beyond[1:] + beyond[:-1]) // 2 if position == "middle" else beyond


def _no_line(output: Output, reason: str) -> Straight:
    count = len(output.flag)
    nowhere = np.full(count, NONE)
    return Straight(nowhere, nowhere, np.zeros(count), False, np.zeros(count, bool), f"{reason}.")


def _line(
    field: Field, start: Float32Array, end: Float32Array, theta: Float64Array
) -> Float32Array:
    """What the method `linear` makes of two fields, shape (time, y, x)."""
    nothing = np.zeros((0, 1, *start.shape), np.float32)
    epoch = np.datetime64(0, "us")  # linear does not look at the sun
    ends, of = (start[None], end[None]), (field.channel,)
    interval = Interval(*ends, 1.0, epoch, of, field.grid, nothing, nothing)
    line: Float32Array = Linear().fill(interval, theta)[:, 0]
    return line
