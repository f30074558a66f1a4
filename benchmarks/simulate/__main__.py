"""The command `python -m benchmarks.simulate`."""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.simulate.errors import SimulationError
from benchmarks.simulate.patches import JCM_VERSION
from benchmarks.simulate.presets import PRESETS, Request
from benchmarks.simulate.regions import REGIONS
from benchmarks.simulate.run import simulate

DESCRIPTION = """\
Simulates an hourly atmosphere and writes it as one NetCDF file.

presets (what may be changed stands below):
  atlantic   T63 (1.875 degrees), day's cycle, 20-76 N 79 W-40 E, 63 + 38 days
  globe      T31 (3.75 degrees), day's cycle, 71 + 20 days
  smooth     T31, no day's cycle (pure motion), 61 + 45 days"""

EPILOG = f"""\
examples:
  python -m benchmarks.simulate atlantic
  python -m benchmarks.simulate globe --seed 7 --days 60 -o globe_long.nc
  python -m benchmarks.simulate smooth --truncation 63 --region atlantic --days 10

cost on one core: 2 to 4 s a simulated day at T31, 19 s at T63, and 1 to 2 min to compile; so 5 min
for smooth and for globe, 35 min for atlantic. Memory: 1.5 GB at T31, 3.5 GB at T63.

An interrupted run goes on from its last whole day when the same command is given again; its days
lie in the folder FILE.days until then. Needs the package jcm (pip install jcm=={JCM_VERSION}), best
in a virtual environment of its own."""

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Parse, simulate, and tell mistakes in one sentence."""
    parser = _parser()
    given = parser.parse_args(arguments)
    request = _request(given)
    target = given.output or Path(f"simulated_{given.preset}_seed{request.seed}.nc")
    typed = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "benchmarks.simulate", *typed])
    try:
        with _progress(request.spin_up_days + request.days, quiet=given.quiet) as show_done:
            simulate(
                request,
                target,
                name=given.preset,
                overwrite=given.overwrite,
                command=command,
                show_done=show_done,
            )
    except SimulationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: cannot write {error.filename or target}: {error.strerror}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from the last whole day.", file=sys.stderr)
        return INTERRUPTED
    print(f"written: {target}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.simulate",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("preset", choices=list(PRESETS))
    parser.add_argument("--truncation", type=int, choices=[31, 63], help="of the spectral model")
    parser.add_argument("--days", type=_whole_days, help="length of the series, in days")
    parser.add_argument(
        "--spin-up", type=_whole_days, help="days left out before it; storms need some 40 to grow"
    )
    parser.add_argument(
        "--diurnal",
        action=argparse.BooleanOptionalAction,
        help="let the sun rise and set, or keep SPEEDY's sun of the day's mean",
    )
    parser.add_argument("--region", choices=list(REGIONS), help="the part of the globe kept")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the noise in the start: another weather (1)"
    )
    parser.add_argument(
        "-o", "--output", type=Path, help="simulated_PRESET_seedN.nc, in this folder, unless given"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


def _request(given: argparse.Namespace) -> Request:
    changes = {
        "truncation": given.truncation,
        "days": given.days,
        "spin_up_days": given.spin_up,
        "diurnal": given.diurnal,
        "region": given.region,
        "seed": given.seed,
    }
    return replace(
        PRESETS[given.preset],
        **{name: value for name, value in changes.items() if value is not None},
    )


def _whole_days(text: str) -> int:
    days = int(text)
    if days < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least one whole day")
    return days


@contextmanager
def _progress(days: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar of simulated days on stderr; nothing where that is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda done: None  # noqa: ARG005 - the caller's own signature
        return
    from rich.console import Console  # noqa: PLC0415 - only for a terminal
    from rich.progress import (  # noqa: PLC0415 - likewise
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("simulated days"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=days)
        yield lambda done: progress.update(task, completed=done)


if __name__ == "__main__":
    sys.exit(main())
