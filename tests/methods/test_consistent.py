"""What physics ties together stays so, whatever method fills in."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Extreme, Interval
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.consistent import (
    ALL,
    NONE,
    Consistent,
    PostCondition,
    keep_consistent,
    parse_post_conditions,
    promises,
)
from temdeep.methods.places import PlaceBasis
from temdeep.methods.protocol import Method
from temdeep.methods.registry import UNFITTED
from temdeep.methods.simple import Linear
from temdeep.methods.solar import Solar
from temdeep.metric import Float32Array, Float64Array, GridMetric

SHAPE = (3, 4)
POINT = Kind.INSTANTANEOUS
T = Channel("t2m", "t2m", "K", POINT, standard_name="air_temperature", level="surface")
TD = Channel("d2m", "d2m", "K", POINT, standard_name="dew_point_temperature", level="surface")
U = Channel("u10", "u10", "m s-1", POINT, partner="v10", component="x", level="surface")
V = Channel("v10", "v10", "m s-1", POINT, partner="u10", component="y", level="surface")
WS = Channel("ws", "ws", "m s-1", POINT, Nature.NON_NEGATIVE, "wind_speed", level="surface")
WD = Channel("wd", "wd", "degree", POINT, Nature.DIRECTION, "wind_from_direction", level="surface")
RH = Channel("r", "r", "%", POINT, Nature.FRACTION, "relative_humidity", level="surface")
TX = replace(T, name="tx", variable="tx", kind=Kind.MAXIMUM)
TN = replace(T, name="tn", variable="tn", kind=Kind.MINIMUM)
CHANNELS = (T, TD, U, V, WS, WD, RH)
AIR, DEW, X, Y, SPEED, TURN, MOIST = range(7)


def grid() -> Grid:
    latitude, longitude = np.meshgrid(50 + np.arange(3.0), np.arange(4.0), indexing="ij")
    metric = GridMetric.uniform(25_000.0, SHAPE)
    return Grid("lat", "lon", latitude=latitude, longitude=longitude, metric=metric)


METHODS = [build() for build in UNFITTED.values()] + [Solar(PlaceBasis.of(grid()), {})]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method.name))
by_seed = given(seed=st.integers(0, 2**32 - 1))
quickly = settings(max_examples=20, derandomize=True)


def interval_of(channels: tuple[Channel, ...], frames: Float32Array, before: int = 0) -> Interval:
    """Frames (frame, channel, y, x) as an interval with context."""
    return Interval(
        frames[before],
        frames[before + 1],
        21_600.0,
        np.datetime64("2019-03-05T00:00", "us"),
        channels,
        grid(),
        frames[:before],
        frames[before + 2 :],
    )


def weather(seed: int) -> Interval:
    """Eight frames of weather so changeable that every method breaks every condition."""
    rng = np.random.default_rng(seed)
    frames = np.empty((8, len(CHANNELS), *SHAPE), np.float32)
    size = frames[:, 0].shape
    frames[:, AIR] = 280 + rng.normal(0, 5, size)
    frames[:, DEW] = frames[:, AIR] - rng.choice([0.0, 0.2, 8.0], size)
    frames[:, X], frames[:, Y] = rng.normal(0, 8, (2, *size))
    frames[:, SPEED] = np.hypot(frames[:, X], frames[:, Y])
    frames[:, TURN] = np.rad2deg(np.arctan2(-frames[:, X], -frames[:, Y])) % 360
    frames[:, MOIST] = rng.choice([0.0, 5.0, 95.0, 100.0], size)
    return interval_of(CHANNELS, frames, before=3)


def some_theta(seed: int) -> Float64Array:
    return np.concatenate([[0.0], np.sort(np.random.default_rng(seed).uniform(0, 1, 3)), [1.0]])


def turned(first: npt.ArrayLike, second: npt.ArrayLike) -> Float64Array:
    """Angle between two directions, degrees."""
    apart: Float64Array = np.asarray(first, np.float64) - np.asarray(second)
    angle: Float64Array = np.abs((apart + 180) % 360 - 180)
    return angle


@every_method
@by_seed
@quickly
def test_what_is_made_is_consistent(method: Method, seed: int) -> None:
    filled = Consistent(method, CHANNELS).fill(weather(seed), some_theta(seed))
    made = filled[1:-1].astype(np.float64)
    assert (filled[:, DEW] <= filled[:, AIR]).all()
    wind = np.hypot(made[:, X], made[:, Y])
    assert (made[:, SPEED] >= wind * (1 - 1e-6) - 1e-5).all()
    direction = np.rad2deg(np.arctan2(-made[:, X], -made[:, Y]))
    assert (turned(made[:, TURN], direction)[wind > 0.01] < 0.01).all()
    assert ((filled[:, TURN] >= 0) & (filled[:, TURN] < 360)).all()
    assert ((filled[:, MOIST] >= 0) & (filled[:, MOIST] <= 100)).all()


@every_method
@by_seed
@quickly
def test_given_times_and_what_is_tied_to_nothing_are_untouched(method: Method, seed: int) -> None:
    interval, theta = weather(seed), some_theta(seed)
    filled = Consistent(method, CHANNELS).fill(interval, theta)
    np.testing.assert_array_equal(filled[0], interval.start)
    np.testing.assert_array_equal(filled[-1], interval.end)
    free = [AIR, X, Y]
    np.testing.assert_array_equal(filled[:, free], method.fill(interval, theta)[:, free])


@every_method
@by_seed
@quickly
def test_off_means_off(method: Method, seed: int) -> None:
    interval, theta = weather(seed), some_theta(seed)
    off = Consistent(method, CHANNELS, ALL - {PostCondition.DEW_POINT}).fill(interval, theta)
    plain = method.fill(interval, theta)
    np.testing.assert_array_equal(off[:, DEW], plain[:, DEW])
    nothing = Consistent(method, CHANNELS, NONE).fill(interval, theta)
    others = [AIR, DEW, X, Y, SPEED, TURN]
    np.testing.assert_array_equal(nothing[:, others], plain[:, others])


@every_method
@by_seed
@quickly
def test_missing_values_stay_missing_and_only_they(method: Method, seed: int) -> None:
    whole = weather(seed)
    holes = np.random.default_rng(seed).uniform(size=whole.frames.shape) < 0.2
    frames = np.where(holes, np.float32(np.nan), whole.frames)
    interval, theta = interval_of(CHANNELS, frames, before=3), some_theta(seed)
    filled = Consistent(method, CHANNELS).fill(interval, theta)
    np.testing.assert_array_equal(np.isnan(filled), np.isnan(method.fill(interval, theta)))


def test_a_spline_breaks_every_condition_when_they_are_off() -> None:
    """Otherwise the tests above would prove nothing."""
    method, theta = UNFITTED["cubic"](), np.array([0.3, 0.5, 0.7])
    off = [Consistent(method, CHANNELS, NONE).fill(weather(seed), theta) for seed in range(5)]
    made = np.concatenate(off)
    assert (made[:, DEW] > made[:, AIR] + 0.1).any()
    assert (made[:, SPEED] < np.hypot(made[:, X], made[:, Y]) - 0.1).any()
    assert (made[:, MOIST] > 101).any()
    direction = np.rad2deg(np.arctan2(-made[:, X], -made[:, Y]))
    assert (turned(made[:, TURN], direction) > 20).any()


def one_cell(channels: tuple[Channel, ...], *frames: list[float]) -> Interval:
    """The same values in every cell."""
    values = np.array(frames, np.float32)[:, :, None, None]
    return interval_of(channels, np.broadcast_to(values, (*values.shape[:2], *SHAPE)).copy())


def middle(channels: tuple[Channel, ...], *frames: list[float]) -> list[float]:
    """What the straight line, kept consistent, has at half time."""
    interval = one_cell(channels, *frames)
    filled = Consistent(Linear(), channels).fill(interval, np.array([0.5]))
    return [float(one) for one in filled[0, :, 0, 0]]


def test_made_values_may_contradict_each_other_as_much_as_the_given_do() -> None:
    assert middle((T, TD), [280, 281], [282, 283]) == [281, 282]
    assert middle((U, V, WS), [3, 4, 4], [3, 4, 4])[2] == 4


@every_method
def test_given_times_are_untouched_whatever_they_contradict(method: Method) -> None:
    """Directions that are not those of the components, and -0.0, come back to the bit."""
    interval = one_cell(CHANNELS, [280, 285, 3, 4, 1, 40, 105], [270, 290, -3, 4, 0.5, 77, -3])
    filled = Consistent(method, CHANNELS).fill(interval, np.array([0.0, 1.0]))
    np.testing.assert_array_equal(filled, np.stack([interval.start, interval.end]))


def test_a_direction_keeps_its_difference_from_the_components_on_a_turned_grid() -> None:
    """Components along axes that are turned by 30 degrees, and rounded in the file."""
    _, _, direction = middle((U, V, WD), [0, -5, 30], [-5, 0, 120])
    assert direction == pytest.approx(75)
    _, _, near = middle((U, V, WD), [0, -5, 2], [0, -5, 358])
    assert turned(near, 0) < 1e-4


def test_directions_counted_from_minus_180_are_put_right_in_that_count() -> None:
    assert middle((U, V, WD), [0, 5, -180], [5, 5, -135])[2] == pytest.approx(-153.43, abs=0.01)
    assert middle((WS, WD), [4, -170], [4, 150])[1] == pytest.approx(170)
    assert middle((WS, WD), [4, 170], [4, -150])[1] == pytest.approx(-170)


def test_a_calm_has_no_say_in_how_directions_differ() -> None:
    """At calm the direction is written as 0, which is none."""
    assert middle((U, V, WD), [0, 0, 0], [5, 0, 270])[2] == pytest.approx(270)


def test_a_weak_wind_turns_towards_a_strong_one() -> None:
    """From 0 to 90 degrees with 1 and 9 m/s: at half time tan d = 9 / 1."""
    direction = middle((WS, WD), [1, 0], [9, 90])[1]
    assert direction == pytest.approx(np.rad2deg(np.arctan2(9, 1)))
    off = Consistent(Linear(), (WS, WD), NONE).fill(
        one_cell((WS, WD), [1, 0], [9, 90]), np.array([0.5])
    )
    assert off[0, 1] == pytest.approx(45)


def test_where_the_wind_vanishes_the_direction_goes_through_the_circle() -> None:
    assert middle((WS, WD), [0, 10], [0, 50])[1] == pytest.approx(30)


@pytest.mark.parametrize(
    ("begin", "end", "limit", "kept"),
    [
        (-1.0, 0.6, 281.5, 281.5),
        (0.5, 0.9, 281.5, 281.5),  # where periods meet, both hold
        (-1.0, 0.5, 281.5, 281.5),
        (0.6, 1.5, 281.5, 282.0),
        (-1.0, 1.5, 281.5, 282.0),  # the end is in the period and given above its maximum
        (-1.0, 0.6, np.nan, 282.0),
    ],
)
def test_a_temperature_stays_below_the_maximum_of_its_period(
    begin: float, end: float, limit: float, kept: float
) -> None:
    values = np.full(SHAPE, limit, np.float32)
    high = Extreme("t2m", Kind.MAXIMUM, begin, end, values)
    interval = replace(one_cell((T,), [280], [284]), extremes=(high,))
    filled = Consistent(Linear(), (T, TX)).fill(interval, np.array([0.5]))
    assert (filled == np.float32(kept)).all()


def test_a_temperature_stays_above_the_minimum_of_its_period() -> None:
    values = np.full(SHAPE, 283, np.float32)
    low = Extreme("t2m", Kind.MINIMUM, 0.25, 0.75, values)
    interval = replace(one_cell((T,), [280], [284]), extremes=(low,))
    filled = Consistent(Linear(), (T, TN)).fill(interval, np.array([0.5, 0.8]))
    np.testing.assert_allclose(filled[:, 0, 0, 0], [283, 283.2])


def test_the_dew_point_follows_a_temperature_that_is_held_down() -> None:
    high = Extreme("t2m", Kind.MAXIMUM, 0.2, 0.8, np.full(SHAPE, 281, np.float32))
    interval = replace(one_cell((T, TD), [280, 280], [284, 284]), extremes=(high,))
    filled = Consistent(Linear(), (T, TD, TX)).fill(interval, np.array([0.5]))
    assert (filled == 281).all()


def test_each_variable_says_what_it_is_subject_to() -> None:
    told = Consistent(Linear(), (*CHANNELS, TX, TN))
    words = [told.treatment(one, grid()) for one in CHANNELS]
    assert words == [
        "linear; not beyond tx and tn (extremes)",
        "linear; not above t2m (dew-point)",
        "linear",
        "linear",
        "linear; not below that of u10 and v10 (wind-speed)",
        "linear; that of u10 and v10 (wind-direction)",
        "linear; within 0 to 100 (fraction)",
    ]
    off = Consistent(Linear(), CHANNELS, NONE)
    assert {off.treatment(one, grid()) for one in CHANNELS} == {"linear"}
    assert promises((WS, WD))["wd"] == {PostCondition.WIND_DIRECTION: "turning as a vector with ws"}


def test_a_method_is_left_alone_where_nothing_is_tied() -> None:
    method = Linear()
    assert keep_consistent(method, (T, U, V)) is method


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("all", ALL),
        ("none", NONE),
        ([], NONE),
        ("dew-point, wind-speed", {PostCondition.DEW_POINT, PostCondition.WIND_SPEED}),
        (["fraction"], {PostCondition.FRACTION}),
    ],
)
def test_post_conditions_are_read(text: str | list[str], conditions: set[PostCondition]) -> None:
    assert parse_post_conditions(text) == conditions


def test_an_unknown_post_condition_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(RequestError, match="no post-condition 'dew': say all, none, or some of fr"):
        parse_post_conditions("dew")
