"""What is measured on the coarse series before training: usual sizes, and what moves.

Knows: torch. Must not know: xarray, files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from temdeep.methods.optical_flow import LEAST_GAIN
from temdeep.metric import Float64Array
from temdeep.network.architecture import Coefficients
from temdeep.network.basis import BASIS_SIZE
from temdeep.network.features import second_differences
from temdeep.network.motion import aligned
from temdeep.network.rendering import render
from temdeep.network.settings import MOVING_CONTEXT, NetworkSettings
from temdeep.network.window import Window
from temdeep.training.coarse import CoarseData
from temdeep.training.samples import Cutter, Sample, View, intervals

MOST_INTERVALS = 48
"""Intervals of each span that are looked at, evenly spread over the series."""

MOST_CELLS = 2**21
"""Cells of these together, as far as that leaves `FEWEST_INTERVALS`: motion takes its time."""

FEWEST_INTERVALS = 4

LONGEST_SIDE = 256
"""Rows and columns in the middle of the grid that are looked at."""

Span = TypeVar("Span", int, float)
"""A span in steps."""

STEEPEST = 4.0
"""Power of the span with which a spline's error may grow at most: that of a smooth function."""


def measured(data: CoarseData, last: int) -> CoarseData:
    """The same data with the network's scales measured, and still what motion does not help.

    Args:
        data: The coarse series.
        last: Frames from here on are held out.
    """
    return measured_together([data], [last])[0]


def measured_together(several: Sequence[CoarseData], last: Sequence[int]) -> list[CoarseData]:
    """The same for several series, with scales and motions that all share.

    Args:
        several: Coarse series with the same channels.
        last: For each, from where on frames are held out.

    Returns:
        As they were given.
    """
    first = several[0]
    moving = _Measurement.of(several, last)
    if first.settings.level_count:
        no_levels = {"levels": (-1,) * len(first.channels), "level_count": 0}
        still = _Measurement.of(_with(several, **no_levels), last)
        narrow = min(moving.error)
        helped = moving.error[narrow] < (1 - LEAST_GAIN) * still.error[narrow]
        levels = tuple(
            level if better else -1
            for level, better in zip(first.settings.levels, helped.tolist(), strict=True)
        )
        if levels != first.settings.levels:
            kept = renumbered(replace(first.settings, levels=levels))
            several = _with(several, levels=kept.levels, level_count=kept.level_count)
            moving = _Measurement.of(several, last)
    error = extrapolated(moving.error)
    if "scaling" in first.settings.without:
        same = min(moving.error)
        for table in (moving.change, moving.bend, error):
            table[1.0] = table[same]
    spans = sorted(moving.change)
    base_s = _base_s(several)
    return _with(
        several,
        spans_s=tuple(span * base_s for span in spans),
        change=_table([moving.change[span] for span in spans]),
        bend=_table([moving.bend[span] for span in spans]),
        error=_table(_at(spans, error)),
    )


def _base_s(several: Sequence[CoarseData]) -> float:
    """The shortest step, the unit of spans."""
    return min(one.step_s for one in several)


def _with(several: Sequence[CoarseData], **changed: Any) -> list[CoarseData]:
    """The same with other settings of the network."""
    return [replace(one, settings=replace(one.settings, **changed)) for one in several]


def _at(spans: Sequence[float], error: dict[float, Float64Array]) -> list[Float64Array]:
    """Errors at all spans: where a span is a step alone, by the power law between the nearest."""
    known = sorted(error)
    logs = np.log(np.stack([error[span] for span in known]))
    columns = [np.interp(np.log(spans), np.log(known), column) for column in logs.T]
    every = dict(zip(spans, np.exp(np.stack(columns, axis=1)), strict=True))
    return [error.get(span, every[span]) for span in spans]


def renumbered(settings: NetworkSettings) -> NetworkSettings:
    """The same without levels that no channel is left on."""
    used = sorted({level for level in settings.levels if level >= 0})
    levels = tuple(used.index(level) if level >= 0 else -1 for level in settings.levels)
    return replace(settings, levels=levels, level_count=len(used))


def extrapolated(error: dict[Span, Float64Array]) -> dict[Span, Float64Array]:
    """Errors at multiples of the step, with that at the step itself by a power law.

    The law goes through the narrowest multiple k and 2k, or the widest where 2k is not there.
    """
    narrow = min(error)
    wide = 2 * narrow if 2 * narrow in error else max(error)
    if wide > narrow:
        power = np.log(error[wide] / error[narrow]) / np.log(wide / narrow)
    else:
        power = np.full_like(error[narrow], STEEPEST / 2)
    return {1: error[narrow] / narrow ** np.clip(power, 0.5, STEEPEST), **error}


