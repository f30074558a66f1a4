"""Horizontal grids: latitude, longitude, cell sizes, and what is fixed to the ground.

Knows: xarray, pyproj. Must not know: torch, files.
"""

from dataclasses import dataclass

from temdeep.metric import Float64Array, GridMetric


@dataclass(frozen=True, eq=False)
class Grid:
    """A horizontal grid of cells in rows and columns.

    Attributes:
        y_dim, x_dim: Dimension names in the file.
        latitude, longitude: Degrees north and east of the cell centres, shape (y, x).
        metric: Cell sizes in metres.
        elevation_m: Height of the ground, shape (y, x), or None if not given.
        land_fraction: 0 (sea) to 1 (land), shape (y, x), or None if not given.
        uniform: False where rows and columns are not neighbours in space (stations, unstructured
            grids stored as one row): no motion, no convolution there.
    """

    y_dim: str
    x_dim: str
    latitude: Float64Array
    longitude: Float64Array
    metric: GridMetric
    elevation_m: Float64Array | None = None
    land_fraction: Float64Array | None = None
    uniform: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.latitude.shape
        return rows, columns
