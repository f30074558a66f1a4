"""The composite index of rapid change, against numbers made by hand."""

import numpy as np
import pytest

from temdeep.training.composite_index import composite_index

EVEN = np.ones((1, 1))


def test_one_variable_at_one_place_by_hand() -> None:
    frames = np.array([0.0, 1.0, 3.0, 3.0])[:, None, None, None]
    # tendencies 1, 2, 0: mean 1, standard deviation √(2/3); departures 1, 2 and again 2:
    # mean 5/3, standard deviation √2/3
    tendency = (np.array([1, 2, 0]) - 1) / np.sqrt(2 / 3)
    departure = (np.array([1, 2, 2]) - 5 / 3) / (np.sqrt(2) / 3)
    found = composite_index(frames, EVEN, [])
    np.testing.assert_allclose(found, (tendency + departure) / 2, rtol=1e-12)


def test_a_wind_is_one_variable_whatever_its_direction() -> None:
    rng = np.random.default_rng(0)
    u, v, t = rng.normal(size=(3, 9, 2, 3))
    turned = np.stack([-v, u, t], axis=1)
    straight = np.stack([u, v, t], axis=1)
    area = np.array([[1.0, 2.0, 1.0], [0.5, 1.0, 0.5]])
    found = composite_index(straight, area, [(0, 1)])
    np.testing.assert_allclose(composite_index(turned, area, [(0, 1)]), found, rtol=1e-12)
    assert not np.allclose(composite_index(straight, area, []), found)


def test_units_and_a_constant_variable_make_no_difference() -> None:
    frames = np.random.default_rng(1).normal(size=(8, 2, 3, 3))
    area = np.ones((3, 3))
    scaled = frames * np.array([1000.0, 0.01])[:, None, None] + 280.0
    found = composite_index(frames, area, [])
    np.testing.assert_allclose(composite_index(scaled, area, []), found, rtol=1e-9)
    still = np.concatenate([frames, np.full_like(frames[:, :1], 5.0)], axis=1)
    np.testing.assert_allclose(composite_index(still, area, []), found * 2 / 3, rtol=1e-12)


def test_small_cells_count_little_and_missing_ones_not_at_all() -> None:
    frames = np.random.default_rng(2).normal(size=(6, 1, 1, 2))
    left = composite_index(frames[..., :1], EVEN, [])
    np.testing.assert_allclose(composite_index(frames, np.array([[1.0, 0.0]]), []), left)
    frames[..., 1] = np.nan
    np.testing.assert_allclose(composite_index(frames, np.array([[1.0, 1.0]]), []), left)


def test_the_frame_where_all_changes_is_the_most_rapid() -> None:
    frames = np.zeros((10, 2, 2, 2))
    frames[6:] = 3.0
    assert int(composite_index(frames, np.ones((2, 2)), []).argmax()) == 5


@pytest.mark.parametrize("count", [2, 3])
def test_few_frames_have_an_index_too(count: int) -> None:
    frames = np.random.default_rng(3).normal(size=(count, 1, 2, 2))
    found = composite_index(frames, np.ones((2, 2)), [])
    assert found.shape == (count - 1,)
    assert np.isfinite(found).all()
