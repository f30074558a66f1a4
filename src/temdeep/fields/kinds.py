"""How a variable's values relate to time, from CF attributes and GRIB keys; never guessed.

Knows: names, units and attributes. Must not know: torch, files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from temdeep.errors import RequestError, VariableKindError
from temdeep.fields.directions import direction_in
from temdeep.fields.natures import (
    NON_NEGATIVE_NAMES,
    SUNLIGHT_NAMES,
    categories,
    is_precipitation,
    standard_name_of,
    without_level,
)
from temdeep.fields.time_axis import parse_duration
from temdeep.fields.variables import Kind

ACCUMULATED = "accumulated"
"""What the user calls a running total."""

_CELL_METHODS = {
    "point": Kind.INSTANTANEOUS,
    "sum": Kind.SUM,
    "mean": Kind.MEAN,
    "maximum": Kind.MAXIMUM,
    "minimum": Kind.MINIMUM,
}
_STEP_TYPES = {
    "instant": Kind.INSTANTANEOUS,
    "accum": Kind.SUM,
    "avg": Kind.MEAN,
    "max": Kind.MAXIMUM,
    "min": Kind.MINIMUM,
}
_TIME_METHOD = re.compile(r"((?:\w+:\s+)+)([a-z_]+)(\s+(?:within|over)\s+\w+)?")

_STATE_WORDS = (
    "temperature",
    "wind",
    "pressure",
    "humidity",
    "geopotential",
    "altitude",
    "vorticity",
    "velocity",
    "divergence_of_wind",
    "mixing_ratio",
    "mass_fraction",
    "cloud_area_fraction",
    "atmosphere_mass_content",
    "reflectivity",
    "zenith_angle",
    "omega",
    "visibility",
    "boundary_layer_thickness",
    "sea_surface",
    "soil",
    "potential",
    "height",
    "streamfunction",
    "concentration",
    "surface_snow_amount",
    "surface_snow_thickness",
    "direction",
)
_STATE_NAMES = frozenset(
    """
    t2m 2t d2m 2d t d tas ta tdps dewpoint skt ts sst sp ps psl msl mslp prmsl u v w u10
    v10 10u 10v u100 v100 ua va wa uas vas q r rh hus hur hurs huss gh zg z zust ws wspd
    wdir si10 10si ws10 wd wd10 sfcwind r2 2r rh2m tcwv tcw pwat tcc lcc mcc hcc blh vo pv pt dbz
    stl1 stl2 stl3 stl4 swvl1 swvl2 swvl3 swvl4 temp temperature theta air pres slp
    mcape cape
    u10m v10m u100m v100m 2m_temperature 2m_dewpoint_temperature temperature_2m dew_point_2m
    10m_u_component_of_wind 10m_v_component_of_wind 100m_u_component_of_wind
    100m_v_component_of_wind u_component_of_wind v_component_of_wind vertical_velocity
    10m_wind_speed wind_speed wind_speed_10m wind_speed_100m wind_direction_10m
    wind_direction_100m mean_sea_level_pressure pressure_msl surface_pressure
    sea_surface_temperature geopotential geopotential_height specific_humidity
    relative_humidity relative_humidity_2m total_column_water_vapour total_column_water
    cloud_cover total_cloud_cover
    """.split()  # noqa: SIM905  (a table to read)
)
_STATE_UNITS = frozenset(
    """
    k degc c celsius degk degree_celsius degrees_celsius pa hpa mbar mb millibar kpa m/s
    m_s-1 m_s**-1 m.s-1 ms-1 knots kt g/kg kg_kg-1 kg/kg kg_kg**-1 g_kg-1 dbz gpm m2_s-2
    m**2_s**-2 pa_s-1 s-1 s**-1
    """.split()  # noqa: SIM905  (a table to read)
)
_PERIOD_WORDS = (
    "precipitation",
    "rainfall",
    "snowfall",
    "_flux",
    "radiation",
    "irradiance",
    "irradiation",
    "integral_wrt_time",
    "integral_of",
    "duration_of",
    "runoff",
    "evaporation",
    "gust",
)
_EXTREME_NAMES = re.compile(
    r"(mx|mn).*|.*_?(max|min)|tx|tn|tg|fg10|10fg|i10fg|.*gust.*|tasmax|tasmin"
)


_DIRECTION_OF_PERIOD = re.compile(
    r"gust|domin|prevail|max|min(?!ut)|(?<![a-z])(mean|avg|average)[ _]*(wind|wd|dir)|"
    r"(wd|wdir|wind_?dir\w*)_?(mean|avg|average)",
    re.IGNORECASE,
)
"""Directions that a period may be meant with; the mean wave direction is of a spectrum."""


@dataclass(frozen=True)
class KindRequest:
    """What the user says a variable is.

    Attributes:
        kind: How values relate to time.
        length_us: Length of the periods, which end at the stamps; None: the file's own bounds.
        accumulated: Whether values are running totals, which count from a start that they share.
        bucket_us: How often a running total is emptied, counted from 00 UTC; None: never, or as its
            values tell.
    """

    kind: Kind
    length_us: int | None = None
    accumulated: bool = False
    bucket_us: int | None = None


def parse_kind(name: str, text: str) -> KindRequest:
    """Read `instantaneous`, `sum`, `mean:3h`, `accumulated`, `accumulated:1d` and the like.

    Raises:
        RequestError: Not one of the kinds, or not a duration after the colon.
    """
    word, colon, duration = text.partition(":")
    if colon and not duration.strip():
        raise RequestError(
            f"'{text}' for '{name}' names no length after the colon: say one, such as"
            f" {word.strip()}:1h, or leave the colon out."
        )
    if word.strip() == ACCUMULATED:
        bucket_us = parse_duration(duration) if duration else None
        return KindRequest(Kind.SUM, accumulated=True, bucket_us=bucket_us)
    try:
        kind = Kind(word.strip())
    except ValueError as error:
        known = ", ".join([*(kind.value for kind in Kind), ACCUMULATED])
        raise RequestError(
            f"'{text}' is not a kind that '{name}' can have: say one of {known}, or with the"
            " length of a period that ends at the stamp, such as sum:1h."
        ) from error
    if not duration:
        return KindRequest(kind)
    if kind is Kind.INSTANTANEOUS:
        raise RequestError(f"'{text}' for '{name}': an instantaneous variable has no period.")
    return KindRequest(kind, parse_duration(duration))


def kind_of(
    name: str,
    attributes: Mapping[Any, Any],
    time_names: tuple[str, ...],
    source: str,
    dtype: np.dtype[Any] | None = None,
    step: str = "1h",
) -> tuple[Kind, str]:
    """Kind of a variable, and the reason in words.

    Args:
        name: Name of the variable.
        attributes: Its attributes.
        time_names: Names that `cell_methods` may use for the time axis.
        source: Name of the file, for messages.
        dtype: Type of its numbers once decoded, if known.
        step: Step of the series, the length of a period that is proposed where it may be one.

    Raises:
        VariableKindError: The file does not say, and the quantity is one that could be either.
    """
    told = _from_cell_methods(name, attributes, time_names, source) or _from_step_type(
        name, attributes, source
    )
    if told:
        return told
    standard, units = standard_name_of(attributes), str(attributes.get("units", ""))
    called = f"standard_name {standard}" if standard else f"name '{name}'"
    category = categories(name, attributes, dtype)
    if category:
        return Kind.INSTANTANEOUS, f"no cell_methods; {category}: categories hold at the stamp"
    if _EXTREME_NAMES.fullmatch(name.lower()) and standard not in ("", "unknown"):
        raise ambiguous(
            name, f"no cell_methods, and {called} may be an extreme of a period", source, step
        )
    if not _is_flow(name, standard, units):
        if any(word in standard for word in _STATE_WORDS):
            return Kind.INSTANTANEOUS, f"no cell_methods, but {called} is a state of the air"
        if not standard and without_level(name).lower() in _STATE_NAMES:
            return Kind.INSTANTANEOUS, f"no cell_methods, but {called} is a state of the air"
        direction = direction_in(without_level(name), standard, attributes)
        if direction and not _DIRECTION_OF_PERIOD.search(f"{name} {attributes.get('long_name')}"):
            return Kind.INSTANTANEOUS, f"no cell_methods, but {direction} is a state of the air"
        plain = units.strip().lower().replace(" ", "_")
        if plain in _STATE_UNITS and not _EXTREME_NAMES.fullmatch(name.lower()):
            return Kind.INSTANTANEOUS, f"no cell_methods, but units '{units}' are those of a state"
    what = f"{called} in '{units}'" if units else f"{called} without units"
    raise ambiguous(name, f"neither cell_methods nor a GRIB step type, only {what}", source, step)


def with_kind(
    name: str,
    attributes: Mapping[Any, Any],
    kind: Kind,
    time_name: str,
    dtype: np.dtype[Any] | None = None,
) -> dict[Any, Any]:
    """Attributes that say of which kind a variable is; as they are where they do so already.

    Args:
        name: Name of the variable.
        attributes: Its attributes.
        kind: What it is, which the user may have said.
        time_name: What `cell_methods` call the time axis.
        dtype: Type of its numbers once decoded, if known.
    """
    try:
        if kind_of(name, attributes, (time_name,), "", dtype)[0] is kind:
            return dict(attributes)
    except VariableKindError:
        pass  # not told, or told otherwise
    text = str(attributes.get("cell_methods", ""))
    parts = _TIME_METHOD.findall(re.sub(r"\([^)]*\)", "", text))
    others = [(names, method) for names, method, _ in parts if not _of_time(names, (time_name,))]
    if len(others) < len(parts):
        text = " ".join(f"{names}{method}" for names, method in others)
    word = next(word for word, known in _CELL_METHODS.items() if known is kind)
    said = {"cell_methods": f"{text} {time_name}: {word}".strip()}
    return {key: one for key, one in attributes.items() if key != "GRIB_stepType"} | said


def may_be_of_period(
    name: str,
    attributes: Mapping[Any, Any],
    time_names: tuple[str, ...],
    dtype: np.dtype[Any] | None = None,
) -> bool:
    """Whether a variable holds for periods, or is a quantity that could; arguments as `kind_of`."""
    try:
        return kind_of(name, attributes, time_names, "", dtype)[0].is_period
    except VariableKindError:
        pass  # told otherwise than to be filled in, or not told at all
    parts = _TIME_METHOD.findall(str(attributes.get("cell_methods", "")))
    timed = any(_of_time(names, time_names) for names, *_ in parts)
    standard, units = standard_name_of(attributes), str(attributes.get("units", ""))
    extreme = _EXTREME_NAMES.fullmatch(name.lower()) is not None
    return timed or "GRIB_stepType" in attributes or extreme or _is_flow(name, standard, units)


def ambiguous(name: str, why: str, source: str, step: str) -> VariableKindError:
    """The error for a variable whose kind the file does not say, as of `kind_of`."""
    return VariableKindError(
        f"'{name}' in {source} could hold for an instant or for a period ({why}): say --kind"
        f" {name}=instantaneous, or for a period that ends at the stamp --kind {name}=sum:{step}"
        f" (or mean:{step}, maximum:{step}, minimum:{step}); a running total? say"
        f" --kind {name}={ACCUMULATED}."
    )


def without_period(
    name: str, kind: Kind, source: str, step: str, seen: str = ""
) -> VariableKindError:
    """The error for a period variable whose period is not given.

    Args:
        name: Name of the variable.
        kind: Its kind.
        source: Name of the file.
        step: Step of the series, the length of a period that is proposed.
        seen: What its values look like, in words.
    """
    running = ""
    if kind is Kind.SUM:
        running = f", --kind {name}={ACCUMULATED} if it is a running total{seen}"
    return VariableKindError(
        f"'{name}' in {source} is a {kind} over a period, but the time axis has no bounds that say"
        f" which: say --kind {name}={kind}:{step} for periods of {step} that end at the"
        f" stamp{running}, or --kind {name}=instantaneous."
    )


def without_length(name: str, kind: Kind, source: str, step: str) -> VariableKindError:
    """The error for a period variable whose time bounds all begin where they end."""
    return VariableKindError(
        f"'{name}' in {source} is a {kind} over a period, but its time bounds all begin where they"
        f" end: say --kind {name}={kind}:{step} for periods of {step} that end at the stamp, or"
        f" --kind {name}=instantaneous."
    )


def _from_cell_methods(
    name: str, attributes: Mapping[Any, Any], time_names: tuple[str, ...], source: str
) -> tuple[Kind, str] | None:
    text = re.sub(r"\([^)]*\)", "", str(attributes.get("cell_methods", "")))
    found = [
        (method, bool(climatology))
        for names, method, climatology in _TIME_METHOD.findall(text)
        if _of_time(names, time_names)
    ]
    if not found:
        return None
    whole = f"cell_methods '{attributes['cell_methods']}'"
    if len(found) > 1 or found[0][1] or found[0][0] not in _CELL_METHODS:
        raise VariableKindError(
            f"'{name}' in {source} has {whole}, which cannot be filled in time: leave the variable"
            f" out, or say --kind {name}=instantaneous if it is to be treated so."
        )
    return _CELL_METHODS[found[0][0]], whole


def _of_time(names: str, time_names: tuple[str, ...]) -> bool:
    return bool({one.strip(" :") for one in names.split()} & {"time", *time_names})


def _from_step_type(
    name: str, attributes: Mapping[Any, Any], source: str
) -> tuple[Kind, str] | None:
    step_type = str(attributes.get("GRIB_stepType", ""))
    if not step_type:
        return None
    if step_type not in _STEP_TYPES:
        raise VariableKindError(
            f"'{name}' in {source} has GRIB stepType {step_type}, which cannot be filled in time:"
            f" leave the variable out, or say --kind {name}=instantaneous."
        )
    return _STEP_TYPES[step_type], f"GRIB stepType {step_type}"


def _is_flow(name: str, standard: str, units: str) -> bool:
    """Whether a quantity is one that is summed or averaged over periods."""
    if any(word in standard for word in _PERIOD_WORDS):
        return True
    falls = name.lower() in NON_NEGATIVE_NAMES - _STATE_NAMES or is_precipitation(name, standard)
    rainy = not standard and falls
    return rainy or name.lower() in SUNLIGHT_NAMES or units.replace("**", "").startswith("J m")
