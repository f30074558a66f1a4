"""A field taken apart by scale: what of it lasts, and what is too small to.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor

from temdeep.network.neighbours import pad

SCALES = 3
"""How many details: of about one, two and four cells."""


LEAST_WATER = 1e-2
"""Rates, in units of r₀, that are as good as dry."""

MOST_LOG = 30.0
"""Beyond any rain."""

MOST_GAIN = 2.0
"""Most that rain is strengthened by, to keep its water."""


def details(fields: Tensor, *, cyclic: bool) -> Tensor:
    """What successive smoothings take away, at distances of 1, 2 and 4 cells.

        d_s = b_{s-1} - b_s,   b_s = b_{s-1} smoothed with weights ¼, ½, ¼, 2^{s-1} cells apart

    along rows and columns, from b_0 = x (the à trous wavelet transform).

    Args:
        fields: x, shape (batch, channel, y, x).
        cyclic: Whether the last column's neighbour is the first.

    Returns:
        Shape (SCALES, batch, channel, y, x).
    """
    found = []
    for scale in range(SCALES):
        apart = 2**scale
        wide = pad(fields, apart, cyclic=cyclic)
        rows = (wide[..., : -2 * apart, :] + wide[..., 2 * apart :, :]) / 4
        rows = rows + wide[..., apart:-apart, :] / 2
        smooth = (rows[..., : -2 * apart] + rows[..., 2 * apart :]) / 4
        smooth = smooth + rows[..., apart:-apart] / 2
        found.append(fields - smooth)
        fields = smooth
    return torch.stack(found)


def faded(logs: Tensor, shares: Tensor, *, cyclic: bool) -> Tensor:
    """Rain of which a share of the details is lost, and little of the water.

        y' = y - Σ_s f_s d_s(y),   r'' = r' b(r)/b(r')   with r = exp(y) - 1

    and b the smoothing over all `SCALES`. Without the second step rain would dry up where its cells
    blur: a mean of logarithms is below the logarithm of the mean.

    Args:
        logs: y = log(1 + r/r₀), shape (batch, channel, y, x).
        shares: f, shape (SCALES, batch, channel, y, x); where all are 0 the rain comes back bit for
            bit.
        cyclic: Whether the last column's neighbour is the first.

    Returns:
        log(1 + r''/r₀), shape of `logs`.
    """
    blurred = logs - (shares * details(logs, cyclic=cyclic)).sum(dim=0)
    before, after = logs.clamp(0, MOST_LOG).expm1(), blurred.clamp(0, MOST_LOG).expm1()
    smooth = _smooth(before, cyclic=cyclic) + LEAST_WATER
    gain = (smooth / (_smooth(after, cyclic=cyclic) + LEAST_WATER)).clamp(1 / MOST_GAIN, MOST_GAIN)
    return blurred + ((gain * after).log1p() - after.log1p())


def _smooth(fields: Tensor, *, cyclic: bool) -> Tensor:
    """What is left of a field without its details."""
    return fields - details(fields, cyclic=cyclic).sum(dim=0)
