"""How wrong a method's fields may be, at every place and time between two given ones.

The error of a channel is taken as σ Z, with Z of one distribution for the channel, symmetric, of
variance 1 and with the heavy tails that errors at hidden frames have, and

    σ(θ)² = w(θ)² + n(θ)²
    w(θ) = exp(l(τ) + Σᵢ bᵢ (fᵢ - f̄ᵢ(τ))) (4 θ (1 - θ))^q
    n(θ) = exp(m(τ)) (4 θ (1 - θ))^q′

where f are the logarithms of the interval's activity, f̄(τ) what is usual of them at that span, and
l(τ) the level. n is what waves of an hour or two do to pressure and heights in any weather; other
channels have none. σ is 0 at both ends, and no larger than the largest error seen. All other
numbers are fitted to hidden frames of a coarse series (`spread_fitting`).

Knows: intervals as arrays. Must not know: series, files, any one method.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from temdeep.fields.intervals import Interval
from temdeep.fields.limits import lower_limit, upper_limit
from temdeep.fields.variables import Channel
from temdeep.methods.activity import activity
from temdeep.methods.protocol import Rendering
from temdeep.metric import Float32Array, Float64Array

FLOOR_EXPONENT = 0.1
"""q′: waves of an hour or two are unknown again soon after a given time."""

LOUDEST = 3.0
"""Most that the logarithm of an activity counts above or below what is usual."""


@dataclass(frozen=True)
class ChannelSpread:
    """σ and Z of one channel.

    Attributes:
        units: Of the channel that it was fitted to.
        spans_s: Spans at which level and usual activity are known, ascending.
        levels: l at these.
        usual: f̄ at these, one tuple for each span.
        slopes: b.
        exponent: q, above 0.
        magnitudes: |Z| at the middles of as many equal parts of its probability, ascending.
        floors: m at the spans; none: n is 0.
        length_m: Distance over which errors go together; 0: not known.
        largest: Error of hidden frames, which σ is never above.
    """

    units: str
    spans_s: tuple[float, ...]
    levels: tuple[float, ...]
    usual: tuple[tuple[float, ...], ...]
    slopes: tuple[float, ...]
    exponent: float
    magnitudes: tuple[float, ...]
    floors: tuple[float, ...] = ()
    length_m: float = 0.0
    largest: float = np.inf

    def deviation(self, logs: Float64Array, theta: Float64Array, span_s: float) -> Float64Array:
        """σ at lead fractions.

        Args:
            logs: Activity of the interval, shape (feature, y, x).
            theta: Lead fractions, shape (time,).
            span_s: τ.

        Returns:
            Shape (time, y, x); exactly 0 at lead fractions 0 and 1.
        """
        usual = np.array([self._at(span_s, one) for one in zip(*self.usual, strict=True)])
        loud = np.nan_to_num(logs - usual[:, None, None], nan=0.0, posinf=LOUDEST, neginf=-LOUDEST)
        loud = np.clip(loud, -LOUDEST, LOUDEST)
        level = self._at(span_s, self.levels) + np.tensordot(self.slopes, loud, axes=1)
        between = (4 * theta * (1 - theta))[:, None, None]
        deviation: Float64Array = between**self.exponent * np.exp(level)
        if self.floors:
            floor = between**FLOOR_EXPONENT * np.exp(self._at(span_s, self.floors))
            deviation = np.hypot(deviation, floor)
        return np.minimum(deviation, self.largest)

    def scaled(self, factor: float) -> Self:
        """The same, but for w so many times as large."""
        levels = tuple(one + float(np.log(factor)) for one in self.levels)
        return replace(self, levels=levels, largest=factor * self.largest)

    def quantile(self, probability: float) -> float:
        """Of Z."""
        tail = abs(2 * probability - 1)
        count = len(self.magnitudes)
        middles = (np.arange(count) + 0.5) / count
        size = np.interp(tail, [0.0, *middles], [0.0, *self.magnitudes])
        return float(np.sign(probability - 0.5) * size)

    def _at(self, span_s: float, values: tuple[float, ...]) -> float:
        """A value at a span, on lines in the logarithm of the span, which go on beyond."""
        spans = np.log(self.spans_s)
        if len(spans) == 1:
            return values[0]
        wanted = np.log(span_s)
        i = int(np.clip(np.searchsorted(spans, wanted) - 1, 0, len(spans) - 2))
        share = (wanted - spans[i]) / (spans[i + 1] - spans[i])
        return float(values[i] + share * (values[i + 1] - values[i]))


@dataclass(frozen=True)
class Spread:
    """How wrong a method's fields may be.

    Attributes:
        of_channel: By name of the channel; others have none.
    """

    of_channel: Mapping[str, ChannelSpread]

    def knows(self, channel: Channel) -> bool:
        """Whether a channel has a spread, in the unit that it is in."""
        own = self.of_channel.get(channel.name)
        return own is not None and own.units == channel.units

    def deviations(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """Standard deviations of the errors at lead fractions.

        Returns:
            Shape (time, channel, y, x), each channel in its own unit; exactly 0 at both ends; NaN
            where an end is missing, and for channels without a spread.
        """
        return self.deviating(interval)(theta)

    def deviating(self, interval: Interval) -> Rendering:
        """What gives `deviations` at some lead fractions, having looked at the interval once."""
        logs = activity(interval)
        missing = ~np.isfinite(interval.start) | ~np.isfinite(interval.end)

        def deviations(theta: Float64Array) -> Float32Array:
            made = np.full((len(theta), *interval.start.shape), np.nan, np.float32)
            for i, channel in enumerate(interval.channels):
                if self.knows(channel):
                    own = self.of_channel[channel.name]
                    made[:, i] = own.deviation(logs[:, i], theta, interval.span_s)
            made[:, missing] = np.nan
            return made

        return deviations

    def quantile(
        self, channel: Channel, fields: Float32Array, deviations: Float32Array, probability: float
    ) -> Float32Array:
        """Values that the truth stays below with a probability.

        Args:
            channel: One that has a spread.
            fields: What a method made of it, any shape.
            deviations: Standard deviations there, likewise.
            probability: Between 0 and 1.

        Returns:
            The same shape, within the limits that the quantity has: where there is no room for an
            error, there is none.
        """
        factor = self.of_channel[channel.name].quantile(probability)
        values = fields + np.float32(factor) * deviations
        low, high = lower_limit(channel), upper_limit(channel)
        if low is not None:
            values = np.maximum(values, np.minimum(fields, np.float32(low)))
        if high is not None:
            values = np.minimum(values, np.maximum(fields, np.float32(high)))
        return values

    def as_plain(self) -> dict[str, Any]:
        """As JSON knows it."""
        told = {name: asdict(one) for name, one in self.of_channel.items()}
        for one in told.values():
            if not np.isfinite(one["largest"]):
                del one["largest"]  # JSON knows no infinity
        return told

    @classmethod
    def from_plain(cls, told: Mapping[str, Mapping[str, Any]]) -> Self:
        """From what `as_plain` gave.

        Raises:
            KeyError, TypeError, ValueError: It is no such thing.
        """
        found = {}
        for name, one in told.items():
            rows = {
                key: tuple(map(float, one.get(key, ()) if key == "floors" else one[key]))
                for key in ("spans_s", "levels", "slopes", "magnitudes", "floors")
            }
            usual = tuple(tuple(map(float, row)) for row in one["usual"])
            found[name] = ChannelSpread(
                units=str(one["units"]),
                usual=usual,
                exponent=float(one["exponent"]),
                length_m=float(one.get("length_m", 0.0)),
                largest=float(one.get("largest", np.inf)),
                **rows,
            )
        return cls(found)
