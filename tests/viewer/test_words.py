"""What the page says of times, places and numbers."""

from pathlib import Path

import numpy as np
import pytest
from tests.engine.making import mixed
from tests.viewer.making import filled, scene

from temdeep.viewer import words
from temdeep.viewer.path import path_of
from temdeep.viewer.telling import numbers, titles


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(mixed(), tmp_path_factory.mktemp("words"))


def test_a_moment_says_where_between_which_given_times_it_lies(output: Path) -> None:
    looked, _, _ = scene(output, "t2m")
    said = [words.status(looked.output, looked.field, looked.straight, time) for time in (3, 4)]
    assert said == [
        "given",
        "made by cubic · 1h into the 3h from 03:00 to 06:00 (θ = 0.333)",
    ]


def test_a_sum_says_for_which_period_it_holds_and_is_made_at_given_stamps_too(
    output: Path,
) -> None:
    looked, _, _ = scene(output, "tp")
    said = words.status(looked.output, looked.field, looked.straight, 3)
    assert said == "made by cubic · total from 02:00 to 03:00"
    assert words.line_title(looked.output, looked.straight, 3) == (
        "period of 3 parts divided evenly"
    )


def test_numbers_of_one_unit_have_the_same_decimals() -> None:
    assert words.numbers([282.1402, 0.0602, -0.02, np.nan]) == [
        "282.1402",
        "0.0602",
        "−0.0200",
        "–",
    ]
    assert words.numbers([101_325.04, -12.3]) == ["101325.0", "−12.3"]
    assert words.numbers([2.5e-5, 0.0]) == ["2.5e−05", "0"]
    assert words.number(float("nan")) == "–"


def test_units_and_places_read_as_in_print() -> None:
    assert words.units("kg m-2 s**-1") == "kg m⁻² s⁻¹"
    assert words.units("1") == ""
    assert words.place(-33.9, 341.5) == "33.9°S 18.5°W"


def test_titles_give_the_rms_and_the_table_the_values_of_the_place(output: Path) -> None:
    looked, reader, _ = scene(output, "sp")
    found = looked.fields(reader, None, 4)
    told = titles(looked, found, 4)
    assert told["linear"] == ("Linear", "between 03:00 and 06:00")
    weights = np.cos(np.radians(looked.field.grid.latitude))
    square = (weights * found["output_linear"].astype(float) ** 2).sum() / weights.sum()
    assert told["output_linear"][1] == f"RMS over the map {np.sqrt(square):.3g} Pa"
    table = numbers(looked, found, looked.at_place(reader, None, 7, 4), 7, 4)
    assert "Here: 54.5°N 3°W (Pa)" in table
    assert f"<td class='output'>{found['output'].flat[7]:.1f}</td>" in table
    assert "Truth" not in table


def test_lines_of_sums_are_steps_over_their_periods_and_others_go_from_time_to_time(
    output: Path,
) -> None:
    hours = np.arange(25.0)
    looked, _, _ = scene(output, "tp")
    path = path_of(looked.output, looked.field, slice(3, 6), hours)
    assert path.x.tolist() == [2, 3, 3, 4, 4, 5]
    assert path.along(np.array([7.0, 8.0, 9.0])).tolist() == [7, 7, 8, 8, 9, 9]
    looked, _, _ = scene(output, "sp")
    path = path_of(looked.output, looked.field, slice(3, 6), hours)
    assert path.x.tolist() == [3, 4, 5]


def test_the_line_of_a_sparser_truth_goes_from_one_of_its_times_to_the_next(
    output: Path,
) -> None:
    looked, _, _ = scene(output, "sp")
    path = path_of(looked.output, looked.field, slice(3, 9), np.arange(25.0))
    sparse = path.among(np.array([True, False, False, True, False, True]))
    assert sparse.x.tolist() == [3, 6, 8]
    assert sparse.along(np.arange(6.0)).tolist() == [0, 3, 5]


def test_lines_are_broken_where_a_gap_was_left_out(tmp_path: Path) -> None:
    coarse = mixed()[["sp"]].isel(time=[0, 1, 2, 6, 7, 8])
    looked, reader, _ = scene(
        filled(coarse, tmp_path, "--method", "linear", "--max-gap", "3h"), "sp"
    )
    axis = looked.output.opened.time
    path = path_of(looked.output, looked.field, slice(0, len(axis)), axis.offset_us / 3.6e9)
    series = looked.at_place(reader, None, 0, 0)
    drawn = path.along(series.output)
    assert len(drawn) == len(axis) + 1
    assert np.flatnonzero(np.isnan(drawn)).tolist() == [7]
    assert path.x[6:9].tolist() == [6, 18, 18]
