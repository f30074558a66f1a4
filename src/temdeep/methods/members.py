"""Members: likely courses of the truth around an estimate, each of them a field.

    x(θ) + σ(θ) (cos(πθ/2) ζ₀ - sin(πθ/2) ζ₁)

σ is the standard deviation of the estimate's error (`spread`); ζ₀ and ζ₁ belong to the times at
both ends, vary over the distance over which errors do, have errors' distribution Z and, over all
members together, mean 0. So the members' mean is the estimate, none departs from a given time, and
a member goes through given times without a kink. Where a quantity cannot be what a member would
make of it, all members are drawn nearer to the estimate there.

Knows: intervals as arrays, spreads. Must not know: series, files, any one method.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from temdeep.fields.intervals import Interval
from temdeep.fields.limits import lower_limit, upper_limit
from temdeep.fields.variables import Channel
from temdeep.methods.coherent_noise import Smoother
from temdeep.methods.spread import ChannelSpread, Spread
from temdeep.metric import Float32Array, Float64Array


@dataclass(frozen=True)
class Draw:
    """How many members, and which.

    Attributes:
        members: At least 2.
        seed: The same seed gives the same members, whatever times are asked for.
    """

    members: int
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Drawn:
    """The members of one interval.

    Attributes:
        interval: The interval.
        ends: ζ₀ and ζ₁ by channel that has a spread, each of shape (2, member, y, x).
    """

    interval: Interval
    ends: dict[str, Float32Array]

    @classmethod
    def of(cls, interval: Interval, spread: Spread, draw: Draw) -> "Drawn":
        """Draw them."""
        ends = {}
        for channel in interval.channels:
            if spread.knows(channel):
                own = spread.of_channel[channel.name]
                ends[channel.name] = _ends(interval, channel, own, draw)
        return cls(interval, ends)

    def fields(
        self, theta: Float64Array, filled: Float32Array, deviations: Float32Array
    ) -> Float32Array:
        """The members' fields.

        Args:
            theta: Lead fractions, shape (time,).
            filled: The estimate, shape (time, channel, y, x).
            deviations: σ, likewise.

        Returns:
            Shape (member, time, channel, y, x); NaN for channels without a spread.
        """
        members = next((len(one[0]) for one in self.ends.values()), 0)
        made = np.full((members, *filled.shape), np.nan, np.float32)
        first, last = np.cos(np.pi * theta / 2), np.sin(np.pi * theta / 2)
        for i, channel in enumerate(self.interval.channels):
            if channel.name not in self.ends:
                continue
            start, end = self.ends[channel.name].astype(np.float64)
            for j in range(len(theta)):
                apart = deviations[j, i] * (first[j] * start - last[j] * end)
                made[:, j, i] = _within(channel, filled[j, i].astype(np.float64), apart)
        return made


def _ends(interval: Interval, channel: Channel, spread: ChannelSpread, draw: Draw) -> Float32Array:
    """ζ at both ends, shape (2, member, y, x), with mean 0 over the members."""
    smoother = Smoother.of(interval.grid.metric, spread.length_m)
    ends = np.empty((2, draw.members, *interval.grid.shape), np.float32)
    for place, later_s in enumerate((0.0, interval.span_s)):
        for member in range(draw.members):
            random = _random(interval, channel, later_s, draw.seed, member)
            ends[place, member] = _with_tails(smoother.draw(random), spread)
    mean = ends.mean(axis=1, dtype=np.float64, keepdims=True)
    wider = np.sqrt(draw.members / (draw.members - 1))
    centred: Float32Array = ((ends - mean) * wider).astype(np.float32)
    return centred


def _with_tails(normal: Float64Array, spread: ChannelSpread) -> Float64Array:
    """Numbers of the normal law as numbers of Z, of variance 1."""
    from scipy.special import erf  # noqa: PLC0415 - slow to load

    count = len(spread.magnitudes)
    parts = np.array([0.0, *((np.arange(count) + 0.5) / count)])
    sizes = np.array([0.0, *spread.magnitudes])
    even = np.interp((np.arange(20 * count) + 0.5) / (20 * count), parts, sizes)
    size = np.interp(erf(np.abs(normal) / np.sqrt(2)), parts, sizes)
    drawn: Float64Array = np.sign(normal) * size / np.sqrt((even**2).mean())
    return drawn


def _within(channel: Channel, estimate: Float64Array, apart: Float64Array) -> Float64Array:
    """Members, all their departures shortened alike where one would be what nothing can be.

    Args:
        channel: Says what can be.
        estimate: Shape (y, x).
        apart: Departures, shape (member, y, x).
    """
    low, high = lower_limit(channel), upper_limit(channel)
    if low is not None:
        apart = apart * _share(estimate - low, -apart.min(axis=0))
    if high is not None:
        apart = apart * _share(high - estimate, apart.max(axis=0))
    members = estimate + apart
    if low is not None:  # by rounding
        members = np.maximum(members, np.minimum(estimate, low))
    if high is not None:
        members = np.minimum(members, np.maximum(estimate, high))
    return members


def _share(room: Float64Array, needed: Float64Array) -> Float64Array:
    """How much of what is needed there is room for, 0 to 1."""
    share = np.ones_like(needed)
    np.divide(np.maximum(room, 0.0), needed, out=share, where=needed > 0)
    return np.minimum(share, 1.0)


def _random(
    interval: Interval, channel: Channel, later_s: float, seed: int, member: int
) -> np.random.Generator:
    """Numbers that belong to a moment, a channel and a member, whoever asks for them and when."""
    moment = interval.valid_time + np.timedelta64(round(later_s * 1e6), "us")
    count = int(moment.astype("datetime64[us]").astype(np.int64))
    halves = count & 0xFFFFFFFF, count >> 32 & 0xFFFFFFFF
    return np.random.default_rng([seed, *halves, zlib.crc32(channel.name.encode()), member])
