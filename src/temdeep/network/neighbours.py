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
    rows = functional.pad(fields, (0, 0, cells, cells), mode="replicate")
    around = cyclic and cells <= fields.shape[-1]
    return functional.pad(rows, (cells, cells, 0, 0), mode="circular" if around else "replicate")
