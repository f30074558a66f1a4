"""Kinks and steps of paths that are known."""

import numpy as np
import pytest
from benchmarks.science.diagnostics.any_time import continuity_records, lead_records
from tests.benchmarks.science.making import USUAL, Beside, filled_by, make_series, usual_and

from temdeep.methods.protocol import Method
from temdeep.metric import Float64Array
from temdeep.verification.evaluate import evaluate

PLACES = {"latitude": np.linspace(40, 50, 4), "longitude": np.linspace(0, 14, 5)}
HOURS, SPAN_H, FINE_H = 48, 6, 6 / 64
CURVE = 0.01
"""K per hour squared."""


def curved(t: Float64Array, _lat: Float64Array, _lon: Float64Array) -> Float64Array:
    return CURVE * (t - 3) ** 2


def beyond(t: Float64Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
    return curved(t, lat, lon) + 2.0


def found(methods: dict[str, Method]) -> dict[tuple[str, str, float], float]:
    series = make_series({"t2m": curved}, hours=HOURS, **PLACES)
    return {
        (row["method"], row["diagnostic"], row.get("step_s", 0.0) / 3600): row["value"]
        for row in continuity_records(filled_by(series, SPAN_H, methods), methods)
    }


def usual_tendency() -> float:
    """RMS of hourly one-sided tendencies of `curved` at inner given times."""
    times = np.arange(SPAN_H, HOURS, SPAN_H) - 3.0
    slopes = CURVE * np.concatenate([2 * times + 1, 2 * times - 1])
    return float(np.sqrt((slopes**2).mean()))


def test_a_line_has_a_kink_at_given_times_and_a_smooth_path_has_none() -> None:
    values = found(usual_and(Beside((curved,))))
    usual = usual_tendency()
    kink = 2 * CURVE * SPAN_H / usual
    for step_h in (FINE_H, 1.0):
        assert values["linear", "tendency_jump", step_h] == pytest.approx(kink, rel=1e-3)
        smooth = 2 * CURVE * step_h / usual  # of a parabola, over a step of that length
        assert values["known", "tendency_jump", step_h] == pytest.approx(smooth, rel=1e-2)
    assert values["truth", "tendency_jump", 1.0] == pytest.approx(2 * CURVE / usual, rel=1e-3)
    assert values["cubic", "tendency_jump", FINE_H] < 0.05 * kink


def test_steps_are_found_where_they_are() -> None:
    values = found(usual_and(Beside((beyond,), name="beyond")))
    where = {
        name: (values[name, "largest_step_inside", 0.0], values[name, "largest_step_at_ends", 0.0])
        for name in (*USUAL, "beyond")
    }
    a_step = usual_tendency() * FINE_H
    largest = CURVE * ((HOURS - 3) ** 2 - (HOURS - 3 - SPAN_H) ** 2)
    assert where["linear"] == pytest.approx((largest / 64 / a_step,) * 2, rel=1e-3)
    assert where["nearest"][0] == pytest.approx(largest / a_step, rel=1e-3)
    assert where["nearest"][1] == 0
    assert where["beyond"][1] > 2.0 / a_step > 10 * where["beyond"][0]


def test_one_interval_meets_no_other() -> None:
    series = make_series({"t2m": curved}, hours=11, **PLACES)
    assert continuity_records(filled_by(series, 6, USUAL), USUAL) == []


def test_errors_by_lead_fraction_are_the_evaluation_s() -> None:
    series = make_series({"t2m": curved}, hours=HOURS, **PLACES)
    records = lead_records(evaluate(series, withhold=SPAN_H, methods=USUAL))
    errors = {
        row["lead_fraction"]: row["value"]
        for row in records
        if row["method"] == "linear" and row["diagnostic"] == "rmse_by_lead_fraction"
    }
    assert list(errors) == pytest.approx([1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6], abs=1e-6)
    for theta, value in errors.items():
        assert value == pytest.approx(CURVE * SPAN_H**2 * theta * (1 - theta), rel=1e-3)
