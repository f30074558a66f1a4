"""Times of any calendar, unit and reference come back as they went in, with what lies between."""

import itertools
from pathlib import Path

import cftime
import netCDF4
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temdeep.engine.plan import plan
from temdeep.engine.writers import write
from temdeep.errors import InputError
from temdeep.fields.series import open_series
from temdeep.methods.cubic import Cubic

CALENDARS = [
    "360_day",
    "noleap",
    "365_day",
    "all_leap",
    "366_day",
    "julian",
    "standard",
    "gregorian",
    "proleptic_gregorian",
]
UNITS = {"days": 24.0, "hours": 1.0, "minutes": 1 / 60, "seconds": 1 / 3600, "hour": 1.0}
"""Hours in a unit."""
REFERENCES = ["2000-02-27", "1999-12-30 18:00", "1900-01-01T00:00:00", "1583-01-01", "0001-01-01"]
STEP_H, COUNT = 6.0, 9


def save(
    path: Path,
    units: str,
    calendar: str | None,
    numbers: np.ndarray,
    position: str = "",
    bounds_name: str = "time_bnds",
) -> None:
    """One variable at the stamps, or sums over periods that lie so about them, past February."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in {"time": None, "lat": 4, "lon": 5, "nv": 2}.items():
            file.createDimension(name, size)
        for name, values, unit in (
            ("time", numbers, units),
            ("lat", 55.0 - 0.5 * np.arange(4), "degrees_north"),
            ("lon", 0.5 * np.arange(5), "degrees_east"),
        ):
            made = file.createVariable(name, "f8", (name,))
            made.units = unit
            made[:] = values
        if calendar is not None:
            file["time"].calendar = calendar
        field = file.createVariable("x", "f4", ("time", "lat", "lon"))
        field[:] = np.random.default_rng(0).gamma(2.0, 3.0, (len(numbers), 4, 5))
        field.units, field.standard_name = "K", "air_temperature"
        field.cell_methods = "time: point"
        if position:
            step = numbers[1] - numbers[0]
            ends = numbers + {"end": 0.0, "middle": 0.5, "begin": 1.0}[position] * step
            file["time"].bounds = bounds_name
            file.createVariable(bounds_name, "f8", ("time", "nv"))[:] = np.stack(
                [ends - step, ends], axis=1
            )
            field.units, field.standard_name = "kg m-2", "precipitation_amount"
            field.cell_methods = "time: sum"


def times_of(path: Path, name: str = "time") -> list[cftime.datetime]:
    """As written, without xarray."""
    with netCDF4.Dataset(path) as file:
        time = file["time"]
        calendar = getattr(time, "calendar", "standard")
        found = cftime.num2date(
            file[name][:].ravel(), time.units, calendar, only_use_cftime_datetimes=True
        )
        return list(found)


def numbers_of(units: str, calendar: str) -> np.ndarray:
    """Every six hours from 27 February 2000 on."""
    word = units.split(maxsplit=1)[0]
    first = cftime.date2num(cftime.datetime(2000, 2, 27, calendar=calendar), units, calendar)
    return np.asarray(np.round(first + np.arange(COUNT) * STEP_H / UNITS[word], 6))


@settings(max_examples=40)
@given(
    calendar=st.sampled_from(CALENDARS),
    unit=st.sampled_from(sorted(UNITS)),
    reference=st.sampled_from(REFERENCES),
    minutes=st.sampled_from([20, 60, 90]),
)
def test_times_survive_being_read_filled_and_written(
    calendar: str,
    unit: str,
    reference: str,
    minutes: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("calendar")
    before, after = folder / "in.nc", folder / "out.nc"
    units = f"{unit} since {reference}"
    save(before, units, calendar, numbers_of(units, calendar))
    series = open_series(before)
    write(series, Cubic(), plan(series, step=f"{minutes}min"), after)
    given_times, made = times_of(before), times_of(after)
    steps = {(b - a).total_seconds() for a, b in itertools.pairwise(made)}
    assert steps == {minutes * 60.0}
    assert made[0] == given_times[0]
    assert made[-1] == given_times[-1]
    with netCDF4.Dataset(before) as one, netCDF4.Dataset(after) as other:
        places = [made.index(time) for time in given_times]
        np.testing.assert_array_equal(other["x"][places], one["x"][:])
    again = open_series(after)
    assert [str(time) for time in again.time.values[places]] == [
        str(time) for time in series.time.values
    ]
    assert again.time.calendar == series.time.calendar


@settings(max_examples=20)
@given(
    calendar=st.sampled_from(CALENDARS),
    position=st.sampled_from(["begin", "middle", "end"]),
    name=st.sampled_from(["time_bnds", "time_edges", "bounds_of_time"]),
)
def test_periods_survive_wherever_their_stamps_are(
    calendar: str, position: str, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bounds")
    before, after = folder / "in.nc", folder / "out.nc"
    units = "days since 2000-02-01"
    save(before, units, calendar, numbers_of(units, calendar), position, name)
    series = open_series(before)
    write(series, Cubic(), plan(series, step="1h"), after)
    coarse = np.array(times_of(before, name)).reshape(-1, 2)
    fine = np.array(times_of(after, name)).reshape(-1, 2)
    assert fine[0, 0] == coarse[0, 0]
    assert fine[-1, 1] == coarse[-1, 1]
    assert (fine[1:, 0] == fine[:-1, 1]).all()
    stamps = np.array(times_of(after))
    share = {"begin": 0.0, "middle": 0.5, "end": 1.0}[position]
    placed = [(t - a) / (b - a) for t, (a, b) in zip(stamps, fine, strict=True)]
    assert placed == [share] * len(stamps)
    with netCDF4.Dataset(before) as one, netCDF4.Dataset(after) as other:
        sums = other["x"][:].astype(np.float64).reshape(COUNT, -1, 4, 5).sum(axis=1)
        np.testing.assert_allclose(sums, one["x"][:], rtol=1e-6)


@pytest.mark.parametrize(
    ("units", "calendar", "told"),
    [
        ("months since 2000-01-01", "standard", "months since 2000-01-01"),
        ("years since 2000-01-01", "noleap", "years since 2000-01-01"),
        ("fortnights since 2000-01-01", "standard", "fortnights since 2000-01-01"),
        ("days since 2000-01-01", "lunar", "lunar"),
    ],
)
def test_units_without_one_length_are_refused(
    tmp_path: Path, units: str, calendar: str, told: str
) -> None:
    save(tmp_path / "in.nc", units, calendar, np.arange(9.0))
    with pytest.raises(InputError, match=f"in.nc cannot be decoded.*{told}.*days since") as error:
        open_series(tmp_path / "in.nc")
    assert "\n" not in str(error.value)
