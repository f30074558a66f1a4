"""Times are stored as the input's, or in a unit that holds them exactly."""

from typing import Any

import cftime
import numpy as np
import pytest
import xarray as xr

from temdeep.engine.time_encoding import time_encoding
from temdeep.fields.time_axis import build_time_axis

MINUTE = 60_000_000


def axis(**options: Any) -> Any:
    times = xr.date_range("2019-03-01", periods=4, freq="3h", **options)
    return build_time_axis(np.asarray(times.values), "a test")


@pytest.mark.parametrize(
    ("units", "dtype", "step_min", "expected", "stored"),
    [
        ("hours since 2000-01-01", "int32", 60, "hours since 2000-01-01", "int32"),
        ("hours since 2000-01-01", "int32", 15, "minutes since 2000-01-01", "int64"),
        ("hours since 2000-01-01", "int32", 0.5, "seconds since 2000-01-01", "int64"),
        ("days since 1900-01-01", "int16", 60, "hours since 1900-01-01", "int64"),
        ("hours since 1900-01-01", "int16", 60, "hours since 1900-01-01", "int64"),
        ("minutes since 2019-03-01", "int32", 1, "minutes since 2019-03-01", "int32"),
        ("hours since 2000-01-01", "float64", 15, "hours since 2000-01-01", "float64"),
        ("hours since 2000-01-01", "float64", 20, "minutes since 2000-01-01", "float64"),
        ("days since 2000-01-01", "float32", 7.5, "minutes since 2000-01-01", "float64"),
        ("h since 2000-01-01", "int32", 30, "minutes since 2000-01-01", "int64"),
    ],
)
def test_the_coarsest_unit_that_is_exact(
    units: str, dtype: str, step_min: float, expected: str, stored: str
) -> None:
    offsets = np.arange(0, 9 * 60 + 1, step_min) * MINUTE
    if step_min == 7.5:
        expected = expected.replace("minutes", "seconds")
    chosen, note = time_encoding({"units": units, "dtype": dtype}, axis(), offsets.astype(np.int64))
    assert (chosen["units"], chosen["dtype"]) == (expected, np.dtype(stored))
    assert bool(note) == ((expected, stored) != (units, dtype))
    if note:
        assert note.startswith(f"time is stored in {expected.split()[0]} ({stored}) instead of")


def test_times_of_other_calendars_are_exact_too() -> None:
    its = axis(calendar="360_day", use_cftime=True)
    encoding = {"units": "days since 1850-01-01", "calendar": "360_day", "dtype": "float64"}
    offsets = np.arange(28, dtype=np.int64) * 20 * MINUTE
    chosen, _ = time_encoding(encoding, its, offsets)
    assert chosen["units"] == "minutes since 1850-01-01"
    decoded = cftime.num2date((169 * 360 + 60) * 1440 + 20, chosen["units"], "360_day")
    assert decoded == its.at(20 * MINUTE)


def test_times_without_an_encoding_are_whole_units_since_the_first_day() -> None:
    chosen, note = time_encoding({}, axis(), np.array([0, 20 * MINUTE]))
    assert chosen["units"] == "minutes since 2019-03-01"
    assert note == ""
