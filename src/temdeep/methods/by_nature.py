"""What each nature of variable needs around an interpolation of plain numbers.

Directions go through the circle, categories take the nearest, what cannot be negative stays so,
fractions stay within their whole, and both ends are the given frames, bit for bit.

Knows: intervals as arrays. Must not know: files, any one method.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.limits import NEVER_NEGATIVE, lower_limit, upper_limit
from temdeep.fields.variables import Channel, Nature
from temdeep.methods.protocol import Rendering
from temdeep.metric import Float32Array, Float64Array
from temdeep.spline import check_lead_fractions

Smooth = Callable[[Interval, Float64Array], Float32Array]
"""Interpolates channels of plain numbers, as `Method.fill` does."""


def fill_each(interval: Interval, theta: Float64Array, smooth: Smooth) -> Float32Array:
    """Fill an interval, each channel as its nature allows.

    Args:
        interval: Any mixture of natures.
        theta: Lead fractions, shape (time,).
        smooth: What to do with plain numbers; sees no flags, and channels of directions twice, with
            the sine and the cosine in place of degrees.

    Returns:
        Shape (time, channel, y, x), pinned to both ends.

    Raises:
        ValueError: A lead fraction lies outside [0, 1].
    """
    return render_each(interval, lambda own: partial(smooth, own))(theta)


def render_each(interval: Interval, look: Callable[[Interval], Rendering]) -> Rendering:
    """What fills an interval as `fill_each` does, having looked at it once.

    Args:
        interval: Any mixture of natures.
        look: What to do with plain numbers; is given what `smooth` there sees.
    """
    natures = [channel.nature for channel in interval.channels]
    angles = [i for i, nature in enumerate(natures) if nature is Nature.DIRECTION]
    flags = [i for i, nature in enumerate(natures) if nature is Nature.FLAG]
    plain = [i for i in range(len(natures)) if i not in angles and i not in flags]
    parts: list[tuple[list[int], Rendering]] = []
    if plain:
        parts.append((plain, look(select_channels(interval, plain))))
    if angles:
        parts.append((angles, _through_circle(select_channels(interval, angles), look)))
    if flags:
        parts.append((flags, partial(nearest, select_channels(interval, flags))))

    def fill(theta: Float64Array) -> Float32Array:
        check_lead_fractions(theta)
        if len(plain) == len(natures):
            filled = _own(parts[0][1](theta))
        else:
            filled = np.empty((len(theta), *interval.start.shape), np.float32)
            for indices, render in parts:
                filled[:, indices] = render(theta)
        for index, nature in enumerate(natures):
            if nature is Nature.FRACTION:
                filled[:, index] = _within_whole(interval, index, filled[:, index])
            elif nature in NEVER_NEGATIVE:
                np.maximum(filled[:, index], 0, out=filled[:, index])
        filled[theta == 0] = interval.start
        filled[theta == 1] = interval.end
        return filled

    return fill


def _own(values: Float32Array) -> Float32Array:
    """Values in an array that nobody else has."""
    mine = values.flags.owndata and values.flags.writeable
    return values.astype(np.float32, copy=not mine)


def nearest(interval: Interval, theta: Float64Array) -> Float32Array:
    """The nearer end; at half time the first."""
    return np.where(theta[:, None, None, None] <= 0.5, interval.start, interval.end)


def linear(interval: Interval, theta: Float64Array) -> Float32Array:
    """The straight line (1-θ) x₀ + θ x₁."""
    t = theta[:, None, None, None].astype(np.float32)
    line: Float32Array = (1 - t) * interval.start
    part = np.empty_like(line[0]) if len(line) else line
    for i, share in enumerate(t):  # one by one: what was just made is still at hand
        line[i] += np.multiply(share, interval.end, out=part)
    return line


def limits_of_rate(channel: Channel, rate: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Least and most that the parts of a period can be: the limits, or the mean if it is beyond.

    Args:
        channel: What it is; infinite limits where it has none.
        rate: Mean over the period, any shape.

    Returns:
        Two of the same shape; NaN where the mean is.
    """
    low, high = lower_limit(channel), upper_limit(channel)
    least = np.minimum(rate, -np.inf if low is None else low)
    most = np.maximum(rate, np.inf if high is None else high)
    return least, most


