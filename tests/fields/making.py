"""Small datasets as files hold them, to be read, broken and read again."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

SUM = {"units": "kg m-2", "standard_name": "precipitation_amount", "cell_methods": "time: sum"}
POINT = {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: point"}


def hours(count: int, step: int = 1, start: str = "2019-03-01") -> Any:
    """Hourly stamps or every so many hours."""
    return pd.date_range(start, periods=count, freq=f"{step}h").values


def dataset(
    times: Any = None,
    *,
    count: int = 12,
    name: str = "t2m",
    attributes: dict[str, str] | None = None,
    shape: tuple[int, int] = (4, 5),
    bounds: Any = None,
    seed: int = 0,
) -> xr.Dataset:
    """One variable on a regular grid, with bounds if given."""
    times = hours(count) if times is None else times
    rng = np.random.default_rng(seed)
    values = rng.gamma(2.0, 3.0, (len(times), *shape)).astype(np.float32)
    made = xr.Dataset(
        {name: (("time", "lat", "lon"), values, dict(POINT if attributes is None else attributes))},
        coords={
            "time": ("time", times, {"standard_name": "time"}),
            "lat": ("lat", 50.0 - 0.5 * np.arange(shape[0]), {"units": "degrees_north"}),
            "lon": ("lon", -4.0 + 0.5 * np.arange(shape[1]), {"units": "degrees_east"}),
        },
    )
    made["time"].encoding["units"] = "minutes since 2000-01-01"
    if bounds is not None:
        made["time_bnds"] = (("time", "bnds"), bounds)
        made["time"].attrs["bounds"] = "time_bnds"
    return made


def ending(times: Any, step_h: int = 1) -> Any:
    """Bounds of periods that end at their stamps."""
    return np.stack([times - np.timedelta64(step_h, "h"), times], axis=1)


def sums(count: int = 12, *, seed: int = 0) -> xr.Dataset:
    """Hourly precipitation sums that end at the stamp."""
    times = hours(count)
    return dataset(times, name="tp", attributes=SUM, bounds=ending(times), seed=seed)
