"""Scores of filled-in fields against withheld truth, on arrays, from sums that add up.

Whatever is scored in pieces (intervals, days, chunks) is kept as `ErrorSums`; pieces are added, and
scores are taken from the total, so that chunked and whole give the same number.

Knows: NumPy. Must not know: xarray, torch, files, which method made a field.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from temdeep.metric import Float64Array, FloatArray

ROUNDING = 4 * float(np.finfo(np.float32).eps)
"""Relative to the values, what single precision may leave of a line's error where it is exact.

A value near x is kept to ε|x|/2 (ε = 1.2e-7); truth, ends, and the steps from ends to line do so
once each. 4 ε is 0.13 mK at 280 K.
"""

NEGLIGIBLE = 1e-5
"""Relative to how values change at a place, what is no error of a line: 0.1 mK of 10 K."""


@dataclass(frozen=True, eq=False)
class ErrorSums:
    """Area-weighted sums over cells, of any leading shape.

    With e = filled - truth, and anomalies f and t of the two from one reference field:

    Attributes:
        weight: Σw over the cells scored.
        error: Σw·e.
        absolute: Σw·|e|.
        square: Σw·e².
        product: Σw·f·t.
        filled_square: Σw·f².
        truth_square: Σw·t².
    """

    weight: Float64Array
    error: Float64Array
    absolute: Float64Array
    square: Float64Array
    product: Float64Array
    filled_square: Float64Array
    truth_square: Float64Array

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> Self:
        """Nothing scored yet."""
        return cls(*(np.zeros(shape) for _ in fields(cls)))

    def __add__(self, other: Self) -> Self:
        return type(self)(
            *(getattr(self, each.name) + getattr(other, each.name) for each in fields(self))
        )

    def accumulate(self, index: int | tuple[int, npt.NDArray[np.int64]], part: Self) -> None:
        """Add one piece to the sums at `index` (no place twice), in place."""
        for each in fields(self):
            getattr(self, each.name)[index] += getattr(part, each.name)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Sums of several groups side by side along the last axis."""
        names = [each.name for each in fields(cls)]
        return cls(*(np.concatenate([getattr(p, name) for p in parts], -1) for name in names))

    def select(self, slots: slice) -> Self:
        """Some entries of the second axis."""
        return type(self)(*(getattr(self, each.name)[:, slots] for each in fields(self)))

    def total(self, axis: int | tuple[int, ...]) -> Self:
        """Sums over whole axes."""
        return type(self)(*(getattr(self, each.name).sum(axis=axis) for each in fields(self)))

    @property
    def rmse(self) -> Float64Array:
        """√(Σw·e² / Σw), NaN where nothing was scored."""
        return np.sqrt(_ratio(self.square, self.weight))

    @property
    def mae(self) -> Float64Array:
        """Σw·|e| / Σw."""
        return _ratio(self.absolute, self.weight)

    @property
    def bias(self) -> Float64Array:
        """Σw·e / Σw."""
        return _ratio(self.error, self.weight)

    @property
    def correlation(self) -> Float64Array:
        """Anomaly correlation Σw·f·t / √(Σw·f² · Σw·t²), NaN where either has no variation."""
        return _ratio(self.product, np.sqrt(self.filled_square * self.truth_square))


def score(
    error: FloatArray,
    weights: Float64Array,
    *,
    scored: npt.NDArray[np.bool_],
    filled_anomaly: FloatArray,
    truth_anomaly: FloatArray,
) -> ErrorSums:
    """Sum errors over the cells of fields.

    Args:
        error: e = filled - truth, shape (..., y, x).
        weights: Cell areas over their mean, shape (y, x).
        scored: Cells that count, shape (..., y, x). NaN elsewhere is ignored; NaN in a cell that
            counts makes the sums NaN, so that a hole left by a method is not passed over.
        filled_anomaly: f, shape (..., y, x).
        truth_anomaly: t, shape (..., y, x).

    Returns:
        Sums of shape (...).
    """
    w = np.where(scored, weights, 0.0)
    e, f, t = (
        np.where(scored, values, 0.0).astype(np.float64, copy=False)
        for values in (error, filled_anomaly, truth_anomaly)
    )
    return ErrorSums(
        weight=w.sum(axis=(-2, -1)),
        error=_sum(w, e),
        absolute=_sum(w, np.abs(e)),
        square=_sum(w, e, e),
        product=_sum(w, f, t),
        filled_square=_sum(w, f, f),
        truth_square=_sum(w, t, t),
    )


def circular_difference(filled: FloatArray, truth: FloatArray) -> FloatArray:
    """Shortest way round the circle from truth to filled, degrees in [-180, 180)."""
    difference: FloatArray = (filled - truth + 180.0) % 360.0 - 180.0
    return difference


