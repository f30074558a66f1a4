"""Which times to write, which of them are given, and where in the series the others lie.

All times are whole microseconds since the first time of the series, never floats.

Knows: the series' time axis and periods. Must not know: values, methods, files.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from temdeep.engine.coverage import (
    Run,
    between_forecasts,
    from_begin_us,
    gap_text,
    moment,
    reference_edges,
    refuse_gaps,
    runs_of,
)
from temdeep.engine.output_periods import (
    missing_notes,
    output_periods,
    overlap_notes,
    skipped_notes,
    unwritten_notes,
    usual_length_us,
)
from temdeep.engine.requests import Duration, Times, duration_us, listed, offsets_of, read_times
from temdeep.errors import RequestError, TimeAxisError
from temdeep.fields.series import Series
from temdeep.fields.time_axis import format_duration
from temdeep.fields.valid_times import stamp_position
from temdeep.metric import Float64Array

Int64Array = npt.NDArray[np.int64]

SAME_TIME_US = 1_000
"""Times closer than a millisecond are one time: float stamps are off by some microseconds."""


MOST_GAPS = 10
"""Gaps that are named each."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What to write.

    Attributes:
        offset_us: Output times, microseconds since the series' first one, ascending, shape (time,).
        given: Index of the input time that an output time is, -1 where it is made, shape (time,).
        interval: Index of the input time at or before each output time, shape (time,); 0 before
            the first and the last one's index after it (period variables only).
        theta: Lead fraction in the interval from that input time to the next, shape (time,); 0
            where given.
        periods_us: Begin and end of each output time's period, shape (time, 2); None without
            period variables other than running totals.
        notes: What was not asked for but should be known, a sentence each.
        cuts_us: Bounds of periods beside these that divide the same input periods, ascending; None
            if there are none. How a period is divided depends on all of its parts.
    """

    offset_us: Int64Array
    given: Int64Array
    interval: Int64Array
    theta: Float64Array
    periods_us: Int64Array | None
    notes: tuple[str, ...]
    cuts_us: Int64Array | None = None

    def __len__(self) -> int:
        """Number of output times."""
        return len(self.offset_us)

    @property
    def intervals(self) -> list[int]:
        """Indices of the intervals in which something is made, ascending."""
        return [int(index) for index in np.unique(self.interval[self.given < 0])]


def plan(
    series: Series,
    *,
    step: Duration | None = None,
    times: Path | str | Times | None = None,
    at: Times | None = None,
    max_gap: Duration | None = None,
    period: Duration | None = None,
) -> Plan:
    """Choose the output times and find their places in the series.

    Args:
        series: The coarse series.
        step: Output step; the output runs from the first to the last time of each run without
            gaps. It need not divide the input step.
        times: A file of times (text, one ISO time a line, or NetCDF with a time coordinate), or
            the times themselves.
        at: The times themselves, as text or as times.
        max_gap: Fill gaps up to this length, leave longer ones out; without it gaps are refused.
        period: Length of the output periods of period variables: `step`, or the distance to the
            previous output time, if not given.

    Raises:
        RequestError: Not exactly one of step, times and at; a duration that is none; a step coarser
            than the series, a longest gap that is finer; a period that cannot be told.
        TimeAxisError: A time outside the series, a gap, mixed steps.
    """
    if [step is None, times is None, at is None].count(False) != 1:
        raise RequestError("say one of step, times and at: they are three ways to ask for times.")
    max_gap_us = None if max_gap is None else duration_us(max_gap, "max gap")
    period_us = None if period is None else duration_us(period, "period")
    if max_gap_us is not None:
        _refuse_narrow(series, max_gap_us)
    edges = reference_edges(series)
    runs = runs_of(series, edges, max_gap_us)
    if step is not None:
        step_us = duration_us(step, "step")
        if max_gap_us is None:
            refuse_gaps(series, runs)
        offsets, notes = _lattice(series, edges, runs, step_us)
        period_us = period_us or step_us
    else:
        places: list[str] = []
        if isinstance(times, Path | str):
            asked, places = read_times(Path(times))
        else:
            asked = listed(() if at is None else at) if times is None else listed(times)
        offsets = _snap(offsets_of(series.time, asked, places), series.time.offset_us)
        _refuse_outside(series, runs, offsets)
        offsets, notes = _outside_gaps(series, runs, offsets, refused=max_gap_us is None)
    periods = None
    plain = series.without_totals()
    plain_edges = None if plain is None else reference_edges(plain)
    if plain is not None and plain_edges is not None:
        periods = output_periods(plain, plain_edges, offsets, period_us)
        notes += missing_notes(plain, periods)
        notes += overlap_notes(periods)
        if step is not None:
            notes += unwritten_notes(plain, periods) + skipped_notes(plain, periods, step_us)
        elif period is None:
            notes.append("periods reach from one output time to the next: --period says otherwise.")
    return _placed(series, offsets, periods, notes)


def _placed(
    series: Series, offsets: Int64Array, periods: Int64Array | None, notes: list[str]
) -> Plan:
    axis = series.time.offset_us
    interval = np.clip(np.searchsorted(axis, offsets, side="right") - 1, 0, len(axis) - 1)
    exact = axis[interval] == offsets
    following = np.minimum(interval + 1, len(axis) - 1)
    span = np.maximum(axis[following] - axis[interval], 1)
    theta = np.where(exact | (following == interval), 0.0, (offsets - axis[interval]) / span)
    return Plan(offsets, np.where(exact, interval, -1), interval, theta, periods, tuple(notes))


def _lattice(
    series: Series, edges: Int64Array | None, runs: list[Run], step_us: int
) -> tuple[Int64Array, list[str]]:
    """Steps through each run; without instantaneous variables stamps sit in the output periods."""
    periods_only = edges is not None and not series.instantaneous()
    usual_us = series.time.step_us
    if edges is not None and periods_only:
        usual_us = usual_length_us(edges)
    if step_us > usual_us:
        raise RequestError(
            f"step: {format_duration(step_us)} is coarser than the {format_duration(usual_us)} of"
            f" {series.source}: ask for a finer one."
        )
    first, last = 0, 0
    if edges is not None and periods_only:
        first = int(from_begin_us(stamp_position(edges, series.time), np.array(step_us)))
        last = first - step_us
    totals_only = periods_only and all(one.variable in series.totals for one in series.periods())
    parts = [
        np.arange(
            run.begin_us + (0 if totals_only and run.begin_us >= 0 else first),
            run.end_us + last + 1,
            step_us,
            dtype=np.int64,
        )
        for run in runs
    ]
    offsets = np.concatenate(parts)
    notes = _gap_notes(series, runs)
    unfinished = (runs[-1].end_us - runs[-1].begin_us) % step_us
    if unfinished:
        notes.append(
            f"the output ends {format_duration(unfinished)} before the input, which is no whole"
            f" number of steps of {format_duration(step_us)} long."
        )
    lost = len(np.setdiff1d(series.time.offset_us, offsets))
    if lost and not periods_only:
        notes.append(
            f"{lost} of {len(series.time)} given times are not a whole number of steps of"
            f" {format_duration(step_us)} from the first one and are not written."
        )
    return offsets, notes


def _gap_notes(series: Series, runs: list[Run]) -> list[str]:
    """Say which gaps are left out, each or, of many, the first and the last."""
    gaps = [
        gap_text(series, before, after)
        for before, after in itertools.pairwise(runs)
        if not between_forecasts(series, before)
    ]
    if len(gaps) > MOST_GAPS:
        return [f"left out, in {len(gaps)} gaps: {gaps[0]} … {gaps[-1]}."]
    return [f"left out, in a gap: {gap}." for gap in gaps]


def _refuse_narrow(series: Series, max_gap_us: int) -> None:
    """Refuse a longest gap that makes a gap of every interval."""
    shortest = int(series.time.steps_us().min())
    if series.instantaneous() and max_gap_us < shortest:
        raise RequestError(
            f"max gap: {format_duration(max_gap_us)} is below the step of {series.source}, so that"
            f" nothing would be filled in: say {format_duration(shortest)} or more."
        )


def _snap(offsets: Int64Array, axis: Int64Array) -> Int64Array:
    """Replace times within a millisecond of a given one by that one."""
    right = np.clip(np.searchsorted(axis, offsets), 0, len(axis) - 1)
    for neighbour in (right, np.maximum(right - 1, 0)):
        near = np.abs(axis[neighbour] - offsets) <= SAME_TIME_US
        offsets = np.where(near, axis[neighbour], offsets)
    return offsets


def _refuse_outside(series: Series, runs: list[Run], offsets: Int64Array) -> None:
    begin, end = runs[0].begin_us, runs[-1].end_us
    outside = (offsets < begin) | (offsets > end)
    if outside.any():
        raise TimeAxisError(
            f"{moment(series, int(offsets[outside][0]))} lies outside {series.source}, which runs"
            f" from {moment(series, begin)} to {moment(series, end)}: nothing is extrapolated."
        )


def _outside_gaps(
    series: Series, runs: list[Run], offsets: Int64Array, *, refused: bool
) -> tuple[Int64Array, list[str]]:
    """Refuse times in gaps, or leave them out and name them."""
    filled = np.zeros(len(offsets), dtype=bool)
    for run in runs:
        filled |= (offsets >= run.begin_us) & (offsets <= run.end_us)
    if filled.all():
        return offsets, []
    first = int(offsets[~filled][0])
    after = next(i for i, run in enumerate(runs) if run.begin_us > first)
    if refused or not filled.any():
        if between_forecasts(series, runs[after - 1]):
            raise TimeAxisError(
                f"{moment(series, first)} lies between two forecast runs of {series.source},"
                f" {gap_text(series, runs[after - 1], runs[after])}, and nothing is filled from one"
                " into the next: ask for other times."
            )
        gap = runs[after].begin_us - runs[after - 1].end_us
        raise TimeAxisError(
            f"{moment(series, first)} lies in a gap of {series.source},"
            f" {gap_text(series, runs[after - 1], runs[after])}: say --max-gap"
            f" {format_duration(gap)} to fill gaps up to that, or ask for other times."
        )
    lost = [moment(series, int(offset)) for offset in offsets[~filled]]
    return offsets[filled], [f"left out, in a gap: {', '.join(lost)}."]
