"""Running totals come out as running totals: since the same starts, begun anew at the same times.

Knows: series, plans, blocks of filled fields. Must not know: output files, how a method fills.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from temdeep.engine import stream
from temdeep.engine.plan import Plan
from temdeep.engine.stream import Block
from temdeep.fields.accumulations import Totals, total_at
from temdeep.fields.reading_frames import load
from temdeep.fields.series import Series
from temdeep.fields.time_axis import Int64Array
from temdeep.methods.protocol import Method
from temdeep.metric import Float64Array


def fill(series: Series, method: Method, plan: Plan) -> Iterator[Block]:
    """Make all output fields, as `stream.fill`; running totals as such.

    Args:
        series: The coarse series.
        method: What fills it.
        plan: What to make.

    Yields:
        Blocks; running totals last, float64.

    Raises:
        TemdeepError: The input turns out to be damaged or infinite.
    """
    plain = series.without_totals()
    if plain is not None:
        yield from stream.fill(plain, method, plan)
    for name in series.totals:
        yield from _filled(series.select([name]), method, plan)


def passes(series: Series) -> int:
    """How often `fill` goes through the output times."""
    plain = series.without_totals()
    return (0 if plain is None else stream.passes(plain)) + len(series.totals)


def bounds_us(series: Series, variable: str, offsets: Int64Array) -> Int64Array:
    """Begin of a running total and time of each output value, microseconds, shape (time, 2)."""
    return _places(series, variable, offsets).bounds_us


@dataclass(frozen=True, eq=False)
class _Places:
    """Where output times lie among the steps of a running total.

    Attributes:
        step: Index of the input's step that an output time ends or lies in, -1 where there is none,
            shape (time,).
        given: Index of the input time that an output time is, -1 where it is made, likewise.
        bounds_us: Begin of the total and output time, shape (time, 2).
    """

    step: Int64Array
    given: Int64Array
    bounds_us: Int64Array


def _places(series: Series, variable: str, offsets: Int64Array) -> _Places:
    steps, totals = series.edges[variable], series.totals[variable].edges
    known = np.flatnonzero(steps[:, 1] > steps[:, 0])
    begins, ends = steps[known, 0], steps[known, 1]
    place = np.searchsorted(ends, offsets, side="left")
    inside = place < len(known)
    clipped = np.minimum(place, max(len(known) - 1, 0))
    if len(known):
        inside &= begins[clipped] < offsets
        step = np.where(inside, known[clipped], -1)
    else:
        step = np.full(len(offsets), -1, dtype=np.int64)
    stamps = series.time.offset_us
    nearest = np.minimum(np.searchsorted(stamps, offsets), len(stamps) - 1)
    given = np.where(stamps[nearest] == offsets, nearest, -1)
    member = np.where(given >= 0, given, step)
    since = np.where(member >= 0, totals[member, 0], offsets)
    return _Places(step, given, np.stack([since, offsets], axis=1))


def _filled(series: Series, method: Method, plan: Plan) -> Iterator[Block]:
    """One running total at all output times.

        T(t) = T(b) + Σ of the parts from b to t,   b the begin of the input's step that t is in

    Never below what came before nor above the step's end where the total cannot fall, and exactly
    the given total at given times.
    """
    (variable,) = series.totals
    totals = series.totals[variable]
    places = _places(series, variable, plan.offset_us)
    made = np.flatnonzero((places.given < 0) & (places.step >= 0))
    parts = _parts(series, method, plan, places, made)
    floor: Float64Array | None = None
    last_step = -1
    for position in range(len(plan)):
        step, given = int(places.step[position]), int(places.given[position])
        if given >= 0:
            values = _level(totals, series, given)
            if totals.edges[given, 0] == totals.edges[given, 1]:
                values = np.where(np.isnan(values), _nothing(totals, series, given), values)
        elif step >= 0:
            start, end = _ends(series, totals, step)
            values = start + next(parts)
            if totals.rising:
                low = start if floor is None or step != last_step else floor
                values = np.minimum(np.maximum(values, low), end)
                floor, last_step = values, step
        else:
            values = np.full(_shape(totals, series), np.nan)
        yield Block(slice(position, position + 1), _variable(totals, series, values))


def _parts(
    series: Series, method: Method, plan: Plan, places: _Places, made: Int64Array
) -> Iterator[Float64Array]:
    """Amounts from the begin of an input's step to each output time in it, shape (1, …)."""
    if not len(made):
        return
    begins = series.edges[series.channels[0].variable][places.step[made], 0]
    periods = np.stack([begins, plan.offset_us[made]], axis=1)
    part = Plan(
        plan.offset_us[made],
        np.full(len(made), -1, dtype=np.int64),
        plan.interval[made],
        plan.theta[made],
        periods,
        (),
    )
    for block in stream.fill(series, method, part):
        (variable,) = block.fields.values()
        yield variable.transpose(series.time_name, ...).values.astype(np.float64)


def _ends(series: Series, totals: Totals, step: int) -> tuple[Float64Array, Float64Array]:
    """The total at begin and end of one of the input's steps."""
    end = _level(totals, series, step)
    same = step > 0 and totals.edges[step, 0] == totals.edges[step - 1, 0]
    if not same:
        return np.zeros_like(end), end
    before = _level(totals, series, step - 1)
    return np.asarray(total_at(before, totals.edges[step - 1]), dtype=np.float64), end


def _nothing(totals: Totals, series: Series, given: int) -> Float64Array:
    """Zero where the total has a value at the next time, missing elsewhere."""
    if given + 1 >= len(totals.edges):
        return np.full(_shape(totals, series), np.nan)
    return 0 * _level(totals, series, given + 1)


def _level(totals: Totals, series: Series, index: int) -> Float64Array:
    one = totals.levels.isel({series.time_name: slice(index, index + 1)})
    values = load(one.transpose(series.time_name, ...), series.source)
    return np.asarray(values, dtype=np.float64)


def _shape(totals: Totals, series: Series) -> tuple[int, ...]:
    sizes = totals.levels.isel({series.time_name: slice(0, 1)}).transpose(series.time_name, ...)
    return tuple(sizes.shape)


def _variable(totals: Totals, series: Series, values: Float64Array) -> dict[str, xr.Variable]:
    dims = (series.time_name, *(dim for dim in totals.levels.dims if dim != series.time_name))
    made = xr.Variable(dims, values, dict(totals.levels.attrs))
    return {str(totals.levels.name): made.transpose(*totals.levels.dims)}
