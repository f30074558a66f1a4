"""What a coarse series hides from itself: frames and periods that are known, to judge methods on.

From a series with step τ every other frame is hidden and filled in from those 2τ apart; two
adjoining periods are joined and divided again. Nothing between the series' times is ever needed.

Knows: series. Must not know: files, any one method.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.series import Series, sun_time_of
from temdeep.fields.time_axis import SAME_STEP, Int64Array
from temdeep.fields.variables import Channel
from temdeep.metric import Float64Array, FloatArray

MOST = 24
"""Trials on one series, evenly spread."""

FEWEST = 3
"""Trials on fields so large that `MOST_CELLS` would allow fewer."""

MOST_CELLS = 1_000_000
"""Cells looked at on one series, all trials together, whichever variables are chosen."""

HALVES = np.array([0.0, 0.5, 1.0])
"""Bounds of both hidden periods of a joined one."""


@dataclass(frozen=True, eq=False)
class HiddenFrame:
    """An interval of two steps.

    Attributes:
        interval: What a method is given.
        truth: The frame half way, shape (channel, y, x).
    """

    interval: Interval
    truth: FloatArray


@dataclass(frozen=True, eq=False)
class HiddenSpan:
    """An interval of some steps.

    Attributes:
        steps: How many.
        interval: What a method is given.
        truth: The frames inside, shape (steps - 1, channel, y, x).
    """

    steps: int
    interval: Interval
    truth: FloatArray

    @property
    def theta(self) -> Float64Array:
        """Lead fractions of the frames inside, shape (steps - 1,)."""
        return np.arange(1, self.steps) / self.steps


@dataclass(frozen=True, eq=False)
class HiddenHalves:
    """A period joined from two.

    Attributes:
        interval: What a method is given.
        truth: Mean rates of both, shape (2, channel, y, x).
    """

    interval: PeriodInterval
    truth: FloatArray


def hidden_frames(
    series: Series, channels: Sequence[Channel], context: int
) -> Iterator[HiddenFrame]:
    """Some intervals of two equal steps.

    Args:
        series: The coarse series.
        channels: Which; instantaneous.
        context: Frames on each side, two steps apart, as far as all steps there are equal.
    """
    steps = series.time.linked_steps_us()
    alike = (np.abs(np.diff(steps)) <= SAME_STEP * steps[1:]) & (steps[1:] > 0)
    for i in _spread(np.flatnonzero(alike), series, channels, MOST):
        before = _pairs(alike[:i][::-1], context)
        after = _pairs(alike[i + 1 :], context)
        frames = series.read(channels, slice(i - 2 * before, i + 3 + 2 * after))
        given = frames[::2]
        yield HiddenFrame(
            Interval(
                given[before],
                given[before + 1],
                float(steps[i] + steps[i + 1]) / 1e6,
                series.time.sun_time[i],
                tuple(channels),
                series.grid,
                given[:before],
                given[before + 2 :],
            ),
            frames[2 * before + 1],
        )


def hidden_spans(
    series: Series, channels: Sequence[Channel], steps: int, context: int, most: int = MOST
) -> Iterator[HiddenSpan]:
    """Some intervals of usual steps, whose inner frames are hidden.

    They begin at random in as many stretches of the series: evenly spread ones could be the same
    hours of each day.

    Args:
        series: The coarse series.
        channels: Which; instantaneous.
        steps: How many; of one, nothing is hidden.
        context: Frames on each side, that many steps apart, as far as all steps there are usual.
        most: Of them.
    """
    lengths, usual = series.time.linked_steps_us(), series.time.step_us
    breaks = np.flatnonzero(np.abs(lengths - usual) > SAME_STEP * usual)
    edges = np.concatenate([[-1], breaks, [len(lengths)]])  # no usual steps, and both ends
    starts = np.arange(len(series.time))
    last = edges[np.searchsorted(edges, starts)]  # frame up to which all steps are usual
    first = edges[np.searchsorted(edges, starts) - 1] + 1
    places = starts[last - starts >= steps]
    for i in _at_random(places, _worth(len(places), series, channels, most)):
        before = min(int(i - first[i]) // steps, context)
        after = min(int(last[i] - i) // steps - 1, context)
        begin = i - steps * before
        frames = series.read(channels, slice(begin, i + steps * (1 + after) + 1))
        given, here = frames[::steps], steps * before
        yield HiddenSpan(
            steps,
            Interval(
                given[before],
                given[before + 1],
                float(lengths[i : i + steps].sum()) / 1e6,
                series.time.sun_time[i],
                tuple(channels),
                series.grid,
                given[:before],
                given[before + 2 :],
            ),
            frames[here + 1 : here + steps],
        )


def hidden_halves(
    series: Series, channels: Sequence[Channel], context: int, most: int = MOST
) -> Iterator[HiddenHalves]:
    """Some pairs of adjoining periods of one length, joined.

    Args:
        series: The coarse series.
        channels: Which; sums and means of the same periods.
        context: Joined periods on each side, as far as they adjoin.
        most: Of them.
    """
    if not channels:
        return
    edges = series.period_edges(channels[0])
    lengths = edges[:, 1] - edges[:, 0]
    alike = (edges[1:, 0] == edges[:-1, 1]) & (lengths[1:] == lengths[:-1]) & (lengths[1:] > 0)
    alike[series.time.run_ends()] = False
    begin = sun_time_of(series.time, edges[:, 0])
    for i in _spread(np.flatnonzero(alike), series, channels, most):
        before = _pairs(alike[:i][::-1], context)
        after = _pairs(alike[i + 1 :], context)
        rates = series.read_rates(channels, slice(i - 2 * before, i + 2 + 2 * after))
        joined = (rates[::2] + rates[1::2]) / 2
        yield HiddenHalves(
            PeriodInterval(
                joined[before],
                2 * float(lengths[i]) / 1e6,
                begin[i],
                tuple(channels),
                series.grid,
                joined[:before],
                joined[before + 1 :],
            ),
            rates[2 * before : 2 * before + 2],
        )


def _spread(
    places: Int64Array, series: Series, channels: Sequence[Channel], most: int
) -> list[int]:
    """Evenly spaced ones, as many as are worth their reading."""
    count = _worth(len(places), series, channels, most)
    if not count:
        return []
    chosen: list[int] = places[np.linspace(0, len(places) - 1, count).astype(int)].tolist()
    return chosen


def _worth(places: int, series: Series, channels: Sequence[Channel], most: int) -> int:
    """How many of so many places are worth their reading."""
    if not channels:
        return 0
    return min(max(MOST_CELLS // series.grid.latitude.size, FEWEST), most, places)


def _at_random(places: Int64Array, count: int) -> list[int]:
    """One of each of so many equal stretches, always the same."""
    bounds = np.arange(count + 1) * len(places) // max(count, 1)
    chosen: list[int] = places[np.random.default_rng(0).integers(bounds[:-1], bounds[1:])].tolist()
    return chosen


def _pairs(alike: np.ndarray, most: int) -> int:
    """How many frames two steps apart there are in one direction, `most` at the most."""
    reach = len(alike) if alike.all() else int(np.argmin(alike))
    return min(reach // 2, most)
