"""The part of the globe that is kept."""

import numpy as np
from benchmarks.simulate.regions import REGIONS

LATITUDE = np.linspace(-88, 88, 45)
LONGITUDE = np.arange(192) * 1.875
LAT, LON = np.meshgrid(LATITUDE, LONGITUDE, indexing="ij")


def test_atlantic_runs_across_greenwich_from_west_to_east() -> None:
    cut = REGIONS["atlantic"].cut(LATITUDE, LONGITUDE)
    np.testing.assert_allclose(cut.longitude, np.arange(-78.75, 40, 1.875))
    np.testing.assert_array_equal(cut.latitude, np.arange(20, 77, 4))


def test_a_cut_field_lies_where_its_coordinates_say() -> None:
    cut = REGIONS["atlantic"].cut(LATITUDE, LONGITUDE)
    field = np.stack([np.cos(np.deg2rad(LON)) + LAT, np.sin(np.deg2rad(LON))])
    expected = np.cos(np.deg2rad(cut.longitude))[None] + cut.latitude[:, None]
    np.testing.assert_allclose(cut(field)[0], expected, atol=1e-12)


def test_the_globe_is_kept_as_it_is() -> None:
    cut = REGIONS["globe"].cut(LATITUDE, LONGITUDE)
    np.testing.assert_array_equal(cut(LON), LON)
    np.testing.assert_array_equal(cut.longitude, LONGITUDE)
