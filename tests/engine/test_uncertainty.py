"""How wrong made values may be stands beside them, in files, datasets and forecasts alike."""

import contextlib
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import mixed, save

import temdeep
from temdeep.api import TemdeepWarning
from temdeep.cli.main import main
from temdeep.errors import RequestError
from temdeep.fields.opening import survey_files
from temdeep.methods.uncertain import asked_beside

DEVIATION, LOW, HIGH = "t2m_standard_deviation", "t2m_percentile_5", "t2m_percentile_95"
ASKED = ["--step", "1h", "--method", "linear", "--uncertainty", "--quantiles", "0.05", "0.95"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("uncertainty")
    source = save(mixed(count=17), place)
    for name in ("out.nc", "out.zarr"):
        assert main(["downscale", str(source), "-o", str(place / name), *ASKED, "--quiet"]) == 0
    return place


def filled(dataset: xr.Dataset) -> xr.Dataset:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", TemdeepWarning)
        found = temdeep.downscale(
            dataset, step="1h", method="linear", uncertainty=True, quantiles=[0.05, 0.95]
        )
    assert any("no standard deviation for tp" in str(one.message) for one in told)
    return found


@pytest.mark.parametrize("name", ["out.nc", "out.zarr"])
def test_nothing_is_wrong_at_given_times_and_something_elsewhere(folder: Path, name: str) -> None:
    with xr.open_dataset(folder / name) as found:
        told, given = found[DEVIATION].values, np.arange(len(found["time"])) % 3 == 0
        assert (told[given] == 0).all()
        assert (told[~given] > 0.1).all()
        value = found["t2m"].values
        np.testing.assert_allclose(found[LOW].values[given], value[given], rtol=1e-6)
        assert (found[LOW].values[~given] < value[~given]).all()
        assert (found[HIGH].values[~given] > value[~given]).all()
        assert "tp_standard_deviation" not in found
        assert "sp_standard_deviation" in found


def test_fields_are_described_as_cf_does(folder: Path) -> None:
    with xr.open_dataset(folder / "out.nc", decode_coords=False) as found:
        assert found["t2m"].attrs["ancillary_variables"] == f"{DEVIATION} {LOW} {HIGH}"
        told = found[DEVIATION]
        assert told.attrs["standard_name"] == "air_temperature standard_error"
        assert told.attrs["units"] == "K"
        assert told.attrs["units_metadata"] == "temperature: difference"
        assert told.attrs["coordinates"] == "height"
        assert told.dtype == np.float32
        assert "scale_factor" not in told.encoding  # the variable's packing is none for it
        assert found[HIGH].attrs["standard_name"] == "air_temperature"
        assert found[HIGH].attrs["probability"] == 0.95
        assert found["sp_standard_deviation"].attrs["units"] == "Pa"
        assert "units_metadata" not in found["sp_standard_deviation"].attrs
        assert "ancillary_variables" not in found["tp"].attrs


def test_quantiles_may_have_commas_between_them(folder: Path) -> None:
    asked = [*ASKED[:4], "--quantiles", "0.05,0.95", "0.5", "--variable", "t2m", "--quiet"]
    target = folder / "commas.nc"
    assert main(["downscale", str(folder / "in.nc"), "-o", str(target), *asked]) == 0
    with xr.open_dataset(target) as found, xr.open_dataset(folder / "out.nc") as known:
        assert "t2m_percentile_50" in found
        for name in (LOW, HIGH):
            np.testing.assert_array_equal(found[name], known[name])


def test_degrees_become_kelvins_in_a_difference() -> None:
    dataset = mixed(count=17)[["t2m"]]
    dataset["t2m"] = dataset["t2m"] - 273.15
    attributes = {"units": "degC", "cell_methods": "time: point", "standard_name": "unknown"}
    dataset["t2m"].attrs = attributes  # as cfgrib calls what it has no name for
    found = temdeep.downscale(dataset, step="1h", method="linear", uncertainty=True)
    assert found[DEVIATION].attrs["units"] == "K"
    assert "standard_name" not in found[DEVIATION].attrs
    assert found["t2m"].attrs["units"] == "degC"


def test_files_datasets_and_dask_hold_the_same(folder: Path) -> None:
    with xr.open_dataset(folder / "in.nc", decode_timedelta=False) as source:
        eager = filled(source.load())
        lazy = filled(source.chunk({"time": 4}))
    with xr.open_dataset(folder / "out.nc") as found:
        for name in (DEVIATION, LOW, HIGH, "sp_standard_deviation"):
            np.testing.assert_array_equal(eager[name].values, found[name].values)
            np.testing.assert_allclose(lazy[name].values, found[name].values, rtol=1e-5)
            assert lazy[name].chunks is not None


def test_forecast_runs_each_have_their_own() -> None:
    runs = [mixed(count=9, seed=seed)[["t2m"]] for seed in (0, 1)]
    steps = np.arange(9) * np.timedelta64(3, "h").astype("timedelta64[ns]")
    stacked = xr.concat(
        [one.drop_vars("time").rename(time="step").assign_coords(step=steps) for one in runs],
        dim="time",
    ).assign_coords(time=np.array(["2019-03-01", "2019-03-02"], "datetime64[ns]"))
    stacked["time"].attrs["standard_name"] = "forecast_reference_time"
    stacked["step"].attrs["standard_name"] = "forecast_period"
    found = temdeep.downscale(stacked, step="1h", method="linear", uncertainty=True)
    told = found[DEVIATION]
    assert told.dims == found["t2m"].dims
    assert (told.isel(step=0) == 0).all()
    assert not np.allclose(told.isel(time=0, step=1), told.isel(time=1, step=1))


def test_what_cannot_be_is_refused_in_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = str(folder / "in.nc"), str(folder / "refused.nc")
    for asked, sentence in (
        (["--draw", "1"], "leave out --draw, or --uncertainty"),
        (["--quantiles", "2"], "2 is no probability of a quantile"),
        (["--quantiles", "0.05;0.95"], "say numbers, such as --quantiles 0.05 0.95"),
    ):
        assert main(["downscale", source, "-o", target, *ASKED[:4], "--uncertainty", *asked]) == 2
        assert sentence in capsys.readouterr().err
    taken = mixed(count=17)[["t2m"]]
    taken[DEVIATION] = taken["t2m"]
    with pytest.raises(RequestError, match="has a field called 't2m_standard_deviation' already"):
        temdeep.downscale(taken, step="1h", method="linear", uncertainty=True)
    short = mixed(count=2)[["t2m"]]
    with pytest.raises(RequestError, match="has 2 times: too few to hide some"):
        temdeep.downscale(short, step="1h", method="linear", uncertainty=True)


def test_what_says_how_wrong_another_may_be_is_not_taken_for_weather(folder: Path) -> None:
    with xr.open_dataset(folder / "out.nc") as found:
        made = found[["t2m", DEVIATION, LOW, HIGH]].load()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", TemdeepWarning)
        finer = temdeep.downscale(made, step="30min", method="linear")
        asked = temdeep.downscale(made, step="30min", method="linear", variables=[DEVIATION])
    said = " ".join(str(one.message) for one in told)
    assert all(f"'{name}' says how wrong 't2m' may be" in said for name in (DEVIATION, LOW, HIGH))
    assert {"t2m"} <= set(finer.data_vars) <= {"t2m", "temdeep_provenance"}
    assert DEVIATION in asked


def test_members_are_no_weather_of_their_own_and_at_the_level_of_theirs(tmp_path: Path) -> None:
    taken = (
        mixed(count=9)[["t2m"]]
        .drop_vars("height")
        .assign_coords(p850=((), 850.0, {"units": "hPa", "standard_name": "air_pressure"}))
    )
    taken["t2m"].encoding.pop("coordinates")  # xarray then lists what it likes
    save(taken, tmp_path)
    command = ["downscale", "in.nc", "-o", "out.nc", "--step", "1h", "--method", "linear"]
    with contextlib.chdir(tmp_path):
        assert main([*command, "--members", "3", "--quiet"]) == 0
        found = survey_files("out.nc")
        asked = survey_files("out.nc", variables=["t2m_members"])
    assert [one.name for one in found.channels] == ["t2m"]
    assert any("'t2m_members' holds 3 likely courses of 't2m'" in one for one in found.notes)
    assert any("the level of t2m, which has it among its coordinates" in o for o in found.notes)
    assert [one.level for one in asked.channels] == ["surface"] * 3


def test_runs_tell_errors_of_what_is_known_in_each_of_them() -> None:
    rng = np.random.default_rng(0)
    values = 280 + rng.normal(size=(2, 17, 3, 4)).cumsum(axis=1).astype(np.float32)
    still = values.copy()
    still[1] = 270.0
    runs = xr.Dataset(
        {
            name: (
                ("time", "step", "lat", "lon"),
                one,
                {"units": "K", "cell_methods": "time: point"},
            )
            for name, one in (("a", values), ("b", still))
        },
        coords={
            "time": np.array(["2020-01-01", "2020-01-02"], "datetime64[ns]"),
            "step": np.arange(17) * np.timedelta64(3, "h").astype("timedelta64[ns]"),
            "lat": ("lat", [50.0, 51.0, 52.0], {"units": "degrees_north"}),
            "lon": ("lon", [0.0, 1.0, 2.0, 3.0], {"units": "degrees_east"}),
        },
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TemdeepWarning)
        found = temdeep.downscale(runs, step="1h", method="linear", uncertainty=True)
    assert "b_standard_deviation" not in found
    assert np.isfinite(found["a_standard_deviation"]).all()


def test_an_array_is_refused_what_it_has_no_place_for(folder: Path) -> None:
    with (
        xr.open_dataset(folder / "in.nc") as found,
        pytest.raises(RequestError, match="to_dataset"),
    ):
        temdeep.downscale(found["t2m"], step="1h", method="linear", uncertainty=True)
    for wrong in (0.9, "0.9"):
        with pytest.raises(RequestError, match="say a list of numbers"):
            asked_beside(deviation=False, quantiles=wrong)  # type: ignore[arg-type]


MEMBERS = ["--step", "1h", "--method", "linear", "--members", "4"]


@pytest.fixture(scope="module")
def drawn(folder: Path) -> Path:
    source = str(folder / "in.nc")
    for name in ("members.nc", "members.zarr"):
        assert main(["downscale", source, "-o", str(folder / name), *MEMBERS, "--quiet"]) == 0
    return folder


@pytest.mark.parametrize("name", ["members.nc", "members.zarr"])
def test_members_stand_beside_along_a_dimension_of_their_own(drawn: Path, name: str) -> None:
    with xr.open_dataset(drawn / name) as found:
        members, given = found["t2m_members"], np.arange(len(found["time"])) % 3 == 0
        assert dict(members.sizes) == {"realization": 4, **found["t2m"].sizes}
        assert found["realization"].attrs["standard_name"] == "realization"
        assert members.attrs["standard_name"] == "air_temperature"
        assert found["t2m"].attrs["ancillary_variables"] == "t2m_members"
        assert DEVIATION not in found
        assert "tp_members" not in found
        assert (members[:, given] == found["t2m"][given].astype("f4")).all()
        np.testing.assert_allclose(members.mean("realization"), found["t2m"], atol=0.006)  # packed
        assert (members[:, ~given].std("realization") > 0.05).all()


def test_members_are_the_same_in_files_and_datasets_as_a_whole_and_in_pieces(drawn: Path) -> None:
    with xr.open_dataset(drawn / "in.nc", decode_timedelta=False) as source:
        loaded = source.load()
    pieces = loaded[["t2m", "sp"]].chunk({"time": 4})
    with xr.open_dataset(drawn / "members.nc") as found:
        for dataset in (loaded[["t2m", "sp"]], pieces):
            made = temdeep.downscale(dataset, step="1h", method="linear", members=4)
            np.testing.assert_array_equal(made["t2m_members"], found["t2m_members"])
        other = temdeep.downscale(loaded[["t2m"]], step="1h", method="linear", members=4, seed=1)
        assert not np.allclose(other["t2m_members"], found["t2m_members"], atol=0.1)
        part = loaded[["t2m"]].isel(time=slice(0, 17))
        some = temdeep.downscale(
            part, times=found["time"].values[[4, 20]], method="linear", members=4
        )
        np.testing.assert_array_equal(some["t2m_members"], found["t2m_members"].isel(time=[4, 20]))


def test_members_of_forecast_runs_lie_beside_them() -> None:
    times = np.array(["2019-03-01", "2019-03-02"], "datetime64[ns]")
    values = 280 + np.random.default_rng(0).normal(size=(2, 9, 3, 4)).cumsum(axis=1)
    runs = xr.Dataset(
        {"t2m": (("time", "step", "lat", "lon"), values, {"units": "K"})},
        coords={
            "time": ("time", times, {"standard_name": "forecast_reference_time"}),
            "step": (
                "step",
                np.arange(9) * np.timedelta64(3, "h").astype("timedelta64[ns]"),
                {"standard_name": "forecast_period"},
            ),
            "lat": ("lat", [50.0, 51, 52], {"units": "degrees_north"}),
            "lon": ("lon", [0.0, 1, 2, 3], {"units": "degrees_east"}),
        },
    )
    runs["t2m"].attrs["cell_methods"] = "time: point"
    found = temdeep.downscale(runs, step="1h", method="linear", members=3)
    assert found["t2m_members"].dims == ("realization", *found["t2m"].dims)
    np.testing.assert_allclose(found["t2m_members"].mean("realization"), found["t2m"], atol=1e-4)


def test_members_that_cannot_be_are_refused_in_a_sentence(
    drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = str(drawn / "in.nc"), str(drawn / "refused.nc")
    for asked, sentence in (
        (["--members", "1"], "say 2 or more"),
        (["--seed", "3"], "a seed of 3 for what"),
        (["--members", "3", "--draw", "1"], "leave out --draw"),
    ):
        assert main(["downscale", source, "-o", target, *MEMBERS[:4], *asked]) == 2
        assert sentence in capsys.readouterr().err
    taken = [*MEMBERS, "--append"]
    assert main(["downscale", source, "-o", str(drawn / "members.zarr"), *taken]) == 2
    assert "--members do not go with --append" in capsys.readouterr().err
    ensemble = mixed(count=17)[["t2m"]].expand_dims(realization=2, axis=1)
    ensemble["t2m"].attrs["cell_methods"] = "time: point"
    with pytest.raises(RequestError, match="has members of its own"):
        temdeep.downscale(ensemble, step="1h", method="linear", members=3)
    places = mixed(count=17)[["t2m"]].stack(place=("lat", "lon")).reset_index("place")
    with pytest.raises(RequestError, match="places that are no neighbours"):
        temdeep.downscale(places, step="1h", method="linear", members=3)
