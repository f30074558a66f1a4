"""Files keep what they were given, say what was made, and are complete or absent."""

import errno
import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr
from tests.engine.making import HOUR, Failing, in_memory, mixed, opened, save, temperature

from temdeep.cli.main import main
from temdeep.engine import laid_out, netcdf_file
from temdeep.engine.dataset import fill_dataset
from temdeep.engine.layout import Layout
from temdeep.engine.plan import plan
from temdeep.engine.template import RANGES
from temdeep.engine.writers import Manner, Written, check_target, steps, write
from temdeep.errors import InputError, OutputError, RequestError
from temdeep.fields.series import open_series
from temdeep.methods.cubic import Cubic
from temdeep.methods.simple import Linear

FORMATS = ["out.nc", "out.zarr"]


def raw(path: Path, name: str) -> np.ndarray:
    """Numbers as stored, without CF decoding."""
    if path.suffix == ".zarr":
        return np.asarray(zarr.open_group(path, mode="r")[name][...])  # type: ignore[index]
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        return np.asarray(file[name][...])


def read(path: Path) -> xr.Dataset:
    engine: Any = "zarr" if path.suffix == ".zarr" else "netcdf4"
    with xr.open_dataset(path, engine=engine) as dataset:
        return dataset.load()


def fill_file(
    dataset: xr.Dataset, folder: Path, target: str, method: Any = None, **request: Any
) -> tuple[Path, Written]:
    series = opened(dataset, folder)
    path = folder / target
    wanted = plan(series, **(request or {"step": "1h"}))
    return path, write(series, method or Cubic(), wanted, path)


@pytest.mark.parametrize("source", ["in.nc", "in.zarr"])
@pytest.mark.parametrize("target", FORMATS)
def test_given_values_come_back_bit_for_bit(tmp_path: Path, source: str, target: str) -> None:
    from_file = save(mixed(), tmp_path, source)
    series = open_series([from_file])
    path = tmp_path / target
    write(series, Cubic(), plan(series, step="1h"), path)
    assert raw(path, "t2m").dtype == np.int16
    np.testing.assert_array_equal(raw(path, "t2m")[::3], raw(from_file, "t2m"))
    np.testing.assert_array_equal(
        raw(path, "sp")[::3].view(np.int64), raw(from_file, "sp").view(np.int64)
    )
    np.testing.assert_array_equal(read(path)["time"][::3], read(from_file)["time"])


@pytest.mark.parametrize("target", FORMATS)
def test_stored_sums_add_up_to_the_given_ones(tmp_path: Path, target: str) -> None:
    path, _ = fill_file(mixed(), tmp_path, target)
    parts = raw(path, "tp").astype(int)
    np.testing.assert_array_equal(
        parts[1:].reshape(8, 3, 4, 5).sum(axis=1), raw(tmp_path / "in.nc", "tp")[1:]
    )
    assert parts.min() >= 0


@pytest.mark.parametrize("target", FORMATS)
def test_sums_stored_as_float32_add_up_to_the_last_bit(tmp_path: Path, target: str) -> None:
    dataset = mixed()
    dataset["tp"].encoding = {"dtype": "float32"}
    path, _ = fill_file(dataset, tmp_path, target, step="25min")
    parts = raw(path, "tp")
    assert parts.dtype == np.float32
    hour = dataset["tp"].values[1:6].astype(np.float32)
    day = parts[1:37].astype(np.float64).sum(axis=0)  # 36 periods of 25 min are five of 3 h
    whole = hour.astype(np.float64).sum(axis=0)
    assert (np.abs(day - whole) <= np.spacing(whole.astype(np.float32))).all()


