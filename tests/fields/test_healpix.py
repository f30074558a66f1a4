"""HEALPix cells lie where the standard says, in both orders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from temdeep.fields.healpix import places


@given(level=st.integers(0, 5))
def test_both_orders_have_the_same_cells_evenly_over_the_sphere(level: int) -> None:
    nside = 2**level
    cells = np.arange(12 * nside**2)
    found = []
    for order in ("ring", "nested"):
        latitude, longitude = places(nside, order, cells)
        assert ((longitude >= 0) & (longitude < 360)).all()
        sine = np.sin(np.radians(latitude))
        assert sine.mean() == pytest.approx(0, abs=1e-12)
        assert (sine**2).mean() == pytest.approx(1 / 3, abs=0.05 / nside)
        found.append(set(zip(latitude.round(9), longitude.round(9), strict=True)))
    assert found[0] == found[1]
    assert len(found[0]) == len(cells)


def test_cells_lie_where_astropy_healpix_has_them() -> None:
    """astropy_healpix 2.0.1: HEALPix(nside=4, order=order).healpix_to_lonlat(cells)."""
    cells = np.array([0, 1, 5, 17, 50, 77, 100, 191])
    for order, lon, lat in (
        (
            "nested",
            [45.0, 56.25, 78.75, 146.25, 303.75, 11.25, 202.5, 315.0],
            [9.5941, 19.4712, 41.8103, 19.4712, 19.4712, 19.4712, -9.5941, -9.5941],
        ),
        (
            "ring",
            [45.0, 135.0, 67.5, 165.0, 225.0, 112.5, 281.25, 315.0],
            [78.2841, 78.2841, 66.4435, 54.3409, 30.0, 9.5941, 0.0, -78.2841],
        ),
    ):
        latitude, longitude = places(4, order, cells)
        np.testing.assert_allclose(latitude, lat, atol=1e-4)
        np.testing.assert_allclose(longitude, lon, atol=1e-4)


def test_neighbours_in_nested_order_are_neighbours_on_the_sphere() -> None:
    latitude, longitude = np.radians(places(16, "nested", np.arange(12 * 256)))
    points = np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ]
    )
    quads = points.reshape(3, -1, 4)
    across = np.degrees(np.arccos(np.clip((quads[..., 0] * quads[..., 3]).sum(0), -1, 1)))
    assert across.max() < 8  # cells are 3.7 degrees wide
