"""Real files, as people have them."""

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr

from temdeep.engine.plan import plan
from temdeep.engine.writers import Written, write
from temdeep.errors import TimeAxisError
from temdeep.fields.series import Series, open_series
from temdeep.methods.cubic import Cubic

pytestmark = pytest.mark.real


def fill_file(source: Path, target: Path, variables: Any = None, **request: Any) -> Written:
    series = open_series([source], variables=variables)
    return write(series, Cubic(), plan(series, **request), target)


def part(source: Path, target: Path, last: int, **select: slice) -> Path:
    """The first times of a file, as stored."""
    with xr.open_dataset(source, decode_cf=False) as dataset:
        dataset.isel({"time": slice(last), **select}).to_netcdf(target)
    return target


def stored(path: Path, name: str) -> np.ndarray:
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        return np.asarray(file[name][...])


def test_era5_temperature_keeps_its_hours(real_data: Path, tmp_path: Path) -> None:
    source = part(real_data / "era5_uk_t2m_2019-03.nc", tmp_path / "in.nc", 72)
    done = fill_file(source, tmp_path / "out.nc", step="15min")
    assert (done.given, done.made, done.notes) == (72, 213, ())
    np.testing.assert_array_equal(
        stored(tmp_path / "out.nc", "t2m")[::4].view("i4"), stored(source, "t2m").view("i4")
    )


def test_era5_sums_are_conserved_beside_instants(real_data: Path, tmp_path: Path) -> None:
    source = part(real_data / "era5_davos_surface_2020-01a.nc", tmp_path / "in.nc", 48)
    fill_file(source, tmp_path / "out.nc", step="10min")
    for name in ("tp", "ssrd", "strd", "tisr"):
        given = stored(source, name)[1:].astype(np.float64)
        parts = stored(tmp_path / "out.nc", name)[1:].astype(np.float64)
        joined = parts.reshape(47, 6, *given.shape[1:]).sum(axis=1)
        assert (np.abs(joined - given) <= np.spacing(np.abs(given).astype(np.float32))).all(), name
    np.testing.assert_array_equal(stored(tmp_path / "out.nc", "t2m")[::6], stored(source, "t2m"))


def test_simulated_means_are_conserved_as_packed(real_data: Path, tmp_path: Path) -> None:
    source = part(real_data / "speedy_t63_atlantic_train.nc", tmp_path / "in.nc", 30)
    fill_file(source, tmp_path / "out.nc", ["t2m", "pr", "ssrd"], step="15min")
    for name in ("pr", "ssrd"):
        parts = stored(tmp_path / "out.nc", name)[1:].astype(int).reshape(29, 4, 30, 64).sum(axis=1)
        np.testing.assert_array_equal(parts, 4 * stored(source, name)[1:].astype(int))
    np.testing.assert_array_equal(stored(tmp_path / "out.nc", "t2m")[::4], stored(source, "t2m"))


def test_grib_comes_out_as_netcdf(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "meteonet_nw_arpege_10m_20180501.grib"
    fill_file(source, tmp_path / "out.nc", step="20min")
    with xr.open_dataset(tmp_path / "out.nc") as found:
        assert found["u10"].dtype == np.float32
        assert len(found["time"]) == 73
        assert (np.diff(found["time"]) == np.timedelta64(20, "m")).all()


def test_radar_with_most_times_missing_names_its_gaps(real_data: Path, tmp_path: Path) -> None:
    place = {"latitude": slice(200, 260), "longitude": slice(300, 380)}
    source = part(real_data / "meteonet_nw_radar_gaps_201608.nc", tmp_path / "in.nc", 45, **place)
    series: Series = open_series([source])
    with pytest.raises(TimeAxisError, match="2016-08-21T00:10 to 2016-08-21T00:50"):
        plan(series, step="1min")
    done = write(series, Cubic(), plan(series, step="1min", max_gap="5min"), tmp_path / "out.nc")
    assert done.made == 225
    assert len(done.notes) == 9
    parts = stored(tmp_path / "out.nc", "precipitation_amount")
    given = stored(source, "precipitation_amount")
    np.testing.assert_array_equal(parts.reshape(45, 5, *parts.shape[1:])[0].sum(0), given[0])


def test_stamps_off_by_microseconds_are_kept_as_they_are(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "colpex_theta_2009-09-09.nc"
    fill_file(source, tmp_path / "out.nc", step="5min")
    with xr.open_dataset(source) as before, xr.open_dataset(tmp_path / "out.nc") as after:
        np.testing.assert_array_equal(after["time"][::2], before["time"])
        assert after["air_potential_temperature"].dims == before["air_potential_temperature"].dims
