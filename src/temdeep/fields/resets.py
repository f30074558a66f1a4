"""Finds where running totals begin anew, from their values, and checks that it is so.

Knows: arrays, the time axis. Must not know: xarray, files.
"""

from dataclasses import dataclass

import numpy as np

from temdeep.errors import VariableKindError
from temdeep.fields.accumulations import largest_fall, unexplained_fall
from temdeep.fields.time_axis import Int64Array, TimeAxis, format_duration, show
from temdeep.metric import FloatArray

DAY_US = 86_400_000_000

MOST_AT_ONCE = 3.0
"""What is left after a reset is one step's amount: at most so many times the largest seen."""

STAYING_SHARE = 0.01
"""Where more wet places than this share keep their total to the digit, nothing was emptied."""


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of a running total's values.

    Attributes:
        name, source: Of variable and file, for messages.
        axis: The time axis.
        origin_us: When the first total began, if the file says (the start of a forecast).
        bucket_us: How often it is emptied, counted from 00 UTC, if the user says.
        rising: Whether the quantity is one that cannot fall.
        precision: Step of the file's packing, 0 if unknown.
    """

    name: str
    source: str
    axis: TimeAxis
    origin_us: int | None
    bucket_us: int | None
    rising: bool
    precision: float = 0.0


def find_begins(totals: FloatArray, asked: Question) -> Int64Array:
    """Begin of the total that each value belongs to.

    A total begins anew where the field falls by more than packing explains. That is believed only
    where what is left is no more than the amount of a step, hardly a wet place keeps its total, and
    it repeats regularly: at bounds of the bucket the user names, at 00 UTC, at a new forecast run,
    or at equal distances.

    Args:
        totals: Running totals, shape (time, …).
        asked: About what.

    Returns:
        Microseconds since the first valid time, shape (time,).

    Raises:
        VariableKindError: A fall that is neither packing nor such a reset, or a bucket that is not
            emptied where it should be.
    """
    falls = _falls(totals, asked)
    _refuse_other_falls(totals, falls, asked)
    offsets = asked.axis.offset_us
    runs = asked.axis.runs
    if runs is not None and asked.bucket_us is None and asked.origin_us is None:
        return _since_runs(falls, runs, totals, asked)
    lattice = _lattice(totals, falls, asked)
    if lattice is None:
        begin = int(offsets[0]) if asked.origin_us is None else asked.origin_us
        return np.full(len(offsets), begin, dtype=np.int64)
    first_us, period_us, emptied_at_stamp = lattice
    shift = 0 if emptied_at_stamp else 1
    begins = first_us + (offsets - shift - first_us) // period_us * period_us
    if asked.origin_us is not None:
        begins = np.maximum(begins, asked.origin_us)
    _check(totals, falls, begins, asked)
    return np.asarray(begins, dtype=np.int64)


def origin_is_known(totals: FloatArray, begins: Int64Array, asked: Question) -> bool:
    """Whether the first total's begin is told by the file or its own resets, or it is nothing."""
    told = asked.origin_us is not None or begins[0] < 0 or len(np.unique(begins)) > 1
    return told or not bool(np.nanmax(np.abs(totals[0]), initial=0.0) > 0)


def is_running(totals: FloatArray, asked: Question) -> bool:
    """Whether values behave as a running total does and as sums per step do not.

    They never fall but at regular resets, and stay to the digit where it is dry or night: sums
    per step do neither.
    """
    if len(totals) < 3 or not asked.rising:
        return False
    try:
        begins = find_begins(totals, asked)
    except VariableKindError:
        return False
    kept = wet = 0
    for i in np.flatnonzero(begins[1:] == begins[:-1]).tolist():
        one, other = stays(totals[i], totals[i + 1])
        kept, wet = kept + one, wet + other
    return kept > STAYING_SHARE * wet


def stays(before: FloatArray, after: FloatArray) -> tuple[int, int]:
    """How many wet places keep their total from one field to the next, and how many are wet."""
    wet = before > 1e-3 * float(np.nanmax(before, initial=0.0))
    kept = wet & (np.abs(after - before) <= 1e-4 * np.abs(before))
    return int(np.count_nonzero(kept)), int(np.count_nonzero(wet))


