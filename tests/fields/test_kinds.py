"""What a variable's numbers stand for is read, never guessed."""

import pytest

from temdeep.errors import RequestError, VariableKindError
from temdeep.fields.kinds import kind_of, parse_kind
from temdeep.fields.natures import (
    component_of,
    holds_fast_waves,
    level_said,
    nature_of,
    tied_to_ground,
)
from temdeep.fields.variables import Kind, Nature


@pytest.mark.parametrize(
    ("cell_methods", "kind"),
    [
        ("time: point", Kind.INSTANTANEOUS),
        ("time: sum", Kind.SUM),
        ("time: mean (interval: 15 minutes)", Kind.MEAN),
        ("area: mean time: maximum", Kind.MAXIMUM),
        ("time: minimum area: mean where land", Kind.MINIMUM),
        ("valid_time: mean", Kind.MEAN),
    ],
)
def test_cell_methods_decide(cell_methods: str, kind: Kind) -> None:
    found, reason = kind_of("x", {"cell_methods": cell_methods}, ("valid_time",), "f.nc")
    assert found is kind
    assert cell_methods in reason


@pytest.mark.parametrize(
    ("step_type", "kind"),
    [
        ("instant", Kind.INSTANTANEOUS),
        ("accum", Kind.SUM),
        ("avg", Kind.MEAN),
        ("max", Kind.MAXIMUM),
        ("min", Kind.MINIMUM),
    ],
)
def test_grib_step_types_decide(step_type: str, kind: Kind) -> None:
    assert kind_of("x", {"GRIB_stepType": step_type}, (), "f.grib")[0] is kind


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("x", {"standard_name": "air_temperature"}),
        ("x", {"standard_name": "eastward_wind"}),
        ("x", {"standard_name": "geopotential_height", "units": "m"}),
        ("x", {"standard_name": "atmosphere_mass_content_of_water_vapor", "units": "kg m-2"}),
        ("t2m", {}),
        ("u10m", {}),  # earth2studio
        ("z500", {}),
        ("2m_temperature", {}),  # WeatherBench
        ("10m_u_component_of_wind", {}),
        ("wind_speed_10m", {"units": "km/h"}),  # Open-Meteo
        ("air", {"units": "degK"}),
        ("foo", {"units": "hPa"}),
        ("mask", {"flag_values": [0, 1]}),
    ],
)
def test_a_state_without_cell_methods_is_instantaneous_with_a_reason(
    name: str, attributes: dict[str, str]
) -> None:
    kind, reason = kind_of(name, attributes, (), "f.nc")
    assert kind is Kind.INSTANTANEOUS
    assert reason.startswith("no cell_methods")


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("tp", {"units": "m"}),
        ("x", {"standard_name": "lwe_thickness_of_precipitation_amount", "units": "m"}),
        ("x", {"standard_name": "precipitation_flux"}),
        ("x", {"standard_name": "surface_downwelling_shortwave_flux_in_air", "units": "W m-2"}),
        ("ssrd", {"units": "J m**-2"}),
        ("tasmax", {"standard_name": "air_temperature", "units": "K"}),
        ("x", {"standard_name": "wind_speed_of_gust", "units": "m s-1"}),
        ("tp06", {}),
        ("total_precipitation_6hr", {}),
        ("precipitation", {"units": "mm"}),
        ("mystery", {}),
        ("mystery850", {}),
        ("mystery", {"units": "1"}),
    ],
)
def test_what_may_be_either_is_refused_with_the_setting_that_settles_it(
    name: str, attributes: dict[str, str]
) -> None:
    with pytest.raises(VariableKindError) as error:
        kind_of(name, attributes, (), "f.nc", step="3h")
    assert f"'{name}' in f.nc" in str(error.value)
    assert f'kinds={{"{name}": "instantaneous"}}' in str(error.value)
    assert f'kinds={{"{name}": "sum:3h"}}' in str(error.value)


@pytest.mark.parametrize(
    "attributes",
    [
        {"cell_methods": "time: maximum within days time: mean over days"},
        {"cell_methods": "time: variance"},
        {"GRIB_stepType": "diff"},
    ],
)
def test_what_cannot_be_filled_is_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(VariableKindError, match="cannot be filled in time"):
        kind_of("x", attributes, (), "f.nc")


