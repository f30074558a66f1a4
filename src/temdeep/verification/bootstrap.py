"""How sure a restoration rate is: resampling whole days.

Hours of one day share their weather, so days are drawn, not hours; methods are compared within each
draw (paired), because a hard day is hard for all of them. Works from sums of squared errors per
day: nothing is filled again.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from temdeep.metric import Float64Array
from temdeep.scores import error_ratio, pooled_restoration_rate, restoration_rate

MINIMUM_BLOCKS = 5
INTERVALS_PER_BLOCK = 6
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Blocks:
    """Which block of the bootstrap each interval belongs to.

    Attributes:
        of_interval: Block number of each interval in time order, shape (interval,).
        unit: What a block is, in words; empty if there are too few for a bootstrap.
    """

    of_interval: npt.NDArray[np.int64]
    unit: str

    @property
    def count(self) -> int:
        """Number of blocks."""
        return int(self.of_interval.max(initial=-1)) + 1


def cut_blocks(start_us: npt.NDArray[np.int64]) -> Blocks:
    """Cut a series of intervals into days, or into runs of intervals where days are too few.

    Args:
        start_us: Start of each interval, microseconds since a midnight, ascending.

    Returns:
        Days where there are at least five; else runs of at least six intervals, about equally
        long, where there are at least five of those; else one block and no unit.
    """
    days = np.unique(start_us // DAY_US, return_inverse=True)[1].astype(np.int64)
    if days.max(initial=-1) + 1 >= MINIMUM_BLOCKS:
        return Blocks(days, "day")
    runs = len(start_us) // INTERVALS_PER_BLOCK
    if runs >= MINIMUM_BLOCKS:
        numbers = np.arange(len(start_us), dtype=np.int64) * runs // len(start_us)
        return Blocks(numbers, f"run of at least {INTERVALS_PER_BLOCK} intervals")
    return Blocks(np.zeros(len(start_us), np.int64), "")


@dataclass(frozen=True, eq=False)
class RateIntervals:
    """95 % intervals of restoration rates, in percent.

    Attributes:
        low, high: Per variable and case, shape (..., variable).
        pooled_low, pooled_high: Variables pooled, shape (...).
    """

    low: Float64Array
    high: Float64Array
    pooled_low: Float64Array
    pooled_high: Float64Array


def bootstrap(
    square: Float64Array,
    square_linear: Float64Array,
    *,
    seed: int,
    rounding: Float64Array | float = 0.0,
    draws: int = 2000,
    level: float = 0.95,
) -> RateIntervals:
    """Resample blocks with replacement, for a method and linear together.

    Args:
        square: Σw·e² of a method, shape (block, ..., variable).
        square_linear: The same of linear interpolation, over the same cells and times; NaN for
            variables that get no rate and are not pooled.
        seed: Of the draws; the same seed draws the same blocks for every method.
        rounding: Σw·e² up to which errors are rounding, and count as none, same shape.
        draws: How many resamples.
        level: Coverage.

    Returns:
        Percentile intervals; all NaN for fewer than five blocks.
    """
    shape = square.shape[1:]
    if len(square) < MINIMUM_BLOCKS:
        none = np.full(shape, np.nan)
        return RateIntervals(none, none, none[..., 0], none[..., 0])
    generator = np.random.default_rng(seed)
    count = len(square)
    drawn = generator.multinomial(count, np.full(count, 1.0 / count), size=draws)
    least = np.tensordot(drawn.astype(np.float64), np.broadcast_to(rounding, square.shape), axes=1)
    method, linear = (
        np.where(drawn_square <= least, 0.0, drawn_square)
        for drawn_square in (
            np.tensordot(drawn.astype(np.float64), one, axes=1) for one in (square, square_linear)
        )
    )
    rates = restoration_rate(np.sqrt(method), np.sqrt(linear))
    pooled = pooled_restoration_rate(error_ratio(np.sqrt(method), np.sqrt(linear)))
    tails = [(1 - level) / 2, (1 + level) / 2]
    (low, high), (pooled_low, pooled_high) = (_quantiles(rates, tails), _quantiles(pooled, tails))
    return RateIntervals(low, high, pooled_low, pooled_high)


def _quantiles(values: Float64Array, tails: list[float]) -> tuple[Float64Array, Float64Array]:
    """Quantiles over draws; NaN where any draw is NaN (np.nanquantile would hide it)."""
    low, high = np.quantile(values, tails, axis=0)
    return low, high
