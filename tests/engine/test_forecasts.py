"""Forecasts: lead-time axes come back finer, and nothing is filled from one run into the next."""

from pathlib import Path
from typing import Any

import cf_xarray  # noqa: F401 - gives datasets their accessor
import numpy as np
import pytest
import xarray as xr
from tests.engine.making import HOUR, SHAPE, save

import temdeep
from temdeep.cli.main import main
from temdeep.errors import RequestError, TimeAxisError
from temdeep.fields.forecasts import survey_runs
from temdeep.fields.series import open_series, series_from_dataset

pytestmark = pytest.mark.filterwarnings("ignore::temdeep.api.TemdeepWarning")

START = np.datetime64("2019-03-01T00", "ns")
TEMPERATURE = {"units": "K", "standard_name": "air_temperature"}
PLACES = {
    "lat": ("lat", 55.0 - 0.5 * np.arange(4), {"units": "degrees_north"}),
    "lon": ("lon", -4.0 + 0.5 * np.arange(5), {"units": "degrees_east"}),
}


def forecast(runs: int | None = None, leads: int = 6, seed: int = 0) -> xr.Dataset:
    """As cfgrib has it: step, and one time (None) or several of them, six hours apart."""
    rng = np.random.default_rng(seed)
    step = np.arange(leads) * 3 * HOUR.astype("m8[ns]")
    count = 1 if runs is None else runs
    times = START + np.arange(count) * 6 * HOUR
    values = rng.normal(280, 9, (count, leads, *SHAPE)).astype(np.float32)
    made = xr.Dataset(
        {"t2m": (("time", "step", "lat", "lon"), values, TEMPERATURE)},
        coords={
            "time": ("time", times, {"standard_name": "forecast_reference_time"}),
            "step": ("step", step, {"standard_name": "forecast_period"}),
            "valid_time": (("time", "step"), times[:, None] + step, {"standard_name": "time"}),
            **PLACES,
        },
    )
    return made if runs is not None else made.isel(time=0)


def in_a_row(changed: bool = True) -> xr.Dataset:
    """The first twelve hours of two runs, one after the other on one time axis."""
    times = START + (1 + np.arange(8)) * 3 * HOUR
    began = np.where(changed & (np.arange(8) >= 4), START + 12 * HOUR, START)
    values = np.random.default_rng(3).normal(280, 9, (8, *SHAPE)).astype(np.float32)
    said = {"standard_name": "forecast_reference_time"}
    return xr.Dataset(
        {"t2m": (("time", "lat", "lon"), values, TEMPERATURE)},
        coords={
            "time": ("time", times, {"standard_name": "time"}),
            "forecast_reference_time": ("time", began, said),
            **PLACES,
        },
    )


def test_a_lead_time_axis_comes_back_finer() -> None:
    data = forecast()
    fine = temdeep.downscale(data, step="1h", method="cubic")
    assert fine.t2m.dims == data.t2m.dims
    np.testing.assert_array_equal(fine.step, np.arange(16) * HOUR.astype("m8[ns]"))
    np.testing.assert_array_equal(fine.valid_time, data.time.values + fine.step.values)
    np.testing.assert_array_equal(fine.t2m.sel(step=data.step), data.t2m)
    assert fine.time.ndim == 0


def test_a_lead_time_axis_is_written_finer(tmp_path: Path) -> None:
    path = save(forecast(), tmp_path)
    for name in ("fine.nc", "fine.zarr"):
        arguments = ["downscale", str(path), "-o", str(tmp_path / name), "--step", "1h"]
        assert main([*arguments, "--method", "cubic", "--quiet"]) == 0
        with xr.open_dataset(tmp_path / name, decode_timedelta=True) as fine:
            expected = temdeep.downscale(forecast(), step="1h", method="cubic")
            assert fine.t2m.dims == expected.t2m.dims
            np.testing.assert_array_equal(fine.t2m, expected.t2m)
            np.testing.assert_array_equal(fine.step, expected.step)
            np.testing.assert_array_equal(fine.valid_time, expected.valid_time)