def test_what_the_user_says_is_understood() -> None:
    assert parse_kind("tp", "instantaneous").kind is Kind.INSTANTANEOUS
    said = parse_kind("tp", "sum:3h")
    assert (said.kind, said.length_us) == (Kind.SUM, 3 * 3_600_000_000)
    with pytest.raises(RequestError, match="not a kind that 'tp' can have"):
        parse_kind("tp", "total")
    with pytest.raises(RequestError, match="is not a duration"):
        parse_kind("tp", "sum:often")
    with pytest.raises(RequestError, match="'sum:' for 'tp' names no length after the colon"):
        parse_kind("tp", "sum:")
    with pytest.raises(RequestError, match="has no period"):
        parse_kind("tp", "instantaneous:1h")


@pytest.mark.parametrize(
    ("name", "standard_name", "nature"),
    [
        ("x", "surface_downwelling_shortwave_flux_in_air", Nature.SUNLIGHT),
        ("ssrd", "", Nature.SUNLIGHT),
        ("tisr", "", Nature.SUNLIGHT),
        ("x", "surface_downwelling_longwave_flux_in_air", Nature.CONTINUOUS),
        ("x", "precipitation_flux", Nature.NON_NEGATIVE),
        ("tp", "", Nature.NON_NEGATIVE),
        ("mtpr", "", Nature.NON_NEGATIVE),
        ("avg_tprate", "unknown", Nature.NON_NEGATIVE),
        ("rain_gsp", "", Nature.NON_NEGATIVE),  # ICON
        ("precipitationCal", "", Nature.NON_NEGATIVE),  # IMERG
        ("total_snowfall", "", Nature.NON_NEGATIVE),
        ("terrain", "", Nature.CONTINUOUS),
        ("cape", "atmosphere_convective_available_potential_energy", Nature.NON_NEGATIVE),
        ("msnswrfcs", "", Nature.SUNLIGHT),
        ("x", "specific_humidity", Nature.NON_NEGATIVE),
        ("x", "cloud_area_fraction", Nature.FRACTION),
        ("x", "relative_humidity", Nature.FRACTION),
        ("x", "surface_albedo", Nature.FRACTION),
        ("tcc", "", Nature.NON_NEGATIVE),
        ("ws", "wind_speed", Nature.NON_NEGATIVE),
        ("wdir", "wind_from_direction", Nature.DIRECTION),
        ("wdir", "", Nature.DIRECTION),
        ("x", "air_temperature", Nature.CONTINUOUS),
        ("x", "eastward_wind", Nature.CONTINUOUS),
        ("dbz", "equivalent_reflectivity_factor", Nature.CONTINUOUS),
    ],
)
def test_natures_follow_names(name: str, standard_name: str, nature: Nature) -> None:
    assert nature_of(name, {"standard_name": standard_name})[0] is nature


@pytest.mark.parametrize(
    ("name", "attributes", "nature"),
    [
        ("r", {"units": "%"}, Nature.FRACTION),
        ("tcc", {"units": "(0 - 1)"}, Nature.FRACTION),
        ("tcc", {"units": "okta"}, Nature.FRACTION),
        ("r", {"units": "g m-3"}, Nature.NON_NEGATIVE),  # rain water, not humidity
        ("x", {"standard_name": "relative_humidity", "units": "%"}, Nature.FRACTION),
        ("x", {"standard_name": "cloud_area_fraction", "units": "km2"}, Nature.NON_NEGATIVE),
    ],
)
def test_a_share_is_a_fraction_only_where_its_unit_tells_the_whole(
    name: str, attributes: dict[str, str], nature: Nature
) -> None:
    assert nature_of(name, attributes)[0] is nature


