"""A coarse series as tensors without the sun's part, and the scales of what changes in it.

Knows: series, the solar method, torch. Must not know: files, the command line.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.series import Series
from temdeep.fields.variables import Channel, Nature
from temdeep.methods.daily import HourMeans
from temdeep.methods.learnt import ground_of, sun_part
from temdeep.methods.motion import can_move
from temdeep.methods.solar import Solar
from temdeep.metric import Float32Array, Float64Array
from temdeep.network.settings import NetworkSettings
from temdeep.network.window import Ground
from temdeep.training.settings import TrainingSettings

LEARNABLE = (Nature.CONTINUOUS, Nature.NON_NEGATIVE, Nature.FRACTION)
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
        multiples: Multiples of the step that are short enough to learn from, ascending.
        channels: What was read.
        settings: Shape of a network for these data; its scales are 1 until they are measured.
        daily: The day's cycle that was taken out.
        grid: The grid.
        ground: The grid as tensors.
        area: Relative cell areas, shape (y, x).
    """

    frames: Tensor
    runs: tuple[slice, ...]
    step_s: float
    multiples: tuple[int, ...]
    channels: tuple[Channel, ...]
    settings: NetworkSettings
    daily: HourMeans
    grid: Grid
    ground: Ground
    area: Tensor

    @classmethod
    def of(
        cls, series: Series, solar: Solar, settings: TrainingSettings, held_out_from: int
    ) -> Self:
        """Read a series and take the sun's part and the day's cycle out.

        Raises:
            RequestError: Its cells are no neighbours, it is too short, or a variable never changes.
        """
        if not series.grid.uniform:
            raise RequestError(
                f"the cells of {series.source} are not neighbours in space ({series.grid}), and a"
                " network looks at neighbours: fill it with --method solar or cubic."
            )
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
        times = series.time.sun_time
        known = slice(0, held_out_from)
        daily = HourMeans.of(fields[known], times[known], solar.basis, series.grid)
        if "daily" in settings.without:
            daily = daily.nothing()
        fields -= daily.at(times, series.grid)
        mean, spread = moments(fields)
        for channel, width in zip(channels, spread, strict=True):
            if not width > 0:
                raise RequestError(
                    f"'{channel.name}' in {series.source} never changes: leave it out of what is"
                    " learnt with --variable."
                )
        frames = ((fields - mean[:, None, None]) / spread[:, None, None]).astype(np.float32)
        levels, level_count = motions(channels, series.grid) if settings.flow else still(channels)
        step_s = series.time.step_us / 1e6
        multiples = usable_multiples(settings.spans, longest)
        ones = ((1.0,) * len(channels),) * (1 + len(multiples))
        network = NetworkSettings(
            mean=tuple(mean.tolist()),
            spread=tuple(spread.tolist()),
            winds=winds(channels, series.grid),
            levels=levels,
            level_count=level_count,
            spans_s=tuple(k * step_s for k in (1, *multiples)),
            change=ones,
            bend=ones,
            error=ones,
            width=settings.width,
            depth=settings.depth,
            without=settings.without,
        )
        return cls(
            torch.from_numpy(frames),
            runs,
            step_s,
            multiples,
            channels,
            network,
            daily,
            series.grid,
            ground_of(series.grid, solar.basis),
            torch.from_numpy(series.grid.metric.area_weights.astype(np.float32)),
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
    if not can_move(grid):
        return still(channels)
    names = list(dict.fromkeys(one.level for one in channels if not one.ground))
    return tuple(-1 if one.ground else names.index(one.level) for one in channels), len(names)


def still(channels: tuple[Channel, ...]) -> tuple[tuple[int, ...], int]:
    """No motion at all, as `motions` would say it."""
    return (-1,) * len(channels), 0


def usable_multiples(spans: tuple[int, ...], longest: int) -> tuple[int, ...]:
    """Those of which a run holds at least two in a row; 2 in any case."""
    return tuple(k for k in sorted(set(spans)) if 2 * k < longest) or (2,)


def context(run: slice, i: int, k: int, most: int) -> tuple[int, int]:
    """How many frames at steps of k there are before i and after i + k, at most `most`."""
    return min(most, (i - run.start) // k), min(most, (run.stop - 1 - i - k) // k)


def vectors(channels: tuple[Channel, ...]) -> list[tuple[int, int]]:
    """Indices of the components of each wind."""
    place = {one.name: i for i, one in enumerate(channels)}
    return [
        (i, place[one.partner])
        for i, one in enumerate(channels)
        if one.component == "x" and one.partner in place
    ]