def test_nothing_is_filled_from_one_run_into_the_next_on_one_axis() -> None:
    data = in_a_row()
    fine = temdeep.downscale(data, step="1h", method="cubic")
    for part in (slice(0, 4), slice(4, 8)):
        alone = data.isel(time=part).drop_vars("forecast_reference_time")
        alone = temdeep.downscale(alone, step="1h", method="cubic")
        np.testing.assert_array_equal(fine.t2m.sel(time=alone.time), alone.t2m)
    between = START + np.array([13, 14]) * HOUR
    assert not np.isin(between, fine.time).any()
    assert len(fine.time) == 20
    with pytest.warns(temdeep.api.TemdeepWarning, match="2 forecast runs follow each other"):
        temdeep.downscale(data, step="1h", method="cubic")
    with pytest.raises(TimeAxisError, match="between two forecast runs"):
        temdeep.downscale(data, times=between[:1], method="cubic")
    assert len(temdeep.downscale(in_a_row(changed=False), step="1h").time) == 22


def test_times_are_not_hidden_across_runs() -> None:
    with pytest.raises(RequestError, match="several forecast runs"):
        series_from_dataset(in_a_row()).thin(2)


def alone(data: xr.Dataset, run: int, **options: Any) -> xr.Dataset:
    return temdeep.downscale(data.isel(time=run), **options)


@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize("lazy", [False, True])
def test_each_run_is_filled_on_its_own(runs: int, lazy: bool) -> None:
    data = forecast(runs)
    data["orog"] = (("lat", "lon"), np.ones(SHAPE), {"units": "m"})
    fine = temdeep.downscale(data.chunk() if lazy else data, step="1h", method="cubic")
    assert (fine.t2m.chunks is not None) == lazy
    assert fine.t2m.dims == data.t2m.dims
    assert fine.orog.dims == ("lat", "lon")
    np.testing.assert_array_equal(fine.time, data.time)
    np.testing.assert_array_equal(fine.valid_time, data.time.values[:, None] + fine.step.values)
    for run in range(runs):
        expected = alone(data, run, step="1h", method="cubic")
        np.testing.assert_array_equal(fine.t2m[run], expected.t2m)


def lead_times(runs: int) -> xr.Dataset:
    """As the exporters of learnt forecast models have it: other names, other order."""
    data = forecast(runs).drop_vars("valid_time")
    data["time"].attrs = {}
    return data.rename(step="lead_time").transpose("time", "lat", "lon", "lead_time")


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
@pytest.mark.parametrize("make", [forecast, lead_times])
@pytest.mark.parametrize("packing", [{}, {"dtype": "int16", "scale_factor": 0.01}])
def test_runs_are_written_as_they_came(
    tmp_path: Path, suffix: str, make: Any, packing: dict[str, Any]
) -> None:
    data = make(3)
    lead = "step" if "step" in data.dims else "lead_time"
    if packing:  # the cubic goes beyond the integers in the last run: they are widened there
        data["t2m"] = (data.t2m - 280).round(2).assign_attrs(TEMPERATURE)
        data["t2m"][{"time": 2, lead: [2, 3]}] = 327.5
        data["t2m"].encoding = {**packing, "_FillValue": -32767}
    path = save(data, tmp_path, f"in.{suffix}")
    arguments = ["downscale", str(path), "-o", str(tmp_path / f"fine.{suffix}"), "--step", "1h"]
    assert main([*arguments, "--method", "cubic", "--quiet"]) == 0
    with (
        xr.open_dataset(path, decode_timedelta=True) as given,
        xr.open_dataset(tmp_path / f"fine.{suffix}", decode_timedelta=True) as fine,
    ):
        expected = temdeep.downscale(given.load(), step="1h", method="cubic")
        assert fine.t2m.dims == given.t2m.dims
        np.testing.assert_array_equal(fine[lead], np.arange(16) * HOUR.astype("m8[ns]"))
        np.testing.assert_array_equal(fine.valid_time, expected.valid_time)
        np.testing.assert_allclose(fine.t2m, expected.t2m, atol=0.0051 if packing else 0)
        np.testing.assert_array_equal(fine.t2m.sel({lead: given[lead]}), given.t2m)
        assert fine.t2m.encoding["dtype"] == (np.int32 if packing else np.float32)


