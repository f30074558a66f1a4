"""Running totals come out as running totals, with the starts and resets they came in with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.making import HOUR, SHAPE, mixed, save

import temdeep
from temdeep.engine.dataset import fill_dataset
from temdeep.engine.plan import plan
from temdeep.engine.writers import write
from temdeep.fields.intervals import PeriodInterval
from temdeep.fields.series import Series, open_series, series_from_dataset
from temdeep.methods.cubic import Cubic
from temdeep.methods.simple import Linear
from temdeep.metric import Float64Array

START = np.datetime64("2019-03-01T00", "ns")
RAIN = {"units": "kg m-2", "standard_name": "precipitation_amount", "cell_methods": "time: sum"}
PACKED = {"dtype": "int16", "scale_factor": 0.05, "add_offset": 0.0, "_FillValue": -32767}


def amounts(count: int, seed: int = 0) -> np.ndarray:
    """Rain of each step, in whole packing units, dry now and then."""
    rng = np.random.default_rng(seed)
    units = rng.integers(1, 40, (count, *SHAPE)) * (rng.random((count, *SHAPE)) < 0.5)
    return 0.05 * units


def running(
    count: int = 9, step_h: int = 3, bucket_h: int | None = None, seed: int = 0, **encoding: Any
) -> xr.Dataset:
    """Totals since the start, or since the bucket was last emptied, with bounds that say so."""
    times = START + np.arange(1, count + 1) * step_h * HOUR
    number = np.arange(count) // (count if bucket_h is None else bucket_h // step_h)
    begins = START + number * ((bucket_h or 0) * HOUR)
    rain = amounts(count, seed)
    totals = np.stack(
        [
            rain[(number == number[i])][: (number[: i + 1] == number[i]).sum()].sum(0)
            for i in range(count)
        ]
    )
    made = xr.Dataset(
        {
            "tp": (("time", "lat", "lon"), totals.astype(np.float32), RAIN),
            "time_bnds": (("time", "bnds"), np.stack([begins, times], axis=1)),
        },
        coords={
            "time": ("time", times, {"standard_name": "time", "bounds": "time_bnds"}),
            "lat": ("lat", 55.0 - 0.5 * np.arange(4), {"units": "degrees_north"}),
            "lon": ("lon", -4.0 + 0.5 * np.arange(5), {"units": "degrees_east"}),
        },
    )
    made["tp"].encoding = dict(encoding)
    made["time"].encoding = {"units": "hours since 2000-01-01", "dtype": "int32"}
    return made


def bare(data: xr.Dataset) -> xr.Dataset:
    """The same without time bounds."""
    made = data.drop_vars("time_bnds")
    made["time"].attrs.pop("bounds")
    return made


def resets_of(bounds: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.diff(bounds[:, 0]) != np.timedelta64(0)) + 1


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    bucket_h=st.sampled_from([None, 6, 12]),
    minutes=st.sampled_from([20, 45, 60, 100, 180]),
    method=st.sampled_from([Linear(), Cubic()]),
    encoding=st.sampled_from([{}, PACKED]),
)
@pytest.mark.filterwarnings("ignore::temdeep.api.TemdeepWarning")
def test_totals_come_out_as_totals(
    seed: int,
    bucket_h: int | None,
    minutes: int,
    method: Any,
    encoding: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = running(seed=seed, bucket_h=bucket_h, **encoding)
    folder = tmp_path_factory.mktemp("totals")
    series = open_series(save(data, folder))
    wanted = plan(series, step=f"{minutes}min")
    write(series, method, wanted, folder / "out.nc")
    with (
        xr.open_dataset(folder / "in.nc") as before,
        xr.open_dataset(folder / "out.nc") as after,
        xr.open_dataset(folder / "out.nc", mask_and_scale=False) as raw,
    ):
        bounds = after["time_bnds"].values
        np.testing.assert_array_equal(bounds[:, 1], after.time.values)
        anew = resets_of(bounds)
        for stored in (after.tp.values, raw.tp.values):  # also as the integers that are stored
            fall = np.diff(stored, axis=0) < 0
            fall[anew - 1] = False
            assert not fall.any()
        both = np.intersect1d(after.time.values, before.time.values)
        assert len(both)
        np.testing.assert_array_equal(after.tp.sel(time=both), before.tp.sel(time=both))
        np.testing.assert_array_equal(
            after.time_bnds.sel(time=both), before.time_bnds.sel(time=both)
        )
        assert after.tp.attrs["cell_methods"] == "time: sum"
        assert raw.tp.dtype == (np.int16 if encoding else np.float32)
        begins = bounds[:, 0]
        if bucket_h is None:
            assert (begins == START).all()
        else:
            since = (after.time.values - np.timedelta64(1, "ns") - START) // (bucket_h * HOUR)
            np.testing.assert_array_equal(begins, START + since * (bucket_h * HOUR))


def test_what_is_written_is_understood_when_read_again(tmp_path: Path) -> None:
    series = open_series(save(running(bucket_h=12), tmp_path))
    write(series, Cubic(), plan(series, step="1h"), tmp_path / "fine.nc")
    again = open_series(tmp_path / "fine.nc")
    assert list(again.totals) == ["tp"]
    np.testing.assert_array_equal(np.diff(again.edges["tp"], axis=1), 3_600_000_000)
    np.testing.assert_array_equal(
        np.unique(again.totals["tp"].edges[:, 0]) + again.time.offset_us[0],
        np.unique(series.totals["tp"].edges[:, 0]) + 2 * 3_600_000_000,  # first times differ
    )


@pytest.mark.filterwarnings("ignore::temdeep.api.TemdeepWarning")
def test_lazy_totals_are_the_eager_ones_to_the_bit() -> None:
    data = running(40, bucket_h=24)
    eager = temdeep.downscale(data, step="40min", method="cubic")
    lazy = temdeep.downscale(data.chunk({"time": 7}), step="40min", method="cubic")
    assert lazy.tp.chunks is not None
    xr.testing.assert_identical(eager.tp, lazy.tp.compute())


@pytest.mark.filterwarnings("ignore::temdeep.api.TemdeepWarning")
def test_totals_at_single_times_lie_between_their_neighbours() -> None:
    data = running()
    at = np.array(["2019-03-01T04:10", "2019-03-01T06:00", "2019-03-01T20:30"], dtype="M8[ns]")
    made = temdeep.downscale(data, times=at, method="cubic")
    np.testing.assert_array_equal(made.tp[1], data.tp[1])
    assert (made.tp[0] >= data.tp[0]).all()
    assert (made.tp[0] <= data.tp[1]).all()
    np.testing.assert_array_equal(made.time_bnds[:, 0], START)


def downscale(series: Series, *, step: str) -> xr.Dataset:
    """Without packing."""
    made, _ = fill_dataset(series, Linear(), plan(series, step=step))
    return made


def test_totals_and_sums_per_step_stand_side_by_side(tmp_path: Path) -> None:
    """CF has one set of bounds for a time axis: the totals name their own."""
    data = mixed()
    times = data.time.values
    total = data.tp.cumsum("time").assign_attrs(RAIN)
    data["total"] = total.assign_attrs(time_bounds="total_bnds")
    data["total_bnds"] = (("time", "bnds"), np.stack([np.full(9, times[0] - 3 * HOUR), times], 1))
    data["total"].encoding = dict(PACKED)
    series = open_series(save(data, tmp_path))
    assert list(series.totals) == ["total"]
    write(series, Linear(), plan(series, step="1h"), tmp_path / "fine.nc")
    with xr.open_dataset(tmp_path / "fine.nc") as made:
        assert made.total.attrs["time_bounds"] == "total_bnds"
        assert (np.diff(made.time_bnds.values, axis=1) == HOUR).all()
        assert (made.total_bnds.values[:, 0] == times[0] - 3 * HOUR).all()
        sums = made.tp.values[1:].cumsum(axis=0)
        rises = made.total.values[1:] - made.total.values[:1]
        np.testing.assert_allclose(rises, sums, atol=0.1)
        exact = downscale(series, step="1h")["total"].values
        np.testing.assert_allclose(made.total.values, exact, atol=0.0251)
        at = np.isin(made.time.values, times)
        np.testing.assert_array_equal(made.total.values[at], series.totals["total"].levels.values)
    again = open_series(tmp_path / "fine.nc")
    assert list(again.totals) == ["total"]


def test_a_stamp_at_the_start_is_nothing_and_stays() -> None:
    data = running()
    first = data.isel(time=[0]).assign_coords(time=[START])
    first = first.assign(tp=first.tp * np.nan, time_bnds=(("time", "bnds"), [[START, START]]))
    first["time"].attrs = data.time.attrs
    whole = xr.concat(
        [first, data], dim="time", data_vars="minimal", coords="minimal", compat="override"
    )
    series = series_from_dataset(whole)
    wanted = plan(series, step="1h")
    np.testing.assert_array_equal(series.time.at(wanted.offset_us)[:2], [START, START + HOUR])


@pytest.mark.filterwarnings("ignore::temdeep.api.TemdeepWarning")
def test_a_total_that_falls_a_little_is_levelled_in_the_output_too() -> None:
    data = running()
    level = float(data.tp[3, 0, 0])
    data["tp"][4, 0, 0] = level - 0.01
    data["tp"][3:5, 0, 0] += 10.0
    data["tp"][5:, 0, 0] += 10.5
    with pytest.warns(temdeep.api.TemdeepWarning, match="1 values .* by at most 0.01"):
        made = temdeep.downscale(data, step="1h", method="linear")
    at = made.tp.sel(time=data.time[4]).values[0, 0]
    assert at == np.float32(data.tp[3, 0, 0])


@pytest.mark.filterwarnings("ignore::temdeep.api.TemdeepWarning")
def test_what_only_the_user_calls_a_total_says_so_afterwards() -> None:
    data = bare(running())
    data["tp"].attrs = {"units": "mm"}
    made = temdeep.downscale(data, step="1h", method="linear", kinds={"tp": "accumulated"})
    assert made.tp.attrs["cell_methods"] == "time: sum"
    assert list(series_from_dataset(made).totals) == ["tp"]


class Overshooting(Linear):
    """Makes more than there is."""

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        return 1.5 * super().fill_periods(interval, edges)


@pytest.mark.filterwarnings("ignore::temdeep.api.TemdeepWarning")
def test_no_total_lies_above_the_next_given_one() -> None:
    series = series_from_dataset(running())
    made, _ = fill_dataset(series, Overshooting(), plan(series, step="20min"))
    assert (np.diff(made.tp.values, axis=0) >= 0).all()
    np.testing.assert_array_equal(made.tp.values[8::9], series.totals["tp"].levels.values)
