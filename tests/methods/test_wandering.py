"""Responses that wander: the best linear estimate where an amplitude does, the spline where not."""

import numpy as np
import pytest

from temdeep.methods.hidden import Track
from temdeep.methods.wandering import BENDS_PER_CURVATURE, CONTEXT, STEADY, Wandering, choose
from temdeep.metric import Float64Array
from temdeep.spline import spline_weights

HOUR_S = 3600.0
STEP_S = 6 * HOUR_S
FRAMES = 2 * CONTEXT + 2
THETA = np.linspace(0.1, 0.9, 5)


def day(hours: Float64Array) -> Float64Array:
    """A day's cycle that 6-hourly frames do not resolve."""
    swing: Float64Array = np.cos(2 * np.pi * hours / 24) + 0.5 * np.cos(4 * np.pi * hours / 24 + 1)
    return swing


def at_frames(lead: Float64Array) -> Float64Array:
    return day(6 * lead + 3)[:, None]


LEAD = np.arange(FRAMES, dtype=np.float64) - CONTEXT


def departure(variance: float, values: Float64Array, theta: Float64Array = THETA) -> Float64Array:
    return Wandering(variance, 1e-12).departure(
        values, at_frames(LEAD), at_frames(theta), CONTEXT, theta, STEP_S
    )


def test_where_amplitudes_wander_as_said_errors_are_clearly_smaller_than_the_splines() -> None:
    """Many draws of the very process: a smooth course, and an amplitude forgotten within a day."""
    rng = np.random.default_rng(0)
    draws, fine = 3000, 10
    lead = np.arange(-CONTEXT * fine, (CONTEXT + 1) * fine + 1) / fine
    apart = np.abs(lead[:, None] - lead) / 4  # days, of four steps
    amplitude = np.linalg.cholesky(np.exp(-apart)) @ rng.normal(size=(len(lead), draws))
    course = 0.002 * rng.normal(size=(len(lead), draws)).cumsum(axis=0).cumsum(axis=0)
    fields = course + amplitude * at_frames(lead)
    values, inside = fields[::fine], slice(CONTEXT * fine + 1, (CONTEXT + 1) * fine)
    theta, truth = lead[inside], fields[inside]
    bends = np.diff(course[::fine], 2, axis=0).var()
    wandering = Wandering(1.0, bends / BENDS_PER_CURVATURE / STEP_S**3)
    given, wanted = (np.tile(at_frames(one), draws) for one in (LEAD, theta))
    spline = np.tensordot(spline_weights(CONTEXT, CONTEXT, theta), values, axes=1)
    found = spline + wandering.departure(values, given, wanted, CONTEXT, theta, STEP_S)
    assert np.mean((found - truth) ** 2) < 0.6 * np.mean((spline - truth) ** 2)


@pytest.mark.parametrize("variance", [1e-9, 1.0, 1e6])
def test_a_straight_course_stays_straight(variance: float) -> None:
    values = (3 * LEAD - 1)[:, None]
    assert np.abs(departure(variance, values)).max() < 1e-6


def test_nothing_is_added_without_variance_or_at_the_ends() -> None:
    values = np.random.default_rng(0).normal(size=(FRAMES, 1))
    assert np.abs(departure(1e-12, values)).max() < 1e-6
    assert np.abs(departure(1.0, values, np.array([0.0, 1.0]))).max() < 1e-9


def test_what_is_added_does_not_depend_on_the_unit_of_the_field() -> None:
    values = np.random.default_rng(1).normal(size=(FRAMES, 1))
    given, wanted = at_frames(LEAD), at_frames(THETA)
    one = Wandering(0.1, 1e-13).departure(values, given, wanted, CONTEXT, THETA, STEP_S)
    # in thousandths the response is a thousand times larger, the curvature a million times
    other = Wandering(0.1, 1e-7).departure(
        1000 * values, 1000 * given, 1000 * wanted, CONTEXT, THETA, STEP_S
    )
    np.testing.assert_allclose(other, 1000 * one, rtol=1e-6, atol=1e-9)


def test_many_cells_are_worked_off_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).normal(size=(FRAMES, 7))
    given, wanted = np.tile(at_frames(LEAD), 7), np.tile(at_frames(THETA), 7)
    wandering = Wandering(0.1, 1e-13)
    whole = wandering.departure(values, given, wanted, CONTEXT, THETA, STEP_S)
    monkeypatch.setattr("temdeep.methods.wandering.AT_ONCE", 3)
    parts = wandering.departure(values, given, wanted, CONTEXT, THETA, STEP_S)
    np.testing.assert_allclose(parts, whole, rtol=1e-9, atol=1e-12)


def track(amplitude: Float64Array, course: Float64Array) -> Track:
    """Frames every 6 hours at three cells with a response of size 1 times an amplitude."""
    hours = 6.0 * np.arange(len(amplitude), dtype=np.float64)
    response = day(hours)[None, :, None] * np.ones(3)
    values = ((1 + amplitude) * day(hours) + course)[:, None, None] * np.ones(3)
    return Track(values, response, of_periods=False)


def test_a_response_that_wanders_is_told_from_one_that_does_not() -> None:
    rng = np.random.default_rng(3)
    frames = 160
    course = 0.02 * rng.normal(size=frames).cumsum().cumsum()
    amplitude = np.zeros(frames)
    for i in range(1, frames):  # forgotten within a day, of four frames
        amplitude[i] = np.exp(-0.25) * amplitude[i - 1] + 0.4 * rng.normal()
    ones = np.ones((1, 3))
    wandering = choose([track(amplitude, course)], 0, ones, np.ones(3), STEP_S)
    assert wandering.variance > 0
    assert not choose([track(0 * amplitude, course)], 0, ones, np.ones(3), STEP_S)


def test_curvature_is_that_of_the_anomaly_and_belongs_to_no_span() -> None:
    rng = np.random.default_rng(4)
    course = rng.normal(size=400).cumsum().cumsum()  # a bend of variance 1 at each frame
    amplitude = rng.normal(size=400)
    found = choose([track(amplitude, course)], 0, np.ones((1, 3)), np.ones(3), STEP_S)
    if found:
        bends = np.diff(amplitude * day(6.0 * np.arange(400, dtype=np.float64)) + course, 2).var()
        assert found.curvature * STEP_S**3 * BENDS_PER_CURVATURE == pytest.approx(bends, rel=0.1)


def test_a_constant_field_wanders_nowhere() -> None:
    still = Track(np.ones((40, 1, 3)), np.zeros((1, 40, 3)), of_periods=False)
    assert choose([still], 0, np.ones((1, 3)), np.ones(3), STEP_S) == STEADY
