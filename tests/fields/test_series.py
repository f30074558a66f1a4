"""A series hands out what the file holds: frames, intervals, periods, thinned parts."""

from typing import Any

import dask.array
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from tests.fields.making import POINT, SUM, dataset, ending, hours, sums

from temdeep.errors import RequestError, TimeAxisError, VariableError, VariableKindError
from temdeep.fields import reading_frames
from temdeep.fields.series import Series, open_series, series_from_dataset
from temdeep.fields.variables import Kind, Nature

HOUR = 3_600_000_000
KINDS = (Kind.SUM, Kind.MEAN, Kind.MAXIMUM, Kind.MINIMUM)


def mixed() -> xr.Dataset:
    """Hourly temperature and precipitation sums on one time axis."""
    return xr.merge([dataset(), sums(seed=1)])


def test_a_frame_is_what_the_file_holds() -> None:
    data = mixed()
    series = series_from_dataset(data)
    read = series.read(series.channels, slice(2, 5))
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read[:, 0], data.t2m[2:5])
    np.testing.assert_array_equal(read[:, 1], data.tp[2:5])
    np.testing.assert_array_equal(series.read(series.channels, [4, 2])[0], read[2])


def test_sums_become_rates_of_their_own_periods() -> None:
    times = hours(4, 3)
    bounds = np.stack([times - np.array([1, 3, 3, 2]).astype("timedelta64[h]"), times], axis=1)
    data = dataset(times, name="tp", attributes=SUM, bounds=bounds)
    series = series_from_dataset(data)
    rates = series.read_rates(series.channels, slice(None))
    assert rates.dtype == np.float64
    seconds = np.array([1, 3, 3, 2]) * 3600.0
    np.testing.assert_allclose(rates[:, 0] * seconds[:, None, None], data.tp, rtol=1e-7)


def test_intervals_carry_the_context_there_is() -> None:
    data = dataset(hours(12)[[0, 1, 2, 3, 7, 8, 9, 10, 11]])
    series = series_from_dataset(data)
    seen = dict(series.intervals(2))
    assert sorted(seen) == [0, 1, 2, 4, 5, 6, 7]  # none across the gap after index 3
    assert [len(seen[i].before) for i in seen] == [0, 1, 2, 0, 1, 2, 2]
    assert [len(seen[i].after) for i in seen] == [2, 1, 0, 2, 2, 1, 0]
    for i, interval in seen.items():
        np.testing.assert_array_equal(interval.start[0], data.t2m[i])
        np.testing.assert_array_equal(interval.end[0], data.t2m[i + 1])
        assert interval.span_s == 3600.0
        assert interval.valid_time == data.time.values[i]
    np.testing.assert_array_equal(seen[6].frames[:, 0], data.t2m[4:9])


def test_context_stops_where_the_step_changes() -> None:
    times = np.concatenate([hours(4), hours(4, 3, "2019-03-01T06")])
    series = series_from_dataset(dataset(times))
    seen = dict(series.intervals(3, segments=series.time.segments(3 * HOUR)))
    assert len(seen) == 7
    assert (len(seen[2].before), len(seen[2].after)) == (2, 0)
    assert (seen[3].span_s, len(seen[3].before), len(seen[3].after)) == (10_800.0, 0, 3)


def test_each_frame_is_read_once_whatever_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_frames, "BLOCK_BYTES", 3 * 4 * 20)  # three frames ahead
    series = series_from_dataset(dataset(count=40))
    asked: list[int] = []
    read = Series.read

    def counting(self: Series, channels: Any, times: Any) -> Any:
        asked.extend(range(times.start, times.stop))
        return read(self, channels, times)

    monkeypatch.setattr(Series, "read", counting)
    assert sum(1 for _ in series.intervals(12)) == 39
    assert asked == list(range(40))


def test_periods_carry_neighbours_of_the_same_length_only() -> None:
    times = hours(6)
    bounds = ending(times)
    bounds[0] = times[0]  # no period at the start of a forecast
    bounds[4, 0] += np.timedelta64(30, "m")  # a short one after a gap
    data = dataset(times, name="tp", attributes=SUM, bounds=bounds)
    series = series_from_dataset(data)
    seen = dict(series.period_intervals(2))
    assert sorted(seen) == [1, 2, 3, 4, 5]
    assert [len(seen[i].before) for i in seen] == [0, 1, 2, 0, 0]
    assert [len(seen[i].after) for i in seen] == [2, 1, 0, 0, 0]
    assert seen[4].span_s == 1800.0
    assert seen[1].valid_time == times[0]
    np.testing.assert_allclose(seen[4].rate[0], data.tp[4].values.astype(np.float64) / 1800)


