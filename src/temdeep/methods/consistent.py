"""Variables that physics ties together, kept so after any method has filled them in.

Knows: intervals as arrays, what channels are. Must not know: files, any one method.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.limits import upper_limit
from temdeep.fields.relations import (
    PolarWind,
    dew_points,
    extremes_of,
    polar_winds,
    wind_directions,
    wind_speeds,
)
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods import by_nature
from temdeep.methods.protocol import (
    Division,
    Method,
    Rendering,
    all_parts,
    division,
    rendering,
)
from temdeep.metric import Float32Array, Float64Array

ComplexArray = npt.NDArray[np.complex128]


class PostCondition(StrEnum):
    """What made values keep, each by a name with which it is turned off."""

    FRACTION = "fraction"
    """A fraction lies between nothing and all."""
    EXTREMES = "extremes"
    """A temperature lies between the minimum and the maximum of its period."""
    DEW_POINT = "dew-point"
    """A dew point is not above the temperature."""
    WIND_SPEED = "wind-speed"
    """A wind speed is not below what the wind's components say."""
    WIND_DIRECTION = "wind-direction"
    """A wind direction is that of the wind's components, or turns as the wind with its speed."""


ALL = frozenset(PostCondition)
NONE: frozenset[PostCondition] = frozenset()


def parse_post_conditions(text: str | Sequence[str]) -> frozenset[PostCondition]:
    """Read `all`, `none`, or names of post-conditions, in a text with commas or a sequence.

    Raises:
        RequestError: There is no such post-condition.
    """
    names = [one.strip() for one in (text.split(",") if isinstance(text, str) else text)]
    if names == ["all"]:
        return ALL
    if names in ([], ["none"]):
        return NONE
    known = [one.value for one in PostCondition]
    for name in names:
        if name not in known:
            raise RequestError(
                f"there is no post-condition '{name}': say all, none, or some of"
                f" {', '.join(known)}."
            )
    return frozenset(map(PostCondition, names))


def promises(
    channels: Sequence[Channel], conditions: frozenset[PostCondition] = ALL
) -> dict[str, dict[PostCondition, str]]:
    """What each channel's made values keep, in words.

    Args:
        channels: All channels of a series.
        conditions: Those that are asked for.

    Returns:
        By name of the channel, only those of which anything is asked.
    """
    told: dict[str, dict[PostCondition, str]] = {}
    for condition, channel, words in _promises(channels):
        if condition in conditions:
            told.setdefault(channel.name, {})[condition] = words
    return told


def _promises(channels: Sequence[Channel]) -> Iterator[tuple[PostCondition, Channel, str]]:
    for one in channels:
        whole = upper_limit(one)
        if whole is not None:
            yield PostCondition.FRACTION, one, f"within 0 to {whole:g}"
        beyond = dict.fromkeys(extreme.variable for extreme in extremes_of(channels, one))
        if beyond:
            yield PostCondition.EXTREMES, one, f"not beyond {' and '.join(beyond)}"
    point = [one if not one.kind.is_period else None for one in channels]
    for dew, air in dew_points(channels):
        if point[dew]:
            words = f"not above {channels[air].variable}"
            yield PostCondition.DEW_POINT, channels[dew], words
    for speed, x, y in wind_speeds(channels):
        words = f"not below that of {channels[x].variable} and {channels[y].variable}"
        yield PostCondition.WIND_SPEED, channels[speed], words
    for direction, x, y in wind_directions(channels):
        words = f"that of {channels[x].variable} and {channels[y].variable}"
        yield PostCondition.WIND_DIRECTION, channels[direction], words
    for direction, speed in polar_winds(channels):
        if point[direction]:
            words = f"turning as a vector with {channels[speed].variable}"
            yield PostCondition.WIND_DIRECTION, channels[direction], words


