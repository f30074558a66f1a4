"""One hour and one place taken out of an evaluation, filled in again for a figure.

Knows: evaluations. Must not know: how figures are drawn.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.fields.time_axis import format_duration, show
from temdeep.fields.variables import Channel
from temdeep.methods.context import trim_context
from temdeep.metric import Float64Array, FloatArray
from temdeep.verification.evaluate import Evaluation
from temdeep.verification.figures import PlaceSeries
from temdeep.verification.maps import Snapshot
from temdeep.verification.tally import Tally
from temdeep.verification.withholding import Int64Array, window

PLACE_QUANTILE = 0.9


@dataclass(frozen=True, eq=False)
class _Filled:
    """An interval or period with what every method made of it; times in the whole series' offsets.

    Attributes:
        begin_us, end_us: Bounds of the interval.
        bounds_us: Begin and end of what each field holds for (the same for an instant), (time, 2).
        truth: Shape (time, channel, y, x).
        filled: By method, same shape.
        ends: Given fields at both ends, shape (2, channel, y, x); none for a period.
    """

    begin_us: int
    end_us: int
    bounds_us: Int64Array
    truth: FloatArray
    filled: Mapping[str, FloatArray]
    ends: FloatArray | None


@dataclass(frozen=True, eq=False)
class Film:
    """One variable through one interval, its ends included where they are given.

    Attributes:
        stamps: Valid time or period of each frame, as text.
        given: Which frames are given, not withheld, shape (frame,).
        truth: Shape (frame, y, x).
        filled: What each method made, same shape; the given fields where they are given.
        error: filled - truth of each method, round the circle for directions, same shape.
    """

    stamps: tuple[str, ...]
    given: npt.NDArray[np.bool_]
    truth: FloatArray
    filled: Mapping[str, FloatArray]
    error: Mapping[str, FloatArray]


def hardest_film(evaluation: Evaluation, name: str, methods: Sequence[str], most: int = 9) -> Film:
    """All withheld fields of the interval in which linear interpolation misses most.

    Args:
        evaluation: Whose methods are used.
        name: Of the channel.
        methods: Which of the methods.
        most: Frames at most; of longer intervals each second or third is taken, and the last.

    Raises:
        RequestError: The channel was not scored.
    """
    tally, index = find_channel(evaluation, name)
    one = _hardest(evaluation, tally, index, methods)
    axis = evaluation.withheld.fine.time
    spans = [tuple(show(axis.at(int(bound))) for bound in bounds) for bounds in one.bounds_us]
    stamps = [end if begin == end else f"{begin} to {end[-5:]}" for begin, end in spans]
    ends = one.truth[:0, index]
    if one.ends is not None:
        ends = one.ends[:, index]
        first, last = (show(axis.at(bound)) for bound in (one.begin_us, one.end_us))
        stamps = [first, *stamps, last]
    stride = -(-(len(stamps) - 1) // (most - 1))
    taken = np.unique(np.append(np.arange(0, len(stamps), stride), len(stamps) - 1))
    given = np.isin(np.arange(len(stamps)), [0, len(stamps) - 1]) & (one.ends is not None)

    def whole(fields: FloatArray, at_ends: FloatArray) -> FloatArray:
        frames = np.concatenate([at_ends[:1], fields[:, index], at_ends[1:]])
        chosen: FloatArray = frames[taken]
        return chosen

    return Film(
        tuple(stamps[place] for place in taken),
        given[taken],
        whole(one.truth, ends),
        {method: whole(fields, ends) for method, fields in one.filled.items()},
        {
            method: whole(tally.errors(fields, one.truth), np.zeros_like(ends))
            for method, fields in one.filled.items()
        },
    )


def hardest_snapshot(evaluation: Evaluation, name: str, methods: Sequence[str]) -> Snapshot:
    """Fields in the middle of the interval in which linear interpolation misses most.

    Args:
        evaluation: Whose methods are used.
        name: Of the channel.
        methods: Which of the methods.

    Raises:
        RequestError: The channel was not scored.
    """
    tally, index = find_channel(evaluation, name)
    one, offset_us = _hardest(evaluation, tally, index, methods), tally.hardest[index][1]
    here = int(np.flatnonzero(one.bounds_us[:, 1] == offset_us)[0])
    axis, channel = evaluation.withheld.fine.time, tally.channels[index]
    begin, end = (show(axis.at(int(bound))) for bound in one.bounds_us[here])
    first, last = (show(axis.at(bound)) for bound in (one.begin_us, one.end_us))
    between = f"{first} and {last} UTC"
    if one.ends is None:
        between = f"the {channel.kind.value} over {first} to {last} UTC"
    return Snapshot(
        title_of(evaluation.withheld.fine, channel),
        channel.units,
        f"{end} UTC" if begin == end else f"{begin} to {end} UTC",
        between,
        tally.grid,
        one.truth[here, index],
        {method: fields[here, index] for method, fields in one.filled.items()},
        {
            method: tally.errors(fields, one.truth)[here, index]
            for method, fields in one.filled.items()
        },
    )


def telling_place(
    evaluation: Evaluation, name: str, methods: Sequence[str], days: float = 4.0
) -> PlaceSeries:
    """Some days at a cell where linear misses more than at nine cells of ten.

    Args:
        evaluation: Whose methods are used.
        name: Of the channel.
        methods: Which of the methods.
        days: How many, around the time at which linear misses most.

    Raises:
        RequestError: The channel was not scored.
    """
    tally, index = find_channel(evaluation, name)
    row, column = _cell(tally.linear_squares[index], np.isfinite(tally.reference[index]))
    axis, channel = evaluation.withheld.fine.time, tally.channels[index]
    half_us, last_us = int(days * 43_200e6), int(axis.offset_us[-1])
    first_us = min(max(tally.hardest[index][1] - half_us, 0), max(last_us - 2 * half_us, 0))
    pieces: list[_Filled] = []
    for one in _fill_again(evaluation, tally, methods, first_us, first_us + 2 * half_us):
        if pieces and one.begin_us != pieces[-1].end_us:
            break
        pieces.append(one)
    at_instants = pieces[0].ends is not None

    def along(method: str) -> Float64Array:
        values = []
        for one in pieces:
            fields = one.truth if method == "" else one.filled[method]
            if one.ends is not None:
                values.append(one.ends[0, index, row, column])
            values += fields[:, index, row, column].tolist()
        if pieces[-1].ends is not None:
            values.append(pieces[-1].ends[1, index, row, column])
        return np.array(values, np.float64)

    offsets = [np.append(one.begin_us, one.bounds_us[:, 1]) for one in pieces]
    if not at_instants:
        offsets = [one.bounds_us[:, 0] for one in pieces]
    stamps_us = np.append(np.concatenate(offsets), pieces[-1].end_us).astype(np.int64)
    stamps = axis.at(stamps_us)
    kept = np.array([one.begin_us for one in pieces] + [pieces[-1].end_us])
    return PlaceSeries(
        f"{title_of(evaluation.withheld.fine, channel)},"
        f" every {format_duration(int(np.diff(stamps_us).min()))}"
        f" (given: every {format_duration(evaluation.withheld.span_us)})",
        channel.units,
        _place_text(tally.grid.latitude[row, column], tally.grid.longitude[row, column]),
        f"{show(stamps[0])} UTC",
        (stamps_us - stamps_us[0]) / 3.6e9,
        stamps if stamps.dtype.kind == "M" else None,
        along(""),
        np.isin(stamps_us, kept) if at_instants else np.zeros(len(stamps_us) - 1, np.bool_),
        {method: along(method) for method in methods},
    )


def _hardest(evaluation: Evaluation, tally: Tally, index: int, methods: Sequence[str]) -> _Filled:
    """The interval in which linear misses most, filled in again."""
    offset_us = tally.hardest[index][1]
    for one in _fill_again(evaluation, tally, methods, offset_us, offset_us):
        if one.begin_us < offset_us <= one.end_us:
            break
    return one


def find_channel(evaluation: Evaluation, name: str) -> tuple[Tally, int]:
    """The tally of a channel, and its place there.

    Raises:
        RequestError: The channel was not scored.
    """
    for tally in evaluation.tallies:
        for index, channel in enumerate(tally.channels):
            if channel.name == name and tally.hardest[index][1] >= 0:
                return tally, index
    raise RequestError(f"'{name}' was not scored: there is nothing to draw.")


def _fill_again(
    evaluation: Evaluation, tally: Tally, names: Sequence[str], first_us: int, last_us: int
) -> Iterator[_Filled]:
    """Intervals that touch a stretch of time, filled in exactly as they were scored."""
    methods = {name: evaluation.methods[name] for name in names}
    context = max(method.context for method in methods.values())
    part = window(evaluation.withheld, first_us, last_us, context)
    shift = evaluation.withheld.fine.time.offset_of(part.fine.time.values[0])
    if not tally.channels[0].kind.is_period:
        for times in part.times(context):
            interval = times.interval
            begin_us = int(np.rint(times.offset_us[0] - times.theta[0] * interval.span_s * 1e6))
            begin_us, end_us = begin_us + shift, begin_us + shift + round(interval.span_s * 1e6)
            if end_us > first_us and begin_us <= last_us:
                yield _Filled(
                    begin_us,
                    end_us,
                    np.stack([times.offset_us, times.offset_us], axis=1) + shift,
                    times.truth,
                    {
                        name: method.fill(trim_context(interval, method.context), times.theta)
                        for name, method in methods.items()
                    },
                    np.stack([interval.start, interval.end]),
                )
        return
    factors = tally.factors[:, None, None]
    for parts in part.periods(tally.channels, context):
        begin_us, end_us = (int(parts.edges_us[end]) + shift for end in (0, -1))
        if end_us > first_us and begin_us <= last_us:
            yield _Filled(
                begin_us,
                end_us,
                np.stack([parts.edges_us[:-1], parts.edges_us[1:]], axis=1) + shift,
                parts.truth * factors,
                {
                    name: factors
                    * method.fill_periods(trim_context(parts.interval, method.context), parts.edges)
                    for name, method in methods.items()
                },
                None,
            )


def title_of(series: Series, channel: Channel) -> str:
    """A channel in words: its long name, and its level or member where it has one."""
    name = str(series.dataset[channel.variable].attrs.get("long_name", channel.variable))
    _, bracket, place = channel.name.partition("[")
    return f"{name} [{place}" if bracket else name


def _cell(squares: Float64Array, given: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """The cell whose Σe² is nearest to a high quantile over cells; without errors, one given."""
    known: npt.NDArray[np.float64] = np.where(squares > 0, squares, np.nan)
    if np.isnan(known).all():
        known = np.where(given, squares, np.nan)
    distance = np.abs(known - np.nanquantile(known, PLACE_QUANTILE))
    row, column = np.unravel_index(int(np.nanargmin(distance)), squares.shape)
    return int(row), int(column)


def _place_text(latitude: float, longitude: float) -> str:
    east = (longitude + 180.0) % 360.0 - 180.0
    north_south, east_west = "N" if latitude >= 0 else "S", "E" if east >= 0 else "W"
    return f"{abs(latitude):.1f}° {north_south}, {abs(east):.1f}° {east_west}"
