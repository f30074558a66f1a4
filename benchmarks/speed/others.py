"""What others do with a file, each as a process: python -m benchmarks.speed.others NAME IN OUT.

copy: a Zarr store's fields, file by file into another, and no more.
xarray: Dataset.interp over time, lazily, as its documentation has it, to hourly.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr
import zarr
from benchmarks.speed.series import FIELD

HOUR = np.timedelta64(1, "h")


def copy(source: Path, target: Path) -> None:
    """Copy the field of a store: read and write each chunk."""
    given = zarr.open_group(source, mode="r")[FIELD]
    assert isinstance(given, zarr.Array)  # noqa: S101 - it is what we made
    made = zarr.open_group(target, mode="w").create_array(
        FIELD, shape=given.shape, chunks=given.chunks, shards=given.shards, dtype=given.dtype
    )
    length = (given.shards or given.chunks)[0]
    for first in range(0, given.shape[0], length):
        made[first : first + length] = given[first : first + length]


def xarray(source: Path, target: Path) -> None:
    """Interpolate linearly to hourly."""
    with xr.open_dataset(source, chunks={"time": 8}) as dataset:
        times = dataset["time"].values
        wanted = np.arange(times[0], times[-1] + HOUR, HOUR)
        dataset.interp(time=wanted).astype(np.float32).to_netcdf(target)


if __name__ == "__main__":
    {"copy": copy, "xarray": xarray}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
