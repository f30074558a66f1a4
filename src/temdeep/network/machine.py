"""Where loops as machine code stand in for PyTorch's operations.

Knows: torch. Must not know: xarray, files.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from temdeep.compiling import kernels_of
from temdeep.metric import Float32Array

LEAST_VALUES = 2**16
"""Values worth a thread of their own."""


def kernels_for(*tensors: Tensor) -> ModuleType | None:
    """The loops, if they can take all of some tensors in place of PyTorch.

    They know single precision in main memory, and neither gradients nor programs that are traced.
    """
    if torch.compiler.is_compiling():
        return None
    if any(one.device.type != "cpu" or one.dtype != torch.float32 for one in tensors):
        return None
    if torch.is_grad_enabled() and any(one.requires_grad for one in tensors):
        return None
    return kernels_of("temdeep.network")


def array(tensor: Tensor) -> Float32Array:
    """A tensor's values in the order of its indices, without a copy if they lie so."""
    values: Float32Array = tensor.detach().contiguous().numpy()
    return values


def by_rows(work: Callable[[int, int], None], rows: int, values: int) -> None:
    """Give bands of rows to as many threads as PyTorch has.

    Args:
        work: Does the rows from one to another.
        rows: How many there are.
        values: How many are made in all of them.
    """
    threads = max(min(torch.get_num_threads(), rows, values // LEAST_VALUES), 1)
    if threads == 1:
        work(0, rows)
        return
    edges = np.linspace(0, rows, threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))
