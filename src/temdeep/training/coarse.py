"""A coarse series as tensors without the sun's part, and the scales of what changes in it.

Knows: series, the solar method, torch. Must not know: files, the command line.
"""

import itertools
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.series import Series
from temdeep.fields.variables import Channel, Nature
from temdeep.methods.learnt import ground_of, sun_part
from temdeep.methods.solar import Solar
from temdeep.metric import Float32Array, Float64Array
from temdeep.network.settings import CONTEXT, NetworkSettings
from temdeep.network.window import Ground
from temdeep.spline import spline_weights
from temdeep.training.settings import TrainingSettings

LEARNABLE = (Nature.CONTINUOUS, Nature.NON_NEGATIVE)
FEWEST_FRAMES = 12
"""Below this there is nothing to learn from."""


def learnable(series: Series) -> tuple[Channel, ...]:
    """Channels that a network may learn: instants of plain numbers."""
    return tuple(one for one in series.instantaneous() if one.nature in LEARNABLE)


@dataclass(frozen=True, eq=False)
class CoarseData:
    """All frames of a coarse series, normalised, without the sun's part.

    Attributes:
        frames: Shape (time, channel, y, x), float32, NaN where missing.
        runs: Pieces without gaps.
        step_s: Step of the series.
        channels: What was read.
        settings: Shape and scales of a network for these data.
        ground: The grid as tensors.
        area: Relative cell areas, shape (y, x).
    """

    frames: Tensor
    runs: tuple[slice, ...]
    step_s: float
    channels: tuple[Channel, ...]
    settings: NetworkSettings
    ground: Ground
    area: Tensor

    @classmethod
    def of(cls, series: Series, solar: Solar, settings: TrainingSettings) -> Self:
        """Read a series and take the sun's part out.

        Raises:
            RequestError: It is too short, or a variable never changes.
        """
        channels = learnable(series)
        runs = tuple(run for run in series.time.segments() if run.stop - run.start >= 2)
        longest = max((run.stop - run.start for run in runs), default=0)
        if longest < FEWEST_FRAMES:
            raise RequestError(
                f"{series.source} has at most {longest} times without a gap, and {FEWEST_FRAMES} is"
                " the least that can be learnt from: give a longer series, or use --method cubic."
            )
        fields = series.read(channels, slice(None))
        fields = fields - sun_part(solar, channels, series.grid, series.time.sun_time)
        mean, spread = moments(fields)
        for channel, width in zip(channels, spread, strict=True):
            if not width > 0:
                raise RequestError(
                    f"'{channel.name}' in {series.source} never changes: leave it out of what is"
                    " learnt with --variable."
                )
        frames = ((fields - mean[:, None, None]) / spread[:, None, None]).astype(np.float32)
        area = series.grid.metric.area_weights
        levels, level_count = motions(channels, series.grid)
        spans, change, bend, error = scales(frames, runs, settings.spans, area)
        step_s = series.time.step_us / 1e6
        network = NetworkSettings(
            mean=tuple(mean.tolist()),
            spread=tuple(spread.tolist()),
            winds=winds(channels, series.grid),
            levels=levels,
            level_count=level_count,
            spans_s=tuple(k * step_s for k in spans),
            change=_table(change),
            bend=_table(bend),
            error=_table(error),
            width=settings.width,
            depth=settings.depth,
            flow=settings.flow and level_count > 0,
        )
        return cls(
            torch.from_numpy(frames),
            runs,
            step_s,
            channels,
            network,
            ground_of(series.grid),
            torch.from_numpy(area.astype(np.float32)),
        )


def moments(fields: Float32Array) -> tuple[Float64Array, Float64Array]:
    """Mean and standard deviation of each channel over times and cells."""
    flat = np.moveaxis(fields, 1, 0).reshape(fields.shape[1], -1).astype(np.float64)
    mean = np.array([np.nanmean(row) for row in flat])
    return mean, np.array([np.nanstd(row) for row in flat])


def winds(channels: tuple[Channel, ...], grid: Grid) -> tuple[tuple[int, int] | None, ...]:
    """For each channel the wind components that advect it: of its own level, else of any."""
    if not grid.uniform:
        return (None,) * len(channels)
    place = {one.name: i for i, one in enumerate(channels)}
    pairs = {
        one.level: (i, place[one.partner])
        for i, one in enumerate(channels)
        if one.component == "x" and one.partner in place
    }
    if not pairs:
        return (None,) * len(channels)
    other = next(iter(pairs.values()))
    return tuple(pairs.get(one.level, other) for one in channels)


