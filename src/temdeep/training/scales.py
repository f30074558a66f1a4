"""What is measured on the coarse series before training: usual sizes, and what moves.

Knows: torch. Must not know: xarray, files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

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
from temdeep.training.samples import Cutter, Sample, intervals, whole_view

MOST_INTERVALS = 48
"""Intervals of each span that are looked at, evenly spread over the series."""

STEEPEST = 4.0
"""Power of the span with which a spline's error may grow at most: that of a smooth function."""


def measured(data: CoarseData, last: int) -> CoarseData:
    """The same data with the network's scales measured, and still what motion does not help.

    Args:
        data: The coarse series.
        last: Frames from here on are held out.
    """
    moving = _Measurement.of(data, last)
    if data.settings.level_count:
        fixed = replace(
            data, settings=replace(data.settings, levels=(-1,) * len(data.channels), level_count=0)
        )
        still = _Measurement.of(fixed, last)
        first = data.multiples[0]
        helped = moving.error[first] < (1 - LEAST_GAIN) * still.error[first]
        levels = tuple(
            level if better else -1
            for level, better in zip(data.settings.levels, helped.tolist(), strict=True)
        )
        data = replace(data, settings=renumbered(replace(data.settings, levels=levels)))
        moving = _Measurement.of(data, last)
    error = extrapolated(moving.error)
    spans = (1, *data.multiples)
    if "scaling" in data.settings.without:
        same = data.multiples[0]
        moving.change[1], moving.bend[1], error[1] = (
            table[same] for table in (moving.change, moving.bend, error)
        )
    settings = replace(
        data.settings,
        change=_table([moving.change[k] for k in spans]),
        bend=_table([moving.bend[k] for k in spans]),
        error=_table([error[k] for k in spans]),
    )
    return replace(data, settings=settings)


def renumbered(settings: NetworkSettings) -> NetworkSettings:
    """The same without levels that no channel is left on."""
    used = sorted({level for level in settings.levels if level >= 0})
    levels = tuple(used.index(level) if level >= 0 else -1 for level in settings.levels)
    return replace(settings, levels=levels, level_count=len(used))


def extrapolated(error: dict[int, Float64Array]) -> dict[int, Float64Array]:
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


def anchor(window: Window, channels: int) -> Coefficients:
    """Coefficients of an untrained network: the spline along the classical motion."""
    frames, levels = window.frames, window.motion.shape[1]
    batch, _, _, rows, columns = frames.shape
    return Coefficients(
        frames.new_ones(batch, channels, rows, columns),
        frames.new_zeros(batch, BASIS_SIZE, channels, rows, columns),
        window.motion,
        torch.zeros_like(window.motion),
        frames.new_zeros(batch, levels, rows, columns),
    )


@dataclass(frozen=True, eq=False)
class _Measurement:
    """Root mean squares by multiple of the step, each (channel,)."""

    change: dict[int, Float64Array]
    bend: dict[int, Float64Array]
    error: dict[int, Float64Array]

    @classmethod
    def of(cls, data: CoarseData, last: int) -> "_Measurement":
        change, bend, error = {}, {}, {}
        cutter, levels = Cutter(data), data.settings.levels
        view = whole_view(data)
        for k in (1, *data.multiples):
            sums = [_Sum(), _Sum(), _Sum()]
            for sample in _spread(intervals(data, last, k)):
                cut = cutter.cut([sample], view, "cpu")
                window = cut.window
                frames = aligned(window, levels)
                start, end = frames[:, MOVING_CONTEXT], frames[:, MOVING_CONTEXT + 1]
                sums[0].add(end - start, cut.area)
                if sample.before and sample.after:
                    bends = second_differences(frames, window)
                    sums[1].add(bends[:, MOVING_CONTEXT - 1 : MOVING_CONTEXT + 1], cut.area)
                if k > 1:
                    lead = torch.full((1, 1), (k // 2) / k)
                    departure = render(window, anchor(window, len(data.channels)), lead, levels)
                    line = (1 - lead) * window.start + lead * window.end
                    truth = cut.truth[:, k // 2 - 1]
                    sums[2].add(line + departure[:, 0] - truth, cut.area)
            change[k] = sums[0].root()
            bend[k] = sums[1].root() if sums[1].known else change[k]
            if k > 1:
                error[k] = sums[2].root()
        return cls(change, bend, error)


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


def _spread(samples: list[Sample]) -> Iterator[Sample]:
    """At most `MOST_INTERVALS` of them."""
    stride = max(-(-len(samples) // MOST_INTERVALS), 1)
    yield from samples[::stride]


def _table(rows: list[Float64Array]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row.tolist()) for row in rows)
