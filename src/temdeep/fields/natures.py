"""What quantity a variable is: sunlight, direction, categories; its level; its vector partner.

Tables of names, and nothing else: whoever misses a quantity adds it here, a direction in
`directions`. Knows: names, units and attributes. Must not know: torch, files.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

import numpy as np

from temdeep.fields.directions import direction_in, is_wind_direction
from temdeep.fields.limits import whole_in
from temdeep.fields.variables import Nature

Attributes = Mapping[Any, Any]

UNKNOWN_NAMES = ("", "unknown")

SUNLIGHT_WORDS = ("shortwave", "photosynthetic", "photosynthetically", "solar_irradiance")
SUNLIGHT_NAMES = frozenset(
    """
    ssrd ssr ssrc ssrdc tisr tsr tsrc fdir cdir uvb par parcs rsds rsus rsdt rsut rsdscs
    dswrf uswrf swdown swdnb swdnbc sdswrf msdwswrf msnswrf mtdwswrf mtnswrf avg_sdswrf
    avg_snswrf avg_tdswrf avg_tnswrf ghi dni dhi clearsky_ghi clearsky_dni clearsky_dhi
    msdrswrf msdrswrfcs msdswrfcs msnswrfcs mtnswrfcs avg_sdirswrf avg_sdirswrfcs avg_sdswrfcs
    avg_snswrfcs avg_tnswrfcs swgdn swtdn asob_s aswdir_s aswdifd_s ssw
    """.split()  # noqa: SIM905  (a table to read)
)

NON_NEGATIVE_WORDS = (
    "precipitation",
    "rainfall",
    "snowfall",
    "humidity",
    "mixing_ratio",
    "mass_fraction",
    "area_fraction",
    "cloud",
    "wind_speed",
    "speed_of_wind",
    "wind_speed_of_gust",
    "snow_amount",
    "snow_thickness",
    "snow_depth",
    "atmosphere_mass_content",
    "vapor_pressure",
    "vapor_partial_pressure",
    "visibility",
    "concentration",
    "optical_thickness",
    "boundary_layer_thickness",
    "wave_significant_height",
    "runoff",
    "friction_velocity",
    "available_potential_energy",
)
NON_NEGATIVE_NAMES = frozenset(
    """
    tp cp lsp pr prc prate apcp prcp precip rain rainc rainnc sf snow tcc lcc mcc hcc
    clt cc q r rh hus hurs huss shum spfh ws wspd si10 10si ws10 sfcwind wind fg10 i10fg
    gust tcw tcwv tclw tciw pwat sd snd blh vis qv qc qr qi clwc ciwc tot_prec ro sro
    zust swh vp e_sat total_precipitation total_precipitation_6hr tp06 precipitation
    specific_humidity relative_humidity relative_humidity_2m wind_speed 10m_wind_speed
    wind_speed_10m wind_speed_100m total_column_water_vapour total_column_water cloud_cover
    total_cloud_cover cape mucape mlcape sbcape mcape
    """.split()  # noqa: SIM905  (a table to read)
)

FRACTION_WORDS = (
    "relative_humidity",
    "area_fraction",
    "volume_fraction",
    "albedo",
    "emissivity",
)
FRACTION_NAMES = frozenset(
    """
    r r2 2r rh rh2 rh2m hur hurs tcc lcc mcc hcc clt cll clm clh cl cc cldfra albedo al fal
    asn siconc relative_humidity relative_humidity_2m cloud_cover total_cloud_cover
    """.split()  # noqa: SIM905  (a table to read)
)

PRECIPITATION_WORDS = ("precipitation", "rainfall", "snowfall")
PRECIPITATION_NAMES = frozenset(
    """
    tp cp lsp pr prc prra prsn prate crate tprate apcp acpcp ncpcp prcp precip precipitation
    rain rainc rainnc rainfall sf csf lsf snow snowc snownc snowfall tot_prec rain_gsp
    rain_con snow_gsp snow_con mtpr mcpr mlspr avg_tprate total_precipitation
    total_precipitation_6hr tp06 prectot prectotcorr
    """.split()  # noqa: SIM905  (a table to read)
)
_PRECIPITATION_IN_NAME = re.compile(
    r"(?!.*(anom|bias|err|flag|frac|mask|prob|qual|ratio|type|uncert))"
    r"(.*_)?(precip|precipitation|rain|rainfall|snowfall)(cal|uncal)?"
    r"(_(amount|flux|rate|sum|total|acc\w*|surface|sfc|gsp|con|\d+ ?h\w*))*"
)
"""Words of a name that say so, with nothing after them that makes it something else of rain."""

MASS_WORDS = ("air_pressure", "geopotential")
MASS_NAMES = frozenset(
    """
    sp ps psfc pres msl prmsl psl mslp slp surface_pressure pressure_msl mean_sea_level_pressure
    z gh zg hgt phi geopotential geopotential_height
    """.split()  # noqa: SIM905  (a table to read)
)

FLAG_NAMES = frozenset(["ptype", "ww", "weather_code", "precipitation_type", "pres_wx"])
FLAG_STANDARD_NAMES = frozenset(["precipitation_type", "area_type", "land_cover_lccs"])

GROUND_WORDS = (
    "surface_air_pressure",
    "surface_temperature",
    "skin",
    "soil",
    "sea_surface",
    "surface_snow",
    "snow_amount",
    "lwe_thickness_of_surface_snow",
    "snow_thickness",
    "upward_heat_flux",
    "downward_sensible_heat_flux",
    "downward_latent_heat_flux",
    "upward_sensible_heat_flux",
    "upward_latent_heat_flux",
    "zenith_angle",
    "boundary_layer_thickness",
    "runoff",
)
GROUND_NAMES = frozenset(
    """
    sp ps psfc skt ts sst stl1 stl2 stl3 stl4 swvl1 swvl2 swvl3 swvl4 tsoil sd snd lai
    ishf ie sshf slhf blh tsk tslb smois ro sro surface_pressure sea_surface_temperature
    """.split()  # noqa: SIM905  (a table to read)
)

COLUMN_WORDS = (
    "precipitation",
    "rainfall",
    "snowfall",
    "reflectivity",
    "cloud",
    "atmosphere_mass_content",
    "toa_",
    "brightness_temperature",
)
COLUMN_NAMES = frozenset(
    """
    tp cp lsp pr prc prate apcp prcp precip rain sf tcc lcc mcc hcc clt tcw tcwv tclw
    tciw pwat dbz ttr tsr tisr tot_prec total_precipitation total_precipitation_6hr tp06
    precipitation total_column_water_vapour total_column_water cloud_cover total_cloud_cover
    """.split()  # noqa: SIM905  (a table to read)
)

VECTOR_WORDS = {
    "eastward_": ("x", "northward_"),
    "northward_": ("y", "eastward_"),
    "x_wind": ("x", "y_wind"),
    "y_wind": ("y", "x_wind"),
    "grid_eastward_wind": ("x", "grid_northward_wind"),
    "grid_northward_wind": ("y", "grid_eastward_wind"),
}
_VECTOR_NAMES = re.compile(
    r"(10|100|10m_|100m_)?([uv])(_component_of_wind|10n|10m|100m|10|100|as|a|\d{2,4})?"
)


class Role(Enum):
    """A quantity that is tied to another one."""

    AIR_TEMPERATURE = auto()
    DEW_POINT = auto()
    WIND_SPEED = auto()
    WIND_DIRECTION = auto()
    WIND_COMPONENT = auto()


_ROLE_OF_STANDARD_NAME = {
    "air_temperature": Role.AIR_TEMPERATURE,
    "dew_point_temperature": Role.DEW_POINT,
    "wind_speed": Role.WIND_SPEED,
    "wind_to_direction": Role.WIND_DIRECTION,
    "eastward_wind": Role.WIND_COMPONENT,
    "northward_wind": Role.WIND_COMPONENT,
    "x_wind": Role.WIND_COMPONENT,
    "y_wind": Role.WIND_COMPONENT,
    "grid_eastward_wind": Role.WIND_COMPONENT,
    "grid_northward_wind": Role.WIND_COMPONENT,
}
_NAMES_OF_ROLE = {
    Role.AIR_TEMPERATURE: "t2m 2t tas ta t temp t2m_max t2m_min 2m_temperature temperature_2m",
    Role.DEW_POINT: "d2m 2d td tdps td2m dewpoint dpt 2m_dewpoint_temperature dew_point_2m",
    Role.WIND_SPEED: "ws wspd si10 10si ws10 ws100 sfcwind 10m_wind_speed wind_speed_10m",
}
_EXTREME_TEMPERATURES = "mx2t mn2t mx2t3 mn2t3 mx2t6 mn2t6 tmax tmin tasmax tasmin tx tn"
_ROLE_OF_NAME = {
    **{name: role for role, names in _NAMES_OF_ROLE.items() for name in names.split()},
    **dict.fromkeys(_EXTREME_TEMPERATURES.split(), Role.AIR_TEMPERATURE),
}

_PRESSURE_LEVELS_HPA = frozenset(
    """
    1000 975 950 925 900 875 850 825 800 775 750 700 650 600 550 500 450 400 350 300 250
    225 200 175 150 125
    """.split()  # noqa: SIM905  (a table to read)
)
_LEVEL_IN_NAME = re.compile(r"[a-z]{1,5}_?(\d{3,4})(?:hpa|mb)?", re.IGNORECASE)
_HEIGHT_IN_NAME = re.compile(
    r"(?:[uv]|ws|wspd|wd|wdir|dd|wind|wind_speed|wind_?dir(?:ection)?)_?(\d{2,3})(?:m|n)?"
    r"(?:_?above_?ground|_?agl)?",
    re.IGNORECASE,
)
_NEAR_GROUND = re.compile(
    r"[a-z_]+?_?(2|10)_?m(_?above_?ground|_?agl)?(_?(max|min|mean))?|(2|10)_?m_?[a-z_]+|"
    r"(t|d|r|q|td|rh|sh|th)2|(u|v|ws|wspd|wd|wdir|si|fg|i10fg|gust)10n?|2(t|d|r|sh)|"
    r"10(u|v|si|wdir|fg)\d?|i?10fg\d?|(mx|mn)2t\d*|tas|tasmax|tasmin|tdps|uas|vas|huss|hurs|"
    r"sfcwind|sfcwindmax"
)
_SEA_LEVEL_NAMES = ("msl", "prmsl", "psl", "mslp", "pressure_msl", "mean_sea_level_pressure")
_HEIGHT_BEFORE_NAME = re.compile(r"(\d{1,3})m_[a-z_]+", re.IGNORECASE)


def standard_name_of(attributes: Attributes) -> str:
    """CF standard name, from the attribute or from GRIB's table, without a modifier."""
    for key in ("standard_name", "GRIB_cfName"):
        name = str(attributes.get(key, "")).split(" ")[0]
        if name not in UNKNOWN_NAMES:
            return name
    return ""


