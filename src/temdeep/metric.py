"""Cell sizes of a grid as arrays of metres: what turns grid offsets into motion.

Knows: NumPy. Must not know: xarray, torch, files.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GridMetric:
    """Distances between neighbouring cells.

    Attributes:
        dx_m: Eastward (or +x) distance to the next column, metres, shape (y, x), positive where
            columns run eastward.
        dy_m: Northward (or +y) distance to the next row, metres, shape (y, x), negative where rows
            run from north to south.
        cyclic: Whether the last column's eastern neighbour is the first.
    """

    dx_m: Float64Array
    dy_m: Float64Array
    cyclic: bool = False

    @classmethod
    def uniform(cls, cell_m: float, shape: tuple[int, int]) -> Self:
        """Square cells of one size, rows running northward."""
        return cls(np.full(shape, cell_m), np.full(shape, cell_m))

    @property
    def area_weights(self) -> Float64Array:
        """Cell areas divided by their mean, shape (y, x)."""
        area = np.abs(self.dx_m * self.dy_m)
        weights: Float64Array = area / area.mean()
        return weights

    @property
    def turning_per_m(self) -> Float64Array:
        """Angle by which the axes turn on a way of a metre, shape (y, x), radians per metre.

        That is the curvature of rows, |∂ dx/∂y| / dx, or of columns, whichever is larger: on
        latitudes and longitudes tan φ over the Earth's radius, about one over the distance to the
        pole; next to nothing on projections.
        """
        dx, dy = np.abs(self.dx_m), np.abs(self.dy_m)
        widening = [
            np.abs(np.gradient(size, axis=axis)) if size.shape[axis] > 1 else np.zeros_like(size)
            for size, axis in ((dx, 0), (dy, 1))
        ]
        turning: Float64Array = np.maximum(*widening) / np.maximum(dx * dy, 1.0)
        return turning
