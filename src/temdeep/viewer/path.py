"""The way that a line takes through a series: from instant to instant, or in steps over periods.

Knows: an output's times. Must not know: web pages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from temdeep.fields.accumulations import overlaps
from temdeep.fields.time_axis import SAME_STEP, Int64Array
from temdeep.metric import Float64Array, FloatArray
from temdeep.viewer.opened import Field
from temdeep.viewer.output import Output

LIFT = -1
"""In place of a time: the line is broken here."""


@dataclass(frozen=True, eq=False)
class Path:
    """Points of a line.

    Attributes:
        x: Where they are on the axis, shape (point,).
        times: Which value each takes, counted from the first shown, -1 for none, shape (point,).
    """

    x: Float64Array
    times: Int64Array

    def along(self, values: FloatArray) -> FloatArray:
        """Values of the shown times, shape (time,), at the points; NaN lifts the pen."""
        taken: FloatArray = np.where(self.times == LIFT, np.nan, values[self.times])
        return taken

    def among(self, kept: npt.NDArray[np.bool_]) -> Path:
        """The way from one of some times to the next, leaving out all others, shape (time,)."""
        passed = (self.times == LIFT) | kept[self.times]
        return Path(self.x[passed], self.times[passed])


def path_of(output: Output, field: Field, times: slice, x: Float64Array) -> Path:
    """Find the way of a field's lines through some times.

    Args:
        output: Whose times.
        field: Which field; what holds for periods keeps its value throughout each.
        times: Which times are shown.
        x: Where all the output's times are on the axis, shape (time,).
    """
    offset = output.opened.time.offset_us
    count = times.stop - times.start
    shown = np.arange(count)
    if field.edges is not None and not overlaps(field.edges):
        scale = (x[-1] - x[0]) / (offset[-1] - offset[0])
        edges = x[0] + scale * (field.edges[times] - offset[0])
        apart = np.flatnonzero(field.edges[times][1:, 0] > field.edges[times][:-1, 1]) + 1
        return _broken(edges.ravel(), np.repeat(shown, 2), 2 * apart)
    given = output.given[times]
    wide = np.diff(offset[times]) > output.opened.time.step_us * (1 + SAME_STEP)
    apart = np.flatnonzero(wide & given[1:] & given[:-1]) + 1
    return _broken(x[times], shown, apart)


def _broken(x: Float64Array, times: Int64Array, apart: Int64Array) -> Path:
    return Path(np.insert(x, apart, x[apart]), np.insert(times, apart, LIFT))
