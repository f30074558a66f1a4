"""Our network beside others: seconds to fill one interval of one variable, on one grid."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from benchmarks.science.opponents import advection_correction, rife
from benchmarks.speed.series import make

from temdeep.errors import RequestError
from temdeep.fields.intervals import Interval
from temdeep.fields.series import open_series
from temdeep.methods.context import trim_context
from temdeep.methods.protocol import Method
from temdeep.model_store import load_method
from temdeep.training.coarse import usual_fold
from temdeep.training.fit import train
from temdeep.training.settings import TrainingSettings

OUTPUTS = 11
BRIEF = TrainingSettings(epochs=1, samples=4, without=("trial", "fallback"))
TAUGHT_ON = (32, 64, 24)
"""What a network costs does not depend on how long it was trained."""


def costs(folder: Path, rows: int, columns: int, rounds: int) -> dict[str, float]:
    """Seconds by what was done, and for how many output times.

    Returns:
        `model_1`, `model_11` and, where they are installed, `rife_11` and `advection_11`.
    """
    model = load_method(brief_training(folder, rows * columns))
    given = interval(folder, rows, columns, model)
    one, some = np.array([0.5]), np.arange(1, OUTPUTS + 1) / (OUTPUTS + 1)
    calls: dict[str, Callable[[], object]] = {
        "model_1": partial(model.fill, given, one),
        f"model_{OUTPUTS}": partial(model.fill, given, some),
    }
    builders: dict[str, Callable[[], Method]] = {
        "rife": rife.build,
        "advection": advection_correction.build,
    }
    for name, build in builders.items():
        try:
            other = build()
        except RequestError as error:
            print(f"{name} is left out: {error}")
        else:
            calls[f"{name}_{OUTPUTS}"] = partial(other.fill, trim_context(given, 1), some)
    model.fill(given, one)  # loads what moves fields, once in a process
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - began)
    return {name: median(some_s) for name, some_s in seconds.items()}


def brief_training(folder: Path, cells: int = 0) -> Path:
    """A run folder; its network has hardly been trained, with the form for so many cells."""
    settings = replace(BRIEF, fold=usual_fold(cells))
    run = folder / f"run_{settings.fold}"
    train(open_series(make(folder / "brief.nc", *TAUGHT_ON)), run, settings=settings)
    return run


def interval(folder: Path, rows: int, columns: int, method: Method) -> Interval:
    """One in the middle of a made-up series, with all its context."""
    series = open_series(make(folder / f"{rows}x{columns}.nc", rows, columns, 8))
    middle = len(series.time) // 2
    return next(one for i, one in series.intervals(method.context) if i == middle)
