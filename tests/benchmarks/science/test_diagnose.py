"""All diagnostics together, and the command."""

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks.science.diagnostics import __main__ as command
from benchmarks.science.diagnostics.filled import fill_in
from benchmarks.science.diagnostics.ratios import ratio_interval
from tests.benchmarks.science.making import USUAL, Formula, filled_by, make_series

from temdeep.errors import RequestError
from temdeep.methods.cubic import Cubic
from temdeep.methods.simple import Linear
from temdeep.metric import Float64Array
from temdeep.verification.withholding import thin_out

PLACES = {"latitude": np.linspace(30, 60, 8), "longitude": np.linspace(0, 50, 12)}


def moving(speed: float, mean: float) -> Formula:
    def field(t: Float64Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
        return mean + 4 * np.sin(np.radians(12 * lon) + lat / 9 - speed * t)

    return field


WEATHER = {"u10": moving(0.2, 8), "v10": moving(0.25, 1), "t2m": moving(0.3, 280)}


def test_given_times_keep_what_was_given_and_hidden_ones_are_the_method_s() -> None:
    series = make_series(WEATHER, hours=36, **PLACES)
    filled = filled_by(series, 6, USUAL)
    given = ~filled.hidden
    assert given.nonzero()[0].tolist() == [0, 6, 12, 18, 24, 30, 36]
    for made in filled.made.values():
        np.testing.assert_array_equal(made[given], filled.truth[given])
    middle = (filled.truth[6] + filled.truth[12]) / 2
    np.testing.assert_allclose(filled.made["linear"][9], middle, rtol=1e-6)


def test_a_period_with_a_gap_or_without_linear_is_refused() -> None:
    series = make_series(WEATHER, hours=48, **PLACES)
    holed = series.take(np.delete(np.arange(49), 20))
    with pytest.raises(RequestError, match="lacks times after 2001-05-04T19"):
        fill_in(thin_out(holed, 6), USUAL, "made")
    with pytest.raises(RequestError, match="told against 'linear'"):
        fill_in(thin_out(series, 6), {"cubic": Cubic()}, "made")


def test_a_ratio_s_interval_draws_both_sums_together() -> None:
    bottom = np.random.default_rng(0).uniform(1, 100, 12)
    low, high = ratio_interval(0.4 * bottom, bottom)
    assert (low, high) == pytest.approx((0.4, 0.4))
    low, high = ratio_interval(np.ones(12), bottom)
    assert low is not None
    assert high is not None
    assert low < 12 / bottom.sum() < high
    assert ratio_interval(np.ones(4), np.ones(4)) == (None, None)


def test_the_command_writes_records_and_figures_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_series(WEATHER, hours=15 * 24, **PLACES).dataset.to_netcdf(tmp_path / "weather.nc")
    small = command.Data(
        "weather.nc", ("2001-05-04T00", "2001-05-11T00"), ("2001-05-13T00", "2001-05-18T12")
    )
    monkeypatch.setattr(command, "DATA", tmp_path)
    monkeypatch.setitem(command.DATASETS, "small", small)
    monkeypatch.setattr(command, "METHODS", (Linear.name, Cubic.name))
    words = ["--dataset", "small", "--every", "6", "--output", str(tmp_path / "out")]
    assert command.main(words) == 0
    told = json.loads((tmp_path / "out" / "diagnostics.json").read_text())
    assert told["about"]["split"]["test_first"] == "2001-05-13T00:00"
    common = {"dataset", "span_hours", "method", "diagnostic", "variable", "value", "units"}
    assert all(common <= set(row) for row in told["records"])
    assert {row["dataset"] for row in told["records"]} == {"small"}
    assert {
        "trajectory_ratio", "kinetic_energy_ratio", "power_ratio", "interval_extremes",
        "daily_maximum_bias", "area_mean_ratio", "rmse_by_lead_fraction", "tendency_jump",
    } <= {row["diagnostic"] for row in told["records"]}  # fmt: skip
    ratio = {
        row["method"]: row["value"]
        for row in told["records"]
        if row["diagnostic"] == "trajectory_ratio" and row["lead_h"] == 24
    }
    assert ratio["linear"] == 1
    assert ratio["cubic"] < 0.3
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {
        "area_means.png", "daily_extremes.png", "error_by_lead_fraction.png", "spectra.png",
        "tendency_jumps.png", "trajectories.png",
    }  # fmt: skip
    assert "trajectory ratio" in capsys.readouterr().out
    assert command.main(words) == 2
    assert "exists: say --overwrite" in capsys.readouterr().err