@pytest.mark.parametrize("target", FORMATS)
def test_coordinates_attributes_and_encodings_are_kept(tmp_path: Path, target: str) -> None:
    path, _ = fill_file(mixed(), tmp_path, target)
    before, after = read(tmp_path / "in.nc"), read(path)
    for name in ("lat", "lon", "height", "orog"):
        xr.testing.assert_identical(
            before[name].drop_vars("height"), after[name].drop_vars("height")
        )
    for name in ("t2m", "sp", "tp"):
        assert {**before[name].attrs, "temdeep_method": "cubic"} == after[name].attrs
        assert before[name].dims == after[name].dims
        assert before[name].dtype == after[name].dtype
        for key in ("scale_factor", "add_offset", "_FillValue", "dtype", "coordinates"):
            assert before[name].encoding.get(key) == after[name].encoding.get(key), key
    assert after["time"].encoding["units"] == before["time"].encoding["units"]
    assert after["time"].encoding["dtype"] == before["time"].encoding["dtype"]
    assert after["height"].attrs == before["height"].attrs
    if target == "out.nc":
        assert after["t2m"].encoding["complevel"] == 2
        assert after["t2m"].encoding["chunksizes"] == (2, 4, 5)
    np.testing.assert_array_equal(after["time_bnds"][:, 1], after["time"])
    np.testing.assert_array_equal(after["time_bnds"][:, 1] - after["time_bnds"][:, 0], HOUR)


def test_provenance_says_what_is_given_and_what_is_made(tmp_path: Path) -> None:
    series = opened(mixed(), tmp_path)
    path = tmp_path / "out.nc"
    about = {"history": "today: temdeep downscale", "temdeep_model_sha256": "abc"}
    done = write(series, Linear(), plan(series, step="1h"), path, provenance=about)
    found = read(path)
    flag = found["temdeep_provenance"]
    assert flag.values.tolist() == [2, 1, 1] * 8 + [2]
    assert flag.attrs["flag_meanings"].split()[1] == "made_by_linear"
    assert flag.attrs["flag_values"].tolist() == [0, 1, 2]
    assert found.attrs["history"] == "today: temdeep downscale\nmade"
    assert found.attrs["title"] == "made for a test"
    assert found.attrs["temdeep_method"] == "linear"
    assert found.attrs["temdeep_model_sha256"] == "abc"
    assert found["tp"].attrs["temdeep_method"] == "linear: periods are divided evenly"
    assert (done.given, done.made) == (9, 16)


def test_whole_given_periods_count_as_given(tmp_path: Path) -> None:
    path, _ = fill_file(mixed()[["tp", "time_bnds"]], tmp_path, "out.nc", step="3h")
    assert (read(path)["temdeep_provenance"] == 0).all()
    np.testing.assert_array_equal(raw(path, "tp"), raw(tmp_path / "in.nc", "tp"))


@pytest.mark.parametrize("target", FORMATS)
def test_a_time_unit_too_coarse_is_widened_and_said(tmp_path: Path, target: str) -> None:
    path, done = fill_file(mixed(), tmp_path, target, step="20min")
    assert any("stored in minutes (int64) instead of hours (int32)" in one for one in done.notes)
    times = read(path)["time"]
    assert times.encoding["units"] == "minutes since 2000-01-01"
    np.testing.assert_array_equal(np.diff(times), np.timedelta64(20, "m"))


@pytest.mark.parametrize("target", FORMATS)
def test_a_packing_too_narrow_is_widened_and_said(tmp_path: Path, target: str) -> None:
    """The packing just holds the given values; the spline overshoots between them."""
    values = [280, 280, 283.2767, 283.2767, 280, 280, 280]
    packing = {"dtype": "int16", "scale_factor": 1e-4, "add_offset": 280.0, "_FillValue": -32768}
    path, done = fill_file(temperature(values, **packing), tmp_path, target)
    assert done.notes == (
        "'t2m' is stored as int32 instead of int16: int16 cannot hold all new values.",
    )
    stored = raw(path, "t2m")
    assert stored.dtype == np.int32
    assert stored.max() > 32767
    np.testing.assert_array_equal(stored[::3], raw(tmp_path / "in.nc", "t2m"))
    assert read(path)["t2m"].max() > 283.3
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.nc", target]