DEGREES = {"units": "degrees"}


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("DD_10M", {**DEGREES, "long_name": "wind direction"}),  # COSMO, ICON
        ("winddirection_10m", DEGREES),
        ("wind_direction_10m", {**DEGREES, "standard_name": "wind_direction"}),
        ("WDIR_10maboveground", {**DEGREES, "long_name": "Wind Direction (from which blowing)"}),
        ("wdir10", {}),  # CERRA
        ("wdir10m", {}),
        ("wdir850", DEGREES),
        ("dir", {"units": "degree_true"}),
        ("wave_dir", DEGREES),
        ("mdts", {"units": "Degree true"}),  # ERA5
        ("current_direction", DEGREES),
        ("wdir", {"units": "degrees_north"}),
        ("wd", {"units": "degrees (from N)"}),
        ("foo", {"units": "° clockwise", "long_name": "wind direction"}),
        ("foo", {**DEGREES, "long_name": "Mean wave direction"}),
        ("foo", {**DEGREES, "long_name": "Direction of swell waves"}),
        ("wdir", {"standard_name": "wind_direction"}),
        ("mwd", {"units": "degree", "standard_name": "wave_direction"}),
        ("wdir", {**DEGREES, "standard_name": "wdir"}),
        ("foo", {**DEGREES, "standard_name": "solar_azimuth_angle"}),
        ("x", {"standard_name": "sea_surface_wave_from_direction_at_variance_maximum"}),
    ],
)
def test_directions_are_known_by_names_and_by_words_in_degrees(
    name: str, attributes: dict[str, str]
) -> None:
    nature, why = nature_of(name, attributes)
    assert nature is Nature.DIRECTION
    assert why
    assert kind_of(name, attributes, (), "f.nc")[0] is Kind.INSTANTANEOUS


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("slope", {**DEGREES, "long_name": "slope of the ground"}),
        ("foo", {**DEGREES, "standard_name": "solar_zenith_angle"}),
        ("lat", {"units": "degrees_north", "long_name": "latitude"}),
        ("foo", {"units": "degrees C", "long_name": "temperature in direction of flow"}),
        ("dd", {"units": "K", "long_name": "dew point depression"}),
        ("dir", {"units": "W m-2", "long_name": "direct radiation"}),
        ("wd", {"standard_name": "air_temperature"}),
        ("foo", {**DEGREES, "long_name": "standard deviation of wind direction"}),
        ("wdw", {"units": "radians", "long_name": "Wave spectral directional width"}),
        ("foo", {"units": "m s-1", "long_name": "wind in direction of flow"}),
    ],
)
def test_not_all_that_has_degrees_or_directions_is_a_direction(
    name: str, attributes: dict[str, str]
) -> None:
    assert nature_of(name, attributes)[0] is not Nature.DIRECTION


@pytest.mark.parametrize(
    ("name", "long_name"),
    [
        ("wdir_max", ""),
        ("wind_gust_direction", ""),
        ("wind_direction_10m_dominant", ""),
        ("foo", "direction of maximum wind"),
        ("wdir_mean", "mean wind direction"),
    ],
)
def test_directions_that_a_period_may_be_meant_with_are_not_guessed(
    name: str, long_name: str
) -> None:
    with pytest.raises(VariableKindError, match="kinds="):
        kind_of(name, {**DEGREES, "long_name": long_name}, (), "f.nc")


def test_flags_are_known_by_their_values() -> None:
    assert nature_of("tp", {"flag_values": [0, 1, 2]})[0] is Nature.FLAG


@pytest.mark.parametrize(
    ("name", "standard_name", "tied"),
    [
        ("x", "surface_air_pressure", True),
        ("x", "air_pressure_at_mean_sea_level", False),
        ("skt", "", True),
        ("x", "soil_temperature", True),
        ("ssrd", "", True),
        ("t2m", "air_temperature", False),
        ("x", "precipitation_flux", False),
    ],
)
def test_what_is_tied_to_the_ground_does_not_move(
    name: str, standard_name: str, tied: bool
) -> None:
    attributes = {"standard_name": standard_name}
    assert tied_to_ground(name, attributes, nature_of(name, attributes)[0]) is tied


def test_both_components_name_the_same_vector() -> None:
    east, north = {"standard_name": "eastward_wind"}, {"standard_name": "northward_wind"}
    assert component_of("a", east)[0] == "x"
    assert component_of("a", east)[1] == component_of("b", north)[1]
    assert component_of("u10", {})[1] == component_of("v10", {})[1]
    assert component_of("u10", {})[1] != component_of("v100", {})[1]
    assert component_of("uptime", {}) == ("", "")


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("t850", "850 hPa"),
        ("z500", "500 hPa"),
        ("u10", "surface"),
        ("t2m", "surface"),
        ("u100", "100 m"),
        ("WDIR_80maboveground", "80 m"),
        ("winddirection_100m", "100 m"),
        ("wdir850", "850 hPa"),
        ("msl", "sea level"),
        ("tp", "column"),
    ],
)
def test_names_tell_levels(name: str, level: str) -> None:
    assert level_said(name, {}) == level


def test_pressure_and_heights_hold_fast_waves() -> None:
    of_mass = [
        ("ps", "surface_air_pressure"),
        ("x", "geopotential_height"),
        ("msl", ""),
        ("z500", ""),
    ]
    others = [
        ("t2m", "air_temperature"),
        ("ctp", "air_pressure_at_cloud_top"),
        ("u10", ""),
        ("q", ""),
    ]
    assert all(holds_fast_waves(*one) for one in of_mass)
    assert not any(holds_fast_waves(*one) for one in others)
