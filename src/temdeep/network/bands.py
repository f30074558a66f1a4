"""Large fields in bands of rows, each with the rows beside it that its result depends on.

Columns stay whole: they may go around the globe.

Knows: torch. Must not know: xarray, files.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def by_bands(
    local: Callable[[Tensor], Sequence[Tensor]], fields: Tensor, *, rows: int, halo: int
) -> list[Tensor]:
    """Apply what looks only some rows far, band by band, so that fewer values are held at once.

    Args:
        local: From fields (…, y, x) to results (…, y, x) with as many rows and columns.
        fields: Of the whole grid.
        rows: Of a band.
        halo: How many rows far a result depends on the fields. Bands begin and end at even rows,
            if `rows` and `halo` are even: what joins rows two by two joins the same ones.

    Returns:
        The results for the whole grid: those of `local` to rounding.
    """
    count = fields.shape[-2]
    parts = []
    for first in range(0, count, rows):
        begin, end = max(first - halo, 0), min(first + rows + halo, count)
        own = slice(first - begin, min(first + rows, count) - begin)
        parts.append([one[..., own, :] for one in local(fields[..., begin:end, :])])
    return [torch.cat(some, dim=-2) for some in zip(*parts, strict=True)]
