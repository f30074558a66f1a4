"""Forecasts: lead-time axes come back finer, and nothing is filled from one run into the next."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import HOUR, SHAPE, save

import temdeep
from temdeep.cli.main import main
from temdeep.errors import RequestError, TimeAxisError
from temdeep.fields.series import series_from_dataset

pytestmark = pytest.mark.filterwarnings("ignore::temdeep.api.TemdeepWarning")

START = np.datetime64("2019-03-01T00", "ns")
TEMPERATURE = {"units": "K", "standard_name": "air_temperature"}
PLACES = {
    "lat": ("lat", 55.0 - 0.5 * np.arange(4), {"units": "degrees_north"}),
    "lon": ("lon", -4.0 + 0.5 * np.arange(5), {"units": "degrees_east"}),
}


def forecast(runs: int | None = None, leads: int = 6, seed: int = 0) -> xr.Dataset:
    """As cfgrib has it: step, and one time (None) or several of them, six hours apart."""
    rng = np.random.default_rng(seed)
    step = np.arange(leads) * 3 * HOUR.astype("m8[ns]")
    count = 1 if runs is None else runs
    times = START + np.arange(count) * 6 * HOUR
    values = rng.normal(280, 9, (count, leads, *SHAPE)).astype(np.float32)
    made = xr.Dataset(
        {"t2m": (("time", "step", "lat", "lon"), values, TEMPERATURE)},
        coords={
            "time": ("time", times, {"standard_name": "forecast_reference_time"}),
            "step": ("step", step, {"standard_name": "forecast_period"}),
            "valid_time": (("time", "step"), times[:, None] + step, {"standard_name": "time"}),
            **PLACES,
        },
    )
    return made if runs is not None else made.isel(time=0)


def in_a_row(changed: bool = True) -> xr.Dataset:
    """The first twelve hours of two runs, one after the other on one time axis."""
    times = START + (1 + np.arange(8)) * 3 * HOUR
    began = np.where(changed & (np.arange(8) >= 4), START + 12 * HOUR, START)
    values = np.random.default_rng(3).normal(280, 9, (8, *SHAPE)).astype(np.float32)
    said = {"standard_name": "forecast_reference_time"}
    return xr.Dataset(
        {"t2m": (("time", "lat", "lon"), values, TEMPERATURE)},
        coords={
            "time": ("time", times, {"standard_name": "time"}),
            "forecast_reference_time": ("time", began, said),
            **PLACES,
        },
    )


def test_a_lead_time_axis_comes_back_finer() -> None:
    data = forecast()
    fine = temdeep.downscale(data, step="1h", method="cubic")
    assert fine.t2m.dims == data.t2m.dims
    np.testing.assert_array_equal(fine.step, np.arange(16) * HOUR.astype("m8[ns]"))
    np.testing.assert_array_equal(fine.valid_time, data.time.values + fine.step.values)
    np.testing.assert_array_equal(fine.t2m.sel(step=data.step), data.t2m)
    assert fine.time.ndim == 0


def test_a_lead_time_axis_is_written_finer(tmp_path: Path) -> None:
    path = save(forecast(), tmp_path)
    for name in ("fine.nc", "fine.zarr"):
        arguments = ["downscale", str(path), "-o", str(tmp_path / name), "--step", "1h"]
        assert main([*arguments, "--quiet"]) == 0
        with xr.open_dataset(tmp_path / name, decode_timedelta=True) as fine:
            expected = temdeep.downscale(forecast(), step="1h", method="cubic")
            assert fine.t2m.dims == expected.t2m.dims
            np.testing.assert_array_equal(fine.t2m, expected.t2m)
            np.testing.assert_array_equal(fine.step, expected.step)
            np.testing.assert_array_equal(fine.valid_time, expected.valid_time)


def test_nothing_is_filled_from_one_run_into_the_next_on_one_axis() -> None:
    data = in_a_row()
    fine = temdeep.downscale(data, step="1h", method="cubic")
    for part in (slice(0, 4), slice(4, 8)):
        alone = data.isel(time=part).drop_vars("forecast_reference_time")
        alone = temdeep.downscale(alone, step="1h", method="cubic")
        np.testing.assert_array_equal(fine.t2m.sel(time=alone.time), alone.t2m)
    between = START + np.array([13, 14]) * HOUR
    assert not np.isin(between, fine.time).any()
    assert len(fine.time) == 20
    with pytest.warns(temdeep.api.TemdeepWarning, match="2 forecast runs follow each other"):
        temdeep.downscale(data, step="1h", method="cubic")
    with pytest.raises(TimeAxisError, match="between two forecast runs"):
        temdeep.downscale(data, times=between[:1], method="cubic")
    assert len(temdeep.downscale(in_a_row(changed=False), step="1h").time) == 22


def test_times_are_not_hidden_across_runs() -> None:
    with pytest.raises(RequestError, match="several forecast runs"):
        series_from_dataset(in_a_row()).thin(2)
