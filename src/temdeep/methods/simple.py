"""The nearer end, and the straight line between both.

Knows: intervals as arrays. Must not know: files.
"""

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel
from temdeep.methods import by_nature
from temdeep.metric import Float32Array, Float64Array


class Nearest:
    """Takes the nearer end; divides periods evenly."""

    name = "nearest"
    context = 0

    def treatment(self, channel: Channel, grid: Grid) -> str:  # noqa: ARG002 - of the protocol
        """See `Method.treatment`."""
        if channel.kind.is_period:
            return f"{self.name}: periods are divided evenly"
        return self.name

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return by_nature.fill_each(interval, theta, by_nature.nearest)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return by_nature.even_division(interval, edges)


class Linear:
    """Draws the straight line between both ends; divides periods evenly."""

    name = "linear"
    context = 0

    def treatment(self, channel: Channel, grid: Grid) -> str:  # noqa: ARG002 - of the protocol
        """See `Method.treatment`."""
        if channel.kind.is_period:
            return f"{self.name}: periods are divided evenly"
        return by_nature.fallback(channel) or self.name

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return by_nature.fill_each(interval, theta, by_nature.linear)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return by_nature.even_division(interval, edges)
