"""What each method costs: seconds for an interval and for an output time, by the point.

    seconds = start + intervals · points · (interval + outputs · output)

fitted to whole processes: few intervals and many, with few outputs and with many. Each is run some
times, in turns, and its least time counts: whatever else a machine does only adds to it. Series are
so long that the start does not swamp the rest. `start` also holds what a method fits to the whole
series once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.speed.processes import run
from benchmarks.speed.series import make
from scipy.optimize import nnls

ROWS, COLUMNS = 181, 360
SHORT, LENGTHS = 8, (32, 128)
"""Intervals of the short series, and of the long one: the first of these that takes long enough."""

LONG_ENOUGH = 2.0
"""Times that the long series takes over the short one, at least; or the longest is taken."""

STEPS = {"3h": 1, "1h": 5, "15min": 23}
"""Output times inside an interval of 6 hours."""


@dataclass(frozen=True)
class Work:
    """What one process is given to do.

    Attributes:
        intervals: How many.
        step: Of the output.
    """

    intervals: int
    step: str

    @property
    def outputs(self) -> int:
        """Output times that each interval counts for: those inside, and one that is given."""
        return STEPS[self.step] + 1


@dataclass(frozen=True)
class MethodCost:
    """Seconds of one core, and memory.

    Attributes:
        start_s: Of the start.
        interval_ns: For each interval and point, in nanoseconds.
        output_ns: For each output time and point, in nanoseconds; given times are counted in.
        misfit: Largest departure of a least time from the formula, as a share of it.
        intervals: Of the long series.
        peak_bytes: Most memory held.
    """

    start_s: float
    interval_ns: float
    output_ns: float
    misfit: float
    intervals: int
    peak_bytes: int


def measure(
    command: Callable[[Path, Path, str], Sequence[str]], folder: Path, rounds: int
) -> MethodCost:
    """Run a method on short and long series, some times in turns.

    Args:
        command: From input, output and step.
        folder: Where files are made.
        rounds: How many times each.
    """
    peak = 0

    def seconds(work: Work) -> float:
        nonlocal peak
        source = make(folder / f"cost_{work.intervals}.zarr", ROWS, COLUMNS, work.intervals)
        done = run(command(source, folder / "cost_out.zarr", work.step))
        peak = max(peak, done.peak_bytes)
        return done.core_seconds

    few, many = "1h", "15min"
    short = seconds(Work(SHORT, few))
    long = next((n for n in LENGTHS[:-1] if seconds(Work(n, few)) >= LONG_ENOUGH * short), None)
    lengths = (SHORT, long or LENGTHS[-1])
    works = [Work(intervals, step) for intervals in lengths for step in (few, many)]
    taken: dict[Work, list[float]] = {work: [] for work in works}
    for _ in range(rounds):
        for work in works:
            taken[work].append(seconds(work))
    start_s, interval_ns, output_ns, misfit = fit(taken, ROWS * COLUMNS)
    return MethodCost(start_s, interval_ns, output_ns, misfit, lengths[1], peak)


def fit(taken: Mapping[Work, Sequence[float]], points: int) -> tuple[float, float, float, float]:
    """Least squares of shares of the least times; nothing costs less than nothing.

    Args:
        taken: Seconds of each round.
        points: Of a field.

    Returns:
        Start in seconds; an interval, and an output time, in nanoseconds by the point; and the
        largest departure of a least time from the formula, as a share of it.
    """
    least = np.array([min(seconds) for seconds in taken.values()])
    terms = np.array(
        [
            [1.0, work.intervals * points * 1e-9, work.intervals * points * 1e-9 * work.outputs]
            for work in taken
        ]
    )
    shares = terms / least[:, None]
    found, _ = nnls(shares, np.ones(len(least)))
    start_s, interval_ns, output_ns = map(float, found)
    return start_s, interval_ns, output_ns, float(np.abs(shares @ found - 1).max())
