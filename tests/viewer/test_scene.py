"""What is compared on the page: truth, errors, colours, the band, and windows of long series."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr
from tests.engine.making import mixed, save, temperature
from tests.viewer.making import filled, only, scene, stored

from temdeep.errors import TemdeepError
from temdeep.viewer.reading import Reader, window
from temdeep.viewer.runs import open_runs
from temdeep.viewer.scene import LINEAR, OUTPUT, TRUTH, Scene


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output that was made of each third hour of its truth, which lacks the last four."""
    made = tmp_path_factory.mktemp("scene")
    hourly = mixed(25, step_h=1, seed=4)[["t2m", "sp"]]
    filled(hourly.isel(time=slice(None, None, 3)), made)
    save(hourly.isel(time=slice(0, 21)), made, "truth.nc")
    return made


def test_errors_are_what_was_made_minus_the_truth_of_the_same_time(folder: Path) -> None:
    looked, reader, true = scene(folder / "out.nc", "sp", folder / "truth.nc")
    truth = stored(folder / "truth.nc", "sp").values
    for time in (1, 3, 20):
        found = looked.fields(reader, true, time)
        np.testing.assert_allclose(found[TRUTH], truth[time], rtol=1e-6)
        np.testing.assert_array_equal(found["output_truth"], found[OUTPUT] - found[TRUTH])
        np.testing.assert_array_equal(found["linear_truth"], found[LINEAR] - found[TRUTH])
    assert TRUTH not in looked.fields(reader, true, 21)
    series = looked.at_place(reader, true, 6, 0)
    np.testing.assert_allclose(series.truth[:21], truth.reshape(21, -1)[:, 6], rtol=1e-6)
    assert np.isnan(series.truth[21:]).all()
    assert np.flatnonzero(series.given).tolist() == list(range(0, 25, 3))


def test_colours_hold_for_what_is_compared_and_for_all_times(folder: Path) -> None:
    looked, reader, true = scene(folder / "out.nc", "sp", folder / "truth.nc")
    limits = looked.limits(reader, true)
    truth = stored(folder / "truth.nc", "sp").values
    assert truth.min() <= limits.low < np.percentile(truth, 5)
    assert np.percentile(truth, 95) < limits.high <= truth.max()
    found = looked.fields(reader, true, 4)
    alone = looked.limits_of(found)
    largest = max(np.abs(found[name]).max() for name in ("output_truth", "linear_truth"))
    assert 0.9 * largest < alone.largest <= largest


def test_colours_are_taken_from_all_hours_of_the_day(tmp_path: Path) -> None:
    """Sunlight of eight days; eight moments as far apart would all see the same hour."""
    times = np.datetime64("2019-06-01", "ns") + np.arange(65) * np.timedelta64(3, "h")
    sun = np.clip(900 * np.sin((np.arange(65) % 8 - 2) / 4 * np.pi), 0, None)
    coarse = temperature(sun, times)
    for shift in range(1, 8):
        coarse[f"t{shift}"] = coarse["t2m"].roll(time=shift)
    target = filled(coarse, tmp_path)
    for name in coarse.data_vars:
        looked, reader, _ = scene(target, str(name))
        assert looked.limits(reader, None).high > 600


def test_a_field_that_is_the_same_everywhere_still_has_colours(tmp_path: Path) -> None:
    looked, reader, _ = scene(filled(temperature([280.0, 280.0, 280.0]), tmp_path), "t2m")
    limits = looked.limits(reader, None)
    assert limits.low < limits.high
    assert limits.largest > 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda ds: ds.isel(lat=slice(0, 3)), "the truth odd.nc lies on another grid than out.nc"),
        (
            lambda ds: ds.assign_coords(time=ds["time"] + np.timedelta64(1, "D") * 30),
            "the truth odd.nc has none of the times of out.nc: it runs from 2019-03-31T00:00 to",
        ),
        (
            lambda ds: ds.rename(t2m="t", sp="p"),
            "the truth odd.nc has no variable of out.nc: it has t, p, the output t2m, sp.",
        ),
        (lambda ds: ds.convert_calendar("noleap"), "is of the noleap calendar"),
    ],
)
def test_a_truth_that_cannot_be_compared_is_refused(
    folder: Path, tmp_path: Path, change: object, sentence: str
) -> None:
    hourly = stored_dataset(folder / "truth.nc")
    assert callable(change)
    odd = change(hourly)
    for name in odd.variables:
        odd[name].encoding = {}
    odd.to_netcdf(tmp_path / "odd.nc")
    with pytest.raises(TemdeepError, match=sentence):
        open_runs(folder / "out.nc", tmp_path / "odd.nc")


def test_a_truth_in_other_units_is_left_out_and_said_so(folder: Path, tmp_path: Path) -> None:
    hourly = stored_dataset(folder / "truth.nc")
    hourly["t2m"].attrs["units"] = "degC"
    hourly.to_netcdf(tmp_path / "odd.nc")
    run = open_runs(folder / "out.nc", tmp_path / "odd.nc")[0]
    assert run.truth is not None
    assert run.truth.notes == {"t2m": "the truth is in 'degC', the output in 'K'"}
    looked = Scene(run.output, run.output.opened.fields["t2m"], run.truth)
    assert TRUTH not in looked.fields(run.reader, run.true_reader, 1)


