"""Running totals, as forecasts have them since their start, taken apart into sums per step.

Knows: xarray, periods as microseconds. Must not know: torch, files.
"""

import numpy as np
import xarray as xr

from temdeep.errors import VariableKindError
from temdeep.fields.reading_frames import load
from temdeep.fields.time_axis import Int64Array, TimeAxis, format_duration, show
from temdeep.fields.variables import Kind
from temdeep.metric import Float64Array

PACKING_SHARE = 0.03
"""A running total may fall by this share of the field's largest total before it is refused.

What re-packing and re-gridding do to real ones: 2.2 % at most in ARPEGE's, 0.2 % in AROME's.
"""

LARGEST_BYTES = 4 * 2**30


def overlaps(edges: Int64Array) -> bool:
    """Whether any period begins before the one before it has ended."""
    return bool((edges[1:, 0] < edges[:-1, 1]).any())


def per_step(
    array: xr.DataArray, edges: Int64Array, kind: Kind, axis: TimeAxis, source: str
) -> tuple[xr.DataArray, Int64Array, str]:
    """Turn a running total into sums per step.

    Falls no larger than what packing does are levelled: the total stays at its height until it
    rises above it again. The sums add up to the levelled totals.

    Args:
        array: Running total, one dimension being time.
        edges: Begin (of the total) and end of each value, shape (time, 2).
        kind: Its kind.
        axis: The time axis.
        source: Name of the file, for messages.

    Returns:
        Sums per step, their begins and ends, and a sentence on what was done.

    Raises:
        VariableKindError: Not a sum, periods that overlap otherwise, a fall that packing does not
            explain, or more data than are sensibly taken apart at once.
    """
    name, time_dim = str(array.name), str(array.dims[_time_position(array, len(axis))])
    begins_anew = np.flatnonzero(np.diff(edges[:, 0]) != 0) + 1
    own_length = edges[:, 1] > edges[:, 0]
    starts = np.concatenate([[0], begins_anew])
    shrinking = (np.diff(edges[:, 1]) <= 0).any()
    apart = (edges[starts[1:], 0] < edges[starts[1:] - 1, 1]).any()
    if kind is not Kind.SUM or shrinking or apart:
        where = show(axis.values[int(np.flatnonzero(edges[1:, 0] < edges[:-1, 1])[0]) + 1])
        raise VariableKindError(
            f"the periods of '{name}' ({kind}) in {source} overlap at {where}: only sums that all"
            " count from one start are taken apart; give values per step instead."
        )
    if array.size * 4 > LARGEST_BYTES:
        raise VariableKindError(
            f"'{name}' in {source} is a running total too large to take apart at once"
            f" ({array.size * 4 / 2**30:.0f} GiB): give it as sums per step."
        )
    totals = load(array.transpose(time_dim, ...), source).astype(np.float64)
    sums = np.empty_like(totals)
    levelled, largest = 0, 0.0
    new_edges = edges.copy()
    previous = np.zeros_like(totals[0])
    for i in range(len(totals)):
        if i in starts:
            previous = np.zeros_like(totals[0])
        else:
            new_edges[i, 0] = edges[i - 1, 1]
        if not own_length[i]:
            sums[i] = np.nan
            continue
        fall = previous - totals[i]
        worst = float(np.nanmax(fall, initial=0.0))
        _refuse_fall(worst, totals[i], previous, (name, source, show(axis.values[i])))
        levelled += int(np.count_nonzero(fall > 0))
        largest = max(largest, worst)
        level = np.where(fall > 0, previous, totals[i])
        sums[i] = level - previous
        previous = np.where(np.isnan(level), previous, level)
    result = array.transpose(time_dim, ...).copy(data=sums.astype(np.float32))
    result.encoding = {}
    result.attrs["cell_methods"] = "time: sum"
    begin = show(axis.at(int(edges[0, 0])))
    note = f"'{name}' is a running total since {begin}: taken apart into sums per step"
    if levelled:
        note += f"; {levelled} falls of at most {largest:.3g} (packing) were levelled"
    return result.transpose(*array.dims), new_edges, note + "."


def _time_position(array: xr.DataArray, count: int) -> int:
    sizes = [array.sizes[dim] for dim in array.dims]
    known = [i for i, dim in enumerate(array.dims) if dim in array.coords]
    timed = [i for i in known if array.coords[array.dims[i]].dtype.kind in "MO"]
    return timed[0] if timed else sizes.index(count)


def _refuse_fall(
    worst: float, total: Float64Array, previous: Float64Array, where: tuple[str, str, str]
) -> None:
    height = float(np.nanmax(np.maximum(total, previous), initial=0.0))
    if worst > PACKING_SHARE * height:
        name, source, stamp = where
        raise VariableKindError(
            f"'{name}' in {source} should be a running total but falls by {worst:.3g} at {stamp},"
            " more than packing explains: say what it is with --kind"
            f" {name}={Kind.SUM}:{format_duration(3_600_000_000)}, or repair it."
        )