def motions(channels: tuple[Channel, ...], grid: Grid) -> tuple[tuple[int, ...], int]:
    """For each channel the motion of its level, -1 for what is tied to the ground; how many."""
    if not grid.uniform or min(grid.shape) < 8:
        return (-1,) * len(channels), 0
    names = list(dict.fromkeys(one.level for one in channels if not one.ground))
    return tuple(-1 if one.ground else names.index(one.level) for one in channels), len(names)


def scales(
    frames: Float32Array,
    runs: tuple[slice, ...],
    spans: tuple[int, ...],
    area: Float64Array,
) -> tuple[tuple[int, ...], Float64Array, Float64Array, Float64Array]:
    """Root mean squares of change, bend and spline error at multiples of the step.

    Change and bend can be measured at the step itself. The spline's error there cannot: it follows
    from those at wider spans by the power law through the narrowest and its double (or the widest).

    Args:
        frames: Shape (time, channel, y, x).
        runs: Pieces without gaps.
        spans: Multiples in which times are hidden.
        area: Relative cell areas.

    Returns:
        The multiples, ascending from 1; and change, bend, error, each (multiple, channel).
    """
    longest = max(run.stop - run.start for run in runs)
    used = [k for k in sorted(spans) if 2 * k < longest]
    if not used:
        used = [2]
    change, bend = [], []
    for k in (1, *used):
        lagged = [(frames[run][k:], frames[run][:-k]) for run in runs if _length(run) > k]
        change.append(_rms([late - early for late, early in lagged], area))
        bends = [
            frames[run][2 * k :] - 2 * frames[run][k:-k] + frames[run][: -2 * k]
            for run in runs
            if _length(run) > 2 * k
        ]
        bend.append(_rms(bends, area) if bends else change[-1])
    found = {k: _rms(list(spline_errors(frames, runs, k)), area) for k in used}
    first = used[0]
    wide = 2 * first if 2 * first in found else used[-1]
    if wide > first:
        power = np.log(found[wide] / found[first]) / np.log(wide / first)
    else:
        power = np.full(frames.shape[1], 2.0)
    narrow = found[first] / first ** np.clip(power, 0.5, 4.0)
    error = np.stack([narrow, *(found[k] for k in used)])
    return (1, *used), np.stack(change), np.stack(bend), error


def spline_errors(frames: Float32Array, runs: tuple[slice, ...], k: int) -> list[Float32Array]:
    """Errors of the spline at the middle of spans of k steps (k odd: just before the middle)."""
    errors = []
    hidden = k // 2
    for run in runs:
        for i in range(run.start, run.stop - k):
            before, after = context(run, i, k)
            weights = spline_weights(before, after, np.array([hidden / k]))[0].astype(np.float32)
            given = frames[i - before * k : i + (after + 1) * k + 1 : k]
            errors.append(np.tensordot(weights, given, axes=1) - frames[i + hidden])
    return errors


def context(run: slice, i: int, k: int) -> tuple[int, int]:
    """How many frames at steps of k there are before i and after i + k, at most `CONTEXT`."""
    return min(CONTEXT, (i - run.start) // k), min(CONTEXT, (run.stop - 1 - i - k) // k)


def vectors(channels: tuple[Channel, ...]) -> list[tuple[int, int]]:
    """Indices of the components of each wind."""
    place = {one.name: i for i, one in enumerate(channels)}
    return [
        (i, place[one.partner])
        for i, one in enumerate(channels)
        if one.component == "x" and one.partner in place
    ]


def _length(run: slice) -> int:
    return int(run.stop - run.start)


def _rms(fields: list[Float32Array], area: Float64Array) -> Float64Array:
    """Root mean square over times and cells, shape (channel,)."""
    total, weight = np.zeros(1), np.zeros(1)
    for field in itertools.chain(fields):
        stacked = field if field.ndim == 4 else field[None]
        known = np.isfinite(stacked)
        square = np.where(known, stacked, 0).astype(np.float64) ** 2 * area
        total = total + square.sum(axis=(0, 2, 3))
        weight = weight + (known * area).sum(axis=(0, 2, 3))
    return np.sqrt(np.maximum(total, 1e-12) / np.maximum(weight, 1e-12))


def _table(values: Float64Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.tolist())
