"""What is left of a moving wave in the middle of an interval."""

import numpy as np
import pytest
from benchmarks.science.diagnostics.spectra import ratios_by_wavelength, spectrum_records
from tests.benchmarks.science.making import USUAL, make_series

from temdeep.methods.cubic import Cubic
from temdeep.metric import Float64Array
from temdeep.verification.evaluate import Evaluation, evaluate
from temdeep.verification.spectra import wavelengths_km

SPAN_H = 6
SLOW, FAST = 2 * np.pi / 40, 2 * np.pi / 25
"""Angular frequencies of the waves 3 and 12, per hour."""


def wave(t: Float64Array, lon: Float64Array, number: int, omega: float) -> Float64Array:
    return np.cos(number * np.radians(lon) - omega * t)


def evaluation() -> Evaluation:
    series = make_series(
        {
            "u10": lambda t, _lat, lon: 5 * wave(t, lon, 3, SLOW),
            "v10": lambda t, _lat, lon: 2 * wave(t, lon, 3, FAST) + wave(t, lon, 12, FAST),
            "t2m": lambda t, _lat, lon: 280 + wave(t, lon, 3, SLOW) + wave(t, lon, 12, FAST),
        },
        hours=120,
        latitude=np.linspace(-10, 10, 5),
        longitude=np.arange(0, 360, 7.5),
    )
    return evaluate(series, withhold=SPAN_H, methods=USUAL)


def test_linear_leaves_a_moving_wave_its_cosine_squared_of_half_its_turn() -> None:
    found = evaluation()
    three, twelve = np.cos(SLOW * SPAN_H / 2) ** 2, np.cos(FAST * SPAN_H / 2) ** 2
    by_wave = ratios_by_wavelength(found)["t2m"]["linear"]
    assert by_wave[2] == pytest.approx(three, rel=1e-3)
    assert by_wave[11] == pytest.approx(twelve, rel=1e-3)
    km = wavelengths_km(found.withheld.fine.grid)
    bands = {
        (row["from_km"], row["to_km"]): row
        for row in spectrum_records(found)
        if row["variable"] == "t2m" and row["method"] == "linear"
    }
    for number, expected in ((3, three), (12, twelve)):
        (band,) = (
            row for (low, high), row in bands.items() if low and low <= km[number - 1] < high
        )
        assert band["diagnostic"] == "power_ratio"
        assert band["value"] == pytest.approx(expected, rel=1e-3)
        assert band["share"] == pytest.approx(0.5, rel=1e-3)
    assert bands[None, None]["value"] == pytest.approx((three + twelve) / 2, rel=1e-3)


def test_kinetic_energy_is_that_of_both_components_together() -> None:
    rows = [row for row in spectrum_records(evaluation()) if row["variable"] == "u10/v10"]
    assert {row["diagnostic"] for row in rows} == {"kinetic_energy_ratio"}
    (whole,) = (row for row in rows if row["from_km"] is None and row["method"] == "linear")
    fast = np.cos(FAST * SPAN_H / 2) ** 2
    expected = (25 * np.cos(SLOW * SPAN_H / 2) ** 2 + (4 + 1) * fast) / (25 + 4 + 1)
    assert whole["value"] == pytest.approx(expected, rel=1e-3)


def test_a_spline_keeps_what_linear_loses() -> None:
    lost = {
        row["method"]: 1 - row["value"]
        for row in spectrum_records(evaluation())
        if row["variable"] == "t2m" and row["from_km"] is None
    }
    assert lost["linear"] > 0.3
    assert abs(lost[Cubic.name]) < lost["linear"] / 8
