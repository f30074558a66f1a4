"""The part of the globe that is kept.

Knows: coordinates and arrays. Must not know: the model, files.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Index = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Region:
    """A rectangle in degrees; longitudes may cross Greenwich from the west.

    Attributes:
        south, north: Latitudes between which rows are kept.
        west, east: Longitudes, likewise; none where the whole circle stays.
    """

    south: float
    north: float
    west: float
    east: float

    @property
    def is_global(self) -> bool:
        """Whether nothing is cut."""
        return self.east - self.west >= 360

    def cut(self, latitude: Array, longitude: Array) -> "Cut":
        """What of a grid lies in the region, in rows as they come and from west to east.

        Args:
            latitude: In degrees, shape (y,).
            longitude: Likewise, shape (x,), any turn of the circle.
        """
        rows = np.flatnonzero((latitude >= self.south) & (latitude <= self.north))
        eastwards = (longitude - self.west) % 360 + self.west
        columns = np.flatnonzero(eastwards <= self.east)
        columns = columns[np.argsort(eastwards[columns])]
        return Cut(rows, columns, latitude[rows], eastwards[columns])


@dataclass(frozen=True, eq=False)
class Cut:
    """The part of a grid.

    Attributes:
        rows, columns: Indices into the grid.
        latitude, longitude: In degrees, of those.
    """

    rows: Index
    columns: Index
    latitude: Array
    longitude: Array

    def __call__(self, field: Array) -> Array:
        """The part of a field of shape (…, y, x)."""
        return field[..., self.rows[:, None], self.columns]


REGIONS = {
    "globe": Region(south=-90, north=90, west=0, east=360),
    "atlantic": Region(south=20, north=76, west=-79, east=40),
}
