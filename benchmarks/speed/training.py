"""Intervals that training takes a second, in one process and in two, with one thread each.

python -m benchmarks.speed.training SERIES RUN COUNT RANK PORT   is one of the processes.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from temdeep.fields.series import open_series
from temdeep.training.fit import train
from temdeep.training.processes import Processes
from temdeep.training.settings import TrainingSettings

EPOCHS = 5
SETTINGS = TrainingSettings(
    epochs=EPOCHS, samples=64, batch_size=8, patience=EPOCHS, without=("trial", "fallback")
)


@dataclass(frozen=True)
class Speed:
    """Of a training with one process or several, after the first epoch, which holds the start.

    Attributes:
        per_second: Intervals a second.
        per_core_second: Intervals a second of a core, in each epoch of the process that took
            most: what a machine shared with others would do if it were not.
    """

    per_second: float
    per_core_second: float


def speed(series: Path, folder: Path, count: int) -> Speed:
    """Train with some processes."""
    command = [sys.executable, "-m", "benchmarks.speed.training"]
    told = [text.split() for text in ended(start(command, series, folder, count))]
    intervals = SETTINGS.samples * (EPOCHS - 1)
    of_cores = zip(*(map(float, one[1:]) for one in told), strict=True)
    return Speed(intervals / float(told[0][0]), intervals / sum(map(max, of_cores)))


def start(
    command: Sequence[str], series: Path, folder: Path, count: int
) -> list[subprocess.Popen[str]]:
    """Start processes that train together: a command with series, run, count, rank and port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = [*command, str(series), str(folder / f"run_{count}"), str(count)]
    return [
        subprocess.Popen([*where, str(rank), str(port)], stdout=subprocess.PIPE, text=True)
        for rank in range(count)
    ]


def ended(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """The last line of each.

    Raises:
        RuntimeError: One has failed.
    """
    told = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"training with {len(processes)} processes failed")
    return [text.splitlines()[-1] for text in told]


def be_one(
    series: str,
    run: str,
    place: tuple[str, str, str],
    settings: Mapping[str, Any],
    ends: Callable[[int], None],
) -> None:
    """Be one of the processes.

    Args:
        series: What is learnt from.
        run: Folder for the model.
        place: How many there are, which this is, the port where they meet.
        settings: Changes of `SETTINGS`.
        ends: Told each epoch that ended.
    """
    torch.set_num_threads(1)
    told: set[int] = {0}

    def progress(epoch: int, _: int, __: str) -> None:
        if epoch not in told:
            told.add(epoch)
            ends(epoch)

    count, rank, port = map(int, place)
    together = Processes(count, rank, port=port)
    train(
        open_series(series),
        run,
        settings=replace(SETTINGS, **settings),
        processes=together,
        progress=progress,
        device="cpu",
    )


def main(series: str, run: str, *place: str) -> None:
    """Be one of the processes; print seconds, and seconds of a core for each epoch."""
    ends: list[tuple[float, float]] = []

    def progress(_: int) -> None:
        ends.append((time.perf_counter(), time.process_time()))

    count, rank, port = place
    be_one(series, run, (count, rank, port), {}, progress)
    cores = [later[1] - earlier[1] for earlier, later in pairwise(ends)]
    print(ends[-1][0] - ends[0][0], *cores)


if __name__ == "__main__":
    main(*sys.argv[1:])