def test_a_state_that_may_be_a_mean_over_the_axis_own_periods_is_named() -> None:
    """Daily means without cell_methods look like values at noon."""
    silent = {"units": "K", "standard_name": "air_temperature"}
    times = hours(6, 24, "2019-03-01T12:00")
    half_day = np.timedelta64(12, "h")
    bounds = np.stack([times - half_day, times + half_day], axis=1)
    (note,) = series_from_dataset(dataset(times, attributes=silent, bounds=bounds)).notes
    assert (
        "no cell_methods say whether t2m are of an instant or of the periods of 'time_bnds'" in note
    )
    assert "say --kind t2m=mean" in note
    said = silent | {"cell_methods": "time: point"}
    assert not series_from_dataset(dataset(times, attributes=said, bounds=bounds)).notes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "dask"])
@given(every=st.integers(2, 5), offset=st.integers(0, 4), seed=st.integers(0, 999))
def test_thinning_joins_periods_and_never_subsamples_them(
    kind: Kind, lazy: bool, every: int, offset: int, seed: int
) -> None:
    times = hours(23)
    attributes = SUM | {"cell_methods": f"time: {kind}"}
    data = dataset(times, name="x", attributes=attributes, bounds=ending(times), seed=seed)
    values = data.x.values
    series = series_from_dataset(data.chunk({"time": 4}) if lazy else data)
    thinned = series.thin(every, offset)
    if lazy:
        assert isinstance(thinned.dataset.x.data, dask.array.Array)
    joined = thinned.read(thinned.channels, slice(None))[:, 0]
    edges = thinned.period_edges(thinned.channels[0])
    count = (23 - offset) // every
    assert len(joined) == count
    assert (edges[:, 1] - edges[:, 0] == every * HOUR).all()
    assert (edges[1:, 0] == edges[:-1, 1]).all()
    parts = values[offset : offset + count * every].reshape(count, every, 4, 5)
    how: Any = {Kind.SUM: np.sum, Kind.MEAN: np.mean, Kind.MAXIMUM: np.max, Kind.MINIMUM: np.min}[
        kind
    ]
    np.testing.assert_allclose(joined, how(parts, axis=1), rtol=1e-6)
    np.testing.assert_array_equal(thinned.time.values, times[offset + every - 1 :: every][:count])
    again = series_from_dataset(thinned.dataset)  # what it says of itself is enough to read it
    np.testing.assert_array_equal(again.period_edges(again.channels[0]), edges)


def test_thinning_keeps_instants_and_joins_the_sums_that_lie_between() -> None:
    data = mixed()
    series = series_from_dataset(data).thin(3)
    temperature, rain = series.channels
    assert len(series.time) == 4
    np.testing.assert_array_equal(series.read([temperature], slice(None))[:, 0], data.t2m[::3])
    edges = series.period_edges(rain)
    np.testing.assert_array_equal(edges[0], [0, 0])  # hours before the first stamp: not complete
    np.testing.assert_array_equal(edges[1:, 1] - edges[1:, 0], 3 * HOUR)
    sums_3h = series.read([rain], slice(None))[:, 0]
    assert np.isnan(sums_3h[0]).all()
    np.testing.assert_allclose(sums_3h[1], data.tp[1:4].sum("time"), rtol=1e-6)
    assert [i for i, _ in series.period_intervals(1)] == [1, 2, 3]


def test_stamps_at_the_beginning_or_middle_stay_there() -> None:
    times = hours(12)
    begins = ending(times) + np.timedelta64(1, "h")
    thinned = series_from_dataset(dataset(times, name="x", attributes=SUM, bounds=begins)).thin(3)
    np.testing.assert_array_equal(thinned.time.values, times[::3])
    np.testing.assert_array_equal(thinned.period_edges(thinned.channels[0])[0], [0, 3 * HOUR])
    middles = ending(times) + np.timedelta64(30, "m")
    thinned = series_from_dataset(dataset(times, name="x", attributes=SUM, bounds=middles)).thin(4)
    assert thinned.time.values[0] == times[1] + np.timedelta64(30, "m")
    np.testing.assert_array_equal(
        thinned.period_edges(thinned.channels[0])[0], [-2 * HOUR, 2 * HOUR]
    )


def test_joining_does_not_cross_a_gap() -> None:
    times = hours(12)[[0, 1, 2, 3, 6, 7, 8, 9, 10, 11]]
    data = dataset(times, name="tp", attributes=SUM, bounds=ending(times))
    thinned = series_from_dataset(data).thin(2)
    lengths = np.diff(thinned.period_edges(thinned.channels[0]), axis=1)
    assert (lengths == 2 * HOUR).all()
    assert len(thinned.time) == 5


def test_thinning_to_less_than_two_times_is_refused() -> None:
    with pytest.raises(RequestError, match="leaves 1"):
        series_from_dataset(dataset()).thin(12)