def categories(name: str, attributes: Attributes, dtype: np.dtype[Any] | None = None) -> str:
    """Why a variable's numbers are categories; empty if they are not."""
    if "flag_values" in attributes or "flag_masks" in attributes:
        return "it has flag_values"
    if name.lower() in FLAG_NAMES or standard_name_of(attributes) in FLAG_STANDARD_NAMES:
        return f"its name '{name}'"
    unitless = str(attributes.get("units", "")) in ("", "1") and not standard_name_of(attributes)
    if dtype is not None and dtype.kind in "iub" and unitless:
        return "it holds whole numbers without units"
    return ""


def nature_of(
    name: str, attributes: Attributes, dtype: np.dtype[Any] | None = None
) -> tuple[Nature, str]:
    """What sort of quantity a variable is.

    Args:
        name: Name of the variable.
        attributes: Its attributes.
        dtype: Type of its numbers once decoded, if known.

    Returns:
        The nature, and why in words (empty for continuous).
    """
    standard = standard_name_of(attributes)
    short = without_level(name).lower()
    called = f"standard_name {standard}" if standard else f"its name '{name}'"
    category = categories(name, attributes, dtype)
    if category:
        return Nature.FLAG, category
    direction = direction_in(without_level(name), standard, attributes)
    if direction:
        return Nature.DIRECTION, direction
    sunny = _says(standard, SUNLIGHT_WORDS)
    if sunny or short in SUNLIGHT_NAMES:
        return Nature.SUNLIGHT, called if sunny else f"its name '{name}'"
    whole = whole_in(str(attributes.get("units", "")) or ("1" if standard else ""))
    is_share = _says(standard, FRACTION_WORDS) or (not standard and short in FRACTION_NAMES)
    if is_share and whole is not None:
        return Nature.FRACTION, f"{called}, where {whole:g} is the whole"
    falls = is_precipitation(name, standard)
    named = not standard and short in NON_NEGATIVE_NAMES
    if falls or named or _says(standard, NON_NEGATIVE_WORDS):
        return Nature.NON_NEGATIVE, called
    return Nature.CONTINUOUS, ""


