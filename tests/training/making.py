"""A small coarse series that can be learnt from in seconds, and the settings for it."""

from pathlib import Path

import numpy as np
import xarray as xr
from tests.fields.making import POINT, SUM

from temdeep.training.settings import TrainingSettings

SHAPE = (8, 10)
COUNT = 40
TINY = TrainingSettings(epochs=2, samples=8, batch_size=4, width=8, depth=1, crop=8)


def series(
    count: int = COUNT, *, step_h: int = 3, shape: tuple[int, int] = SHAPE, seed: int = 0
) -> xr.Dataset:
    """Waves that travel eastwards: temperature, wind and rain, every few hours."""
    rng = np.random.default_rng(seed)
    hours = np.arange(count) * step_h
    times = np.datetime64("2019-03-01", "ns") + hours * np.timedelta64(1, "h")
    row, column = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    phase = 2 * np.pi * (column / 10 - hours[:, None, None] / 31) + 0.3 * row
    noise = rng.normal(0, 0.1, (3, count, *shape))
    rain = rng.gamma(2.0, 1.0, (count, *shape)).astype(np.float32)
    dims = ("time", "lat", "lon")
    wind = {"units": "m s-1", "cell_methods": "time: point"}
    made = xr.Dataset(
        {
            "t2m": (dims, 280 + 4 * np.sin(phase) + noise[0], dict(POINT)),
            "u10": (dims, 5 + np.cos(phase) + noise[1], {**wind, "standard_name": "eastward_wind"}),
            "v10": (
                dims,
                np.sin(2 * phase) + noise[2],
                {**wind, "standard_name": "northward_wind"},
            ),
            "tp": (dims, rain, dict(SUM)),
        },
        coords={
            "time": ("time", times, {"standard_name": "time", "bounds": "time_bnds"}),
            "lat": ("lat", 50.0 - 0.5 * np.arange(shape[0]), {"units": "degrees_north"}),
            "lon": ("lon", -4.0 + 0.5 * np.arange(shape[1]), {"units": "degrees_east"}),
        },
    ).astype(np.float32)
    made["time_bnds"] = (
        ("time", "bnds"),
        np.stack([times - np.timedelta64(step_h, "h"), times], axis=1),
    )
    made["time"].encoding["units"] = "minutes since 2000-01-01"
    return made


def weights(run: Path) -> dict[str, bytes]:
    """The files of all epochs, byte by byte."""
    return {path.name: path.read_bytes() for path in sorted(run.glob("epoch_*.safetensors"))}