def test_files_packed_differently_keep_their_values(tmp_path: Path) -> None:
    dataset = mixed(count=12)[["t2m"]]
    first, second = dataset.isel(time=slice(6)), dataset.isel(time=slice(6, 12)).copy(deep=True)
    second["t2m"][:] += 0.004
    second["t2m"].encoding = {**first["t2m"].encoding, "add_offset": 280.004}
    sources = [save(first, tmp_path, "1.nc"), save(second, tmp_path, "2.nc")]
    series = open_series(sources)
    done = write(series, Linear(), plan(series, step="1h"), tmp_path / "out.nc")
    assert done.notes == (
        "'t2m' is stored as float64 instead of int16: the input is not packed alike throughout.",
    )
    given = np.concatenate([read(source)["t2m"] for source in sources])
    np.testing.assert_array_equal(read(tmp_path / "out.nc")["t2m"][::3], given)


def test_missing_values_where_nothing_says_missing_widen_the_storage(tmp_path: Path) -> None:
    dataset = mixed()[["tp", "time_bnds"]].drop_vars("height")
    source = save(dataset, tmp_path)
    with netCDF4.Dataset(source, "a") as file:
        old = file["tp"]
        bare = file.createVariable("rain", "i2", old.dimensions)
        bare.setncatts({k: old.getncattr(k) for k in old.ncattrs() if k != "_FillValue"})
        bare.set_auto_maskandscale(False)
        old.set_auto_maskandscale(False)
        bare[:] = old[:]
    series = open_series([source], variables=["rain"])
    path = tmp_path / "out.nc"
    wanted = plan(series, at=["2019-03-01T01:00", "2019-03-01T04:00"], period="6h")
    done = write(series, Cubic(), wanted, path)
    assert done.notes[-1].startswith("'rain' is stored as int32 instead of int16")
    assert np.isnan(read(path)["rain"].values).all(axis=(1, 2)).tolist() == [True, False]


@pytest.mark.parametrize("target", FORMATS)
def test_other_calendars_are_written_in_themselves(tmp_path: Path, target: str) -> None:
    times = xr.date_range("2000-02-29", periods=5, freq="12h", calendar="360_day", use_cftime=True)
    path, _ = fill_file(temperature(range(5), times), tmp_path, target, step="8h")
    found = read(path)["time"]
    assert found.encoding["calendar"] == "360_day"
    assert [str(one) for one in found.values[2:4]] == ["2000-02-29 16:00:00", "2000-02-30 00:00:00"]


@pytest.mark.parametrize("target", FORMATS)
def test_levels_and_coordinates_along_time_are_kept(tmp_path: Path, target: str) -> None:
    base = temperature(range(4))
    dataset = base.expand_dims(level=[500.0, 850.0], axis=1).copy(deep=True)
    dataset["t2m"][:, 1] += 100
    dataset = dataset.transpose("time", "lat", "level", "lon")
    dataset["level"].attrs = {"units": "hPa", "standard_name": "air_pressure"}
    dataset = dataset.assign_coords(forecast_period=("time", [0.0, 3.0, 6.0, 9.0], {"units": "h"}))
    path, _ = fill_file(dataset, tmp_path, target, Linear(), step="90min")
    found = read(path)
    assert found["t2m"].dims == ("time", "lat", "level", "lon")
    np.testing.assert_allclose(found["forecast_period"], np.arange(7) * 1.5)
    np.testing.assert_allclose(
        found["t2m"][:, 0, :, 0].T, [np.arange(7) / 2, 100 + np.arange(7) / 2]
    )


def test_a_field_with_the_name_of_the_flag_is_refused(tmp_path: Path) -> None:
    dataset = temperature(range(3)).rename(t2m="temdeep_provenance")
    with pytest.raises(RequestError, match="has a field called 'temdeep_provenance'"):
        fill_file(dataset, tmp_path, "out.nc")
    assert not (tmp_path / "out.nc").exists()


def test_text_and_bare_integers_go_into_a_store_without_complaint(tmp_path: Path) -> None:
    dataset = temperature(range(3))
    dataset["station"] = ("place", np.array(["a", "bb"]))
    series = opened(dataset, tmp_path)
    series.dataset["t2m"].encoding = {"dtype": np.dtype("int16"), "scale_factor": 0.01}
    path = tmp_path / "out.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write(series, Cubic(), plan(series, step="1h"), path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        assert read(path)["station"].values.tolist() == ["a", "bb"]


