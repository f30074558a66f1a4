"""How long a training waits for the disk where its series is larger than memory.

python -m benchmarks.speed.training_reading

What is held of the series is thrown out of the system's cache at each step, once with what the
next step needs asked for beforehand, once without. Seconds in which fields are read, of all.
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
LEARNING = replace(SETTINGS, epochs=2, samples=32, batch_size=4, patience=2)


@contextmanager
def out_of_cache(waits: list[float], *, asking: bool) -> Iterator[None]:
    """Forget what is held before the next step's fields are asked for; add up waiting times."""
    stores: list[Store] = []
    opened, ahead, fields = Store.__init__, TrainingRun._read_ahead, Cutter.fields

    def opening(store: Store, folder: Path | None = None) -> None:
        opened(store, folder)
        stores.append(store)

    def forgetting(run: TrainingRun, batch_index: int) -> None:
        for store in stores:
            os.fdatasync(store._file)
            os.posix_fadvise(store._file, 0, 0, os.POSIX_FADV_DONTNEED)
        if asking:
            ahead(run, batch_index)

    def waiting(cutter: Cutter, times: torch.Tensor, view: View) -> torch.Tensor:
        began = time.perf_counter()
        found = fields(cutter, times, view)
        waits.append(time.perf_counter() - began)
        return found

    with (
        patch.object(Store, "__init__", opening),
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
