"""One clear sentence for each mistake: what is wrong, where, and what to do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from tests.fields.making import POINT, SUM, dataset, ending, hours, sums

from temdeep.errors import (
    GridError,
    InputError,
    TemdeepError,
    TimeAxisError,
    VariableError,
    VariableKindError,
)
from temdeep.fields.series import Series, open_series

Breaking = Callable[[xr.Dataset], xr.Dataset]


def written(data: xr.Dataset, folder: Path, name: str = "bad.nc") -> Path:
    """Write a dataset as a user's file."""
    path = folder / name
    data.to_netcdf(path)
    return path


def two_grids(data: xr.Dataset) -> xr.Dataset:
    other = dataset(name="d2m", shape=(3, 3)).rename(lat="lat2", lon="lon2")
    return data.merge(other)


def valued(value: float, at: slice) -> Breaking:
    def breaking(data: xr.Dataset) -> xr.Dataset:
        values = data.t2m.values.copy()
        values[at] = value
        return data.assign(t2m=data.t2m.copy(data=values))

    return breaking


def float_times(data: xr.Dataset) -> xr.Dataset:
    return data.drop_vars("time").assign_coords(time=("time", np.arange(12.0)))


def two_time_axes(data: xr.Dataset) -> xr.Dataset:
    return data.merge(dataset(hours(4, 3), name="d2m").rename(time="time_3h"))


