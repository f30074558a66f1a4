"""Where the cells of a HEALPix grid are, from their numbers.

Knows: NumPy. Must not know: xarray, files.
"""

import numpy as np
import numpy.typing as npt

from temdeep.metric import Float64Array

Int64Array = npt.NDArray[np.int64]

_FACE_RING = np.array([2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4])
_FACE_COLUMN = np.array([1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7])
ORDERS = ("ring", "nested")


def places(nside: int, order: str, cells: Int64Array) -> tuple[Float64Array, Float64Array]:
    """Latitude and longitude of cell centres.

    In the r-th of 4 N - 1 rings from the north pole, sin φ = 1 - r²/(3 N²) for r < N,
    (4 N - 2 r)/(3 N) up to r = 3 N, and as in the north beyond.

    Args:
        nside: N, cells along a side of each of the twelve faces; a power of two if nested.
        order: One of `ORDERS`.
        cells: Cell numbers from 0, shape (cell,).

    Returns:
        Degrees north and degrees east in [0, 360), shape (cell,) each.

    References:
        Górski et al. (2005), doi:10.1086/427976.
    """
    ring, column = (_of_nested if order == "nested" else _of_ring)(nside, cells)
    near = np.minimum(np.minimum(ring, 4 * nside - ring), nside)  # columns in a quarter of the ring
    cap = 1 - near**2 / (3 * nside**2)
    sine = np.where(
        near < nside, np.sign(2 * nside - ring) * cap, (4 * nside - 2 * ring) / 3 / nside
    )
    shifted = (near == nside) & ((ring - nside) % 2 == 1)
    longitude = (column - np.where(shifted, 1.0, 0.5)) * 90 / near
    return np.degrees(np.arcsin(sine)), longitude % 360


def _quarter(nside: int, ring: Int64Array) -> Int64Array:
    """How many cells a quarter of a ring has."""
    return np.minimum(np.minimum(ring, 4 * nside - ring), nside)


def _of_ring(nside: int, cells: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Ring and column, both from 1, of cells numbered along the rings."""
    count, in_cap = 12 * nside**2, 2 * nside * (nside - 1)
    south = cells >= count - in_cap
    from_pole = np.where(south, count - 1 - cells, cells)
    ring = ((1 + np.sqrt(1 + 2 * np.minimum(from_pole, in_cap))) / 2).astype(np.int64)
    column = from_pole + 1 - 2 * ring * (ring - 1)
    column = np.where(south, 4 * ring + 1 - column, column)
    beyond = cells - in_cap
    middle = (beyond >= 0) & ~south
    ring = np.where(south, 4 * nside - ring, ring)
    ring = np.where(middle, beyond // (4 * nside) + nside, ring)
    return ring, np.where(middle, beyond % (4 * nside) + 1, column)


def _of_nested(nside: int, cells: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Ring and column, both from 1, of cells numbered face by face, quarter by quarter."""
    face, rest = np.divmod(cells, nside**2)
    x, y = np.zeros_like(rest), np.zeros_like(rest)
    for bit in range(nside.bit_length()):
        x |= ((rest >> (2 * bit)) & 1) << bit
        y |= ((rest >> (2 * bit + 1)) & 1) << bit
    ring = _FACE_RING[face] * nside - x - y - 1
    near = _quarter(nside, ring)
    shift = np.where(near == nside, (ring - nside) % 2, 0)
    column = (_FACE_COLUMN[face] * near + x - y + 1 + shift) // 2
    return ring, np.where(column < 1, column + 4 * near, column)
