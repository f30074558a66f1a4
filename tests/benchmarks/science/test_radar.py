"""Scores of radar users."""

import numpy as np
import pytest
from benchmarks.science.radar import _fine_waves

from temdeep.fields.grids import Grid
from temdeep.metric import GridMetric

ROWS, COLUMNS = 60, 80


@pytest.mark.parametrize(("wavelength_km", "share"), [(5, 1.0), (8, 1.0), (12, 0.0), (20, 0.0)])
@pytest.mark.parametrize("along", [True, False])
def test_waves_shorter_than_ten_kilometres_are_fine(
    wavelength_km: float, share: float, along: bool
) -> None:
    y, x = np.indices((ROWS, COLUMNS)) * 2.0
    metric = GridMetric.uniform(2000.0, (ROWS, COLUMNS))
    grid = Grid("y", "x", 50 + y / 100, x / 100, metric)
    length = (COLUMNS if along else ROWS) * 2.0
    wave = np.sin(2 * np.pi * round(length / wavelength_km) * (x if along else y) / length)
    power = (_fine_waves(grid) * np.abs(np.fft.rfft2(wave)) ** 2).sum()
    assert power / wave.size == pytest.approx(share * (wave**2).sum(), abs=1e-6)
