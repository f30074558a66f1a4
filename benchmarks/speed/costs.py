"""What each method costs: seconds for an interval and for an output time, by the point.

    seconds = start + intervals · points · (interval + outputs · output)

solved from three whole processes: some intervals, more of them, and as many with more outputs.
`start` also holds what a method fits to the whole series once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.processes import run
from benchmarks.speed.series import make

ROWS, COLUMNS = 181, 360
SHORT, LONG = 8, 32
FEW, MANY = ("1h", 5), ("15min", 23)
"""Step, and output times inside an interval of 6 hours."""


@dataclass(frozen=True)
class MethodCost:
    """Seconds of one core, and memory.

    Attributes:
        start_s: Of the start.
        interval_ns: For each interval and point, in nanoseconds.
        output_ns: For each output time and point, in nanoseconds; given times are counted in.
        peak_bytes: Most memory held.
    """

    start_s: float
    interval_ns: float
    output_ns: float
    peak_bytes: int


def measure(command: Callable[[Path, Path, str], Sequence[str]], folder: Path) -> MethodCost:
    """Run a method three times.

    Args:
        command: From input, output and step.
        folder: Where files are made.
    """
    points = ROWS * COLUMNS

    def cost(intervals: int, step: str) -> tuple[float, int]:
        source = make(folder / f"cost_{intervals}.zarr", ROWS, COLUMNS, intervals)
        done = run(command(source, folder / "cost_out.zarr", step))
        return done.core_seconds, done.peak_bytes

    short, _ = cost(SHORT, FEW[0])
    long, peak = cost(LONG, FEW[0])
    many, more = cost(LONG, MANY[0])
    output = (many - long) / (LONG * points * (MANY[1] - FEW[1]))
    interval = (long - short) / ((LONG - SHORT) * points) - (FEW[1] + 1) * output
    start = short - SHORT * points * (interval + (FEW[1] + 1) * output)
    return MethodCost(start, interval * 1e9, output * 1e9, max(peak, more))
