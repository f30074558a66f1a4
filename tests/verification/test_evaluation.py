"""Evaluations of series whose outcome is known beforehand."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from temdeep.errors import RequestError, TimeAxisError
from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.cubic import Cubic
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear, Nearest
from temdeep.scores import pooled_restoration_rate
from temdeep.verification.evaluate import Evaluation, evaluate
from temdeep.verification.tables import as_json

Maker = Callable[..., xr.Dataset]

KEYS = {
    "dataset", "variable", "method", "span_hours", "lead_fraction", "rmse", "mae", "bias",
    "restoration_rate", "restoration_rate_low", "restoration_rate_high", "restoration_rate_mse",
}  # fmt: skip
METHODS: dict[str, Method] = {"nearest": Nearest(), "linear": Linear(), "cubic": Cubic()}


@pytest.fixture
def evaluation(series: Series) -> Evaluation:
    return evaluate(series, methods=METHODS, withhold=6)


def pick(evaluation: Evaluation, **wanted: object) -> dict[str, Any]:
    rows = [
        row
        for row in evaluation.records
        if all(row[name] == value for name, value in wanted.items())
    ]
    assert len(rows) == 1
    return rows[0]


def test_linear_is_without_error_where_the_truth_is_linear(straight_series: Series) -> None:
    evaluation = evaluate(straight_series, methods=METHODS, withhold=3)
    for name in ("t2m", "u10", "v10"):
        linear = pick(evaluation, variable=name, method="linear", lead_fraction=None)
        assert linear["rmse"] < 1e-4
        assert linear["restoration_rate"] is None
        assert linear["end_point_error"] == 0.0


def test_where_lines_are_exact_no_method_has_a_rate_of_any_kind(straight_series: Series) -> None:
    found = evaluate(straight_series, methods=METHODS, withhold=3)
    rates = {name for row in found.records for name in row if name.startswith("restoration_rate")}
    assert rates == {name for name in KEYS if name.startswith("restoration_rate")}
    assert all(row[name] is None for row in found.records for name in rates)
    assert all(row["restoration_rate"] is None for row in found.breakdown)
    assert found.comparisons == []
    (note,) = (one for one in found.about["notes"] if "exact" in one)
    assert "no restoration rate for t2m, u10, v10" in note
    nearest = pick(found, variable="u10", method="nearest", lead_fraction=None)
    line = pick(found, variable="u10", method="linear", lead_fraction=None)
    assert 0 < line["rmse"] < line["rounding"] < nearest["rmse"]


@pytest.mark.parametrize("kept", [{}, {"dtype": "int16", "scale_factor": 0.01}])
def test_a_variable_that_lines_bring_back_leaves_pooled_scores_alone(
    make_dataset: Maker, kept: dict[str, Any]
) -> None:
    """A ramp in single precision, and one that the file's packing makes a stair."""
    without = make_dataset(24 * 7 + 1).drop_vars("tp")
    ramp = without.u10 * 0 + np.linspace(3.0, 90.0, without.sizes["time"])[:, None, None]
    if kept:
        ramp = (ramp / 0.01).round() * 0.01
    ramp = ramp.astype(np.float32).assign_attrs(units="m", cell_methods="time: point")
    ramp.encoding = kept
    found = [
        evaluate(series_from_dataset(one, source="a.nc"), methods=METHODS, withhold=6)
        for one in (without, without.assign(ramp=ramp))
    ]
    before, after = (
        [
            row
            for row in (*each.records, *each.comparisons, *each.breakdown)
            if row["variable"] == "pooled"
        ]
        for each in found
    )
    for one, other in zip(before, after, strict=True):
        numbers = {name: value for name, value in one.items() if isinstance(value, float)}
        assert {name: other[name] for name in numbers} == pytest.approx(numbers, rel=1e-12)
        assert other == {**one, **{name: other[name] for name in numbers}}
    assert pick(found[1], variable="ramp", method="linear", lead_fraction=None)["rmse"] > 0


