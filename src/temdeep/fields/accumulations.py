"""Running totals, as forecasts have them since their start, and the sums per step they stand for.

Knows: xarray, periods as microseconds. Must not know: torch, files.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from temdeep.errors import VariableError, VariableKindError
from temdeep.fields.reading_frames import load
from temdeep.fields.time_axis import Int64Array, TimeAxis, format_duration, show
from temdeep.fields.undeclared import as_text, undeclared_fill
from temdeep.fields.variables import Kind
from temdeep.metric import FloatArray

PACKING_SHARE = 0.03
"""A running total may fall by this share of the field's largest total and still be levelled.

What re-packing and re-gridding do to real ones: 2.2 % at most in ARPEGE's, 0.2 % in AROME's. The
step of the packing that the file itself names explains none of it: 1e-4 of such a fall.
"""

LARGEST_BYTES = 4 * 2**30


@dataclass(frozen=True, eq=False)
class Totals:
    """A variable that came in as a running total.

    Attributes:
        levels: The totals as given, small falls levelled, in the type and order of the file.
        edges: Begin of the total and time of each value, microseconds since the first valid time,
            shape (time, 2).
        rising: Whether the total never falls but where it begins anew.
        note: Since when, where it begins anew, what was levelled, in a sentence.
    """

    levels: xr.DataArray
    edges: Int64Array
    rising: bool
    note: str

    def take(self, times: slice | Int64Array, time_name: str, shift_us: int) -> "Totals":
        """The totals at some of the times, counted from a later one."""
        return replace(
            self,
            levels=self.levels.isel({time_name: times}),
            edges=self.edges[times] - shift_us,
        )


def overlaps(edges: Int64Array) -> bool:
    """Whether any period begins before the one before it has ended."""
    return bool((edges[1:, 0] < edges[:-1, 1]).any())


def largest_fall(before: FloatArray, after: FloatArray, precision: float = 0.0) -> float:
    """How far a total may fall between two fields for it to be packing.

    Args:
        before: The total so far, shape (…).
        after: The next one, likewise.
        precision: Step of the file's own packing, in the unit of the total; 0 if unknown.
    """
    height = float(np.nanmax(np.fmax(before, after), initial=0.0))
    return max(PACKING_SHARE * height, precision * (1 + 1e-6))


def packing_step(array: xr.DataArray) -> float:
    """Step of the packing of a variable as opened, 0 if it is not packed."""
    return abs(float(np.asarray(array.encoding.get("scale_factor", 0.0)).ravel()[0]))


def loaded_totals(array: xr.DataArray, time_name: str, source: str) -> FloatArray:
    """All values of a running total, shape (time, …), in floating point.

    Raises:
        VariableKindError: More data than are sensibly taken apart at once.
        VariableError: A fill value that is not declared.
        InputError: The file breaks off.
    """
    if array.size * 4 > LARGEST_BYTES:
        raise VariableKindError(
            f"'{array.name}' in {source} is a running total too large to take apart at once"
            f" ({array.size * 4 / 2**30:.0f} GiB): give it as sums per step."
        )
    values = load(array.transpose(time_name, ...), source)
    code = undeclared_fill(values)
    if code is not None:
        raise VariableError(as_text(str(array.name), source, code, "far from all others"))
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def step_edges(edges: Int64Array, step_us: int) -> Int64Array:
    """Bounds of the sums per step that running totals stand for.

        begin_i = R_i  where a total begins anew,  else  end_{i-1}

    A first value whose total began more than a usual step before stands for no step.

    Args:
        edges: Begin R of the total and end of each value, shape (time, 2).
        step_us: The usual step.
    """
    steps = edges.copy()
    same = edges[1:, 0] == edges[:-1, 0]
    steps[1:, 0] = np.where(same, edges[:-1, 1], edges[1:, 0])
    if edges[0, 1] - edges[0, 0] > 1.001 * step_us:
        steps[0, 0] = edges[0, 1]
    return steps


def refuse_overlaps(edges: Int64Array, name: str, kind: str, axis: TimeAxis, source: str) -> None:
    """Refuse periods that overlap otherwise than running totals do.

    Raises:
        VariableKindError: Not sums, or some that do not count from common starts.
    """
    anew = np.flatnonzero(np.diff(edges[:, 0]) != 0) + 1
    shrinking = (np.diff(edges[:, 1]) <= 0).any()
    apart = (edges[anew, 0] < edges[anew - 1, 1]).any()
    if kind != "sum" or shrinking or apart:
        where = show(axis.values[int(np.flatnonzero(edges[1:, 0] < edges[:-1, 1])[0]) + 1])
        raise VariableKindError(
            f"the periods of '{name}' ({kind}) in {source} overlap at {where}: only sums that all"
            " count from one start are taken apart; give values per step instead."
        )


def refuse_long_periods(
    edges: Int64Array, name: str, kind: Kind, axis: TimeAxis, source: str
) -> None:
    """Refuse periods of a length that the user says which reach back beyond the stamp before.

    Args:
        edges: Begin and end of each period, which ends at its stamp, shape (time, 2).
        name: Name of the variable.
        kind: Its kind.
        axis: The time axis.
        source: Name of the file, for messages.

    Raises:
        VariableKindError: They overlap: their parts would be counted twice.
    """
    if not overlaps(edges):
        return
    i = int(np.flatnonzero(edges[1:, 0] < edges[:-1, 1])[0]) + 1
    length = format_duration(int(edges[i, 1] - edges[i, 0]))
    step = format_duration(int(axis.offset_us[i] - axis.offset_us[i - 1]))
    if len(np.unique(np.diff(axis.offset_us))) > 1:
        advice = "stamps are not evenly apart, so give the file time bounds instead"
    else:
        running = f", --kind {name}=accumulated if it is a running total"
        advice = (
            f"say --kind {name}={kind}:{step} if each holds for the step before its"
            f" stamp{running if kind is Kind.SUM else ''}, or give times that are {length} apart"
        )
    raise VariableKindError(
        f"the periods of '{name}' in {source} overlap at {show(axis.values[i])}: --kind"
        f" {name}={kind}:{length} says that they reach {length} back from each stamp, and the stamp"
        f" before is {step} away; {advice}."
    )


def take_apart(
    array: xr.DataArray,
    totals: FloatArray,
    edges: Int64Array,
    axis: TimeAxis,
    source: str,
    *,
    rising: bool,
) -> tuple[xr.DataArray, Int64Array, Totals]:
    """Turn a running total into sums per step, and keep it beside them.

    Where the total can only rise, falls no larger than what packing does are levelled: it stays at
    its height until it rises above that again. The sums add up to the levelled totals. A step
    beside a missing value is missing.

    Args:
        array: The running total as opened.
        totals: Its values, shape (time, …), as `loaded_totals` gives them.
        edges: Begin (of the total) and end of each value, shape (time, 2).
        axis: The time axis.
        source: Name of the file, for messages.
        rising: Whether the quantity is one that cannot fall.

    Returns:
        Sums per step in the order of the file's dimensions, their bounds, and the totals.

    Raises:
        VariableKindError: A fall that packing does not explain.
    """
    name, time_name = str(array.name), str(axis_dim(array, axis))
    levels, sums = totals.copy(), np.empty(totals.shape, dtype=np.float32)
    steps, precision = step_edges(edges, axis.step_us), packing_step(array)
    levelled, largest = 0, 0.0
    highest: FloatArray = np.zeros_like(totals[0])
    for i in range(len(totals)):
        begins = i == 0 or edges[i, 0] != edges[i - 1, 0]
        before = np.zeros_like(totals[0]) if begins else total_at(levels[i - 1], edges[i - 1])
        highest = np.zeros_like(totals[0]) if begins else highest
        if rising:
            fall = highest.astype(np.float64) - totals[i]
            worst = float(np.nanmax(fall, initial=0.0))
            if worst > largest_fall(highest, totals[i], precision):
                raise unexplained_fall(name, source, worst, axis, i)
            levelled += int(np.count_nonzero(fall > 0))
            largest = max(largest, worst)
            levels[i] = np.where(fall > 0, highest, totals[i])
            highest = np.fmax(highest, levels[i])
        sums[i] = levels[i].astype(np.float64) - before
        if steps[i, 0] == steps[i, 1]:
            sums[i] = np.nan
    ordered = array.transpose(time_name, ...)
    result = ordered.copy(data=sums)
    if ordered.chunks is not None:  # what came lazy stays so in the eyes of whoever fills it
        result = result.chunk(dict(zip(ordered.dims, ordered.chunks, strict=True)))
    result.encoding = {}
    result.attrs["cell_methods"] = "time: sum"
    kept = ordered.copy(data=levels).transpose(*array.dims)
    kept.encoding = dict(array.encoding)
    note = (
        f"'{name}' is a running total {since(edges, axis)}: it is divided by its sums per step and"
        " comes out as a running total"
    )
    if levelled:
        share = levelled / totals.size
        note += (
            f"; {levelled} values ({share:.1%}) that lie below an earlier one, by at most"
            f" {largest:.3g} (packing), were levelled"
        )
    return result.transpose(*array.dims), steps, Totals(kept, edges, rising, f"{note}.")


def total_at(level: FloatArray, edge: Int64Array) -> FloatArray:
    """A total at its time; nothing where it has no length and no value, as at a forecast's start.

    Args:
        level: The total, shape (…).
        edge: Its begin and end, shape (2,).
    """
    return np.where(np.isnan(level), level.dtype.type(0), level) if edge[0] == edge[1] else level


def axis_dim(array: xr.DataArray, axis: TimeAxis) -> str:
    """The dimension of an array that a time axis belongs to: the one with its times."""
    timed = [
        str(dim)
        for dim in array.dims
        if dim in array.coords and array.coords[dim].dtype.kind in "MO"
    ]
    sizes = [str(dim) for dim in array.dims if array.sizes[dim] == len(axis)]
    return (timed or sizes)[0]


def unexplained_fall(
    name: str, source: str, fall: float, axis: TimeAxis, i: int
) -> VariableKindError:
    """The error for a running total that falls where it must not, at the i-th time."""
    step = format_duration(axis.step_us)
    return VariableKindError(
        f"'{name}' in {source} should be a running total but falls by {fall:.3g} at"
        f" {show(axis.values[i])}, more than packing explains, and not where it regularly begins"
        f" anew: if it is emptied there say how often, such as --kind"
        f" {name}=accumulated:1d, if it is none say --kind {name}=sum:{step}, or repair it."
    )


def since(edges: Int64Array, axis: TimeAxis) -> str:
    """Since when, and where a total begins anew, in words."""
    starts = np.unique(edges[:, 0])
    shown = [show(axis.at(int(start))) for start in starts[:3]]
    if len(starts) == 1:
        return f"since {shown[0]}"
    more = "" if len(starts) <= 3 else f" … {show(axis.at(int(starts[-1])))}"
    return f"since {shown[0]}, which begins anew at {', '.join(shown[1:])}{more}"
