"""On which level a field lies: its name is believed before a level that the whole file lists."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.fields.making import POINT, dataset

from temdeep.fields.levels import disbelieved, level_of
from temdeep.fields.opening import survey_files

WIND = {
    f"{component}{level}": {"standard_name": f"{to}ward_wind", "units": "m s-1"}
    for component, to in (("u", "east"), ("v", "north"))
    for level in ("10", "850")
}


def field(
    name: str, attributes: dict[str, str], **scalars: tuple[float, dict[str, str]]
) -> xr.DataArray:
    """A field whose `coordinates` list some scalar levels."""
    array = xr.DataArray(np.zeros((2, 2)), dims=("lat", "lon"), name=name, attrs=attributes)
    array = array.assign_coords({one: ((), *told) for one, told in scalars.items()})
    array.encoding["coordinates"] = " ".join(scalars)
    return array


P850 = {"p850": (85000.0, {"units": "Pa", "standard_name": "air_pressure"})}
HEIGHT_2 = {"height": (2.0, {"units": "m", "standard_name": "height"})}


def test_a_level_that_xarray_lists_for_all_variables_leaves_wind_at_10_m_where_it_is(
    tmp_path: Path,
) -> None:
    data = dataset()
    fields = {name: data.t2m.assign_attrs(told) for name, told in WIND.items()}
    data = data.assign(fields).assign_coords({"p850": ((), 85000.0, P850["p850"][1])})
    data.to_netcdf(tmp_path / "all.nc")
    found = survey_files(tmp_path / "all.nc")
    assert {one.name: (one.level, one.partner) for one in found.channels} == {
        "t2m": ("surface", ""),
        "u10": ("surface", "v10"),
        "v10": ("surface", "u10"),
        "u850": ("850 hPa", "v850"),
        "v850": ("850 hPa", "u850"),
    }
    (note,) = [one for one in found.notes if "p850" in one]
    assert "850 hPa" in note
    assert "t2m, u10, v10" in note


@pytest.mark.parametrize(
    ("name", "attributes", "level"),
    [
        ("ta", POINT, "850 hPa"),  # nothing else is said
        ("t850", POINT, "850 hPa"),
        ("t2m", POINT, "surface"),
        ("tas", POINT, "surface"),
        ("u10", {}, "surface"),
        ("2t", {}, "surface"),
        ("u100", {}, "100 m"),
        ("t500", POINT, "500 hPa"),
        ("msl", {}, "sea level"),
        ("x", {"standard_name": "surface_air_pressure"}, "surface"),
        ("x", {"GRIB_typeOfLevel": "surface"}, "surface"),
        ("t", {"GRIB_typeOfLevel": "isobaricInhPa"}, "850 hPa"),
        ("t", {"GRIB_typeOfLevel": "heightAboveGround", "GRIB_level": "100"}, "100 m"),
        ("co2", {}, "850 hPa"),
    ],
)
def test_a_name_and_grib_are_believed_before_a_scalar_level(
    name: str, attributes: dict[str, str], level: str
) -> None:
    assert level_of(field(name, attributes, **P850), {}) == level


def test_a_scalar_level_tells_the_unit_of_the_number_in_a_name() -> None:
    at_150_m = {"height": (150.0, {"units": "m", "standard_name": "height"})}
    assert level_of(field("ws150", {}, **at_150_m), {}) == "150 m"
    assert level_of(field("t850", {}, **HEIGHT_2), {}) == "850 hPa"
    assert level_of(field("tas", {}, **HEIGHT_2), {}) == "surface"
    assert level_of(field("ta", {}, **P850), {}) == "850 hPa"


def test_of_several_scalar_levels_a_field_takes_the_one_that_its_name_does_not_contradict() -> None:
    both = {**P850, **HEIGHT_2}
    assert level_of(field("t850", POINT, **both), {}) == "850 hPa"
    assert level_of(field("t2m", POINT, **both), {}) == "surface"


@pytest.mark.parametrize(
    ("name", "scalar", "level"),
    [
        ("U_10M", ("height_10m", 10.0, {"units": "m", "axis": "Z"}), "surface"),
        ("t2m", ("altitude", 2.0, {"units": "m", "positive": "up"}), "surface"),
        ("u_100m", ("z", 100.0, {"units": "m", "axis": "Z"}), "100 m"),
        ("sst", ("lev", 5.0, {"units": "m", "standard_name": "depth"}), "lev 5"),
        ("t850", ("p", 850.0, {"units": "hPa", "axis": "Z"}), "850 hPa"),
        ("t", ("isobaric", 85000.0, {"units": "pascal", "axis": "Z"}), "850 hPa"),
    ],
)
def test_a_scalar_level_that_agrees_with_the_name_is_believed_whatever_it_is_called(
    name: str, scalar: tuple[str, float, dict[str, str]], level: str
) -> None:
    called, value, told = scalar
    array = field(name, POINT, **{called: (value, told)})
    assert level_of(array, {}) == level
    assert disbelieved(array) == []
