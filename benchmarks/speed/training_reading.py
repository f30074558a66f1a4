"""How long a training waits for the disk where its series is larger than memory.

python -m benchmarks.speed.training_reading

What is held of the series is thrown out of the system's cache at each step, but for what was asked
for during the step before: once with asking, once without. Seconds in which fields are read, of
all.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import torch
from benchmarks.speed.series import make
from benchmarks.speed.training import SETTINGS

from temdeep.fields.series import open_series
from temdeep.training.fit import train
from temdeep.training.held import Store
from temdeep.training.module import TrainingRun
from temdeep.training.samples import Cutter, View

SIZE = (721, 1440, 60)
LEARNING = replace(SETTINGS, epochs=2, samples=16, batch_size=4, patience=2)


@contextmanager
def out_of_cache(waits: list[float], *, asking: bool) -> Iterator[None]:
    """Forget what was not asked for, and add up waiting times."""
    stores: list[Store] = []
    asked: list[tuple[int, int]] = []
    opened, ahead, fields = Store.__init__, TrainingRun._read_ahead, Cutter.fields
    advised = Store.read_ahead

    def opening(store: Store, folder: Path | None = None) -> None:
        opened(store, folder)
        stores.append(store)

    def noting(store: Store, place: int, size: int) -> None:
        asked.append((place, place + size))
        advised(store, place, size)

    def forgetting(run: TrainingRun, batch_index: int) -> None:
        for store in stores:
            os.fdatasync(store._file)
            ends = [0, *(end for part in sorted(asked) for end in part), store._end]
            for first, stop in zip(ends[::2], ends[1::2], strict=True):
                if stop > first:
                    os.posix_fadvise(store._file, first, stop - first, os.POSIX_FADV_DONTNEED)
        asked.clear()
        if asking:
            ahead(run, batch_index)

    def waiting(cutter: Cutter, times: torch.Tensor, view: View) -> torch.Tensor:
        began = time.perf_counter()
        found = fields(cutter, times, view)
        waits.append(time.perf_counter() - began)
        return found

    with (
        patch.object(Store, "__init__", opening),
        patch.object(Store, "read_ahead", noting),
        patch.object(TrainingRun, "_read_ahead", forgetting),
        patch.object(Cutter, "fields", waiting),
    ):
        yield


def main() -> int:
    """Print both.

    Returns:
        The exit code.
    """
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        source = open_series(make(Path(name) / "series.zarr", *SIZE))
        for asking in (True, False):
            waits: list[float] = []
            began = time.perf_counter()
            with out_of_cache(waits, asking=asking):
                run = Path(name) / f"run_{asking}"
                train(source, run, settings=LEARNING, device="cpu")
            told = "asked for beforehand" if asking else "not asked for"
            print(f"{told}: {sum(waits):.2f} s of {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
