"""Consistency between variables in what is written."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from temdeep import downscale
from temdeep.errors import RequestError
from temdeep.fields.series import series_from_dataset
from temdeep.methods.registry import METHOD_NAMES
from temdeep.verification.evaluate import evaluate

pytestmark = pytest.mark.filterwarnings("ignore:mx2t, mn2t.* is given but not written")

HOUR = np.timedelta64(1, "h")
DIMS = ("time", "lat", "lon")


def temperatures(count: int = 12, seed: int = 0) -> xr.Dataset:
    """Six-hourly temperature and dew point, with the extremes of the six hours to each stamp."""
    rng = np.random.default_rng(seed)
    times = np.datetime64("2019-03-01", "ns") + np.arange(count) * 6 * HOUR
    air = (280 + 8 * rng.choice([-1, 0, 1], (count, 4, 5))).astype(np.float32)
    dew = air - rng.choice([0, 0.1, 5], air.shape).astype(np.float32)
    before = np.concatenate([air[:1], air[:-1]])
    names = {"t2m": "air_temperature", "d2m": "dew_point_temperature"}
    made = xr.Dataset(
        {
            "t2m": (DIMS, air, {"cell_methods": "time: point"}),
            "d2m": (DIMS, dew, {"cell_methods": "time: point"}),
            "mx2t": (DIMS, np.maximum(before, air) + 0.5, {"cell_methods": "time: maximum"}),
            "mn2t": (DIMS, np.minimum(before, air) - 0.5, {"cell_methods": "time: minimum"}),
            "time_bnds": (("time", "bnds"), np.stack([times - 6 * HOUR, times], axis=1)),
        },
        coords={
            "time": ("time", times, {"standard_name": "time", "bounds": "time_bnds"}),
            "lat": ("lat", 55.0 - 0.5 * np.arange(4), {"units": "degrees_north"}),
            "lon": ("lon", -4.0 + 0.5 * np.arange(5), {"units": "degrees_east"}),
        },
    )
    for name in ("t2m", "d2m", "mx2t", "mn2t"):
        made[name].attrs |= {"units": "K", "standard_name": names.get(name, "air_temperature")}
    return made


def beyond_its_period(made: xr.Dataset, given: xr.Dataset) -> float:
    """How far a made temperature goes beyond the extremes given for the six hours it lies in."""
    stamps = given["time"].values
    period = np.searchsorted(stamps, made["time"].values, side="left")
    air = made["t2m"].values
    above = air - given["mx2t"].values[period]
    below = given["mn2t"].values[period] - air
    return float(np.maximum(above, below).max())


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_temperature_stays_between_the_extremes_of_its_period_and_above_the_dew_point(
    method: str,
) -> None:
    given = temperatures()
    made = downscale(given, step="1h", method=method)
    assert beyond_its_period(made, given) <= 0
    assert (made["d2m"] <= made["t2m"]).all()
    for name in ("t2m", "d2m"):
        np.testing.assert_array_equal(made[name].sel(time=given["time"]), given[name])


def test_it_is_so_because_of_the_post_conditions() -> None:
    given = temperatures()
    made = downscale(given, step="1h", method="cubic", post_conditions="none")
    assert beyond_its_period(made, given) > 0.5
    assert (made["d2m"] > made["t2m"] + 0.1).any()
    some = downscale(given, step="1h", method="cubic", post_conditions=["extremes"])
    assert beyond_its_period(some, given) <= 0
    assert (some["d2m"] > some["t2m"]).any()


def test_an_interval_knows_the_extremes_of_both_periods_that_meet_inside() -> None:
    given = temperatures(count=4).drop_vars("mn2t")
    stamps = given["time"].values
    centred = np.stack([stamps - 3 * HOUR, stamps + 3 * HOUR], axis=1)
    given["time_bnds"] = ("time", "bnds"), centred
    for index, interval in series_from_dataset(given).intervals(0):
        assert [(one.begin, one.end) for one in interval.extremes] == [(-0.5, 0.5), (0.5, 1.5)]
        for shift, one in enumerate(interval.extremes):
            np.testing.assert_array_equal(one.values, given["mx2t"].values[index + shift])


def test_lazy_pieces_are_kept_as_the_whole_is() -> None:
    given = temperatures(count=40)
    whole = downscale(given, step="2h")
    lazy = downscale(given.chunk(time=5), step="2h")
    assert lazy["t2m"].chunks is not None
    for name in ("t2m", "d2m", "mx2t"):
        np.testing.assert_array_equal(lazy[name].values, whole[name].values)


def test_the_output_says_which_variable_is_subject_to_what() -> None:
    made = downscale(temperatures(), step="1h", method="cubic", post_conditions="dew-point")
    told = {name: made[name].attrs["temdeep_method"] for name in ("t2m", "d2m")}
    assert told == {"t2m": "cubic", "d2m": "cubic; not above t2m (dew-point)"}


def test_an_unknown_post_condition_is_refused() -> None:
    with pytest.raises(RequestError, match="no post-condition 'dew_point'"):
        downscale(temperatures(), step="1h", post_conditions="dew_point")


def test_scores_are_of_what_is_written() -> None:
    series = series_from_dataset(temperatures(count=25))
    for methods in ("cubic",), ("nearest",):
        for method in evaluate(series, withhold=2, methods=methods).methods.values():
            told = method.treatment(series.channel("d2m"), series.grid)
            assert told == f"{method.name}; not above t2m (dew-point)"


@pytest.mark.real
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_a_real_file_is_consistent_at_every_made_time(real_data: Path, method: str) -> None:
    with xr.open_dataset(real_data / "meteonet_nw_arpege_surface_20180501.nc") as opened:
        part = {"time": slice(0, 25, 3), "latitude": slice(0, 30), "longitude": slice(0, 30)}
        given = opened.isel(part).load()
    made = downscale(given, step="1h", method=method)
    for name in ("ws", "wdir", "d2m", "t2m", "u10", "v10", "r"):
        np.testing.assert_array_equal(made[name].sel(time=given["time"]), given[name])
    new = made.isel(time=made["temdeep_provenance"].values == 1)
    u, v, speed, air, dew = (new[one].values for one in ("u10", "v10", "ws", "t2m", "d2m"))
    wind, given_wind = np.hypot(u, v), np.hypot(given["u10"].values, given["v10"].values)
    assert (dew - air).max() <= max((given["d2m"] - given["t2m"]).values.max(), 0)
    assert (wind - speed).max() <= max((given_wind - given["ws"].values).max(), 0) + 1e-5
    assert new["r"].values.max() <= max(given["r"].values.max(), 100)
    away = new["wdir"].values - np.rad2deg(np.arctan2(-u, -v))
    assert np.abs((away + 180) % 360 - 180)[wind > 1].max() < 1  # of packing
