"""Moving fields by displacements in metres.

Knows: torch. Must not know: xarray, files.
"""

from collections.abc import Iterable
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from temdeep.network.machine import array, by_rows, kernels_for
from temdeep.network.neighbours import pad
from temdeep.network.window import Ground

LARGEST_SHIFT = 0.45
"""Most that a field is moved, as a share of the grid."""

MARGIN = 3
"""Cells around a field: further out all 16 neighbours of a place are the edge's value."""

BAND_VALUES = 2**16
"""Values that are moved at once, about: what is held on the way fits a processor's cache."""


def warp(fields: Tensor, east_m: Tensor, north_m: Tensor, ground: Ground) -> Tensor:
    """Take each cell's value from the place it came from, x(p - d), by bicubic interpolation.

    The weights are Catmull and Rom's, which keep planes and parabolas: those of PyTorch's
    `grid_sample` move a slope by up to a twentieth of a cell too far. A displacement of 0 returns
    the field bit for bit: whole cells are counted apart from the fraction, whose weights are then
    0, 1, 0 and 0.

    Places and weights are found once for all channels; as fields have a margin, the 16 neighbours
    of a place lie at the same distances from it everywhere; and rows go by bands, but not in a
    program that is exported, which does not know yet for how many times it is asked. Where no
    gradients are asked for, machine code does the same (`kernels.py`).

    Args:
        fields: x, shape (batch, channel, y, x).
        east_m: Eastward displacements d, metres, shape (batch, time, y, x).
        north_m: Northward displacements, likewise.
        ground: The grid.

    Returns:
        Shape (batch, time, channel, y, x); beyond an edge the edge's value goes on. NaN where a
        displacement is.
    """
    kernels = kernels_for(fields, east_m, north_m, ground.dx_m, ground.dy_m)
    if kernels is not None:
        return _by_machine(kernels, fields, east_m, north_m, ground)
    batch, channels, rows, columns = fields.shape
    around = pad(fields, MARGIN, cyclic=ground.cyclic)
    width = around.shape[-1]
    cells = around.flatten()
    layers = torch.arange(0, len(cells), around[0, 0].numel(), device=fields.device)
    layers = layers.reshape(batch, 1, channels, 1, 1)

    def moved(band: slice) -> Tensor:
        left, by_x = _shift(east_m[..., band, :], ground.dx_m[band], columns)
        top, by_y = _shift(north_m[..., band, :], ground.dy_m[band], rows)
        column = _columns_of(left, cyclic=ground.cyclic)
        row = _rows_of(top, band.start, rows)
        places = (row.mul_(width) + column)[:, :, None] + layers
        flat = places.flatten()

        def along(i: int) -> Tensor:
            found = (cells[i * width + j :].index_select(0, flat) for j in range(4))
            return _weighted_sum((one.view_as(places) for one in found), by_x)

        return _weighted_sum((along(i) for i in range(4)), by_y)

    if torch.compiler.is_compiling():
        return moved(slice(0, rows))
    values = max(channels * east_m.numel(), 1)
    step = max(BAND_VALUES * rows // values, 1)
    bands = (slice(first, min(first + step, rows)) for first in range(0, rows, step))
    return torch.cat([moved(band) for band in bands], dim=-2)


def _by_machine(
    kernels: ModuleType, fields: Tensor, east_m: Tensor, north_m: Tensor, ground: Ground
) -> Tensor:
    """What `warp` returns, from machine code."""
    batch, channels, rows, columns = fields.shape
    found = fields.new_empty(batch, east_m.shape[1], channels, rows, columns)
    given = array(fields), array(east_m), array(north_m), on_cells(ground)

    def work(first: int, last: int) -> None:
        kernels.warp(*given, (first, last), array(found))

    by_rows(work, rows, found.numel())
    return found


def on_cells(ground: Ground) -> tuple[object, ...]:
    """What machine code is told of a grid: cells, whether they go around, most that is moved."""
    rows, columns = ground.dx_m.shape
    return (
        *(array(ground.dx_m), array(ground.dy_m)),
        *(ground.cyclic, ground.cyclic and columns >= MARGIN),  # as `pad` does
        *(np.float32(LARGEST_SHIFT * columns), np.float32(LARGEST_SHIFT * rows)),
    )


def _shift(way_m: Tensor, size_m: Tensor, cells: int) -> tuple[Tensor, list[Tensor]]:
    """Whole cells to where fields came from, and the weights of four neighbours there.

    Args:
        way_m: Displacements along rows or columns, shape (batch, time, y, x).
        size_m: Of the cells, shape (y, x).
        cells: Of the grid in that direction.
    """
    shift = (way_m / -size_m).clamp(-LARGEST_SHIFT * cells, LARGEST_SHIFT * cells)
    whole = shift.detach().floor()
    return whole, [one[:, :, None] for one in _catmull_rom(shift - whole)]


def _columns_of(left: Tensor, *, cyclic: bool) -> Tensor:
    """The first of four columns, counted with the margin, from whole cells (…, y, x)."""
    columns = left.shape[-1]
    here = torch.arange(columns, device=left.device, dtype=torch.int32)
    if cyclic:
        left = left + here
        column = torch.sub(left, (left / columns).floor_(), alpha=columns).int()
    else:
        column = left.int() + here
    # what is no number has become some integer
    return column.clamp_(1 - MARGIN, columns).add_(MARGIN - 1)


def _rows_of(top: Tensor, first: int, rows: int) -> Tensor:
    """The first of four rows, counted with the margin, in a band that begins at a row."""
    here = torch.arange(first, first + top.shape[-2], device=top.device, dtype=torch.int32)
    return (top.int() + here[:, None]).clamp_(1 - MARGIN, rows).add_(MARGIN - 1)


def _weighted_sum(fields: Iterable[Tensor], weights: Iterable[Tensor]) -> Tensor:
    """Σ w x, one after the other, so that few are held at once."""
    terms = zip(fields, weights, strict=True)
    field, weight = next(terms)
    total = field * weight
    for field, weight in terms:
        total.addcmul_(field, weight)
    return total


def _catmull_rom(t: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights of the four neighbours at a fraction t between the inner two.

    w₀ = -½ t u²,   w₁ = u - 2w₀ + w₃,   w₂ = t - 2w₃ + w₀,   w₃ = -½ t² u,   u = 1 - t
    """
    u = 1 - t
    bow = -0.5 * t * u
    outer = (bow * u, bow * t)
    inner = (
        torch.sub(u, outer[0], alpha=2).add_(outer[1]),
        torch.sub(t, outer[1], alpha=2).add_(outer[0]),
    )
    return outer[0], inner[0], inner[1], outer[1]
