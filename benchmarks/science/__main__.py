"""Every method on every kind of data, as records and tables.

    python -m benchmarks.science                         all rows that are not there yet
    python -m benchmarks.science --only atlantic_6h --methods cubic temdeep
    python -m benchmarks.science --quick                 a smaller one, in a quarter of an hour
    python -m benchmarks.science --development           on the periods on which choices are made

Each row is kept as soon as it is there, and never computed twice from the same inputs (data, case,
settings, code): stop it when you like, and start it again. What a method cannot do is left out, and
the reason told. Files are looked for in the folder named by TEMDEEP_DATA; cases whose file is not
there are left out too.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.science.cases import Case, cases, short_cases
from benchmarks.science.contenders import CONTENDERS
from benchmarks.science.radar import radar_cases
from benchmarks.science.results import computed, read, write
from benchmarks.science.rows import Task, by_key
from benchmarks.science.tables import show, summary

from temdeep.errors import TemdeepError
from temdeep.training.settings import LossWeights, TrainingSettings

RESULTS = Path(__file__).parents[1] / "results" / "science.json"
BUILD = Path(__file__).parents[2] / "build"
QUICK_CASES = ("era5_uk_6h", "era5_finse_6h", "atlantic_6h")
"""On development periods: trying things out does not look at a test."""
QUICK_SETTINGS = TrainingSettings(epochs=4, samples=64)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute what is not there, and print the table.

    Returns:
        The exit code.
    """
    asked = _parse(arguments)
    tasks = list(_tasks(asked))
    file = asked.output
    rows = by_key(read(file))
    missing = [one for one in tasks if one.key not in rows]
    print(f"{len(tasks)} rows, {len(tasks) - len(missing)} of them there already", flush=True)
    for task, row in computed(missing, asked.jobs):
        if isinstance(row, str):
            print(f"{task.case.name} {task.name}: {row}", flush=True)
            continue
        rows = {
            key: one
            for key, one in rows.items()
            if (one["case"], one["method"]) != (row["case"], row["method"])
        }
        rows[row["inputs"]] = row
        write(file, list(rows.values()))
        print(summary(row), flush=True)
    wanted = {(one.case.name, one.name) for one in tasks}
    found = [one for one in rows.values() if (one["case"], one["method"]) in wanted]
    print(show(found))
    return 0 if found else 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    known = _cases(development=False)
    earlier = cases(development=True)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.science",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=sorted(known), metavar="CASE", help="cases")
    parser.add_argument(
        "--methods", nargs="+", choices=CONTENDERS, metavar="METHOD", help="methods"
    )
    parser.add_argument(
        "--quick", action="store_true", help="three cases on earlier periods, short trainings"
    )
    parser.add_argument("--development", action="store_true", help="earlier periods")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings of the trainings"
    )
    parser.add_argument("--label", default="", help="name for this setting in the records")
    parser.add_argument("--models", type=Path, help="folder in which trained models stay")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="rows at a time")
    parser.add_argument("--output", type=Path, help="JSON file of the rows")
    asked = parser.parse_args(arguments)
    asked.development |= asked.quick
    if asked.development and (late := set(asked.only or ()) - set(earlier)):
        parser.error(f"{', '.join(sorted(late))}: there is no earlier period for development.")
    try:
        asked.settings = _settings(asked.set, QUICK_SETTINGS if asked.quick else TrainingSettings())
    except (TemdeepError, TypeError, ValueError) as error:
        parser.error(f"--set {' '.join(asked.set)}: {error}")
    named = asked.only or (QUICK_CASES if asked.quick else earlier if asked.development else known)
    absent = {name: file for name in named for file in known[name].paths if not file.is_file()}
    if absent and (asked.only or len(absent) == len(named)):
        parser.error(
            f"{next(iter(absent.values()))} is not there: name the folder of the files by"
            " TEMDEEP_DATA."
        )
    for file in dict.fromkeys(absent.values()):
        without = ", ".join(name for name in absent if absent[name] == file)
        print(f"{file} is not there; left out: {without}", flush=True)
    asked.only = [name for name in named if name not in absent]
    name = "quick" if asked.quick else "development" if asked.development else ""
    asked.output = asked.output or (BUILD / f"science_{name}.json" if name else RESULTS)
    if not name and (asked.set or asked.label):
        parser.error("other settings belong to --development: results are of the defaults")
    return asked


def _cases(*, development: bool) -> dict[str, Case]:
    """All there are; radar events and short forecasts have no earlier period."""
    found = cases(development=development)
    if not development:
        found |= short_cases() | {one.name: one for one in radar_cases()}
    return found


def _tasks(asked: argparse.Namespace) -> Iterator[Task]:
    found = _cases(development=asked.development)
    for case in (found[name] for name in asked.only):
        for method in asked.methods or CONTENDERS:
            label = f"{method} {asked.label}" if asked.label else ""
            yield Task(case, method, asked.settings, asked.models, label)


def _settings(said: Sequence[str], base: TrainingSettings) -> TrainingSettings:
    """Settings with some of them said as NAME=VALUE, JSON on the right."""
    for one in said:
        name, _, text = one.partition("=")
        value: Any = json.loads(text)
        value = tuple(value) if isinstance(value, list) else value
        if name in {field.name for field in dataclasses.fields(LossWeights)}:
            losses = dataclasses.replace(base.losses, **{name: value})
            base = dataclasses.replace(base, losses=losses)
        else:
            base = dataclasses.replace(base, **{name: value})
    return base


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped: rows that were done are kept, and the same command goes on.")
