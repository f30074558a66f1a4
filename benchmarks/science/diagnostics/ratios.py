"""How sure a ratio of two sums is: whole days drawn with replacement, for both sums together."""

import numpy as np

from temdeep.fields.time_axis import Int64Array
from temdeep.metric import Float64Array
from temdeep.verification.bootstrap import MINIMUM_BLOCKS

DRAWS = 2000
LEVEL = 0.95


def sum_by_block(values: Float64Array, blocks: Int64Array) -> Float64Array:
    """Sum values (time,) by block, shape (block,): only blocks that have a value."""
    _, place = np.unique(blocks, return_inverse=True)
    return np.bincount(place, weights=values).astype(np.float64)


def ratio_interval(
    top: Float64Array, bottom: Float64Array, *, seed: int = 0
) -> tuple[float | None, float | None]:
    """95 % percentile interval of Σ top / Σ bottom.

    Args:
        top: Sums of each block, shape (block,).
        bottom: The same of what it is compared with.
        seed: Of the draws.

    Returns:
        Low and high; None for fewer than five blocks, or where a draw of `bottom` sums to nothing.
    """
    count = len(top)
    if count < MINIMUM_BLOCKS:
        return None, None
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(count, np.full(count, 1.0 / count), size=DRAWS)
    tops, bottoms = drawn @ top, drawn @ bottom
    if not (bottoms > 0).all():
        return None, None
    low, high = np.quantile(tops / bottoms, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
