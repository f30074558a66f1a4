"""What computing a model's layers in bfloat16 saves, and how far off it is.

python -m benchmarks.half_precision FILE RUN [--intervals 24] [--rounds 3]

Printed for each variable that the network fills, at the middle of intervals of the series' own
step, root mean squares over all cells: of what the network adds to an untrained one, and of the
difference between both precisions, as a share of that. Times are of filling alone, in turns.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch

from temdeep.fields.intervals import Interval
from temdeep.fields.series import open_series
from temdeep.methods.context import trim_context
from temdeep.methods.learnt import PRECISIONS, Learnt
from temdeep.metric import Float64Array
from temdeep.model_store import load_method
from temdeep.network.architecture import InterpolationNetwork

HALF = np.array([0.5])


def untrained(model: Learnt) -> Learnt:
    """The same with a network that adds nothing."""
    return replace(model, network=InterpolationNetwork(model.network.settings).eval())


def filled(model: Learnt, intervals: Sequence[Interval]) -> Float64Array:
    """Fields at mid-interval, shape (interval, channel, y, x)."""
    return np.stack(
        [model.fill(trim_context(one, model.context), HALF)[0] for one in intervals]
    ).astype(np.float64)


def rms(fields: Float64Array) -> float:
    return float(np.sqrt(np.nanmean(fields**2)))


def main() -> int:
    """Print the table.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--intervals", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    series, model = open_series([asked.file]), load_method(asked.run)
    channels = [one for one in series.instantaneous() if one.name not in model.instead]
    walk = series.intervals(model.context, series.instantaneous())
    intervals = [interval for _, interval in islice(walk, asked.intervals)]
    single, half = (replace(model, precision=name) for name in PRECISIONS)
    start = filled(untrained(model), intervals)
    seconds: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    made = {}
    for _ in range(asked.rounds):
        for one in (single, half):
            began = perf_counter()
            made[one.precision] = filled(one, intervals)
            seconds[one.precision].append(perf_counter() - began)
    exact, rounded = (made[name] for name in PRECISIONS)
    places = {one.name: i for i, one in enumerate(series.instantaneous())}
    for channel in channels:
        i = places[channel.name]
        added, off = rms(exact[:, i] - start[:, i]), rms(rounded[:, i] - exact[:, i])
        share = f"{100 * off / added:.2f} %" if added > 0 else "nothing"
        print(
            f"{channel.name:8} {added:10.3g} {channel.units} are added, bfloat16 is off by"
            f" {off:.3g}, {share} of it"
        )
    took = {name: median(some) for name, some in seconds.items()}
    saved = 100 * (1 - took[PRECISIONS[1]] / took[PRECISIONS[0]])
    print(f"{len(intervals)} intervals: {took} s, bfloat16 takes {saved:.0f} % less")
    return 0


if __name__ == "__main__":
    sys.exit(main())