def damping(
    departures: tuple[Float64Array, Float64Array], room: tuple[Float64Array, Float64Array]
) -> Float64Array:
    """How much of what departs from a mean may stay for the parts to keep within their limits.

    Args:
        departures: Largest departures below and above the mean, both positive if there are any.
        room: How far the limits are below and above the mean; not negative, may be infinite.

    Returns:
        A factor from 0 to 1.
    """
    factor = np.ones_like(room[0])
    for departure, most in zip(departures, room, strict=True):
        beyond = departure > most
        factor = np.where(beyond, np.minimum(factor, most / np.where(beyond, departure, 1)), factor)
    return factor


def even_division(interval: PeriodInterval, edges: Float64Array) -> Float64Array:
    """The same mean rate for every part of a period."""
    check_edges(edges)
    return np.repeat(interval.rate[None], len(edges) - 1, axis=0)


def check_edges(edges: Float64Array) -> None:
    """Refuse bounds that do not divide a period.

    Raises:
        ValueError: They do not ascend from 0 to 1.
    """
    if len(edges) < 2 or edges[0] != 0 or edges[-1] != 1 or not (np.diff(edges) > 0).all():
        raise ValueError(f"the bounds of a period's parts must ascend from 0 to 1, got {edges}")


def select_channels(interval: Interval, indices: list[int]) -> Interval:
    """The same interval with some of its channels only."""
    if indices == list(range(len(interval.channels))):
        return interval
    return replace(
        interval,
        start=interval.start[indices],
        end=interval.end[indices],
        channels=tuple(interval.channels[index] for index in indices),
        before=interval.before[:, indices],
        after=interval.after[:, indices],
    )


def select_period_channels(interval: PeriodInterval, indices: list[int]) -> PeriodInterval:
    """The same period with some of its channels only."""
    return replace(
        interval,
        rate=interval.rate[indices],
        channels=tuple(interval.channels[index] for index in indices),
        before=interval.before[:, indices],
        after=interval.after[:, indices],
    )


def fallback(channel: Channel) -> str:
    """What every method but `nearest` does with a nature that is no plain number, else empty."""
    if channel.nature is Nature.FLAG:
        return "nearest: categories are never averaged"
    return ""


def _within_whole(interval: Interval, index: int, filled: Float32Array) -> Float32Array:
    """A fraction between 0 and its whole, or as far beyond as one of the ends is."""
    whole = upper_limit(interval.channels[index])
    start, end = interval.start[index], interval.end[index]
    least = np.fmin(np.fmin(start, end), np.float32(0))
    within: Float32Array = np.maximum(filled, least)
    if whole is not None:
        np.minimum(within, np.fmax(np.fmax(start, end), np.float32(whole)), out=within)
    return within


def _through_circle(interval: Interval, look: Callable[[Interval], Rendering]) -> Rendering:
    """Interpolate unit vectors and turn them back into degrees, counted as those given."""

    def component(wave: np.ufunc) -> Rendering:
        def project(degrees: Float32Array) -> Float32Array:
            projected: Float32Array = wave(np.deg2rad(degrees, dtype=np.float64)).astype(np.float32)
            return projected

        projected = replace(
            interval,
            start=project(interval.start),
            end=project(interval.end),
            before=project(interval.before),
            after=project(interval.after),
        )
        return look(projected)

    east, north = component(np.sin), component(np.cos)

    def fill(theta: Float64Array) -> Float32Array:
        degrees = np.rad2deg(np.arctan2(east(theta), north(theta), dtype=np.float64)) % 360
        rounded: Float32Array = degrees.astype(np.float32)
        return counted_as_given(np.where(rounded >= 360, np.float32(0), rounded), interval)

    return fill


def counted_as_given(degrees: Float32Array, interval: Interval) -> Float32Array:
    """Directions in [0, 360), or in [-180, 180) where an end is negative.

    Args:
        degrees: In [0, 360), shape (time, channel, y, x).
        interval: Its channels are those directions.
    """
    negative = (interval.start < 0) | (interval.end < 0)
    return np.where(negative & (degrees >= 180), degrees - np.float32(360), degrees)
