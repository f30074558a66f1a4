"""Which times are written, and where in the series they lie."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cftime
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests.engine.making import HOUR, in_memory, mixed, temperature

from temdeep.engine.output_periods import uncovered
from temdeep.engine.plan import plan
from temdeep.errors import RequestError, TemdeepError, TimeAxisError
from temdeep.fields.series import Series

MINUTE_US = 60_000_000


@pytest.fixture
def series() -> Series:
    """Every three hours of one day."""
    return in_memory(temperature(range(9)))


def minutes(offsets: np.ndarray) -> list[float]:
    return [float(one) for one in offsets / MINUTE_US]


def gappy() -> Series:
    """Three-hourly with six hours missing after the third time and three more after the sixth."""
    hours = np.array([0, 3, 6, 15, 18, 21, 27, 30])
    return in_memory(temperature(hours, np.datetime64("2019-03-01", "ns") + hours * HOUR))


def test_a_step_that_divides_gives_every_given_time(series: Series) -> None:
    found = plan(series, step="1h")
    assert len(found) == 25
    assert found.given[::3].tolist() == list(range(9))
    assert (np.delete(found.given, np.s_[::3]) == -1).all()
    np.testing.assert_array_equal(found.theta[:4], [0, 1 / 3, 2 / 3, 0])
    assert found.notes == ()


def test_a_step_need_not_divide_and_what_it_leaves_out_is_said(series: Series) -> None:
    found = plan(series, step="1h45min")
    assert minutes(found.offset_us) == [105.0 * k for k in range(14)]
    assert found.given[found.given >= 0].tolist() == [0, 7]
    assert "ends 1h15min before the input" in found.notes[0]
    assert "7 of 9 given times" in found.notes[1]


@pytest.mark.parametrize("step", [timedelta(minutes=90), np.timedelta64(90, "m"), "90min"])
def test_a_step_is_text_or_a_time_difference(series: Series, step: object) -> None:
    assert minutes(plan(series, step=step).offset_us[:3]) == [0, 90, 180]  # type: ignore[arg-type]


@pytest.mark.parametrize("step", ["0h", "-1h", "soon", "", timedelta(0), 15])
def test_a_step_that_is_no_positive_duration_is_refused(series: Series, step: object) -> None:
    with pytest.raises(
        RequestError, match=r"step: .* is (no time at all|not a (positive )?duration)"
    ):
        plan(series, step=step)  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [np.timedelta64(1, "M"), np.timedelta64("NaT")], ids=str)
def test_a_step_without_one_length_is_refused(series: Series, step: np.timedelta64) -> None:
    with pytest.raises(RequestError, match=r"step: .* has no one length"):
        plan(series, step=step)


def test_a_step_coarser_than_the_input_is_refused(series: Series) -> None:
    with pytest.raises(RequestError, match="step: 6h is coarser than the 3h of the dataset"):
        plan(series, step="6h")


def test_one_way_of_asking_for_times_is_needed(series: Series) -> None:
    for both in ({}, {"step": "1h", "at": ["2019-03-01T01:00"]}):
        with pytest.raises(RequestError, match="one of step, times and at"):
            plan(series, **both)  # type: ignore[arg-type]


def test_any_times_are_found_in_their_intervals_in_order(series: Series) -> None:
    found = plan(series, at=["2019-03-01T07:20", "2019-03-01T06:00", "2019-03-01 00:00:00.000001"])
    assert found.offset_us.tolist() == [0, 360 * MINUTE_US, 440 * MINUTE_US]  # 1 µs is the stamp
    assert found.given.tolist() == [0, 2, -1]
    assert found.interval.tolist() == [0, 2, 2]
    assert found.theta[2] == pytest.approx(80 / 180, abs=1e-15)
    assert found.intervals == [2]


def test_times_may_come_as_an_array_or_an_index(series: Series) -> None:
    times = pd.date_range("2019-03-01T01:00", periods=2, freq="90min")
    ways: list[Any] = [times, times.values, list(times.to_pydatetime()), tuple(map(str, times))]
    for asked in ways:
        assert minutes(plan(series, at=asked).offset_us) == [60, 150]


@pytest.mark.parametrize(
    "time",
    [
        "2019-03-01T01:00",
        np.datetime64("2019-03-01T01:00"),
        np.array("2019-03-01T01:00", "datetime64[ns]"),
        datetime(2019, 3, 1, 1),  # noqa: DTZ001 - times are UTC
        cftime.datetime(2019, 3, 1, 1, calendar="proleptic_gregorian"),
        xr.DataArray(np.datetime64("2019-03-01T01:00", "ns")),
        xr.DataArray(np.array(["2019-03-01T01:00"], "datetime64[ns]"), dims="time"),
    ],
    ids=repr,
)
def test_a_single_time_may_stand_alone(series: Series, time: Any) -> None:
    assert minutes(plan(series, at=time).offset_us) == [60]


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ([np.datetime64("NaT")], "is not a time"),
        ([17], "17 is not a time"),
        (["2019-03-01T24:00"], r"'2019-03-01T24:00' is not a time .* no such hour: [^(]*23\.$"),
        (["2019-03-01T12:61"], r"no such minute or second: both go from 00 to 59\.$"),
        (
            ["2019-13-45"],
            r"'2019-13-45' is not a time .* no such month: months go from 01 to 12\.$",
        ),
        (
            ["2019-02-30"],
            r"'2019-02-30' is not a time of the [a-z_]* calendar, which has no such day\.$",
        ),
        (17, "17 are no times"),
        ([cftime.datetime(2019, 3, 1, 1, calendar="360_day")], "is a time of the 360_day calendar"),
    ],
    ids=str,
)
def test_what_is_no_time_is_refused(series: Series, time: Any, told: str) -> None:
    with pytest.raises(TemdeepError, match=told):
        plan(series, at=time)


@pytest.mark.parametrize("time", ["2019-02-28T23:59", "2019-03-02T00:01"])
def test_times_outside_are_refused_with_the_range(series: Series, time: str) -> None:
    told = f"{time} lies outside the dataset, which runs from 2019-03-01T00:00 to 2019-03-02T00:00"
    with pytest.raises(TimeAxisError, match=told):
        plan(series, at=[time])


def test_a_time_asked_for_twice_is_refused(series: Series) -> None:
    with pytest.raises(RequestError, match="2019-03-01T01:00 is asked for twice"):
        plan(series, at=["2019-03-01T01:00", "2019-03-01T01:00"])


def test_times_come_from_a_text_file(series: Series, tmp_path: Path) -> None:
    path = tmp_path / "passes.txt"
    path.write_text("# overpasses\n2019-03-01T01:00  # first\n\n2019-03-01T02:30\n")
    assert minutes(plan(series, times=path).offset_us) == [60, 150]


def test_times_come_from_a_netcdf_file(series: Series, tmp_path: Path) -> None:
    path = tmp_path / "passes.nc"
    times = np.array(["2019-03-01T01:00", "2019-03-01T02:30"], dtype="datetime64[ns]")
    xr.Dataset(coords={"time": times}).to_netcdf(path)
    assert minutes(plan(series, times=path).offset_us) == [60, 150]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.txt", None, "there is no file of times"),
        ("empty.txt", b"# nothing\n", "holds no times"),
        ("words.txt", b"# when\n2019-03-01\ntomorrow\n", "words.txt, line 3: 'tomorrow' is not a"),
        ("noise.bin", b"\xff\xfe\x00", "neither text .* nor NetCDF"),
        ("noise.nc", b"\x00\x01", "cannot be read"),
    ],
)
def test_a_file_without_times_is_refused(
    series: Series, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((RequestError, TimeAxisError), match=told):
        plan(series, times=path)


def test_a_gap_is_refused_by_name_with_the_ways_out() -> None:
    with pytest.raises(TimeAxisError, match=r"9h between 2019-03-01T06:00 and .*T15:00.*max_gap="):
        plan(gappy(), step="1h")


def test_gaps_up_to_the_limit_are_filled_and_longer_ones_left_out_by_name() -> None:
    found = plan(gappy(), step="1h", max_gap="6h")
    hours = (found.offset_us // (60 * MINUTE_US)).tolist()
    assert hours == [*range(7), *range(15, 31)]
    assert found.notes == ("left out, in a gap: 2019-03-01T06:00 to 2019-03-01T15:00 (9h).",)
    whole = plan(gappy(), step="1h", max_gap="9h")
    assert len(whole) == 31
    assert whole.notes == ()


def test_many_gaps_are_one_note() -> None:
    times = np.datetime64("2019-03-01", "ns") + np.array([0, 1, *range(4, 37, 3)]) * HOUR
    found = plan(in_memory(temperature(range(13), times)), step="1h", max_gap="1h")
    (note,) = found.notes
    assert note.startswith("left out, in 11 gaps: 2019-03-01T01:00 to 2019-03-01T04:00 (3h) … ")


def test_a_longest_gap_below_the_step_is_refused(series: Series) -> None:
    with pytest.raises(RequestError, match=r"max gap: 1h is below the step of .* 3h or more"):
        plan(series, step="1h", max_gap="1h")


def test_single_times_in_a_gap_are_refused_or_left_out_by_name() -> None:
    asked = ["2019-03-01T01:00", "2019-03-01T08:00"]
    with pytest.raises(TimeAxisError, match=r"2019-03-01T08:00 lies in a gap .* max_gap=.9h"):
        plan(gappy(), at=asked)
    found = plan(gappy(), at=asked, max_gap="6h")
    assert minutes(found.offset_us) == [60]
    assert found.notes == ("left out, in a gap: 2019-03-01T08:00.",)
    with pytest.raises(TimeAxisError, match="2019-03-01T08:00 lies in a gap"):
        plan(gappy(), at=asked[1:], max_gap="6h")


def test_times_of_another_calendar_stay_in_it() -> None:
    times = xr.date_range("2000-02-29", periods=3, freq="12h", calendar="360_day", use_cftime=True)
    series = in_memory(temperature([0, 1, 2], times))
    found = plan(series, step="6h")
    assert series.time.at(found.offset_us)[3] == cftime.Datetime360Day(2000, 2, 29, 18)
    asked = plan(series, at=["2000-02-30T00:00"])
    assert asked.interval.tolist() == [2]
    with pytest.raises(TimeAxisError, match="2000-02-31"):
        plan(series, at=["2000-02-31T00:00"])


def test_output_periods_end_at_the_stamp_as_the_input_s_do() -> None:
    found = plan(in_memory(mixed()), step="1h")
    assert found.periods_us is not None
    np.testing.assert_array_equal(found.periods_us[:, 1], found.offset_us)
    assert (np.diff(found.periods_us, axis=1) == 60 * MINUTE_US).all()
    assert found.notes == (
        "tp: 2019-02-28T21:00 to 2019-02-28T23:00 is given but not written:"
        " no output time stands for it.",
    )


@pytest.mark.parametrize(("position", "shift_h"), [("end", 0), ("begin", 3), ("middle", 1.5)])
def test_with_periods_alone_all_of_them_are_divided(position: str, shift_h: float) -> None:
    dataset = mixed()[["tp", "time_bnds"]]
    shift = np.timedelta64(round(60 * shift_h), "m")
    dataset["time_bnds"] = dataset["time_bnds"] + shift
    found = plan(in_memory(dataset), step="1h")
    assert found.periods_us is not None
    assert len(found) == 27
    begin, end = found.periods_us.T
    assert (begin[1:] == end[:-1]).all()
    assert found.notes == ()
    stamps = {"end": end, "begin": begin, "middle": (begin + end) // 2}[position]
    np.testing.assert_array_equal(found.offset_us, stamps)


def test_a_single_time_needs_the_length_of_its_period() -> None:
    series = in_memory(mixed())
    with pytest.raises(RequestError, match=r"'tp' in the dataset holds for periods.*period=.1h"):
        plan(series, at=["2019-03-01T07:20"])
    found = plan(series, at=["2019-03-01T07:20"], period="2h")
    assert found.periods_us is not None
    assert minutes(found.periods_us[0]) == [320, 440]


def test_periods_reach_back_to_the_output_time_before() -> None:
    found = plan(
        in_memory(mixed()), at=["2019-03-01T03:00", "2019-03-01T04:00", "2019-03-01T09:00"]
    )
    assert found.periods_us is not None
    assert minutes(found.periods_us.ravel()) == [120, 180, 180, 240, 240, 540]
    assert "periods reach from one output time to the next" in found.notes[0]


def test_a_period_that_the_input_does_not_cover_is_said() -> None:
    found = plan(in_memory(mixed()), at=["2019-03-01T00:00"], period="6h")
    assert "missing at 1 of 1 output times" in found.notes[0]


@pytest.mark.parametrize(
    ("step", "period", "told"),
    [
        ("1h", "1h", []),
        ("1h", "30min", ["48 % of the time that is given is not written, in 26 stretches between"]),
        ("90min", "1h", ["31 % of the time that is given is not written, in 17 stretches between"]),
        ("1h", "2h", ["26 of 27 output periods begin before the one before them ends"]),
    ],
)
def test_what_periods_leave_out_between_them_or_count_twice_is_said(
    step: str, period: str, told: list[str]
) -> None:
    series = in_memory(mixed().drop_vars(["t2m", "sp"]))
    notes = plan(series, step=step, period=period).notes
    said = [one for one in notes if "between the" in one or "before the one before" in one]
    assert len(said) == len(told)
    assert all(text in one for text, one in zip(told, said, strict=True))


def test_a_gap_of_the_input_is_not_blamed_on_the_length_of_output_periods() -> None:
    hourly = mixed(12, step_h=1).drop_vars("sp")
    holed = hourly.isel(time=[0, 1, 2, 3, 4, 8, 9, 10, 11])
    found = plan(in_memory(holed), step="20min", max_gap="1h")
    assert not [one for one in found.notes if "between the" in one]


def test_uncovered_counts_holes_ends_and_stamps_without_period() -> None:
    edges = np.array([[0, 0], [0, 3], [3, 6], [9, 12]])
    periods = np.array([[-1, 1], [0, 6], [5, 7], [9, 12], [7, 8], [11, 13]])
    np.testing.assert_array_equal(uncovered(edges, periods), [True, False, True, False, True, True])
