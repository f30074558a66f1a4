"""What looks at one place at a time fills a part of a grid as it fills the whole."""

import numpy as np
import pytest
from tests.training.making import series

from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.protocol import Method
from temdeep.methods.registry import build
from temdeep.metric import Float32Array, Float64Array

THETA = np.array([0.0, 0.25, 0.5, 0.9, 1.0])
EDGES = np.linspace(0, 1, 4)
SOME = slice(20, 23)


def instants(method: Method, of: Series) -> Float32Array:
    """Some intervals, filled."""
    found = list(of.intervals(method.context))[SOME]
    return np.stack([method.fill(one, THETA) for _, one in found])


def periods(method: Method, of: Series) -> Float64Array:
    """Some periods, divided."""
    (group,) = of.period_groups()
    found = list(of.period_intervals(method.context, group))[SOME]
    return np.stack([method.fill_periods(one, EDGES) for _, one in found])


@pytest.mark.parametrize("name", ["nearest", "linear", "cubic", "cubic_local", "solar"])
def test_a_tile_is_filled_as_the_same_places_of_the_whole(name: str) -> None:
    """To rounding, with no halo; the method is fitted to the whole."""
    given = series(48)
    hours = given["time"].dt.hour.values[:, None, None]
    given["t2m"] = given["t2m"] + 3 * np.cos((hours - 14) * np.pi / 12)  # for the sun to explain
    whole = series_from_dataset(given)
    tile = series_from_dataset(given.isel(lat=slice(2, 6), lon=slice(3, 9)))
    method = build(name, whole)
    for filled in (instants, periods):
        expected = filled(method, whole)[..., 2:6, 3:9]
        np.testing.assert_allclose(filled(method, tile), expected, rtol=1e-5, atol=1e-9)