def _falls(totals: FloatArray, asked: Question) -> list[int]:
    """Indices of values that lie below the one before by more than packing explains."""
    found = []
    highest = np.where(np.isnan(totals[0]), 0.0, totals[0])
    for i in range(1, len(totals)):
        here = totals[i]
        if asked.rising:
            worst = float(np.nanmax(highest - here, initial=0.0))
            fell = worst > largest_fall(highest, here, asked.precision)
        else:
            fell = float(np.nansum(np.abs(here))) < 0.25 * float(np.nansum(np.abs(highest)))
        if fell:
            found.append(i)
            highest = np.where(np.isnan(here), 0.0, here)
        else:
            highest = (
                np.fmax(highest, here) if asked.rising else np.where(np.isnan(here), highest, here)
            )
    return found


def _refuse_other_falls(totals: FloatArray, falls: list[int], asked: Question) -> None:
    """Refuse falls after which more is left than a step's amount, or places stay as they were."""
    if not falls or not asked.rising:
        return
    rises = [
        float(np.nanmax(totals[i] - totals[i - 1], initial=0.0))
        for i in range(1, len(totals))
        if i not in falls
    ]
    most = MOST_AT_ONCE * max(rises, default=np.inf)
    for i in falls:
        kept, wet = stays(totals[i - 1], totals[i])
        if float(np.nanmax(totals[i], initial=0.0)) > most or kept > STAYING_SHARE * wet:
            raise _fall(totals, i, asked)


def _fall(totals: FloatArray, i: int, asked: Question) -> VariableKindError:
    worst = float(np.nanmax(totals[i - 1] - totals[i], initial=0.0))
    return unexplained_fall(asked.name, asked.source, worst, asked.axis, i)


def _lattice(totals: FloatArray, falls: list[int], asked: Question) -> tuple[int, int, bool] | None:
    """A reset, their distance, and whether values at resets are those after it; None without."""
    offsets, midnight = asked.axis.offset_us, asked.axis.midnight_us
    if asked.bucket_us is not None:
        at_stamp = [(int(offsets[i]) - midnight) % asked.bucket_us == 0 for i in falls]
        nothing = [_nothing(totals[i]) for i in falls]
        emptied = bool(falls) and all(at_stamp) and all(nothing)
        return midnight, asked.bucket_us, emptied
    if not falls:
        return None
    nothing = [_nothing(totals[i]) for i in falls]
    at_midnight = [(int(offsets[i]) - midnight) % DAY_US == 0 for i in falls]
    if all(nothing) and all(at_midnight):
        return midnight, DAY_US, True
    begins = []
    for i in falls:
        last = midnight + (int(offsets[i]) - 1 - midnight) // DAY_US * DAY_US
        begins.append(max(int(offsets[i - 1]), last))
    if all((begin - midnight) % DAY_US == 0 for begin in begins):
        return midnight, DAY_US, False
    distances = np.diff(begins)
    if len(begins) < 2 or (distances % distances.min() != 0).any():
        raise _fall(totals, falls[0], asked)
    return begins[0], int(distances.min()), False


def _since_runs(
    falls: list[int], runs: Int64Array, totals: FloatArray, asked: Question
) -> Int64Array:
    """Totals that begin with each forecast run, where that is told along time."""
    changed = np.flatnonzero(np.diff(runs) != 0) + 1
    for i in falls:
        if i not in changed:
            raise _fall(totals, i, asked)
    return runs.copy()


def _check(totals: FloatArray, falls: list[int], begins: Int64Array, asked: Question) -> None:
    """Falls lie where a total begins anew, and where it does wet places do not stay as they are."""
    anew = np.flatnonzero(np.diff(begins) != 0) + 1
    for i in falls:
        if i not in anew:
            raise _fall(totals, i, asked)
    if not asked.rising:
        return
    for i in anew.tolist():
        kept, wet = stays(totals[i - 1], totals[i])
        if i not in falls and kept > STAYING_SHARE * wet:
            every = "" if asked.bucket_us is None else f" every {format_duration(asked.bucket_us)}"
            raise VariableKindError(
                f"'{asked.name}' in {asked.source} should begin anew{every} at"
                f" {show(asked.axis.at(int(begins[i])))} but does not: say since when it counts,"
                f" such as --kind {asked.name}=accumulated for one total from the first time on."
            )


def _nothing(values: FloatArray) -> bool:
    return not bool(np.nanmax(np.abs(values), initial=0.0) > 0)