CASES: dict[str, tuple[Breaking, type[TemdeepError], tuple[str, ...]]] = {
    "repeated time": (
        lambda data: data.isel(time=[0, 1, 1, 2]),
        TimeAxisError,
        ("2019-03-01T01:00 stands twice in bad.nc", "positions 1 and 2", "remove one"),
    ),
    "no cells": (
        lambda data: data.isel(lat=slice(0, 0)),
        GridError,
        ("'t2m' in bad.nc has no cells", "'lat' is empty"),
    ),
    "unsorted times": (
        lambda data: data.isel(time=[0, 2, 1, 3]),
        TimeAxisError,
        ("times of bad.nc", "2019-03-01T01:00 follows 2019-03-01T02:00", "sort"),
    ),
    "two grids": (two_grids, GridError, ("bad.nc holds two grids", "'t2m'", "'d2m'", "variables=")),
    "two time axes": (
        two_time_axes,
        TimeAxisError,
        ("'d2m' in bad.nc", "time axis 'time_3h'", "variables="),
    ),
    "a direction in radian": (
        lambda _: dataset(
            name="wdir", attributes={"standard_name": "wind_from_direction", "units": "radian"}
        ),
        VariableError,
        ("'wdir' in bad.nc is a direction in radian", "convert it to degrees"),
    ),
    "all missing": (
        valued(np.nan, slice(None)),
        VariableError,
        ("'t2m' in bad.nc is missing (NaN) at every place and time", "leave it out"),
    ),
    "text for numbers": (
        lambda data: data.assign(t2m=data.t2m.astype(str).assign_attrs(POINT)),
        VariableError,
        ("'t2m' in bad.nc holds text in place of numbers", "repair it"),
    ),
    "float times without units": (
        float_times,
        TimeAxisError,
        ("the time axis 'time' of bad.nc holds plain numbers without units", "CF units"),
    ),
    "times in words": (
        lambda data: data.assign_coords(time=[f"hour {i}" for i in range(12)]),
        TimeAxisError,
        ("the time axis 'time' of bad.nc holds text", "CF units"),
    ),
    "no time axis": (
        lambda data: data.isel(time=0, drop=True),
        TimeAxisError,
        ("bad.nc has no time axis", "dimensions are lat, lon"),
    ),
    "a single time": (
        lambda data: data.isel(time=[0]),
        TimeAxisError,
        ("bad.nc holds a single time (2019-03-01T00:00)", "at least two"),
    ),
    "a scalar time": (
        lambda data: data.isel(time=0),
        TimeAxisError,
        ("bad.nc holds a single time (2019-03-01T00:00)", "at least two"),
    ),
    "a sum that does not say over which period": (
        lambda _: sums().drop_vars("time_bnds"),
        VariableKindError,
        ("'tp' in bad.nc is a sum over a period", "no bounds", 'kinds={"tp": "sum:1h"}'),
    ),
    "a mean that does not say over which period": (
        lambda _: dataset(attributes=POINT | {"cell_methods": "time: mean"}),
        VariableKindError,
        ("'t2m' in bad.nc is a mean over a period", "no bounds", 'kinds={"t2m": "mean:1h"}'),
    ),
    "precipitation without a kind": (
        lambda _: dataset(name="tp", attributes={"units": "m"}),
        VariableKindError,
        (
            "'tp' in bad.nc could hold for an instant or for a period",
            'kinds={"tp": "instantaneous"}',
        ),
    ),
    "periods that end before they begin": (
        lambda _: dataset(name="tp", attributes=SUM, bounds=ending(hours(12))[:, ::-1]),
        TimeAxisError,
        ("time bounds of bad.nc at 2019-03-01T00:00 end before they begin",),
    ),
    "periods of no length": (
        lambda _: dataset(name="tp", attributes=SUM, bounds=ending(hours(12), step_h=0)),
        VariableKindError,
        ("'tp' in bad.nc", "bounds all begin where they end", 'kinds={"tp": "sum:1h"}'),
    ),
    "a running total that falls": (
        lambda _: dataset(
            hours(12)[1:],
            name="tp",
            attributes=SUM,
            bounds=np.stack([np.full(11, hours(1)[0]), hours(12)[1:]], axis=1),
        ),
        VariableKindError,
        ("'tp' in bad.nc should be a running total but falls by", "more than packing explains"),
    ),
    "no grid": (
        lambda data: data.drop_vars(["lat", "lon"]),
        GridError,
        ("the grid of 't2m' in bad.nc is not understood", "degrees_north"),
    ),
    "nothing to fill in": (
        lambda data: data.drop_vars("t2m").assign(a=("time", np.arange(12.0))),
        VariableError,
        ("bad.nc has no variable with both a time axis and a grid", "it has a"),
    ),
    "units that are no time": (
        lambda data: float_times(data).assign_coords(
            time=("time", np.arange(12.0), {"units": "hours since yesterday"})
        ),
        InputError,
        ("bad.nc cannot be decoded", "hours since yesterday"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_file_is_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    breaking, mistake, parts = CASES[case]
    path = written(breaking(dataset()), tmp_path)
    with pytest.raises(mistake) as error:
        open_series(path)
    sentence = str(error.value)
    for part in parts:
        assert part in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert str(tmp_path) not in sentence


def test_infinite_values_are_refused_where_they_are_read(tmp_path: Path) -> None:
    series = open_series(written(valued(np.inf, slice(4, 5))(dataset()), tmp_path))
    with pytest.raises(
        VariableError, match=r"'t2m' in bad.nc has infinite values at 2019-03-01T04"
    ):
        series.read(series.channels, slice(None))


def test_a_missing_time_is_a_gap_that_is_named(tmp_path: Path) -> None:
    series = open_series(written(dataset(hours(12)[np.arange(12) != 5]), tmp_path))
    told = series.time.irregularity()
    assert "2h between 2019-03-01T04:00 and 2019-03-01T06:00" in told
    assert "--max-gap 2h" in told


def test_a_variable_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = written(dataset(), tmp_path)
    with pytest.raises(VariableError, match=r"bad.nc has no variable 'tp'; it has t2m\."):
        open_series(path, variables=["tp"])


def test_variables_of_one_of_two_time_axes_can_be_chosen(tmp_path: Path) -> None:
    path = written(two_time_axes(dataset()), tmp_path)
    assert len(open_series(path, variables=["t2m"]).time) == 12
    assert len(open_series(path, variables=["d2m"]).time) == 4


def test_several_runs_are_refused(tmp_path: Path) -> None:
    run = dataset().rename(time="step")
    run = run.assign_coords(step=("step", np.arange(12), {"units": "hours"}))
    starts = np.array(["2019-03-01T00", "2019-03-01T06"], dtype="datetime64[ns]")
    runs = xr.concat([run, run], "time").assign_coords(time=starts)
    with pytest.raises(TimeAxisError, match=r"bad.nc holds several forecast runs"):
        open_series(written(runs, tmp_path))
    one = open_series(written(runs.isel(time=[1]), tmp_path, "one.nc"))
    assert one.time.values[0] == starts[1]
    assert len(one.time) == 12


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("form", ["NETCDF4", "NETCDF3_CLASSIC"])
def test_a_truncated_file_is_named(form: Any, share: float, tmp_path: Path) -> None:
    path = tmp_path / "bad.nc"
    dataset(shape=(20, 20)).to_netcdf(path, format=form)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=r"bad.nc .*(truncated|HDF error|damaged)"):
        open_series(path)


@pytest.mark.real
def test_a_truncated_grib_file_is_named(real_data: Path, tmp_path: Path) -> None:
    whole = (real_data / "meteonet_nw_arpege_precip_20180501.grib").read_bytes()
    path = tmp_path / "bad.grib"
    path.write_bytes(whole[: len(whole) - 1000])
    with pytest.raises(InputError, match=r"bad.grib breaks off inside its last GRIB message"):
        open_series(path)


@pytest.mark.real
def test_a_field_that_stands_twice_in_a_grib_file_is_refused(
    real_data: Path, tmp_path: Path
) -> None:
    whole = (real_data / "meteonet_nw_arpege_precip_20180501.grib").read_bytes()
    path = tmp_path / "twice.grib"
    path.write_bytes(whole + whole)
    with pytest.raises(InputError, match=r"twice.grib holds 48 messages for 24 fields"):
        open_series(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "bad.nc is empty"),
        (b"time,t2m\n0,280\n", "bad.nc is neither NetCDF nor GRIB nor a Zarr store"),
        (b"GRIB" + b"x" * 500, "bad.nc breaks off"),
        (b"GRIB" + b"x" * 500 + b"7777", "bad.nc begins like GRIB but cannot be opened"),
    ],
)
def test_what_is_no_data_is_refused(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.nc"
    path.write_bytes(content)
    with pytest.raises(InputError, match=told):
        open_series(path)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file '.*nowhere.nc'"):
        open_series(tmp_path / "nowhere.nc")
    with pytest.raises(InputError, match=r"no file fits the pattern '.*x.*nc'"):
        open_series(str(tmp_path / "x*.nc"))
    with pytest.raises(InputError, match="is a folder but no Zarr store"):
        open_series(tmp_path)
    with pytest.raises(InputError, match="no input file is given"):
        open_series([])


def test_files_on_two_grids_are_refused(tmp_path: Path) -> None:
    one = written(dataset(), tmp_path, "one.nc")
    other = written(dataset(hours(12, start="2019-03-02"), shape=(3, 5)), tmp_path, "two.nc")
    with pytest.raises(GridError, match=r"one.nc and two.nc have different grids"):
        open_series([one, other])


def test_files_with_rows_in_another_order_are_told_so(tmp_path: Path) -> None:
    one = written(dataset(), tmp_path, "one.nc")
    later = dataset(hours(12, start="2019-03-02")).isel(lat=slice(None, None, -1))
    other = written(later, tmp_path, "two.nc")
    with pytest.raises(GridError, match=r"the same places, their rows in the opposite order"):
        open_series([one, other])


@pytest.mark.parametrize("missing", ["d2m", "time_bnds"])
def test_a_variable_that_one_file_lacks_is_named(missing: str, tmp_path: Path) -> None:
    def at(start: str) -> xr.Dataset:
        times = hours(12, start=start)
        data = dataset(times, bounds=ending(times))
        return data.assign(d2m=data.t2m)

    one = written(at("2019-03-01"), tmp_path, "one.nc")
    two = at("2019-03-02").drop_vars(missing)
    if missing == "time_bnds":
        del two.time.attrs["bounds"]
    with pytest.raises(VariableError, match=f"only one.nc has '{missing}'"):
        open_series([one, written(two, tmp_path, "two.nc")])


def test_files_that_overlap_are_refused(tmp_path: Path) -> None:
    one = written(dataset(), tmp_path, "one.nc")
    other = written(dataset(hours(12, start="2019-03-01T06")), tmp_path, "two.nc")
    told = "one.nc reaches 2019-03-01T11:00 and two.nc begins at 2019-03-01T06:00"
    with pytest.raises(TimeAxisError, match=told):
        open_series([one, other])


def joined_equals(series: Series, data: xr.Dataset) -> None:
    read = series.read(series.channels, slice(None))
    np.testing.assert_array_equal(read[:, 0], data.t2m)


def test_files_in_any_order_make_one_series(tmp_path: Path) -> None:
    whole = dataset(count=24)
    late = written(whole.isel(time=slice(12, None)), tmp_path, "a.nc")
    early = written(whole.isel(time=slice(0, 12)), tmp_path, "b.nc")
    joined_equals(open_series([late, early]), whole)
    joined_equals(open_series(str(tmp_path / "[ab].nc")), whole)


def test_files_of_different_variables_stand_side_by_side(tmp_path: Path) -> None:
    one = written(dataset(), tmp_path, "one.nc")
    rain = written(sums(), tmp_path, "rain.nc")
    series = open_series([one, rain])
    assert [channel.name for channel in series.channels] == ["t2m", "tp"]
    shifted = written(sums().isel(time=slice(2, 9)), tmp_path, "shifted.nc")
    with pytest.raises(TimeAxisError, match=r"hold different variables at different times"):
        open_series([one, shifted])


def test_zarr_is_opened_lazily(tmp_path: Path) -> None:
    data = dataset()
    data.to_zarr(tmp_path / "a.zarr", consolidated=False)
    series = open_series(tmp_path / "a.zarr")
    assert not series.dataset.t2m.variable._in_memory
    joined_equals(series, data)


def read_all(path: Path) -> None:
    series = open_series(path)
    series.read(series.channels, slice(None))


def test_a_file_damaged_inside_is_named_where_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.nc"
    data = dataset(count=60, shape=(20, 20))
    data.to_netcdf(path, encoding={"t2m": {"zlib": True, "chunksizes": (1, 20, 20)}})
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4000] = bytes(4000)
    path.write_bytes(bytes(whole))
    with pytest.raises(InputError, match=r"'t2m' in bad.nc cannot be read .* damaged; fetch"):
        read_all(path)


