"""Small files with everything that an output must keep, and methods that fail on purpose."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.errors import ZarrUserWarning

from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.series import Series, open_series, series_from_dataset
from temdeep.fields.variables import Channel
from temdeep.methods.simple import Linear
from temdeep.metric import Float32Array, Float64Array

HOUR = np.timedelta64(1, "h")
SHAPE = (4, 5)
PACKED_T2M = {"dtype": "int16", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32767}
PACKED_TP = {"dtype": "int16", "scale_factor": 0.05, "add_offset": 0.0, "_FillValue": -32767}


def mixed(count: int = 9, step_h: int = 3, seed: int = 0) -> xr.Dataset:
    """Temperature (packed) and pressure (float64) at the stamp, rain (packed) summed up to it."""
    rng = np.random.default_rng(seed)
    times = np.datetime64("2019-03-01", "ns") + np.arange(count) * step_h * HOUR
    dims, shape = ("time", "lat", "lon"), (count, *SHAPE)
    rain = 0.05 * rng.integers(0, 200, shape) * (rng.random(shape) < 0.5)
    made = xr.Dataset(
        {
            "t2m": (
                dims,
                280 + 0.01 * rng.integers(-900, 900, shape),
                {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: point"},
            ),
            "sp": (
                dims,
                rng.normal(1e5, 300, shape),
                {"units": "Pa", "standard_name": "surface_air_pressure", "long_name": "pressure"},
            ),
            "tp": (
                dims,
                rain,
                {
                    "units": "kg m-2",
                    "standard_name": "precipitation_amount",
                    "cell_methods": "time: sum",
                },
            ),
            "orog": (
                dims[1:],
                rng.normal(300, 90, SHAPE).astype("f4"),
                {"units": "m", "standard_name": "surface_altitude"},
            ),
            "time_bnds": (("time", "bnds"), np.stack([times - step_h * HOUR, times], axis=1)),
        },
        coords={
            "time": ("time", times, {"standard_name": "time", "bounds": "time_bnds"}),
            "lat": ("lat", 55.0 - 0.5 * np.arange(4), {"units": "degrees_north"}),
            "lon": ("lon", -4.0 + 0.5 * np.arange(5), {"units": "degrees_east"}),
            "height": ((), 2.0, {"units": "m", "standard_name": "height"}),
        },
        attrs={"title": "made for a test", "history": "made", "Conventions": "CF-1.8"},
    )
    made["time"].encoding = {"units": "hours since 2000-01-01", "dtype": "int32"}
    made["t2m"].encoding = {**PACKED_T2M, "zlib": True, "complevel": 2, "chunksizes": (2, 4, 5)}
    made["t2m"].encoding["coordinates"] = "height"
    made["sp"].encoding = {"dtype": "float64", "_FillValue": 1e20}
    made["tp"].encoding = dict(PACKED_TP)
    return made


def temperature(values: Any, times: Any = None, **encoding: Any) -> xr.Dataset:
    """One temperature field for each of some values, the same everywhere."""
    values = np.asarray(values, dtype=np.float32)
    if times is None:
        times = np.datetime64("2019-03-01", "ns") + np.arange(len(values)) * 3 * HOUR
    fields = np.broadcast_to(values[:, None, None], (len(values), *SHAPE)).copy()
    attributes = {"units": "K", "standard_name": "air_temperature"}
    made = xr.Dataset(
        {"t2m": (("time", "lat", "lon"), fields, attributes)},
        coords={
            "time": times,
            "lat": ("lat", 55.0 - 0.5 * np.arange(4), {"units": "degrees_north"}),
            "lon": ("lon", -4.0 + 0.5 * np.arange(5), {"units": "degrees_east"}),
        },
    )
    made["t2m"].encoding = dict(encoding)
    return made


def save(dataset: xr.Dataset, folder: Path, name: str = "in.nc") -> Path:
    """Write a dataset as a user would have it, NetCDF or Zarr by suffix."""
    path = folder / name
    if path.suffix == ".zarr":
        plain = dataset.copy()
        for variable in plain.variables.values():
            for key in ("zlib", "complevel", "chunksizes"):
                variable.encoding.pop(key, None)
        plain.to_zarr(path, consolidated=False)
        with warnings.catch_warnings():  # consolidated is what most stores are
            warnings.simplefilter("ignore", ZarrUserWarning)
            zarr.consolidate_metadata(path)
    else:
        dataset.to_netcdf(path, engine="netcdf4")
    return path


def opened(dataset: xr.Dataset, folder: Path, **options: Any) -> Series:
    """A dataset as a series read from a file."""
    return open_series([save(dataset, folder)], **options)


def in_memory(dataset: xr.Dataset, **options: Any) -> Series:
    """A dataset as a series."""
    return series_from_dataset(dataset, **options)


@dataclass
class Failing:
    """Draws straight lines and fails in the n-th interval."""

    error: BaseException
    after: int = 2
    calls: list[float] = field(default_factory=list)
    name = "failing"
    context = 0

    def treatment(self, channel: Channel, grid: Any) -> str:
        return Linear().treatment(channel, grid)

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        self.calls.append(interval.span_s)
        if len(self.calls) > self.after:
            raise self.error
        return Linear().fill(interval, theta)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        return Linear().fill_periods(interval, edges)