def test_numbers_along_time_are_neither_wrapped_nor_averaged_where_they_mean_no_amount(
    tmp_path: Path,
) -> None:
    base = temperature(range(4))
    hours = {"units": "h"}
    dataset = base.assign(
        falling=("time", np.array([200, 100, 50, 0], "u1"), hours),
        wide=("time", np.array([-30000, 30000, -30000, 30000], "i2"), hours),
        quality=("time", np.array([0, 3, 0, 3], "i1"), {"flag_values": np.array([0, 3], "i1")}),
        heading=("time", [350.0, 10.0, 350.0, 330.0], {"standard_name": "wind_from_direction"}),
    )
    path, _ = fill_file(dataset, tmp_path, "out.nc", Linear(), step="1h")
    found = read(path)
    np.testing.assert_allclose(found["falling"][:5], [200, 500 / 3, 400 / 3, 100, 250 / 3])
    np.testing.assert_array_equal(found["wide"][:4], [-30000, -10000, 10000, 30000])
    np.testing.assert_array_equal(found["quality"][:7], [0, 0, 3, 3, 3, 0, 0])
    np.testing.assert_allclose(found["heading"][:4] % 360, [350, 350 + 20 / 3, 10 / 3, 10])
    assert found["wide"].dtype == np.int16
    assert found["quality"].dtype == np.int8


AREA_SUM = {"standard_name": "precipitation_amount", "units": "kg m-2"}


@pytest.mark.parametrize(
    "attributes",
    [
        {**AREA_SUM, "cell_methods": "time: sum"},
        {"units": "K", "cell_methods": "time: mean"},
        {"units": "K", "cell_methods": "time: standard_deviation"},
        AREA_SUM,  # which does not say, and may be a sum
    ],
    ids=lambda attributes: attributes.get("cell_methods", "unsaid"),
)
def test_numbers_of_periods_without_a_grid_are_left_out_and_said(
    attributes: dict[str, str],
) -> None:
    """On a line between stamps, a total of 18 mm would become 138."""
    dataset = mixed().assign(area=("time", [6.0, 0, 6, 0, 6, 0, 0, 0, 0], attributes))
    series = in_memory(dataset)
    found, notes = fill_dataset(series, Linear(), plan(series, step="1h"))
    assert "area" not in found
    assert any(one.startswith("'area' holds, or may hold, for periods") for one in notes)
    said = in_memory(dataset, kinds={"area": "instantaneous"})
    assert "area" in fill_dataset(said, Linear(), plan(said, step="1h"))[0]


def test_a_variable_along_time_is_not_extrapolated_and_a_coordinate_goes_on() -> None:
    """Rain alone is written from the begin of its first period, 3 h before the first stamp."""
    dataset = mixed()[["tp", "time_bnds"]].assign(
        heat=("time", np.arange(9.0), {"standard_name": "air_temperature", "units": "K"}),
        count=("time", np.arange(9), {"standard_name": "air_temperature", "units": "K"}),
        level=("time", np.arange(9, dtype="i1"), {"flag_values": np.arange(9, dtype="i1")}),
    )
    dataset = dataset.assign_coords(lead=("time", np.arange(9.0) * 3, {"units": "h"}))
    series = in_memory(dataset)
    found, notes = fill_dataset(series, Linear(), plan(series, step="1h"))
    hours = np.arange(-2, 25)
    assert (found["time"].values == dataset["time"].values[0] + hours * HOUR).all()
    for name in ("heat", "count"):
        np.testing.assert_allclose(found[name], np.where(hours < 0, np.nan, hours / 3))
    np.testing.assert_allclose(found["lead"], hours)
    assert "level" not in found
    assert any(one.startswith("'level' ") for one in notes)


