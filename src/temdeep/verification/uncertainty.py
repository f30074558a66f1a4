"""How well a method knows how wrong it is: coverage, CRPS, spread and skill, from sums that add up.

The error at a place and time is said to be σ Z (`methods.spread`), so that a truth t beside a
filled value x has the continuous ranked probability score

    CRPS = σ (E|Z - u| - ½ E|Z - Z′|),   u = (t - x) / σ

(Gneiting and Raftery 2007, doi:10.1198/016214506000001437, equation 21), with Z as equally likely
as its table says. It is in the variable's unit, is the mean absolute error where σ is 0, and the
smaller the better.

Knows: arrays, spreads. Must not know: series, files.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from temdeep.methods.spread import ChannelSpread
from temdeep.metric import Float64Array, FloatArray

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Probabilities of the central intervals whose coverage is counted."""

MAIN = LEVELS.index(0.9)

BINS_PER_OCTAVE = 2
BINS = 40
"""Classes of σ, for spread against skill, each half an octave wide."""

FARTHEST = 30.0
STEPS = 1200
"""Where and how finely E|Z - u| is tabled; it is a straight line beyond."""


def crps(error: FloatArray, deviation: FloatArray, spread: ChannelSpread) -> Float64Array:
    """The score of each value.

    Args:
        error: x - t, any shape.
        deviation: σ, likewise.
        spread: Says what Z is.

    Returns:
        The same shape, in the variable's unit.
    """
    size = np.asarray(spread.magnitudes)
    both = np.concatenate([-size, size])
    grid = np.linspace(0.0, FARTHEST, STEPS)
    apart = np.abs(both[:, None] - grid).mean(axis=0)
    half = 0.5 * np.abs(both[:, None] - both).mean()
    sigma = np.asarray(deviation, np.float64)
    absolute = np.abs(np.asarray(error, np.float64))
    u = absolute / np.maximum(sigma, 1e-300)
    score: Float64Array = np.where(
        u < FARTHEST, sigma * (np.interp(np.minimum(u, FARTHEST), grid, apart) - half),
        absolute - sigma * half,
    )  # fmt: skip
    return score


@dataclass(eq=False)
class SpreadSums:
    """Area-weighted sums of one method, all of which add up over intervals.

    Attributes:
        shape: Lead fractions and channels.
        weight: Σw, shape (slot, channel).
        inside: Σw where the truth lies inside each central interval, shape (slot, channel, level).
        crps: Σw·CRPS, shape (slot, channel).
        variance: Σw·σ², likewise.
        square: Σw·e², likewise.
        unit: σ of the first class of each channel, shape (channel,); NaN until one is seen.
        binned: Σw, Σw·σ² and Σw·e² by class of σ, shape (3, channel, class).
    """

    shape: tuple[int, int]
    weight: Float64Array = field(init=False)
    inside: Float64Array = field(init=False)
    crps: Float64Array = field(init=False)
    variance: Float64Array = field(init=False)
    square: Float64Array = field(init=False)
    unit: Float64Array = field(init=False)
    binned: Float64Array = field(init=False)

    def __post_init__(self) -> None:
        self.weight, self.crps, self.variance, self.square = np.zeros((4, *self.shape))
        self.inside = np.zeros((*self.shape, len(LEVELS)))
        self.unit = np.full(self.shape[1], np.nan)
        self.binned = np.zeros((3, self.shape[1], BINS))

    def add(
        self,
        slots: npt.NDArray[np.int64],
        channel: int,
        error: Float64Array,
        deviation: FloatArray,
        weights: Float64Array,
        spread: ChannelSpread,
    ) -> None:
        """Count one channel of an interval.

        Args:
            slots: Which lead fractions, shape (time,).
            channel: Which channel.
            error: e = filled - truth, shape (time, y, x).
            deviation: σ, likewise.
            weights: w, likewise; 0 where nothing is scored.
            spread: Of the channel.
        """
        w = np.where(np.isfinite(deviation), weights, 0.0)
        e = np.where(w > 0, error, 0.0)
        sigma = np.where(w > 0, deviation, 0.0).astype(np.float64)

        def over_cells(values: Float64Array) -> Float64Array:
            summed: Float64Array = (w * values).sum(axis=(-2, -1))
            return summed

        self.weight[slots, channel] += w.sum(axis=(-2, -1))
        self.crps[slots, channel] += over_cells(crps(e, sigma, spread))
        self.variance[slots, channel] += over_cells(sigma**2)
        self.square[slots, channel] += over_cells(e**2)
        for i, level in enumerate(LEVELS):
            reach = spread.quantile(0.5 + level / 2) * sigma
            inside = (np.abs(e) <= reach).astype(np.float64)
            self.inside[slots, channel, i] += over_cells(inside)
        known = (w > 0) & (sigma > 0)
        if not known.any():
            return
        if np.isnan(self.unit[channel]):
            middle = float(np.median(sigma[known]))
            self.unit[channel] = middle * 2.0 ** (-BINS / (2 * BINS_PER_OCTAVE))
        octaves = np.log2(sigma[known] / self.unit[channel])
        place = np.clip((octaves * BINS_PER_OCTAVE).astype(np.int64), 0, BINS - 1)
        for i, values in enumerate((w, w * sigma**2, w * e**2)):
            self.binned[i, channel] += np.bincount(place, values[known], minlength=BINS)

    def scores(self, channel: int, slots: slice) -> dict[str, float]:
        """Coverage, CRPS, and spread beside skill, of some lead fractions together."""
        weight = self.weight[slots, channel].sum()
        if weight == 0:
            return {}
        square = self.square[slots, channel].sum()
        spread = np.sqrt(self.variance[slots, channel].sum() / weight)
        return {
            "coverage_90": float(100 * self.inside[slots, channel, MAIN].sum() / weight),
            "crps": float(self.crps[slots, channel].sum() / weight),
            "spread": float(spread),
            "spread_over_rmse": float(spread / np.sqrt(square / weight)) if square else np.nan,
        }

    def coverage(self, channel: int) -> Float64Array:
        """Share of the truth inside each central interval, shape (level,)."""
        return self._share(self.inside[:, channel].sum(axis=0), self.weight[:, channel].sum())

    def skill(self, channel: int) -> tuple[Float64Array, Float64Array]:
        """Spread and RMSE of each class of σ that holds at least half a percent."""
        weight, variance, square = self.binned[:, channel]
        held = weight > 0.005 * max(weight.sum(), 1e-300)
        return (
            np.sqrt(variance[held] / weight[held]),
            np.sqrt(square[held] / weight[held]),
        )

    @staticmethod
    def _share(part: Float64Array, whole: float) -> Float64Array:
        return part / whole if whole else np.full(part.shape, np.nan)