def is_rounding(
    rmse: FloatArray,
    largest: FloatArray,
    truth_rms: FloatArray,
    change: FloatArray,
    packing_step: FloatArray,
) -> npt.NDArray[np.bool_]:
    """Whether errors are nothing but rounding, of single precision or of the file's packing.

        RMSE ≤ 4 ε · √(Σw·t² / Σw), or RMSE ≤ 10⁻⁵ · √(Σw·(t - t̄)² / Σw), or all |e| < step

    The second is rounding that was left when values were larger: of kelvins taken as degrees
    Celsius. Packing moves the truth by half a step at most, and a line between packed ends by as
    much.

    Args:
        rmse: Root mean square of the errors, any shape; NaN gives no.
        largest: max|e|, same shape.
        truth_rms: Root mean square of the truth itself (no anomaly), same shape.
        change: Root mean square of its anomalies, t - t̄, same shape.
        packing_step: Step of the packing in the same unit, 0 where nothing is packed.
    """
    known = np.isfinite(rmse)
    left = (rmse <= ROUNDING * truth_rms) | (rmse <= NEGLIGIBLE * change)
    return known & (left | (largest < packing_step))


def beyond_rounding(rmse_linear: FloatArray, rounding: FloatArray) -> Float64Array:
    """RMSE of linear where it is more than rounding; else NaN, so that no rate is taken of it.

    Args:
        rmse_linear: Any shape.
        rounding: RMSE up to which it is none, of a shape that broadcasts.
    """
    return np.where(np.asarray(rmse_linear) > rounding, rmse_linear, np.nan)


def restoration_rate(rmse: FloatArray, rmse_linear: FloatArray) -> Float64Array:
    """Share of linear interpolation's error that a method takes away.

        R = 100 · (1 - RMSE / RMSE_linear)

    Args:
        rmse: RMSE of the method, any shape.
        rmse_linear: RMSE of linear interpolation over the same cells and times, same shape.

    Returns:
        Percent, at most 100, negative where the method is worse than linear; 0 where both are
        without error, NaN where only linear is.
    """
    return 100.0 * (1.0 - error_ratio(rmse, rmse_linear))


def restoration_rate_mse(rmse: FloatArray, rmse_linear: FloatArray) -> Float64Array:
    """The same share counted in squares, 100 · (1 - MSE / MSE_linear), in percent."""
    return 100.0 * (1.0 - error_ratio(rmse, rmse_linear) ** 2)


def pooled_restoration_rate(ratios: FloatArray, axis: int = -1) -> Float64Array:
    """Pool several variables, each counting alike whatever its unit.

        R = 100 · (1 - (Π_v RMSE_v / RMSE_linear,v)^(1/n))

    Args:
        ratios: RMSE / RMSE_linear for each variable along `axis`; NaN is left out.
        axis: Axis of the variables.

    Returns:
        Percent, shape of `ratios` without `axis`; NaN where no variable has a ratio.
    """
    known = np.isfinite(ratios)
    with np.errstate(divide="ignore"):
        logarithm = np.log(np.where(known, ratios, 1.0))
    return 100.0 * (1.0 - np.exp(_ratio(logarithm.sum(axis=axis), known.sum(axis=axis))))


def error_ratio(rmse: FloatArray, rmse_linear: FloatArray) -> Float64Array:
    """RMSE / RMSE_linear; 1 where both are zero, NaN where only linear's is."""
    ratio = _ratio(np.asarray(rmse, np.float64), np.asarray(rmse_linear, np.float64))
    return np.where((np.asarray(rmse) == 0) & (np.asarray(rmse_linear) == 0), 1.0, ratio)


def conservation_error(
    parts: Float64Array, edges: Float64Array, whole: Float64Array
) -> Float64Array:
    """Largest departure of the parts' average from the whole, relative to the largest whole.

    Args:
        parts: Mean rates over parts of a period, shape (part, ..., y, x).
        edges: Bounds of the parts as lead fractions, shape (part + 1,).
        whole: Mean rate over the period, shape (..., y, x).

    Returns:
        max|Σ parts·length - whole| / max|whole| over cells, shape (...); 0 where all is zero.
    """
    average = np.tensordot(np.diff(edges), parts, axes=1)
    departure = _largest(average - whole)
    return np.where(departure == 0, 0.0, _ratio(departure, _largest(whole)))


def end_point_error(
    filled: FloatArray, given: FloatArray, *, circular: npt.NDArray[np.bool_] | bool = False
) -> Float64Array:
    """Largest departure from a given field at its own time, shape (...) for fields (..., y, x)."""
    difference = np.asarray(filled - given, np.float64)
    return _largest(np.where(circular, circular_difference(difference, np.zeros(1)), difference))


def _largest(values: FloatArray) -> Float64Array:
    known = np.where(np.isnan(values), 0.0, np.abs(values))
    largest: Float64Array = known.max(axis=(-2, -1), initial=0.0)
    return largest


def _sum(weights: Float64Array, *factors: Float64Array) -> Float64Array:
    letters = ",".join(["...yx"] * (1 + len(factors)))
    summed: Float64Array = np.einsum(f"{letters}->...", weights, *factors)
    return summed


def _ratio(numerator: FloatArray, denominator: FloatArray) -> Float64Array:
    top, bottom = np.broadcast_arrays(
        np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    )
    out = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return out
