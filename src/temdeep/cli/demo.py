"""The main job from end to end: learn from a coarse series, fill it in, and see if it was worth it.

`make demo` runs it on the series that comes with the repository, `make demo DATA=FILE` on a file of
yours. Everything goes into one folder.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from temdeep.cli.main import guarded
from temdeep.cli.reporting import stdout
from temdeep.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console

    from temdeep.cli.demo_case import DemoCase
    from temdeep.methods.protocol import Method
    from temdeep.verification.evaluate import Evaluation

QUIET_S = 10.0
"""Where there is no terminal for a bar, a line at least this often."""

MARK = "Made by the TemDeep demo."
EPILOG = """examples:
  python -m temdeep.cli.demo
  python -m temdeep.cli.demo --data era5_uk_t2m_2019-03.nc --every 6h
"""
README = """{mark}

{described}

{filled}
    The coarse series that was learnt from, filled in by {learnt}. The variable
    temdeep_provenance says which times are given and which are made.
metrics.json, metrics.csv
    Every score against the withheld truth: per variable, method and lead fraction,
    with intervals. metrics.json also says what was tested on what, when, by which code.
report.html
    All of it as one page to read, on paper or a telephone as well: open it in a browser.
table.md
    The same as tables to read.
figures/maps_*.png
    The hour in which linear interpolation misses most: truth, linear, {learnt}, both errors.
figures/place_*.png
    Four days at one cell: truth, given points, and what methods made of them.
figures/error_by_lead_fraction.png, figures/spectra.png
    Error inside an interval; which wavelengths are lost in its middle.
