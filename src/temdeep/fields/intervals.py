"""What a method is given to fill: two fields and the time between, or one period.

Knows: arrays. Must not know: xarray, torch, files.
"""

from dataclasses import dataclass

import numpy as np

from temdeep.fields.grids import Grid
from temdeep.fields.variables import Channel, Kind
from temdeep.metric import Float32Array, Float64Array


@dataclass(frozen=True, eq=False)
class Extreme:
    """What a channel does not go beyond during a period that shares time with an interval.

    Attributes:
        channel: Name of the channel.
        kind: Maximum or minimum.
        begin, end: Lead fractions of the period's bounds; below 0 and above 1 outside the interval.
        values: The extreme, shape (y, x), in the channel's unit, NaN where missing.
    """

    channel: str
    kind: Kind
    begin: float
    end: float
    values: Float32Array


@dataclass(frozen=True, eq=False)
class Interval:
    """Instantaneous fields at t0 and t1, with the context on either side.

    Attributes:
        start, end: Shape (channel, y, x), each channel in its own unit, NaN where missing.
        span_s: τ = t1 - t0, in seconds.
        valid_time: t0 as datetime64[us] in UTC, for the sun only: other calendars are mapped to
            the same fraction of the year.
        channels: What each channel is; all instantaneous.
        grid: Where the cells are.
        before, after: Context at steps of τ, shape (frame, channel, y, x), in time order; no
            frames beside a gap or at an end of the series.
        extremes: What is known of the time between, from maxima and minima over periods.
    """

    start: Float32Array
    end: Float32Array
    span_s: float
    valid_time: np.datetime64
    channels: tuple[Channel, ...]
    grid: Grid
    before: Float32Array
    after: Float32Array
    extremes: tuple[Extreme, ...] = ()

    @property
    def frames(self) -> Float32Array:
        """Context and both ends in time order, shape (frame, channel, y, x)."""
        return np.concatenate([self.before, self.start[None], self.end[None], self.after])

    @property
    def lead_fractions(self) -> Float64Array:
        """Lead fraction of each of `frames`: …, -1, 0, 1, 2, …, shape (frame,)."""
        return np.arange(-len(self.before), len(self.after) + 2, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class PeriodInterval:
    """One period of period variables, as mean rates, with the periods on either side.

    A sum over the period is given as sum / span_s, so that sums and means are filled alike.

    Attributes:
        rate: Mean over the period, shape (channel, y, x), float64, unit per second for sums.
        span_s: Length of the period in seconds.
        valid_time: Start of the period, as in `Interval`.
        channels: What each channel is; all of kind sum or mean.
        grid: Where the cells are.
        before, after: Mean rates of the neighbouring periods of the same length, shape
            (period, channel, y, x), in time order; none beside a gap or at an end.
    """

    rate: Float64Array
    span_s: float
    valid_time: np.datetime64
    channels: tuple[Channel, ...]
    grid: Grid
    before: Float64Array
    after: Float64Array
