"""Which variables are angles on a circle: directions of wind, waves and currents, azimuths.

Known by CF's standard names and by usual names without their height; any other name, standard or
not, by a word that says so together with the unit of an angle.

Knows: names, units and attributes. Must not know: torch, files.
"""

import re
from collections.abc import Mapping
from typing import Any

_CF_WORDS = ("from_direction", "to_direction")
_OF_THE_WIND = frozenset(
    """
    wdir wd dd dwi winddir wind_dir wdirn wind_direction winddirection wind_from_direction
    """.split()  # noqa: SIM905  (a table to read)
)
_NAMES = _OF_THE_WIND | frozenset(
    """
    mwd mdww mdts mwd1 mwd2 mwd3 dirpw dirsw wvdir swdir vmdr vmdr_ww vmdr_sw1 vmdr_sw2 vped
    wavedir wave_dir wave_direction wavedirection mean_wave_direction peak_wave_direction
    wind_wave_direction swell_direction swell_wave_direction
    current_direction ocean_current_direction
    """.split()  # noqa: SIM905  (a table to read)
)
_WORD = re.compile(
    r"directions?|direction_\w+|\w+_directions?(_\w+)?|\w+direction|azimuth|azimuth_\w+|"
    r"\w+_azimuth(_\w+)?|(\w+_)?(w|wind|wave|swell|current|flow)?dir(_\w+)?"
)
_NO_ANGLE = re.compile(
    r"spread|width|std|sdev|stdev|deviation|variance|error|uncert|bias|anom|diff|change|shear|flag|"
    r"zenith|latitude|longitude|temperature"
)
_HEIGHT = re.compile(
    r"(?<!\d)\d{1,3}_?m(_?(above_?ground|above_?surface|agl))?(?![a-z0-9])|\d{2,3}$|^\d{2,3}(?=[a-z])"
)
_DEGREES = re.compile(r"deg|°|º")
_NO_DEGREES = re.compile(
    r"(deg|degrees?|°|º)[\s_.]*([cfk]|celsius|fahrenheit|kelvin)\b|day|[/*^]|s-1"
)
_RADIANS = re.compile(r"rad|rads|radians?")


def direction_in(name: str, standard_name: str, attributes: Mapping[Any, Any]) -> str:
    """Why a variable is a direction, in words; empty if it is none.

    Args:
        name: Name of the variable, without a pressure level.
        standard_name: Its standard name, in CF's table or not; empty if none.
        attributes: Its attributes, of which the unit and the long name count.
    """
    if any(word in standard_name for word in _CF_WORDS):
        return f"standard_name {standard_name}"
    units = str(attributes.get("units", "")).strip()
    long_name = str(attributes.get("long_name", ""))
    if units not in ("", "1") and not is_angle(units):
        return ""
    told = {
        f"standard_name {standard_name}": plain(standard_name),
        f"its name '{name}'": plain(name),
        f"long_name '{long_name}'": plain(long_name),
    }
    if any(_NO_ANGLE.search(words) for words in told.values()):
        return ""
    for called, words in told.items():
        alone = is_angle(units) or standard_name == "" or words == plain(standard_name)
        if words in _NAMES and alone:
            return called
    for called, words in told.items():
        if is_angle(units) and _WORD.fullmatch(words):
            return called
    return ""


def is_wind_direction(name: str) -> bool:
    """Whether a name, standard or not, is one of the wind's direction, at whatever height."""
    return plain(name) in _OF_THE_WIND


def is_angle(units: str) -> bool:
    """Whether a unit is one of angles, such as `degrees clockwise`; `degrees C` is none."""
    words = units.strip().lower()
    degrees = _DEGREES.search(words) is not None and _NO_DEGREES.search(words) is None
    return degrees or _RADIANS.fullmatch(words) is not None


def in_degrees(units: str) -> bool:
    """Whether a direction in a unit goes round in 360; `tens of degrees` and radians do not."""
    words = units.strip().lower()
    return words in ("", "1") or (is_angle(units) and not re.search(r"rad|ten|deca|^10\b", words))


def plain(name: str) -> str:
    """A name in lower case, its words joined by `_`, without a height: `wdir` of `WDIR_10m`."""
    words = re.sub(r"[^a-z0-9]+", "_", name.lower())
    return re.sub(r"_+", "_", _HEIGHT.sub("", words)).strip("_")
