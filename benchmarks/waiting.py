"""How long one waits: for the first word of a command, and for all that the tutorial runs.

    python -m benchmarks.waiting [--tutorial] [--into docs/scaling.md]

Whole processes in turns; the least of some rounds is what they take, since whatever else the
machine does only adds to it. The tutorial is followed once: its blocks run as printed, in a folder
beside the repository's data, each command as a process of its own.
"""

import argparse
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.blocks import replace_block
from tests.docs.blocks import blocks_of, commands_of

from temdeep.checkout import checkout_commit

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.md"
ROUNDS = 9
STARTS: dict[str, tuple[tuple[str, ...], float | None]] = {
    "Python, doing nothing": (("-c", "pass"), None),
    "`temdeep --help`": (("-m", "temdeep", "--help"), 0.5),
    "`import temdeep`": (("-c", "import temdeep"), 1.0),
}
"""What is started, and the most seconds that it should take."""


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, put into a page.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tutorial", action="store_true", help="run the tutorial, too; minutes")
    parser.add_argument("--into", type=Path, metavar="FILE", help="page with marks for the tables")
    asked = parser.parse_args(words)
    load = os.getloadavg()[0]
    tables = {"start-table": start_table()}
    if asked.tutorial:
        tables["tutorial-table"] = tutorial_table()
    for name, lines in tables.items():
        text = "\n".join([*lines, "", _made(load, tutorial=asked.tutorial)])
        print(text + "\n")
        if asked.into is not None:
            filled = replace_block(asked.into.read_text(encoding="utf-8"), name, text)
            asked.into.write_text(filled, encoding="utf-8")
    return 0


def start_table() -> list[str]:
    """Seconds that starting takes, with what was aimed at."""
    taken: dict[str, list[float]] = {name: [] for name in STARTS}
    for _ in range(ROUNDS + 1):
        for name, (arguments, _) in STARTS.items():
            taken[name].append(timed(partial(_quietly, arguments)))
    lines = ["| what | least (s) | median (s) | aim (s) |", "| --- | ---: | ---: | ---: |"]
    for name, (_, aim) in STARTS.items():
        counted = taken[name][1:]  # the first round finds nothing in the system's memory
        met = "" if aim is None or min(counted) < aim else " (missed)"
        told = "–" if aim is None else f"under {aim:g}{met}"
        lines.append(f"| {name} | {min(counted):.2f} | {median(counted):.2f} | {told} |")
    return lines


def tutorial_table() -> list[str]:
    """Seconds of each block of the tutorial that runs, and of all."""
    lines = ["| command | seconds |", "| --- | ---: |"]
    total = 0.0
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "data").symlink_to(ROOT / "data")
        for block in blocks_of(TUTORIAL):
            if block.language == "python":
                steps = [("a few lines of Python", [sys.executable, "-c", block.text])]
            elif block.language == "console":
                steps = [(f"`{_short(one)}`", command_of(one)) for one in commands_of(block.text)]
            else:
                continue
            for told, command in steps:
                seconds = timed(partial(_follow, command, here))
                total += seconds
                lines.append(f"| {told} | {seconds:.0f} |")
    return [*lines, f"| **all** ({total / 60:.1f} minutes) | {total:.0f} |"]


def _short(command: str) -> str:
    """A command's name and what it is done to."""
    words = command.split()
    return " ".join(words[:3]) + (" …" if len(words) > 3 else "")


def command_of(text: str) -> list[str]:
    """A line of a page as a process of this Python."""
    program, *words = shlex.split(text)
    assert program == "temdeep", text  # noqa: S101 - a page of ours
    return [sys.executable, "-m", "temdeep", *words]


def _follow(command: Sequence[str], folder: Path) -> None:
    """Run a command to its end, the viewer until its page can be opened."""
    if "view" not in command:
        subprocess.run(command, cwd=folder, env=_environment(), check=True, capture_output=True)
        return
    options = ["--no-browser", "--port", "0"]
    with subprocess.Popen(
        [*command, *options], cwd=folder, env=_environment(), stdout=subprocess.PIPE, text=True
    ) as viewer:
        for line in viewer.stdout or ():
            if "http://" in line:
                break
        viewer.terminate()


def _quietly(arguments: Sequence[str]) -> None:
    command = [sys.executable, *arguments]
    subprocess.run(command, env=_environment(), check=True, capture_output=True)


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _environment() -> dict[str, str]:
    """This checkout's package."""
    packages = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": packages}


def _made(load: float, *, tutorial: bool) -> str:
    """Where and when, and how many processes of others ran there before."""
    options = " --tutorial" if tutorial else ""
    machine = f"{platform.machine()}, {os.cpu_count()} cores with a load of {load:.0f}"
    python = f"Python {platform.python_version()}"
    when = f"{datetime.now(UTC):%Y-%m-%d} at {str(checkout_commit())[:9]}"
    return f"<sub>`python -m benchmarks.waiting{options}` on {machine}, {python}; {when}.</sub>"


if __name__ == "__main__":
    sys.exit(main())
