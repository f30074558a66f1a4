"""Errors fall into the part of the day and the region where they are made."""

import numpy as np
import pytest
import xarray as xr

from temdeep.fields.grids import Grid
from temdeep.fields.series import Series, series_from_dataset
from temdeep.metric import GridMetric
from temdeep.verification.breakdown import BY_PART_OF_DAY, BY_REGION
from temdeep.verification.evaluate import Evaluation, evaluate
from temdeep.verification.records import REFERENCE
from temdeep.verification.strata import cut_regions, part_names, parts_of_day


def grid(latitude: list[float], longitude: list[float], land: float | None = None) -> Grid:
    y, x = np.meshgrid(latitude, longitude, indexing="ij")
    fraction = None if land is None else (x >= land).astype(np.float64)
    metric = GridMetric.uniform(25_000.0, shape=y.shape)
    return Grid("y", "x", y, x, metric, land_fraction=fraction)


def test_noon_in_greenwich_is_morning_in_new_york_and_evening_in_tokyo() -> None:
    parts = parts_of_day(np.array([12.0]), grid([0.0], [0.0, -74.0, 139.7, 286.0, np.nan]))
    assert [part_names()[part] for part in parts[0, 0]] == [
        "12-15",
        "06-09",
        "21-24",
        "06-09",
        "12-15",
    ]


def test_bands_of_latitude_are_round_and_at_most_six() -> None:
    world = cut_regions(grid(list(np.arange(-90.0, 90.1, 2.5)), [0.0]))
    assert world.names == ("60-90° S", "30-60° S", "0-30° S", "0-30° N", "30-60° N", "60-90° N")
    assert (world.inside.sum(axis=0) == 1).all()
    kingdom = cut_regions(grid(list(np.arange(50.0, 58.1, 0.25)), [-4.0, 0.0], land=-1.0))
    assert kingdom.names == (
        "50-52° N",
        "52-54° N",
        "54-56° N",
        "56-58° N",
        "58-60° N",
        "land",
        "sea",
    )
    np.testing.assert_array_equal(kingdom.inside[-2:, 0], [[0, 1], [1, 0]])


def test_unknown_places_belong_nowhere() -> None:
    stations = cut_regions(grid([np.nan, np.nan], [0.0]))
    assert stations.names == ()
    assert stations.inside.shape == (0, 2, 1)


@pytest.fixture
def morning_bump() -> Series:
    """Linear in time but for 1 K at 08 UTC, on the western half (0 to 20° E) only."""
    hours = np.arange(6 * 24 + 1)
    values = np.zeros((len(hours), 4, 6)) + 280.0 + 0.01 * hours[:, None, None]
    values[np.ix_(hours % 24 == 8, range(4), range(3))] += 1.0
    attributes = {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: point"}
    dataset = xr.Dataset(
        {"t2m": (("time", "lat", "lon"), values, attributes)},
        coords={
            "time": np.datetime64("2001-03-01", "ns") + hours.astype("timedelta64[h]"),
            "lat": ("lat", [10.0, 20.0, 30.0, 40.0], {"units": "degrees_north"}),
            "lon": ("lon", [0.0, 1.0, 2.0, 90.0, 91.0, 92.0], {"units": "degrees_east"}),
        },
    )
    return series_from_dataset(dataset, source="bump.nc")


def test_an_error_at_eight_stands_at_eight(morning_bump: Series) -> None:
    rows = evaluate(morning_bump, withhold=6, methods=["nearest"]).breakdown
    by_part = {
        row["part"]: row["rmse"]
        for row in rows
        if row["by"] == BY_PART_OF_DAY and row["method"] == REFERENCE and row["variable"] == "t2m"
    }
    assert set(by_part) == set(part_names())  # 90° E is six hours ahead: no part is all given
    wrong = {part for part, rmse in by_part.items() if rmse > 1e-3}
    assert wrong == {"06-09"}
    # 06-09 holds 07 and 08 UTC in the west, 01 and 02 UTC (now 07 and 08) in the east
    assert by_part["06-09"] == pytest.approx(np.sqrt(1 / 4), rel=1e-4)


def joined(rows: list[dict[str, float]], weights: list[float]) -> float:
    squares = np.array([row["rmse"] ** 2 for row in rows])
    return float(np.sqrt((squares * weights).sum() / np.sum(weights)))


def test_regions_add_up_to_the_whole(series: Series) -> None:
    found: Evaluation = evaluate(series, withhold=6, methods=["cubic"])
    tally = found.tallies[0]
    assert tally.regions.names == (
        "40-42° N",
        "42-44° N",
        "44-46° N",
        "46-48° N",
        "48-50° N",
        "50-52° N",
    )
    rows = [
        row
        for row in found.breakdown
        if row["by"] == BY_REGION and row["method"] == "cubic" and row["variable"] == "t2m"
    ]
    weights = tally.strata_weight.of_region[:, 0]
    whole = next(
        row
        for row in found.records
        if row["method"] == "cubic" and row["variable"] == "t2m" and row["lead_fraction"] is None
    )
    assert joined(rows, list(weights)) == pytest.approx(whole["rmse"], rel=1e-9)


def test_a_method_is_set_beside_the_best_of_the_others(series: Series) -> None:
    found = evaluate(series, withhold=6, methods=["nearest", "cubic"])
    rmse = {
        (row["variable"], row["method"]): row["rmse"]
        for row in found.records
        if row["lead_fraction"] is None
    }
    for row in found.comparisons:
        if row["variable"].startswith("pooled"):
            continue
        others = {m: rmse[row["variable"], m] for m in ("linear", "nearest", "cubic")} | {}
        mine = others.pop(row["method"])
        assert others[row["against"]] == min(others.values())
        assert row["gain"] == pytest.approx(100 * (1 - mine / others[row["against"]]))
        assert row["gain_low"] <= row["gain"] <= row["gain_high"]
    assert {row["method"] for row in found.comparisons} == {"linear", "nearest", "cubic"}
