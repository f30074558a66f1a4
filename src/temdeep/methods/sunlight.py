"""Sunlight by its clearness: what reaches the ground, divided by a power of the sun's height.

With μ the cosine of the zenith angle, k = x / μᵖ; p is 1 for light on a level surface, less for
beams that a panel faces and for light from all of the sky, which rise faster after dawn. Clearness
changes slowly where sunlight does not, so it is interpolated in its place, from the nearest frames
with enough sun, and no light is left at night.

Knows: arrays. Must not know: series, files.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from temdeep.metric import Float32Array, Float64Array

LOW_SUN = 0.05
"""Cosine of the zenith angle below which a frame does not tell clearness (3 degrees)."""

LOW_MEAN_SUN = 0.01
"""The same for the mean cosine over a period."""

CELLS = 12
"""Equal cells of a period, in each of which clearness is one."""

POWERS = (1.0, 0.5, 0.25)
"""Powers p that are tried, in the order in which equals are preferred."""

MOST_BY_NIGHT = 0.02
"""Share of the light that may fall while the sun is down; real files hold less than 0.0001."""

MOST_TRIALS = 48
"""Hidden frames that a power is judged on."""


@dataclass(frozen=True)
class LightLaw:
    """How sunlight follows the sun: x = k μᵖ.

    Attributes:
        typical: Clearness k where no frame tells, in the unit of the light.
        power: p.
        by_night: Share of the light that falls while the sun is down, which has no such law.
    """

    typical: float = 0.0
    power: float = 1.0
    by_night: float = 0.0


def clearness_between(
    clearness: Float64Array, lead: Float64Array, theta: Float64Array, typical: float
) -> Float64Array:
    """Clearness at lead fractions, on a line between the nearest known on either side.

    Args:
        clearness: Shape (frame, *place), NaN where it cannot be told.
        lead: Lead fraction of each frame, ascending, shape (frame,).
        theta: Lead fractions wanted, shape (time,).
        typical: Clearness where no frame tells.

    Returns:
        Shape (time, *place).
    """
    known = np.isfinite(clearness)
    lead_at = np.where(known, lead.reshape(-1, *[1] * (clearness.ndim - 1)), np.nan)
    below = np.maximum.accumulate(np.where(known, lead_at, -np.inf), axis=0)
    above = np.minimum.accumulate(np.where(known, lead_at, np.inf)[::-1], axis=0)[::-1]
    filled = np.where(known, clearness, 0.0)
    between = np.empty((len(theta), *clearness.shape[1:]))
    for i, wanted in enumerate(theta):
        last = np.searchsorted(lead, wanted, side="right") - 1
        first = np.searchsorted(lead, wanted, side="left")
        left, left_value = _nearest(below, filled, lead, last, -np.inf)
        right, right_value = _nearest(above, filled, lead, first, np.inf)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(right > left, (wanted - left) / (right - left), 0.0)
        line = (1 - share) * left_value + share * right_value
        one_side = np.where(np.isfinite(left), left_value, right_value)
        both = np.isfinite(left) & np.isfinite(right)
        none = ~(np.isfinite(left) | np.isfinite(right))
        between[i] = np.where(both, line, np.where(none, typical, one_side))
    return between


def fill_instants(
    frames: Float32Array,
    sun: Float32Array,
    start: int,
    wanted_sun: Float32Array,
    theta: Float64Array,
    law: LightLaw,
) -> Float32Array:
    """Sunlight at lead fractions: x = μᵖ k(θ), and 0 at night.

    What an end with little sun holds beyond the clearness of other frames, fades with the sun.

    Args:
        frames: Sunlight, shape (frame, y, x), in any unit U.
        sun: μ at the frames, likewise.
        start: Index of the frame at t0.
        wanted_sun: μ at the lead fractions, shape (time, y, x).
        theta: Lead fractions, shape (time,).
        law: p, and k where no frame tells.

    Returns:
        Shape (time, y, x), in U.
    """
    lead = np.arange(len(frames), dtype=np.float64) - start
    light = frames.astype(np.float64)
    given, wanted = (one.astype(np.float64) ** law.power for one in (sun, wanted_sun))
    low = LOW_SUN**law.power
    clearness = np.where(given >= low, light / np.maximum(given, low), np.nan)
    clear = clearness_between(clearness, lead, np.concatenate([[0.0, 1.0], theta]), law.typical)
    filled = wanted * clear[2:]
    t = theta[:, None, None]
    for end, nearness in ((0, 1 - t), (1, t)):
        end_sun = given[start + end]
        rest = light[start + end] - end_sun * clear[end]
        fade = np.clip(wanted / np.maximum(end_sun, 1e-6), 0, 1)
        filled = filled + nearness * fade * rest
    filled = np.where(wanted > 0, filled, 0 * (light[start] + light[start + 1]))
    result: Float32Array = filled.astype(np.float32)
    return result


def pieces(edges: Float64Array) -> Float64Array:
    """Bounds of a period's parts and of the cells in which clearness is taken as one.

    Args:
        edges: Lead fractions of the parts' bounds, ascending from 0 to 1, shape (part + 1,).

    Returns:
        Lead fractions, ascending, shape (piece + 1,); cells that end where a part does, to a
        millionth, end there.
    """
    cells = np.linspace(0, 1, CELLS + 1)
    apart = np.abs(cells[:, None] - edges).min(axis=1) > 1e-6
    return np.sort(np.concatenate([edges, cells[apart]]))


def whole_cells(edges: Float64Array, some: slice) -> slice:
    """Some parts of a period and all others that share a cell with them.

    Args:
        edges: Lead fractions of all parts' bounds, shape (part + 1,).
        some: Which parts.
    """
    begin, end = edges[some.start] * CELLS, edges[some.stop] * CELLS
    low, high = (np.floor(begin + 1e-3) - 1e-3) / CELLS, (np.ceil(end - 1e-3) + 1e-3) / CELLS
    first = np.searchsorted(edges[1:], low, side="right")
    last = np.searchsorted(edges[:-1], high, side="left")
    return slice(min(int(first), some.start), max(int(last), some.stop))


def fill_period(
    rates: Float64Array,
    sun: Float32Array,
    own: int,
    cell_sun: Float32Array,
    piece_sun: Float32Array,
    edges: Float64Array,
) -> Float64Array:
    """Sunlight in parts of a period: in proportion to clearness times mean μ, conserved.

    Each of `CELLS` equal cells of the period gets its share, whatever parts are asked for, and
    divides it in proportion to μ: so a part holds the same light, whether its neighbours are asked
    for or not. Where the sun is too low over the whole period, its light is divided evenly over the
    lit cells, and over all of them if none is lit.

    Args:
        rates: Mean sunlight of the periods, shape (period, y, x).
        sun: Mean μ over the periods, likewise.
        own: Index of the period to divide.
        cell_sun: Mean μ over its cells, shape (cell, y, x).
        piece_sun: Mean μ over `pieces(edges)`, shape (piece, y, x).
        edges: Lead fractions of the parts' bounds, shape (part + 1,).

    Returns:
        Shape (part, y, x).
    """
    if len(edges) == 2:
        return rates[own : own + 1].copy()
    centres = np.arange(len(rates), dtype=np.float64) - own + 0.5
    clearness = np.where(sun >= LOW_MEAN_SUN, rates / np.maximum(sun, LOW_MEAN_SUN), np.nan)
    cell_middles = (np.arange(CELLS) + 0.5) / CELLS
    clear = np.maximum(clearness_between(clearness, centres, cell_middles, 1.0), 0)
    lit = cell_sun.astype(np.float64)
    pattern, plain, by_lit = (
        _shares(lit * clear),
        _shares(lit),
        _shares(np.where(lit > 0, 1.0, 0.0)),
    )
    own_sun = sun[own]
    shares = np.where(np.isfinite(pattern) & (own_sun >= LOW_MEAN_SUN), pattern, by_lit)
    shares = np.where(np.isfinite(pattern) | (own_sun < LOW_MEAN_SUN), shares, plain)
    shares = np.where(np.isfinite(shares), shares, 1 / CELLS)
    in_parts = np.add.reduceat(
        _in_pieces(shares, piece_sun, pieces(edges)),
        np.searchsorted(pieces(edges), edges[:-1]),
        axis=0,
    )
    parts: Float64Array = rates[own] * in_parts / np.diff(edges)[:, None, None]
    return parts


def _in_pieces(shares: Float64Array, piece_sun: Float32Array, bounds: Float64Array) -> Float64Array:
    """What each cell gets divided among its pieces: as the sun shines, by length if it does not."""
    cell = np.minimum((bounds[1:] + bounds[:-1]) / 2 * CELLS, CELLS - 1).astype(np.intp)
    starts = np.searchsorted(cell, np.arange(CELLS))
    lengths = np.diff(bounds)[:, None, None]
    light = piece_sun * lengths
    total, length = (np.add.reduceat(one, starts, axis=0)[cell] for one in (light, lengths))
    with np.errstate(invalid="ignore", divide="ignore"):
        within: Float64Array = np.where(total > 0, light / total, lengths / length)
    return shares[cell] * within


def _shares(amounts: Float64Array) -> Float64Array:
    """Amounts divided by their sum over cells; NaN where that is 0."""
    total = amounts.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares: Float64Array = np.where(total > 0, amounts / total, np.nan)
    return shares


def _nearest(
    reach: Float64Array,
    values: Float64Array,
    lead: Float64Array,
    index: np.intp | int,
    nothing: float,
) -> tuple[Float64Array, Float64Array]:
    """Lead fraction and value of the nearest known frame from a frame outwards."""
    if not 0 <= index < len(lead):
        shape = values.shape[1:]
        return np.full(shape, nothing), np.zeros(shape)
    at = reach[index]
    frame = np.where(np.isfinite(at), np.nan_to_num(at - lead[0], posinf=0, neginf=0), 0)
    picked = np.take_along_axis(values, frame.astype(np.intp)[None], axis=0)[0]
    return at, picked


def law_of_instants(light: Float64Array, sun: Float64Array) -> LightLaw:
    """The power with which every other frame is filled in best from those around it.

    Args:
        light: Sunlight in a piece without gaps, shape (time, cell), NaN where missing.
        sun: μ, likewise.
    """
    laws = [LightLaw(typical_clearness(light, sun**power), power) for power in POWERS]
    squares = np.zeros(len(laws))
    for frames, heights, start, truth, height in _hidden(light, sun):
        for i, law in enumerate(laws):
            half = np.array([0.5])
            made = fill_instants(frames, heights, start, height, half, law)
            squares[i] += np.nansum((made.astype(np.float64) - truth) ** 2)
    return laws[int(squares.argmin())]


def _hidden(
    light: Float64Array, sun: Float64Array
) -> Iterator[tuple[Float32Array, Float32Array, int, Float32Array, Float32Array]]:
    """Frames two steps apart and their μ, the start's index, the frame half way and its μ."""
    count = len(light) - 2
    chosen = np.linspace(0, count - 1, min(MOST_TRIALS, max(count, 0))).astype(int)
    values, heights = (one.astype(np.float32)[:, None] for one in (light, sun))
    for i in chosen.tolist():
        first = i % 2 if i < 6 else i - 6
        given = slice(first, i + 9, 2)
        half = slice(i + 1, i + 2)
        yield values[given], heights[given], (i - first) // 2, values[half], heights[half]


def law_of_means(light: Float64Array, sun: Float64Array) -> LightLaw:
    """The law for means over periods: in proportion to the mean of μ."""
    return LightLaw(typical_clearness(light, sun))


def share_by_night(light: Float64Array, sun: Float64Array) -> float:
    """Share of the light at times, or over periods, at which the sun is down throughout.

    It is 0 but for rounding where times are UTC and longitudes right.

    Args:
        light: Sunlight in a piece without gaps, shape (time, cell), NaN where missing.
        sun: μ, or its mean over the periods, likewise.
    """
    total = float(np.nansum(np.abs(light)))
    by_night = float(np.nansum(np.abs(np.where(sun > 0, 0, light))))
    return by_night / total if total > 0 else 0.0


def typical_clearness(light: Float64Array, sun: Float64Array) -> float:
    """Mean light over mean μ, over all times and places where light is known."""
    known = np.isfinite(light)
    total = float(np.where(known, sun, 0).sum(dtype=np.float64))
    return float(np.where(known, light, 0).sum(dtype=np.float64)) / total if total > 0 else 0.0
