"""Files that a page takes as its reader's own, in small."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import eccodes
import numpy as np
import xarray as xr
from tests.docs.blocks import blocks_of
from tests.docs.running import FRAMES, HARDLY, ROOT

from temdeep.fields.series import open_series
from temdeep.training.fit import train_run

RADAR = ROOT / "docs" / "how-to" / "radar.md"
FIRST, TIMES = 4, 9


def winds_in_grib(path: Path) -> None:
    """Two days of winds at 850 hPa, every six hours, as ERA5 comes: one message a field."""
    with xr.open_dataset(ROOT / "data" / "atlantic_6hourly.nc") as source:
        part = source[["u850", "v850"]].isel(time=slice(FIRST, FIRST + TIMES))
        fields = part.interp(lat=np.arange(70.0, 29, -2), lon=np.arange(-60.0, 21, 2)).load()
    with path.open("wb") as file:
        for time in fields.time.values:
            for name, short in (("u850", "u"), ("v850", "v")):
                _write(file, short, time, fields[name].sel(time=time))


def _write(file: object, short: str, time: np.datetime64, field: xr.DataArray) -> None:
    message = eccodes.codes_grib_new_from_samples("regular_ll_pl_grib2")
    stamp = str(time.astype("datetime64[m]"))
    keys = {
        "shortName": short,
        "level": 850,
        "dataDate": int(stamp[:10].replace("-", "")),
        "dataTime": int(stamp[11:16].replace(":", "")),
        "Ni": field.sizes["lon"],
        "Nj": field.sizes["lat"],
        "latitudeOfFirstGridPointInDegrees": float(field.lat[0]),
        "latitudeOfLastGridPointInDegrees": float(field.lat[-1]),
        "longitudeOfFirstGridPointInDegrees": float(field.lon[0]) % 360,
        "longitudeOfLastGridPointInDegrees": float(field.lon[-1]) % 360,
        "iDirectionIncrementInDegrees": 2.0,
        "jDirectionIncrementInDegrees": 2.0,
    }
    for key, value in keys.items():
        eccodes.codes_set(message, key, value)
    eccodes.codes_set_values(message, field.values.ravel())
    eccodes.codes_write(message, file)
    eccodes.codes_release(message)


def model_of_pressure(path: Path) -> None:
    """What hardly a training leaves, its network kept however good it is."""
    series = open_series([ROOT / "data" / "atlantic_6hourly.nc"], variables=["ps"])
    settings = replace(HARDLY, without=("fallback",))
    train_run(series.take(slice(0, FRAMES)), path, settings=settings)


def showers(path: Path) -> None:
    """The radar images that the page on radar makes."""
    made = next(one for one in blocks_of(RADAR) if one.language == "python")
    exec(made.text.replace('"radar.nc"', repr(str(path))), {})  # noqa: S102 - our own page


def what_says_no_kind(path: Path) -> None:
    """A day of rain and wind, every hour, without cell methods and bounds."""
    with xr.open_dataset(ROOT / "data" / "atlantic_hourly_truth.nc") as source:
        part = source[["pr", "u10"]].isel(time=slice(25)).load()
    found = xr.Dataset(
        {"tp": 3600 * part["pr"], "wind": abs(part["u10"])},
        {name: part[name] for name in ("time", "lat", "lon")},
    )
    found["tp"].attrs = {"units": "kg m-2", "standard_name": "precipitation_amount"}
    found["wind"].attrs = {"units": "m s-1", "standard_name": "wind_speed"}
    found["time"].attrs.pop("bounds", None)
    found.to_netcdf(path)


OWN_FILES: Mapping[str, Mapping[str, Callable[[Path], None]]] = {
    "coming-from.md": {"radar.nc": showers},
    "deploy.md": {"run": model_of_pressure},
    "dispersion.md": {"era5.grib": winds_in_grib},
    "variables.md": {"forecast.nc": what_says_no_kind},
}
"""By page and name."""
