"""Over what distance errors go together, from errors at scattered places.

Knows: arrays, places on the Earth. Must not know: series, methods.
"""

import numpy as np

from temdeep.fields.grids import distance_m
from temdeep.metric import Float64Array

BINS = 24
"""Classes of distance, from the nearest pair to half of the farthest, evenly in the logarithm."""

NOTHING = 0.1
"""Correlations from the first below this on are not looked at: they are chance."""

LENGTHS = 80
"""So many lengths are tried."""

FEWEST = 10
"""Places, at least."""


def error_length_m(
    errors: Float64Array, latitude: Float64Array, longitude: Float64Array
) -> float | None:
    """L of the correlation exp(-d² / 2L²) that is nearest to that of some errors.

    Args:
        errors: Of like size everywhere, NaN where unknown, shape (case, place).
        latitude: Of the places, degrees, shape (place,).
        longitude: Likewise.

    Returns:
        Metres; None with too few places, or where nothing is known.
    """
    known = np.isfinite(latitude) & np.isfinite(longitude) & np.isfinite(errors).any(axis=0)
    if known.sum() < FEWEST:
        return None
    told = np.isfinite(errors[:, known])
    values = np.where(told, errors[:, known], 0.0)
    counts = told.T.astype(np.float64) @ told
    with np.errstate(invalid="ignore", divide="ignore"):
        together = values.T @ values / counts
    lat, lon = latitude[known], longitude[known]
    apart = distance_m(lat[:, None], lon[:, None], lat, lon)
    pairs = np.triu(np.isfinite(together), k=1) & (apart > 0)
    alone = float(np.nanmean(np.diag(together)))
    if not pairs.any() or not alone > 0:
        return None
    distance, correlation = apart[pairs], together[pairs] / alone
    nearest, farthest = float(distance.min()), float(distance.max())
    edges = np.geomspace(nearest, max(farthest / 2, 2 * nearest), BINS + 1)
    place = np.searchsorted(edges, distance, side="right") - 1
    rows = [
        (float(distance[place == one].mean()), float(correlation[place == one].mean()))
        for one in range(BINS)
        if (place == one).any()
    ]
    at, found = np.array(rows).T
    small = np.flatnonzero(found < NOTHING)
    stop = int(small[0]) + 1 if len(small) else len(found)
    tried = np.geomspace(nearest / 4, farthest, LENGTHS)
    expected = np.exp(-0.5 * (at[:stop] / tried[:, None]) ** 2)
    return float(tried[((expected - found[:stop]) ** 2).sum(axis=1).argmin()])