def _says(standard: str, words: Sequence[str]) -> bool:
    return any(word in standard for word in words)


def is_precipitation(name: str, standard_name: str) -> bool:
    """Whether a variable is what falls from the sky: it comes in cells that move.

    Args:
        name: Name of the variable.
        standard_name: Its CF standard name, empty if none.
    """
    if standard_name:
        return _says(standard_name, PRECIPITATION_WORDS) and "type" not in standard_name
    short = name.lower()
    return short in PRECIPITATION_NAMES or bool(_PRECIPITATION_IN_NAME.fullmatch(short))


def holds_fast_waves(name: str, standard_name: str) -> bool:
    """Whether a variable is of the air's mass: pressure and heights feel gravity waves and tides.

    Args:
        name: Name of the variable.
        standard_name: Its CF standard name, empty if none.
    """
    if standard_name:
        return _says(standard_name, MASS_WORDS) and "cloud" not in standard_name
    return without_level(name).lower() in MASS_NAMES


def tied_to_ground(name: str, attributes: Attributes, nature: Nature) -> bool:
    """Whether no motion may be estimated from a variable or applied to it."""
    standard = standard_name_of(attributes)
    return (
        nature is Nature.SUNLIGHT
        or any(word in standard for word in GROUND_WORDS)
        or name.lower() in GROUND_NAMES
    )


