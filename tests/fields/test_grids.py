"""Grids are found whichever way they are written, and their cells have the size they have."""

import numpy as np
import pytest
import xarray as xr
from tests.fields.making import POINT, dataset

from temdeep.errors import GridError
from temdeep.fields.grids import EARTH_RADIUS_M, Grid, find_grid
from temdeep.fields.series import series_from_dataset


def regular(lat: np.ndarray, lon: np.ndarray) -> Grid:
    data = xr.Dataset(
        {"x": (("lat", "lon"), np.zeros((len(lat), len(lon))))},
        {
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )
    return find_grid(data, "x", (), "f.nc")


def test_cells_of_a_globe_cover_it() -> None:
    for lat in (np.linspace(-90, 90, 37), np.linspace(-87.5, 87.5, 36)):
        grid = regular(lat, np.arange(0, 360, 5.0))
        area = np.abs(grid.metric.dx_m * grid.metric.dy_m).sum()
        assert area == pytest.approx(4 * np.pi * EARTH_RADIUS_M**2, rel=5e-4)
        assert grid.metric.cyclic


def test_the_row_of_cells_around_a_pole_has_the_area_of_a_cap() -> None:
    metric = regular(np.linspace(90, -90, 37), np.arange(0, 360, 5.0)).metric
    cap = 2 * np.pi * EARTH_RADIUS_M**2 * (1 - np.sin(np.radians(87.5)))
    for row in (0, -1):
        assert np.abs(metric.dx_m * metric.dy_m)[row].sum() == pytest.approx(cap)


def test_signs_say_which_way_rows_and_columns_run() -> None:
    up = regular(np.array([40.0, 41, 42]), np.array([0.0, 1, 2, 3]))
    down = regular(np.array([42.0, 41, 40]), np.array([0.0, 1, 2, 3]))
    assert (up.metric.dy_m > 0).all()
    assert (down.metric.dy_m < 0).all()
    assert (up.metric.dx_m > 0).all()
    np.testing.assert_allclose(up.metric.dx_m, down.metric.dx_m[::-1])
    expected = EARTH_RADIUS_M * np.radians(1) * np.cos(np.radians(40))
    assert up.metric.dx_m[0, 0] == pytest.approx(expected)


def test_longitudes_may_cross_the_date_line_or_greenwich() -> None:
    lat = np.array([10.0, 11])
    for lon in ([178.0, 179, -180, -179], [358.0, 359, 0, 1], [-2.0, -1, 0, 1]):
        grid = regular(lat, np.array(lon))
        np.testing.assert_allclose(grid.metric.dx_m, grid.metric.dx_m[0, 0], rtol=0.01)
        assert not grid.metric.cyclic


def test_rows_out_of_order_are_refused() -> None:
    with pytest.raises(GridError, match=r"latitudes of f.nc neither rise nor fall"):
        regular(np.array([40.0, 42, 41]), np.array([0.0, 1]))


def test_a_region_cut_in_two_by_greenwich_is_told_how_to_stand_together() -> None:
    """20 W to 10 E counted from 0 to 360 and sorted: Greenwich first, the far west at the end."""
    longitudes = np.sort(np.arange(-20.0, 11, 2.5) % 360)
    with pytest.raises(GridError, match=r"f.nc jump from 10 to 340.* -180 to 180.* sort the file"):
        regular(np.arange(3.0), longitudes)


def projected() -> xr.Dataset:
    x, y = np.arange(6) * 2000.0, 1000.0 * np.arange(5)[::-1]
    return xr.Dataset(
        {
            "dbz": (("time", "y", "x"), np.zeros((3, 5, 6)), POINT | {"grid_mapping": "crs"}),
            "crs": (
                (),
                0,
                {
                    "grid_mapping_name": "polar_stereographic",
                    "straight_vertical_longitude_from_pole": 25.0,
                    "latitude_of_projection_origin": 90.0,
                    "standard_parallel": 60.0,
                    "false_easting": 380_000.0,
                    "false_northing": 3_300_000.0,
                    "earth_radius": 6_371_288.0,
                },
            ),
        },
        {
            "time": np.arange(3).astype("datetime64[h]").astype("datetime64[ns]"),
            "x": ("x", x, {"standard_name": "projection_x_coordinate", "units": "m"}),
            "y": ("y", y, {"standard_name": "projection_y_coordinate", "units": "m"}),
        },
    )


def test_projected_grids_get_places_from_their_mapping() -> None:
    grid = series_from_dataset(projected()).grid
    assert grid.dims == ("y", "x")
    assert 55 < grid.latitude.mean() < 65
    np.testing.assert_allclose(grid.metric.dx_m, 2000, rtol=0.03)
    np.testing.assert_allclose(grid.metric.dy_m, -1000, rtol=0.03)
    with pytest.raises(GridError, match="without latitude, longitude or a grid_mapping"):
        series_from_dataset(projected().drop_vars("crs"))


def test_curvilinear_grids_keep_their_places() -> None:
    given = series_from_dataset(projected()).grid
    data = projected().drop_vars(["crs", "x", "y"])
    data = data.assign_coords(
        nav_lat=(("y", "x"), given.latitude, {"units": "degrees_north"}),
        nav_lon=(("y", "x"), given.longitude, {"units": "degrees_east"}),
    )
    grid = series_from_dataset(data).grid
    assert grid.same_places(given)
    np.testing.assert_allclose(grid.metric.dy_m, given.metric.dy_m)


def test_stations_are_one_row_of_strangers() -> None:
    stacked = dataset().stack(station=("lat", "lon")).reset_index("station")
    series = series_from_dataset(stacked)
    assert series.grid.shape == (1, 20)
    assert not series.grid.uniform
    assert series.grid.dims == ("station",)
    read = series.read(series.channels, slice(0, 2))
    np.testing.assert_array_equal(read[:, 0, 0], stacked.t2m[:2])
    back = series.arrange("t2m", {"t2m": read[:, 0]})
    assert back.dims == ("time", "station")


def test_a_single_place_is_a_series_too() -> None:
    series = series_from_dataset(dataset().isel(lat=1, lon=2))
    assert series.grid.shape == (1, 1)
    read = series.read(series.channels, slice(0, 3))
    assert series.arrange("t2m", {"t2m": read[:, 0]}).dims == ("time",)


def test_statics_are_found_beside_the_fields_and_in_a_file_of_their_own() -> None:
    data = dataset()
    shape = (4, 5)
    ground = xr.Dataset(
        {
            "z": (
                ("lat", "lon"),
                np.full(shape, 980.665),
                {"standard_name": "surface_geopotential"},
            ),
            "lsm": (("lat", "lon"), np.eye(4, 5), {"standard_name": "land_binary_mask"}),
        },
        data.coords,
    ).drop_vars("time")
    for series in (
        series_from_dataset(data.merge(ground)),
        series_from_dataset(data, static=ground),
        series_from_dataset(data, static=ground.expand_dims(time=1)),
    ):
        assert series.grid.elevation_m is not None
        assert series.grid.land_fraction is not None
        np.testing.assert_allclose(series.grid.elevation_m, 100)
        np.testing.assert_array_equal(series.grid.land_fraction, np.eye(4, 5))
        assert series.statics == {"z": "geopotential", "lsm": "land"}


@pytest.mark.parametrize(
    ("name", "units", "value"),
    [
        ("orog", "m", 100.0),
        ("orog", "km", 0.1),
        ("orog", "m2 s-2", 980.665),
        ("orog", "", 100.0),
        ("z", "m**2 s**-2", 980.665),
        ("z", "m", 100.0),
        ("z", "", 980.665),
    ],
)
@pytest.mark.parametrize("shape", [(4, 5), (1, 5), (1, 1)])
def test_heights_are_told_by_their_unit(
    name: str, units: str, value: float, shape: tuple[int, int]
) -> None:
    data = dataset(shape=shape)
    ground = data.t2m.isel(time=0, drop=True) * 0 + value
    ground.attrs = {"units": units}
    series = series_from_dataset(data.assign({name: ground}))
    assert series.grid.elevation_m is not None
    np.testing.assert_allclose(series.grid.elevation_m, 100, rtol=1e-6)


def test_statics_of_a_larger_area_are_cut_and_of_another_grid_refused() -> None:
    lat, lon = 52.0 - 0.5 * np.arange(12), 350.0 + 0.5 * np.arange(30)
    height = np.hypot(*np.meshgrid(lat, lon, indexing="ij"))
    ground = xr.Dataset(
        {"orog": (("lat", "lon"), height, {"standard_name": "surface_altitude"})},
        {
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )
    grid = series_from_dataset(dataset(), static=ground).grid
    assert grid.elevation_m is not None
    np.testing.assert_allclose(grid.elevation_m, np.hypot(grid.latitude, grid.longitude % 360))
    with pytest.raises(GridError, match="'orog' in the static dataset"):
        series_from_dataset(dataset(), static=ground.assign_coords(lat=ground.lat + 0.1))
