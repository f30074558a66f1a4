"""The straight line that the viewer draws, held against the input that the output was made of."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import SHAPE, mixed, temperature
from tests.viewer.making import filled, given_times, scene

from temdeep.viewer.path import path_of
from temdeep.viewer.scene import LINEAR, OUTPUT


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(mixed(), tmp_path_factory.mktemp("straight"))


def test_between_given_times_it_is_what_xarray_interpolates(output: Path) -> None:
    looked, reader, _ = scene(output, "sp")
    coarse = mixed()["sp"]
    with xr.open_dataset(output) as found:
        times = found["time"].values
    wanted = coarse.interp(time=times).values
    for time in range(len(times)):
        line = looked.fields(reader, None, time)[LINEAR]
        np.testing.assert_allclose(line, wanted[time], rtol=1e-6)


def test_at_given_times_it_is_the_output_to_the_bit(output: Path) -> None:
    looked, reader, _ = scene(output, "t2m")
    for time in given_times(output):
        found = looked.fields(reader, None, int(time))
        np.testing.assert_array_equal(found[LINEAR], found[OUTPUT])
        assert (found["output_linear"] == 0).all()


def test_between_given_times_the_output_departs_from_it(output: Path) -> None:
    looked, reader, _ = scene(output, "t2m")
    found = looked.fields(reader, None, 1)
    np.testing.assert_array_equal(found["output_linear"], found[OUTPUT] - found[LINEAR])
    assert looked.rms(found["output_linear"]) > 0.01


def test_a_sum_is_divided_evenly_among_the_parts_of_its_period(output: Path) -> None:
    """Cubic divides otherwise; the parts of a period put together again are the input's sum."""
    looked, reader, _ = scene(output, "tp")
    coarse = mixed()["tp"].values
    for time in range(1, 25):
        line = looked.fields(reader, None, time)[LINEAR]
        np.testing.assert_allclose(line, coarse[(time + 2) // 3] / 3, atol=0.011)  # packed


def test_a_mean_is_the_same_in_all_parts_of_its_period(tmp_path: Path) -> None:
    coarse = mixed().drop_vars(["tp", "sp"])
    rate = np.random.default_rng(3).gamma(1.0, 2e-5, coarse["t2m"].shape)
    said = {"units": "kg m-2 s-1", "standard_name": "precipitation_flux"}
    coarse["pr"] = (coarse["t2m"].dims, rate, {**said, "cell_methods": "time: mean"})
    looked, reader, _ = scene(filled(coarse, tmp_path), "pr")
    made = []
    for time in range(1, 25):
        found = looked.fields(reader, None, time)
        np.testing.assert_allclose(found[LINEAR], rate[(time + 2) // 3], rtol=1e-5)
        made.append(np.abs(found["output_linear"]).max())
    assert max(made) > 1e-6


def test_a_direction_turns_the_short_way_round(tmp_path: Path) -> None:
    coarse = temperature(np.zeros(3))
    degrees = np.broadcast_to(np.array([350.0, 10.0, 30.0])[:, None, None], (3, *SHAPE))
    said = {"units": "degree", "standard_name": "wind_from_direction"}
    coarse = coarse.assign(wd=(coarse["t2m"].dims, degrees.copy(), said))
    target = filled(coarse, tmp_path, "--method", "nearest", step="1h30min")
    looked, reader, _ = scene(target, "wd")
    found = looked.fields(reader, None, 1)
    np.testing.assert_allclose((found[LINEAR] + 180) % 360, 180, atol=1e-3)
    assert np.abs(found["output_linear"]).max() <= 10.001


def test_a_running_total_begins_at_zero_where_it_was_emptied(tmp_path: Path) -> None:
    """Totals of 4 and 6 mm, emptied at 06 UTC; a line from 6 down to 3 would be rain upwards."""
    coarse = temperature(np.zeros(5))
    totals = np.array([0.0, 4.0, 6.0, 3.0, 5.0])
    begins = coarse["time"].values[[0, 0, 0, 2, 2]]
    coarse = coarse.assign(
        tp=(
            coarse["t2m"].dims,
            np.broadcast_to(totals[:, None, None], (5, *SHAPE)).copy(),
            {"units": "kg m-2", "standard_name": "precipitation_amount", "time_bounds": "tp_bnds"}
            | {"cell_methods": "time: sum"},
        ),
        tp_bnds=(("time", "bnds"), np.stack([begins, coarse["time"].values], axis=1)),
    )
    looked, reader, _ = scene(filled(coarse, tmp_path), "tp")
    line = looked.at_place(reader, None, 7, 0).linear
    thirds = np.array([0, 4, 8, 12, 14, 16, 18, 3, 6, 9, 11, 13, 15])
    np.testing.assert_allclose(line, thirds / 3, rtol=1e-5)
    for time in range(13):
        there = looked.fields(reader, None, time)[LINEAR].flat[7]
        assert there == pytest.approx(thirds[time] / 3, rel=1e-5)


def test_the_series_of_a_place_is_what_the_maps_show_there(output: Path) -> None:
    for name in ("t2m", "sp", "tp"):
        looked, reader, _ = scene(output, name)
        series = looked.at_place(reader, None, 13, 5)
        assert series.times == slice(0, 25)
        for time in range(25):
            found = looked.fields(reader, None, time)
            assert series.output[time] == pytest.approx(found[OUTPUT].flat[13], nan_ok=True)
            there = found[LINEAR].flat[13] if LINEAR in found else np.nan
            assert series.linear[time] == pytest.approx(there, nan_ok=True)


def test_of_an_extreme_and_of_what_is_unclear_there_is_none_and_that_is_said(
    tmp_path: Path,
) -> None:
    coarse = mixed().drop_vars(["sp", "tp"])
    coarse["tx"] = coarse["t2m"].copy()
    coarse["tx"].attrs = {"units": "K", "standard_name": "air_temperature"}
    coarse["tx"].attrs["cell_methods"] = "time: maximum"
    looked, reader, _ = scene(filled(coarse, tmp_path), "tx")
    assert LINEAR not in looked.fields(reader, None, 4)
    assert looked.straight.reason == "no straight line: the maximum of a period has none."


def test_periods_alone_are_divided_as_beside_others_and_drawn_in_steps(tmp_path: Path) -> None:
    looked, reader, _ = scene(filled(mixed()[["tp", "time_bnds"]], tmp_path), "tp")
    coarse = mixed()["tp"].values
    for time in range(27):  # periods of the input end at 2, 5, 8, ...
        line = looked.fields(reader, None, time)[LINEAR]
        np.testing.assert_allclose(line, coarse[time // 3] / 3, atol=0.011)  # packed
    there = looked.at_place(reader, None, 7, 10)
    assert not there.given.any()
    way = path_of(looked.output, looked.field, there.times, np.arange(27.0))
    np.testing.assert_array_equal(way.along(there.output)[::2], there.output)
    np.testing.assert_array_equal(way.along(there.output)[1::2], there.output)
    np.testing.assert_allclose(way.x[::2], np.arange(27) - 1)
    np.testing.assert_allclose(way.x[1::2], np.arange(27))