def test_a_scale_factor_of_floats_is_no_packing(make_dataset: Maker) -> None:
    dataset = make_dataset(24 * 7 + 1)
    dataset.t2m.encoding = {"dtype": "float32", "scale_factor": 100.0}
    found = evaluate(series_from_dataset(dataset, source="a.nc"), methods=METHODS, withhold=6)
    row = pick(found, variable="t2m", method="cubic", lead_fraction=None)
    assert row["restoration_rate"] > 50


def test_nearest_loses_and_the_spline_wins_on_a_smooth_series(evaluation: Evaluation) -> None:
    for variable in ("t2m", "u10", "v10", "pooled"):
        rates = {
            method: pick(evaluation, variable=variable, method=method, lead_fraction=None)[
                "restoration_rate"
            ]
            for method in METHODS
        }
        assert rates["linear"] == 0.0
        assert rates["nearest"] < -20
        assert rates["cubic"] > 50


def test_errors_are_those_worked_out_by_hand(series: Series, evaluation: Evaluation) -> None:
    channel = series.channel("t2m")
    truth = series.read([channel], slice(None))[:, 0].astype(np.float64)
    theta = (np.arange(168) % 6 / 6)[:, None, None]
    start = np.repeat(truth[::6][:-1], 6, axis=0)
    end = np.repeat(truth[::6][1:], 6, axis=0)
    error = (start + theta * (end - start) - truth[:-1])[np.arange(168) % 6 != 0]
    weights = series.grid.metric.area_weights
    row = pick(evaluation, variable="t2m", method="linear", lead_fraction=None)
    assert row["rmse"] == pytest.approx(np.sqrt((weights * error**2).mean()), rel=1e-5)
    assert row["mae"] == pytest.approx((weights * np.abs(error)).mean(), rel=1e-5)
    assert row["bias"] == pytest.approx((weights * error).mean(), abs=1e-5)
    for place, fraction in enumerate([0.166667, 0.333333, 0.5, 0.666667, 0.833333]):
        one = pick(evaluation, variable="t2m", method="linear", lead_fraction=fraction)
        mean_square = float((weights * error[place::5] ** 2).mean())
        assert one["rmse"] == pytest.approx(np.sqrt(mean_square), rel=1e-5)


def test_pooled_rates_follow_from_the_variables(evaluation: Evaluation) -> None:
    rates = [
        pick(evaluation, variable=name, method="cubic", lead_fraction=None)["restoration_rate"]
        for name in ("t2m", "u10", "v10")
    ]
    pooled = pick(evaluation, variable="pooled", method="cubic", lead_fraction=None)
    expected = pooled_restoration_rate(1 - np.array(rates) / 100)
    assert pooled["restoration_rate"] == pytest.approx(float(expected))
    assert pooled["rmse"] is pooled["mae"] is pooled["bias"] is None
    alone = pick(evaluation, variable="pooled_period", method="cubic", lead_fraction=None)
    rain = pick(evaluation, variable="tp", method="cubic", lead_fraction=None)
    assert alone["restoration_rate"] == pytest.approx(rain["restoration_rate"])


def test_sums_are_scored_as_sums_and_conserved(evaluation: Evaluation, series: Series) -> None:
    row = pick(evaluation, variable="tp", method="linear", lead_fraction=None)
    truth = series.read(series.periods(), slice(1, 169))[:, 0].astype(np.float64)
    even = np.repeat(truth.reshape(28, 6, 6, 8).mean(axis=1), 6, axis=0)
    weights = series.grid.metric.area_weights
    assert row["rmse"] == pytest.approx(np.sqrt((weights * (even - truth) ** 2).mean()), rel=1e-5)
    assert row["conservation_error"] < 1e-12
    assert row["wet_area_ratio"] > 1.0
    assert 0.0 < row["critical_success_index"] < 1.0


