"""A method with how wrong its fields may be, for outputs that hold both.

Knows: methods, spreads. Must not know: series, files.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel
from temdeep.methods.activity import CONTEXT
from temdeep.methods.context import trim_context
from temdeep.methods.protocol import Method
from temdeep.methods.spread import Spread
from temdeep.metric import Float32Array, Float64Array


@dataclass(frozen=True)
class Beside:
    """A field that is written beside a variable.

    Attributes:
        probability: Of a quantile; None: it is the standard deviation.
    """

    probability: float | None = None

    def name(self, variable: str) -> str:
        """Of the field beside a variable."""
        if self.probability is None:
            return f"{variable}_standard_deviation"
        percent = f"{100 * self.probability:.6g}".replace(".", "_")
        return f"{variable}_percentile_{percent}"


def asked_beside(*, deviation: bool, quantiles: Sequence[float]) -> tuple[Beside, ...]:
    """What is asked for beside each variable.

    Args:
        deviation: The standard deviation.
        quantiles: Probabilities.

    Raises:
        RequestError: A probability is none, or stands twice.
    """
    if isinstance(quantiles, str | float | int):
        raise RequestError(f"quantiles={quantiles!r}: say a list of numbers, such as [0.05, 0.95].")
    for one in quantiles:
        if not 0 < one < 1:
            raise RequestError(
                f"{one:g} is no probability of a quantile: say numbers between 0 and 1, such as"
                " 0.05 0.95."
            )
    if len({Beside(one).name("") for one in quantiles}) < len(quantiles):
        raise RequestError("a quantile is asked for twice: name each once.")
    return (*((Beside(),) if deviation else ()), *map(Beside, sorted(quantiles)))


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
        return self.method.fill(trim_context(interval, self.method.context), theta)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        near = trim_context(interval, self.method.context)
        return self.method.fill_periods(near, edges)

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

    def beside(
        self, interval: Interval, theta: Float64Array, filled: Float32Array
    ) -> dict[Beside, Float32Array]:
        """What is written beside filled fields, each of their shape (time, channel, y, x)."""
        deviations = self.spread.deviations(interval, theta)
        made = {}
        for one in self.fields:
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
