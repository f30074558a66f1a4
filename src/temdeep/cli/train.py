"""`temdeep train`: learn from a coarse series, and from nothing else."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temdeep.cli.after_training import check_report, examine, prepare
from temdeep.cli.arguments import add_series_arguments, open_from, refuse_inputs, thinned
from temdeep.cli.reporting import tell, tell_json
from temdeep.cli.trained import epochs_shown, summary, summary_lines, tell_series, teller

if TYPE_CHECKING:
    from temdeep.fields.series import Series
    from temdeep.training.processes import Processes
    from temdeep.training.settings import TrainingSettings

DESCRIPTION = """\
Learn from a coarse series how its fields change between two times: times are hidden inside wider
intervals and filled in again. The last part of the series is held out: on it the best epoch is
chosen, and each variable that the model does not fill in better than the classical methods is left
to the best of these. Variables that hold for a period (sums, means) are left to them, too.

A training that was stopped goes on where it was when the same command is run again.

With --report, the model is tested afterwards on days that it has not learnt from, and a page for
people is written, as by `temdeep evaluate`: on the days after --to (or before --from) if there are
enough, else on the held-out end of the series. That end chose the best epoch; the page says so.
"""

EPILOG = """examples, with the series that the repository ships:
  temdeep train data/atlantic_6hourly.nc -o run
  temdeep train data/atlantic_6hourly.nc -o run_t2m --variable t2m,u10,v10 --epochs 5 --seed 1
  temdeep train data/atlantic_6hourly.nc -o run_march --to 2000-03-25T00 --log-dir runs/march
  temdeep train data/atlantic_6hourly.nc -o run_told --to 2000-03-24T18 --report run_told.html

then: temdeep downscale data/atlantic_6hourly.nc -o learnt_hourly.nc --step 1h --model run
"""

OPTIONS = {
    "epochs": (int, "passes over the series, at most"),
    "samples": (int, "intervals in an epoch"),
    "batch_size": (int, "intervals in a step"),
    "accumulate": (int, "parts of a step, one after the other: the same step in less memory"),
    "precision": (str, "float32, bf16 or, on a GPU, fp16: of the network's layers"),
    "learning_rate": (float, "highest of the schedule"),
    "held_out": (float, "share of the series, its end, that is held out"),
    "patience": (int, "epochs without gain on the held-out part before stopping"),
    "seed": (int, "of all that is random"),
}

METAVARS = {int: "N", float: "X", str: "NAME"}


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "train",
        help="learn from a coarse series",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_series_arguments(parser)
    part = parser.add_argument_group("part of the series")
    part.add_argument("--from", dest="first", metavar="TIME", help="first time to learn from")
    part.add_argument("--to", dest="last", metavar="TIME", help="last time to learn from")
    part.add_argument(
        "--every", type=int, default=1, metavar="K", help="take one time in K; the rest is not seen"
    )
    training = parser.add_argument_group("training (the defaults suit a few weeks on a CPU)")
    for name, (kind, told) in OPTIONS.items():
        option = f"--{name.replace('_', '-')}"
        training.add_argument(option, dest=name, type=kind, metavar=METAVARS[kind], help=told)
    training.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML with any setting of a training"
    )
    training.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="cpu, cuda, or auto, the default",
    )
    training.add_argument(
        "--processes",
        type=int,
        metavar="N",
        help="of this machine, which share the work, each a GPU or its part of the cores; 1 if not"
        " given. What torchrun or SLURM's srun has started joins by itself",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o", "--output", type=Path, required=True, metavar="RUN", help="folder for the model"
    )
    output.add_argument(
        "--overwrite", action="store_true", help="replace a model and a report that are there"
    )
    output.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="test the model on days that it has not learnt from, and write a page for people"
        " (.html)",
    )
    output.add_argument(
        "--log-dir", type=Path, metavar="FOLDER", help="for TensorBoard: losses, rates, pictures"
    )
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        TemdeepError: The series, the settings or the folder is at fault.
    """
    settings = _settings(arguments)
    logs = [] if arguments.log_dir is None else [arguments.log_dir]
    report: Path | None = arguments.report
    written = [arguments.output, *logs, *([] if report is None else [report])]
    refuse_inputs(written, arguments.sources, [arguments.static])
    processes = _processes(arguments)
    first = isinstance(processes, int) or processes.rank == 0
    if not first:
        report = None  # the first process writes it
    if report is not None:
        check_report(report, arguments.output, overwrite=arguments.overwrite)
    from temdeep.training.fit import train_run

    began = time.perf_counter()
    quiet = arguments.quiet or arguments.json or not first
    whole = open_from(arguments)
    series = _part(whole, arguments)
    tell_series(series, quiet=quiet)
    exam = None
    if report is not None:
        exam = prepare(report, whole, series, settings, arguments.every)
    with epochs_shown(quiet=quiet) as progress:
        trained = train_run(
            series,
            arguments.output,
            settings=settings,
            overwrite=arguments.overwrite,
            processes=processes,
            progress=progress,
            logs=arguments.log_dir,
            device=arguments.device,
            tell=teller(quiet=quiet),
        )
    if exam is not None:
        examine(exam, trained, quiet=quiet)
    seconds = time.perf_counter() - began
    if not first:
        return 0
    if arguments.json:
        told = {} if report is None else {"report": str(report)}
        tell_json({**summary(trained, series), **told, "wall_time_s": round(seconds, 3)})
    else:
        lines = summary_lines(trained, series)
        lines += [] if report is None else [f"{report}: how well it fills in what it has not seen."]
        tell([*lines, f"{seconds:.1f} s"], quiet=arguments.quiet)
    return 0


def _processes(arguments: argparse.Namespace) -> int | Processes:
    """How many to start, or which one this is of those that others have started."""
    from temdeep.cli.joining import started_by_others

    if arguments.processes is not None:
        return int(arguments.processes)
    return started_by_others() or 1


def _settings(arguments: argparse.Namespace) -> TrainingSettings:
    from temdeep.cli.configuration import read_settings
    from temdeep.training.settings import TrainingSettings

    said = {name: getattr(arguments, name) for name in OPTIONS}
    said = {name: value for name, value in said.items() if value is not None}
    return read_settings(TrainingSettings, file=arguments.config, said=said)


def _part(series: Series, arguments: argparse.Namespace) -> Series:
    """What is learnt from."""
    if arguments.first is not None or arguments.last is not None:
        series = series.between(arguments.first, arguments.last)
    return thinned(series, arguments.every)
