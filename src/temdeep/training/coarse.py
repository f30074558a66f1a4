"""A coarse series as tensors without the sun's part, and the scales of what changes in it.

Knows: series, the solar method, torch. Must not know: files, the command line.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import prod
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
from temdeep.methods.normalising import logarithm, normalised
from temdeep.methods.rain_motion import is_rain, shared_motion, typical_rate
from temdeep.methods.solar import Solar
from temdeep.metric import Float32Array, FloatArray
from temdeep.network.settings import NetworkSettings
from temdeep.network.window import Ground
from temdeep.training.held import Frames, Held, Store, parts
from temdeep.training.settings import TrainingSettings
from temdeep.training.swings import Swings

LEARNABLE = (Nature.CONTINUOUS, Nature.NON_NEGATIVE, Nature.FRACTION)
FEWEST_FRAMES = 12
"""Below this there is nothing to learn from."""

AT_ONCE = 2**23
"""Values that are summed up at once, about."""

FOLDED_FROM = 2**19
"""Cells of a grid from which on four of them are one place inside the network. On small simulated
ones, where weather is as fine as the grid, that loses some tenths of a point."""

ROUND_RATE = 3.0
"""Where the logarithm of rain begins to bend, r₀, in units of the typical rate.

Below it an error counts as it is, above it as a share: the mean of logarithms alone would be right
in drizzle and far too low where it pours.
"""


def learnable(series: Series) -> tuple[Channel, ...]:
    """Channels that a network may learn: instants of plain numbers."""
    return tuple(one for one in series.instantaneous() if one.nature in LEARNABLE)


@dataclass(frozen=True, eq=False)
class CoarseData:
    """All frames of a coarse series, normalised, without the sun's part.

    Attributes:
        frames: Shape (time, channel, y, x), float32, NaN where missing; on disk.
        runs: Pieces without gaps.
        step_s: Step of the series.
        multiples: Multiples of the step that are short enough to learn from, ascending.
        channels: What was read.
        settings: Shape of a network for these data; its scales are 1 until they are measured.
        daily: The day's cycle that was taken out.
        grid: The grid.
        ground: The grid as tensors.
        area: Relative cell areas, shape (y, x).
        swings: What wandering responses to the sun add, None if none does.
        store: What holds all that need not fit into memory.
    """

    frames: Frames
    runs: tuple[slice, ...]
    step_s: float
    multiples: tuple[int, ...]
    channels: tuple[Channel, ...]
    settings: NetworkSettings
    daily: HourMeans
    grid: Grid
    ground: Ground
    area: Tensor
    swings: Swings | None = None
    store: Store = field(default_factory=Store)

    @classmethod
    def of(
        cls,
        series: Series,
        solar: Solar,
        settings: TrainingSettings,
        held_out_from: int,
        store: Store | None = None,
    ) -> Self:
        """Read a series and take the sun's part and the day's cycle out.

        Args:
            series: The series.
            solar: With its responses.
            settings: Of the training.
            held_out_from: Index of the first frame that is held out.
            store: What holds it; None: a new one.

        Raises:
            RequestError: Its cells are no neighbours, it is too short, or a variable never changes.
        """
        store = store or Store()
        check_neighbours(series)
        channels = learnable(series)
        runs = tuple(run for run in series.time.segments() if run.stop - run.start >= 2)
        longest = longest_run(series)
        if longest < FEWEST_FRAMES:
            raise RequestError(
                f"{series.source} has at most {longest} times without a gap, and {FEWEST_FRAMES} is"
                " the least that can be learnt from: give a longer series, or use --method cubic."
            )
        frames, daily = calm(series, channels, solar, settings, held_out_from, store)
        multiples = usable_multiples(settings.spans, longest)
        step_s = series.time.step_us / 1e6
        network = shape_of(channels, series.grid, settings, [frames], series.source)
        network = with_spans(network, [k * step_s for k in (1, *multiples)])
        for part in parts(frames.shape):
            frames.put(part.start, normalised(frames[part].numpy().astype(np.float64), network))
        return cls(
            frames,
            runs,
            step_s,
            multiples,
            channels,
            network,
            daily,
            series.grid,
            ground_of(series.grid, solar.basis),
            torch.from_numpy(series.grid.metric.area_weights.astype(np.float32)),
            Swings.of(series, channels, solar, network.spread, network.carried, store),
            store,
        )


def check_neighbours(series: Series) -> None:
    """Refuse a grid whose cells are not neighbours in space.

    Raises:
        RequestError: They are not.
    """
    if not series.grid.uniform:
        raise RequestError(
            f"the cells of {series.source} are not neighbours in space ({series.grid}), and a"
            " network looks at neighbours: fill it with --method solar or cubic."
        )


def longest_run(series: Series) -> int:
    """Most times in a row without a gap; 0 if no two are."""
    runs = (run.stop - run.start for run in series.time.segments())
    return max((count for count in runs if count >= 2), default=0)


def calm(
    series: Series,
    channels: tuple[Channel, ...],
    solar: Solar,
    settings: TrainingSettings,
    held_out_from: int,
    store: Store,
) -> tuple[Held, HourMeans]:
    """All frames without the sun's part and the day's cycle, and that cycle; rain keeps both.

    Returns:
        Shape (time, channel, y, x), in each channel's unit.
    """
    fields, times, grid = held_fields(series, channels, store), series.time.sun_time, series.grid
    for i in range(len(times)):
        one = slice(i, i + 1)
        fields.put(i, fields[one].numpy() - sun_part(solar, channels, grid, times[one]))
    rain = [i for i, one in enumerate(channels) if is_rain(one)]
    daily = HourMeans.of(fields, times[:held_out_from], solar.basis, grid, rain)
    if "daily" in settings.without:
        daily = daily.nothing()
    if daily.knows(times):
        for part in parts(fields.shape):
            fields.put(part.start, fields[part].numpy() - daily.at(times[part], grid))
    return fields, daily


def held_fields(series: Series, channels: Sequence[Channel], store: Store) -> Held:
    """All frames of a series as they are, in a store.

    Raises:
        OutputError: There is no room.
    """
    held = Held((len(channels), *series.grid.shape), store)
    for part in parts((len(series.time), *held.shape[1:])):
        held.add(series.read(channels, part))
    return held


def shape_of(
    channels: tuple[Channel, ...],
    grid: Grid,
    settings: TrainingSettings,
    fields: Sequence[Held],
    source: str,
) -> NetworkSettings:
    """The shape of a network for some fields, with their mean and spread; the spans are to come.

    Args:
        channels: What there is.
        grid: A grid on which they are.
        settings: Of the training.
        fields: Of one series or several, in their units.
        source: Named where a variable never changes.

    Raises:
        RequestError: A variable never changes.
    """
    rates = [
        ROUND_RATE * typical_rate(_values(fields, i)) if is_rain(channel) else None
        for i, channel in enumerate(channels)
    ]
    mean, spread = np.zeros(len(channels)), np.zeros(len(channels))
    for i, rate in enumerate(rates):
        if rate is None:
            mean[i], spread[i] = moments(partial(_values, fields, i))
        else:  # dry is 0, as missing rain is
            spread[i] = moments(partial(_logarithms, fields, i, rate))[1]
    for channel, width in zip(channels, spread, strict=True):
        if not width > 0:
            raise RequestError(
                f"'{channel.name}' in {source} never changes: leave it out of what is"
                " learnt with --variable."
            )
    levels, level_count = motions(channels, grid) if settings.flow else still(channels)
    return NetworkSettings(
        mean=tuple(mean.tolist()),
        spread=tuple(spread.tolist()),
        winds=winds(channels, grid),
        levels=levels,
        level_count=level_count,
        spans_s=(),
        change=(),
        bend=(),
        error=(),
        width=settings.width,
        depth=settings.depth,
        without=settings.without,
        rain=tuple(rates) if any(rate is not None for rate in rates) else (),
        fold=settings.fold or usual_fold(max(prod(one.shape[-2:]) for one in fields)),
    )


def usual_fold(cells: int) -> int:
    """Cells to a side that are one place inside the network, on a grid of so many cells."""
    return 2 if cells >= FOLDED_FROM else 1


def with_spans(network: NetworkSettings, spans_s: Sequence[float]) -> NetworkSettings:
    """The same for some spans, with scales of 1 until they are measured."""
    ones = ((1.0,) * network.channels,) * len(spans_s)
    return replace(network, spans_s=tuple(spans_s), change=ones, bend=ones, error=ones)


def _values(fields: Sequence[Held], channel: int) -> Iterator[Float32Array]:
    """All values of a channel, flat, some at a time; those of short series together."""
    values, count = [], 0
    for one in fields:
        for part in parts(one.shape):
            values.append(one[part, channel].numpy().ravel())
            count += values[-1].size
            if count >= AT_ONCE:
                yield np.concatenate(values)
                values, count = [], 0
    if values:
        yield np.concatenate(values)


def _logarithms(fields: Sequence[Held], channel: int, rate: float) -> Iterator[FloatArray]:
    return (logarithm(some, rate) for some in _values(fields, channel))


def moments(values: Callable[[], Iterator[FloatArray]]) -> tuple[float, float]:
    """Mean and standard deviation of what is known; NaN where nothing is.

    Args:
        values: Gives all of them, flat, some at a time; asked twice.
    """
    total, square, count = 0.0, 0.0, 0
    for some in values():
        known = ~np.isnan(some)
        total += float(np.where(known, some, 0).astype(np.float64).sum())
        count += int(known.sum())
    mean = total / count if count else np.nan
    for some in values():
        apart = np.where(np.isnan(some), 0, some.astype(np.float64) - mean)
        square += float((apart * apart).sum())
    return mean, float(np.sqrt(square / count)) if count else np.nan


def winds(channels: tuple[Channel, ...], grid: Grid) -> tuple[tuple[int, int] | None, ...]:
    """For each channel the wind components that advect it: of its own level, else of any.

    Winds of another member are another weather's.
    """
    if not grid.uniform:
        return (None,) * len(channels)
    place = {one.name: i for i, one in enumerate(channels)}
    pairs = {
        (one.level, one.member): (i, place[one.partner])
        for i, one in enumerate(channels)
        if one.component == "x" and one.partner in place
    }
    other = {member: pair for (_, member), pair in reversed(pairs.items())}
    return tuple(pairs.get((one.level, one.member), other.get(one.member)) for one in channels)


def motions(channels: tuple[Channel, ...], grid: Grid) -> tuple[tuple[int, ...], int]:
    """For each channel the motion of its level, -1 for what is tied to the ground; how many."""
    if not can_move(grid):
        return still(channels)
    moving = {one: shared_motion(one) for one in channels if not one.ground}
    names = list(dict.fromkeys(moving.values()))
    return tuple(names.index(moving[one]) if one in moving else -1 for one in channels), len(names)


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
