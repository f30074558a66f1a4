"""Whether a network's pass is faster with channels last in memory, or compiled by PyTorch.

    python -m benchmarks.speed.layouts RUN [--size 181 360] [--rounds 5]

Seconds of one core for the inner layers of a trained model, in turns in one process, the least of
some rounds each, and what each differs from the layers as they are. What compiling takes the first
time is not among them, and told.
"""

import argparse
import copy
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from temdeep.errors import RequestError
from temdeep.methods.learnt import Learnt
from temdeep.model_store import load_method
from temdeep.network.architecture import InterpolationNetwork

Pass = Callable[[Tensor], list[Tensor]]


def ways(network: InterpolationNetwork) -> dict[str, Pass]:
    """The layers between features and heads, in each way."""
    last = copy.deepcopy(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    plain: Pass = partial(network._heads, cyclic=False)
    turned: Pass = partial(last._heads, cyclic=False)

    def channels_last(features: Tensor) -> list[Tensor]:
        return turned(features.contiguous(memory_format=torch.channels_last))

    return {
        "as it is": plain,
        "channels last": channels_last,
        "compiled": torch.compile(plain),
        "compiled, channels last": torch.compile(channels_last),
    }


def compare(model: Learnt, size: tuple[int, int], rounds: int) -> None:
    """Print seconds, ratios and differences."""
    torch.manual_seed(0)
    features = torch.randn(1, model.network.features.size, *size)
    made: dict[str, Tensor] = {}
    first: dict[str, float] = {}
    best: dict[str, float] = {}
    found = ways(model.network)
    for number in range(rounds + 1):
        for name, forward in found.items():
            began = time.process_time(), time.perf_counter()
            with torch.inference_mode():
                made[name] = torch.cat([one.flatten() for one in forward(features)])
            seconds = time.process_time() - began[0]
            if number == 0:
                first[name] = time.perf_counter() - began[1]
            else:
                best[name] = min(seconds, best.get(name, seconds))
    wanted = made["as it is"]
    print(f"{size[0]} x {size[1]}, {len(model.channels)} channels, torch {torch.__version__}")
    for name, seconds in best.items():
        off = float((made[name] - wanted).abs().max() / wanted.std())
        times = best["as it is"] / seconds
        print(
            f"{name:24} {seconds:.4f} s, x{times:.2f}, first {first[name]:.1f} s, off {off:.0e} σ"
        )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--size", type=int, nargs=2, default=(181, 360))
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = load_method(asked.run)
    if not isinstance(model, Learnt):
        raise RequestError(f"{asked.run} holds no network alone: give the folder of a training.")
    compare(model, tuple(asked.size), asked.rounds)


if __name__ == "__main__":
    main()
