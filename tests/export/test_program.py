"""A model as tensors from end to end: the same numbers as the model, with whatever is there."""

import dataclasses

import numpy as np
import pytest
import torch
from tests.export.making import SHAPE, arguments_of, smooth, worked
from tests.network import making
from tests.network.making import CHANNELS, HUMIDITY, STILL

from temdeep.export.program import Program
from temdeep.export.sun import Sun
from temdeep.export.swing import Swing
from temdeep.fields.intervals import Interval
from temdeep.fields.solar import sun_features
from temdeep.fields.variables import Nature
from temdeep.methods.learnt import Learnt
from temdeep.methods.normalising import logarithm
from temdeep.methods.wandering import Wandering
from temdeep.metric import Float32Array, Float64Array, FloatArray

THETA = np.array([0.0, 0.1, 0.5, 0.8, 1.0])


def by_program(model: Learnt, interval: Interval, theta: Float64Array) -> Float32Array:
    given = arguments_of(model, interval, theta)
    made: Float32Array = Program(model, interval.grid)(*given.values()).numpy()
    return made


def assert_alike(found: FloatArray, wanted: FloatArray, model: Learnt) -> None:
    """To rounding, in units of each channel's size, rain in logarithms; missing where missing."""
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    found, wanted = found.astype(np.float64), wanted.astype(np.float64)
    for i in model.network.settings.carried:  # whose mean and spread are those of logarithms
        rate = model.network.settings.rain[i] or np.nan
        found[:, i], wanted[:, i] = (logarithm(one[:, i], rate) for one in (found, wanted))
    size = np.abs(model.network.settings.mean) + model.network.settings.spread
    apart = np.abs(found - wanted) / np.reshape(size, (-1, 1, 1))
    assert np.nanmax(apart) < 2e-6


@pytest.mark.parametrize(("before", "after"), [(3, 3), (0, 0), (1, 3), (2, 0)])
@pytest.mark.parametrize("cyclic", [False, True])
def test_it_fills_as_the_model_does(before: int, after: int, *, cyclic: bool) -> None:
    model = worked(cyclic=cyclic)
    frames = smooth(before + after, before + 2 + after)
    interval = making.interval_of(frames, before, where=making.grid(SHAPE, cyclic=cyclic))
    assert_alike(by_program(model, interval, THETA), model.fill(interval, THETA), model)


def test_what_is_missing_is_missing_and_ends_the_context_of_its_cell() -> None:
    model = worked()
    frames = smooth(1, 8)
    frames[2, 0, 3:5, 4] = frames[6, 0, 9, 9] = np.nan  # context
    frames[3, 1, 2, 2] = frames[4, 3, 1:4, 5] = np.nan  # ends
    interval = making.interval_of(frames, 3)
    filled = model.fill(interval, THETA)
    assert np.isnan(filled[2, 1, 2, 2])
    assert_alike(by_program(model, interval, THETA), filled, model)


def test_a_model_without_context_looks_at_none() -> None:
    model = worked()
    without = dataclasses.replace(model.network.settings, without=("context",))
    alone = dataclasses.replace(model, network=making.network(without, size=0.05))
    interval = making.interval_of(smooth(9, 8), 3)
    assert_alike(by_program(alone, interval, THETA), alone.fill(interval, THETA), alone)


def test_each_part_of_the_model_is_in_it() -> None:
    """What one part adds is far beyond what they may differ by."""
    model = worked()
    interval = making.interval_of(smooth(2, 8), 3)
    whole = by_program(model, interval, THETA)
    steady = {
        name: dataclasses.replace(one, wandering=Wandering())
        for name, one in model.solar.responses.items()
    }
    for part, without in (
        ("wandering", {"solar": dataclasses.replace(model.solar, responses=steady)}),
        ("sun", {"solar": dataclasses.replace(model.solar, responses={})}),
        ("hours", {"daily": model.daily.nothing()}),
        ("network", {"network": making.network(model.network.settings)}),
    ):
        less = dataclasses.replace(model, **without)
        found = by_program(less, interval, THETA)
        assert np.abs(found - whole)[2, 0].max() > 0.05, part
        assert_alike(found, less.fill(interval, THETA), less)


def test_hours_that_were_not_sampled_are_left_alone_as_by_the_model() -> None:
    model = worked()
    frames = smooth(3, 8)
    interval = making.interval_of(frames, 3, start="2019-03-05T06:30")
    assert_alike(by_program(model, interval, THETA), model.fill(interval, THETA), model)