@pytest.mark.parametrize(
    ("suffix", "asked", "told"),
    [
        ("nc", "--chunks time=2,step=4", (2, 4, 4, 5)),
        ("nc", "--chunks time=9,step=4", (3, 4, 4, 5)),
        ("zarr", "--chunks time=1,step=4,lat=2", (1, 4, 2, 5)),
        ("zarr", "--chunks time=2", "say time=1, or nothing of it"),
        ("zarr", "--shards time=2", "--shards time=2: each forecast run is filled on its own"),
        ("nc", "--chunks run=1", "no variable has a dimension 'run'; there are time, step, lat"),
    ],
)
def test_chunks_of_runs_are_as_asked(
    tmp_path: Path, suffix: str, asked: str, told: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path, target = save(forecast(3), tmp_path), tmp_path / f"fine.{suffix}"
    arguments = ["downscale", str(path), "-o", str(target), "--step", "1h", "--method", "linear"]
    code = main([*arguments, *asked.split(), "--quiet"])
    if isinstance(told, str):
        assert code == 2
        assert told in capsys.readouterr().err
        return
    with xr.open_dataset(target, decode_timedelta=True) as fine:
        encoding = fine.t2m.encoding
        assert (encoding.get("chunksizes") or encoding["chunks"]) == told
        expected = temdeep.downscale(forecast(3), step="1h", method="linear")
        np.testing.assert_array_equal(fine.t2m, expected.t2m)


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
@pytest.mark.parametrize("runs", [None, 2])
def test_fields_name_their_valid_times(tmp_path: Path, suffix: str, runs: int | None) -> None:
    data = forecast(runs).drop_vars("valid_time").assign_coords(height=2.0)
    data["u10"] = data.t2m.assign_attrs(units="m s-1", standard_name="eastward_wind")
    data["t2m"].encoding["coordinates"] = "height"  # which is none of the wind's
    data["u10"].encoding["coordinates"] = None
    path = save(data, tmp_path)
    target = tmp_path / f"fine.{suffix}"
    asked = ["--step", "1h", "--method", "linear", "--quiet"]
    assert main(["downscale", str(path), "-o", str(target), *asked]) == 0
    with xr.open_dataset(target, decode_timedelta=True) as fine:
        expected = np.add.outer(data.time.values, fine.step.values)
        for name in ("t2m", "u10"):
            assert fine[name].cf.standard_names["time"] == ["valid_time"]
            np.testing.assert_array_equal(fine[name].cf["time"], expected)
        assert fine.t2m.encoding["coordinates"] == "height valid_time"


def test_running_totals_of_several_runs_keep_their_starts() -> None:
    data = forecast(2).rename(t2m="tp")
    rain = np.random.default_rng(1).gamma(1.0, 2.0, data.tp.shape)
    rain *= np.random.default_rng(2).random(data.tp.shape) < 0.6
    rain[:, 0] = 0.0
    total = rain.cumsum(axis=1).astype(np.float32)
    data["tp"] = (data.tp.dims, total, {"units": "kg m-2", "GRIB_stepType": "accum"})
    fine = temdeep.downscale(data, step="1h", method="cubic")
    assert (np.diff(fine.tp.values, axis=1) >= 0).all()
    np.testing.assert_array_equal(fine.tp.sel(step=data.step), data.tp)
    bounds = fine[fine.valid_time.attrs["bounds"]]
    assert bounds.dims[:2] == ("time", "step")
    for run in range(2):
        assert (bounds.values[run, :, 0] == data.time.values[run]).all()


def test_times_asked_for_several_runs_are_refused() -> None:
    data = forecast(2)
    with pytest.raises(RequestError, match="share one lead-time axis: ask for a step"):
        temdeep.downscale(data, times=[START + 7 * HOUR], method="cubic")


def test_training_and_verifying_take_one_run() -> None:
    with pytest.raises(TimeAxisError, match="several forecast runs"):
        temdeep.evaluate(forecast(2), withhold=2)


def test_runs_in_grib_come_out_side_by_side(real_data: Path, tmp_path: Path) -> None:
    eccodes = pytest.importorskip("eccodes")
    both = tmp_path / "both.grib"
    with both.open("wb") as out:
        for day in (20180501, 20180502):
            for part in ("precip", "10m"):
                path = real_data / f"meteonet_nw_arpege_{part}_20180501.grib"
                with path.open("rb") as stream:
                    while (message := eccodes.codes_grib_new_from_file(stream)) is not None:
                        if eccodes.codes_get(message, "shortName") in ("tp", "10u"):
                            eccodes.codes_set(message, "dataDate", day)
                            eccodes.codes_write(message, out)
                        eccodes.codes_release(message)
    assert main(["downscale", str(both), "-o", str(tmp_path / "fine.nc"), "--step", "30min"]) == 0
    alone = open_series(real_data / "meteonet_nw_arpege_10m_20180501.grib", variables=["u10"])
    with xr.open_dataset(tmp_path / "fine.nc", decode_timedelta=True) as fine:
        assert fine.u10.dims[:2] == ("forecast_reference_time", "step")
        assert fine.sizes["step"] == 49
        for run in range(2):
            np.testing.assert_array_equal(fine.u10[run, ::2], alone.dataset.u10)
            began = fine.forecast_reference_time.values[run]
            assert (fine.time_bnds.values[run, :, 0] == began).all()
        assert (np.diff(fine.tp, axis=1) >= 0).all()
    with pytest.raises(TimeAxisError, match="several forecast runs"):
        open_series(both)
    assert "2 forecast runs, 2018-05-01T00:00 to 2018-05-02T00:00" in survey_runs(both).notes[0]


@pytest.mark.parametrize("units", ["months", "weeks", "years"])
def test_lead_times_without_one_known_length_are_refused(units: str) -> None:
    """They began like minutes, or were taken for hours."""
    lead = ("lead_time", np.arange(5), {"units": units})
    field = (("lead_time", "lat", "lon"), np.zeros((5, 4, 5)), {"units": "K"})
    data = xr.Dataset(
        {"t2m": field},
        {
            "time": np.datetime64("2019-03-01", "ns"),
            "lead_time": lead,
            "lat": ("lat", np.arange(4.0), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(5.0), {"units": "degrees_east"}),
        },
    )
    with pytest.raises(TimeAxisError, match=f"'lead_time' are in '{units}'.*days, hours"):
        series_from_dataset(data)


RUNS = START + np.arange(2) * 6 * HOUR
LEADS = np.arange(5) * (6 * HOUR).astype("m8[ns]")
NAMED = {"latitude": PLACES["lat"][1], "longitude": PLACES["lon"][1]}


@pytest.mark.parametrize(
    ("dims", "coords"),
    [
        # of earth2studio, WeatherBench, earthkit-data and cfgrib, without attributes
        (("time", "lead_time", "lat", "lon"), {"time": RUNS, "lead_time": LEADS}),
        (
            ("time", "prediction_timedelta", "longitude", "latitude"),
            {"time": RUNS, "prediction_timedelta": LEADS, **NAMED},
        ),
        (
            ("forecast_reference_time", "step", "latitude", "longitude"),
            {"forecast_reference_time": RUNS, "step": LEADS, **NAMED},
        ),
        (("time", "lead_time", "lat", "lon"), {"time": RUNS[:1], "lead_time": LEADS}),
        (("step", "latitude", "longitude"), {"time": RUNS[0], "step": LEADS, **NAMED}),
    ],
)
def test_what_forecast_models_write_is_filled_run_by_run(
    dims: tuple[str, ...], coords: dict[str, Any]
) -> None:
    places = {} if "latitude" in coords else {name: PLACES[name][1] for name in ("lat", "lon")}
    coords = {**places, **coords}
    shape = [len(coords[dim]) for dim in dims]
    values = np.random.default_rng(1).normal(280, 9, shape).astype(np.float32)
    given = xr.Dataset({"t850": (dims, values), "u10m": (dims, values)}, coords=coords)
    lead = next(dim for dim in dims if dim in ("lead_time", "prediction_timedelta", "step"))
    fine = temdeep.downscale(given, "2h", method="linear")
    assert fine["u10m"].dims == dims
    np.testing.assert_array_equal(fine[lead], np.arange(13) * (2 * HOUR).astype("m8[ns]"))
    np.testing.assert_array_equal(fine["t850"].sel({lead: LEADS}), given["t850"])
    third = given["t850"].isel({lead: 0}) * 2 / 3 + given["t850"].isel({lead: 1}) / 3
    np.testing.assert_allclose(fine["t850"].isel({lead: 1}), third, rtol=1e-6)


@pytest.mark.parametrize(
    ("said", "begin"),
    [
        ({"date": 20180501, "time": 1200}, "2018-05-01T12:00"),
        ({"date": 20180501, "time": 0}, "2018-05-01T00:00"),
        ({"date": "20180501", "time": "600"}, "2018-05-01T06:00"),
        ({"date": 20180532, "time": 0}, ""),
        ({"date": "1 May", "time": 0}, ""),
        ({"date": 20180501}, ""),
    ],
)
def test_a_forecast_begins_where_attributes_say_if_nothing_else_does(
    said: dict[str, Any], begin: str
) -> None:
    """earthkit-data has lead times as a dimension and their begin among the attributes."""
    dims = ("step", "latitude", "longitude")
    values = np.random.default_rng(1).normal(280, 9, (5, 4, 5)).astype(np.float32)
    given = xr.Dataset({"2t": (dims, values)}, {"step": LEADS, **NAMED}, said)
    if not begin:
        with pytest.raises(TimeAxisError, match="no time axis"):
            temdeep.downscale(given, "2h", method="linear")
        return
    fine = temdeep.downscale(given, "2h", method="linear")
    assert fine["valid_time"].values[0] == np.datetime64(begin)
    np.testing.assert_array_equal(fine["2t"][::3], values)
    other = given.assign_coords(time=RUNS[0])  # which is said more plainly
    assert temdeep.downscale(other, "2h", method="linear")["valid_time"].values[0] == RUNS[0]


def test_an_unstructured_forecast_as_anemoi_writes_it_is_filled() -> None:
    times = START + np.arange(5) * 6 * HOUR
    values = np.random.default_rng(1).normal(280, 9, (5, 20)).astype(np.float32)
    lat, lon = np.meshgrid(PLACES["lat"][1], PLACES["lon"][1], indexing="ij")
    given = xr.Dataset(
        {
            "2t": (("time", "values"), values),
            "latitude": ("values", lat.ravel()),
            "longitude": ("values", lon.ravel()),
        },
        coords={"time": times},
    )
    fine = temdeep.downscale(given, "1h", method="linear")
    assert fine["2t"].dims == ("time", "values")
    np.testing.assert_array_equal(fine["2t"].sel(time=times), given["2t"])
    np.testing.assert_allclose(fine["2t"][3], (values[0] + values[1]) / 2, rtol=1e-6)


def test_two_runs_that_begin_at_one_time_are_refused(tmp_path: Path) -> None:
    data = forecast(runs=3).isel(time=[0, 1, 1])
    told = "begin at 2019-03-01T06:00 .'time', positions 1 and 2.: remove one"
    with pytest.raises(TimeAxisError, match=f"two forecast runs of the dataset {told}"):
        temdeep.downscale(data, step="1h", method="linear")
    with pytest.raises(TimeAxisError, match=f"two forecast runs of in.nc {told}"):
        survey_runs(save(data, tmp_path))
