"""Optical flow: both ends moved along one motion per level and member, and blended.

    x(θ) = (1-θ) x₀(p - θ τ V) + θ x₁(p + (1-θ) τ V)

Precipitation over periods is divided along its motion (`redistribution.py`).

Knows: intervals as arrays. Must not know: files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.natures import is_precipitation
from temdeep.fields.series import Series
from temdeep.fields.variables import Channel, Nature
from temdeep.methods import by_nature
from temdeep.methods.context import trim_context
from temdeep.methods.facing import as_on_a_map, estimate_facing_north, turning_of_north_per_m
from temdeep.methods.motion import Motion, warp, why_no_motion
from temdeep.methods.protocol import Division, Rendering, all_parts
from temdeep.methods.rain_motion import estimate_rain, is_rain, shared_motion
from temdeep.methods.redistribution import parts_of, redistribute
from temdeep.methods.trials import HALVES, hidden_frames, hidden_halves
from temdeep.metric import Float32Array, Float64Array, FloatArray

LEAST_GAIN = 0.04
"""Share of linear's RMSE on hidden frames that moving must save, since use is at shorter spans."""


@dataclass(frozen=True, eq=False)
class OpticalFlow:
    """Moves both ends along the motion V that the channels of a level (and member) share.

    What cannot be moved, or was found not to move, is interpolated linearly. Rates of precipitation
    have a motion of their own (`rain_motion.py`). Precipitation over periods is divided along its
    motion, other periods are divided evenly.

    Attributes:
        still: Why channels that could be moved are not, by name.
    """

    still: Mapping[str, str] = field(default_factory=dict)

    name = "optical_flow"
    context = 1  # of rain only

    @classmethod
    def judged_on(cls, series: Series) -> Self:
        """Move only what this helps on hidden frames of a coarse series.

        Every second of three frames is filled in from its neighbours, by flow and linearly; where
        the flow saves less than `LEAST_GAIN`, a channel is not advective and stays linear. Likewise
        of two periods, joined and divided again.
        """
        instants = [one for one in series.instantaneous() if not _why_still(one, series.grid)]
        worse = cls._worse_at_instants(series, instants)
        for group in series.period_groups():
            rain = [one for one in group if not _why_even(one, series.grid)]
            worse += cls._worse_in_periods(series, rain)
        return cls({one.name: "not advective on hidden frames" for one in worse})

    @classmethod
    def _worse_at_instants(cls, series: Series, channels: list[Channel]) -> list[Channel]:
        area = series.grid.metric.area_weights
        flow = linear = np.zeros(len(channels))
        half = np.array([0.5])
        for hidden in hidden_frames(series, channels, cls.context):
            known = hidden.interval
            flow = flow + _square(cls().fill(known, half)[0] - hidden.truth, area)
            linear = linear + _square(by_nature.linear(known, half)[0] - hidden.truth, area)
        return _without_gain(channels, flow, linear)

    @classmethod
    def _worse_in_periods(cls, series: Series, channels: list[Channel]) -> list[Channel]:
        area = series.grid.metric.area_weights
        flow = even = np.zeros(len(channels))
        for hidden in hidden_halves(series, channels, cls.context):
            known = hidden.interval
            if not len(known.before) and not len(known.after):
                continue  # a period alone has no motion
            flow = flow + _square(cls().fill_periods(known, HALVES) - hidden.truth, area)
            even = even + _square(known.rate - hidden.truth, area)
        return _without_gain(channels, flow, even)

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """See `Method.treatment`."""
        if channel.kind.is_period:
            reason = _why_even(channel, grid) or self.still.get(channel.name, "")
            return f"linear: {reason}; the period is divided evenly" if reason else self.name
        reason = _why_still(channel, grid) or self.still.get(channel.name, "")
        return by_nature.fallback(channel) or (f"linear: {reason}" if reason else self.name)

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return self.rendering(interval)(theta)

    def rendering(self, interval: Interval) -> Rendering:
        """See `Looking.rendering`: motion is estimated once."""
        return by_nature.render_each(trim_context(interval, self.context), self._look)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return all_parts(self, interval, edges)

    def division(self, interval: PeriodInterval, edges: Float64Array) -> Division:
        """See `Dividing.division`: amounts are followed along their motion once."""
        by_nature.check_edges(edges)
        near = trim_context(interval, self.context)
        rates = np.concatenate([near.before, near.rate[None], near.after])
        by_map = as_on_a_map(near.grid)
        divided: dict[int, Float64Array] = {}
        for i, channel in enumerate(near.channels):
            if not _why_even(channel, near.grid) and channel.name not in self.still:
                on_map = rates[:, i, *by_map]
                cells = redistribute(on_map, len(near.before), cyclic=near.grid.metric.cyclic)
                divided[i] = cells

        def parts(some: slice) -> Float64Array:
            made = np.repeat(near.rate[None], some.stop - some.start, axis=0)
            for i, cells in divided.items():
                made[:, i, *by_map] = parts_of(cells, edges[some.start : some.stop + 1])
            return made

        return parts

    def _look(self, interval: Interval) -> Rendering:
        moved: list[tuple[list[int], Motion]] = []
        for moving in _levels(interval):
            movable = [i for i in moving if interval.channels[i].name not in self.still]
            if movable:
                moved += _by_frame(movable, _motion(interval, moving), interval)

        def fill(theta: Float64Array) -> Float32Array:
            filled = by_nature.linear(interval, theta)
            for alike, own in moved:
                ends = interval.start[alike], interval.end[alike]
                for i, t in enumerate(theta):
                    if 0 < t < 1:
                        filled[i, alike] = blend(*ends, own, float(t), interval)
            return filled

        return fill


