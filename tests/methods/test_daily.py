"""The day's cycle at the hours that a series samples, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
from tests.network.making import grid

from temdeep.fields.solar import TimeArray
from temdeep.methods.daily import HourMeans
from temdeep.methods.places import PlaceBasis
from temdeep.metric import Float32Array

WHERE = grid((10, 12))
BASIS = PlaceBasis.of(WHERE)


def times(days: int, step_h: int) -> TimeArray:
    hours = np.arange(0, 24 * days, step_h) * np.timedelta64(1, "h")
    return np.asarray(np.datetime64("2019-03-01T00", "us") + hours)


def cycle(at: TimeArray) -> Float32Array:
    """Two channels with a day's cycle that is a smooth function of place, (time, channel, y, x)."""
    hour = (at - at.astype("datetime64[D]")) / np.timedelta64(1, "h")
    angle = 2 * np.pi * hour[:, None, None] / 24
    warmth = 5 + np.sin(np.deg2rad(WHERE.latitude)) * 20
    first = 280 + warmth * np.cos(angle - 2)
    second = 2 + 3 * np.cos(2 * angle) + 0 * warmth
    return np.stack([first, second], axis=1).astype(np.float32)


def measured(days: int, step_h: int) -> HourMeans:
    at = times(days, step_h)
    return HourMeans.of(cycle(at), at, BASIS, WHERE)


@pytest.mark.parametrize("step_h", [3, 6, 12])
def test_a_pure_day_is_removed_where_it_was_sampled(step_h: int) -> None:
    """To the hundredth part that the ridge leaves."""
    at = times(8, step_h)
    fields = cycle(at)
    rest = fields - measured(8, step_h).at(at, WHERE)
    for channel in range(2):
        left, whole = rest[:, channel].std(axis=0), fields[:, channel].std(axis=0)
        assert (left <= 0.05 * whole).all()
    np.testing.assert_allclose(rest.mean(axis=0), fields.mean(axis=0), rtol=1e-5)


def test_what_is_no_day_stays() -> None:
    at = times(20, 6)
    rng = np.random.default_rng(0)
    slow = np.sin(2 * np.pi * np.arange(len(at)) / 28)[:, None, None, None]
    fields = (cycle(at) + 10 * slow + rng.normal(0, 0.1, (len(at), 2, *WHERE.shape))).astype(
        np.float32
    )
    rest = fields - HourMeans.of(fields, at, BASIS, WHERE).at(at, WHERE)
    for channel in range(2):
        correlation = np.corrcoef(rest[:, channel].mean(axis=(1, 2)), slow.ravel())[0, 1]
        assert correlation > 0.99


def test_hours_that_were_not_sampled_have_no_departure() -> None:
    found = measured(8, 6)
    assert (found.at(times(1, 6), WHERE) != 0).any()
    between = times(1, 6) + np.timedelta64(3, "h")
    assert (found.at(between, WHERE) == 0).all()
    mixed = times(1, 3)
    assert (found.at(mixed, WHERE) == 0).all()
    later = times(1, 6) + np.timedelta64(365, "D")
    np.testing.assert_array_equal(found.at(later, WHERE), found.at(times(1, 6), WHERE))


@pytest.mark.parametrize(("days", "step_h"), [(5, 6), (30, 24)])
def test_few_days_or_one_hour_a_day_tell_nothing(days: int, step_h: int) -> None:
    found = measured(days, step_h)
    assert found.hours_us.size == 0
    assert found.at(times(1, step_h), WHERE).shape == (24 // step_h, 2, *WHERE.shape)
    assert (found.at(times(1, step_h), WHERE) == 0).all()


def test_missing_values_are_left_out_of_the_mean() -> None:
    """A gap counted as 0 K would be a cycle of tens of kelvin."""
    at = times(8, 6)
    fields = cycle(at)
    holed = fields.copy()
    holed[1::12, :, 2:5, 3:6] = np.nan  # always at 6 UTC
    holed[:, 0, 7, 7] = np.nan  # always missing
    wanted = HourMeans.of(fields, at, BASIS, WHERE).at(times(1, 6), WHERE)
    found = HourMeans.of(holed, at, BASIS, WHERE).at(times(1, 6), WHERE)
    assert np.isfinite(found).all()
    assert np.abs(found - wanted).max() < 0.5


def test_a_part_of_the_grid_has_the_cycle_of_the_whole() -> None:
    found = measured(8, 6)
    part = replace(WHERE, latitude=WHERE.latitude[2:7, 3:9], longitude=WHERE.longitude[2:7, 3:9])
    whole, tile = found.at(times(1, 6), WHERE), found.at(times(1, 6), part)
    np.testing.assert_allclose(tile, whole[..., 2:7, 3:9], atol=1e-5)
