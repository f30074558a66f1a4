"""Cubic interpolation in time: the natural spline, and its local cousin of four points.

Periods are filled through their running totals, so that totals are conserved.

Knows: intervals as arrays. Must not know: files.
"""

from collections.abc import Callable

import numpy as np

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.limits import NEVER_NEGATIVE
from temdeep.fields.variables import Channel, Nature
from temdeep.methods import by_nature
from temdeep.methods.context import finite_runs, trim_context, weighted_frames
from temdeep.methods.hermite import hermite, lowest_rate
from temdeep.metric import Float32Array, Float64Array
from temdeep.spline import spline_slope_weights, spline_weights

SlopeWeights = Callable[[int, int], Float64Array]
"""Weights (2, frame) of the frames in the slopes at both ends, for frames before and after."""


class Cubic:
    """The natural cubic spline through up to twelve frames on each side.

    That is the spline through the whole series to 1e-7: a frame's weight falls by 3.7 per step.
    """

    name = "cubic"
    context = 12

    def treatment(self, channel: Channel, grid: Grid) -> str:  # noqa: ARG002 - of the protocol
        """See `Method.treatment`."""
        return _treatment(self.name, channel)

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return by_nature.fill_each(interval, theta, self._spline)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return fill_totals(trim_context(interval, self.context), edges, spline_slope_weights)

    def _spline(self, interval: Interval, theta: Float64Array) -> Float32Array:
        return spline(trim_context(interval, self.context), theta)


class CubicLocal:
    """The cubic Hermite polynomial with slopes from one frame on each side.

    Slopes are central differences, s₀ = (x₁ - x₋₁)/2; beside a gap or an end of the series they are
    those of the parabola through the other three frames.
    """

    name = "cubic_local"
    context = 1

    def treatment(self, channel: Channel, grid: Grid) -> str:  # noqa: ARG002 - of the protocol
        """See `Method.treatment`."""
        return _treatment(self.name, channel)

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return by_nature.fill_each(interval, theta, self._hermite)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return fill_totals(trim_context(interval, self.context), edges, local_slope_weights)

    def _hermite(self, interval: Interval, theta: Float64Array) -> Float32Array:
        near = trim_context(interval, self.context)
        slopes = weighted_frames(near.frames, len(near.before), local_slope_weights, 2)
        return hermite(near.start, near.end, slopes[0], slopes[1], theta)


def spline(interval: Interval, theta: Float64Array) -> Float32Array:
    """The natural spline through both ends and all context, as far as it is finite at a cell.

    Args:
        interval: Channels of plain numbers.
        theta: Lead fractions, shape (time,).

    Returns:
        Shape (time, channel, y, x).
    """
    return weighted_frames(
        interval.frames,
        len(interval.before),
        lambda n_before, n_after: spline_weights(n_before, n_after, theta),
        len(theta),
    )


def local_slope_weights(n_before: int, n_after: int) -> Float64Array:
    """Weights of the frames in the four-point slopes at both ends, shape (2, frame).

    Args:
        n_before: Frames before t0, 0 or 1.
        n_after: Frames after t1, 0 or 1.
    """
    table = {
        (1, 1): [[-1, 0, 1, 0], [0, -1, 0, 1]],
        (0, 1): [[-3, 4, -1], [-1, 0, 1]],
        (1, 0): [[-1, 0, 1], [1, -4, 3]],
        (0, 0): [[-2, 2], [-2, 2]],
    }
    return np.array(table[n_before, n_after]) / 2


def total_weights(
    n_before: int, n_after: int, edges: Float64Array, slope_weights: SlopeWeights
) -> Float64Array:
    """Weights with which the cubic through the running total takes each period's rate.

    Args:
        n_before: Periods before.
        n_after: Periods after.
        edges: Lead fractions of the parts' bounds, shape (part + 1,).
        slope_weights: Weights of the running totals in their slopes at both ends.

    Returns:
        Shape (part, n_before + 1 + n_after), rows adding up to 1.
    """
    first, last = _rate_weights(n_before, n_after, slope_weights)
    own = np.zeros_like(first)
    own[n_before] = 1
    ends = (np.zeros_like(own), own, first, last)
    zero, whole, slope, last_slope = (weights[:, None, None] for weights in ends)
    total = hermite(zero, whole, slope, last_slope, edges)[..., 0, 0]
    parts: Float64Array = np.diff(total, axis=0) / np.diff(edges)[:, None]
    return parts


