"""How fast errors fall from one span to half of it, told by space where no frame can tell.

What weather does at a place within a step was at the last frame some way off (Taylor 1938,
doi:10.1098/rspa.1938.0032). So a row of cells is interpolated as the series would be, from points
2n cells apart to the one between, and the exponent

    s = log₂ E(n) / E(n/2)

is taken at that n at which linear interpolation along the row is as wrong as it is along time from
frames two steps apart. That is how errors at the series' step relate to those at twice of it.

Knows: arrays. Must not know: series, files, any one method.
"""

from collections.abc import Callable

import numpy as np

from temdeep.metric import Float64Array

DISTANCES = (1, 2, 3, 4, 6, 8, 12, 16)
"""n, in cells."""

FEWEST_POINTS = 4
"""Cells of a row that are interpolated, at least."""

LEAST, MOST_LINEAR, MOST_CUBIC = 0.3, 2.0, 4.0
"""Exponents of white noise and of a smooth curve: nothing real lies outside."""


def exponent_at_step(frames: Float64Array, *, curved: bool) -> float | None:
    """The exponent of a variable.

    Args:
        frames: Successive frames of what changes from day to day, without the mean of each time of
            day, which does not move; shape (time, y, x).
        curved: Whether the interpolation follows curves through the context, or straight lines.

    Returns:
        None where rows are too short or nothing changes.
    """
    in_time = _rms(frames[1:-1] - (frames[2:] + frames[:-2]) / 2)
    lines = _errors(frames, _linear, 2)
    if len(lines) < 2 or not in_time > 0:
        return None
    place = _place(lines, np.log2(in_time))
    if curved:
        curves = _errors(frames, _cubic, 6)
        if len(curves) >= 2:
            return _exponent(curves, place, MOST_CUBIC)
    return _exponent(lines, place, MOST_LINEAR)


def _linear(row: Float64Array, n: int) -> Float64Array:
    return row[..., n:-n] - (row[..., 2 * n :] + row[..., : -2 * n]) / 2


def _cubic(row: Float64Array, n: int) -> Float64Array:
    count = row.shape[-1]
    near = row[..., 2 * n : count - 4 * n] + row[..., 4 * n : count - 2 * n]
    far = row[..., : count - 6 * n] + row[..., 6 * n :]
    return row[..., 3 * n : count - 3 * n] - (9 * near - far) / 16


def _errors(
    frames: Float64Array, error: Callable[[Float64Array, int], Float64Array], reach: int
) -> Float64Array:
    """log₂ of n and of the RMSE of interpolation along rows, shape (distance, 2)."""
    found = []
    for n in DISTANCES:
        if reach * n + FEWEST_POINTS <= frames.shape[-1]:
            size = _rms(error(frames, n))
            if size > 0:
                found.append((np.log2(n), np.log2(size)))
    return np.array(found).reshape(-1, 2)


def _place(errors: Float64Array, wanted: float) -> float:
    """log₂ of the n at which errors are so large; within the distances, or below by their slope."""
    n, size = errors.T
    if wanted < size[0]:
        steepest = np.clip((size[1] - size[0]) / (n[1] - n[0]), LEAST, MOST_LINEAR)
        return float(n[0] + (wanted - size[0]) / steepest)
    return float(np.interp(wanted, np.maximum.accumulate(size), n))


def _exponent(errors: Float64Array, place: float, most: float) -> float:
    n, size = errors.T
    finest = np.clip((size[1] - size[0]) / (n[1] - n[0]), LEAST, most)

    def at(where: float) -> float:
        below = min(where - n[0], 0.0)
        return float(np.interp(where, n, size) + finest * below)

    place = min(place, float(n[-1]))
    return float(np.clip(at(place) - at(place - 1), LEAST, most))


def _rms(values: Float64Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else 0.0
