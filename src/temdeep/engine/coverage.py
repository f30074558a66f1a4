"""What a series covers: its runs without gaps, its periods, and where their stamps sit.

Knows: the series' time axis and periods. Must not know: values, methods, files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from temdeep.errors import RequestError, TimeAxisError
from temdeep.fields.series import Series
from temdeep.fields.time_axis import format_duration, show
from temdeep.fields.valid_times import stamp_position

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Run:
    """A stretch of time without a gap, in microseconds since the series' first time."""

    begin_us: int
    end_us: int


def from_begin_us(position: str, lengths_us: Int64Array) -> Int64Array:
    """Microseconds from the begin of each period to its stamp.

    Args:
        position: `begin`, `middle` or `end`, as `stamp_position` says.
        lengths_us: Lengths of the periods, any shape.
    """
    return {"begin": 0 * lengths_us, "middle": lengths_us // 2, "end": lengths_us}[position]


def reference_edges(series: Series) -> Int64Array | None:
    """Begin and end of the periods of a series' first period variable, shape (time, 2), or None.

    Raises:
        RequestError: Stamps sit differently in the periods of another variable: one output has
            one time axis.
    """
    found = {one.variable: series.period_edges(one) for one in series.periods()}
    if not found:
        return None
    places = {name: stamp_position(edges, series.time) for name, edges in found.items()}
    first, *others = places
    for name in others:
        if places[name] != places[first]:
            raise RequestError(
                f"in {series.source} the periods of '{first}' have their {places[first]} at the"
                f" stamp, those of '{name}' their {places[name]}: take one of them at a time with"
                f" --variable {name}."
            )
    return found[first]


def runs_of(series: Series, edges: Int64Array | None, max_gap_us: int | None) -> list[Run]:
    """Stretches in which every moment lies in an interval or a period that may be filled.

    With instantaneous variables the intervals count, else the periods do: a hole between two
    periods is never filled, whatever the longest gap.
    """
    axis = series.time.offset_us
    if series.instantaneous() or edges is None:
        bounds = [
            (axis[segment.start], axis[segment.stop - 1])
            for segment in series.time.segments(max_gap_us)
        ]
    else:
        edges = edges[edges[:, 1] > edges[:, 0]]
        breaks = np.flatnonzero(edges[1:, 0] > edges[:-1, 1])
        first = edges[np.concatenate([[0], breaks + 1]), 0]
        last = edges[np.concatenate([breaks, [len(edges) - 1]]), 1]
        bounds = list(zip(first, last, strict=True))
    return [Run(int(begin), int(end)) for begin, end in bounds]


def refuse_gaps(series: Series, runs: list[Run]) -> None:
    """Refuse a series with more than one run.

    Raises:
        TimeAxisError: Naming the first gap and the ways out.
    """
    if len(runs) < 2 or (series.instantaneous() and not len(series.time.gaps())):
        return
    if series.instantaneous():
        raise TimeAxisError(f"{series.source}: {series.time.irregularity()}")
    more = f" (and {len(runs) - 2} more gaps)" if len(runs) > 2 else ""
    raise TimeAxisError(
        f"{series.source}: no period covers {gap_text(series, runs[0], runs[1])}{more}, and"
        f" periods are not made up: say --max-gap {format_duration(series.time.step_us)} to leave"
        " the gaps out, or cut the series there."
    )


def gap_text(series: Series, before: Run, after: Run) -> str:
    """Name the gap between two runs."""
    length = format_duration(after.begin_us - before.end_us)
    return f"{moment(series, before.end_us)} to {moment(series, after.begin_us)} ({length})"


def between_forecasts(series: Series, before: Run) -> bool:
    """Whether what follows a run is not a gap but another forecast."""
    ends = series.time.offset_us[series.time.run_ends()]
    return bool((ends == before.end_us).any())


def moment(series: Series, offset_us: int) -> str:
    """A time as text for messages."""
    return show(series.time.at(offset_us))
