"""Rain that moves, divided along its motion; and courses of periods drawn at random."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter, shift

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import PeriodInterval
from temdeep.fields.series import series_from_dataset
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.optical_flow import OpticalFlow
from temdeep.methods.realisation import Realisation
from temdeep.methods.redistribution import CELLS, parts_of, redistribute
from temdeep.methods.registry import build
from temdeep.metric import GridMetric

SHAPE = (48, 64)
STEP = 1.0
"""Cells that showers move along x in one twelfth of a period."""

RAIN = Channel("tp", "tp", "mm", Kind.SUM, Nature.NON_NEGATIVE, "precipitation_amount")


def showers(seed: int = 0) -> npt.NDArray[np.float64]:
    """Rates of three periods in twelfths, shape (period, cell, y, x): showers that move along x."""
    rng = np.random.default_rng(seed)
    wide = gaussian_filter(rng.normal(size=(SHAPE[0], 3 * SHAPE[1])), 3)
    cells = np.maximum(wide / wide.std() - 0.8, 0)
    moved = [shift(cells, (0, STEP * j), order=1)[:, SHAPE[1] : 2 * SHAPE[1]] for j in range(36)]
    return np.stack(moved).reshape(3, CELLS, *SHAPE)


def grid() -> Grid:
    latitude, longitude = np.meshgrid(np.linspace(50, 51, 48), np.linspace(0, 2, 64), indexing="ij")
    return Grid("y", "x", latitude, longitude, GridMetric.uniform(2000.0, SHAPE))


def period(rates: npt.NDArray[np.float64]) -> PeriodInterval:
    start = np.datetime64("2020-06-01T12", "us")
    whole = rates[:, None]
    return PeriodInterval(whole[1], 3600.0, start, (RAIN,), grid(), whole[:1], whole[2:])


def rmse(made: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(((made - truth) ** 2).mean()))


def test_moving_showers_are_found_again_where_even_division_smears_them() -> None:
    truth = showers()
    made = redistribute(truth.mean(axis=1), 1, cyclic=False)
    even = np.broadcast_to(truth[1].mean(axis=0), truth[1].shape)
    assert rmse(made, truth[1]) < 0.4 * rmse(even, truth[1])
    wet = [(one > 0.05).mean() for one in (truth[1], made, even)]
    assert abs(wet[1] / wet[0] - 1) < 0.5 * abs(wet[2] / wet[0] - 1)


def test_totals_are_kept_to_rounding_and_nothing_is_negative() -> None:
    rates = showers(1).mean(axis=1)
    rates[rates < 0.1] = 0
    made = redistribute(rates, 1, cyclic=True)
    np.testing.assert_allclose(made.mean(axis=0), rates[1], rtol=1e-14, atol=0)
    assert (made >= 0).all()
    assert (made[:, rates[1] == 0] == 0).all()


def test_a_part_holds_the_same_rain_whatever_other_parts_are_asked_for() -> None:
    cells = redistribute(showers(2).mean(axis=1), 1, cyclic=False)
    quarters = parts_of(cells, np.arange(5) / 4)
    odd = parts_of(cells, np.array([0.0, 0.1, 0.25, 0.7, 1.0]))
    np.testing.assert_allclose(0.4 * odd[0] + 0.6 * odd[1], quarters[0], atol=1e-12)


def test_rain_beyond_a_hole_stays_out_of_it_and_the_hole_empty() -> None:
    rates = showers(3).mean(axis=1)
    whole = redistribute(rates, 1, cyclic=False)
    holed = rates.copy()
    holed[:, 20:28, 30:38] = np.nan
    made = redistribute(holed, 1, cyclic=False)
    np.testing.assert_array_equal(np.isnan(made), np.isnan(holed[1])[None].repeat(CELLS, axis=0))
    far = np.s_[:, :, :12]
    assert rmse(made[far], whole[far]) < 0.2 * float(whole[far].std())


def test_around_the_globe_the_first_column_is_no_edge() -> None:
    wide = gaussian_filter(np.random.default_rng(4).normal(size=SHAPE), 3, mode=("reflect", "wrap"))
    cells = np.maximum(wide / wide.std() - 0.8, 0)
    truth = np.stack([np.roll(cells, j, axis=1) for j in range(36)]).reshape(3, CELLS, *SHAPE)
    rates = truth.mean(axis=1)
    inside = np.roll(redistribute(np.roll(rates, 32, axis=-1), 1, cyclic=True), -32, axis=-1)
    seam = np.r_[0:8, SHAPE[1] - 8 : SHAPE[1]]
    there = rmse(inside[..., seam], truth[1][..., seam])
    around, apart = (
        rmse(redistribute(rates, 1, cyclic=cyclic)[..., seam], truth[1][..., seam])
        for cyclic in (True, False)
    )
    assert around < 1.3 * there
    assert apart > 1.6 * there


def test_only_precipitation_is_moved() -> None:
    flux = Channel("hf", "hf", "W m-2", Kind.MEAN)
    flow = OpticalFlow()
    assert flow.treatment(RAIN, grid()) == "optical_flow"
    assert flow.treatment(flux, grid()).startswith("linear: ")
    rates = showers(5).mean(axis=1)
    one = period(rates)
    made = flow.fill_periods(one, np.arange(4) / 3)
    assert np.abs(made[0] - made[2]).max() > 0.5
    still = OpticalFlow({"tp": "not advective on hidden frames"})
    np.testing.assert_array_equal(
        still.fill_periods(one, np.arange(4) / 3), np.repeat(one.rate[None], 3, axis=0)
    )


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_a_draw_keeps_totals_and_is_another_one_for_another_seed(sigma: float) -> None:
    rates = showers(6).mean(axis=1)
    rates[rates < 0.1] = 0
    thirds = np.arange(4) / 3
    drawn = [Realisation(OpticalFlow(), seed, {"tp": sigma}) for seed in (0, 0, 1)]
    first, again, other = (one.fill_periods(period(rates), thirds) for one in drawn)
    np.testing.assert_array_equal(first, again)
    assert rmse(first, other) > 0.1 * rmse(first, 0 * first)
    for made in (first, other):
        np.testing.assert_allclose(made.mean(axis=0)[0], rates[1], rtol=1e-12)
        assert (made >= 0).all()
        assert (made[:, 0, rates[1] == 0] == 0).all()


def test_members_have_courses_of_their_own_and_rain_and_snow_share_one() -> None:
    rates = showers(6).mean(axis=1)[:, None].repeat(3, axis=1)
    names = ("tp[number=0]", "tp[number=1]", "sf[number=0]")
    channels = tuple(replace(RAIN, name=name, variable=name[:2]) for name in names)
    three = replace(
        period(rates[:, 0]), rate=rates[1], before=rates[:1], after=rates[2:], channels=channels
    )
    draw = Realisation(OpticalFlow(), 4, dict.fromkeys(names, 0.8))
    first, other, snow = draw.fill_periods(three, np.arange(4) / 3).transpose(1, 0, 2, 3)
    np.testing.assert_array_equal(first, snow)
    assert rmse(first, other) > 0.1 * rmse(first, 0 * first)


def test_too_few_periods_to_judge_leave_the_motion_in_place() -> None:
    truth = showers(2).mean(axis=1)
    stamps = np.datetime64("2020-06-01T01", "ns") + np.arange(3) * np.timedelta64(1, "h")
    attributes = {"units": "kg m-2", "standard_name": "precipitation_amount"}
    dataset = xr.Dataset(
        {"tp": (("time", "y", "x"), truth, {**attributes, "cell_methods": "time: sum"})},
        {"time": stamps, "y": np.arange(48.0), "x": np.arange(64.0)},
    )
    where = grid()
    for name, values in (("lat", where.latitude), ("lon", where.longitude)):
        towards = {"lat": "degrees_north", "lon": "degrees_east"}[name]
        dataset[name] = ("y", "x"), values, {"units": towards}
    dataset = dataset.set_coords(["lat", "lon"])
    dataset["time_bnds"] = ("time", "b"), np.stack([stamps - np.timedelta64(1, "h"), stamps], 1)
    dataset["time"].attrs["bounds"] = "time_bnds"
    series = series_from_dataset(dataset)
    told = build("auto", series).treatment(series.channels[0], series.grid)
    assert told.startswith("optical_flow: usual for non-negative sum variables, with nothing")


def test_draws_are_drier_and_stronger_than_the_mean() -> None:
    one, thirds = period(showers(7).mean(axis=1)), np.arange(4) / 3
    mean = OpticalFlow().fill_periods(one, thirds)
    drawn = np.stack(
        [Realisation(OpticalFlow(), i, {"tp": 1.0}).fill_periods(one, thirds) for i in range(4)]
    )
    assert (drawn > 0.2).mean() < (mean > 0.2).mean()
    assert drawn.std() > mean.std()
    assert drawn.max() > 1.2 * mean.max()
