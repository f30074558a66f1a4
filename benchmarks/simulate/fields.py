"""How each variable of the file is made from the model at full hours.

Knows: arrays. Must not know: the model, files.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from benchmarks.simulate import vertical

Array = npt.NDArray[np.floating]

NEAR_SURFACE_WIND = 0.95  # SPEEDY's share of the lowest layer's wind
PA_850, PA_500 = 85_000.0, 50_000.0


@dataclass(frozen=True, eq=False)
class Hours:
    """The model at full hours, shape (hour, y, x), or (hour, level, y, x) with levels downwards.

    Attributes:
        sigma: Layer centres, p/ps, shape (level,).
        eastward_wind, northward_wind: On layers, m s-1.
        temperature: On layers, K.
        specific_humidity: On layers, kg kg-1.
        geopotential: On layers, m2 s-2.
        surface_pressure: Pa.
        near_surface_temperature: SPEEDY's t0, K.
        skin_temperature: K.
        precipitation: Mean over the hour that ends here, kg m-2 s-1.
        sunlight: Downward at the surface, mean over the hour that ends here, W m-2.
        cloud_cover: Mean over the hour that ends here, 0 to 1.
    """

    sigma: Array
    eastward_wind: Array
    northward_wind: Array
    temperature: Array
    specific_humidity: Array
    geopotential: Array
    surface_pressure: Array
    near_surface_temperature: Array
    skin_temperature: Array
    precipitation: Array
    sunlight: Array
    cloud_cover: Array


def _at_850(hours: Hours, field: Array) -> Array:
    return vertical.held_below(field, hours.sigma, hours.surface_pressure, PA_850)


def _temperature_850(hours: Hours) -> Array:
    return vertical.temperature_at(hours.temperature, hours.sigma, hours.surface_pressure, PA_850)


def _height_500(hours: Hours) -> Array:
    virtual = vertical.virtual_temperature(hours.temperature, hours.specific_humidity)
    return vertical.height_at(
        hours.geopotential, virtual, hours.sigma, hours.surface_pressure, PA_500
    )


FIELDS: Mapping[str, Callable[[Hours], Array]] = {
    "u850": lambda hours: _at_850(hours, hours.eastward_wind),
    "v850": lambda hours: _at_850(hours, hours.northward_wind),
    "t850": _temperature_850,
    "q850": lambda hours: _at_850(hours, hours.specific_humidity),
    "z500": _height_500,
    "t2m": lambda hours: hours.near_surface_temperature,
    "skt": lambda hours: hours.skin_temperature,
    "ps": lambda hours: hours.surface_pressure,
    "u10": lambda hours: NEAR_SURFACE_WIND * hours.eastward_wind[:, -1],
    "v10": lambda hours: NEAR_SURFACE_WIND * hours.northward_wind[:, -1],
    "pr": lambda hours: hours.precipitation,
    "clt": lambda hours: hours.cloud_cover,
    "ssrd": lambda hours: hours.sunlight,
}
