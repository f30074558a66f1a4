"""Output periods put together from the parts that a method fills.

Knows: arrays. Must not know: xarray, files.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from temdeep.metric import FloatArray

Int64Array = npt.NDArray[np.int64]


class Aggregator:
    """Adds parts up to output periods, and gives each out when nothing more can reach it."""

    def __init__(
        self, periods_us: Int64Array, combine: np.ufunc, cuts_us: Int64Array | None = None
    ) -> None:
        """Begin.

        Args:
            periods_us: Begin and end of each output period, both ascending, shape (time, 2).
            combine: How parts make a whole: `np.add`, `np.maximum` or `np.minimum`.
            cuts_us: Where input periods are divided, ascending, where these are some of more output
                periods; None: at the bounds of these.
        """
        self._combine = combine
        self._begin, self._end = periods_us.T
        self._bounds = np.unique(periods_us) if cuts_us is None else cuts_us
        self._open: dict[int, tuple[FloatArray, int]] = {}
        self._next = 0

    def cuts(self, begin_us: int, end_us: int) -> Int64Array:
        """Bounds of the parts of an input period: its own and those of output periods inside it.

        Returns:
            Ascending from begin to end, shape (part + 1,).
        """
        first = np.searchsorted(self._bounds, begin_us, side="right")
        last = np.searchsorted(self._bounds, end_us, side="left")
        inside = self._bounds[first:last]
        return np.concatenate([[begin_us], inside, [end_us]]).astype(np.int64)

    def touches(self, begin_us: int, end_us: int) -> range:
        """Positions of the output periods that share time with an input period."""
        first = np.searchsorted(self._end, begin_us, side="right")
        last = np.searchsorted(self._begin, end_us, side="left")
        return range(int(first), int(last))

    def add(self, edges_us: Int64Array, amounts: FloatArray) -> None:
        """Add the parts of one input period.

        Args:
            edges_us: Bounds of the parts, from `cuts`, shape (part + 1,).
            amounts: What each part adds, its integral over time or its extreme, shape (part, …).
        """
        lengths = np.diff(edges_us)
        for index in self.touches(int(edges_us[0]), int(edges_us[-1])):
            inside = (edges_us[:-1] >= self._begin[index]) & (edges_us[1:] <= self._end[index])
            total = self._combine.reduce(amounts[inside], axis=0)
            covered = int(lengths[inside].sum())
            if index in self._open:
                before, covered_before = self._open[index]
                total, covered = self._combine(before, total), covered_before + covered
            self._open[index] = (total, covered)

    def finished(self, until_us: int | None = None) -> Iterator[tuple[int, FloatArray | None]]:
        """Give out the periods that end by a time, or all that are left.

        Yields:
            Position of the output period and what its parts make, shape (…); None where they do
            not cover the period.
        """
        while self._next < len(self._end):
            index = self._next
            if until_us is not None and self._end[index] > until_us:
                return
            total, covered = self._open.pop(index, (None, 0))
            yield index, total if covered == self._end[index] - self._begin[index] else None
            self._next += 1