def test_a_standard_deviation_or_percentiles_beside_a_variable_are_drawn_as_its_band(
    folder: Path, tmp_path: Path
) -> None:
    made = stored_dataset(folder / "out.nc")
    made["sp_standard_deviation"] = xr.full_like(made["sp"], 20.0)
    for percent in (2.5, 50, 90):
        made[f"low_{percent}"] = (made["sp"] + percent).assign_attrs(probability=percent / 100)
    made["sp"].attrs["ancillary_variables"] = "sp_standard_deviation low_2.5 low_50 low_90"
    made["error"] = xr.full_like(made["t2m"], 0.5)
    made["error"].attrs["standard_name"] = "air_temperature standard_error"
    made["t2m"].attrs["ancillary_variables"] = "error of_nothing"
    made.to_netcdf(tmp_path / "spread.nc")
    looked, reader, _ = scene(tmp_path / "spread.nc", "t2m")
    assert list(looked.output.opened.fields) == ["t2m", "sp"]
    series = looked.at_place(reader, None, 2, 0)
    assert series.band is not None
    low, high = series.band
    np.testing.assert_allclose(high - series.output, 1.645 * 0.5, rtol=1e-3)
    np.testing.assert_allclose(series.output - low, 1.645 * 0.5, rtol=1e-3)
    looked, reader, _ = scene(tmp_path / "spread.nc", "sp")
    assert looked.field.band is not None
    assert looked.field.band.words == "2.5 to 90 % quantiles"
    series = looked.at_place(reader, None, 2, 0)
    assert series.band is not None
    np.testing.assert_allclose(series.band[0] - series.output, 2.5, atol=0.02)
    np.testing.assert_allclose(series.band[1] - series.output, 90, atol=0.02)


def test_what_temdeep_did_not_make_is_refused(folder: Path) -> None:
    with pytest.raises(TemdeepError, match=r"truth.nc was not written by temdeep downscale"):
        only(folder / "truth.nc")
    with pytest.raises(TemdeepError, match=r"there is no file 'none.nc'"):
        only(Path("none.nc"))


def test_each_forecast_run_is_looked_at_on_its_own(tmp_path: Path) -> None:
    run = temperature([280.0, 283.0, 281.0]).rename(time="step")
    run = run.assign_coords(step=("step", [0, 6, 12], {"units": "hours"}))
    starts = np.array(["2019-03-01", "2019-03-02"], "datetime64[ns]")
    named = {"standard_name": "forecast_reference_time"}
    both = xr.concat([run, run + 5.0], dim="time", coords="minimal").assign_coords(
        time=("time", starts, named)
    )
    both["t2m"].attrs = run["t2m"].attrs
    runs = open_runs(filled(both, tmp_path), None)
    assert [one.output.label for one in runs] == [
        "run of 2019-03-01T00:00",
        "run of 2019-03-02T00:00",
    ]
    second = runs[1]
    looked = Scene(second.output, second.output.opened.fields["t2m"], None)
    np.testing.assert_allclose(looked.fields(second.reader, None, 3)[LINEAR], 286.5)


def test_an_archive_larger_than_memory_opens_at_once_and_little_of_it_is_read(
    tmp_path: Path,
) -> None:
    """400 GB of hourly fields of which three chunks are there; the others are missing values."""
    store = tmp_path / "large.zarr"
    count, rows, columns = 100_000, 1_000, 1_000
    sizes = {"time": count, "lat": rows, "lon": columns}
    group = zarr.open_group(store, mode="w")
    for name, values, units in (
        ("time", np.arange(count), "hours since 2000-01-01"),
        ("lat", np.linspace(50, -49.9, rows), "degrees_north"),
        ("lon", np.linspace(0, 99.9, columns), "degrees_east"),
        ("temdeep_provenance", (np.arange(count) % 6 > 0).astype(np.int8), ""),
    ):
        dims = ("time",) if name == "temdeep_provenance" else (name,)
        made = group.create_array(name, data=values, dimension_names=dims)
        made.attrs.update({"units": units} if units else {})
    fields = group.create_array(
        "t2m",
        shape=tuple(sizes.values()),
        chunks=(1, rows, columns),
        dtype="f4",
        fill_value=np.nan,
        dimension_names=tuple(sizes),
    )
    fields.attrs.update({"units": "K", "standard_name": "air_temperature"})
    for time, value in ((60_000, 280.0), (60_001, 281.0), (60_006, 286.0)):
        fields[time] = value
    tracemalloc.start()
    output = only(store)
    reader = Reader(output.opened)
    looked = Scene(output, output.opened.fields["t2m"], None)
    found = looked.fields(reader, None, 60_001)
    series = looked.at_place(reader, None, 500_500, 60_001)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_allclose(found[LINEAR], 281.0)
    assert (found["output_linear"] == 0).all()
    assert series.times.start % 6 == 0
    assert series.times.stop - series.times.start <= 60
    assert series.linear[60_001 - series.times.start] == pytest.approx(281.0)
    assert peak < 250e6


def test_a_window_holds_its_moment_and_rests_while_that_moves_a_little() -> None:
    moved = []
    for moment in range(1_000):
        shown = window(1_000, moment, 100)
        assert shown.stop - shown.start == 100
        assert shown.start <= moment < shown.stop
        assert moment - shown.start >= 25 or shown.start == 0
        assert shown.stop - moment >= 25 or shown.stop == 1_000
        moved.append(shown.start)
    assert len(set(moved)) <= 21
    assert window(30, 7, 100) == slice(0, 30)


def stored_dataset(path: Path) -> xr.Dataset:
    """All of a file, in memory."""
    with xr.open_dataset(path) as found:
        return found.load()