def test_limits_of_a_variable_are_kept() -> None:
    humidity = dataclasses.replace(HUMIDITY, units="K")
    fraction = dataclasses.replace(CHANNELS[3], nature=Nature.FRACTION, units="1")
    channels = (humidity, *CHANNELS[1:3], fraction)
    model = dataclasses.replace(worked(), channels=channels)
    frames = smooth(4, 8)
    frames[:, 0] -= 280
    frames[:, 0] = np.abs(frames[:, 0])
    frames[:, 3] = np.abs(frames[:, 3] - 1e5) / 1e3
    interval = making.interval_of(frames, 3, channels=channels)
    found = by_program(model, interval, THETA)
    assert found[:, 0].min() == 0
    assert found[:, 3].min() == 0
    assert_alike(found, model.fill(interval, THETA), model)


def test_rain_is_carried_along() -> None:
    model = worked(rain=True)
    frames = smooth(5, 8)
    frames[:, 3] = np.maximum(frames[:, 3] - 1e5, 0) / 500
    interval = making.interval_of(frames, 3, channels=model.channels)
    assert_alike(by_program(model, interval, THETA), model.fill(interval, THETA), model)


def test_channels_that_the_model_leaves_to_other_methods_are_looked_at_and_not_returned() -> None:
    model = worked()
    less = dataclasses.replace(model, instead={"u": ("linear", "it was better")})
    interval = making.interval_of(smooth(6, 8), 3)
    program = Program(less, interval.grid)
    assert [one.name for one in program.outputs] == ["t", "v", "ps"]
    np.testing.assert_array_equal(
        by_program(less, interval, THETA), by_program(model, interval, THETA)[:, [0, 2, 3]]
    )


def test_nothing_is_extrapolated() -> None:
    model = worked()
    interval = making.interval_of(smooth(7, 8), 3)
    found = by_program(model, interval, np.array([-0.1, 0.5, 1.1, np.nan]))
    assert np.isnan(found[[0, 2, 3]]).all()
    assert np.isfinite(found[1]).all()


def test_without_motions_none_is_asked_for() -> None:
    model = making.learnt(making.grid(SHAPE), levels=STILL, size=0.05)
    interval = making.interval_of(smooth(8, 8), 3)
    assert "motion" not in arguments_of(model, interval, THETA)
    assert_alike(by_program(model, interval, THETA), model.fill(interval, THETA), model)


def test_the_sun_stands_where_it_stands_in_any_year() -> None:
    where = making.grid((5, 36), cyclic=True)
    latitude = np.linspace(-90, 90, 5)[:, None] + np.zeros((5, 36))
    times = np.array(
        ["1900-02-28T23:59", "2000-02-29T12", "2019-12-31T23:30", "2020-01-01", "2199-07-01T03:07"],
        "datetime64[us]",
    )
    found = Sun(latitude, where.longitude)(torch.from_numpy(times.astype(np.int64)))
    np.testing.assert_allclose(
        found.numpy(), sun_features(times, latitude, where.longitude), atol=1e-6
    )


def test_years_in_which_the_sun_is_not_known_have_no_number() -> None:
    where = making.grid((2, 3))
    times = np.array(["0000-12-31T23", "0001-01-01", "4000-12-31T23", "4001-01-01"])
    times_us = torch.from_numpy(times.astype("datetime64[us]").astype(np.int64))
    found = Sun(where.latitude, where.longitude)(times_us)
    assert found.isnan().flatten(2).any(dim=-1).any(dim=0).tolist() == [True, False, False, True]


def test_wandering_is_that_of_the_solar_method_at_every_cell() -> None:
    rng = np.random.default_rng(9)
    wandering = Wandering(0.1, 1e-13)
    anomalies, given = rng.normal(size=(2, 8, 7))
    wanted = rng.normal(size=(3, 7))
    theta = np.array([0.2, 0.5, 0.9])
    swing = Swing(wandering)
    span = torch.tensor(10_800.0, dtype=torch.float64)
    tensors = [torch.from_numpy(one) for one in (anomalies, given, wanted, theta)]
    expected = wandering.departure(anomalies, given, wanted, 3, theta, 10_800.0)
    np.testing.assert_allclose(swing(*tensors, span), expected, rtol=1e-9, atol=1e-12)
    tensors[0][1, 2], tensors[0][6, 2] = np.nan, np.nan  # one frame before is left, and one after
    fewer = wandering.departure(
        anomalies[2:6, 2:3], given[2:6, 2:3], wanted[:, 2:3], 1, theta, 10_800.0
    )
    found = swing(*tensors, span)
    np.testing.assert_allclose(found[:, 2:3], fewer, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[:, [0, 1, 3]], expected[:, [0, 1, 3]], rtol=1e-9, atol=1e-12)
    tensors[0][[2, 5]] = np.nan
    assert (swing(*tensors, span) == 0).all()