def test_a_series_can_be_cut_in_time() -> None:
    series = series_from_dataset(mixed())
    part = series.between("2019-03-01T03:00", "2019-03-01T06:00")
    assert len(part.time) == 4
    np.testing.assert_array_equal(part.period_edges(part.channels[1])[0], [-HOUR, 0])
    np.testing.assert_array_equal(
        part.read(part.channels, slice(None)), series.read(series.channels, slice(3, 7))
    )
    assert len(series.between(None, "2019-03-01T02:30").time) == 3
    with pytest.raises(TimeAxisError, match="2019-03-01T00:00 to 2019-03-01T11:00"):
        series.between("2020-01-01", None)


def test_a_series_can_be_cut_to_variables() -> None:
    data = dataset(name="u", attributes=POINT | {"standard_name": "eastward_wind"})
    data = data.assign(v=data.u.assign_attrs(standard_name="northward_wind"))
    series = series_from_dataset(data)
    assert [one.partner for one in series.channels] == ["v", "u"]
    alone = series.select(["v"])
    assert [(one.name, one.partner, one.component) for one in alone.channels] == [("v", "", "")]
    assert "u" not in alone.dataset
    with pytest.raises(VariableError, match="no variable 'w'"):
        series.select(["w"])


@pytest.mark.parametrize("order", [("time", "lat", "lon"), ("lon", "time", "lat")])
def test_levels_and_members_are_channels_in_any_order_and_go_back_where_they_were(
    order: tuple[str, ...],
) -> None:
    data = dataset().expand_dims(member=[0, 1], level=[850.0, 500.0])
    data.level.attrs.update(units="hPa")
    data = data.transpose("level", *order, "member")
    data = data.copy(deep=True)
    data["t2m"] += data.level / 1000 + data.member
    data["t2m"].attrs = dict(POINT)
    series = series_from_dataset(data)
    names = [one.name for one in series.channels]
    assert set(names) == {f"t2m[level={a},member={b}]" for a in (850, 500) for b in (0, 1)}
    assert {one.level for one in series.channels} == {"850 hPa", "500 hPa"}
    one = series.channel("t2m[level=500,member=1]")
    read = series.read([one], slice(1, 3))[:, 0]
    wanted = data.t2m.sel(level=500, member=1).transpose("time", "lat", "lon")[1:3]
    np.testing.assert_array_equal(read, wanted.astype(np.float32))
    fields = {c.name: series.read([c], slice(0, 5))[:, 0] for c in series.channels}
    back = series.arrange("t2m", fields)
    assert back.dims == data.t2m.dims
    np.testing.assert_array_equal(back.values, data.t2m.isel(time=slice(0, 5)).astype(np.float32))


def test_running_totals_are_taken_apart_and_small_falls_levelled() -> None:
    times = hours(6)[1:]
    hourly = np.random.default_rng(0).gamma(0.5, 2.0, (5, 4, 5))
    totals = np.cumsum(hourly, axis=0)
    fallen = totals.copy()
    fallen[2, 0, 0] = fallen[1, 0, 0] - 1e-3
    bounds = np.stack([np.full(5, hours(1)[0]), times], axis=1)
    data = dataset(times, name="tp", attributes=SUM, bounds=bounds)
    data["tp"] = data.tp.copy(data=fallen)
    series = series_from_dataset(data)
    got = series.read(series.channels, slice(None))[:, 0]
    np.testing.assert_allclose(got[:, 1:], hourly[:, 1:], atol=1e-5)
    assert got[2, 0, 0] == 0
    np.testing.assert_allclose(got.sum(axis=0), totals[-1], rtol=1e-5)
    edges = series.period_edges(series.channels[0])
    np.testing.assert_array_equal(edges[:, 1] - edges[:, 0], HOUR)
    assert "running total since 2019-03-01T00:00" in series.notes[0]
    assert "1 values (1.0%) that lie below an earlier one" in series.notes[0]


def test_totals_that_restart_are_taken_apart_at_each_restart() -> None:
    times = hours(7)[1:]
    start = hours(7)[[0, 0, 0, 3, 3, 3]]
    data = dataset(times, name="tp", attributes=SUM, bounds=np.stack([start, times], axis=1))
    hourly = data.tp.values.astype(np.float64)
    totals = np.concatenate([np.cumsum(hourly[:3], 0), np.cumsum(hourly[3:], 0)])
    data["tp"] = data.tp.copy(data=totals.astype(np.float32))
    series = series_from_dataset(data)
    got = series.read(series.channels, slice(None))[:, 0]
    np.testing.assert_allclose(got, hourly, atol=1e-4)


def test_opening_reads_no_more_than_it_must(tmp_path: Any) -> None:
    path = tmp_path / "a.nc"
    mixed().to_netcdf(path)
    series = open_series(path)
    assert not series.dataset.t2m.variable._in_memory
    thinned = series.thin(3)
    assert isinstance(thinned.dataset.tp.data, dask.array.Array)


