"""Do no harm: which method each variable gets, judged on withheld coarse frames.

Knows: series, methods. Must not know: files, the command line.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from temdeep.fields.series import Series
from temdeep.fields.variables import Channel
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear, Nearest
from temdeep.metric import Float64Array

MARGIN = 0.1
"""Share of the RMSE by which a method must be better than one that is believed more."""

STRAIGHT = (Nearest.name, Linear.name)

Errors = dict[str, dict[str, float]]
"""Summed square errors by channel name and method name."""


def withheld_errors(
    block: Series, methods: Mapping[str, Method], most: int | None = None
) -> Errors:
    """Square errors of each method at the middle of intervals of twice the step, 2τ → τ.

    Every other frame of the block is hidden, first the odd ones, then the even ones; periods are
    joined in pairs and divided again.

    Args:
        block: The held-out part of the coarse series, or all of it.
        methods: By name.
        most: Intervals that are looked at, of each half of the frames, as `sampled`; None: all.

    Returns:
        Area-weighted sums for each channel.
    """
    sums: dict[str, dict[str, float]] = {}
    for offset in (0, 1):
        if len(block.time) < offset + 3:
            continue
        thinned = block.thin(2, offset)
        for name, method in methods.items():
            for channel, square in _squares(block, thinned, method, most):
                of_channel = sums.setdefault(channel, {})
                of_channel[name] = of_channel.get(name, 0.0) + square
    return sums


def added(each: Iterable[Errors]) -> Errors:
    """Sums over several blocks."""
    sums: Errors = {}
    for errors in each:
        for channel, by_method in errors.items():
            of_channel = sums.setdefault(channel, {})
            for name, square in by_method.items():
                of_channel[name] = of_channel.get(name, 0.0) + square
    return sums


def chained(whole: Errors, block: Errors, learnt: str, anchor: str) -> Errors:
    """Errors over the whole series, the learnt method's told by what it gains in the block.

    Methods that learn next to nothing can be judged on all of a series, while a network has seen
    all but a block of it, some days long. There it is compared with what it began from; how good
    that is, the whole series tells.

    Args:
        whole: Of classical methods.
        block: Of the learnt method and its anchor.
        learnt: Name of the one.
        anchor: Name of the other.
    """
    found = {channel: dict(by_method) for channel, by_method in whole.items()}
    for channel, by_method in block.items():
        if learnt in by_method and channel in found:
            gain = by_method[learnt] / max(by_method[anchor], 1e-300)
            found[channel][learnt] = gain * found[channel][anchor]
    return found


def choose(errors: Errors, learnt: str) -> dict[str, str]:
    """The method for each channel: the learnt one unless a classical one is clearly better.

    All are judged at twice the span of use, where the ranking is not that of use: the error of a
    straight line falls with the square of the span and that of a curve faster. So a classical
    method overrules the learnt one, and a straight method a curved one, only by a margin.
    """
    chosen = {}
    for channel, by_method in errors.items():
        scores = {
            name: square * (1 + MARGIN) ** (2 * _doubts(name, learnt))
            for name, square in by_method.items()
        }
        chosen[channel] = min(scores, key=lambda name: (scores[name], name == Nearest.name))
    return chosen


def _doubts(name: str, learnt: str) -> int:
    """How many margins a method has to be better by."""
    if name == learnt:
        return 0
    return 2 if name in STRAIGHT else 1


def _squares(
    block: Series, thinned: Series, method: Method, most: int | None
) -> Iterator[tuple[str, float]]:
    """Summed area-weighted square errors, by channel name."""
    area = block.grid.metric.area_weights
    at = {int(offset): i for i, offset in enumerate(block.time.offset_us)}
    base = int(np.asarray(block.time.offset_of(thinned.time.values[0])))
    half = np.array([0.5])
    instants = block.instantaneous()
    looked_at = sampled(len(thinned.time), most)
    if instants:
        for i, interval in thinned.intervals(method.context, instants):
            if i not in looked_at:
                continue
            middle = base + int(thinned.time.offset_us[i : i + 2].sum()) // 2
            if middle in at:
                truth = block.read(instants, [at[middle]])[0]
                filled = method.fill(interval, half)[0]
                given = np.isfinite(interval.frames).all(axis=0) & np.isfinite(truth)
                yield from _each(instants, filled.astype(np.float64) - truth, given, area)
    for group in block.period_groups():
        edges = block.period_edges(group[0])
        joined = thinned.period_edges(group[0]) + base
        by_begin = {int(edge[0]): i for i, edge in enumerate(edges) if edge[1] > edge[0]}
        for i, period in thinned.period_intervals(method.context, group):
            first = by_begin.get(int(joined[i, 0]))
            if (
                i not in looked_at
                or first is None
                or first + 1 >= len(edges)
                or edges[first + 1, 1] != joined[i, 1]
            ):
                continue
            parts = method.fill_periods(period, np.array([0.0, 0.5, 1.0]))
            truth = block.read_rates(group, [first, first + 1])
            given = np.isfinite(period.rate)
            for part, true in zip(parts, truth, strict=True):
                yield from _each(group, part - true, given & np.isfinite(true), area)


def sampled(count: int, most: int | None) -> frozenset[int]:
    """Indices spread over a series: one at random from each of `most` stretches; None: all.

    Every n-th would be the same hours of each day where n steps are a whole day.
    """
    if most is None or count <= most:
        return frozenset(range(count))
    bounds = np.arange(most + 1) * count // most
    return frozenset(np.random.default_rng(0).integers(bounds[:-1], bounds[1:]).tolist())


def _each(
    channels: Sequence[Channel],
    errors: Float64Array,
    given: npt.NDArray[np.bool_],
    area: Float64Array,
) -> Iterator[tuple[str, float]]:
    """Sums over known errors; infinite where a method makes no number of what is given."""
    for channel, error, known in zip(channels, errors, given, strict=True):
        made = np.isfinite(error)
        square = float((np.where(made, error, 0) ** 2 * area).sum())
        yield channel.name, square if made[known].all() else float("inf")
