"""Precipitation divided along its motion: cells of rain move on, and every total is kept.

A period's amounts are streaks that moving cells of rain have drawn. Rates r in `CELLS` parts of
each period are sought that change little along the motion V and still add up to the amounts R given
at each place,

    minimise  Σ_j |r_j(p) - r_{j+1}(p + V Δt)|²    with  mean_j r_j(p) = R(p),  r ≥ 0

by taking turns: each r_j is drawn half way to the mean of its neighbours moved along V, then each
period's rates are multiplied by what brings their mean back to R. From even division on, first with
three times a period, then with six and twelve; stopping early keeps the estimate near even division
where rain does not last.

Knows: arrays, OpenCV. Must not know: intervals, files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from temdeep.metric import Float32Array, Float64Array

CELLS = 12
"""Equal cells of a period, in each of which the rate is one."""

STAGES = ((3, 15), (2, 15), (2, 10))
"""Into how many each cell is divided, and how many turns follow."""

FASTEST = 0.5
"""Share of the grid's shorter side that rain may cross in one period."""

IMAGE_BLUR = 4.0
"""Radius in cells that amounts are smoothed by before their motion is estimated."""

MOTION_BLUR = 20.0
"""The same for the motion itself, weighted with the amounts."""

PAD = 16

Map = tuple[Float32Array, Float32Array]


def redistribute(rates: Float64Array, own: int, *, cyclic: bool) -> Float64Array:
    """Rates in the cells of a period.

    Args:
        rates: Mean rates of successive periods of one length, shape (period, y, x), NaN where
            missing; more than one neighbour on a side changes little.
        own: Which of the periods is divided.
        cyclic: Whether columns go around the globe.

    Returns:
        Shape (`CELLS`, y, x), with the mean `rates[own]` to rounding in float64 and none negative
        where that is not; NaN where it is.
    """
    whole = rates[own]
    known = np.isfinite(rates)
    amounts = np.where(known, np.maximum(rates, 0), 0)
    if len(rates) == 1 or not amounts.any():
        return np.repeat(whole[None], CELLS, axis=0)
    scale = amounts.max()
    scaled = (amounts / scale).astype(np.float32)
    columns, rows = motion(scaled, cyclic=cyclic)
    cells = scaled[:, None]
    for division, turns in STAGES:
        cells = np.repeat(cells, division, axis=1)
        count = cells.shape[1]
        moving = _Moving.by(columns / count, rows / count, known, cyclic=cyclic)
        for _ in range(turns):
            cells = _conserved(moving.drawn_together(cells), scaled)
    profile = cells[own].astype(np.float64)
    mean = profile.mean(axis=0)
    pattern = np.where(mean > 0, profile / np.where(mean > 0, mean, 1), 1.0)
    divided: Float64Array = whole * pattern
    return divided


def parts_of(cells: Float64Array, edges: Float64Array) -> Float64Array:
    """Mean rates over parts of a period from the rates in its cells.

    Args:
        cells: Shape (cell, ..., y, x).
        edges: Lead fractions of the parts' bounds, ascending from 0 to 1, shape (part + 1,).

    Returns:
        Shape (part, ..., y, x).
    """
    parts: Float64Array = np.tensordot(_overlap(edges, len(cells)), cells, axes=1)
    return parts


def _overlap(edges: Float64Array, count: int) -> Float64Array:
    """Share of each part that lies in each of some equal cells, shape (part, cell)."""
    bounds = np.arange(count + 1) / count
    begin = np.maximum(edges[:-1, None], bounds[None, :-1])
    end = np.minimum(edges[1:, None], bounds[None, 1:])
    length = np.maximum(end - begin, 0)
    shares: Float64Array = length / length.sum(axis=1, keepdims=True)
    return shares


def motion(amounts: Float32Array, *, cyclic: bool) -> tuple[Float32Array, Float32Array]:
    """One motion of several fields of amounts that follow each other.

    Dense optical flow (DIS) of the logarithms, smoothed, both ways and over all pairs averaged.

    Args:
        amounts: Shape (period, y, x), not negative, no missing values.
        cyclic: Whether columns go around the globe.

    Returns:
        Cells along columns and rows in the time of one period, shape (y, x) each.
    """
    side = min(amounts.shape[1:])
    radius = min(IMAGE_BLUR, side / 16)
    typical = float((amounts.astype(np.float64) ** 2).sum() / amounts.sum(dtype=np.float64))
    padded = [_padded(one, cyclic) for one in amounts]
    smooth = [cv2.GaussianBlur(one, (0, 0), radius) for one in padded]
    images = _images([np.log1p(one / (0.1 * typical)) for one in smooth])
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0)
    total = np.zeros((*padded[0].shape, 2), np.float32)
    for i in range(len(images) - 1):
        empty = np.zeros_like(total)
        there = flow.calc(images[i], images[i + 1], empty.copy())
        back = flow.calc(images[i + 1], images[i], empty.copy())
        both = 0.5 * np.asarray(there - back, np.float32)
        amount = np.maximum(smooth[i], smooth[i + 1])
        weight = (amount / max(float(amount.mean()), 1e-12) + 1e-3).astype(np.float32)
        total += _weighted(both, weight, min(MOTION_BLUR, side / 4))
    mean = total[PAD:-PAD, PAD:-PAD] / (len(images) - 1)
    limit = np.float32(FASTEST * side)
    return np.clip(mean[..., 0], -limit, limit), np.clip(mean[..., 1], -limit, limit)