def test_variables_along_time_that_are_not_named_are_left_out() -> None:
    heat = ("time", np.arange(9.0), {"standard_name": "air_temperature", "units": "K"})
    series = in_memory(mixed().assign(heat=heat), variables=["t2m"])
    found, notes = fill_dataset(series, Linear(), plan(series, step="1h"))
    assert "heat" not in found
    assert not any("heat" in one for one in notes)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("sum:3h", None, "time: sum"),
        ("mean", "area: sum (of land)", "area: sum (of land) time: mean"),
        ("maximum:3h", "area: mean time: minimum", "area: mean time: maximum"),
        ("instantaneous", None, "time: point"),
        ("accumulated", None, "time: sum"),
    ],
)
def test_an_output_says_the_kind_that_only_the_user_had_said(
    tmp_path: Path, kind: str, before: str | None, after: str
) -> None:
    dataset = mixed()[["tp", "time_bnds"]]
    if kind == "accumulated":
        dataset = dataset.assign(tp=dataset["tp"].cumsum("time").assign_attrs(dataset["tp"].attrs))
    if ":" in kind or kind == "accumulated":
        dataset = dataset.drop_vars("time_bnds")
        del dataset["time"].attrs["bounds"]
    del dataset["tp"].attrs["cell_methods"]
    if before is not None:
        dataset["tp"].attrs["cell_methods"] = before
    series = in_memory(dataset, kinds={"tp": kind})
    wanted = plan(series, step="1h")
    write(series, Linear(), wanted, tmp_path / "out.nc")
    assert read(tmp_path / "out.nc")["tp"].attrs["cell_methods"] == after
    assert open_series(tmp_path / "out.nc").channels[0].kind is series.channels[0].kind


@pytest.mark.parametrize("target", FORMATS)
def test_no_made_value_is_hidden_by_a_range_that_given_ones_had(
    tmp_path: Path, target: str
) -> None:
    """netCDF4 takes values beyond valid_range for missing; the spline goes below 273 K."""
    dataset = temperature([273, 273, 283, 273, 273, 283, 273])
    said = {"valid_range": np.array([273.0, 283.0], "f4"), "valid_min": 273.0, "valid_max": 283.0}
    dataset["t2m"].attrs |= said | {"actual_range": np.array([273.0, 283.0])}
    dataset["cover"] = (
        dataset["t2m"]
        .astype("i1")
        .assign_attrs(
            flag_values=np.array([17, 27], "i1"), valid_range=np.array([0, 30], "i1"), units="1"
        )
    )
    path, done = fill_file(dataset, tmp_path, target, step="1h")
    found = read(path)
    assert found["t2m"].min() < 272.5
    assert not set(RANGES) & set(found["t2m"].attrs)
    np.testing.assert_array_equal(found["cover"].attrs["valid_range"], [0, 30])
    (note,) = [one for one in done.notes if one.startswith("valid_range of t2m is not written")]
    assert "made values may lie beyond it, and given ones that do are taken as they are" in note
    if target.endswith(".nc"):
        with netCDF4.Dataset(path) as file:
            assert not np.ma.getmaskarray(file["t2m"][:]).any()


def test_text_along_time_is_left_out_and_said(tmp_path: Path) -> None:
    dataset = temperature(range(3))
    dataset["quality"] = ("time", np.array(["good", "bad", "good"]))
    path, done = fill_file(dataset, tmp_path, "out.nc")
    assert "quality" not in read(path)
    assert any(one.startswith("'quality' is no field in time") for one in done.notes)


@pytest.mark.parametrize("target", FORMATS)
def test_an_existing_output_is_refused_and_replaced_only_when_asked(
    tmp_path: Path, target: str
) -> None:
    path, _ = fill_file(temperature([1, 1]), tmp_path, target)
    series = in_memory(temperature([2, 2]))
    with pytest.raises(OutputError, match="exists already: say overwrite=True"):
        write(series, Linear(), plan(series, step="1h"), path)
    assert read(path)["t2m"].max() == 1
    write(series, Linear(), plan(series, step="1h"), path, manner=Manner(overwrite=True))
    assert read(path)["t2m"].min() == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.nc", target]


@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize(
    "error", [InputError("broken"), ValueError("a bug"), KeyboardInterrupt()], ids=repr
)
def test_nothing_is_left_of_a_run_that_fails(
    tmp_path: Path, target: str, error: BaseException
) -> None:
    method = Failing(error)
    with pytest.raises(type(error)):
        fill_file(mixed(), tmp_path, target, method)
    assert len(method.calls) == 3
    assert [one.name for one in tmp_path.iterdir()] == ["in.nc"]


