"""One likely course of precipitation, in place of the best estimate.

A best estimate is a mean over what may have happened: it rains too often and too lightly. A
realisation is one of these courses, with the intensities and the wet area of real rain, at the
price of a larger error. What a method says of each period is multiplied by a random field that has
the rain's own spectrum and moves with it,

    r = R q / mean q,   q = r̄ exp(σ ξ),   ξ(θ) = cos(πθ/2) ε₀(p - V θτ) + sin(πθ/2) ε₁(p + V (1-θ)τ)

in `CELLS` parts of the period, so that totals are kept; ε₀ and ε₁ belong to its begin and its end.
σ is that with which periods of the coarse
series, joined in pairs and divided again, come nearest to their own distribution of intensities.
Rain at instants is in `rain_course`.

Knows: series, methods. Must not know: files.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.natures import is_precipitation
from temdeep.fields.series import Series
from temdeep.fields.variables import Channel
from temdeep.methods import by_nature
from temdeep.methods.context import trim_context
from temdeep.methods.motion import can_move
from temdeep.methods.protocol import (
    Division,
    Method,
    Rendering,
    all_parts,
    division,
    rendering,
)
from temdeep.methods.rain_course import likely_course
from temdeep.methods.redistribution import CELLS, motion, parts_of
from temdeep.methods.trials import HALVES, hidden_halves
from temdeep.metric import Float32Array, Float64Array, FloatArray

SIGMAS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
"""Among these σ is sought."""

WIDEST = 3
"""Fewest waves across the grid that noise has: wider ones would wet or dry all of it at once."""

TRIALS, TRIAL_CONTEXT = 16, 3
"""How many hidden periods σ is sought on, and the periods given on each side of each."""

TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Realisation:
    """A method, with one course of its precipitation drawn at random.

    Attributes:
        method: Gives the best estimate, and fills all that is no precipitation.
        seed: Of the draw; the same seed gives the same course, whatever times are asked for.
        sigma: σ, by name of the channel.
    """

    method: Method
    seed: int
    sigma: dict[str, float]

    @classmethod
    def fitted_to(cls, series: Series, method: Method, seed: int) -> "Realisation":
        """Find σ on hidden periods of a coarse series.

        Args:
            series: The coarse series; nothing between its times is looked at.
            method: Gives the best estimate.
            seed: Of the draw.
        """
        sigma: dict[str, float] = {}
        for group in series.period_groups():
            rain = [one for one in group if _falls(one)]
            apart = np.zeros((len(SIGMAS), len(rain)))
            for hidden in hidden_halves(series, rain, TRIAL_CONTEXT, most=TRIALS):
                drawn = cls(method, seed, sigma)
                cells = drawn._best_cells(hidden.interval)
                noise = [drawn._noise(hidden.interval, i) for i in range(len(rain))]
                for k, each in enumerate(SIGMAS):
                    whole = hidden.interval.rate
                    made = [
                        parts_of(_course(cells[:, i], noise[i], each, whole[i]), HALVES)
                        for i in range(len(rain))
                    ]
                    if made:
                        apart[k] += _apart(np.stack(made, axis=1), hidden.truth)
            sigma |= {one.name: SIGMAS[apart[:, i].argmin()] for i, one in enumerate(rain)}
        return cls(method, seed, sigma)

    @property
    def name(self) -> str:
        """See `Method.name`."""
        return self.method.name

    @property
    def context(self) -> int:
        """See `Method.context`."""
        return max(self.method.context, 1)

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """See `Method.treatment`."""
        told = self.method.treatment(channel, grid)
        if not _falls(channel):
            return told
        return f"{told.partition(': ')[0]}: one likely course around its estimate, seed {self.seed}"

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return self.rendering(interval)(theta)

    def rendering(self, interval: Interval) -> Rendering:
        """See `Looking.rendering`: a course is drawn once."""
        best = rendering(self.method, interval)
        rain = [i for i, one in enumerate(interval.channels) if _falls(one)]
        if not rain:
            return best
        own = by_nature.select_channels(interval, rain)
        ends = (0, own.span_s)
        randoms = [tuple(self._random(own, one, end) for end in ends) for one in own.channels]
        course = likely_course(own, [(first, last) for first, last in randoms])

        def fill(theta: Float64Array) -> Float32Array:
            filled = best(theta)
            filled[:, rain] = course(filled[:, rain], theta)
            return filled

        return fill

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return all_parts(self, interval, edges)

    def division(self, interval: PeriodInterval, edges: Float64Array) -> Division:
        """See `Dividing.division`: the course is drawn once."""
        by_nature.check_edges(edges)
        divided: list[tuple[list[int], Division]] = []
        rain = [i for i, one in enumerate(interval.channels) if _falls(one)]
        others = [i for i in range(len(interval.channels)) if i not in rain]
        if others:
            own = by_nature.select_period_channels(interval, others)
            divided.append((others, division(self.method, own, edges)))
        if rain:
            own = by_nature.select_period_channels(interval, rain)
            cells = self._best_cells(own)
            courses = np.empty_like(cells)
            for place in range(len(rain)):
                sigma = self.sigma.get(own.channels[place].name, 0.0)
                mean, whole = cells[:, place], own.rate[place]
                if sigma > 0 and (whole > 0).any():
                    mean = _course(mean, self._noise(own, place), sigma, whole)
                courses[:, place] = mean
            divided.append(
                (rain, lambda some: parts_of(courses, edges[some.start : some.stop + 1]))
            )

        def parts(some: slice) -> Float64Array:
            made = np.empty((some.stop - some.start, *interval.rate.shape))
            for channels, divide in divided:
                made[:, channels] = divide(some)
            return made

        return parts

    def _best_cells(self, interval: PeriodInterval) -> Float64Array:
        """Best estimate in the cells of a period, shape (cell, channel, y, x)."""
        near = trim_context(interval, self.method.context)
        return self.method.fill_periods(near, np.linspace(0, 1, CELLS + 1))

    def _noise(self, interval: PeriodInterval, place: int) -> Float64Array:
        """ξ of a channel in the cells of a period, shape (cell, y, x)."""
        rates = [
            *interval.before[-1:, place], interval.rate[place], *interval.after[:1, place]
        ]  # fmt: skip
        channel = interval.channels[place]
        ends = [self._random(interval, channel, later_s) for later_s in (0, interval.span_s)]
        return _moving_noise(np.stack(rates), interval.grid, ends)

    def _random(
        self, interval: Interval | PeriodInterval, channel: Channel, later_s: float
    ) -> np.random.Generator:
        """Numbers that belong to a moment after the begin of an interval, and to a member or level.

        Variables share them: where it rains more, it snows more.
        """
        member = zlib.crc32(channel.name.partition("[")[2].encode())
        moment = interval.valid_time + np.timedelta64(round(later_s * 1e6), "us")
        count = int(moment.astype("datetime64[us]").astype(np.int64))
        halves = count & 0xFFFFFFFF, count >> 32 & 0xFFFFFFFF
        return np.random.default_rng([self.seed, *halves, member])


def _course(
    mean: Float64Array, noise: Float64Array, sigma: float, whole: Float64Array
) -> Float64Array:
    """One course of a period, shape (cell, y, x), with the period's mean kept."""
    likely = mean * np.exp(sigma * noise)
    average = likely.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.where(average > 0, whole / average, 1.0)
    drawn: Float64Array = np.where(whole > 0, likely * factor, mean)
    return drawn


