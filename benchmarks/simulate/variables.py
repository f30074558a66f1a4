"""What the files hold: the attributes and the packing of each variable.

Knows: arrays. Must not know: the model, files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from benchmarks.simulate.errors import SimulationError

Array = npt.NDArray[np.floating]
Packed = npt.NDArray[np.int16]

FILL = np.int16(-32767)
LARGEST = 32766

POINT, MEAN = "time: point", "time: mean"


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A variable of the file.

    Attributes:
        scale, offset: Of int16: value = offset + scale times integer.
        cell_methods: Whether it holds at the label or is a mean over the hour that ends there.
        pressure_hpa: The level; 0 for none.
    """

    standard_name: str
    long_name: str
    units: str
    scale: float
    offset: float = 0.0
    cell_methods: str = POINT
    comment: str = ""
    pressure_hpa: int = 0

    @property
    def attributes(self) -> dict[str, object]:
        """CF attributes, in the shipped files' order."""
        found: dict[str, object] = {
            "standard_name": self.standard_name,
            "long_name": self.long_name,
            "units": self.units,
            "cell_methods": self.cell_methods,
            "scale_factor": np.float64(self.scale),
            "add_offset": np.float64(self.offset),
        }
        if self.comment:
            found["comment"] = self.comment
        if self.pressure_hpa:
            found["coordinates"] = f"p{self.pressure_hpa}"
        return found


def packed(name: str, values: Array) -> Packed:
    """Values as the integers of the file.

    Raises:
        SimulationError: A value is not finite, or beyond what int16 holds with this packing.
    """
    variable = VARIABLES[name]
    if not np.isfinite(values).all():
        raise SimulationError(
            f"the run broke: '{name}' is not finite somewhere; try another --seed."
        )
    steps = np.rint((values.astype(np.float64) - variable.offset) / variable.scale)
    if np.abs(steps).max() > LARGEST:
        raise SimulationError(
            f"the run left what the file can hold: '{name}' goes from {values.min():g} to"
            f" {values.max():g} {variable.units}, beyond its packing; try another --seed."
        )
    return steps.astype(np.int16)


_ON_LEVEL = (
    "linear in log(p) between the model's sigma layers; below the lowest layer (high ground) wind"
    " and humidity are held constant and temperature follows 6.5 K km-1"
)
_WIND_NEAR_SURFACE = (
    "SPEEDY's near-surface wind: 0.95 times the wind of the lowest layer (centre sigma 0.95)"
)
_IN_BOUNDS = "mean over the model steps in time_bnds"

VARIABLES: Mapping[str, Variable] = {
    "u850": Variable(
        standard_name="eastward_wind",
        long_name="eastward wind at 850 hPa",
        units="m s-1",
        scale=0.02,
        comment=_ON_LEVEL,
        pressure_hpa=850,
    ),
    "v850": Variable(
        standard_name="northward_wind",
        long_name="northward wind at 850 hPa",
        units="m s-1",
        scale=0.02,
        comment=_ON_LEVEL,
        pressure_hpa=850,
    ),
    "t850": Variable(
        standard_name="air_temperature",
        long_name="air temperature at 850 hPa",
        units="K",
        scale=0.01,
        offset=260.0,
        comment=_ON_LEVEL,
        pressure_hpa=850,
    ),
    "q850": Variable(
        standard_name="specific_humidity",
        long_name="specific humidity at 850 hPa",
        units="kg kg-1",
        scale=5e-06,
        comment=_ON_LEVEL,
        pressure_hpa=850,
    ),
    "z500": Variable(
        standard_name="geopotential_height",
        long_name="geopotential height at 500 hPa",
        units="m",
        scale=0.4,
        offset=5400.0,
        comment="cubic Hermite in log(p) through the model's geopotential with its hydrostatic"
        " slopes",
        pressure_hpa=500,
    ),
    "t2m": Variable(
        standard_name="air_temperature",
        long_name="near-surface air temperature",
        units="K",
        scale=0.01,
        offset=260.0,
        comment="SPEEDY's near-surface temperature t0: extrapolated from the two lowest layers"
        " (centres sigma 0.835 and 0.95); a proxy for 2 m temperature with a weaker diurnal cycle"
        " than a real one",
    ),
    "skt": Variable(
        standard_name="surface_temperature",
        long_name="surface skin temperature",
        units="K",
        scale=0.02,
        offset=260.0,
        comment="over land from SPEEDY's surface energy balance (no heat capacity: follows the sun"
        " and the clouds at once), over sea the prescribed sea surface temperature",
    ),
    "ps": Variable(
        standard_name="surface_air_pressure",
        long_name="surface air pressure",
        units="Pa",
        scale=4.0,
        offset=80000.0,
    ),
    "u10": Variable(
        standard_name="eastward_wind",
        long_name="near-surface eastward wind",
        units="m s-1",
        scale=0.02,
        comment=_WIND_NEAR_SURFACE,
    ),
    "v10": Variable(
        standard_name="northward_wind",
        long_name="near-surface northward wind",
        units="m s-1",
        scale=0.02,
        comment=_WIND_NEAR_SURFACE,
    ),
    "pr": Variable(
        standard_name="precipitation_flux",
        long_name="total precipitation rate",
        units="kg m-2 s-1",
        scale=4e-07,
        cell_methods=MEAN,
        comment=f"convective plus large-scale, {_IN_BOUNDS}",
    ),
    "clt": Variable(
        standard_name="cloud_area_fraction",
        long_name="total cloud cover",
        units="1",
        scale=0.002,
        cell_methods=MEAN,
        comment=f"SPEEDY total cloud cover, {_IN_BOUNDS}",
    ),
    "ssrd": Variable(
        standard_name="surface_downwelling_shortwave_flux_in_air",
        long_name="surface downwelling shortwave flux",
        units="W m-2",
        scale=0.05,
        cell_methods=MEAN,
        comment=_IN_BOUNDS,
    ),
}
