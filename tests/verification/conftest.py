"""Small series whose truth is known."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from temdeep.fields.series import Series, series_from_dataset

Maker = Callable[..., xr.Dataset]


def _dataset(hours: int = 73, *, wiggle: float = 1.0, curve: float = 0.0) -> xr.Dataset:
    """Temperature, wind and rain on 6 x 8 cells; linear in time but for `wiggle` and `curve`."""
    rng = np.random.default_rng(7)
    time = np.arange(hours, dtype=np.float64)
    shape = (6, 8)
    phase, slope = rng.uniform(0, 6, shape), rng.normal(size=shape)
    wave = np.sin(2 * np.pi * time[:, None, None] / 24 + phase)
    wave = wave + 0.2 * np.sin(2 * np.pi * time[:, None, None] / 17)  # no two hours are alike
    t = (
        280
        + slope * time[:, None, None] / 10
        + 3 * wiggle * wave
        + curve * time[:, None, None] ** 2
    )
    u = 5 + wiggle * np.roll(wave, 1, axis=2) + slope * time[:, None, None]
    v = -3 + wiggle * np.roll(wave, 2, axis=1)
    rain = np.maximum(wave, 0) * 2.0
    stamps = np.datetime64("2001-05-04T00", "ns") + time.astype("timedelta64[h]")
    bounds = np.stack([stamps - np.timedelta64(1, "h"), stamps], axis=1)
    dims = ("time", "lat", "lon")
    point, summed = (
        {"cell_methods": "time: point"},
        {"cell_methods": "time: sum", "units": "kg m-2"},
    )
    north = {"units": "degrees_north", "standard_name": "latitude"}
    east = {"units": "degrees_east", "standard_name": "longitude"}
    return xr.Dataset(
        {
            "t2m": (dims, t, {"units": "K", "standard_name": "air_temperature", **point}),
            "u10": (dims, u, {"units": "m s-1", "standard_name": "eastward_wind", **point}),
            "v10": (dims, v, {"units": "m s-1", "standard_name": "northward_wind", **point}),
            "tp": (dims, rain, {"standard_name": "precipitation_amount", **summed}),
            "time_bnds": (("time", "bnds"), bounds),
        },
        coords={
            "time": ("time", stamps, {"bounds": "time_bnds", "standard_name": "time"}),
            "lat": ("lat", np.linspace(40, 50, 6), north),
            "lon": ("lon", np.linspace(0, 14, 8), east),
        },
    )  # fmt: skip


@pytest.fixture
def make_dataset() -> Maker:
    return _dataset


@pytest.fixture
def series() -> Series:
    return series_from_dataset(_dataset(24 * 7 + 1), source="week.nc")


@pytest.fixture
def straight_series() -> Series:
    """Instantaneous variables that are linear in time."""
    return series_from_dataset(
        _dataset(wiggle=0.0).drop_vars(["tp", "time_bnds"]), source="line.nc"
    )
