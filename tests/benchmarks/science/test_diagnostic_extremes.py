"""The day's maximum that falls between two given times."""

import numpy as np
import pytest
from benchmarks.science.diagnostics.extremes import (
    daily_extreme_records,
    interval_extreme_records,
)
from tests.benchmarks.science.making import USUAL, Beside, filled_by, make_series, usual_and

from temdeep.metric import Float64Array
from temdeep.verification.evaluate import evaluate

PLACES = {"latitude": np.linspace(40, 50, 4), "longitude": np.linspace(0, 14, 5)}


def day(t: Float64Array, lat: Float64Array, _lon: Float64Array) -> Float64Array:
    cycle: Float64Array = 6 * np.cos(2 * np.pi * (t - 15) / 24)
    return 280 + lat / 10 + cycle


def test_given_values_miss_a_maximum_at_15_h_by_what_the_day_has_fallen_or_risen() -> None:
    series = make_series({"t2m": day}, hours=5 * 24 + 6, **PLACES)
    methods = usual_and(Beside((day,)))
    found = {
        (row["method"], row["diagnostic"]): row
        for row in daily_extreme_records(filled_by(series, 6, methods))
    }
    missed = 6 * (1 - np.cos(np.pi / 4))
    assert found["linear", "daily_maximum_bias"]["value"] == pytest.approx(-missed, rel=1e-4)
    assert found["linear", "daily_minimum_bias"]["value"] == pytest.approx(missed, rel=1e-4)
    assert found["linear", "daily_maximum_rmse"]["value"] == pytest.approx(missed, rel=1e-4)
    assert found["linear", "daily_maximum_bias"]["days"] == 5  # the sixth is not whole
    assert found["linear", "daily_maximum_bias"]["truth"] == pytest.approx(290.5, abs=0.05)
    assert found["known", "daily_maximum_rmse"]["value"] == pytest.approx(0, abs=1e-4)
    assert abs(found["cubic", "daily_maximum_bias"]["value"]) < missed / 10


def test_without_a_whole_day_there_are_no_daily_extremes() -> None:
    series = make_series({"t2m": day}, hours=22, **PLACES)
    assert daily_extreme_records(filled_by(series, 6, USUAL)) == []


def test_the_truth_recovers_all_of_an_interval_s_extremes_and_linear_none() -> None:
    series = make_series({"t2m": day}, hours=72, **PLACES)
    found = evaluate(series, withhold=6, methods=usual_and(Beside((day,))))
    recovered = {row["method"]: row["value"] for row in interval_extreme_records(found)}
    assert recovered["linear"] == pytest.approx(0, abs=0.01)
    assert recovered["known"] == pytest.approx(100, abs=0.01)