def _motion(interval: Interval, moving: list[int]) -> Motion:
    """The motion that some channels share; that of rain from the frames beside the interval too."""
    if not is_rain(interval.channels[moving[0]]):
        start, end = interval.start[moving], interval.end[moving]
        return estimate_facing_north(start, end, interval.span_s, interval.grid)
    return estimate_rain(
        interval.frames[:, moving], len(interval.before), interval.span_s, interval.grid
    )


def _by_frame(
    movable: list[int], motion: Motion, interval: Interval
) -> Iterator[tuple[list[int], Motion]]:
    """Numbers, and components of vectors, which are not moved far where east and north turn."""
    vectors = [i for i in movable if interval.channels[i].component]
    numbers = [i for i in movable if i not in vectors]
    if numbers:
        yield numbers, motion
    if vectors:
        turning = turning_of_north_per_m(interval.grid)
        yield vectors, motion.slowed(turning, interval.span_s, interval.grid.metric)


def blend(
    start: Float32Array, end: Float32Array, motion: Motion, theta: float, interval: Interval
) -> Float32Array:
    """Both ends moved to a lead fraction and blended.

    Args:
        start: Fields at t0, shape (channel, y, x).
        end: Fields at t1, likewise.
        motion: V.
        theta: Lead fraction.
        interval: Says the span and the cell sizes.

    Returns:
        Shape (channel, y, x); NaN where an end is NaN, and only there.
    """
    metric = interval.grid.metric
    columns, rows = motion.displacement(interval.span_s, metric)
    cyclic = metric.cyclic
    from_start = warp(start, -theta * columns, -theta * rows, cyclic=cyclic)
    from_end = warp(end, (1 - theta) * columns, (1 - theta) * rows, cyclic=cyclic)
    t = np.float32(theta)
    missing = np.isnan(start) | np.isnan(end)
    return np.where(missing, np.float32(np.nan), (1 - t) * from_start + t * from_end)


def _square(error: FloatArray, area: Float64Array) -> Float64Array:
    """Sum of squares per channel of what is known, shape (…, channel, y, x)."""
    squares = np.nansum(error.astype(np.float64) ** 2 * area, axis=(-2, -1))
    total: Float64Array = squares.reshape(-1, error.shape[-3]).sum(axis=0)
    return total


def _without_gain(
    channels: list[Channel], flow: Float64Array, still: Float64Array
) -> list[Channel]:
    """Channels whose square errors the flow hardly lessens."""
    most = (1 - LEAST_GAIN) ** 2
    return [one for i, one in enumerate(channels) if flow[i] > most * still[i]]


def _levels(interval: Interval) -> list[list[int]]:
    """Indices of the channels that move together."""
    together: dict[tuple[str, str], list[int]] = {}
    for i, channel in enumerate(interval.channels):
        if not _why_still(channel, interval.grid):
            together.setdefault(shared_motion(channel), []).append(i)
    return list(together.values())


def _why_even(channel: Channel, grid: Grid) -> str:
    """Why a period is not divided along a motion, empty if it is."""
    if not is_precipitation(channel.variable, channel.standard_name):
        return "what is no precipitation is not moved"
    return why_no_motion(grid)


def _why_still(channel: Channel, grid: Grid) -> str:
    """Why a channel is not moved, empty if it is."""
    if reason := why_no_motion(grid):
        return reason
    if channel.ground:
        return "tied to the ground"
    if channel.nature is Nature.SUNLIGHT:
        return "driven by the sun, not by motion"
    if channel.nature is Nature.DIRECTION:
        return "no motion is estimated from directions"
    return ""
