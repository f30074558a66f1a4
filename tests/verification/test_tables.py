"""Tables say what the records say."""

import csv
import io
import itertools
import re

import pytest
from rich.console import Console

from temdeep.fields.series import Series
from temdeep.methods.cubic import Cubic, CubicLocal
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Nearest
from temdeep.verification import tables
from temdeep.verification.evaluate import Evaluation, evaluate


@pytest.fixture
def evaluation(series: Series) -> Evaluation:
    methods: dict[str, Method] = {
        "nearest": Nearest(),
        "cubic_local": CubicLocal(),
        "cubic": Cubic(),
    }
    return evaluate(series, methods=methods, withhold=6)


def test_the_best_of_each_variable_is_marked(evaluation: Evaluation) -> None:
    table = tables.score_table(evaluation.records)
    assert [table.groups[g][r][1] for g, r in sorted(table.best)] == ["cubic"] * 6
    assert len(table.groups) == 6
    rates = tables.rate_table(evaluation.records)
    assert all(row[-1].endswith("✓") for row in rates.groups[0])


def test_a_verdict_names_where_a_method_is_not_the_best(evaluation: Evaluation) -> None:
    (loss,) = tables.verdict(evaluation.records, "cubic_local")
    assert "NOT the best for t2m: cubic restores" in loss
    (win,) = tables.verdict(evaluation.records, "cubic")
    assert win.startswith("cubic is the best for t2m, u10")


def test_a_verdict_says_where_lines_are_exact_and_what_a_method_is_off_by(
    straight_series: Series,
) -> None:
    methods: dict[str, Method] = {"nearest": Nearest(), "cubic": Cubic()}
    records = evaluate(straight_series, methods=methods, withhold=3).records
    off = tables.whole_rows(records, "u10")["nearest"]["rmse"]
    (told,) = tables.verdict(records, "nearest")
    assert told.startswith("linear is exact but for rounding for t2m, u10, v10; nearest is WORSE")
    assert f"u10 ({off:.4g} m s-1)" in told
    assert "v10 (" not in told  # constant: nearest is exact as well
    (as_good,) = tables.verdict(records, "cubic")
    assert as_good.endswith("and so is cubic.")
    assert [cell.strip() for cell in tables.rate_table(records).groups[0][0][1:]] == ["–"] * 3
    assert tables.lead_table(records, ["linear"]).groups[-1][1][2] == "–"


def test_of_equals_a_straight_line_is_the_best(evaluation: Evaluation) -> None:
    rows = [{**row, "restoration_rate": 0.0} for row in evaluation.records]
    assert tables.best_method(rows, "t2m") == "linear"


def test_csv_holds_every_record(evaluation: Evaluation) -> None:
    rows = list(csv.DictReader(io.StringIO(tables.as_csv(evaluation.records))))
    assert len(rows) == len(evaluation.records)
    for row, record in zip(rows, evaluation.records, strict=True):
        assert row["variable"] == record["variable"]
        assert row["rmse"] == ("" if record["rmse"] is None else repr(record["rmse"]))


def test_tables_print_without_losing_columns(evaluation: Evaluation) -> None:
    console = Console(width=140, record=True, file=io.StringIO())
    for table in (
        tables.score_table(evaluation.records),
        tables.rate_table(evaluation.records),
        tables.lead_table(evaluation.records, ["linear", "cubic"]),
    ):
        console.print(tables.Drawn(table))
        marked = tables.as_markdown(table).splitlines()
        assert len({line.count("|") for line in marked[2:]}) == 1
    text = console.export_text()
    assert "…" not in text.replace(" … ", "")
    assert "pooled (periods)" in text


def test_levels_in_brackets_are_printed(evaluation: Evaluation) -> None:
    console = Console(width=140, record=True, file=io.StringIO())
    levels = [{**row, "variable": f"{row['variable']}[level=850]"} for row in evaluation.records]
    for table in (tables.score_table(levels), tables.rate_table(levels)):
        console.print(tables.Drawn(table))
        assert "t2m[level=850]" in console.export_text(clear=True)


def printed(table: tables.TextTable, width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(tables.Drawn(table), crop=False)
    return console.export_text()


@pytest.mark.parametrize("width", [20, 60, 80, 100, 200])
def test_no_number_is_cut_or_folded_however_narrow_a_terminal_is(
    evaluation: Evaluation, width: int
) -> None:
    long = [{**row, "variable": f"{row['variable']}_at_2_metres"} for row in evaluation.records]
    for table in (tables.score_table(long), tables.rate_table(long)):
        lines = printed(table, width).splitlines()
        for row in itertools.chain(*table.groups):
            numbers = [cell.strip() for cell in row[table.words :] if cell]
            told = r" +".join(map(re.escape, numbers))
            assert any(re.search(rf"(^|\s){told}\s*$", line) for line in lines), numbers


def test_words_are_folded_and_lines_fit_where_they_can(evaluation: Evaluation) -> None:
    table = tables.score_table(evaluation.records)
    assert max(map(len, printed(table, 200).splitlines())) > 95
    lines = printed(table, 95).splitlines()
    assert max(map(len, lines)) <= 95
    assert len(lines) > len(printed(table, 200).splitlines())
    assert "pooled" in printed(table, 95)
    assert "…" not in printed(table, 95).replace(" … ", "")


def test_what_intervals_rest_on_is_told_in_words(evaluation: Evaluation) -> None:
    few = {"bootstrap": {"blocks": 1, "unit": "none: fewer than five blocks"}}
    assert tables.resampled(few) == "no 95 % intervals, for which the times are too few"
    told = tables.resampled(evaluation.about)
    assert told == "95 % intervals from resampling 7 blocks, each a day"
