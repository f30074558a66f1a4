"""The file: complete or absent.

Knows: netCDF4, arrays. Must not know: the model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
import numpy.typing as npt
from benchmarks.simulate.errors import SimulationError
from benchmarks.simulate.presets import Request
from benchmarks.simulate.regions import REGIONS
from benchmarks.simulate.variables import FILL, VARIABLES, Packed

Array = npt.NDArray[np.floating]

TIME_UNITS = "hours since 2000-01-01 00:00:00"
HOURS_A_BLOCK = 24
PASCAL_PER_HPA = 100.0

COORDINATES: Mapping[str, Mapping[str, str]] = {
    "time": {
        "standard_name": "time",
        "long_name": "time",
        "units": TIME_UNITS,
        "calendar": "proleptic_gregorian",
        "axis": "T",
        "bounds": "time_bnds",
    },
    "lat": {
        "standard_name": "latitude",
        "long_name": "latitude",
        "units": "degrees_north",
        "axis": "Y",
    },
    "lon": {
        "standard_name": "longitude",
        "long_name": "longitude",
        "units": "degrees_east",
        "axis": "X",
    },
}
STATIC: Mapping[str, Mapping[str, str]] = {
    "orog": {
        "standard_name": "surface_altitude",
        "long_name": "surface altitude",
        "units": "m",
    },
    "zs": {
        "standard_name": "surface_geopotential",
        "long_name": "surface geopotential, spectrally truncated as the model sees it",
        "units": "m2 s-2",
    },
    "lsm": {
        "standard_name": "land_area_fraction",
        "long_name": "land area fraction",
        "units": "1",
    },
}
LEVEL = {
    "standard_name": "air_pressure",
    "long_name": "pressure",
    "units": "Pa",
    "positive": "down",
    "axis": "Z",
}


@dataclass(frozen=True, eq=False)
class Ground:
    """Coordinates and static fields of the region.

    Attributes:
        latitude, longitude: In degrees, shapes (y,) and (x,).
        fields: `orog`, `zs` and `lsm`, shape (y, x).
    """

    latitude: Array
    longitude: Array
    fields: Mapping[str, Array]


def check_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that cannot be written, before any work is done.

    Raises:
        SimulationError: Another suffix than .nc, no such folder, or an existing file.
    """
    if target.suffix != ".nc":
        raise SimulationError(f"{target} is no NetCDF file by its suffix: give it the suffix .nc.")
    if not target.parent.is_dir():
        raise SimulationError(f"there is no folder {target.parent} to write {target.name} in.")
    if target.is_dir():
        raise SimulationError(f"{target} is a folder, and is not replaced.")
    if target.exists() and not overwrite:
        raise SimulationError(f"{target} exists already: say --overwrite, or choose another name.")


def write(
    target: Path,
    request: Request,
    ground: Ground,
    blocks: Iterable[Mapping[str, Packed]],
    about: Mapping[str, str],
) -> None:
    """Write the series under another name, and give it its own once it is whole.

    Args:
        target: The file; replaced where it exists.
        request: What it holds.
        ground: Where it holds it.
        blocks: Its variables, one after the other in time.
        about: Global attributes.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        with netCDF4.Dataset(unfinished, "w", format="NETCDF4_CLASSIC") as file:
            file.setncatts(dict(about))
            _write_axes(file, request, ground)
            _write_series(file, request, ground, blocks)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def global_attributes(
    request: Request, *, name: str, versions: Mapping[str, str], history: str
) -> dict[str, str]:
    """Say what it is, what made it and what it is not."""
    extent = "global atmosphere" if REGIONS[request.region].is_global else "atmosphere"
    sun = "; instantaneous instead of daily-mean insolation" if request.diurnal else ""
    no_sun = "" if request.diurnal else " SPEEDY's shortwave has no diurnal cycle."
    return {
        "Conventions": "CF-1.8",
        "title": (
            f"Hourly {extent} simulated with JAX-GCM (SPEEDY physics, {request.resolution}), {name}"
        ),
        "source": (
            f"JAX-GCM (jcm) {versions['jcm']}, dinosaur {versions['dinosaur']} spectral core,"
            f" SPEEDY physics, {request.resolution}L8; 15 min step; shortwave and clouds every"
            f" step{sun}"
        ),
        "comment": (
            "Free-running simulation: not a reanalysis, no real weather. Climatological boundary"
            f" conditions. Started at rest with noise of 0.5 K (seed {request.seed}); the first"
            f" {request.spin_up_days} days are discarded as spin-up.{no_sun}"
        ),
        "history": history,
        "license": (
            "output of our own run of the simulator, which is under the Apache License 2.0"
        ),
    }


def _write_axes(file: netCDF4.Dataset, request: Request, ground: Ground) -> None:
    hours = request.first_hour + np.arange(request.labels, dtype=np.float64)
    sizes = {"time": len(hours), "lat": len(ground.latitude), "lon": len(ground.longitude)}
    for name, size in {**sizes, "bnds": 2}.items():
        file.createDimension(name, size)
    axes: dict[str, tuple[tuple[str, ...], Array]] = {
        "time": (("time",), hours),
        "time_bnds": (("time", "bnds"), np.stack([hours - 1, hours], axis=1)),
        "lat": (("lat",), ground.latitude),
        "lon": (("lon",), ground.longitude),
    }
    for name, (dimensions, values) in axes.items():
        made = file.createVariable(name, "f8", dimensions)
        made.setncatts(dict(COORDINATES.get(name, {})))
        made[:] = values
    for name, attributes in STATIC.items():
        made = file.createVariable(name, "f4", ("lat", "lon"), zlib=True, complevel=9)
        made.setncatts(dict(attributes))
        made[:] = ground.fields[name]
    for level in sorted({VARIABLES[name].pressure_hpa for name in request.variables} - {0}):
        made = file.createVariable(f"p{level}", "f8", ())
        made.setncatts(dict(LEVEL))
        made[...] = level * PASCAL_PER_HPA


def _write_series(
    file: netCDF4.Dataset,
    request: Request,
    ground: Ground,
    blocks: Iterable[Mapping[str, Packed]],
) -> None:
    shape = (len(ground.latitude), len(ground.longitude))
    for name in request.variables:
        made = file.createVariable(
            name,
            "i2",
            ("time", "lat", "lon"),
            zlib=True,
            complevel=9,
            chunksizes=(min(HOURS_A_BLOCK, request.labels), *shape),
            fill_value=FILL,
        )
        made.setncatts(VARIABLES[name].attributes)
        made.set_auto_maskandscale(False)
    at = 0
    for block in blocks:
        count = len(block[request.variables[0]])
        for name in request.variables:
            file[name][at : at + count] = block[name]
        at += count
