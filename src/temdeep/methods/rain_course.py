"""One likely course of rain between two instants, around a best estimate of it.

The best estimate of what came and went is a mean over what may have happened: too smooth, and too
light. In logarithms y = log(1 + 10 r/r₀), noise gives back what it lacks,

    y' = y + n,   <|n(k)|²> = max( (1-θ) P₀(k) + θ P₁(k) - P(k), 0 )

P₀, P₁ and P being the power of both ends and of the estimate, each half octave of the wave number k
on its own, and n(θ) = cos(πθ/2) ε₀(p - V θτ) + sin(πθ/2) ε₁(p + V (1-θ)τ) noise of that power that
moves with the rain (as in STEPS, Bowler et al. 2006, doi:10.1256/qj.04.100). Then the rates of both
ends are given to the places by their rank: the u-quantile is (1-θ) q₀(u) + θ q₁(u). Places within
`REACH` of rain in the estimate come first: noise makes no rain where there is none far and wide.

At both ends nothing is missing, and the course is the given rain.

Knows: intervals as arrays. Must not know: series, files, any one method.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval
from temdeep.methods.motion import can_move, warp
from temdeep.methods.rain_motion import estimate_rain, shared_motion, typical_rate
from temdeep.metric import Float32Array, Float64Array, FloatArray

BANDS_PER_OCTAVE = 2

REACH = 4
"""Cells."""

TINY = 1e-12


Course = Callable[[Float32Array, Float64Array], Float32Array]
"""A course of rain for each channel, from the best estimate, shape (time, channel, y, x), at lead
fractions (time,): of the same shape; NaN where an end is missing, and at lead fractions 0 and 1
what is filled there."""


def likely_course(
    interval: Interval, randoms: Sequence[tuple[np.random.Generator, np.random.Generator]]
) -> Course:
    """Draw a course of rain through an interval.

    Args:
        interval: Of channels of precipitation; the frames beside it help to find the motion.
        randoms: For ε₀ and ε₁ of each channel.
    """
    grid = interval.grid
    bands, cyclic = _bands(grid), grid.metric.cyclic
    ways: dict[Hashable, tuple[Float64Array, Float64Array]] = {}
    for channel in interval.channels:
        together = shared_motion(channel)
        if together not in ways:
            alike = [k for k, one in enumerate(interval.channels) if shared_motion(one) == together]
            ways[together] = _way(interval, alike)
    ends = [_Ends.of(*pair, bands) for pair in zip(interval.start, interval.end, strict=True)]
    whites = [
        [one.standard_normal(grid.shape, np.float32)[None] for one in pair] for pair in randoms
    ]

    def course(filled: Float32Array, theta: Float64Array) -> Float32Array:
        made = filled.copy()
        for i, channel in enumerate(interval.channels):
            columns, rows = ways[shared_motion(channel)]
            first, last = whites[i]
            for j, t in enumerate(theta):
                if 0 < t < 1:
                    earlier = warp(first, -t * columns, -t * rows, cyclic=cyclic)[0]
                    later = warp(last, (1 - t) * columns, (1 - t) * rows, cyclic=cyclic)[0]
                    noise = np.cos(np.pi * t / 2) * earlier + np.sin(np.pi * t / 2) * later
                    near = _near(filled[j, i], cyclic=cyclic)
                    made[j, i] = ends[i].drawn(filled[j, i], float(t), noise, near, bands)
        return made

    return course


def _way(interval: Interval, channels: list[int]) -> tuple[Float64Array, Float64Array]:
    """Cells that some channels move from start to end along columns and rows, shape (y, x)."""
    if not can_move(interval.grid):
        still = np.zeros(interval.grid.shape)
        return still, still
    frames = interval.frames[:, channels]
    motion = estimate_rain(frames, len(interval.before), interval.span_s, interval.grid)
    return motion.displacement(interval.span_s, interval.grid.metric)


@dataclass(frozen=True, eq=False)
class _Ends:
    """What both ends of an interval tell of the rain between them.

    Attributes:
        known: Cells that both ends know.
        unit: r₀/10.
        powers: P₀ and P₁.
        rates: Of the known cells, ascending, of either end.
    """

    known: npt.NDArray[np.bool_]
    unit: float
    powers: tuple[Float64Array, Float64Array]
    rates: tuple[Float64Array, Float64Array]

    @classmethod
    def of(cls, start: Float32Array, end: Float32Array, bands: npt.NDArray[np.intp]) -> Self:
        """Of two fields, NaN where missing."""
        known = np.isfinite(start) & np.isfinite(end)
        first, last = (_wet(one, known) for one in (start, end))
        unit = typical_rate(np.stack([first, last]).astype(np.float32)) / 10
        powers = tuple(_power(np.log1p(one / unit), bands) for one in (first, last))
        rates = tuple(np.sort(one[known]) for one in (first, last))
        return cls(known, unit, (powers[0], powers[1]), (rates[0], rates[1]))

    def drawn(
        self,
        estimate: Float32Array,
        t: float,
        noise: Float32Array,
        near: npt.NDArray[np.bool_],
        bands: npt.NDArray[np.intp],
    ) -> Float64Array:
        """A course at one lead fraction.

        Args:
            estimate: The best one.
            t: The lead fraction.
            noise: White, shape (y, x).
            near: Cells that rain may be given to before all others.
            bands: Of the waves.
        """
        logarithm = np.log1p(_wet(estimate, self.known) / self.unit)
        wanted = (1 - t) * self.powers[0] + t * self.powers[1]
        lacking = np.maximum(wanted - _power(logarithm, bands), 0)
        waves = np.fft.rfft2(noise)
        white = _mean_in(bands, np.abs(waves) ** 2, noise.shape[1])
        amplitudes = np.sqrt(lacking / np.maximum(white, TINY))
        amplitudes[0] = 0  # the mean is that of the ends
        likely = logarithm + np.fft.irfft2(waves * amplitudes[bands], s=noise.shape)
        ascending = np.lexsort((likely[self.known], near[self.known]))
        rates = np.empty(len(ascending))
        rates[ascending] = (1 - t) * self.rates[0] + t * self.rates[1]
        course = np.full(noise.shape, np.nan)
        course[self.known] = rates
        return course


def _wet(rates: Float32Array, known: npt.NDArray[np.bool_]) -> Float64Array:
    """Rates of known cells, never negative; 0 elsewhere."""
    return np.where(known, np.maximum(np.nan_to_num(rates), 0), 0).astype(np.float64)


def _near(estimate: Float32Array, *, cyclic: bool) -> npt.NDArray[np.bool_]:
    """Cells within `REACH` cells of rain along rows and columns."""
    wet = np.nan_to_num(estimate) > 0
    near: npt.NDArray[np.bool_] = maximum_filter(
        wet, 2 * REACH + 1, mode=("nearest", "wrap" if cyclic else "nearest")
    )
    return near


def _bands(grid: Grid) -> npt.NDArray[np.intp]:
    """Which band each wave of `rfft2` belongs to, 0 for the mean; all else is one without order."""
    height, width = grid.shape
    numbers = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    waves = numbers * max(height, width)
    bands = np.ones(waves.shape, np.intp)
    if grid.uniform:
        bands += np.maximum(BANDS_PER_OCTAVE * np.log2(np.maximum(waves, 1)), 0).astype(np.intp)
    bands[0, 0] = 0
    return bands


def _power(field: Float64Array, bands: npt.NDArray[np.intp]) -> Float64Array:
    """Mean power of the waves of each band, shape (band,)."""
    return _mean_in(bands, np.abs(np.fft.rfft2(field)) ** 2, field.shape[1])


def _mean_in(bands: npt.NDArray[np.intp], values: FloatArray, width: int) -> Float64Array:
    """Means by band; `rfft2` leaves out the half of the waves that mirrors the other."""
    twice = np.full(values.shape, 2.0)
    twice[:, 0] = 1
    if width % 2 == 0:
        twice[:, -1] = 1
    total = np.bincount(bands.ravel(), (values * twice).ravel())
    mean: Float64Array = total / np.maximum(np.bincount(bands.ravel(), twice.ravel()), 1)
    return mean
