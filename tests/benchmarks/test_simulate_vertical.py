"""Sigma layers to pressure levels, against profiles with a known answer."""

import numpy as np
import pytest
from benchmarks.simulate.vertical import (
    Array,
    height_at,
    held_below,
    temperature_at,
    virtual_temperature,
)

SIGMA = np.array([0.025, 0.095, 0.2, 0.34, 0.51, 0.685, 0.835, 0.95])  # SPEEDY's eight layers
SURFACE = np.array([[[101_325.0, 97_000.0, 88_000.0, 60_000.0]]])  # Pa; the last two lie high
LOW, HIGH = np.s_[0, 0, :2], np.s_[0, 0, 2:]


def layer_pressure() -> Array:
    return np.asarray(SIGMA[None, :, None, None] * SURFACE[:, None])


def test_a_profile_linear_in_ln_p_comes_back_exactly_above_the_lowest_layer() -> None:
    field = 3.0 + 7.0 * np.log(layer_pressure())
    found = held_below(field, SIGMA, SURFACE, 85_000.0)
    np.testing.assert_allclose(found[LOW], 3.0 + 7.0 * np.log(85_000.0))


def test_wind_below_the_lowest_layer_is_that_of_the_lowest_layer() -> None:
    field = 3.0 + 7.0 * np.log(layer_pressure())
    found = held_below(field, SIGMA, SURFACE, 85_000.0)
    np.testing.assert_array_equal(found[HIGH], field[0, -1, 0, 2:])


def test_temperature_below_the_lowest_layer_follows_the_lapse_rate() -> None:
    exponent = 287.04 * 0.0065 / 9.80665
    standard = 288.15 * (layer_pressure() / 101_325.0) ** exponent  # 6.5 K km-1 everywhere
    found = temperature_at(standard, SIGMA, SURFACE, 85_000.0)
    expected = 288.15 * (85_000.0 / 101_325.0) ** exponent
    np.testing.assert_allclose(found[HIGH], expected)
    np.testing.assert_allclose(found[LOW], expected, atol=0.15)  # T is not linear in ln p


@pytest.mark.parametrize(("pressure", "tolerance_m"), [(50_000.0, 0.5), (85_000.0, 0.05)])
def test_height_of_the_standard_atmosphere(pressure: float, tolerance_m: float) -> None:
    exponent = 287.04 * 0.0065 / 9.80665
    ratio = (layer_pressure() / 101_325.0) ** exponent
    height = (1 - ratio) * 288.15 / 0.0065
    found = height_at(9.80665 * height, 288.15 * ratio, SIGMA, SURFACE, pressure)
    expected = (1 - (pressure / 101_325.0) ** exponent) * 288.15 / 0.0065
    np.testing.assert_allclose(found, np.full_like(found, expected), atol=tolerance_m)


def test_damp_air_is_lighter() -> None:
    assert virtual_temperature(np.array(300.0), np.array(0.01)) == pytest.approx(301.823, abs=1e-3)