def test_the_callers_dataset_is_not_changed() -> None:
    data = mixed()
    before = data.copy(deep=True)
    series = series_from_dataset(data)
    for _, interval in series.intervals(2):
        with pytest.raises(ValueError, match="read-only"):
            interval.start[0, 0, 0] = 1.0
    xr.testing.assert_identical(data, before)


def test_whole_numbers_without_units_are_categories() -> None:
    data = dataset().assign(weather=(("time", "lat", "lon"), np.ones((12, 4, 5), np.int8)))
    series = series_from_dataset(data)
    assert series.channel("weather").nature is Nature.FLAG


def test_lead_times_and_one_reference_time_make_valid_times(tmp_path: Any) -> None:
    leads = (np.arange(12) * 3600 * 10**9).astype("timedelta64[ns]")
    run = dataset().rename(time="lead_time").assign_coords(lead_time=leads)
    run = run.expand_dims(time=[np.datetime64("2019-03-01T06:00", "ns")])
    run.to_netcdf(tmp_path / "run.nc")
    for series in (series_from_dataset(run), open_series(tmp_path / "run.nc")):
        np.testing.assert_array_equal(series.time.values, hours(12, start="2019-03-01T06"))
        assert series.time_name in series.dataset.t2m.dims


def test_a_model_output_with_moving_coordinates_is_read() -> None:
    """As WRF writes it: no coordinate along Time, latitude and longitude at every time."""
    lat, lon = np.meshgrid(50 + 0.1 * np.arange(4), 5 + 0.1 * np.arange(5), indexing="ij")
    dims = ("Time", "south_north", "west_east")
    data = xr.Dataset(
        {"T2": (dims, np.ones((6, 4, 5), np.float32), {"units": "K"})},
        {
            "XLAT": (dims, np.broadcast_to(lat, (6, 4, 5)), {"units": "degree_north"}),
            "XLONG": (dims, np.broadcast_to(lon, (6, 4, 5)), {"units": "degree_east"}),
            "XTIME": ("Time", hours(6)),
        },
    )
    series = series_from_dataset(data)
    assert series.grid.dims == ("south_north", "west_east")
    assert series.time.step_us == HOUR
    assert (series.grid.metric.dy_m > 0).all()


def test_periods_that_the_user_states_end_at_the_stamps() -> None:
    data = sums().drop_vars("time_bnds")
    series = series_from_dataset(data, kinds={"tp": "sum:1h"})
    edges = series.period_edges(series.channels[0])
    np.testing.assert_array_equal(edges[:2], [[-HOUR, 0], [0, HOUR]])
    assert series.channels[0].reason.startswith("as you said")


@pytest.mark.parametrize("kind", ["sum", "mean", "maximum"])
def test_periods_longer_than_the_step_are_refused_though_the_user_says_so(kind: str) -> None:
    data = dataset(hours(8, step=3), name="tp", attributes={"units": "mm"})
    with pytest.raises(VariableKindError) as error:
        series_from_dataset(data, kinds={"tp": f"{kind}:6h"})
    for part in (
        "'tp' in the dataset overlap",
        f'kinds={{"tp": "{kind}:6h"}}',
        f'kinds={{"tp": "{kind}:3h"}}',
    ):
        assert part in str(error.value)
    series_from_dataset(data, kinds={"tp": f"{kind}:3h"})
    series_from_dataset(data.isel(time=slice(None, None, 2)), kinds={"tp": f"{kind}:6h"})


def test_no_length_is_proposed_for_periods_of_many_lengths() -> None:
    months = np.array(["2020-01-31", "2020-02-29", "2020-03-31"], "datetime64[ns]")
    data = dataset(months, name="pr", attributes={"units": "mm"})
    with pytest.raises(VariableKindError, match="not evenly apart, so give the file time bounds"):
        series_from_dataset(data, kinds={"pr": "mean:30d"})


def test_a_running_total_that_falls_is_offered_the_step_of_the_series() -> None:
    times = hours(9, step=6)[1:]
    bounds = np.stack([np.full(8, hours(1)[0]), times], axis=1)
    data = dataset(times, name="tp", attributes=SUM, bounds=bounds)
    with pytest.raises(VariableKindError, match=r'kinds=\{"tp": "sum:6h"\}'):
        series_from_dataset(data)


@pytest.mark.parametrize(
    ("dtype", "told"),
    [
        (object, r"Python objects \(float, object\)"),
        (np.complex64, r"complex numbers \(complex64\)"),
        (str, "text"),
    ],
)
def test_what_is_no_number_is_called_what_it_is(dtype: type, told: str) -> None:
    data = dataset()
    data["t2m"] = data.t2m.astype(dtype)
    with pytest.raises(VariableError, match=f"'t2m' in the dataset holds {told} in place"):
        series_from_dataset(data)
