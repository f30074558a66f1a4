"""Moving fields by displacements in metres.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor

from temdeep.network.window import Ground

LARGEST_SHIFT = 0.45
"""Most that a field is moved, as a share of the grid."""


def warp(fields: Tensor, east_m: Tensor, north_m: Tensor, ground: Ground) -> Tensor:
    """Take each cell's value from the place it came from, x(p - d), by bicubic interpolation.

    The weights are Catmull and Rom's, which keep planes and parabolas: those of PyTorch's
    `grid_sample` move a slope by up to a twentieth of a cell too far. A displacement of 0 returns
    the field bit for bit: whole cells are counted apart from the fraction, whose weights are then
    0, 1, 0 and 0.

    Args:
        fields: x, shape (batch, channel, y, x).
        east_m: Eastward displacement d, metres, shape (batch, y, x).
        north_m: Northward displacement, likewise.
        ground: The grid.

    Returns:
        Shape of `fields`; beyond an edge the edge's value goes on.
    """
    rows, columns = fields.shape[-2:]
    across = (-east_m / ground.dx_m).clamp(-LARGEST_SHIFT * columns, LARGEST_SHIFT * columns)
    along = (-north_m / ground.dy_m).clamp(-LARGEST_SHIFT * rows, LARGEST_SHIFT * rows)
    left, top = across.floor(), along.floor()
    column = torch.arange(columns, device=fields.device) + left.long()
    row = torch.arange(rows, device=fields.device)[:, None] + top.long()
    cells = fields.flatten(2)
    total = torch.zeros_like(cells)
    for i, by_y in enumerate(_catmull_rom(along - top), start=-1):
        first = (row + i).clamp(0, rows - 1) * columns
        for j, by_x in enumerate(_catmull_rom(across - left), start=-1):
            beside = column + j
            beside = beside % columns if ground.cyclic else beside.clamp(0, columns - 1)
            place = (first + beside).flatten(1)[:, None].expand(-1, fields.shape[1], -1)
            total = total + (by_y * by_x).flatten(1)[:, None] * cells.gather(2, place)
    return total.reshape(fields.shape)


def _catmull_rom(t: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights of the four neighbours at a fraction t between the inner two."""
    return (
        -0.5 * t + t**2 - 0.5 * t**3,
        1 - 2.5 * t**2 + 1.5 * t**3,
        0.5 * t + 2 * t**2 - 1.5 * t**3,
        -0.5 * t**2 + 0.5 * t**3,
    )
