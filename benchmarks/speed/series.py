"""A made-up coarse series of any size: waves that move, and noise that does not compress."""

from pathlib import Path

import numpy as np
import xarray as xr

from temdeep.metric import Float32Array

FIELD = "t850"
"""Temperature on a level: it moves with the air, and so do all parts of a network's work."""


def make(path: Path, rows: int, columns: int, intervals: int) -> Path:
    """Write a 6-hourly global temperature, one chunk a field, NetCDF uncompressed.

    Args:
        path: NetCDF or Zarr by suffix; kept if it is there.
        rows: Of the grid.
        columns: Of the grid.
        intervals: One less than the number of times.
    """
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    times = np.datetime64("2020-01-01", "ns") + np.arange(intervals + 1) * np.timedelta64(6, "h")
    latitude = np.linspace(90, -90, rows)
    down, along = np.linspace(0, 6, rows)[:, None], np.linspace(0, 2 * np.pi, columns, False)
    waves = 10 * np.sin(down) * np.cos(4 * along) + 5 * np.sin(4 * down) * np.cos(9 * along)
    noise = rng.normal(0, 0.02, (4, rows, columns))

    def field(index: int) -> Float32Array:
        moved = np.roll(waves, index * max(columns // 90, 1), axis=1)
        return np.asarray(280 + moved + noise[index % 4], np.float32)

    values = np.stack([field(i) for i in range(intervals + 1)])
    dataset = xr.Dataset(
        {
            FIELD: (
                ("time", "lat", "lon"),
                values,
                {"units": "K", "standard_name": "air_temperature"},
            )
        },
        coords={
            "time": times,
            "plev": ((), 85000.0, {"units": "Pa", "standard_name": "air_pressure"}),
            "lat": ("lat", latitude, {"units": "degrees_north"}),
            "lon": ("lon", np.arange(columns) * 360 / columns, {"units": "degrees_east"}),
        },
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    chunk = (1, rows, columns)
    if path.suffix == ".zarr":
        dataset.to_zarr(path, encoding={FIELD: {"chunks": chunk}}, consolidated=False)
    else:
        dataset.to_netcdf(path, encoding={FIELD: {"chunksizes": chunk}})
    return path
