"""Valid times are exact, breaks are named, durations read as they are written."""

import datetime
from typing import Any

import cftime
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fields.making import hours

from temdeep.errors import RequestError, TimeAxisError
from temdeep.fields.time_axis import (
    build_time_axis,
    format_duration,
    parse_duration,
    show,
    sun_times,
)

HOUR = 3_600_000_000


@given(st.integers(1, 10**15))
def test_a_duration_is_read_as_it_is_written(duration_us: int) -> None:
    assert parse_duration(format_duration(duration_us)) == duration_us


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("15min", HOUR // 4),
        ("1h", HOUR),
        ("90s", 90_000_000),
        ("1d", 24 * HOUR),
        ("1h30min", 90 * 60_000_000),
        ("0.5h", HOUR // 2),
        ("1hour", HOUR),
        ("2 days", 48 * HOUR),
        ("30minutes", HOUR // 2),
        ("90sec", 90_000_000),
    ],
)
def test_durations_are_understood(text: str, microseconds: int) -> None:
    assert parse_duration(text) == microseconds


@pytest.mark.parametrize("text", ["", "h", "1x", "-1h", "30T", "1h and more"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0h", "0 days", "0h0min"])
def test_a_duration_of_nothing_must_be_longer(text: str) -> None:
    with pytest.raises(RequestError, match=f"'{text}' is no time at all: .* longer than nothing"):
        parse_duration(text)


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40), st.sampled_from(["us", "ns"]))
def test_given_times_come_back_bit_for_bit(steps: list[int], unit: str) -> None:
    offsets = np.cumsum([0, *steps])
    times = np.datetime64("2019-03-01T00:00", "us") + offsets.astype("timedelta64[us]")
    axis = build_time_axis(times.astype(f"datetime64[{unit}]"), "f")
    np.testing.assert_array_equal(axis.at(axis.offset_us), axis.values)
    assert axis.values.dtype == np.dtype(f"datetime64[{unit}]")
    assert axis.offset_of(str(axis.values[-1].astype("datetime64[us]"))) == offsets[-1]


def stamps_360_day(count: int) -> Any:
    first = cftime.Datetime360Day(2000, 2, 28)
    return np.array([first + datetime.timedelta(hours=6 * i) for i in range(count)])


def test_calendars_keep_their_own_days() -> None:
    axis = build_time_axis(stamps_360_day(20), "f")
    assert axis.calendar == "360_day"
    assert axis.step_us == 6 * HOUR
    assert axis.offset_of("2000-02-30T06:00") == 54 * HOUR
    made = axis.at(54 * HOUR + 60_000_000)
    assert (made.month, made.day, made.minute) == (2, 30, 1)
    with pytest.raises(TimeAxisError, match="not a time of the 360_day calendar"):
        axis.offset_of("2000-02-31T06:00")


def test_times_inside_a_time_both_ends_included_and_none_of_another_calendar() -> None:
    axis = build_time_axis(stamps_360_day(20), "f")
    assert np.flatnonzero(axis.inside("2000-02-29T12:00", "2000-02-30T06:00")).tolist() == [
        6,
        7,
        8,
        9,
    ]
    assert not axis.inside("2000-01-01T00:00", "2000-02-27T18:00").any()
    assert not axis.inside("2000-02-28T00:00", "2000-03-31T00:00").any()  # it has no 31 March


def test_the_sun_of_another_calendar_is_that_of_the_same_season_and_hour() -> None:
    days = np.array([cftime.Datetime360Day(2001, month, 1, 7, 30) for month in range(1, 13)])
    mapped = sun_times(days, "360_day")
    fraction = (mapped - np.datetime64("2001-01-01T07:30")) / np.timedelta64(1, "D") / 365
    np.testing.assert_allclose(fraction, np.arange(12) / 12, atol=1 / 365)
    assert str(mapped[3])[11:16] == "07:30"


def test_a_gap_is_named_with_the_way_out_and_splits_the_series() -> None:
    axis = build_time_axis(np.delete(hours(12), [4, 5]), "f")
    assert axis.segments() == [slice(0, 4), slice(4, 10)]
    assert axis.segments(3 * HOUR) == [slice(0, 10)]
    told = axis.irregularity()
    assert "the step is 1h, but 3h between 2019-03-01T03:00 and 2019-03-01T06:00" in told
    assert "--max-gap 3h" in told
    assert not axis.irregularity(3 * HOUR)


def test_mixed_steps_are_named() -> None:
    times = np.concatenate([hours(10, 3), hours(12, 6, "2019-03-02T09")])
    axis = build_time_axis(times, "f")
    assert axis.step_us == 6 * HOUR
    assert "the steps are mixed, 6h and 3h" in axis.irregularity()
    assert "--max-gap 6h" in axis.irregularity()
    assert axis.segments(6 * HOUR) == [slice(0, 22)]


@given(st.integers(0, 2**32 - 1))
def test_jitter_is_taken_for_rounding_and_said_so(seed: int) -> None:
    jitter = np.random.default_rng(seed).integers(-300, 300, 20)
    times = hours(20).astype("datetime64[us]") + jitter.astype("timedelta64[us]")
    axis = build_time_axis(times, "f")
    assert axis.step_us == HOUR
    assert not axis.irregularity()
    np.testing.assert_array_equal(axis.at(axis.offset_us), times)
    assert "taken as exact" in axis.note or np.ptp(jitter) == 0
    halfway = axis.at(HOUR // 2)
    assert halfway == np.datetime64("2019-03-01T00:30", "us") or np.ptp(jitter) == 0


@given(st.integers(2, 7), st.integers(0, 3), st.sets(st.integers(0, 59), max_size=30))
def test_thinned_times_lie_whole_multiples_apart_whatever_is_missing(
    every: int, offset: int, missing: set[int]
) -> None:
    left = [i for i in range(60) if i not in missing]
    axis = build_time_axis(hours(60)[left], "f")
    if axis.step_us != HOUR:
        return
    kept = axis.every(every, offset)
    apart = np.diff(axis.offset_us[kept]) // HOUR
    assert (apart % every == 0).all()


def test_short_times_are_shown_short() -> None:
    assert show(np.datetime64("2019-03-05T07:20:00", "ns")) == "2019-03-05T07:20"
    assert show(cftime.Datetime360Day(2000, 2, 30, 6)) == "2000-02-30T06:00"


def test_every_day_of_a_calendar_with_the_same_year_has_the_same_sun() -> None:
    first = cftime.DatetimeJulian(2000, 1, 1, 12)
    days = np.array([first + datetime.timedelta(days=i) for i in range(366)])
    expected = np.datetime64("2000-01-01T12:00", "us") + np.arange(366) * np.timedelta64(1, "D")
    np.testing.assert_array_equal(sun_times(days, "julian"), expected)
