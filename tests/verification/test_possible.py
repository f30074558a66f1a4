import numpy as np
import pytest

from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.verification.possible import dark_at, dark_throughout, impossible

POINT = Kind.INSTANTANEOUS
RAIN = Channel("tp", "tp", "mm", Kind.SUM, Nature.NON_NEGATIVE)
LIGHT = Channel("ssrd", "ssrd", "W m-2", Kind.MEAN, Nature.SUNLIGHT)
TURN = Channel("wdir", "wdir", "degree", POINT, Nature.DIRECTION)
MOIST = Channel("r", "r", "%", POINT, Nature.FRACTION, "relative_humidity")
AIR = Channel("t", "t", "K", POINT, standard_name="air_temperature", level="surface")
DEW = Channel("td", "td", "K", POINT, standard_name="dew_point_temperature", level="surface")
U = Channel("u", "u", "m s-1", POINT, partner="v", component="x", level="surface")
V = Channel("v", "v", "m s-1", POINT, partner="u", component="y", level="surface")
SPEED = Channel(
    "ws", "ws", "m s-1", POINT, Nature.NON_NEGATIVE, standard_name="wind_speed", level="surface"
)


def judged(
    channels: tuple[Channel, ...],
    filled: list[list[float]],
    given: list[list[float]],
    *,
    dark: bool = False,
) -> list[bool]:
    """What is held impossible at one time and place for each channel."""
    values, ends = (np.array(each, np.float32)[:, :, None, None] for each in (filled, given))
    night = np.full((len(filled), 1, 1), dark)
    beyond = impossible(channels, values, ends, night)
    return [bool(one) for one in beyond[0, :, 0, 0]]


@pytest.mark.parametrize(
    ("channel", "value", "given", "wrong"),
    [
        (RAIN, -1e-3, 0.0, True),
        (RAIN, -1e-3, -1e-2, False),  # the file's own
        (RAIN, 1e9, 0.0, False),
        (RAIN, np.nan, 0.0, False),
        (MOIST, 101.0, 90.0, True),
        (MOIST, 101.0, 104.0, False),
        (MOIST, -1.0, 3.0, True),
        (TURN, 360.0, 350.0, True),
        (TURN, -0.1, 0.1, True),
        (TURN, 359.9, 350.0, False),
        (AIR, -5.0, 280.0, False),
    ],
)
def test_what_lies_beyond_its_range_and_beyond_the_given_is_impossible(
    channel: Channel, value: float, given: float, wrong: bool
) -> None:
    assert judged((channel,), [[value]], [[given]]) == [wrong]


def test_light_by_night_is_impossible_unless_the_file_holds_it_all_night() -> None:
    assert judged((LIGHT,), [[3.0]], [[0.0]], dark=True) == [True]
    assert judged((LIGHT,), [[3.0]], [[5.0]], dark=True) == [False]
    assert judged((LIGHT,), [[3.0]], [[0.0]], dark=False) == [False]


def test_a_mean_over_dawn_does_not_excuse_light_before_it() -> None:
    dark = np.array([True, False])[:, None, None]
    even = np.full((2, 1, 1, 1), 50.0)
    assert impossible((LIGHT,), even, even[:1], dark)[:, 0, 0, 0].tolist() == [True, False]


def test_a_dew_point_above_the_temperature_is_impossible_unless_given_so() -> None:
    assert judged((AIR, DEW), [[280.0, 281.0]], [[280.0, 279.0]]) == [False, True]
    assert judged((AIR, DEW), [[280.0, 281.0]], [[280.0, 281.5]]) == [False, False]


def test_a_speed_below_its_components_is_impossible() -> None:
    assert judged((U, V, SPEED), [[3.0, 4.0, 4.9]], [[3.0, 4.0, 5.0]]) == [False, False, True]
    assert judged((U, V, SPEED), [[3.0, 4.0, 5.0]], [[3.0, 4.0, 5.0]]) == [False, False, False]


def test_the_sun_is_down_at_midnight_and_through_a_winter_night_only() -> None:
    place = np.array([[50.0]]), np.array([[0.0]])
    hours = np.array(["2020-01-01T00", "2020-01-01T12"], "datetime64[us]")
    assert dark_at(hours, *place)[:, 0, 0].tolist() == [True, False]
    bounds = np.array(["2020-01-01T00", "2020-01-01T06", "2020-01-01T12"], "datetime64[us]")
    assert dark_throughout(bounds, *place)[:, 0, 0].tolist() == [True, False]