@pytest.mark.parametrize("target", FORMATS)
def test_a_failed_replacement_leaves_the_old_output(tmp_path: Path, target: str) -> None:
    path, _ = fill_file(temperature([1, 1, 1]), tmp_path, target)
    series = in_memory(temperature([2, 2, 2]))
    with pytest.raises(InputError):
        write(
            series,
            Failing(InputError("broken"), after=1),
            plan(series, step="1h"),
            path,
            manner=Manner(overwrite=True),
        )
    assert read(path)["t2m"].max() == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.nc", target]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("out.grib", "neither NetCDF .* nor Zarr"),
        ("out", "neither NetCDF .* nor Zarr"),
        ("nowhere/out.nc", "there is no folder"),
    ],
)
def test_a_target_that_cannot_be_is_refused_at_once(tmp_path: Path, target: str, told: str) -> None:
    with pytest.raises(OutputError, match=told):
        check_target(tmp_path / target, overwrite=True)


def test_a_url_to_write_to_is_refused_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["downscale", "in.nc", "-o", "s3://bucket/out.zarr", "--step", "1h"]
    assert main(asked) == 2
    assert "s3://bucket/out.zarr is a URL, and outputs go into folders" in capsys.readouterr().err


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "notes.zarr"
    folder.mkdir()
    (folder / "thesis.tex").touch()
    with pytest.raises(OutputError, match="is a folder but no Zarr store"):
        check_target(folder, overwrite=True)


@pytest.mark.parametrize("dataset", [mixed(), temperature([1, 2, 3])], ids=["compressed", "not"])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full: .*out.nc was not"),
        (PermissionError(errno.EACCES, "Permission denied"), "out.nc cannot be written"),
        (RuntimeError("NetCDF: HDF error"), "out.nc cannot be written: NetCDF: HDF error"),
    ],
)
def test_what_the_file_system_says_is_told_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dataset: xr.Dataset,
    error: Exception,
    told: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(laid_out.LaidOutFile, "write", fail)
    monkeypatch.setattr(netcdf_file.NetCDFFile, "write", fail)
    with pytest.raises(OutputError, match=told):
        fill_file(dataset, tmp_path, "out.nc")
    assert [one.name for one in tmp_path.iterdir()] == ["in.nc"]


