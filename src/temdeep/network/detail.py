"""A field taken apart by scale: what of it lasts, and what is too small to.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor

from temdeep.network.neighbours import pad

SCALES = 3
"""How many details: of about one, two and four cells."""


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
