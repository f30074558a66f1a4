"""Power by wavelength along rows: whether a filled-in field has lost its fine scales.

Rows of a limited area are neither cyclic nor flat: each is detrended and tapered before its
transform. Rows near the poles, whose cells shrink, are left out.

Knows: arrays and the grid. Must not know: files, methods.
"""

import numpy as np

from temdeep.fields.grids import Grid
from temdeep.metric import Float64Array, FloatArray

POLAR_DEG = 80.0
SHORT_CELLS = 6.0
"""Waves shorter than this many cells are the fine scales of `fine_scale_ratio`."""

FINEST_CELLS = 4.0
"""The finest of them, which next to nothing of the power of most fields is in."""


def row_power(field: FloatArray, grid: Grid) -> Float64Array:
    """Mean power spectrum along the rows of a field.

        P(k) = |Σ_n h_n (x_n - trend_n) exp(-2πi k n / N)|², k = 1 … N/2

    with a Hann taper h on a limited area, and no trend or taper on rows around the whole globe.
    Rows are averaged with their cells' areas.

    Args:
        field: Shape (..., y, x); a row with NaN is left out.
        grid: Where the cells are.

    Returns:
        Shape (..., k), field's unit squared; NaN where no row is whole.
    """
    columns = grid.shape[1]
    rows = np.asarray(field, np.float64)
    near_pole = np.abs(grid.latitude).mean(axis=1) > POLAR_DEG
    usable = np.isfinite(rows).all(axis=-1) & ~near_pole
    rows = np.where(usable[..., None], rows, 0.0)
    if not grid.metric.cyclic:
        rows = _without_trend(rows) * np.hanning(columns + 2)[1:-1]
    power = np.abs(np.fft.rfft(rows, axis=-1)[..., 1:]) ** 2
    weights = usable * grid.metric.area_weights.mean(axis=1)
    total = weights.sum(axis=-1)[..., None]
    summed = (power * weights[..., None]).sum(axis=-2)
    return np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan)


def wavelengths_cells(grid: Grid) -> Float64Array:
    """Wavelength of each entry of `row_power`, in cells, shape (k,), longest first."""
    columns = grid.shape[1]
    return columns / np.arange(1, columns // 2 + 1)


def wavelengths_km(grid: Grid) -> Float64Array:
    """The same in kilometres, at the mean width of the cells that count."""
    kept = np.abs(grid.latitude).mean(axis=1) <= POLAR_DEG
    width = np.abs(grid.metric.dx_m[kept]).mean() if kept.any() else np.nan
    return wavelengths_cells(grid) * width / 1000.0


def fine_scale_ratio(
    power: Float64Array, power_truth: Float64Array, grid: Grid, cells: float = SHORT_CELLS
) -> Float64Array:
    """Power of a method over that of the truth in waves shorter than some cells.

    Args:
        power: Spectra of a method, shape (..., k).
        power_truth: Spectra of the truth, same shape.
        grid: Where the cells are.
        cells: How many.

    Returns:
        Shape (...): 1 is right, less is too smooth, more is too rough; NaN without such waves.
    """
    short = wavelengths_cells(grid) < cells
    top, bottom = power[..., short].sum(axis=-1), power_truth[..., short].sum(axis=-1)
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)


def gradient_share(power: Float64Array, grid: Grid, cells: float) -> float:
    """How much of the power of gradients along rows is in waves shorter than some cells.

        Σ_{λ < cells} P/λ² / Σ P/λ²

    Args:
        power: A spectrum, shape (k,).
        grid: Where the cells are.
        cells: How many.

    Returns:
        0 to 1; NaN where there is no power.
    """
    waves = wavelengths_cells(grid)
    of_gradient = power / waves**2
    total = float(of_gradient.sum())
    return float(of_gradient[waves < cells].sum()) / total if total > 0 else float("nan")


def _without_trend(rows: Float64Array) -> Float64Array:
    """Rows minus their least-squares straight line."""
    columns = rows.shape[-1]
    position = np.arange(columns) - (columns - 1) / 2
    spread = max(float((position**2).sum()), 1.0)
    slope = (rows @ position)[..., None] / spread
    departures: Float64Array = rows - rows.mean(axis=-1, keepdims=True) - slope * position
    return departures
