"""Missing values and packings from file to file."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.making import temperature

from temdeep.engine.dataset import fill_dataset
from temdeep.engine.plan import plan
from temdeep.engine.writers import write
from temdeep.fields.series import open_series, series_from_dataset
from temdeep.methods.registry import METHOD_NAMES, build

TYPES = {"int16": -32767, "uint8": 255, "int32": -(2**31)}


def stored(path: Path, name: str) -> tuple[np.ndarray, dict[str, object]]:
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        return np.asarray(file[name][...]), dict(file[name].__dict__)


@settings(max_examples=15)
@given(
    method=st.sampled_from(METHOD_NAMES),
    dtype=st.sampled_from(sorted(TYPES)),
    scale=st.sampled_from([0.01, 0.5, 1 / 3]),
    share=st.floats(0, 0.7),
    seed=st.integers(0, 999),
)
def test_packed_numbers_come_out_in_their_packing(
    method: str,
    dtype: str,
    scale: float,
    share: float,
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Within half of its step of what was filled in; missing is the input's own fill value."""
    folder, rng = tmp_path_factory.mktemp("packed"), np.random.default_rng(seed)
    numbers = rng.integers(60, 120, (7, 4, 5))
    values = np.where(rng.random(numbers.shape) < share, np.nan, 280 + scale * numbers)
    values[3:5, 0, 0] = 280 + scale * 77  # something is known at least
    packing = {
        "dtype": dtype,
        "scale_factor": scale,
        "add_offset": 280.0,
        "_FillValue": TYPES[dtype],
    }
    data = temperature(np.zeros(7), **packing)
    data["t2m"] = data.t2m.copy(data=values.astype(np.float64))
    data["t2m"].encoding = dict(packing)
    before, after = folder / "in.nc", folder / "out.nc"
    data.to_netcdf(before)
    series = open_series(before)
    built, wanted = build(method, series), plan(series, step="50min")
    write(series, built, wanted, after)
    expected = fill_dataset(series, built, wanted)[0].t2m.values
    raw, said = stored(after, "t2m")
    raw_before, said_before = stored(before, "t2m")
    for key in ("scale_factor", "add_offset", "_FillValue"):
        assert said[key] == said_before[key]
    assert raw.dtype == raw_before.dtype
    np.testing.assert_array_equal(raw == TYPES[dtype], np.isnan(expected))
    known = np.isfinite(expected)
    error = np.abs(280 + scale * raw.astype(np.float64) - expected)[known]
    assert (error <= scale / 2 + 1e-4).all()
    given_at = wanted.given >= 0
    np.testing.assert_array_equal(raw[given_at], raw_before[wanted.given[given_at]])


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_land_stays_missing_and_the_sea_is_filled(method: str) -> None:
    data = temperature(np.linspace(280, 290, 9))
    data["t2m"] = data.t2m.where(data.lon > data.lon[1])
    series = series_from_dataset(data)
    made = fill_dataset(series, build(method, series), plan(series, step="1h"))[0].t2m
    np.testing.assert_array_equal(made.isnull().all("time"), data.t2m.isnull().all("time"))
    np.testing.assert_array_equal(made.isnull().any("time"), data.t2m.isnull().any("time"))


def test_a_period_that_spans_a_missing_one_is_missing() -> None:
    """Three-hourly sums taken apart into parts of two hours: every second part spans two."""
    times = np.datetime64("2019-03-01", "ns") + np.arange(1, 7) * np.timedelta64(3, "h")
    attributes = {
        "units": "kg m-2",
        "standard_name": "precipitation_amount",
        "cell_methods": "time: sum",
    }
    rain = np.ones((6, 4, 5), np.float32)
    rain[2, 0, 0] = np.nan
    data = xr.Dataset(
        {
            "tp": (("time", "lat", "lon"), rain, attributes),
            "time_bnds": (("time", "nv"), np.stack([times - np.timedelta64(3, "h"), times], 1)),
        },
        temperature(np.zeros(6), times).coords,
    )
    data.time.attrs["bounds"] = "time_bnds"
    series = series_from_dataset(data)
    made = fill_dataset(series, build("linear", series), plan(series, step="2h"))[0]
    ends = (made.time_bnds.values - times[0] + np.timedelta64(3, "h")) / np.timedelta64(1, "h")
    touched = (ends[:, 0] < 9) & (ends[:, 1] > 6)  # the third period lasts from hour 6 to 9
    np.testing.assert_array_equal(np.isnan(made.tp[:, 0, 0]), touched)
    assert not np.isnan(made.tp[:, 1:]).any()


@pytest.mark.real
@pytest.mark.parametrize("name", ["mch_20170131.nc", "knmi_20100826.nc"])
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_the_edge_of_radar_coverage_stays_where_each_period_has_it(
    real_data: Path, name: str, method: str
) -> None:
    """In the Swiss composite it moves from frame to frame."""
    fourth = slice(None, None, 4)
    with xr.open_dataset(real_data / name) as whole:
        series = series_from_dataset(whole.isel(time=slice(12, 18), y=fourth, x=fourth).load())
    made = fill_dataset(series, build(method, series), plan(series, step="100s"))[0]
    amount = made.precipitation_amount.values
    given_missing = np.isnan(series.dataset.precipitation_amount.values)
    np.testing.assert_array_equal(np.isnan(amount), given_missing.repeat(3, axis=0))
    assert given_missing.any(axis=0).sum() > given_missing.all(axis=0).sum() or name[0] == "k"
    assert not (amount < 0).any()


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_fields_that_are_missing_everywhere_are_told_once(tmp_path: Path, suffix: str) -> None:
    values = np.arange(40.0)
    values[[7, 8, 30]] = np.nan
    series = series_from_dataset(temperature(values))
    asked = plan(series, step="1h")
    done = write(series, build("cubic", series), asked, tmp_path / f"out.{suffix}")
    told = [one for one in done.notes if "missing everywhere" in one]
    assert len(told) == 1
    assert "'t2m' is missing everywhere at 3 input times, such as 2019-03-01T21:00" in told[0]
    whole = series_from_dataset(temperature(np.arange(40.0)))
    done = write(whole, build("cubic", whole), asked, tmp_path / f"whole.{suffix}")
    assert not [one for one in done.notes if "missing" in one]