@dataclass(frozen=True, eq=False)
class Consistent:
    """A method whose made values at instants are kept consistent between variables.

    Given values stay to the bit, and missing ones missing; where the given values themselves
    contradict each other, the made ones may do so by as much.

    Attributes:
        method: What fills in.
        channels: All channels of the series, to tell what is done to each.
        conditions: What is kept.
    """

    method: Method
    channels: tuple[Channel, ...]
    conditions: frozenset[PostCondition] = ALL

    @property
    def name(self) -> str:
        """See `Method.name`."""
        return self.method.name

    @property
    def context(self) -> int:
        """See `Method.context`."""
        return self.method.context

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """See `Method.treatment`; what is kept follows after a semicolon."""
        told = self.method.treatment(self._bounded(channel), grid)
        kept = self._promised.get(channel.name, {})
        return "; ".join([told, *(f"{words} ({name})" for name, words in kept.items())])

    @cached_property
    def _promised(self) -> dict[str, dict[PostCondition, str]]:
        return promises(self.channels, self.conditions)

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return self.rendering(interval)(theta)

    def rendering(self, interval: Interval) -> Rendering:
        """See `Looking.rendering`."""
        asked = replace(interval, channels=tuple(map(self._bounded, interval.channels)))
        render = rendering(self.method, asked)
        turns: list[tuple[PolarWind, Rendering]] = []
        if PostCondition.WIND_DIRECTION in self.conditions:
            turns += [
                (wind, rendering(self.method, _as_vector(asked, wind)))
                for wind in polar_winds(asked.channels)
            ]

        def fill(theta: Float64Array) -> Float32Array:
            filled = render(theta)
            inside = (theta > 0) & (theta < 1)
            if inside.any():
                filled[inside] = self._kept(asked, theta[inside], filled[inside], turns)
            return filled

        return fill

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return all_parts(self, interval, edges)

    def division(self, interval: PeriodInterval, edges: Float64Array) -> Division:
        """See `Dividing.division`."""
        asked = replace(interval, channels=tuple(map(self._bounded, interval.channels)))
        return division(self.method, asked, edges)

    def _bounded(self, channel: Channel) -> Channel:
        """A fraction without its upper limit, if that is not asked for."""
        if channel.nature is Nature.FRACTION and PostCondition.FRACTION not in self.conditions:
            return replace(channel, nature=Nature.NON_NEGATIVE)
        return channel

    def _kept(
        self,
        interval: Interval,
        theta: Float64Array,
        made: Float32Array,
        turns: Sequence[tuple[PolarWind, Rendering]],
    ) -> Float32Array:
        """Made values, shape (time, channel, y, x), with every condition kept in turn."""
        if PostCondition.EXTREMES in self.conditions:
            _keep_extremes(interval, theta, made)
        if PostCondition.DEW_POINT in self.conditions:
            _keep_dew_points(interval, made)
        if PostCondition.WIND_DIRECTION in self.conditions:
            _keep_directions(interval, theta, made)
            for wind, vectors in turns:
                _turn_as_vector(interval, vectors(theta), made, wind)
        if PostCondition.WIND_SPEED in self.conditions:
            _keep_speeds(interval, made)
        return made


def keep_consistent(
    method: Method,
    channels: Sequence[Channel],
    conditions: frozenset[PostCondition] = ALL,
) -> Method:
    """A method that keeps post-conditions; itself where nothing in a series is subject to any.

    Args:
        method: What fills in.
        channels: All channels of the series.
        conditions: What is kept.
    """
    return Consistent(method, tuple(channels), conditions) if promises(channels) else method


def _keep_extremes(interval: Interval, theta: Float64Array, made: Float32Array) -> None:
    """No value beyond the extreme of a period it lies in, unless an end in that period is.

    A time at which two periods meet lies in both.
    """
    places = {one.name: place for place, one in enumerate(interval.channels)}
    for extreme in interval.extremes:
        place = places.get(extreme.channel)
        times = (theta >= extreme.begin) & (theta <= extreme.end)
        if place is None or not times.any():
            continue
        sign = np.float32(1 if extreme.kind is Kind.MAXIMUM else -1)
        limit = sign * extreme.values
        for lead, end in ((0.0, interval.start), (1.0, interval.end)):
            if extreme.begin <= lead <= extreme.end:
                limit = np.where(sign * end[place] > limit, sign * end[place], limit)
        here = made[times, place]
        made[times, place] = np.where(sign * here > limit, sign * limit, here)


def _keep_dew_points(interval: Interval, made: Float32Array) -> None:
    """Td <= T + max(Td₀ - T₀, Td₁ - T₁, 0), the last for what the given values hold."""
    ends = np.stack([interval.start, interval.end])
    for dew, air in dew_points(interval.channels):
        limit = made[:, air] + _largest_excess(ends[:, dew] - ends[:, air])
        made[:, dew] = np.where(made[:, dew] > limit, limit, made[:, dew])


