"""Moving fields by displacements in metres.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor
from torch.nn import functional

from temdeep.network.neighbours import pad
from temdeep.network.window import Ground

LARGEST_SHIFT = 0.45
"""Most that a field is moved, as a share of the grid."""

MARGIN = 2
"""Cells that the bicubic kernel reaches beyond the grid."""


def warp(fields: Tensor, east_m: Tensor, north_m: Tensor, ground: Ground) -> Tensor:
    """Take each cell's value from the place it came from, x(p - d), by bicubic interpolation.

    Sampling at the displaced place and at the place itself are subtracted, so that a displacement
    of 0 returns the field bit for bit, whatever the rounding of coordinates.

    Args:
        fields: x, shape (batch, channel, y, x).
        east_m: Eastward displacement d, metres, shape (batch, y, x).
        north_m: Northward displacement, likewise.
        ground: The grid.

    Returns:
        Shape of `fields`; beyond an edge the edge's value goes on.
    """
    rows, columns = fields.shape[-2:]
    reach = max(1, int(LARGEST_SHIFT * columns)) + MARGIN if ground.cyclic else MARGIN
    around = pad(fields, reach, cyclic=ground.cyclic)
    across = (east_m / ground.dx_m).clamp(-LARGEST_SHIFT * columns, LARGEST_SHIFT * columns)
    along = (north_m / ground.dy_m).clamp(-LARGEST_SHIFT * rows, LARGEST_SHIFT * rows)
    own_y, own_x = torch.meshgrid(
        torch.arange(rows, device=fields.device, dtype=fields.dtype) + reach,
        torch.arange(columns, device=fields.device, dtype=fields.dtype) + reach,
        indexing="ij",
    )
    moved = _sample(around, own_x - across, own_y - along)
    unmoved = _sample(around, own_x.expand_as(across), own_y.expand_as(along))
    return fields + (moved - unmoved)


def _sample(fields: Tensor, column: Tensor, row: Tensor) -> Tensor:
    """Bicubic values at fractional rows and columns (batch, y, x)."""
    rows, columns = fields.shape[-2:]
    places = torch.stack([2 * column / (columns - 1) - 1, 2 * row / (rows - 1) - 1], dim=-1)
    return functional.grid_sample(
        fields, places, mode="bicubic", padding_mode="border", align_corners=True
    )