def _falls(channel: Channel) -> bool:
    return is_precipitation(channel.variable, channel.standard_name)


def _apart(made: Float64Array, truth: FloatArray) -> Float64Array:
    """How far two distributions of intensities are from each other, shape (channel,).

    The mean distance of equally frequent values, on a scale on which light rain counts as well.
    """
    distances = np.zeros(truth.shape[1])
    for i in range(truth.shape[1]):
        known = np.isfinite(made[:, i]) & np.isfinite(truth[:, i])
        both = np.sort(np.stack([made[:, i][known], truth[:, i][known]]), axis=1)
        both = np.maximum(both, 0)
        if both[1].any():
            typical = (both[1] ** 2).sum() / both[1].sum()
            logarithm = np.log1p(10 * both / typical)
            distances[i] = np.abs(logarithm[0] - logarithm[1]).mean()
    return distances


def _moving_noise(
    rates: Float64Array, grid: Grid, randoms: Sequence[np.random.Generator]
) -> Float64Array:
    """ξ in the cells of a period, shape (`CELLS`, y, x).

    Args:
        rates: Of the period and those beside it, shape (period, y, x).
        grid: The grid.
        randoms: For ε at the begin and at the end.
    """
    amounts = np.where(np.isfinite(rates), np.maximum(rates, 0), 0).astype(np.float32)
    amplitudes = _amplitudes(amounts.mean(axis=0, dtype=np.float64), grid)
    columns = rows = np.zeros(grid.shape, np.float32)
    if can_move(grid) and len(rates) > 1 and amounts.any():
        columns, rows = motion(amounts / amounts.max(), cyclic=grid.metric.cyclic)
    y, x = np.indices(grid.shape)
    first, last = (_noise(amplitudes, grid, random) for random in randoms)

    def moved(field: Float64Array, periods: float) -> Float64Array:
        row = np.clip(np.rint(y - periods * rows), 0, grid.shape[0] - 1).astype(np.intp)
        column = np.rint(x - periods * columns).astype(np.intp) % grid.shape[1]
        return field[row, column]

    noise = np.empty((CELLS, *grid.shape))
    for j, t in enumerate((np.arange(CELLS) + 0.5) / CELLS):
        share = np.cos(np.pi * t / 2), np.sin(np.pi * t / 2)
        noise[j] = share[0] * moved(first, t) + share[1] * moved(last, t - 1)
    return noise


def _amplitudes(pattern: Float64Array, grid: Grid) -> Float64Array:
    """Amplitudes of a field's waves, shape (wave along y, wave along x); 1 where none are known."""
    if not can_move(grid) or not pattern.any():
        return np.ones((grid.shape[0], grid.shape[1] // 2 + 1))
    typical = (pattern**2).sum() / pattern.sum()
    logarithm = np.log1p(10 * pattern / typical)
    amplitudes: Float64Array = np.abs(np.fft.rfft2(logarithm - logarithm.mean()))
    amplitudes[np.ix_([*range(WIDEST), *range(1 - WIDEST, 0)], range(WIDEST))] = 0
    return amplitudes


def _noise(amplitudes: Float64Array, grid: Grid, random: np.random.Generator) -> Float64Array:
    """A random field with waves of given amplitudes, of mean 0 and variance 1."""
    white = np.fft.rfft2(random.standard_normal(grid.shape))
    field = np.fft.irfft2(white * amplitudes, s=grid.shape)
    field -= field.mean()
    standard: Float64Array = field / max(float(field.std()), TINY)
    return standard
