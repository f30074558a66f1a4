"""Which channels belong together."""

from dataclasses import replace
from typing import Any

import pytest

from temdeep.fields.relations import (
    dew_points,
    extremes_of,
    polar_winds,
    wind_directions,
    wind_speeds,
)
from temdeep.fields.variables import Channel, Kind, Nature

POINT = Kind.INSTANTANEOUS


def channel(name: str, standard_name: str = "", **options: str) -> Channel:
    """A channel at the surface, unless its options say another level."""
    nature = Nature.DIRECTION if "direction" in standard_name else Nature.CONTINUOUS
    told: dict[str, Any] = {"units": "K", "level": "surface", **options}
    variable = name.split("[", maxsplit=1)[0]
    return Channel(name, variable, kind=POINT, nature=nature, standard_name=standard_name, **told)


def wind(suffix: str = "", **options: str) -> list[Channel]:
    """Components, speed and direction."""
    return [
        channel(f"u{suffix}", "eastward_wind", partner=f"v{suffix}", component="x", **options),
        channel(f"v{suffix}", "northward_wind", partner=f"u{suffix}", component="y", **options),
        channel(f"ws{suffix}", "wind_speed", **options),
        channel(f"wd{suffix}", "wind_from_direction", **options),
    ]


AIR = channel("t2m", "air_temperature")
DEW = channel("d2m", "dew_point_temperature")


@pytest.mark.parametrize(
    ("air", "dew"),
    [(AIR, DEW), (channel("t2m"), channel("d2m")), (channel("2t"), channel("2d"))],
    ids=["by standard name", "by short name", "by GRIB's name"],
)
def test_a_dew_point_belongs_to_the_temperature_of_its_level(air: Channel, dew: Channel) -> None:
    assert dew_points([dew, channel("msl"), air]) == [(0, 2)]


@pytest.mark.parametrize(
    "other",
    [
        replace(AIR, level="850 hPa"),
        replace(AIR, units="degC"),
        replace(AIR, kind=Kind.MEAN),
        replace(AIR, standard_name="surface_temperature"),
        replace(AIR, name="t2m[number=3]"),
    ],
    ids=["level", "unit", "kind", "quantity", "member"],
)
def test_a_dew_point_does_not_belong_to_another_level_unit_kind_or_member(other: Channel) -> None:
    assert dew_points([DEW, other]) == []


def test_where_two_temperatures_could_be_meant_none_is() -> None:
    assert dew_points([DEW, AIR, channel("t5m", "air_temperature")]) == []


def test_members_of_an_ensemble_are_not_mixed() -> None:
    members = [
        replace(one, name=f"{one.name}[number={number}]") for number in (0, 1) for one in (DEW, AIR)
    ]
    assert dew_points(members) == [(0, 1), (2, 3)]


def test_speed_and_direction_belong_to_the_wind_of_their_level() -> None:
    two = [*wind(), *wind("[level=850]", level="850 hPa")]
    assert wind_speeds(two) == [(2, 0, 1), (6, 4, 5)]
    assert wind_directions(two) == [(3, 0, 1), (7, 4, 5)]
    assert polar_winds(two) == []


def test_a_direction_without_components_belongs_to_its_speed() -> None:
    *_, speed, direction = wind()
    assert polar_winds([direction, speed]) == [(0, 1)]
    assert wind_directions([direction, speed]) == []


def test_a_stress_or_a_current_is_no_wind() -> None:
    x, y, speed, direction = wind()
    strange = [
        replace(x, standard_name="surface_downward_eastward_stress"),
        replace(y, standard_name="surface_downward_northward_stress"),
        speed,
        direction,
    ]
    assert wind_speeds(strange) == []
    assert polar_winds(strange) == [(3, 2)]


def test_the_direction_of_waves_is_not_that_of_the_wind() -> None:
    *_, speed, _ = wind()
    waves = channel("mwd", "sea_surface_wave_from_direction")
    assert polar_winds([speed, waves, channel("mwd")]) == []


def test_extremes_belong_to_the_temperature_of_their_level() -> None:
    highest = replace(channel("mx2t"), kind=Kind.MAXIMUM)
    low = replace(AIR, name="tn", variable="tn", kind=Kind.MINIMUM)
    gust = replace(channel("fg10", "wind_speed_of_gust"), kind=Kind.MAXIMUM)
    everything = [AIR, DEW, highest, low, gust, replace(low, level="850 hPa")]
    assert extremes_of(everything, AIR) == [highest, low]
    assert extremes_of(everything, DEW) == []
    assert extremes_of([*everything, channel("tas", "air_temperature")], AIR) == []
