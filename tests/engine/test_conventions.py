"""However a grid is written, its places are found and its fields filled in alike."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.conventions import (
    COUNT,
    GRIDS,
    RADIANS,
    globe,
    healpix_globe,
    scattered,
    temperature,
    wrf,
)

from temdeep.engine.dataset import fill_dataset
from temdeep.engine.plan import plan
from temdeep.engine.writers import write
from temdeep.errors import GridError, TemdeepError
from temdeep.fields.series import Series, open_series, series_from_dataset
from temdeep.methods.optical_flow import OpticalFlow
from temdeep.methods.registry import METHOD_NAMES, build
from temdeep.methods.simple import Linear

UNSTRUCTURED = ("ICON", "reduced Gaussian", "stations", "HEALPix")
every_grid = pytest.mark.parametrize("name", GRIDS)


def filled(data: xr.Dataset, method: str, step: str = "3h") -> xr.DataArray:
    """The one variable of a dataset, filled in."""
    series = series_from_dataset(data)
    built = OpticalFlow() if method == "optical_flow" else build(method, series)
    made, _ = fill_dataset(series, built, plan(series, step=step))
    return made[series.channels[0].variable]


def variable_of(series: Series) -> str:
    return series.channels[0].variable


@every_grid
def test_the_places_are_where_the_field_says_they_are(name: str) -> None:
    """The field is a formula of latitude and longitude, so that a wrong place shows."""
    series = series_from_dataset(GRIDS[name]())
    read = series.read(series.channels, slice(0, COUNT))[:, 0]
    truth = temperature(series.grid.latitude, series.grid.longitude)
    np.testing.assert_allclose(read, truth, atol=1e-3)
    around = ("regular", "gaussian", "NEMO")
    assert series.grid.metric.cyclic == name.startswith(around)
    assert series.grid.uniform != name.startswith(UNSTRUCTURED)


@every_grid
def test_every_method_fills_every_grid(name: str) -> None:
    """Or says what it does instead; given times and the order of dimensions stay."""
    data = GRIDS[name]()
    series = series_from_dataset(data)
    original = data[variable_of(series)]
    for method in METHOD_NAMES:
        made = filled(data, method)
        assert made.dims == original.dims
        np.testing.assert_array_equal(made.values[::2], original.values)
        assert np.isfinite(made.values).all()
        words = build(method, series).treatment(series.channels[0], series.grid)
        if method == "optical_flow" and name.startswith(UNSTRUCTURED):
            assert words == "linear: its cells are not neighbours in space"
            np.testing.assert_array_equal(made.values, filled(data, "linear").values)


@settings(max_examples=12)
@given(
    method=st.sampled_from(METHOD_NAMES),
    south_first=st.booleans(),
    east_first=st.booleans(),
    shift=st.integers(0, 71),
    order=st.permutations(["time", "lat", "lon", "member"]),
)
def test_the_same_field_written_otherwise_is_filled_in_alike(
    method: str, south_first: bool, east_first: bool, shift: int, order: list[str]
) -> None:
    """Ascending or descending, 0 to 360 or ±180, time last, a member anywhere."""
    data = globe()
    other = data.roll(lon=shift, roll_coords=True)
    other = other.isel(
        lat=slice(None, None, -1 if south_first else 1),
        lon=slice(None, None, -1 if east_first else 1),
    )
    west = (other.lon.values + 180) % 360 - 180
    other = other.assign_coords(lon=("lon", west, data.lon.attrs))
    other = xr.concat([other, other], "member").transpose(*order)
    expected, found = filled(data, method), filled(other, method)
    back = found.isel(member=1).assign_coords(lon=found.lon % 360).transpose(*expected.dims)
    np.testing.assert_allclose(
        back.sel(lat=expected.lat, lon=expected.lon).values, expected.values, atol=1e-3
    )


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_two_dimensional_and_scattered_places_change_no_number(method: str) -> None:
    expected = filled(globe(), method).values
    np.testing.assert_allclose(filled(GRIDS["NEMO"](), method).values, expected, atol=0.02)
    if method not in ("optical_flow", "auto"):  # nothing flows among strangers
        cells = globe().stack(cell=("lat", "lon")).reset_index("cell")
        found = filled(cells, method).values.reshape(expected.shape)
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_wrf_files_keep_their_places_and_get_times(tmp_path: Path) -> None:
    before, after = tmp_path / "wrfout.nc", tmp_path / "fine.nc"
    wrf(times="Times").to_netcdf(before)
    series = open_series(before)
    write(series, Linear(), plan(series, step="1h"), after)
    with xr.open_dataset(after) as made, xr.open_dataset(before) as given_data:
        assert made.T2.dims == ("Time", "south_north", "west_east")
        assert made.T2.coords["valid_time"].values[7] == np.datetime64("2019-03-01T07")
        np.testing.assert_array_equal(made.XLAT, given_data.XLAT[0])
        np.testing.assert_array_equal(made.T2[::6], given_data.T2)
    assert open_series(after).grid.same_places(series.grid)


def test_a_grid_that_moves_is_refused() -> None:
    nest = wrf()
    nest["XLONG"] = nest.XLONG + 0.1 * xr.DataArray(np.arange(COUNT), dims="Time")
    with pytest.raises(GridError, match=r"grid of the dataset moves: 'XLONG' changes in time"):
        series_from_dataset(nest)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (healpix_globe("spiral"), "is healpix and needs healpix_nside and a healpix_order of nest"),
        (healpix_globe("nest").isel(cell=slice(7)), "HEALPix grid of 192 cells, which none of"),
        (
            scattered("ncells", ("clat", "clon"), (RADIANS, RADIANS)).drop_vars(["clat", "clon"]),
            r"dimensions \(ncells\) have no latitude and longitude",
        ),
        (wrf(times="Times").drop_vars("Times"), "no time axis: dimensions are Time"),
    ],
)
def test_what_is_missing_is_named(data: xr.Dataset, told: str) -> None:
    with pytest.raises(TemdeepError, match=told) as error:
        series_from_dataset(data)
    assert "\n" not in str(error.value)


def test_a_part_of_the_healpix_globe_is_known_by_its_cell_numbers() -> None:
    whole = healpix_globe("nest").assign_coords(cell=np.arange(192))
    part = series_from_dataset(whole.isel(cell=[3, 77, 190])).grid
    np.testing.assert_array_equal(
        part.latitude, series_from_dataset(whole).grid.latitude[:, [3, 77, 190]]
    )
