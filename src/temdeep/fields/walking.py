"""Walks through a series interval by interval, or period by period, each with its context.

Knows: the series' arrays and time axis. Must not know: torch, files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from temdeep.fields import reading_frames
from temdeep.fields.extremes import ExtremesDuring
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.time_axis import SAME_STEP, Int64Array, TimeAxis, sun_times
from temdeep.fields.variables import Channel

if TYPE_CHECKING:
    from temdeep.fields.series import Series


def intervals(
    series: Series,
    context: int,
    channels: Sequence[Channel] | None = None,
    segments: Sequence[slice] | None = None,
) -> Iterator[tuple[int, Interval]]:
    """Go through consecutive instantaneous fields with the context on either side, in time order.

    Frames are read once, some ahead. The arrays are read-only views of what was read.

    Args:
        series: The series.
        context: Largest number of frames on each side; only frames at steps of the interval's
            own span, without a break, are given.
        channels: Which; None: all instantaneous ones.
        segments: Runs of times to walk through, as `TimeAxis.segments` gives them; None: those
            without a gap.

    Yields:
        Index of the interval's first time, and the interval.
    """
    chosen = tuple(series.instantaneous() if channels is None else channels)
    if not chosen:
        return
    steps, sun_time = series.time.linked_steps_us(), series.time.sun_time
    extremes = ExtremesDuring(series, chosen)
    for segment in series.time.segments() if segments is None else segments:
        window = reading_frames.Window(
            lambda times: series.read(chosen, times), segment, series.frame_bytes(chosen)
        )
        for i in range(segment.start, segment.stop - 1):
            first = _reach(steps, i, -1, min(context, i - segment.start))
            last = _reach(steps, i, +1, min(context, segment.stop - 2 - i)) + 1
            frames = window.frames(first, last + 1)
            here = i - first
            yield (
                i,
                Interval(
                    frames[here],
                    frames[here + 1],
                    float(steps[i]) / 1e6,
                    sun_time[i],
                    chosen,
                    series.grid,
                    frames[:here],
                    frames[here + 2 :],
                    extremes(i),
                ),
            )


def period_intervals(
    series: Series, context: int, channels: Sequence[Channel] | None = None
) -> Iterator[tuple[int, PeriodInterval]]:
    """Go through periods of sums and means with the periods on either side, in time order.

    Channels whose periods differ come one group after the other, as in `period_groups`.
    Stamps without a period are passed over.

    Args:
        series: The series.
        context: Largest number of periods on each side; only ones of the same length without
            a break between are given.
        channels: Which sums and means; None: all.

    Yields:
        Index of the stamp, and the period.
    """
    wanted = None if channels is None else {one.name for one in channels}
    for group in series.period_groups():
        chosen = tuple(one for one in group if wanted is None or one.name in wanted)
        if chosen:
            yield from _periods_of(series, context, chosen)


def _periods_of(
    series: Series, context: int, chosen: tuple[Channel, ...]
) -> Iterator[tuple[int, PeriodInterval]]:
    edges = series.period_edges(chosen[0])
    lengths = edges[:, 1] - edges[:, 0]
    joined = edges[1:, 0] == edges[:-1, 1]
    alike = joined & (lengths[1:] == lengths[:-1]) & (lengths[1:] > 0)
    alike[series.time.run_ends()] = False
    begin = sun_time_of(series.time, edges[:, 0])
    window = reading_frames.Window(
        lambda times: series.read_rates(chosen, times),
        slice(0, len(series.time)),
        2 * series.frame_bytes(chosen),
    )
    for i in np.flatnonzero(lengths > 0).tolist():
        first = last = i
        while first > 0 and i - first < context and alike[first - 1]:
            first -= 1
        while last < len(lengths) - 1 and last - i < context and alike[last]:
            last += 1
        rates = window.frames(first, last + 1)
        here = i - first
        yield (
            i,
            PeriodInterval(
                rates[here],
                float(lengths[i]) / 1e6,
                begin[i],
                chosen,
                series.grid,
                rates[:here],
                rates[here + 1 :],
            ),
        )


def _reach(steps: Int64Array, i: int, direction: int, most: int) -> int:
    """How far from interval i neighbouring intervals of the same span go, as an interval index."""
    near = i
    for _ in range(most):
        if abs(int(steps[near + direction]) - int(steps[i])) > SAME_STEP * int(steps[i]):
            break
        near += direction
    return near


def sun_time_of(axis: TimeAxis, offset_us: Int64Array) -> np.ndarray:
    """Times at offsets as datetime64[us], for the position of the sun."""
    return sun_times(axis.at(offset_us), axis.calendar)