def test_a_file_system_of_no_size_is_no_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As /proc is, where nothing can be written: its error number says so."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))

    usage = shutil.disk_usage(tmp_path)._replace(total=0, free=0)
    monkeypatch.setattr(laid_out.LaidOutFile, "write", fail)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OutputError, match=r"out\.nc cannot be written: .*No such file"):
        fill_file(temperature([1, 2, 3]), tmp_path, "out.nc")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MiB, where the system lets us have one."""
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    made = (
        mount
        and not subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)],
            capture_output=True,
            check=False,
        ).returncode
    )
    if not made:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("target", FORMATS)
def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, small_disk: Path, target: str
) -> None:
    rng = np.random.default_rng(0)
    dataset = temperature(rng.normal(280, 9, 40))
    dataset = dataset.isel(lat=[0] * 30, lon=[0] * 40)
    dataset["t2m"][:] = rng.normal(280, 9, dataset["t2m"].shape)
    dataset = dataset.assign_coords(lat=50 - np.arange(30) / 4, lon=np.arange(40) / 4)
    dataset["lat"].attrs["units"], dataset["lon"].attrs["units"] = "degrees_north", "degrees_east"
    series = opened(dataset, tmp_path)
    with pytest.raises(OutputError, match=f"the disk is full: .*{target} was not written"):
        write(series, Linear(), plan(series, step="20min"), small_disk / target)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("layout", [Layout(), Layout(compression=0)], ids=["usual", "laid out"])
def test_progress_counts_every_step(tmp_path: Path, layout: Layout) -> None:
    series = opened(mixed(), tmp_path)
    wanted = plan(series, step="1h")
    told: list[int] = []
    manner = Manner(layout=layout)
    write(series, Linear(), wanted, tmp_path / "out.nc", manner=manner, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == steps(series, Linear(), wanted, tmp_path / "out.nc") == 125


def test_the_input_may_be_replaced_by_its_own_filling(tmp_path: Path) -> None:
    series = opened(temperature([1, 2, 3]), tmp_path)
    write(
        series,
        Linear(),
        plan(series, step="90min"),
        tmp_path / "in.nc",
        manner=Manner(overwrite=True),
    )
    np.testing.assert_allclose(read(tmp_path / "in.nc")["t2m"][:, 0, 0], [1, 1.5, 2, 2.5, 3])
    assert os.listdir(tmp_path) == ["in.nc"]  # noqa: PTH208 - hidden files count


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
@pytest.mark.parametrize(
    "said",
    [
        {"_FillValue": np.float32(np.nan), "missing_value": np.float32(-9999.0)},
        {"_FillValue": np.float32(1e20)},
        {"missing_value": np.float32(-9999.0)},
        {"scale_factor": 1.0, "add_offset": 0.0},
        {"scale_factor": 1.0},
        {"add_offset": 2.0},
        {"dtype": "int16", "scale_factor": 0.01, "_FillValue": -32767, "missing_value": -9999},
    ],
)
@pytest.mark.filterwarnings("ignore:variable 't2m' has multiple fill values")
@pytest.mark.filterwarnings("ignore::xarray.coding.variables.SerializationWarning")
def test_what_the_input_says_of_its_numbers_is_said_again(
    tmp_path: Path, suffix: str, said: dict[str, Any]
) -> None:
    data = temperature([8.0, 12.0, 11.0])
    data.to_netcdf(tmp_path / "in.nc", encoding={"t2m": {"_FillValue": None}})
    with (
        netCDF4.Dataset(tmp_path / "raw.nc", "w") as file,
        xr.open_dataset(tmp_path / "in.nc", decode_times=False) as plain,
    ):
        for dim, size in plain.sizes.items():
            file.createDimension(str(dim), size)
        for name, one in plain.variables.items():
            more = said if name == "t2m" else {}
            dtype: Any = more.get("dtype", one.dtype)
            made: Any = file.createVariable(
                str(name),
                dtype,
                tuple(map(str, one.dims)),
                fill_value=more.get("_FillValue", False),
            )
            attributes = {k: v for k, v in more.items() if k not in ("dtype", "_FillValue")}
            if "missing_value" in attributes:
                attributes["missing_value"] = np.dtype(dtype).type(attributes["missing_value"])
            made.setncatts({**one.attrs, **attributes})
            made.set_auto_maskandscale(False)
            made[:] = one.values.astype(dtype)
    series = open_series(tmp_path / "raw.nc")
    write(series, Linear(), plan(series, step="1h"), tmp_path / f"out.{suffix}")
    if suffix == "nc":
        with netCDF4.Dataset(tmp_path / "out.nc") as file:
            got = {key: file["t2m"].getncattr(key) for key in file["t2m"].ncattrs()}
    else:
        with xr.open_dataset(tmp_path / "out.zarr", mask_and_scale=False) as store:
            got = dict(store.t2m.attrs)
    keys = ("_FillValue", "missing_value", "scale_factor", "add_offset")
    wanted = {key: said[key] for key in keys if key in said}
    for key, value in wanted.items():
        np.testing.assert_equal(float(got[key]), float(value))
    assert {key for key in keys[2:] if key in got} == {key for key in keys[2:] if key in said}
    with (
        xr.open_dataset(tmp_path / "raw.nc") as before,
        xr.open_dataset(tmp_path / f"out.{suffix}") as after,
    ):
        np.testing.assert_array_equal(after.t2m.values[::3], before.t2m.values)


def test_a_number_that_reads_as_missing_is_not_written(tmp_path: Path) -> None:
    """-99.99 in a hundredth: the integer that stands for missing, beside the fill value."""
    data = temperature([-50.0, -149.98], dtype="int16", scale_factor=0.01, _FillValue=-32767)
    series = in_memory(data)
    series.dataset["t2m"].encoding["missing_value"] = -9999
    written = write(series, Linear(), plan(series, at=["2019-03-01T01:30"]), tmp_path / "out.nc")
    assert "int32" in written.notes[-1]
    with xr.open_dataset(tmp_path / "out.nc") as filled:
        np.testing.assert_allclose(filled.t2m, -99.99, atol=1e-4)
        assert "missing_value" not in filled.t2m.encoding
