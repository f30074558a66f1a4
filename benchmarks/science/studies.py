"""What each part of the model is worth, and how it depends on data, noise and chance.

    python -m benchmarks.science.studies ablation     one part left out at a time
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
from benchmarks.science.contenders import OURS
from benchmarks.science.results import computed, read, write
from benchmarks.science.rows import Task, by_key
from benchmarks.science.tables import show, summary

from temdeep.training.settings import LossWeights, TrainingSettings

CASES = ("atlantic_6h", "smooth_12h")
SHORT = TrainingSettings(
    epochs=8,
    samples=64,
    patience=8,
    pretrain=0.15,
    without=(),
    losses=LossWeights(spatial=1e-3, temporal=1e-3),
)
"""Short, and with all parts there are."""
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
    """The whole model, what is used of it, and the whole without each part."""
    losses, usual = SHORT.losses, TrainingSettings()
    used = replace(SHORT, pretrain=usual.pretrain, without=usual.without, losses=usual.losses)
    without = {
        "whole": SHORT,
        "as used": used,
        "no context": replace(SHORT, without=("context",)),
        "no motion": replace(SHORT, flow=False),
        "no residual": replace(SHORT, without=("residual",)),
        "no sun": replace(SHORT, without=("sun", "daily")),
        "no hour means": replace(SHORT, without=("daily",)),
        "no pretraining": replace(SHORT, pretrain=0.0),
        "no coherence": replace(SHORT, losses=replace(losses, coherence=0.0)),
        "no spatial term": replace(SHORT, losses=replace(losses, spatial=0.0)),
        "no temporal term": replace(SHORT, losses=replace(losses, temporal=0.0)),
        "no kink term": replace(SHORT, losses=replace(losses, kink=0.0)),
        "k = 2 only": replace(SHORT, spans=(2,)),
        "no scaling": replace(SHORT, without=("scaling",)),
        "no learnt gate": replace(SHORT, without=("gate",)),
        "no trial": replace(SHORT, without=("trial",)),
        "no fallback": replace(SHORT, without=("fallback",)),
    }
    for label, settings in without.items():
        yield Task(case, OURS, settings, label=label)
    yield Task(_shortened(case, 0.25), OURS, SHORT, label="a quarter of the data")


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


STUDIES = {"ablation": ablation, "length": length, "noise": noise, "seeds": seeds}


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