def _padded(field: Float32Array, cyclic: bool) -> Float32Array:
    wide = np.pad(field, ((0, 0), (PAD, PAD)), mode="wrap" if cyclic else "edge")
    return np.pad(wide, ((PAD, PAD), (0, 0)), mode="edge")


def _images(fields: Sequence[Float32Array]) -> list[npt.NDArray[np.uint8]]:
    top = max(float(np.percentile(field, 99.8)) for field in fields)
    top = top if top > 0 else max(float(field.max()) for field in fields)
    return [np.rint(255 * np.clip(one / max(top, 1e-12), 0, 1)).astype(np.uint8) for one in fields]


def _weighted(flow: Float32Array, weight: Float32Array, radius: float) -> Float32Array:
    """A motion averaged with weights over a radius in cells."""
    total = cv2.GaussianBlur(weight, (0, 0), radius)
    smooth = [cv2.GaussianBlur(flow[..., i] * weight, (0, 0), radius) / total for i in (0, 1)]
    return np.stack(smooth, axis=-1)


def _conserved(cells: Float32Array, amounts: Float32Array) -> Float32Array:
    """Rates (period, cell, y, x) multiplied so that their means are the amounts (period, y, x)."""
    mean = cells.mean(axis=1)
    some = mean > 1e-9
    factor = np.where(some, amounts / np.where(some, mean, 1), 0)
    scaled: Float32Array = cells * factor[:, None]
    scaled += np.where(some, 0, amounts)[:, None]
    return scaled


@dataclass(frozen=True, eq=False)
class _Moving:
    """Looks rates up one cell of time earlier or later along the motion.

    Attributes:
        earlier: Where each place's rain was, as OpenCV's maps.
        later: Where it will be.
        known: Which amounts are not missing, shape (period, y, x); None if all.
        cyclic: Whether columns go around the globe.
    """

    earlier: Map
    later: Map
    known: Float32Array | None
    cyclic: bool

    @classmethod
    def by(
        cls,
        columns: Float32Array,
        rows: Float32Array,
        known: npt.NDArray[np.bool_],
        *,
        cyclic: bool,
    ) -> Self:
        height, width = columns.shape
        x = np.arange(width, dtype=np.float32)[None]
        y = np.arange(height, dtype=np.float32)[:, None]
        maps = []
        for sign in (-1, 1):
            across, down = x + np.float32(sign) * columns, y + np.float32(sign) * rows
            across = across % np.float32(width) if cyclic else np.clip(across, 0, width - 1)
            maps.append((across, np.clip(down, 0, height - 1)))
        missing = None if known.all() else known.astype(np.float32)
        return cls(maps[0], maps[1], missing, cyclic)

    def drawn_together(self, cells: Float32Array) -> Float32Array:
        """Half of each rate, and a quarter of both neighbours along the motion.

        Args:
            cells: Shape (period, cell, y, x).
        """
        periods, count = cells.shape[:2]
        flat = cells.reshape(periods * count, *cells.shape[2:])
        drawn = np.float32(0.5) * flat
        for j, value in self._each(flat, count, self.earlier, 1):
            drawn[j] += np.float32(0.25) * value
        for j, value in self._each(flat, count, self.later, -1):
            drawn[j] += np.float32(0.25) * value
        drawn[[0, -1]] += np.float32(0.25) * flat[[0, -1]]
        return drawn.reshape(cells.shape)

    def _each(
        self, flat: Float32Array, count: int, where: Map, step: int
    ) -> Iterator[tuple[int, Float32Array]]:
        """What each rate sees in the one before (step 1) or after (step -1)."""
        for j in range(max(step, 0), len(flat) + min(step, 0)):
            value = self._look_up(flat[j - step], where)
            if self.known is not None:
                share = self._look_up(self.known[(j - step) // count], where)
                enough = share > 0.5
                value = np.where(enough, value / np.where(enough, share, 1), flat[j])
            yield j, value

    def _look_up(self, field: Float32Array, where: Map) -> Float32Array:
        if self.cyclic:
            field = np.concatenate([field, field[:, :1]], axis=1)
        found = cv2.remap(field, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.float32)
