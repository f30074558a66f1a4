"""Spectra of waves that are known."""

import numpy as np
import pytest

from temdeep.fields.grids import Grid
from temdeep.metric import GridMetric
from temdeep.verification import spectra


def grid(*, cyclic: bool, top_deg: float = 50.0, shape: tuple[int, int] = (4, 48)) -> Grid:
    latitude, longitude = np.meshgrid(np.linspace(40, top_deg, shape[0]), np.arange(shape[1]) * 7.5,
                                      indexing="ij")  # fmt: skip
    cells = np.full(shape, 50_000.0)
    return Grid("lat", "lon", latitude, longitude, GridMetric(cells, cells, cyclic=cyclic))


def wave(number: float, columns: int = 48) -> np.ndarray:
    return np.sin(2 * np.pi * number * np.arange(columns) / columns) * np.ones((4, 1))


@pytest.mark.parametrize("cyclic", [True, False])
def test_a_wave_appears_at_its_own_wavelength(cyclic: bool) -> None:
    here = grid(cyclic=cyclic)
    power = spectra.row_power(wave(6), here)
    assert spectra.wavelengths_cells(here)[power.argmax()] == 8.0
    assert spectra.wavelengths_km(here)[power.argmax()] == pytest.approx(400.0)


def test_a_trend_across_a_limited_area_is_no_wave() -> None:
    slope = np.arange(48.0) * np.ones((4, 1))
    assert spectra.row_power(280 + slope, grid(cyclic=False)).max() == pytest.approx(0, abs=1e-18)


def test_halved_short_waves_have_a_quarter_of_the_power() -> None:
    here = grid(cyclic=True)
    truth = spectra.row_power(wave(3) + wave(12), here)
    smooth = spectra.row_power(wave(3) + 0.5 * wave(12), here)
    assert spectra.fine_scale_ratio(smooth, truth, here) == pytest.approx(0.25)


def test_gradients_are_where_a_wave_has_its_slopes() -> None:
    here = grid(cyclic=True)
    power = spectra.row_power(4 * wave(4) + wave(16), here)  # 12 and 3 cells, of equal slopes
    assert spectra.gradient_share(power, here, 4.0) == pytest.approx(0.5)
    assert spectra.gradient_share(np.zeros(24), here, 4.0) != 0  # none is no number


def test_rows_with_holes_and_near_a_pole_are_left_out() -> None:
    here = grid(cyclic=True, top_deg=89.0)
    field = wave(6)
    field[0, 3] = np.nan
    field[3] = 1e6 * np.random.default_rng(0).normal(size=48)
    power = spectra.row_power(field, here)
    np.testing.assert_allclose(power, spectra.row_power(wave(6), grid(cyclic=True)), atol=1e-9)
    assert np.isnan(spectra.row_power(np.full((4, 48), np.nan), here)).all()


def test_tiny_grids_have_few_waves_but_do_not_fail() -> None:
    here = grid(cyclic=False, shape=(4, 5))
    assert spectra.row_power(np.ones((3, 4, 5)), here).shape == (3, 2)
    assert np.isnan(spectra.fine_scale_ratio(np.zeros(2), np.zeros(2), here))