def component_of(name: str, attributes: Attributes) -> tuple[str, str]:
    """Which component of which vector a variable is.

    Returns:
        `x`, `y` or nothing, and the name of the vector, equal for both components.
    """
    standard = standard_name_of(attributes)
    for word, (component, other) in VECTOR_WORDS.items():
        if word in standard:
            return component, standard.replace(word, min(word, other))
    match = _VECTOR_NAMES.fullmatch(name.lower())
    if standard or match is None:
        return "", ""
    return ("x" if match[2] == "u" else "y"), f"{match[1] or ''}wind{match[3] or ''}"


def role_of(name: str, standard_name: str) -> Role | None:
    """Which of the quantities that are tied to others a variable is.

    Args:
        name: Name of the variable.
        standard_name: Its CF standard name, empty if none.
    """
    if is_wind_direction(standard_name or name):
        return Role.WIND_DIRECTION
    if standard_name:
        return _ROLE_OF_STANDARD_NAME.get(standard_name)
    if _VECTOR_NAMES.fullmatch(name.lower()):
        return Role.WIND_COMPONENT
    return _ROLE_OF_NAME.get(name.lower())


def level_said(name: str, attributes: Attributes) -> str:
    """Level that a variable's name or quantity says, empty if they leave it open."""
    standard = standard_name_of(attributes)
    pressure = _LEVEL_IN_NAME.fullmatch(name)
    if pressure and pressure[1] in _PRESSURE_LEVELS_HPA:
        return f"{pressure[1]} hPa"
    height = _HEIGHT_IN_NAME.fullmatch(name) or _HEIGHT_BEFORE_NAME.fullmatch(name)
    if height:
        return height_level(float(height[1]))
    short = name.lower()
    if "mean_sea_level" in standard or short in _SEA_LEVEL_NAMES:
        return "sea level"
    if any(word in standard for word in COLUMN_WORDS) or short in COLUMN_NAMES:
        return "column"
    ground = any(word in standard for word in ("surface", *GROUND_WORDS)) or short in GROUND_NAMES
    return "surface" if ground or _NEAR_GROUND.fullmatch(short) else ""


def without_level(name: str) -> str:
    """A name without the pressure level at its end: `t` of `t850`."""
    found = _LEVEL_IN_NAME.fullmatch(name)
    if found is None or found[1] not in _PRESSURE_LEVELS_HPA:
        return name
    return name[: found.start(1)].rstrip("_")


def height_level(height_m: float) -> str:
    """Level of a height above ground: 2 m and 10 m move with the surface."""
    return "surface" if height_m <= 20 else f"{height_m:g} m"
