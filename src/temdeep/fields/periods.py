"""Periods: joined into longer ones, and extremes taken apart into shorter ones.

Knows: arrays. Must not know: xarray, torch, files.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from temdeep.fields.variables import Kind
from temdeep.metric import Float64Array, FloatArray

Values = npt.NDArray[Any]


def join(values: Values, lengths: Values, kind: Kind) -> Values:
    """Join periods into one: their sum, mean weighted by length, maximum or minimum.

    Args:
        values: Shape (period, …); NumPy or dask.
        lengths: Lengths of the periods in any one unit, shape (period,).
        kind: A kind of period.

    Returns:
        Shape (…); NaN where any of the periods is missing.

    Raises:
        ValueError: The kind is that of no period.
    """
    joined: Values
    if kind is Kind.SUM:
        joined = values.sum(axis=0)
    elif kind is Kind.MEAN:
        weights = np.asarray(lengths, dtype=np.float64) / np.sum(lengths)
        joined = (values * weights.reshape(-1, *(1,) * (values.ndim - 1))).sum(axis=0)
    elif kind is Kind.MAXIMUM:
        joined = values.max(axis=0)
    elif kind is Kind.MINIMUM:
        joined = values.min(axis=0)
    else:
        raise ValueError(f"{kind} values hold for no period and cannot be joined")
    return joined


def _nearest(profiles: Iterable[FloatArray], kind: Kind) -> npt.NDArray[np.intp]:
    """Which part comes nearest to the extreme of the whole, the first of several.

    Args:
        profiles: First estimates of some parts after the other, shape (part, …) each.
        kind: Maximum or minimum.

    Raises:
        ValueError: Neither maximum nor minimum.
    """
    if kind not in (Kind.MAXIMUM, Kind.MINIMUM):
        raise ValueError(f"{kind} is no extreme")
    upward = kind is Kind.MAXIMUM
    worst = -np.inf if upward else np.inf
    best, nearest, first = None, np.zeros((), np.intp), 0
    for profile in profiles:
        known = np.where(np.isnan(profile), worst, profile)
        k = (known.argmax if upward else known.argmin)(axis=0)
        value = np.take_along_axis(known, k[None], axis=0)[0]
        if best is None:
            best, nearest = value, k
        else:
            better = value > best if upward else value < best
            best, nearest = np.where(better, value, best), np.where(better, k + first, nearest)
        first += len(profile)
    return nearest


def _pinned(
    profile: FloatArray, extreme: FloatArray, kind: Kind, nearest: npt.NDArray[np.intp]
) -> FloatArray:
    """Parts brought in line; which of these is the nearest, where it is one of them."""
    bounded = (np.minimum if kind is Kind.MAXIMUM else np.maximum)(profile, extreme[None])
    bounded = np.where(np.isnan(profile), extreme[None], bounded)
    here = np.arange(len(profile)).reshape(-1, *(1,) * extreme.ndim) == nearest[None]
    pinned = np.where(here, extreme[None], bounded)
    return np.where(np.isnan(extreme)[None], np.nan, pinned).astype(profile.dtype)


def extremes_in_turn(
    extreme: FloatArray,
    before: FloatArray | None,
    after: FloatArray | None,
    edges: Float64Array,
    kind: Kind,
    at_once: int,
) -> Iterator[tuple[slice, FloatArray]]:
    """Extremes of the parts of a period from its own and its neighbours', some after the other.

    Straight lines join the middles of the three periods. Of estimates x on them none goes beyond
    the extreme M of the whole period, and the one that comes nearest to it attains it:

        y_i = min(x_i, M),  y_k = M  with  k = argmax x    (maxima; minima likewise)

    Args:
        extreme: M, shape (…).
        before: Extreme of the period before, if of the same length; None beside a gap or at an
            end, where the line is level.
        after: Likewise of the period after.
        edges: Lead fractions of the parts' bounds, from 0 to 1, shape (part + 1,).
        kind: Maximum or minimum.
        at_once: How many parts are made at once.

    Yields:
        Which parts, and their extremes, shape (part, …), in the dtype of `extreme`; missing where
        M is.

    Raises:
        ValueError: Neither maximum nor minimum.
    """
    neighbours = [
        np.where(np.isnan(one), extreme, one) if one is not None else extreme
        for one in (before, after)
    ]
    count = len(edges) - 1
    turns = [slice(first, min(first + at_once, count)) for first in range(0, count, at_once)]

    def profile(some: slice) -> FloatArray:
        bounds = edges[some.start : some.stop + 1]
        middles = (bounds[:-1] + bounds[1:]) / 2
        weight = np.abs(middles - 0.5).reshape(-1, *(1,) * extreme.ndim)
        early = (middles < 0.5).reshape(weight.shape)
        neighbour = np.where(early, neighbours[0][None], neighbours[1][None])
        estimate: FloatArray = (1 - weight) * extreme[None] + weight * neighbour
        return estimate.astype(extreme.dtype)

    nearest = _nearest(map(profile, turns), kind)
    for some in turns:
        yield some, _pinned(profile(some), extreme, kind, nearest - some.start)
