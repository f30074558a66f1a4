"""Several series that one network learns from: other regions and grids, steps of their own.

What they share is one normalisation, one table of scales and the channels. What belongs to a place
(the sun's part, the day's cycle, latitude and height as inputs) is left out: few places would be
told apart by it, and the next one is another.

Knows: series, torch. Must not know: files, the command line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.fields.time_axis import show
from temdeep.fields.variables import Channel
from temdeep.methods.daily import HourMeans
from temdeep.methods.learnt import ground_of
from temdeep.methods.normalising import normalised
from temdeep.methods.places import PlaceBasis
from temdeep.methods.solar import Solar
from temdeep.metric import Float64Array
from temdeep.training.coarse import (
    CoarseData,
    check_neighbours,
    held_fields,
    learnable,
    longest_run,
    shape_of,
    usable_multiples,
    vectors,
    with_spans,
)
from temdeep.training.composite_index import composite_index
from temdeep.training.held import Store, parts
from temdeep.training.scales import measured_together
from temdeep.training.settings import TrainingSettings

FEWEST_FRAMES = 3
"""Of each series: the middle of 2τ, once."""

FEWEST_TO_SPLIT = 7
"""Below this all of a series is learnt from and none of it held out."""


@dataclass(frozen=True, eq=False)
class Part:
    """A series that is learnt from.

    Attributes:
        data: Its frames.
        held_out_from: Index of the first frame that is held out.
        index: Composite index of each interval before that.
    """

    data: CoarseData
    held_out_from: int
    index: Float64Array

    @classmethod
    def of(cls, data: CoarseData, held_out_from: int) -> "Part":
        """With its composite index."""
        weights, winds = data.area.numpy(), vectors(data.channels)
        index = composite_index(data.frames, weights, winds, held_out_from)
        return cls(data, held_out_from, index)


def splits(several: Sequence[Series], settings: TrainingSettings) -> tuple[int, ...]:
    """Index of the first frame of each series that is held out: the end of each that is long.

    Raises:
        RequestError: One is too short, has a gap where it must not or holds other variables, or
            none is long enough.
    """
    _check_alike(several)
    found = []
    for one in several:
        count = len(one.time)
        if longest_run(one) < FEWEST_FRAMES:
            raise RequestError(
                f"{one.source} has at most {longest_run(one)} times without a gap, and"
                f" {FEWEST_FRAMES} is the least of each series: leave it out."
            )
        held_out = max(round(count * settings.held_out), FEWEST_FRAMES)
        first = count - held_out if count >= FEWEST_TO_SPLIT else count
        if not _can_hide(one, slice(first, count)):
            first = count
        if not _can_hide(one, slice(0, first)):
            raise RequestError(
                f"{one.source} has {_gaps(one)}, which leaves less than {FEWEST_FRAMES} times in a"
                f" row of the {first} that are learnt from: leave this series out, or cut off what"
                " is beside the gap."
            )
        found.append(first)
    if all(first == len(one.time) for first, one in zip(found, several, strict=True)):
        long = [one for one in several if len(one.time) >= FEWEST_TO_SPLIT]
        why = f"has {FEWEST_TO_SPLIT} times"
        if long:
            why += f" and an end without a gap ({long[0].source} has {_gaps(long[0])})"
        raise RequestError(
            f"none of {_sources(several)} {why}, so that nothing is left to choose the best epoch"
            " on: give a longer series."
        )
    return tuple(found)


def _can_hide(series: Series, part: slice) -> bool:
    """Whether a part of a series has times in a row, so that one between others can be hidden."""
    axis = series.time
    runs = [min(one.stop, part.stop) - max(one.start, part.start) for one in axis.segments()]
    halves = [axis.take(part).every(2, i) for i in (0, 1) if part.stop - part.start >= i + 3]
    return max(runs) >= FEWEST_FRAMES and all(len(half) >= 2 for half in halves)


def _gaps(series: Series) -> str:
    """The last gap of a series, in words."""
    gaps = series.time.breaks()
    first, second = (show(series.time.values[gaps[-1] + i]) for i in (0, 1))
    return f"a gap between {first} and {second}"


def placeless(series: Series) -> Solar:
    """The solar method for any place: no response to the sun."""
    return Solar(replace(PlaceBasis.of(series.grid), land=None, elevation=None), {})


def parts_of(
    several: Sequence[Series],
    solar: Solar,
    settings: TrainingSettings,
    held_out_from: Sequence[int],
    store: Store,
) -> tuple[Part, ...]:
    """Read several series and measure what they have in common.

    Args:
        several: Series with the same channels.
        solar: As `placeless` gives it.
        settings: Of the training.
        held_out_from: As `splits` gives it.
        store: What holds the fields.

    Raises:
        RequestError: Cells are no neighbours, or a variable never changes.
    """
    channels = learnable(several[0])
    for one in several:
        check_neighbours(one)
    fields = [held_fields(one, _named(one, channels), store) for one in several]
    shape = shape_of(channels, several[0].grid, settings, fields, _sources(several))
    shape = replace(shape, place=(), trust=(1.0,) * len(channels))
    nothing = HourMeans.without_any(solar.basis, len(channels))
    read = []
    for one, frames in zip(several, fields, strict=True):
        for some in parts(frames.shape):
            frames.put(some.start, normalised(frames[some].numpy(), shape))
        step_s = one.time.step_us / 1e6
        multiples = usable_multiples(settings.spans, longest_run(one))
        network = with_spans(shape, [k * step_s for k in (1, *multiples)])
        read.append(
            CoarseData(
                frames,
                tuple(run for run in one.time.segments() if run.stop - run.start >= 2),
                step_s,
                multiples,
                channels,
                network,
                nothing,
                one.grid,
                ground_of(one.grid, solar.basis),
                torch.from_numpy(one.grid.metric.area_weights.astype(np.float32)),
                store=store,
            )
        )
    together = measured_together(read, held_out_from)
    return tuple(Part.of(*each) for each in zip(together, held_out_from, strict=True))


def _check_alike(several: Sequence[Series]) -> None:
    """Refuse series with other variables or units than the first.

    Raises:
        RequestError: There are.
    """
    first = several[0]
    wanted = {one.name: one.units for one in learnable(first)}
    if not wanted:
        raise RequestError(
            f"{first.source} holds nothing that can be learnt, which is plain numbers that hold at"
            " an instant: turn sums over short periods into rates at their middle first."
        )
    for other in several[1:]:
        units = {one.name: one.units for one in learnable(other)}
        absent = [name for name in {**wanted, **units} if name not in units or name not in wanted]
        if absent:
            raise RequestError(
                f"'{absent[0]}' is in one of {first.source} and {other.source} alone: choose what"
                " all series hold with --variable."
            )
        for name, unit in wanted.items():
            if units[name] != unit:
                raise RequestError(
                    f"'{name}' is in '{unit}' in {first.source} and in '{units[name]}' in"
                    f" {other.source}: convert one of them."
                )


def _named(series: Series, channels: Sequence[Channel]) -> tuple[Channel, ...]:
    """The channels of a series with the names of others, in their order."""
    own = {one.name: one for one in learnable(series)}
    return tuple(own[one.name] for one in channels)


def _sources(several: Sequence[Series]) -> str:
    return ", ".join(one.source for one in several)


def draw_turns(
    parts: Sequence[Part], settings: TrainingSettings, epoch: int, batches: int
) -> list[int]:
    """Which part each batch of an epoch is cut from, the same for every process.

    A series is drawn with a probability that goes with the square root of its length: long ones
    teach more, and each is weather of its own.
    """
    if len(parts) == 1:
        return [0] * batches
    rng = np.random.default_rng([settings.seed, 4, epoch])
    chance = np.sqrt([one.held_out_from for one in parts])
    drawn: list[int] = rng.choice(len(parts), batches, p=chance / chance.sum()).tolist()
    return drawn
