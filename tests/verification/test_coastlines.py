"""Coastlines of known places."""

import numpy as np

from temdeep.verification.coastlines import coastlines


def test_britain_lies_between_50_and_59_north() -> None:
    points = coastlines(-8.0, 2.5, 49.5, 59.5)
    longitude, latitude = points[np.isfinite(points).all(axis=1)].T
    near_lands_end = np.hypot((longitude + 5.7) * 0.64, latitude - 50.07) < 0.15
    near_lowestoft = np.hypot((longitude - 1.76) * 0.61, latitude - 52.48) < 0.15
    near_john_o_groats = np.hypot((longitude + 3.07) * 0.52, latitude - 58.64) < 0.2
    assert len(points) > 2000  # a small map is drawn finely
    assert near_lands_end.any()
    assert near_lowestoft.any()
    assert near_john_o_groats.any()


def test_longitudes_follow_the_box() -> None:
    west = coastlines(-10.0, 5.0, 45.0, 60.0)
    east = coastlines(350.0, 365.0, 45.0, 60.0)
    np.testing.assert_allclose(east - [360.0, 0.0], west, atol=1e-9)


def test_the_pen_is_lifted_over_the_open_sea_and_along_the_date_line() -> None:
    points = coastlines(-180.0, 180.0, -90.0, 90.0, minimum_km2=10_000.0)
    jumps = np.abs(np.diff(points, axis=0))
    assert np.nanmax(jumps[:, 0]) < 20.0
    assert np.nanmax(jumps[:, 1]) < 6.0


def test_an_ocean_without_land_has_no_lines() -> None:
    assert np.isnan(coastlines(-40.0, -35.0, 40.0, 45.0)).all()