@pytest.mark.real
def test_a_grib_message_damaged_inside_is_named(real_data: Path, tmp_path: Path) -> None:
    whole = bytearray((real_data / "meteonet_nw_arpege_10m_20180501.grib").read_bytes())
    starts = [i for i in range(len(whole) - 4) if whole[i : i + 4] == b"GRIB"]
    third = starts[10]
    whole[third + 60 : third + 90] = bytes([255] * 30)  # the description of the packing
    path = tmp_path / "bad.grib"
    path.write_bytes(bytes(whole))
    with pytest.raises(InputError, match=r"bad.grib"):
        read_all(path)


def leveled(data: xr.Dataset, levels: list[int]) -> xr.Dataset:
    both: xr.DataArray = xr.concat([data.t2m, data.t2m + 10], dim="level")
    return both.transpose("time", "level", "lat", "lon").to_dataset().assign_coords(level=levels)


def days_of_30(data: xr.Dataset) -> xr.Dataset:
    times = xr.date_range("2019-03-01", periods=6, freq="1h", calendar="360_day", use_cftime=True)
    return data.assign_coords(time=times)


OTHERS: dict[str, tuple[Breaking, Breaking, type[TemdeepError], str]] = {
    "units": (
        lambda data: data,
        lambda data: data.assign(t2m=(data.t2m - 273).assign_attrs(POINT | {"units": "degC"})),
        VariableError,
        "'t2m' has the units 'K' in one.nc and 'degC' in other.nc",
    ),
    "kind": (
        lambda data: data,
        lambda data: data.assign(t2m=data.t2m.assign_attrs(cell_methods="time: mean")),
        VariableError,
        "'t2m' has the cell methods 'time: point' in one.nc and 'time: mean' in other.nc",
    ),
    "order of levels": (
        lambda data: leveled(data, [500, 850]),
        lambda data: leveled(data, [850, 500]),
        VariableError,
        "'t2m' does not have the same 'level' in one.nc and other.nc",
    ),
    "height": (
        lambda data: data.assign_coords(height=2.0),
        lambda data: data.assign_coords(height=10.0),
        VariableError,
        "'height' is 2.0 in one.nc and 10.0 in other.nc",
    ),
    "run": (
        lambda data: data.assign_coords(forecast_reference_time=data.time.values[0]),
        lambda data: data.assign_coords(forecast_reference_time=data.time.values[0]),
        TimeAxisError,
        "one.nc and other.nc come from two forecast runs",
    ),
    "calendar": (
        days_of_30,
        lambda data: data,
        TimeAxisError,
        "one.nc and other.nc count their days in different calendars",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_files_that_do_not_mean_the_same_are_not_joined(tmp_path: Path, case: str) -> None:
    change, change_other, error, told = OTHERS[case]
    whole = dataset()
    one = written(change(whole.isel(time=slice(0, 6))), tmp_path, "one.nc")
    other = written(change_other(whole.isel(time=slice(6, 12))), tmp_path, "other.nc")
    with pytest.raises(error, match=told):
        open_series([one, other])


def test_analyses_are_joined_though_each_begins_a_run(tmp_path: Path) -> None:
    whole = dataset()
    paths = []
    for i in range(3):
        single = whole.isel(time=[i])
        run = single.assign_coords(forecast_reference_time=single.time.values[0])
        paths.append(written(run, tmp_path, f"{i}.nc"))
    assert len(open_series(paths).time) == 3


def test_the_root_folder_is_called_by_its_name() -> None:
    with pytest.raises(InputError, match=r"^/ is a folder but no Zarr store"):
        open_series(Path("/"))
