"""What cannot be moved, and precipitation over periods divided by moving it, for all opponents.

Knows: intervals as arrays. Must not know: files, any one method.
"""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import distance_transform_edt

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.natures import is_precipitation
from temdeep.fields.variables import Channel, Nature
from temdeep.methods import by_nature
from temdeep.methods.motion import why_no_motion
from temdeep.metric import Float32Array, Float64Array

Fill = Callable[[Interval, Float64Array], Float32Array]
"""`Method.fill`."""


def why_still(channel: Channel, grid: Grid) -> str:
    """Why a channel cannot be moved on a grid, empty if it can."""
    if reason := why_no_motion(grid):
        return reason
    if channel.nature is Nature.SUNLIGHT:
        return "driven by the sun, not by motion"
    if channel.ground:
        return "tied to the ground"
    if channel.nature is Nature.DIRECTION:
        return "no motion is estimated from directions"
    return ""


def falls(channel: Channel) -> bool:
    """Whether a channel is precipitation."""
    return is_precipitation(channel.variable, channel.standard_name)


def divide(interval: PeriodInterval, edges: Float64Array, fill: Fill) -> Float64Array:
    """Divide precipitation by moving it, as users of radar do; anything else evenly.

    The mean rate of each period is taken to hold at its middle. What `fill` makes of two successive
    ones at the middles of the parts, r_i, is multiplied by what brings the period's total back:

        R r_i / Σ_j w_j r_j        w_j: length of part j

    Where nothing was moved to, and beside a missing period, the mean rate R itself is taken.

    Args:
        interval: The period; one neighbour on each side is used.
        edges: Bounds of the parts, as in `Method.fill_periods`.
        fill: Fills in between two middles; is given rates per second for sums.

    Returns:
        As `Method.fill_periods`.
    """
    parts = by_nature.even_division(interval, edges)
    rain = [i for i, channel in enumerate(interval.channels) if falls(channel)]
    if not rain:
        return parts
    period = by_nature.select_period_channels(interval, rain)
    moved = parts[:, rain]
    middles = (edges[:-1] + edges[1:]) / 2
    for earlier in (True, False):
        neighbours = period.before[-1:] if earlier else period.after[:1]
        here = np.flatnonzero(middles < 0.5 if earlier else middles > 0.5)
        if len(neighbours) and len(here):
            both = [neighbours[0], period.rate] if earlier else [period.rate, neighbours[0]]
            theta = middles[here] + (0.5 if earlier else -0.5)
            moved[here] = fill(_between_middles(period, *both), theta)
    moved = np.where(np.isfinite(moved), moved, period.rate)
    mean = np.tensordot(np.diff(edges), moved, axes=1)
    some = (mean > 0) & (period.rate > 0)
    pattern = np.where(some, moved / np.where(some, mean, 1), 1)
    parts[:, rain] = period.rate * pattern
    return parts


def _between_middles(period: PeriodInterval, start: Float64Array, end: Float64Array) -> Interval:
    """Two successive rates as an interval; its channels keep their kind, which says the unit."""
    none = np.empty((0, *start.shape), np.float32)
    return Interval(
        start=start.astype(np.float32),
        end=end.astype(np.float32),
        span_s=period.span_s,
        valid_time=period.valid_time,
        channels=period.channels,
        grid=period.grid,
        before=none,
        after=none,
    )


def nearest_known(field: Float64Array) -> Float64Array:
    """A field with the nearest known value where one is missing."""
    missing = np.isnan(field)
    if not missing.any():
        return field
    rows, columns = distance_transform_edt(missing, return_distances=False, return_indices=True)
    known: Float64Array = field[rows, columns]
    return known
