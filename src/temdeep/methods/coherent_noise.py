"""Random fields that vary over a distance: each cell has mean 0 and variance 1, neighbours alike.

White noise is averaged along columns and then along each row with weights of Gauss's bell, whose
widths in cells follow the cells' sizes: the correlation at a distance d is exp(-d² / 2L²).

Knows: the grid metric. Must not know: xarray, files, methods.
"""

from dataclasses import dataclass

import numpy as np

from temdeep.metric import Float64Array, GridMetric

REACH = 4.0
"""Widths of the bell beyond which it is nothing."""


@dataclass(frozen=True, eq=False)
class Smoother:
    """Makes white noise coherent.

    Attributes:
        along_columns: Weights of rows, shape (y, y).
        along_rows: What becomes of each wave along a row, shape (y, wave).
        width: Columns of white noise: more than the grid has where it is not cyclic, so that its
            last column knows nothing of its first.
        columns: Columns of the grid.
    """

    along_columns: Float64Array
    along_rows: Float64Array
    width: int
    columns: int

    @classmethod
    def of(cls, metric: GridMetric, length_m: float) -> "Smoother":
        """For fields that vary over a distance.

        Args:
            metric: Cell sizes.
            length_m: L, metres, above 0.
        """
        rows, columns = metric.dx_m.shape
        bell_m = length_m / np.sqrt(2)
        at_m = np.concatenate([[0.0], np.cumsum(_steps_m(np.abs(metric.dy_m).mean(axis=1)))])
        weights = np.exp(-0.5 * ((at_m[:, None] - at_m) / bell_m) ** 2)
        weights /= np.sqrt((weights**2).sum(axis=1, keepdims=True))
        least_m = length_m / max(rows, columns) / 1e3
        bell = bell_m / np.maximum(np.abs(metric.dx_m).mean(axis=1), least_m)
        margin = 0 if metric.cyclic else min(int(np.ceil(REACH * bell.max())), columns)
        width = columns + margin
        turn = 2 * np.pi * np.fft.fftfreq(width)
        waves = np.exp(-0.5 * (turn * bell[:, None]) ** 2)
        waves /= np.sqrt((waves**2).mean(axis=1, keepdims=True))
        return cls(weights, waves[:, : width // 2 + 1], width, columns)

    def draw(self, random: np.random.Generator) -> Float64Array:
        """One field, shape (y, x)."""
        white = random.standard_normal((len(self.along_columns), self.width))
        waves = np.fft.rfft(self.along_columns @ white, axis=1) * self.along_rows
        field: Float64Array = np.fft.irfft(waves, n=self.width, axis=1)[:, : self.columns]
        return field


def _steps_m(sizes: Float64Array) -> Float64Array:
    """From each row to the next."""
    return (sizes[1:] + sizes[:-1]) / 2
