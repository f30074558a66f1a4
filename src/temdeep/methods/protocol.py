"""One protocol for everything that fills an interval, classical or learnt.

Knows: intervals as arrays. Must not know: files, the command line.
"""

from typing import Protocol, runtime_checkable

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel
from temdeep.metric import Float32Array, Float64Array


@runtime_checkable
class Method(Protocol):
    """Fills intervals, keeping the promises that `test_contract.py` asks of every method.

    Ends exact, lead fractions independent of each other, inputs unmodified, NaN only where an end
    is NaN, totals of period variables conserved, non-negative stays non-negative.
    """

    @property
    def name(self) -> str:
        """Name in tables, file attributes and on the command line."""

    @property
    def context(self) -> int:
        """How many frames it can use on each side of an interval."""

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """Say what really happens to a channel on a grid.

        Returns:
            `name`, or the name of the method it falls back to, a colon, and why.
        """

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """Fields at lead fractions (time,), shape (time, channel, y, x)."""

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """Mean rates over the parts of a period.

        Args:
            interval: The period.
            edges: Lead fractions of the parts' bounds, ascending from 0 to 1, shape (part + 1,).

        Returns:
            Shape (part, channel, y, x); weighted with the parts' lengths they average to
            `interval.rate` to rounding in float64.
        """
