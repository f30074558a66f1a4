"""What methods do to the mean over the region."""

import numpy as np
import pytest
from benchmarks.science.diagnostics.budgets import area_mean_records, area_means, total_records
from tests.benchmarks.science.making import USUAL, Beside, filled_by, make_series, usual_and
from tests.engine.making import mixed

from temdeep.fields.series import series_from_dataset
from temdeep.metric import Float64Array
from temdeep.verification.evaluate import evaluate

PLACES = {"latitude": np.array([-3.0, -1.0, 1.0, 3.0]), "longitude": np.linspace(0, 14, 8)}
CURVE = 0.02
"""K per hour squared."""


def curved(t: Float64Array, lat: Float64Array, _lon: Float64Array) -> Float64Array:
    return 280 + lat + CURVE * t**2


def shifted(t: Float64Array, lat: Float64Array, lon: Float64Array) -> Float64Array:
    """From north to south over the equator, and as much is left in all."""
    return curved(t, lat, lon) + np.sign(lat)


def found(other: Beside) -> dict[tuple[str, str], float]:
    series = make_series({"t2m": curved}, hours=6 * 24, **PLACES)
    records = area_mean_records(filled_by(series, 6, usual_and(other)))
    return {(row["method"], row["diagnostic"]): row["value"] for row in records}


def test_linear_is_off_the_mean_of_a_curved_path_by_half_its_curvature() -> None:
    theta = np.arange(1, 6) / 6
    above = CURVE * 36 * theta * (1 - theta)
    values = found(Beside((curved,), 0.5, "half"))
    assert values["linear", "area_mean_bias"] == pytest.approx(above.mean(), rel=1e-3)
    assert values["linear", "area_mean_rmse"] == pytest.approx(np.sqrt((above**2).mean()), rel=1e-3)
    assert values["linear", "area_mean_largest"] == pytest.approx(above.max(), rel=1e-3)
    assert values["half", "area_mean_ratio"] == pytest.approx(0.5, rel=1e-3)
    assert values["linear", "area_mean_ratio"] == 1.0


def test_what_only_moves_inside_the_region_leaves_its_mean() -> None:
    values = found(Beside((shifted,), name="shifted"))
    assert values["shifted", "area_mean_ratio"] == pytest.approx(0, abs=1e-3)


def test_a_path_that_is_a_line_leaves_nothing_to_divide_by() -> None:
    def line(t: Float64Array, lat: Float64Array, _lon: Float64Array) -> Float64Array:
        return 280 + lat * t / 100

    series = make_series({"t2m": line}, hours=48, **PLACES)
    records = area_mean_records(filled_by(series, 6, USUAL))
    assert not [row for row in records if row["diagnostic"] == "area_mean_ratio"]
    rmse = [row["value"] for row in records if row["diagnostic"] == "area_mean_rmse"]
    assert max(rmse[:2]) < 1e-4


def test_cells_count_by_their_area() -> None:
    latitude = np.array([0.0, 20.0, 40.0, 60.0])
    series = make_series(
        {"t2m": lambda t, lat, _lon: lat + t}, hours=12, latitude=latitude, longitude=np.arange(4.0)
    )
    means = area_means(filled_by(series, 6, USUAL))
    cosine = np.cos(np.radians(latitude))
    expected = (latitude * cosine).sum() / cosine.sum()
    np.testing.assert_allclose(means["truth"][:, 0], expected + np.arange(13), rtol=1e-6)
    np.testing.assert_allclose(means["linear"][:, 0], means["truth"][:, 0], rtol=1e-6)


def test_totals_of_periods_are_conserved_to_rounding() -> None:
    records = total_records(evaluate(series_from_dataset(mixed(25)), withhold=3, methods=USUAL))
    assert {row["variable"] for row in records} == {"tp"}
    assert {row["method"] for row in records} == set(USUAL)
    assert max(row["value"] for row in records) < 1e-12
