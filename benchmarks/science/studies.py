"""What each part of the model is worth, and how it depends on data, noise and chance.

    python -m benchmarks.science.studies ablation     one part left out, or added, at a time
    python -m benchmarks.science.studies parts        the twin without each of them
    python -m benchmarks.science.studies length       trained on the last days of the series only
    python -m benchmarks.science.studies noise        with noise in the coarse series
    python -m benchmarks.science.studies seeds        five seeds

On development periods of two data sets, with shorter trainings than the benchmark's, so that all of
it can be had in an hour or two on a laptop. Rows are kept and not computed twice.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from benchmarks.science.cases import Case, cases
from benchmarks.science.contenders import OURS, TWIN
from benchmarks.science.results import computed, read, write
from benchmarks.science.rows import Task, by_key
from benchmarks.science.tables import show, summary

from temdeep.training.settings import TrainingSettings

CASES = ("atlantic_6h", "smooth_12h")
SHORT = TrainingSettings(epochs=8, samples=64, patience=8)
"""Short, otherwise as used."""


def _without(*parts: str) -> TrainingSettings:
    return replace(SHORT, without=(*SHORT.without, *parts))


WITHOUT = {
    "no motion": replace(SHORT, flow=False),
    "no residual": _without("residual"),
    "no sun": _without("sun"),
}
"""Without each of what adds to the fields."""

FOLDER = Path(__file__).parents[1] / "results"
DAYS = (5, 10, 15)
NOISES = (0.05, 0.1, 0.2)
SEEDS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute what is not there, and print the table.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.science.studies",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("study", choices=sorted(STUDIES), help="which")
    known = cases(development=True)
    parser.add_argument(
        "--only", nargs="+", default=CASES, choices=sorted(known), metavar="CASE", help="data sets"
    )
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time")
    asked = parser.parse_args(arguments)
    tasks = [task for name in asked.only for task in STUDIES[asked.study](known[name])]
    file = FOLDER / f"science_{asked.study}.json"
    rows = by_key(read(file))
    keys = {task.key for task in tasks}
    for task, row in computed([one for one in tasks if one.key not in rows], asked.jobs):
        if isinstance(row, str):
            print(f"{task.case.name} {task.name}: {row}", flush=True)
            continue
        rows[row["inputs"]] = row
        write(file, list(rows.values()))
        print(summary(row), flush=True)
    print(show([row for key, row in rows.items() if key in keys]))
    return 0


def ablation(case: Case) -> Iterator[Task]:
    """The model as it is used, without each part, and with each that is off unless asked for."""
    losses, off = SHORT.losses, SHORT.without

    def weighted(**weights: float) -> TrainingSettings:
        return replace(SHORT, losses=replace(losses, **weights))

    changed = {
        "as used": SHORT,
        "no context": _without("context"),
        **WITHOUT,
        "no coherence": weighted(coherence=0.0),
        "no kink term": weighted(kink=0.0),
        "k = 2 only": replace(SHORT, spans=(2,)),
        "no scaling": _without("scaling"),
        "no trial": _without("trial"),
        "no fallback": _without("fallback"),
        "with hour means": replace(SHORT, without=tuple(one for one in off if one != "daily")),
        "with a learnt gate": replace(SHORT, without=tuple(one for one in off if one != "gate")),
        "with pretraining": replace(SHORT, pretrain=0.15),
        "with a spatial term": weighted(spatial=1e-3),
        "with a temporal term": weighted(temporal=1e-3),
    }
    for label, settings in changed.items():
        yield Task(case, OURS, settings, label=label)
    yield Task(_shortened(case, 0.25), OURS, SHORT, label="a quarter of the data")


def parts(case: Case) -> Iterator[Task]:
    """The twin, and the twin without each part: what ours has not got beside it, by part."""
    for label, settings in {"as used": SHORT, **WITHOUT}.items():
        yield Task(case, TWIN, settings, label=f"{TWIN}, {label}")


def length(case: Case) -> Iterator[Task]:
    """Trained on the last days only."""
    for days in DAYS:
        yield Task(_last_days(case, days), OURS, SHORT, label=f"{days} days")
    yield Task(case, OURS, SHORT, label="all days")


def noise(case: Case) -> Iterator[Task]:
    """White noise in the coarse series that is learnt from and filled in."""
    for share in NOISES:
        for method in ("cubic", OURS):
            yield Task(case, method, SHORT, label=f"{method} {share:g}", noise=share)


def seeds(case: Case) -> Iterator[Task]:
    """The same with other random numbers."""
    for seed in range(SEEDS):
        yield Task(case, OURS, replace(SHORT, seed=seed), label=f"seed {seed}")


STUDIES = {"ablation": ablation, "parts": parts, "length": length, "noise": noise, "seeds": seeds}


def _shortened(case: Case, share: float) -> Case:
    first, last = (np.datetime64(str(end)) for end in case.learnt)
    return _last_days(case, share * (last - first) / np.timedelta64(1, "D"))


def _last_days(case: Case, days: float) -> Case:
    last = np.datetime64(str(case.learnt[1]), "h")
    first = last - np.timedelta64(round(days * 24), "h")
    return replace(case, learnt=(str(first), case.learnt[1]))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped: rows that were done are kept, and the same command goes on.")