def anchor(window: Window, channels: int, carried: tuple[int, ...] = ()) -> Coefficients:
    """Coefficients of an untrained network: the spline along the classical motion, rain unbent."""
    frames, levels = window.frames, window.motion.shape[1]
    batch, _, _, rows, columns = frames.shape
    return Coefficients(
        frames.new_ones(batch, channels, rows, columns),
        frames.new_zeros(batch, BASIS_SIZE, channels, rows, columns),
        window.motion,
        torch.zeros_like(window.motion),
        frames.new_zeros(batch, levels, rows, columns),
        carried=carried,
    )


@dataclass(frozen=True, eq=False)
class _Measurement:
    """Root mean squares by span in shortest steps, each (channel,)."""

    change: dict[float, Float64Array]
    bend: dict[float, Float64Array]
    error: dict[float, Float64Array]

    @classmethod
    def of(cls, several: Sequence[CoarseData], last: Sequence[int]) -> "_Measurement":
        sums: dict[float, tuple[_Sum, _Sum, _Sum]] = {}
        for data, end in zip(several, last, strict=True):
            cutter = Cutter(data)
            steps = data.step_s / _base_s(several)
            for k in (1, *data.multiples):
                own = sums.setdefault(round(k * steps, 6), (_Sum(), _Sum(), _Sum()))
                for sample in _spread(intervals(data, end, k), data.area.numel()):
                    _measure(data, cutter, sample, own)
        change = {span: one.root() for span, (one, _, _) in sums.items()}
        bend = {
            span: one.root() if one.known else change[span] for span, (_, one, _) in sums.items()
        }
        return cls(
            change, bend, {span: one.root() for span, (*_, one) in sums.items() if one.known}
        )


def _measure(
    data: CoarseData, cutter: Cutter, sample: Sample, sums: tuple["_Sum", "_Sum", "_Sum"]
) -> None:
    """Add an interval's changes, its bends and, if times are hidden in it, the anchor's errors."""
    levels = data.settings.levels
    cut = cutter.cut([sample], _middle(data), "cpu")
    window = cut.window
    frames = aligned(window, levels)
    start, end = frames[:, MOVING_CONTEXT], frames[:, MOVING_CONTEXT + 1]
    change, bend, error = sums
    change.add(end - start, cut.area)
    if sample.before and sample.after:
        bends = second_differences(frames, window)
        bend.add(bends[:, MOVING_CONTEXT - 1 : MOVING_CONTEXT + 1], cut.area)
    if sample.multiple > 1:
        hidden = sample.multiple // 2
        lead = torch.full((1, 1), hidden / sample.multiple)
        untrained = anchor(window, len(data.channels), data.settings.carried)
        departure = render(window, untrained, lead, levels)
        line = (1 - lead) * window.start + lead * window.end
        error.add(line + departure[:, 0] - cut.truth[:, hidden - 1], cut.area)


class _Sum:
    """A growing area-weighted mean square of each channel."""

    def __init__(self) -> None:
        self.square: Tensor = torch.zeros(1, dtype=torch.float64)
        self.weight: Tensor = torch.zeros(1, dtype=torch.float64)
        self.known = False

    def add(self, fields: Tensor, area: Tensor) -> None:
        flat = fields.reshape(-1, *fields.shape[-3:]).double()
        known = torch.isfinite(flat)
        self.square = self.square + (torch.nan_to_num(flat) ** 2 * area).sum(dim=(0, 2, 3))
        self.weight = self.weight + (known * area).sum(dim=(0, 2, 3))
        self.known = True

    def root(self) -> Float64Array:
        square = self.square.clamp_min(1e-12) / self.weight.clamp_min(1e-12)
        return square.sqrt().numpy()


def _middle(data: CoarseData) -> View:
    """All of a small grid, the middle of a large one."""
    rows, columns = data.frames.shape[-2:]
    height, width = min(rows, LONGEST_SIDE), min(columns, LONGEST_SIDE)
    return View(((rows - height) // 2, height), ((columns - width) // 2, width))


def _spread(samples: list[Sample], cells: int) -> Iterator[Sample]:
    """As many of them as are worth their time on a grid of so many cells."""
    most = min(max(MOST_CELLS // cells, FEWEST_INTERVALS), MOST_INTERVALS)
    stride = max(-(-len(samples) // most), 1)
    yield from samples[::stride]


def _table(rows: list[Float64Array]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row.tolist()) for row in rows)