def _keep_speeds(interval: Interval, made: Float32Array) -> None:
    """|V| >= √(u² + v²) - max(√(u₀² + v₀²) - |V|₀, √(u₁² + v₁²) - |V|₁, 0), likewise."""
    ends = np.stack([interval.start, interval.end])
    for speed, x, y in wind_speeds(interval.channels):
        excess = _largest_excess(np.hypot(ends[:, x], ends[:, y]) - ends[:, speed])
        limit = np.hypot(made[:, x], made[:, y]) - excess
        made[:, speed] = np.where(made[:, speed] < limit, limit, made[:, speed])


def _keep_directions(interval: Interval, theta: Float64Array, made: Float32Array) -> None:
    """The direction of the made components, turned by what the given ones differ from theirs.

        d(θ) = arg( w(θ) [ (1-θ) e^{i d₀} w₀* + θ e^{i d₁} w₁* ] ),   w = v + i u

    The difference is 180° for where a wind comes from, and the angle of a rotated grid's axes; it
    counts as much as the wind is strong, since a calm has no direction. Nothing is changed where
    the wind vanishes.
    """
    t = theta[:, None, None]
    for direction, x, y in wind_directions(interval.channels):
        offset = [
            _unit(frame[direction]) * np.conj(_vector(frame[x], frame[y]))
            for frame in (interval.start, interval.end)
        ]
        wind = _vector(made[:, x], made[:, y]) * ((1 - t) * offset[0] + t * offset[1])
        made[:, direction] = _degrees(wind, made[:, direction])
        _count_as_given(interval, direction, made)


def _as_vector(interval: Interval, wind: PolarWind) -> Interval:
    """|V| sin d and |V| cos d of a wind as plain numbers."""
    channel = interval.channels[wind.direction]
    component = replace(channel, nature=Nature.CONTINUOUS, ground=True)  # of no motion's making

    def components(frames: Float32Array) -> Float32Array:
        vector = frames[..., wind.speed, :, :] * _unit(frames[..., wind.direction, :, :])
        return np.stack([vector.imag, vector.real], axis=-3).astype(np.float32)

    return replace(
        interval,
        start=components(interval.start),
        end=components(interval.end),
        before=components(interval.before),
        after=components(interval.after),
        channels=(component, component),
        extremes=(),
    )


def _turn_as_vector(
    interval: Interval, components: Float32Array, made: Float32Array, wind: PolarWind
) -> None:
    """The direction of |V| sin d and |V| cos d, each interpolated as a plain number.

    A weak wind so turns towards a strong one, and not as much as that towards it.
    """
    vector = _vector(components[:, 0], components[:, 1])
    made[:, wind.direction] = _degrees(vector, made[:, wind.direction])
    _count_as_given(interval, wind.direction, made)


def _count_as_given(interval: Interval, direction: int, made: Float32Array) -> None:
    """Degrees from -180 to 180 where a given one is negative."""
    own = by_nature.select_channels(interval, [direction])
    made[:, [direction]] = by_nature.counted_as_given(made[:, [direction]], own)


def _largest_excess(at_ends: Float32Array) -> Float32Array:
    """By how much the given ends, shape (2, y, x), break a condition; at least 0."""
    excess: Float32Array = np.fmax(np.fmax(*at_ends), np.float32(0))
    return excess


def _vector(x: Float32Array, y: Float32Array) -> ComplexArray:
    """A vector as a number whose argument is its angle clockwise from the y axis."""
    return y.astype(np.float64) + 1j * x.astype(np.float64)


def _unit(degrees: Float32Array) -> ComplexArray:
    return np.exp(1j * np.deg2rad(degrees, dtype=np.float64))


def _degrees(vector: ComplexArray, otherwise: Float32Array) -> Float32Array:
    """Angle of a vector in [0, 360); another angle where it vanishes or is missing."""
    degrees = (np.rad2deg(np.angle(vector)) % 360).astype(np.float32)
    degrees = np.where(degrees >= 360, np.float32(0), degrees)
    known = np.isfinite(vector) & (np.abs(vector) > 0) & np.isfinite(otherwise)
    return np.where(known, degrees, otherwise)
