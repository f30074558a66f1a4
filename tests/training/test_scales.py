"""Usual sizes of changes and errors, measured on series whose sizes are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.engine.conventions import EAST, NORTH, scattered
from tests.network.making import settings, waves
from tests.training.making import TINY, series

from temdeep.errors import RequestError
from temdeep.fields.series import series_from_dataset
from temdeep.methods.places import PlaceBasis
from temdeep.methods.solar import Solar
from temdeep.spline import spline_weights
from temdeep.training.coarse import CoarseData
from temdeep.training.scales import extrapolated, measured, renumbered

COUNT, LAST = 14, 11


def coarse(shape: tuple[int, int], spans: tuple[int, ...]) -> CoarseData:
    read = series_from_dataset(series(COUNT, shape=shape))
    solar = Solar(PlaceBasis.of(read.grid), {})
    return CoarseData.of(read, solar, replace(TINY, spans=spans), LAST)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.5, 4.0])
def test_errors_that_follow_a_power_law_are_continued_to_the_step(power: float) -> None:
    first = np.array([0.3, 2.0])
    error = {k: first * k**power for k in (2, 3, 4)}
    found = extrapolated(error)
    np.testing.assert_allclose(found[1], first, rtol=1e-12)
    assert all(found[k] is error[k] for k in (2, 3, 4))


def test_the_law_goes_through_the_widest_span_where_twice_the_narrowest_is_not_there() -> None:
    error = {2: np.array([2.0]), 3: np.array([2.0 * 1.5**1.5])}
    np.testing.assert_allclose(extrapolated(error)[1], 2.0 / 2**1.5)


def test_the_law_is_that_of_the_narrowest_spans() -> None:
    error = {2: np.array([4.0]), 3: np.array([9.0]), 4: np.array([16.0]), 8: np.array([17.0])}
    np.testing.assert_allclose(extrapolated(error)[1], 1.0)


def test_no_error_grows_faster_than_that_of_a_smooth_function_or_hardly_at_all() -> None:
    error = {2: np.array([1.0, 1.0]), 4: np.array([2.0**9, 0.5])}
    np.testing.assert_allclose(extrapolated(error)[1], [2.0**-4, 2.0**-0.5])


def test_with_a_single_span_the_error_grows_with_its_square() -> None:
    np.testing.assert_allclose(extrapolated({2: np.array([3.0])})[1], [0.75])


def test_levels_that_nothing_is_left_on_are_dropped() -> None:
    found = renumbered(replace(settings(), levels=(3, -1, 1, 3), level_count=5))
    assert found.levels == (1, -1, 0, 1)
    assert found.level_count == 2
    nothing = renumbered(replace(settings(), levels=(-1, -1, -1, -1), level_count=2))
    assert nothing.level_count == 0


def test_scales_are_root_mean_squares_of_the_series_by_hand() -> None:
    data = coarse((4, 5), (2, 3, 4))  # too small for a motion
    found = measured(data, LAST).settings
    assert found.level_count == 0
    frames, area = data.frames[:].double(), data.area.double()

    def root(fields: list[torch.Tensor]) -> np.ndarray:
        square = (torch.stack(fields) ** 2 * area).mean(dim=(0, 2, 3))
        return np.asarray(square.sqrt().numpy())

    for row, k in enumerate((1, 2, 3, 4)):
        firsts = range(LAST - k)
        change = root([frames[i + k] - frames[i] for i in firsts])
        np.testing.assert_allclose(found.change[row], change, rtol=1e-4)
    lead = {2: 1 / 2, 3: 1 / 3, 4: 2 / 4}
    for row, k in enumerate((2, 3, 4), start=1):
        errors = []
        for i in range(LAST - k):
            before, after = min(3, i // k), min(3, (LAST - 1 - i - k) // k)
            weights = spline_weights(before, after, np.array([lead[k]]))[0]
            known = frames[i - k * before : i + k * (1 + after) + 1 : k]
            rendered = torch.tensordot(torch.from_numpy(weights), known, dims=1)
            errors.append(rendered - frames[i + k // 2])
        np.testing.assert_allclose(found.error[row], root(errors), rtol=1e-3)


def test_what_is_held_out_does_not_matter() -> None:
    data = coarse((16, 17), (2,))
    frames = data.frames[:]
    frames[LAST:] = 100 * torch.randn(frames[LAST:].shape, generator=torch.manual_seed(0))
    assert measured(replace(data, frames=frames), LAST).settings == measured(data, LAST).settings


def test_what_travels_keeps_its_motion_and_what_stands_loses_it() -> None:
    data = coarse((18, 20), (2,))
    steps = np.arange(float(COUNT))
    travelling = waves((18, 20), 2.0 * steps, 0.5 * steps)
    standing = np.cos(steps)[:, None, None] * waves((18, 20), 0 * steps, 0 * steps)[:, ::-1]
    both = np.stack([travelling, standing, -travelling], axis=1)
    frames = torch.from_numpy(both.astype(np.float32))
    found = measured(replace(data, frames=frames), LAST).settings
    assert found.levels == (0, -1, 0)
    assert found.level_count == 1
    fixed = replace(
        data, frames=frames, settings=replace(data.settings, levels=(-1, -1, -1), level_count=0)
    )
    still = measured(fixed, LAST).settings
    assert found.error[1][0] < 0.8 * still.error[1][0]
    alone = measured(replace(data, frames=frames[:, [1, 1, 1]]), LAST).settings
    assert alone.levels == (-1, -1, -1)
    assert alone.level_count == 0


def test_places_that_are_not_neighbours_are_refused_with_methods_that_do() -> None:
    """A convolution along a row of stations would mix strangers."""
    stations = scattered("station", ("lat", "lon"), (NORTH, EAST))
    read = series_from_dataset(stations)
    solar = Solar(PlaceBasis.of(read.grid), {})
    with pytest.raises(RequestError, match=r"not neighbours in space \(150 places.*method="):
        CoarseData.of(read, solar, TINY, 4)
