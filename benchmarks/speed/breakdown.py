"""What an interval of one moving variable costs a model, in seconds of one core, by what is done.

    python -m benchmarks.speed.breakdown

RIFE, where it is installed, stands beside it. What bounds it shows from how near the network comes
to the arithmetic of a product of matrices, and rendering to the bytes of a copy, on the same core.
Files are made up, and removed at the end.
"""

import functools
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import torch
from benchmarks.science.opponents import rife
from benchmarks.speed import networks
from torch.utils.flop_counter import FlopCounterMode

from temdeep.errors import RequestError
from temdeep.methods import learnt
from temdeep.methods.context import trim_context
from temdeep.model_store import load_method
from temdeep.network.architecture import InterpolationNetwork
from temdeep.network.features import Features

SIZES = ((181, 360), (721, 1440))
PARTS: dict[str, tuple[object, str]] = {
    "network and features": (InterpolationNetwork, "forward"),
    "of these features": (Features, "forward"),
    "rendering": (learnt, "render"),
    "classical motion": (learnt, "classical_motion"),
}
"""Functions whose seconds are counted, by what they do."""


@contextmanager
def counting(spent: dict[str, float]) -> Iterator[None]:
    """Add up the seconds of one core that go into each of `PARTS`."""

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*given: object, **named: object) -> object:
            began = time.process_time()
            try:
                return function(*given, **named)
            finally:
                spent[name] += time.process_time() - began

        return timed

    patches = [
        patch.object(where, name, counted(told, getattr(where, name)))
        for told, (where, name) in PARTS.items()
    ]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def best(work: Callable[[], object], rounds: int = 5) -> float:
    """Least seconds of one core."""
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def bounds() -> tuple[float, float]:
    """What this core can do: operations a second of a matrix product, bytes a second of a copy."""
    matrix = torch.rand(2048, 2048)
    field = torch.rand(64 * 2**20)
    into = torch.empty_like(field)
    products = 2 * 2048**3 / best(lambda: matrix @ matrix)
    return products, 2 * field.nbytes / best(lambda: into.copy_(field))


def main() -> int:
    """Print seconds by what is done, at each size.

    Returns:
        The exit code.
    """
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    lead = np.arange(1, networks.OUTPUTS + 1) / (networks.OUTPUTS + 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rows, columns in SIZES:
            model = load_method(networks.brief_training(folder, rows * columns))
            interval = networks.interval(folder, rows, columns, model)
            model.fill(interval, lead[:1])  # loads what moves fields, once in a process
            spent: dict[str, float] = defaultdict(float)
            began = time.process_time()
            with counting(spent):
                model.fill(interval, lead)
            spent["all"] = time.process_time() - began
            with FlopCounterMode(display=False) as counter:
                model.fill(interval, lead)
            products, copied = bounds()
            layers = spent["network and features"] - spent["of these features"]
            rate = counter.get_total_flops() / layers
            moved = 4 * rows * columns * len(lead) / spent["rendering"]
            try:
                other = rife.build()
            except RequestError as error:
                print(f"RIFE is left out: {error}")
            else:
                began = time.process_time()
                other.fill(trim_context(interval, 1), lead)
                spent["RIFE"] = time.process_time() - began
            print(f"{rows} x {columns}, {len(lead)} output times, seconds of one core:")
            for told, seconds in spent.items():
                print(f"  {told:22}{seconds:8.3f}")
            print(
                f"  layers: {rate / 1e9:.0f} GFLOP/s, a matrix product {products / 1e9:.0f};"
                f" rendering writes {moved / 1e6:.0f} MB/s, a copy moves {copied / 1e6:.0f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
