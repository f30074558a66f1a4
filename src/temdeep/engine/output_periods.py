"""Periods of the output: where they begin and end, and which of them the input covers.

Knows: the series' periods. Must not know: values, methods, files.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from temdeep.engine.coverage import from_begin_us, moment
from temdeep.errors import RequestError, TimeAxisError
from temdeep.fields.series import Series
from temdeep.fields.time_axis import format_duration
from temdeep.fields.valid_times import stamp_position

Int64Array = npt.NDArray[np.int64]


def usual_length_us(edges: Int64Array) -> int:
    """The most frequent length of periods, shape (time, 2), that have one."""
    lengths, counts = np.unique(edges[:, 1] - edges[:, 0], return_counts=True)
    return int(lengths[np.where(lengths > 0, counts, -1).argmax()])


def output_periods(
    series: Series, edges: Int64Array, offsets: Int64Array, period_us: int | None
) -> Int64Array:
    """Begin and end of each output period, shape (time, 2), placed as the input's stamps are.

    Without a length an output period reaches to the neighbouring output time, the outermost one
    as far as its neighbour.
    """
    position = stamp_position(edges, series.time)
    name = series.periods()[0].variable
    if period_us is None:
        if len(offsets) == 1 or position == "middle":
            raise RequestError(
                f"'{name}' in {series.source} holds for periods: say how long they shall be, such"
                " as --period 1h, or choose other variables with --variable."
            )
        steps = np.diff(offsets)
        lengths = (
            np.concatenate([steps[:1], steps])
            if position == "end"
            else np.concatenate([steps, steps[-1:]])
        )
    else:
        lengths = np.full(len(offsets), period_us)
    begin = offsets - from_begin_us(position, lengths)
    return np.stack([begin, begin + lengths], axis=1)


def missing_notes(series: Series, periods: Int64Array) -> list[str]:
    """Say which output periods stay missing.

    Raises:
        TimeAxisError: Nothing would be there to write.
    """
    told: dict[str, list[str]] = {}
    edges = {one.variable: series.period_edges(one) for one in series.periods()}
    empty = {name: uncovered(given, periods) for name, given in edges.items()}
    if not series.instantaneous() and all(missing.all() for missing in empty.values()):
        raise TimeAxisError(
            f"no period of {series.source} covers the output periods from"
            f" {moment(series, int(periods[0, 0]))} to {moment(series, int(periods[-1, 1]))}."
        )
    for name, missing in empty.items():
        if missing.any():
            begins = moment(series, int(periods[missing][0, 0]))
            text = (
                f"missing at {int(missing.sum())} of {len(periods)} output times, the first being"
                f" the period that begins {begins}: no given periods cover them in full."
            )
            told.setdefault(text, []).append(name)
    return [f"{', '.join(names)}: {text}" for text, names in told.items()]


def overlap_notes(periods: Int64Array) -> list[str]:
    """Say that output periods hold the same moments twice."""
    overlapping = int((periods[1:, 0] < periods[:-1, 1]).sum())
    if not overlapping:
        return []
    return [
        f"{overlapping} of {len(periods)} output periods begin before the one before them ends:"
        " what lies in both is in both, and a sum over all counts it more than once."
    ]


def skipped_notes(series: Series, periods: Int64Array, step_us: int) -> list[str]:
    """Say how much of the input's periods lies between the output's, in none of them."""
    between = np.stack([periods[:-1, 1], periods[1:, 0]], axis=1)
    apart = between[:, 1] - between[:, 0]
    between = between[(apart > 0) & (apart < step_us)]  # no gap of the input
    if not len(between) or (periods[:, 1] - periods[:, 0]).min() >= step_us:
        return []
    told: dict[str, list[str]] = {}
    for name in dict.fromkeys(one.variable for one in series.periods()):
        edges = series.edges[name]
        skipped = covered_us(edges, between)
        if skipped.any():
            share = 100 * skipped.sum() / (edges[:, 1] - edges[:, 0]).sum()
            text = (
                f"{share:.0f} % of the time that is given is not written, in {(skipped > 0).sum()}"
                " stretches between the output's periods, which are shorter than its step: --period"
                f" {format_duration(step_us)} leaves none out."
            )
            told.setdefault(text, []).append(name)
    return [f"{', '.join(names)}: {text}" for text, names in told.items()]


def unwritten_notes(series: Series, periods: Int64Array) -> list[str]:
    """Say what of the input's periods lies before or after the output's."""
    told: dict[str, list[str]] = {}
    for name in dict.fromkeys(one.variable for one in series.periods()):
        edges = series.edges[name]
        edges = edges[edges[:, 1] > edges[:, 0]]
        parts = []
        if edges[0, 0] < periods[0, 0]:
            first = moment(series, int(edges[0, 0]))
            parts.append(f"{first} to {moment(series, int(periods[0, 0]))}")
        if periods[-1, 1] < edges[-1, 1]:
            last = moment(series, int(edges[-1, 1]))
            parts.append(f"{moment(series, int(periods[-1, 1]))} to {last}")
        if parts:
            text = f"{' and '.join(parts)} is given but not written: no output time stands for it."
            told.setdefault(text, []).append(name)
    return [f"{', '.join(names)}: {text}" for text, names in told.items()]


def uncovered(edges: Int64Array, periods: Int64Array) -> npt.NDArray[np.bool_]:
    """Which output periods reach into a stretch that no input period covers, shape (time,).

    Args:
        edges: Begin and end of each input period, ascending and not overlapping, shape (time, 2).
        periods: Begin and end of each output period, shape (output time, 2).
    """
    return np.asarray(covered_us(edges, periods) < periods[:, 1] - periods[:, 0])


def covered_us(edges: Int64Array, periods: Int64Array) -> Int64Array:
    """How much of each output period input periods cover, shape (time,); arguments as above."""
    edges = edges[edges[:, 1] > edges[:, 0]]
    covered_until = np.concatenate([[0], np.cumsum(edges[:, 1] - edges[:, 0])])

    def covered_before(moments: Int64Array) -> Int64Array:
        index = np.searchsorted(edges[:, 0], moments, side="right") - 1
        inside = np.clip(moments - edges[index, 0], 0, edges[index, 1] - edges[index, 0])
        return np.where(index < 0, 0, covered_until[index] + inside)

    return np.asarray(covered_before(periods[:, 1]) - covered_before(periods[:, 0]))
