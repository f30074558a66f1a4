"""Do no harm: which method each variable gets, judged on withheld coarse frames.

Knows: series, methods. Must not know: files, the command line.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from temdeep.fields.series import Series
from temdeep.fields.variables import Channel
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear, Nearest
from temdeep.metric import Float64Array

HANDICAP = 0.1
"""Share of the RMSE by which a straight method must be better than a curved one."""

STRAIGHT = (Nearest.name, Linear.name)

Errors = dict[str, dict[str, float]]
"""Summed square errors by channel name and method name."""


def withheld_errors(block: Series, methods: Mapping[str, Method]) -> Errors:
    """Square errors of each method at the middle of intervals of twice the step, 2τ → τ.

    Every other frame of the block is hidden, first the odd ones, then the even ones; periods are
    joined in pairs and divided again.

    Args:
        block: The held-out part of the coarse series.
        methods: By name.

    Returns:
        Area-weighted sums for each channel.
    """
    sums: dict[str, dict[str, float]] = {}
    for offset in (0, 1):
        if len(block.time) < offset + 3:
            continue
        thinned = block.thin(2, offset)
        for name, method in methods.items():
            for channel, square in _squares(block, thinned, method):
                of_channel = sums.setdefault(channel, {})
                of_channel[name] = of_channel.get(name, 0.0) + square
    return sums


def choose(errors: Errors, learnt: str) -> dict[str, str]:
    """The method with the least error for each channel; the learnt one only where it is best.

    The straight methods are judged at twice the span of use, where they come off better than there:
    the error of a straight line falls with the square of the span, that of a curve faster. They are
    taken only where they are better by `HANDICAP`.
    """
    chosen = {}
    for channel, by_method in errors.items():
        scores = {
            name: square * (1 + HANDICAP) ** 2 if name in STRAIGHT else square
            for name, square in by_method.items()
        }
        best = min(scores.values())
        equal = [name for name, score in scores.items() if score == best]
        chosen[channel] = next((name for name in equal if name != learnt), learnt)
    return chosen


def _squares(block: Series, thinned: Series, method: Method) -> Iterator[tuple[str, float]]:
    """Summed area-weighted square errors, by channel name."""
    area = block.grid.metric.area_weights
    at = {int(offset): i for i, offset in enumerate(block.time.offset_us)}
    base = int(np.asarray(block.time.offset_of(thinned.time.values[0])))
    half = np.array([0.5])
    instants = block.instantaneous()
    if instants:
        for i, interval in thinned.intervals(method.context, instants):
            middle = base + int(thinned.time.offset_us[i : i + 2].sum()) // 2
            if middle in at:
                truth = block.read(instants, [at[middle]])[0]
                filled = method.fill(interval, half)[0]
                yield from _each(instants, filled.astype(np.float64) - truth, area)
    for group in block.period_groups():
        edges = block.period_edges(group[0])
        joined = thinned.period_edges(group[0]) + base
        by_begin = {int(edge[0]): i for i, edge in enumerate(edges) if edge[1] > edge[0]}
        for i, period in thinned.period_intervals(method.context, group):
            first = by_begin.get(int(joined[i, 0]))
            if first is None or first + 1 >= len(edges) or edges[first + 1, 1] != joined[i, 1]:
                continue
            parts = method.fill_periods(period, np.array([0.0, 0.5, 1.0]))
            truth = block.read_rates(group, [first, first + 1])
            yield from _each(group, parts[0] - truth[0], area)
            yield from _each(group, parts[1] - truth[1], area)


def _each(
    channels: Sequence[Channel], errors: Float64Array, area: Float64Array
) -> Iterator[tuple[str, float]]:
    for channel, error in zip(channels, errors, strict=True):
        known = np.isfinite(error)
        square = float((np.where(known, error, 0) ** 2 * area).sum())
        yield channel.name, square
