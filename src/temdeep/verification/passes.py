"""The one way through the withheld intervals: every method fills each, and sums grow.

Knows: the protocol of methods, withheld intervals, tallies. Must not know: files.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from temdeep.fields.accumulations import packing_step
from temdeep.fields.series import Series
from temdeep.fields.variables import Channel
from temdeep.methods.context import trim_context
from temdeep.methods.protocol import Method
from temdeep.methods.uncertain import Uncertain
from temdeep.metric import Float64Array, FloatArray
from temdeep.scores import conservation_error, end_point_error
from temdeep.verification.bootstrap import DAY_US, Blocks, cut_blocks
from temdeep.verification.strata import parts_of_day
from temdeep.verification.tally import Piece, Tally
from temdeep.verification.withholding import Int64Array, Withheld

FRAMES_AT_ONCE = 32


def tally_of_times(withheld: Withheld, methods: Mapping[str, Method]) -> Tally | None:
    """An empty tally for variables at an instant; None if there are none."""
    channels = withheld.fine.instantaneous()
    if not channels:
        return None
    coarse = withheld.coarse
    return Tally(
        channels,
        withheld.fine.grid,
        np.arange(1, withheld.every) / withheld.every,
        _blocks(withheld.fine, withheld.time_starts_us()),
        _mean(partial(coarse.read, channels), len(coarse.time)),
        0.0,
        tuple(methods),
        _packing_steps(withheld.fine, channels),
    )


def tallies_of_periods(withheld: Withheld, methods: Mapping[str, Method]) -> list[Tally]:
    """An empty tally for each group of sums and means that hold for the same periods."""
    coarse, fine = withheld.coarse, withheld.fine
    blocks = _blocks(fine, withheld.period_starts_us())
    tallies = []
    for channels in coarse.period_groups():
        lengths_us = np.diff(fine.period_edges(channels[0]), axis=1)
        tally = Tally(
            channels,
            fine.grid,
            (np.arange(withheld.every) + 0.5) / withheld.every,
            blocks,
            np.zeros((len(channels), *fine.grid.shape)),
            float(np.median(lengths_us[lengths_us > 0])) / 1e6,
            tuple(methods),
            _packing_steps(fine, channels),
        )
        mean = _mean(partial(coarse.read_rates, channels), len(coarse.time))
        tally.reference = mean * tally.factors[:, None, None]
        tallies.append(tally)
    return tallies


def pass_times(tally: Tally, withheld: Withheld, methods: Mapping[str, Method]) -> Iterator[None]:
    """Fill every interval with every method; stops after each interval."""
    starts_us = withheld.time_starts_us()
    context = max(method.context for method in methods.values())
    for hidden in withheld.times(context):
        interval = hidden.interval
        known = np.isfinite(interval.start) & np.isfinite(interval.end)
        slots = np.rint(hidden.theta * withheld.every).astype(np.int64) - 1
        block = tally.blocks.of_interval[_place(starts_us, hidden.offset_us[0])]
        piece = Piece(
            int(block),
            int(hidden.offset_us[np.abs(hidden.theta - 0.5).argmin()]),
            slots,
            hidden.truth,
            np.minimum(interval.start, interval.end),
            np.maximum(interval.start, interval.end),
            known & np.isfinite(hidden.truth),
            parts_of_day(_utc_hours(withheld.fine, hidden.offset_us), tally.grid),
        )
        tally.add_truth(piece)
        theta = np.concatenate([[0.0], hidden.theta, [1.0]])
        for name, method in methods.items():
            counts = tally.of_method[name]
            began = time.perf_counter()
            filled = method.fill(trim_context(interval, method.context), theta)
            counts.seconds += time.perf_counter() - began
            ends = np.stack([interval.start, interval.end])
            departure = end_point_error(filled[[0, -1]], ends).max(axis=0)
            counts.end_error = np.maximum(counts.end_error, departure)
            tally.add(name, piece, filled[1:-1])
            if isinstance(method, Uncertain):
                deviations = method.spread.deviations(interval, hidden.theta)
                tally.add_spread(name, piece, filled[1:-1], deviations, method.spread)
        yield


def pass_periods(tally: Tally, withheld: Withheld, methods: Mapping[str, Method]) -> Iterator[None]:
    """Divide every joined period with every method; stops after each period."""
    starts_us = withheld.period_starts_us()
    context = max(method.context for method in methods.values())
    factors = tally.factors[:, None, None]
    for hidden in withheld.periods(tally.channels, context):
        interval = hidden.interval
        middles = (hidden.edges[1:] + hidden.edges[:-1]) / 2
        truth = hidden.truth * factors
        piece = Piece(
            int(tally.blocks.of_interval[_place(starts_us, hidden.edges_us[0])]),
            int(hidden.edges_us[np.abs(middles - 0.5).argmin() + 1]),
            np.rint(middles * withheld.every - 0.5).astype(np.int64),
            truth,
            interval.rate * factors,
            interval.rate * factors,
            np.isfinite(interval.rate) & np.isfinite(truth),
            parts_of_day(
                _utc_hours(withheld.fine, (hidden.edges_us[1:] + hidden.edges_us[:-1]) // 2),
                tally.grid,
            ),
        )
        tally.add_truth(piece)
        for name, method in methods.items():
            counts = tally.of_method[name]
            began = time.perf_counter()
            rates = method.fill_periods(trim_context(interval, method.context), hidden.edges)
            counts.seconds += time.perf_counter() - began
            departure = conservation_error(rates, hidden.edges, interval.rate)
            counts.conservation_error = np.maximum(counts.conservation_error, departure)
            tally.add(name, piece, rates * factors)
        yield


def _packing_steps(fine: Series, channels: Sequence[Channel]) -> Float64Array:
    """Step of the packing of what the file holds as whole numbers, in its units; 0 for others."""
    arrays = [fine.as_given(one.variable) for one in channels]
    whole = [np.issubdtype(one.encoding.get("dtype", np.float32), np.integer) for one in arrays]
    return np.where(whole, [packing_step(one) for one in arrays], 0.0)


def _blocks(fine: Series, starts_us: Int64Array) -> Blocks:
    """Blocks of intervals; days begin at midnight of the series' own calendar."""
    return cut_blocks(starts_us + _since_midnight_us(fine))


def _since_midnight_us(fine: Series) -> int:
    """From midnight UTC to the series' first time."""
    first = fine.time.sun_time[0]
    return int((first - first.astype("datetime64[D]")) // np.timedelta64(1, "us"))


def _utc_hours(fine: Series, offset_us: Int64Array) -> Float64Array:
    """Hours since midnight UTC of offsets in the series, shape (time,)."""
    hours: Float64Array = ((_since_midnight_us(fine) + offset_us) % DAY_US) / 3.6e9
    return hours


def _place(starts_us: Int64Array, offset_us: int) -> int:
    """Which interval a time lies in, its start included."""
    return int(np.searchsorted(starts_us, offset_us, side="right")) - 1


def _mean(read: Callable[[slice], FloatArray], count: int) -> Float64Array:
    """Mean over times at each cell, a few frames at once; NaN where nothing is known."""
    total: Float64Array = np.zeros(1)
    known = np.zeros(1)
    for first in range(0, count, FRAMES_AT_ONCE):
        frames = read(slice(first, min(first + FRAMES_AT_ONCE, count)))
        finite = np.isfinite(frames)
        total = total + np.where(finite, frames, 0.0).astype(np.float64).sum(axis=0)
        known = known + finite.sum(axis=0)
    return np.where(known > 0, total / np.maximum(known, 1), np.nan)
