"""Parcels in winds whose paths are known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.science.diagnostics.advection import Wind, advect, is_regular
from benchmarks.science.diagnostics.filled import Record
from benchmarks.science.diagnostics.trajectories import seeds, trajectory_records
from tests.benchmarks.science.making import USUAL, Beside, filled_by, make_series, usual_and

from temdeep.fields.grids import EARTH_RADIUS_M, Grid, distance_m
from temdeep.metric import Float64Array

HOUR_S = 3600.0
TILT = np.radians(30)
TURN_H = 10 * 24
SPEED = 2 * np.pi * EARTH_RADIUS_M / (TURN_H * HOUR_S)
LATITUDE, LONGITUDE = np.arange(-21.0, 22.0, 3.0), np.arange(0.0, 40.0, 3.0)


def globe(step_deg: float = 2.0) -> Grid:
    latitude = np.arange(-90 + step_deg / 2, 90, step_deg)
    return make_series(
        {"t2m": lambda t, _lat, _lon: t}, hours=2, latitude=latitude,
        longitude=np.arange(0, 360, step_deg),
    ).grid  # fmt: skip


def steady(grid: Grid, u: Float64Array, v: Float64Array, hours: int) -> Wind:
    east, north = (
        np.broadcast_to(one.astype(np.float32), (hours + 1, *grid.shape)) for one in (u, v)
    )
    return Wind(east, north, HOUR_S, grid)


def tilted_rotation(grid: Grid, hours: int) -> Wind:
    """The whole globe turning about an axis 30° from the pole (Williamson and others 1992)."""
    phi, lam = np.radians(grid.latitude), np.radians(grid.longitude)
    u = SPEED * (np.cos(phi) * np.cos(TILT) + np.sin(phi) * np.cos(lam) * np.sin(TILT))
    return steady(grid, u, -SPEED * np.sin(lam) * np.sin(TILT), hours)


def test_solid_rotation_brings_parcels_back_after_a_turn() -> None:
    grid = globe()
    latitude, longitude = (
        one.ravel() for one in np.meshgrid(np.arange(-40.0, 41, 20), np.arange(1.0, 360, 45))
    )
    path = advect(
        tilted_rotation(grid, TURN_H), np.zeros(len(latitude)), latitude, longitude,
        frames=TURN_H, steps_per_frame=1,
    )  # fmt: skip
    away = distance_m(path[0], path[1], latitude[None], longitude[None]) / 1000
    assert away[-1].max() < 15  # of 40,000 km; what bilinear winds on 2 degrees are slower
    assert away[TURN_H // 2].max() > 15_000


def test_a_zonal_wind_moves_a_parcel_by_its_way_over_the_latitude_s_circumference() -> None:
    grid = globe()
    wind = steady(grid, np.full(grid.shape, 20.0), np.zeros(grid.shape), 24)
    start = np.array([350.0]), np.array([0.0])
    latitude, longitude = advect(
        wind, np.zeros(1), np.array([59.0]), start[0], frames=24, steps_per_frame=2
    )
    degrees = np.degrees(20 * 24 * HOUR_S / (EARTH_RADIUS_M * np.cos(np.radians(59))))
    np.testing.assert_allclose(latitude[:, 0], 59.0)
    assert longitude[-1, 0] - 350 == pytest.approx(degrees, rel=1e-9)  # across the date of 360


def test_between_the_last_column_and_the_first_the_wind_is_that_of_both() -> None:
    grid = globe(10.0)
    u, v = np.random.default_rng(0).normal(size=(2, *grid.shape))
    wind = steady(grid, u, v, 1)
    place = np.array([5.0]), np.array([357.5])
    east, north = wind.at(np.array([0.3]), *place)
    np.testing.assert_allclose(east, 0.25 * u[9, -1] + 0.75 * u[9, 0], rtol=1e-6)
    np.testing.assert_allclose(north, 0.25 * v[9, -1] + 0.75 * v[9, 0], rtol=1e-6)


def test_rows_that_run_southward_are_read_where_they_are() -> None:
    grid = globe()
    north_up = tilted_rotation(grid, 24)
    turned = replace(grid, latitude=grid.latitude[::-1], longitude=grid.longitude[::-1])
    upside_down = Wind(north_up.eastward[:, ::-1], north_up.northward[:, ::-1], HOUR_S, turned)
    start = np.zeros(2), np.array([33.0, -12.5]), np.array([7.0, 359.5])
    paths = [advect(one, *start, frames=24, steps_per_frame=1) for one in (north_up, upside_down)]
    np.testing.assert_allclose(paths[0], paths[1], atol=1e-9)


def test_a_parcel_that_leaves_is_lost_for_good() -> None:
    series = make_series(
        {"t2m": lambda t, _lat, _lon: t}, hours=2, latitude=LATITUDE, longitude=LONGITUDE
    )
    out_and_back = np.where(np.arange(25) < 12, 60.0, -60.0)[:, None, None] + np.zeros(
        series.grid.shape
    )
    wind = Wind(
        out_and_back.astype(np.float32),
        np.zeros_like(out_and_back, np.float32),
        HOUR_S,
        series.grid,
    )
    _, longitude = advect(
        wind, np.zeros(2), np.zeros(2), np.array([5.0, 36.0]), frames=24, steps_per_frame=2
    )
    assert np.isfinite(longitude[:, 0]).all()
    assert np.isfinite(longitude[1, 1])
    assert np.isnan(longitude[2:, 1]).all()
    with pytest.raises(ValueError, match="25 frames cannot be followed"):
        advect(wind, np.zeros(1), np.zeros(1), np.zeros(1), frames=25, steps_per_frame=1)


def test_parcels_start_away_from_edges_and_all_around_a_globe() -> None:
    rows, columns = seeds(globe())
    assert abs(rows.min() + rows.max() - 89) <= 1
    assert rows.min() >= 15
    assert columns.min() == 0
    assert 200 < len(rows) <= 400
    assert is_regular(globe())
    latitude = globe().latitude + 0.1 * globe().longitude
    assert not is_regular(replace(globe(), latitude=latitude))


def values(records: Sequence[Record], diagnostic: str, lead_h: float) -> dict[str, float]:
    return {
        row["method"]: row["value"]
        for row in records
        if row["diagnostic"] == diagnostic and row["lead_h"] == lead_h
    }


def test_a_steady_wind_carries_every_method_s_parcels_along_with_the_true_ones() -> None:
    series = make_series(
        {"u10": lambda _t, lat, lon: 8 + lat / 7 + lon / 31, "v10": lambda _t, lat, _lon: lat / 9},
        hours=48, latitude=LATITUDE, longitude=LONGITUDE,
    )  # fmt: skip
    records = trajectory_records(filled_by(series, 6, USUAL))
    for lead_h in (6, 12, 24):
        errors = values(records, "trajectory_error", lead_h)
        assert set(errors) == set(USUAL)
        assert max(errors.values()) < 0.001
    assert not values(records, "trajectory_ratio", 24)  # nothing to divide by
    (told,) = (r for r in records if r["method"] == "cubic" and r["lead_h"] == 24)
    assert told["path_km"] == pytest.approx(9 * 24 * 3.6, rel=0.15)
    assert told["variable"] == "u10/v10"
    assert (told["starts"], told["units"]) == (3, "km")


def turning(t: Float64Array, phase: float) -> Float64Array:
    return 10 * np.cos(2 * np.pi * t / 17 + phase)


def test_linear_falls_behind_a_turning_wind_by_the_difference_of_the_two_trapezoids() -> None:
    formulas = {
        "u10": lambda t, _lat, _lon: turning(t, 0),
        "v10": lambda t, _lat, _lon: turning(t, np.pi / 2),
    }
    series = make_series(formulas, hours=168, latitude=LATITUDE / 10, longitude=LONGITUDE / 10)
    methods = usual_and(Beside(tuple(formulas.values()), 0.5, "half"))
    records = trajectory_records(filled_by(series, 6, methods), start_every_h=6)
    starts = np.arange(0, 168 - 24 + 1, 6)
    hours = starts[:, None] + np.arange(7.0)
    expected = []
    for phase in (0, np.pi / 2):
        wind = turning(hours, phase)
        hourly = (wind[:, 1:] + wind[:, :-1]).sum(axis=1) / 2
        expected.append((hourly - 3 * (wind[:, 0] + wind[:, 6])) * 3.6)
    errors = values(records, "trajectory_error", 6)
    assert errors["linear"] == pytest.approx(np.hypot(*expected).mean(), rel=2e-3)
    assert values(records, "trajectory_ratio", 6)["half"] == pytest.approx(0.5, rel=2e-3)
    assert values(records, "trajectory_ratio", 24)["half"] == pytest.approx(0.5, rel=2e-2)
    (ratio,) = (
        row for row in records
        if row["diagnostic"] == "trajectory_ratio"
        and (row["method"], row["lead_h"]) == ("half", 6)
    )  # fmt: skip
    assert 0.49 < ratio["low"] <= ratio["value"] <= ratio["high"] < 0.51


def test_who_leaves_with_one_method_counts_for_none() -> None:
    formulas = {
        "u10": lambda t, _lat, _lon: 5 + 40 * np.sin(2 * np.pi * t / 12) ** 2,
        "v10": lambda t, _lat, _lon: 0 * t,
    }
    series = make_series(formulas, hours=72, latitude=LATITUDE, longitude=LONGITUDE)
    alone, gale = (
        trajectory_records(filled_by(series, 6, methods))
        for methods in (USUAL, usual_and(Beside(tuple(formulas.values()), 3.0, "gale")))
    )
    lost = [
        {row["lost"] for row in records if row.get("lost") is not None and row["lead_h"] == 24}
        for records in (alone, gale)
    ]
    assert [len(one) for one in lost] == [1, 1]
    assert lost[1].pop() > lost[0].pop() > 0


def test_other_grids_get_no_parcels() -> None:
    series = make_series(
        {"u10": lambda t, _lat, _lon: t, "v10": lambda t, _lat, _lon: t},
        hours=48, latitude=LATITUDE, longitude=LONGITUDE,
    )  # fmt: skip
    leaning = replace(series.grid, latitude=series.grid.latitude + series.grid.longitude / 100)
    assert not trajectory_records(filled_by(replace(series, grid=leaning), 6, USUAL))
