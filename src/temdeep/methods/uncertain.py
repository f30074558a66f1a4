"""A method with how wrong its fields may be, for outputs that hold both.

Knows: methods, spreads. Must not know: series, files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from numbers import Real

from temdeep.asked import whole_number
from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel
from temdeep.methods.activity import CONTEXT
from temdeep.methods.members import Draw, Drawn
from temdeep.methods.protocol import (
    Division,
    Method,
    Rendering,
    all_parts,
    division,
    rendering,
)
from temdeep.methods.spread import Spread
from temdeep.metric import Float32Array, Float64Array


@dataclass(frozen=True)
class Beside:
    """A field that is written beside a variable.

    Attributes:
        probability: Of a quantile; None: it is the standard deviation, or members.
        draw: Of members, along a dimension of their own; None: it is none of these.
    """

    probability: float | None = None
    draw: Draw | None = None

    def name(self, variable: str) -> str:
        """Of the field beside a variable."""
        if self.draw is not None:
            return f"{variable}_members"
        if self.probability is None:
            return f"{variable}_standard_deviation"
        percent = f"{100 * self.probability:.6g}".replace(".", "_")
        return f"{variable}_percentile_{percent}"


def asked_beside(
    *,
    deviation: bool,
    quantiles: Sequence[float],
    members: int | None = None,
    seed: int | None = None,
) -> tuple[Beside, ...]:
    """What is asked for beside each variable.

    Args:
        deviation: The standard deviation.
        quantiles: Probabilities.
        members: How many members; None: none.
        seed: Of these; None: 0.

    Raises:
        RequestError: A probability is none, or stands twice; fewer than two members, a seed of
            nothing or below 0.
    """
    if isinstance(quantiles, str | float | int):
        raise RequestError(f"quantiles={quantiles!r}: say a list of numbers, such as [0.05, 0.95].")
    for one in quantiles:
        if not isinstance(one, Real) or not 0 < one < 1:
            told = f"{one:g}" if isinstance(one, Real) else repr(one)
            raise RequestError(
                f"{told} is no probability of a quantile: say numbers between 0 and 1, such as"
                " 0.05 0.95."
            )
    if len({Beside(one).name("") for one in quantiles}) < len(quantiles):
        raise RequestError("a quantile is asked for twice: name each once.")
    drawn: tuple[Beside, ...] = ()
    if members is not None:
        members = whole_number(members, "the number of members")
        if members < 2:
            raise RequestError(
                f"{members} members: say 2 or more, for their mean is the variable itself."
            )
        seed = whole_number(seed or 0, "the seed of the members")
        drawn = (Beside(draw=Draw(members, seed)),)
    elif seed is not None:
        raise RequestError(f"a seed of {seed} for what? Ask for members, or leave it out.")
    return (*((Beside(),) if deviation else ()), *map(Beside, sorted(quantiles)), *drawn)


Telling = Callable[[Float64Array, Float32Array], dict[Beside, Float32Array]]
"""Fields beside filled ones, from lead fractions (time,) and the filled ones, each of their shape
(time, channel, y, x); members have shape (member, time, …)."""


@dataclass(frozen=True, eq=False)
class Uncertain:
    """A method that says how wrong it may be.

    Attributes:
        method: What fills in.
        spread: How wrong that may be.
        fields: What is written beside each variable that has a spread.
    """

    method: Method
    spread: Spread
    fields: tuple[Beside, ...] = (Beside(),)

    @property
    def name(self) -> str:
        """See `Method.name`."""
        return self.method.name

    @property
    def context(self) -> int:
        """See `Method.context`."""
        return max(self.method.context, CONTEXT)

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """See `Method.treatment`."""
        return self.method.treatment(channel, grid)

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return self.rendering(interval)(theta)

    def rendering(self, interval: Interval) -> Rendering:
        """See `Looking.rendering`."""
        return rendering(self.method, interval)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return all_parts(self, interval, edges)

    def division(self, interval: PeriodInterval, edges: Float64Array) -> Division:
        """See `Dividing.division`."""
        return division(self.method, interval, edges)

    def only(self, names: Collection[str]) -> Uncertain:
        """The same, saying so of some channels only."""
        known = {name: one for name, one in self.spread.of_channel.items() if name in names}
        return replace(self, spread=replace(self.spread, of_channel=known))

    def variables(self, channels: Sequence[Channel]) -> list[str]:
        """Variables that have a spread, all their levels and members, in order."""
        names = dict.fromkeys(one.variable for one in channels if not one.kind.is_period)
        return [
            name
            for name in names
            if all(self.spread.knows(one) for one in channels if one.variable == name)
        ]

    @property
    def members(self) -> int:
        """How many members stand beside each variable; 0: none."""
        return sum(one.draw.members for one in self.fields if one.draw is not None)

    def telling(self, interval: Interval) -> Telling:
        """What gives the fields beside those that the method made, having looked once."""
        deviating = self.spread.deviating(interval)
        drawn = {
            one: Drawn.of(interval, self.spread, one.draw)
            for one in self.fields
            if one.draw is not None
        }

        def tell(theta: Float64Array, filled: Float32Array) -> dict[Beside, Float32Array]:
            deviations = deviating(theta)
            made = {}
            for one in self.fields:
                if one in drawn:
                    made[one] = drawn[one].fields(theta, filled, deviations)
                    continue
                if one.probability is None:
                    made[one] = deviations
                    continue
                values = deviations.copy()
                for i, channel in enumerate(interval.channels):
                    if self.spread.knows(channel):
                        values[:, i] = self.spread.quantile(
                            channel, filled[:, i], deviations[:, i], one.probability
                        )
                made[one] = values
            return made

        return tell
