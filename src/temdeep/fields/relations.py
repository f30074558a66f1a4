"""Which channels physics ties together: a dew point to its temperature, a speed to its wind.

Two channels belong together where they share kind, level and member, in one unit, and no third
one could be meant.

Knows: what channels are. Must not know: values, torch, files.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from temdeep.fields.natures import Role, role_of
from temdeep.fields.variables import Channel, Kind, Nature

EXTREMES = (Kind.MAXIMUM, Kind.MINIMUM)


class DewPoint(NamedTuple):
    """Places of a dew point and of the temperature that it does not exceed."""

    dew: int
    air: int


class WindSpeed(NamedTuple):
    """Places of a wind speed and of the wind's components."""

    speed: int
    x: int
    y: int


class WindDirection(NamedTuple):
    """Places of a wind direction and of the wind's components."""

    direction: int
    x: int
    y: int


class PolarWind(NamedTuple):
    """Places of a wind direction and of the wind's speed, where there are no components."""

    direction: int
    speed: int


def dew_points(channels: Sequence[Channel]) -> list[DewPoint]:
    """Each dew point with the temperature on its level."""
    air = _only(channels, Role.AIR_TEMPERATURE)
    return [
        DewPoint(place, air[_where(one)])
        for place, one in _of_role(channels, Role.DEW_POINT)
        if _where(one) in air and channels[air[_where(one)]].units == one.units
    ]


def wind_speeds(channels: Sequence[Channel]) -> list[WindSpeed]:
    """Each wind speed with the components on its level."""
    winds = _winds(channels)
    return [
        WindSpeed(place, *winds[_where(one)])
        for place, one in _of_role(channels, Role.WIND_SPEED)
        if _where(one) in winds and channels[winds[_where(one)][0]].units == one.units
    ]


def wind_directions(channels: Sequence[Channel]) -> list[WindDirection]:
    """Each wind direction with the components on its level."""
    winds = _winds(channels)
    return [
        WindDirection(place, *winds[_where(one)])
        for place, one in _of_role(channels, Role.WIND_DIRECTION)
        if _where(one) in winds
    ]


def polar_winds(channels: Sequence[Channel]) -> list[PolarWind]:
    """Each wind direction with the speed on its level, where the components are not there."""
    winds, speeds = _winds(channels), _only(channels, Role.WIND_SPEED)
    return [
        PolarWind(place, speeds[_where(one)])
        for place, one in _of_role(channels, Role.WIND_DIRECTION)
        if _where(one) not in winds and _where(one) in speeds
    ]


def extremes_of(channels: Sequence[Channel], air: Channel) -> list[Channel]:
    """The maxima and minima over periods of a temperature that holds at an instant.

    Args:
        channels: All channels of a series.
        air: One of them.
    """
    if role_of(air.variable, air.standard_name) is not Role.AIR_TEMPERATURE or air.kind.is_period:
        return []
    same = _where(air)[1:]
    rivals = [
        one
        for _, one in _of_role(channels, Role.AIR_TEMPERATURE)
        if not one.kind.is_period and _where(one)[1:] == same
    ]
    if len(rivals) != 1:
        return []
    return [
        one
        for _, one in _of_role(channels, Role.AIR_TEMPERATURE)
        if one.kind in EXTREMES and _where(one)[1:] == same and one.units == air.units
    ]


def _where(channel: Channel) -> tuple[Hashable, ...]:
    """Kind, level and member: what channels that belong together share."""
    return channel.kind, channel.level, channel.name.removeprefix(channel.variable)


def _of_role(channels: Sequence[Channel], role: Role) -> list[tuple[int, Channel]]:
    return [
        (place, one)
        for place, one in enumerate(channels)
        if role_of(one.variable, one.standard_name) is role
        and (role is not Role.WIND_DIRECTION or one.nature is Nature.DIRECTION)
    ]


def _only(channels: Sequence[Channel], role: Role) -> dict[tuple[Hashable, ...], int]:
    """Places of the channels of a role that are alone where they are."""
    found = _of_role(channels, role)
    count = Counter(_where(one) for _, one in found)
    return {_where(one): place for place, one in found if count[_where(one)] == 1}


def _winds(channels: Sequence[Channel]) -> dict[tuple[Hashable, ...], tuple[int, int]]:
    """Places of the components of each wind that is alone on its level."""
    places = {one.name: place for place, one in enumerate(channels)}
    found = [
        (one, (place, places[one.partner]))
        for place, one in enumerate(channels)
        if one.component == "x"
        and one.partner in places
        and role_of(one.variable, one.standard_name) is Role.WIND_COMPONENT
    ]
    count = Counter(_where(one) for one, _ in found)
    return {_where(one): pair for one, pair in found if count[_where(one)] == 1}