run/
    The trained model. Use it with:
    temdeep downscale FILE -o OUT.nc --model {folder}/run --step {step}
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; mistakes are told in one sentence."""
    parser = argparse.ArgumentParser(
        prog="python -m temdeep.cli.demo",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="a fine series of yours")
    parser.add_argument("--every", metavar="SPAN", help="thin it to this step, such as 3h")
    parser.add_argument("--variable", metavar="NAME", help="take this variable only")
    parser.add_argument(
        "--output", type=Path, default=Path("demo_output"), metavar="FOLDER", help="for all results"
    )
    arguments = parser.parse_args(argv)
    return guarded(lambda: run(arguments), "demo", signals=argv is None)


def run(arguments: argparse.Namespace) -> int:
    """Learn, fill in, withhold, compare, report.

    Raises:
        TemdeepError: The file, the request or the output folder is at fault.
    """
    from temdeep.cli.demo_case import own_case, shipped_case

    began = time.perf_counter()
    console = stdout()
    if arguments.data is None:
        case = shipped_case(arguments.variable)
    else:
        case = own_case(arguments.data, arguments.every, arguments.variable)
    folder: Path = arguments.output
    _make_room(folder)
    for line in case.described():
        console.print(line)
    learnt = _train(case, folder, console)
    methods = _methods(case, learnt)
    filled = _fill(case, folder, console)
    evaluation = _evaluate(case, methods, folder, console)
    _report(evaluation, learnt.name, console)
    _write(case, evaluation, learnt.name, folder, console)
    _explain(case, folder, filled, learnt.name)
    console.print(f"All in {folder}/ after {time.perf_counter() - began:.0f} s.")
    return 0


def _make_room(folder: Path) -> None:
    """Remove what an earlier demo left; refuse a folder that holds anything else."""
    note = folder / "README.txt"
    if folder.exists():
        ours = note.is_file() and note.read_text(encoding="utf-8").startswith(MARK)
        if not folder.is_dir() or (any(folder.iterdir()) and not ours):
            raise OutputError(f"{folder} holds other things: name another folder with --output.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    note.write_text(f"{MARK}\n\nUnfinished.\n", encoding="utf-8")


def _train(case: DemoCase, folder: Path, console: Console) -> Method:
    """Learn from the coarse series alone."""
    from temdeep.training.fit import train

    with _step(console, f"Learning from the {case.coarse_step} series alone") as show_done:
        learnt = train(case.train, folder / "run", progress=show_done)
    for channel in case.train.channels:
        treatment = learnt.treatment(channel, case.train.grid)
        if treatment != learnt.name:
            console.print(f"  {channel.name}: {treatment}")
    return learnt


def _methods(case: DemoCase, learnt: Method) -> dict[str, Method]:
    """The classical methods, fitted to the coarse series where they fit anything, and the model."""
    from temdeep.methods.consistent import keep_consistent
    from temdeep.methods.registry import METHOD_NAMES, build_all

    methods = {**build_all(METHOD_NAMES, case.train), learnt.name: learnt}
    channels = case.train.channels
    return {name: keep_consistent(method, channels) for name, method in methods.items()}


def _fill(case: DemoCase, folder: Path, console: Console) -> Path:
    from temdeep.engine.plan import plan
    from temdeep.engine.provenance import choose, provenance
    from temdeep.engine.writers import steps, write

    often = {"1h": "hourly"}.get(case.step, case.step)
    target = folder / f"{case.name}_{often}.nc"
    wanted = plan(case.train, step=case.step)
    chosen = choose(case.train, method=None, model=folder / "run")
    with _step(console, f"Filling in the {case.coarse_step} series every {case.step}") as show_done:
        total = steps(case.train, chosen.method, wanted, target)
        written = write(
            case.train,
            chosen.method,
            wanted,
            target,
            provenance=provenance(chosen, "python -m temdeep.cli.demo"),
            progress=lambda done: show_done(done, total),
        )
    console.print(f"  {target}: {written.given} times given, {written.made} made")
    for note in written.notes:
        console.print(f"  note: {note}")
    return target


def _evaluate(
    case: DemoCase, methods: dict[str, Method], folder: Path, console: Console
) -> Evaluation:
    from temdeep.model_store import description
    from temdeep.verification.evaluate import evaluate

    with _step(console, "Withholding, filling in with every method, comparing") as show_done:
        return evaluate(
            case.test,
            withhold=case.every,
            methods=methods,
            dataset=case.name,
            trained_on=description(folder / "run")["trained_on"],
            progress=show_done,
        )


def _report(evaluation: Evaluation, learnt: str, console: Console) -> None:
    """Print all tables, and plainly where the model is not the best."""
    from temdeep.verification.tables import (
        Drawn,
        best_classical,
        lead_table,
        rate_table,
        resampled,
        score_table,
        verdict,
    )

    records, about = evaluation.records, evaluation.about
    console.print()
    console.print(Drawn(score_table(records)), crop=False)
    shown = dict.fromkeys(["linear", best_classical(records, learnt) or "linear", learnt])
    console.print(Drawn(lead_table(records, list(shown))), crop=False)
    console.print(Drawn(rate_table(records)), crop=False)
    console.print(
        "Restored: 1 - RMSE/RMSE of linear over withheld times, in percent, our own definition;"
        f" {resampled(about)}."
    )
    seconds = about["wall_time_s"]["filling_in"]
    told = ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())
    console.print(f"Time to fill in the test days: {told}.")
    for sentence in (*verdict(records, learnt), *about["notes"]):
        console.print(sentence)
    console.print()


def _write(
    case: DemoCase,
    evaluation: Evaluation,
    learnt: str,
    folder: Path,
    console: Console,
) -> None:
    from temdeep.model_store import description
    from temdeep.verification.gallery import write_figures
    from temdeep.verification.outputs import write_text
    from temdeep.verification.report.page import write_report
    from temdeep.verification.tables import (
        as_csv,
        as_json,
        as_markdown,
        lead_table,
        methods_of,
        rate_table,
        score_table,
        verdict,
    )

    records = evaluation.records
    write_text(folder / "metrics.json", as_json(evaluation.as_json()))
    write_text(folder / "metrics.csv", as_csv(records))
    tables = (rate_table(records), score_table(records), lead_table(records, methods_of(records)))
    described = "\n".join(case.described())
    parts = [described, *map(as_markdown, tables), "\n".join(verdict(records, learnt))]
    write_text(folder / "table.md", "\n\n".join(parts) + "\n")
    with _step(console, "Drawing figures") as show_done:
        write_figures(evaluation, folder / "figures", compared=learnt, progress=show_done)
    with _step(console, "Writing the report") as show_done:
        write_report(
            evaluation,
            folder / "report.html",
            subject=learnt,
            model=description(folder / "run"),
            command=shlex.join(["python", "-m", "temdeep.cli.demo", *sys.argv[1:]]),
            progress=show_done,
        )


def _explain(case: DemoCase, folder: Path, filled: Path, learnt: str) -> None:
    """Say beside the results what each of them is."""
    from temdeep.verification.outputs import write_text

    text = README.format(
        mark=MARK,
        described="\n".join(case.described()),
        filled=filled.name,
        learnt=learnt,
        folder=folder,
        step=case.step,
    )
    write_text(folder / "README.txt", text)


class _Shown(Protocol):
    """Told how much of a step is done, of how much, and what it brought."""

    def __call__(self, done: int, total: int, brought: str = "") -> None:
        """Show it."""


@contextmanager
def _step(console: Console, what: str) -> Iterator[_Shown]:
    """Show how far a step is: a bar on a terminal, else a line now and then."""
    began = time.perf_counter()
    if console.is_terminal:
        from rich.progress import Progress

        with Progress(console=console, transient=True) as bar:
            task = bar.add_task(what, total=None)

            def draw(done: int, total: int, brought: str = "") -> None:
                description = f"{what}: {brought}" if brought else what
                bar.update(task, completed=done, total=total, description=description)

            yield draw
    else:
        console.print(f"{what} …")
        said = began

        def say(done: int, total: int, brought: str = "") -> None:
            nonlocal said
            now = time.perf_counter()
            if brought or now - said > QUIET_S:
                said = now
                console.print(f"  {done} of {total} after {now - began:.0f} s {brought}".rstrip())

        yield say
    console.print(f"{what}: done in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
