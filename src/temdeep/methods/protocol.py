"""One protocol for everything that fills an interval, classical or learnt.

Knows: intervals as arrays. Must not know: files, the command line.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel
from temdeep.methods.context import trim_context
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


Rendering = Callable[[Float64Array], Float32Array]
"""Fields of one interval at lead fractions (time,), shape (time, channel, y, x)."""


@runtime_checkable
class Looking(Protocol):
    """A method that does most of its work for an interval once, whatever times are asked for."""

    def rendering(self, interval: Interval) -> Rendering:
        """What gives the fields at some lead fractions, the same as `Method.fill` gives there."""


def rendering(method: Method, interval: Interval) -> Rendering:
    """What fills an interval, whether a method looks at it once or anew each time.

    Args:
        method: The method.
        interval: The interval, with the context that the method uses or more.
    """
    near = trim_context(interval, method.context)
    if isinstance(method, Looking):
        return method.rendering(near)
    return partial(method.fill, near)


Division = Callable[[slice], Float64Array]
"""Mean rates of some successive parts of one period, shape (part, channel, y, x)."""


@runtime_checkable
class Dividing(Protocol):
    """A method that does most of its work for a period once, however its parts are taken."""

    def division(self, interval: PeriodInterval, edges: Float64Array) -> Division:
        """What gives some of the parts, the same as `Method.fill_periods` gives all of them.

        Args:
            interval: The period.
            edges: Lead fractions of all parts' bounds, as there.
        """


def division(method: Method, interval: PeriodInterval, edges: Float64Array) -> Division:
    """What gives some parts of a period, whether a method does most of it once or anew each time.

    Args:
        method: The method.
        interval: The period, with the context that the method uses or more.
        edges: Lead fractions of all parts' bounds, shape (part + 1,).
    """
    near = trim_context(interval, method.context)
    if isinstance(method, Dividing):
        return method.division(near, edges)

    def parts(some: slice) -> Float64Array:
        bounds, own = with_ends(edges, some)
        return method.fill_periods(near, bounds)[own]

    return parts


def all_parts(method: Dividing, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
    """What `Method.fill_periods` gives, of a method that divides: all parts at once."""
    return method.division(interval, edges)(slice(0, len(edges) - 1))


def with_ends(edges: Float64Array, some: slice) -> tuple[Float64Array, slice]:
    """Bounds from 0 to 1 that divide a period into some of its parts and what is beside them.

    Args:
        edges: Lead fractions of all parts' bounds, shape (part + 1,).
        some: Which parts.

    Returns:
        The bounds, and which of the parts that they make are those.
    """
    bounds = np.unique(np.concatenate([edges[:1], edges[some.start : some.stop + 1], edges[-1:]]))
    first = int(some.start > 0)
    return bounds, slice(first, first + some.stop - some.start)
