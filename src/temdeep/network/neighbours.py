"""What lies beyond the edge of a grid.

Knows: torch. Must not know: xarray, files.
"""

from torch import Tensor
from torch.nn import functional


def pad(fields: Tensor, cells: int, *, cyclic: bool) -> Tensor:
    """Continue fields beyond the grid: around the globe, else with the value at the edge.

    Args:
        fields: Shape (batch, channel, y, x).
        cells: How far on each side.
        cyclic: Whether the last column's neighbour is the first.
    """
    padded = functional.pad(fields, (cells, cells, cells, cells), mode="replicate")
    if cyclic and cells <= fields.shape[-1]:
        padded[..., :cells] = padded[..., -2 * cells : -cells]
        padded[..., -cells:] = padded[..., cells : 2 * cells]
    return padded