def test_linear_recovers_no_extremes_and_weakens_wind(evaluation: Evaluation) -> None:
    linear = pick(evaluation, variable="u10", method="linear", lead_fraction=None)
    cubic = pick(evaluation, variable="u10", method="cubic", lead_fraction=None)
    assert linear["extremes_recovered"] == pytest.approx(0.0, abs=1e-3)
    assert 30 < cubic["extremes_recovered"] <= 100
    assert "speed_bias" in linear
    assert "speed_bias" not in pick(evaluation, variable="v10", method="linear", lead_fraction=None)


def test_intervals_hold_the_rate_and_linear_has_none(evaluation: Evaluation) -> None:
    assert evaluation.about["bootstrap"]["unit"] == "day"
    for row in evaluation.records:
        low, high = row["restoration_rate_low"], row["restoration_rate_high"]
        assert low - 1e-9 <= row["restoration_rate"] <= high + 1e-9
        if row["method"] == "linear":
            assert low == high == 0.0


def test_records_are_flat_and_complete_and_survive_json(evaluation: Evaluation) -> None:
    again = json.loads(as_json(evaluation.as_json()))
    assert set(again) == {"about", "records", "comparisons", "breakdown"}
    assert {"data", "split", "seed", "commit", "wall_time_s", "version", "date"} <= set(
        again["about"]
    )
    for row in again["records"]:
        assert set(row) >= KEYS
        assert all(isinstance(value, str | float | None) for value in row.values())
        assert all(math.isfinite(v) for v in row.values() if isinstance(v, float))
    thetas = {row["lead_fraction"] for row in again["records"] if row["variable"] == "t2m"}
    assert thetas == {None, 0.166667, 0.333333, 0.5, 0.666667, 0.833333}
    assert {row["span_hours"] for row in again["records"]} == {6.0}
    assert {row["dataset"] for row in again["records"]} == {"week"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"withhold": "6"}, "withhold is '6': say a whole number"),
        ({"withhold": 6, "seed": -1}, "the seed of the resampled days is -1: say 0 or more"),
        ({"withhold": 6, "seed": "a"}, "the seed of the resampled days is 'a': say a whole"),
        ({"withhold": 6, "methods": "c"}, "there is no method 'c'"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_work(
    series: Series, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], told: str
) -> None:
    monkeypatch.setattr(Series, "read", None)  # nothing is filled in
    with pytest.raises(RequestError, match=told):
        evaluate(series, **asked)


def test_one_method_may_be_named_alone(series: Series) -> None:
    assert set(evaluate(series, withhold=6, methods="nearest").methods) == {"linear", "nearest"}


def test_the_same_seed_gives_the_same_records(series: Series, evaluation: Evaluation) -> None:
    again = evaluate(series, methods=METHODS, withhold=6)
    assert again.records == evaluation.records


def test_a_dataset_is_evaluated_as_the_series_it_holds(make_dataset: Maker) -> None:
    dataset = make_dataset()
    by_dataset = evaluate(dataset, methods=["cubic"], withhold=6, dataset="it")
    series = series_from_dataset(dataset)
    assert (
        evaluate(series, methods=["cubic"], withhold=6, dataset="it").records == by_dataset.records
    )


def test_linear_is_added_as_the_reference(series: Series) -> None:
    evaluation = evaluate(series, methods={"cubic": Cubic()}, withhold=6)
    assert list(evaluation.methods) == ["linear", "cubic"]


def test_only_the_asked_part_is_tested(series: Series) -> None:
    part = evaluate(
        series, methods=METHODS, withhold=6, period=("2001-05-06T00", "2001-05-07T12:00")
    )
    assert part.about["split"]["test_first"] == "2001-05-06T00:00"
    assert part.about["data"]["times"] == 37
    assert part.about["bootstrap"]["unit"].startswith("none")
    assert part.records[0]["restoration_rate_low"] is None
    with pytest.raises(TimeAxisError):
        evaluate(series, methods=METHODS, withhold=6, period=("1999-01-01", "1999-02-01"))


