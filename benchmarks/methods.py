"""Intervals per second of every method, and each one's ratio to linear in the same run.

python -m benchmarks.methods [FILE] [--step 1h] [--model RUN] [--rounds 9]

What is timed is `temdeep downscale` without writing the output: reading the coarse series, filling
all of its intervals, variables and periods. Building and fitting is timed apart.
"""

import argparse
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from timeit import timeit

from temdeep.engine.plan import Plan, plan
from temdeep.engine.stream import fill
from temdeep.fields.series import Series, open_series
from temdeep.methods.protocol import Method
from temdeep.methods.registry import METHOD_NAMES, build
from temdeep.model_store import load_method

SHIPPED = Path(__file__).parents[1] / "data" / "atlantic_6hourly.nc"
REFERENCE = "linear"


def methods_of(series: Series, model: Path | None) -> dict[str, Method]:
    """All methods for a series, the seconds they took to build printed."""
    methods: dict[str, Method] = {}
    for name in (REFERENCE, *(name for name in METHOD_NAMES if name != REFERENCE)):
        begin = perf_counter()
        methods[name] = build(name, series)
        print(f"{name:13} built in {perf_counter() - begin:.2f} s")
    if model is not None:
        learnt = load_method(model)
        methods[learnt.name] = learnt
    return methods


def fill_all(series: Series, method: Method, made: Plan) -> None:
    """Fill a series and keep nothing."""
    deque(fill(series, method, made), maxlen=0)


def compare(calls: dict[str, Callable[[], object]], intervals: int, rounds: int) -> None:
    """Print what each call fills in a second, and its time against the first's."""
    table = [[timeit(call, number=1) for call in calls.values()] for _ in range(rounds + 1)]
    for name, *seconds in zip(calls, *table[1:], strict=True):  # the first round warms up
        ratios = [second / row[0] for second, row in zip(seconds, table[1:], strict=True)]
        print(
            f"{name:13} {intervals / median(seconds):8.1f} intervals/s"
            f"   {median(ratios):6.2f} times {REFERENCE}'s time (at most {max(ratios):.2f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", default=SHIPPED)
    parser.add_argument("--step", default="1h", help="output step (default: 1h)")
    parser.add_argument("--model", type=Path, help="a learnt model's directory, timed as well")
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds (default: 9)")
    arguments = parser.parse_args()
    series = open_series([arguments.file])
    made = plan(series, step=arguments.step)
    rows, columns = series.grid.shape
    intervals = len(series.time) - 1
    print(
        f"{arguments.file.name}: {intervals} intervals to {arguments.step},"
        f" {len(series.channels)} variables on {rows} x {columns} cells"
    )
    methods = methods_of(series, arguments.model)
    calls: dict[str, Callable[[], object]] = {
        name: partial(fill_all, series, method, made) for name, method in methods.items()
    }
    compare(calls, intervals, arguments.rounds)


if __name__ == "__main__":
    main()
