"""Hiding what is known, to see whether it comes back.

Every time but each k-th is hidden from the methods: they are given the thinned series alone, in
which k periods have become one with joined bounds, and never see what lies between. The hidden
fields come along as the truth.

Knows: series and intervals. Must not know: methods, scores.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from temdeep.asked import whole_number
from temdeep.errors import RequestError
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.made_before import refuse_made
from temdeep.fields.series import Series
from temdeep.fields.time_axis import format_duration
from temdeep.fields.variables import Channel
from temdeep.metric import Float32Array, Float64Array

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HiddenTimes:
    """An interval of the thinned series, and what was hidden inside it.

    Attributes:
        interval: What a method is given.
        offset_us: Hidden times, microseconds since the fine series' first time, shape (time,).
        theta: Their lead fractions, shape (time,).
        truth: Hidden fields, shape (time, channel, y, x).
    """

    interval: Interval
    offset_us: Int64Array
    theta: Float64Array
    truth: Float32Array


@dataclass(frozen=True, eq=False)
class HiddenPeriods:
    """A joined period, and the periods it was joined from.

    Attributes:
        interval: What a method is given.
        edges_us: Bounds of the hidden periods, microseconds since the fine series' first time,
            shape (period + 1,).
        edges: The same as lead fractions from 0 to 1.
        truth: Mean rates over the hidden periods, shape (period, channel, y, x).
    """

    interval: PeriodInterval
    edges_us: Int64Array
    edges: Float64Array
    truth: Float64Array


@dataclass(frozen=True, eq=False)
class Withheld:
    """A series and its thinned self.

    Attributes:
        fine: The series with all its times.
        coarse: What the methods may see.
        every: One time in so many is kept.
    """

    fine: Series
    coarse: Series
    every: int

    @property
    def span_us(self) -> int:
        """Distance of two kept times."""
        return self.fine.time.step_us * self.every

    def time_starts_us(self) -> Int64Array:
        """Starts of the thinned series' intervals, in offsets of the fine series, ascending."""
        starts: Int64Array = self.coarse.time.offset_us[:-1] + self.shift_us()
        return starts

    def period_starts_us(self) -> Int64Array:
        """Starts of the joined periods of all period variables, likewise."""
        edges = [self.coarse.period_edges(group[0]) for group in self.coarse.period_groups()]
        starts = [each[each[:, 1] > each[:, 0], 0] for each in edges]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *starts])) + self.shift_us()

    def shift_us(self) -> int:
        """Offset of the thinned series' first time in the fine series."""
        return self.fine.time.offset_of(self.coarse.time.values[0])

    def times(self, context: int) -> Iterator[HiddenTimes]:
        """Go through the intervals of instantaneous variables.

        Args:
            context: Frames on each side of an interval.
        """
        channels = self.fine.instantaneous()
        fine_us, shift = self.fine.time.offset_us, self.shift_us()
        for index, interval in self.coarse.intervals(context):
            begin, end = self.coarse.time.offset_us[index : index + 2] + shift
            inside = np.flatnonzero((fine_us > begin) & (fine_us < end))
            if len(inside) == 0:
                continue
            yield HiddenTimes(
                interval,
                fine_us[inside],
                (fine_us[inside] - begin) / (end - begin),
                self.fine.read(channels, slice(int(inside[0]), int(inside[-1]) + 1)),
            )

    def periods(self, channels: tuple[Channel, ...], context: int) -> Iterator[HiddenPeriods]:
        """Go through the joined periods.

        Args:
            channels: A group of period variables that hold for the same periods.
            context: Periods on each side.
        """
        fine_edges = self.fine.period_edges(channels[0])
        coarse_edges = self.coarse.period_edges(channels[0]) + self.shift_us()
        known = fine_edges[:, 1] > fine_edges[:, 0]
        for index, interval in self.coarse.period_intervals(context, channels):
            begin, end = (int(bound) for bound in coarse_edges[index])
            within = (fine_edges[:, 0] >= begin) & (fine_edges[:, 1] <= end) & known
            inside = np.flatnonzero(within)
            if len(inside) < 2 or not _seamless(fine_edges[inside], begin, end):
                continue
            edges = np.append(fine_edges[inside, 0], end)
            yield HiddenPeriods(
                interval,
                edges,
                (edges - begin) / (end - begin),
                self.fine.read_rates(channels, slice(int(inside[0]), int(inside[-1]) + 1)),
            )


def thin_out(series: Series, every: int) -> Withheld:
    """Hide every time but each `every`-th.

    Args:
        series: The series with all its times.
        every: One time in so many is kept.

    Raises:
        RequestError: Nothing would be hidden, too little is left to fill anything in, or some of
            the times were made by temdeep and are no truth.
    """
    every = whole_number(every, "withhold", least=1)
    refuse_made(series, "test against")
    if every < 2:
        raise RequestError(f"withholding with {every} hides nothing: say 2 or more.")
    if len(series.time) < 2 * every:
        step = format_duration(series.time.step_us)
        raise RequestError(
            f"{series.source} has {len(series.time)} times at {step}: too few to keep one in"
            f" {every} and fill in the others; withhold with a smaller number."
        )
    return Withheld(series, series.thin(every), every)


def window(withheld: Withheld, first_us: int, last_us: int, context: int) -> Withheld:
    """The part around some times, with enough context that it is filled in as in the whole.

    Args:
        withheld: The whole.
        first_us: First time of interest, microseconds since the fine series' first time.
        last_us: Last one.
        context: Frames needed on each side.
    """
    coarse, fine = withheld.coarse, withheld.fine
    context += 2  # joined periods lose one at the edges, and a series of one interval is none
    starts = withheld.time_starts_us() if fine.instantaneous() else withheld.period_starts_us()
    low = int(np.searchsorted(starts, first_us, side="right")) - 1 - context
    begin_us = starts[max(low, 0)]
    end_us = last_us + (context + 1) * withheld.span_us
    stamps = fine.time.offset_us
    if not fine.instantaneous():
        stamps = fine.period_edges(coarse.periods()[0])[:, 0]
    inside = np.flatnonzero((stamps >= begin_us) & (stamps <= end_us))
    return thin_out(fine.take(slice(int(inside[0]), int(inside[-1]) + 1)), withheld.every)


def _seamless(edges: Int64Array, begin: int, end: int) -> bool:
    """Whether periods follow each other without gap or overlap from begin to end."""
    joined = bool((edges[1:, 0] == edges[:-1, 1]).all())
    return joined and edges[0, 0] == begin and edges[-1, 1] == end