def test_a_test_on_what_was_learnt_is_told(series: Series) -> None:
    learnt = {"first": "2001-05-01T00:00", "last": "2001-05-05T00:00", "step_s": 21_600.0}
    told = evaluate(series, methods=METHODS, withhold=6, trained_on=learnt)
    assert any("overlap" in note for note in told.about["notes"])
    apart = evaluate(
        series, methods=METHODS, withhold=6, trained_on=learnt, period=("2001-05-06", None)
    )
    assert apart.about["notes"] == []
    before = {"first": "1990-01-01T00:00", "last": "1990-01-02T00:00"}
    several = {"step_s": 21_600.0, "series": [before, learnt]}
    told = evaluate(series, methods=METHODS, withhold=6, trained_on=several)
    assert sum("overlap" in note for note in told.about["notes"]) == 1


def test_missing_cells_are_left_out_and_nothing_else(make_dataset: Maker) -> None:
    dataset = make_dataset()
    whole = evaluate(series_from_dataset(dataset), methods=METHODS, withhold=6)
    holes = dataset.copy(deep=True)
    holes["t2m"].values[:, 0, 0] = np.nan
    holes["t2m"].values[24, 3, 3] = np.nan
    some = evaluate(series_from_dataset(holes), methods=METHODS, withhold=6)
    for method in METHODS:
        with_hole = pick(some, variable="t2m", method=method, lead_fraction=None)
        without = pick(whole, variable="t2m", method=method, lead_fraction=None)
        assert with_hole["rmse"] != without["rmse"]
        assert with_hole["rmse"] == pytest.approx(without["rmse"], rel=0.1)
        assert pick(some, variable="u10", method=method, lead_fraction=None) == {
            **pick(whole, variable="u10", method=method, lead_fraction=None)
        }


def test_a_method_that_leaves_holes_gets_no_score(series: Series) -> None:
    class Holes(Nearest):
        name = "holes"

        def fill(self, interval: Any, theta: Any) -> Any:
            filled = super().fill(interval, theta).copy()
            filled[1, 0, 2, 2] = np.nan
            return filled

    methods: dict[str, Method] = {"holes": Holes(), "linear": Linear()}
    evaluation = evaluate(series, methods=methods, withhold=6)
    assert pick(evaluation, variable="t2m", method="holes", lead_fraction=None)["rmse"] is None
    assert pick(evaluation, variable="u10", method="holes", lead_fraction=None)["rmse"] > 0


def test_wind_direction_is_scored_the_short_way_round(make_dataset: Maker) -> None:
    dataset = make_dataset()[["t2m"]]
    time = np.arange(73.0)[:, None, None]
    direction = (352 + time + 0 * dataset["t2m"].values) % 360
    attributes = {
        "units": "degree",
        "standard_name": "wind_from_direction",
        "cell_methods": "time: point",
    }
    dataset["wdir"] = (("time", "lat", "lon"), direction, attributes)
    evaluation = evaluate(series_from_dataset(dataset), methods=METHODS, withhold=6)
    linear = pick(evaluation, variable="wdir", method="linear", lead_fraction=None)
    assert linear["rmse"] < 1e-3
    assert linear["correlation"] is None
    nearest = pick(evaluation, variable="wdir", method="nearest", lead_fraction=None)
    assert nearest["rmse"] == pytest.approx(np.sqrt((1 + 4 + 9 + 4 + 1) / 5), rel=1e-3)


def test_channels_keep_their_treatment(evaluation: Evaluation, series: Series) -> None:
    row = pick(evaluation, variable="tp", method="linear", lead_fraction=None)
    assert row["treatment"] == Linear().treatment(series.channel("tp"), series.grid)
    assert replace(series.channel("tp")).units == row["units"] == "kg m-2"
