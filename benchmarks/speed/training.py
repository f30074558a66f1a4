"""Intervals that training takes a second, in one process and in two, with one thread each.

python -m benchmarks.speed.training SERIES RUN COUNT RANK PORT   is one of the processes.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path

import torch

from temdeep.fields.series import open_series
from temdeep.training.fit import train
from temdeep.training.processes import Processes
from temdeep.training.settings import TrainingSettings

EPOCHS = 5
SETTINGS = TrainingSettings(
    epochs=EPOCHS, samples=64, batch_size=8, patience=EPOCHS, without=("trial", "fallback")
)


def intervals_per_second(series: Path, folder: Path, count: int) -> float:
    """Train with some processes; the first epoch, which holds the start, does not count."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.speed.training", str(series)]
    run = folder / f"run_{count}"
    processes = [
        subprocess.Popen(
            [*command, str(run), str(count), str(rank), str(port)], stdout=subprocess.PIPE
        )
        for rank in range(count)
    ]
    told = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"training with {count} processes failed")
    return float(told[0].split()[-1])


def main(series: str, run: str, count: str, rank: str, port: str) -> None:
    """Be one of the processes; the first prints what it measured."""
    torch.set_num_threads(1)
    ends: list[float] = []

    def progress(epoch: int, _: int, __: str) -> None:
        if epoch > len(ends):
            ends.append(time.perf_counter())

    together = Processes(int(count), int(rank), port=int(port))
    train(
        open_series(series),
        run,
        settings=SETTINGS,
        processes=together,
        progress=progress,
        device="cpu",
    )
    if rank == "0":
        print(SETTINGS.samples * (len(ends) - 1) / (ends[-1] - ends[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
