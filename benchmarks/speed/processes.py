"""Whole processes: seconds on the clock and peak memory, ours and theirs in turns."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Command = Callable[[Path], Sequence[str]]
"""From a path to write to, a command."""


WAIT = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Starts a process and waits for it. What starts a process counts in that one's peak memory, so it
must be small."""


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes:
        seconds: On the clock, from its start to its end.
        core_seconds: Of processors, waiting left out: else that runs hardly shows.
        peak_bytes: Most memory that it held.
    """

    seconds: float
    core_seconds: float
    peak_bytes: int


def run(command: Sequence[str]) -> Cost:
    """Run a process to its end.

    Raises:
        RuntimeError: It fails.
    """
    began = time.perf_counter()
    waiting = [sys.executable, "-I", "-S", "-c", WAIT, *command]
    done = subprocess.run(waiting, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    peak_kb, core_seconds = done.stdout.split()
    return Cost(time.perf_counter() - began, float(core_seconds), int(peak_kb) * 1024)


def in_turns(commands: dict[str, Command], folder: Path, rounds: int) -> dict[str, Cost]:
    """Run each command some times, in turns, and take the median.

    Args:
        commands: By name.
        folder: Where they write; what they wrote is removed before each turn.
        rounds: How many turns.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            costs[name].append(run(command(folder)))
    return {
        name: Cost(
            median(one.seconds for one in some),
            median(one.core_seconds for one in some),
            max(one.peak_bytes for one in some),
        )
        for name, some in costs.items()
    }


def temdeep(*arguments: str) -> list[str]:
    """Our own command line."""
    return [sys.executable, "-m", "temdeep", *arguments]
