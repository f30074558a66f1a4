"""Sums over channels and frames that do not depend, in use, on how many threads there are.

PyTorch gives such sums to matrix products, which add in an order of their own for each number of
threads. All else that a network does is the same for any number, to the bit. Where something is
learnt, PyTorch's own sums stay: there the order of many more of them matters.

Knows: torch. Must not know: what is summed, xarray, files.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

AT_ONCE = 2**19
"""Values that are summed at once: few enough to stay near the processor."""


def heads_of(heads: Sequence[nn.Conv2d], fields: Tensor) -> list[Tensor]:
    """What convolutions of single places make of the same fields.

    PyTorch gives one of these to oneDNN where it has several threads, and to a matrix product where
    it has one. A dilated one goes to oneDNN always, which sums a place's channels in one thread and
    in one order; and a single place is the same dilated. Together they go through the fields once.

    Args:
        heads: All with a bias, or none.
        fields: Shape (batch, channel, y, x).
    """
    if torch.is_grad_enabled():
        return [head(fields) for head in heads]
    weight = torch.cat([head.weight for head in heads])
    biases = [head.bias for head in heads if head.bias is not None]
    joined = functional.conv2d(fields, weight, torch.cat(biases) if biases else None, dilation=2)
    return list(torch.split(joined, [head.out_channels for head in heads], dim=1))


def weighted(weights: Tensor, fields: Tensor) -> Tensor:
    """Fields of a batch summed with other weights at each time.

    Args:
        weights: Shape (batch, time, k).
        fields: Shape (batch, k, channel, y, x).

    Returns:
        Shape (batch, time, channel, y, x).
    """
    if torch.is_grad_enabled():
        return torch.einsum("btk,bkcyx->btcyx", weights, fields)
    if torch.compiler.is_exporting():  # for any number of times
        return _summed(weights, fields, None)
    batch, times, _ = weights.shape
    total = fields.new_empty((batch, times, *fields.shape[2:]))
    step = max(AT_ONCE // fields[:, 0].numel(), 1)
    for begin in range(0, times, step):
        some = slice(begin, begin + step)
        _summed(weights[:, some], fields, total[:, some])
    return total


def _summed(weights: Tensor, fields: Tensor, out: Tensor | None) -> Tensor:
    """One after the other, so that the order is always the same."""
    first, *others = weights[..., None, None, None].unbind(2)
    total = torch.mul(first, fields[:, None, 0], out=out)
    for k, weight in enumerate(others, 1):
        total += weight * fields[:, None, k]
    return total