def fill_totals(
    interval: PeriodInterval, edges: Float64Array, slope_weights: SlopeWeights
) -> Float64Array:
    """Mean rates of parts of a period from a cubic through the running total.

    The running total Y is 0 at the period's start, R at its end and adds up the neighbours' rates
    beyond; its slopes at both ends are the rates r₀ and r₁ there, and a part from θ₁ to θ₂ gets
    (Y(θ₂) - Y(θ₁)) / (θ₂ - θ₁). Where the rate would turn negative though it must not, or exceed
    the whole of a fraction, its departure from R is damped just enough for it to reach the limit.

    Args:
        interval: The period and its context.
        edges: Lead fractions of the parts' bounds, shape (part + 1,).
        slope_weights: Weights of the running totals in their slopes at both ends.

    Returns:
        Shape (part, channel, y, x); NaN only where the rate is.
    """
    by_nature.check_edges(edges)
    rate = interval.rate
    first, last = _end_rates(interval, slope_weights)
    for index, channel in enumerate(interval.channels):
        if channel.nature in (Nature.DIRECTION, Nature.FLAG):
            first[index] = last[index] = rate[index]
        elif channel.nature in NEVER_NEGATIVE:
            mean, ends = rate[index], (first[index], last[index])
            least, most = by_nature.limits_of_rate(channel, mean)
            below = mean - lowest_rate(mean, *ends)
            above = -lowest_rate(-mean, -ends[0], -ends[1]) - mean
            damping = by_nature.damping((below, above), (mean - least, most - mean))
            first[index], last[index] = (mean + damping * (end - mean) for end in ends)
    total = hermite(np.zeros_like(rate), rate, first, last, edges)
    parts: Float64Array = np.diff(total, axis=0) / np.diff(edges)[:, None, None, None]
    for index, channel in enumerate(interval.channels):
        if channel.nature in NEVER_NEGATIVE:
            parts[:, index] = np.clip(  # rounding
                parts[:, index], *by_nature.limits_of_rate(channel, rate[index])
            )
    return parts


def _end_rates(
    interval: PeriodInterval, slope_weights: SlopeWeights
) -> tuple[Float64Array, Float64Array]:
    """Slopes of the running total at both ends of the period, shape (channel, y, x) each."""
    n_all = len(interval.before)
    rates = np.concatenate([interval.before, interval.rate[None], interval.after])
    cells = rates.reshape(len(rates), -1)
    slopes = np.empty((2, cells.shape[1]))
    for n_before, n_after, mask in finite_runs(interval.before, interval.after):
        of_rates = _rate_weights(n_before, n_after, slope_weights)
        window = slice(n_all - n_before, n_all + 1 + n_after)
        flat = mask.ravel()
        slopes[:, flat] = of_rates @ cells[window][:, flat]
    first, last = slopes.reshape(2, *interval.rate.shape)
    return first, last


def _rate_weights(n_before: int, n_after: int, slope_weights: SlopeWeights) -> Float64Array:
    """Slopes of the running total at both ends as weights of the rates, shape (2, period)."""
    of_totals = slope_weights(n_before, n_after)
    of_rates: Float64Array = np.cumsum(of_totals[:, ::-1], axis=1)[:, -2::-1]
    return of_rates


def _treatment(name: str, channel: Channel) -> str:
    if channel.kind.is_period and channel.nature in (Nature.DIRECTION, Nature.FLAG):
        return "linear: mean directions and categories are divided evenly"
    return by_nature.fallback(channel) or name
