"""Diagnoses what methods make of a period of a simulated or analysed series.

    python -m benchmarks.science.diagnostics --dataset atlantic --every 6 [--model RUN]

Classical methods are fitted to the thinned series of `--fit`; all are then tried on `--period`. By
default both are development times, none of the tests'. Reads the files in the folder TEMDEEP_DATA,
prints tables, writes `diagnostics.json` and figures into a folder.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.science.diagnostics.diagnose import diagnose, write_figures
from benchmarks.science.diagnostics.tables import tables
from rich.console import Console

from temdeep.errors import TemdeepError
from temdeep.fields.series import open_series
from temdeep.methods.consistent import keep_consistent
from temdeep.methods.registry import build_all
from temdeep.model_store import description, load_method
from temdeep.verification.outputs import refuse_existing, write_text
from temdeep.verification.tables import as_json
from temdeep.wording import command_line

DATA = Path(os.environ.get("TEMDEEP_DATA", Path(__file__).parents[4] / "shared" / "data"))
METHODS = ("linear", "cubic", "solar", "optical_flow", "auto")


@dataclass(frozen=True)
class Data:
    """A file, and times of it that are no test's.

    Attributes:
        file: Name in the folder TEMDEEP_DATA.
        fit, period: First and last time that methods are fitted to, and tried on.
    """

    file: str
    fit: tuple[str, str]
    period: tuple[str, str]


DATASETS = {
    "atlantic": Data(
        "speedy_t63_atlantic_train.nc",
        ("2000-03-04T00", "2000-03-20T00"),
        ("2000-03-24T00", "2000-04-01T00"),
    ),
    "globe": Data(
        "speedy_t31_diurnal_train.nc",
        ("2000-03-12T00", "2000-03-18T00"),
        ("2000-03-20T00", "2000-03-26T00"),
    ),
    "smooth": Data(
        "speedy_t31_train.nc",
        ("2000-03-02T00", "2000-03-21T00"),
        ("2000-03-24T00", "2000-04-03T00"),
    ),
    "era5_uk": Data(
        "era5_uk_t2m_2019-03.nc",
        ("2019-03-01T00", "2019-03-12T00"),
        ("2019-03-15T00", "2019-03-22T00"),
    ),
}


def main(words: Sequence[str] | None = None) -> int:
    """Diagnose, print, write."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(description=lines[0])
    parser.add_argument("--dataset", choices=list(DATASETS), required=True)
    parser.add_argument("--every", type=int, required=True, help="one time in so many is given")
    parser.add_argument("--model", type=Path, metavar="RUN", help="a trained model as well")
    parser.add_argument("--fit", nargs=2, metavar="TIME", help="first and last time to fit to")
    parser.add_argument("--period", nargs=2, metavar="TIME", help="first and last time to try")
    parser.add_argument("-o", "--output", type=Path, help="folder (default: build/diagnostics_…)")
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    arguments = parser.parse_args(words)
    try:
        run(arguments)
    except TemdeepError as error:
        with command_line():
            print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def run(arguments: argparse.Namespace) -> None:
    """Diagnose as the command line asks.

    Raises:
        TemdeepError: The series, the model, the request or the output is at fault.
    """
    chosen = DATASETS[arguments.dataset]
    folder = (
        arguments.output or Path("build") / f"diagnostics_{arguments.dataset}_{arguments.every}"
    )
    target = folder / "diagnostics.json"
    if not arguments.overwrite:
        refuse_existing([folder])
    fine = open_series([DATA / chosen.file])
    coarse = fine.between(*(arguments.fit or chosen.fit)).thin(arguments.every)
    methods = build_all(METHODS, coarse)
    trained_on = None
    if arguments.model is not None:
        model = load_method(arguments.model)
        methods[model.name] = model
        trained_on = description(arguments.model).get("trained_on")
    methods = {name: keep_consistent(one, fine.channels) for name, one in methods.items()}
    found = diagnose(
        fine,
        every=arguments.every,
        methods=methods,
        period=tuple(arguments.period or chosen.period),
        dataset=arguments.dataset,
        trained_on=trained_on,
    )
    console = Console(width=None if Console().is_terminal else 200)
    for table in tables(found.records):
        console.print(table)
    written = [write_text(target, as_json(found.as_json())), *write_figures(found, folder)]
    for note in found.evaluation.about["notes"]:
        console.print(f"note: {note}", highlight=False)
    console.print(f"written: {' '.join(map(str, written))}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
