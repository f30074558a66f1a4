"""Where cells are drawn, and which one lies under a click."""

import numpy as np
import pytest
import xarray as xr

from temdeep.fields.grids import Grid, find_grid
from temdeep.viewer.places import NO_CELL, raster_of


def regular(latitude: np.ndarray, longitude: np.ndarray) -> Grid:
    dataset = xr.Dataset(
        {"t": (("lat", "lon"), np.zeros((len(latitude), len(longitude))))},
        coords={
            "lat": ("lat", latitude, {"units": "degrees_north"}),
            "lon": ("lon", longitude, {"units": "degrees_east"}),
        },
    )
    return find_grid(dataset, "t", (), "a file")


@pytest.mark.parametrize("turn", [0.0, 360.0, -360.0])
def test_a_click_takes_the_cell_whose_place_is_nearest(turn: float) -> None:
    grid = regular(np.arange(60.0, 40.0, -2.5), np.arange(340.0, 380.0, 2.5))
    raster = raster_of(grid)
    rng = np.random.default_rng(0)
    for _ in range(50):
        latitude, longitude = rng.uniform(42, 60), rng.uniform(340, 377)
        off = np.hypot(grid.latitude - latitude, (grid.longitude - longitude + 180) % 360 - 180)
        assert raster.cell_at(longitude + turn, latitude) == int(off.argmin())
    assert raster.cell_at(300.0 + turn, 50.0) == NO_CELL
    assert raster.cell_at(350.0 + turn, 70.0) == NO_CELL


def test_an_even_grid_is_drawn_cell_by_cell_with_north_above() -> None:
    grid = regular(np.arange(60.0, 40.0, -2.5), np.arange(-20.0, 20.0, 2.5))
    field = np.arange(grid.latitude.size, dtype=np.float32).reshape(grid.shape)
    np.testing.assert_array_equal(raster_of(grid).show(field), field[::-1])


def test_rows_that_are_not_even_are_drawn_where_they_are() -> None:
    grid = regular(np.array([0.0, 10.0, 40.0]), np.arange(0.0, 10.0, 2.0))
    raster = raster_of(grid)
    shown = raster.show(grid.latitude)
    south, north = raster.places.box[2:]
    middles = south + (np.arange(len(shown)) + 0.5) * (north - south) / len(shown)
    nearest = np.array([0.0, 10.0, 40.0])[np.abs(middles[:, None] - [0.0, 10.0, 40.0]).argmin(1)]
    np.testing.assert_array_equal(shown[:, 0], nearest)


def test_a_fine_global_grid_is_drawn_no_finer_than_a_screen_and_clicked_exactly() -> None:
    grid = regular(np.linspace(90, -90, 1801), np.arange(0, 360, 0.1))
    raster = raster_of(grid)
    assert raster.cells.shape == (600, 1000)
    row, column = divmod(raster.cell_at(-13.34, 52.08), 3600)
    assert grid.latitude[row, column] == pytest.approx(52.1)
    assert grid.longitude[row, column] == pytest.approx(346.7)


def test_a_turned_grid_shows_each_cell_at_its_place_and_nothing_around_it() -> None:
    x, y = np.meshgrid(np.arange(40.0), np.arange(30.0))
    latitude, longitude = 50 + 0.1 * y + 0.04 * x, 10 + 0.15 * x - 0.06 * y
    dataset = xr.Dataset(
        {"t": (("y", "x"), x)},
        coords={
            "lat": (("y", "x"), latitude, {"units": "degrees_north"}),
            "lon": (("y", "x"), longitude, {"units": "degrees_east"}),
        },
    )
    raster = raster_of(find_grid(dataset, "t", (), "a file"))
    for cell in range(0, 1200, 37):
        assert raster.cell_at(longitude.flat[cell], latitude.flat[cell]) == cell
    assert set(raster.cells.ravel()) == {NO_CELL, *range(1200)}
    assert raster.cells[0, 0] == NO_CELL
    assert raster.cells[-1, 0] == NO_CELL


def test_stations_and_a_single_place_are_found_where_they_are() -> None:
    latitude, longitude = np.array([47.0, 47.4, 46.5]), np.array([8.0, 9.5, 7.1])
    dataset = xr.Dataset(
        {"t": (("station",), np.zeros(3))},
        coords={
            "latitude": ("station", latitude, {"units": "degrees_north"}),
            "longitude": ("station", longitude, {"units": "degrees_east"}),
        },
    )
    raster = raster_of(find_grid(dataset, "t", (), "a file"))
    assert [raster.cell_at(*place) for place in zip(longitude, latitude, strict=True)] == [0, 1, 2]
    alone = raster_of(regular(np.array([46.8]), np.array([9.8])))
    assert alone.cell_at(9.8, 46.8) == 0
    assert alone.cells.tolist() == [[0]]
