"""The benchmark of the science: what a row depends on, what is kept, and that nobody peeks."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.science.cases import Case, cases, short_cases
from benchmarks.science.contenders import (
    AFNO,
    CONTENDERS,
    OURS,
    PAPER,
    TWIN,
    make,
    settings_of,
)
from benchmarks.science.radar import radar_cases
from benchmarks.science.results import read, write
from benchmarks.science.rows import Task
from benchmarks.science.tables import difference, show

from benchmarks.science import __main__ as science
from benchmarks.science import rows
from temdeep.errors import RequestError
from temdeep.training.settings import TrainingSettings

DAY = np.timedelta64(1, "D")
SETTINGS = TrainingSettings()


def ends(period: tuple[str | None, str | None]) -> tuple[np.datetime64, np.datetime64]:
    first, last = period
    assert first is not None
    assert last is not None
    return np.datetime64(first), np.datetime64(last)


@pytest.mark.parametrize("name", sorted(cases(development=False)))
def test_training_and_test_lie_three_days_apart_and_choices_are_made_before(name: str) -> None:
    test, trial = cases(development=False)[name], cases(development=True)[name]
    learnt, tested = ends(test.learnt), ends(test.tested)
    assert tested[0] - learnt[1] >= 3 * DAY
    early, later = ends(trial.learnt), ends(trial.tested)
    assert early[1] < later[0]
    assert later[1] < tested[0]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    file = tmp_path / "some.nc"
    file.write_bytes(b"data")
    return replace(cases(development=False)["era5_uk_6h"], file=str(file))


def test_a_row_depends_on_its_data_case_and_settings(case: Case, tmp_path: Path) -> None:
    key = Task(case, OURS, SETTINGS).key
    assert Task(case, OURS, SETTINGS).key == key
    assert Task(replace(case, every=3), OURS, SETTINGS).key != key
    assert Task(case, OURS, replace(SETTINGS, seed=1)).key != key
    assert Task(case, OURS, SETTINGS, noise=0.1).key != key
    assert Task(case, OURS, SETTINGS, tmp_path, "another name").key == key
    # a method that is not trained does not depend on how others are
    assert Task(case, "cubic", replace(SETTINGS, seed=1)).key == Task(case, "cubic", SETTINGS).key
    other = tmp_path / "other.nc"
    other.write_bytes(b"datb")
    assert Task(replace(case, file=str(other)), OURS, SETTINGS).key != key


def test_what_has_no_other_truth_is_not_learnt_from_the_truth_it_is_tested_on() -> None:
    short = next(iter(short_cases().values()))
    radar = list(radar_cases())
    tenfold = [one for one in radar if one.span_min == 10]
    assert tenfold
    for method, ones in ((TWIN, (short, *tenfold)), (AFNO, (short, *radar))):
        for one in ones:
            with pytest.raises(RequestError, match="tested on"):
                make(method, one, None, SETTINGS)  # type: ignore[arg-type]  # never looked at
    assert all(one.supervised for one in cases(development=False).values())


def test_every_row_of_every_case_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_digest_of_file", str)  # files need not be there
    found = [*cases(development=False).values(), *short_cases().values(), *radar_cases()]
    keys = [Task(case, method, SETTINGS).key for case in found for method in CONTENDERS]
    assert len(set(keys)) == len(keys) == len(found) * len(CONTENDERS)


def test_cases_without_their_file_are_left_out_and_refused_where_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.science.cases.DATA", tmp_path)
    monkeypatch.setattr("benchmarks.science.radar.DATA", tmp_path)
    (tmp_path / "speedy_t31_train.nc").touch()
    asked = science._parse([])
    assert asked.only == ["smooth_12h", "smooth_24h"]
    assert "left out: era5_uk_3h, era5_uk_6h, era5_uk_12h" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        science._parse(["--only", "globe_6h"])
    assert "speedy_t31_diurnal_train.nc is not there" in capsys.readouterr().err


def test_words_may_change_without_a_row_being_computed_anew() -> None:
    def told(source: str) -> str:
        return ast.dump(rows._without_docstrings(ast.parse(source)))

    code = '"""Says."""\ndef f(x):\n    """Twice."""\n    return 2 * x  # so\n'
    assert told(code) == told(code.replace("Twice", "Two times").replace("# so", ""))
    assert told(code) != told(code.replace("2 * x", "3 * x"))


def test_the_twin_learns_from_the_span_of_use_and_the_published_one_from_coherence_alone(
    case: Case,
) -> None:
    twin, paper = (settings_of(name, case, SETTINGS) for name in (TWIN, PAPER))
    assert twin.spans == (6,)
    assert (twin.epochs, twin.samples) == (SETTINGS.epochs, SETTINGS.samples)
    assert paper.losses.withheld == 0
    assert paper.losses.coherence > 0
    assert {"context", "sun"} <= set(paper.without)
    assert settings_of(OURS, case, SETTINGS) == SETTINGS


def row(method: str, squares: list[list[float]], rate: float) -> rows.Json:
    record = {"variable": "pooled", "method": method, "lead_fraction": None}
    return {
        "case": "somewhere_6h",
        "method": method,
        "inputs": method,
        "squares": {method: squares, "linear": [[4.0], [4.0], [4.0], [4.0], [4.0]]},
        "records": [{**record, "restoration_rate": rate}, {**record, "variable": "t"}],
    }


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    kept = [row("a", [[1.0]] * 5, 50.0), row("b", [[4.0]] * 5, 0.0)]
    write(tmp_path / "rows.json", [dict(one) for one in kept])
    assert read(tmp_path / "rows.json") == kept
    assert not list(tmp_path.glob("*.unfinished"))


def test_a_difference_that_is_the_same_every_day_is_certain_and_a_varying_one_is_not() -> None:
    steady, line = row("a", [[1.0]] * 5, 50.0), row("b", [[4.0]] * 5, 0.0)
    assert difference(steady, line) == pytest.approx((50, 50, 50))
    varying = row("c", [[1.0], [9.0], [1.0], [9.0], [1.0]], 0.0)
    found = difference(varying, line)
    assert found is not None
    assert found[1] < 0 < found[2]


def test_the_table_has_a_line_for_each_case_and_a_dash_for_what_is_missing() -> None:
    other = {**row("linear", [[4.0]] * 5, 0.0), "case": "elsewhere_6h"}
    told = show([row("cubic", [[1.0]] * 5, 50.0), other])
    assert "| somewhere_6h | – | 50.0 |" in told
    assert "| elsewhere_6h | 0.0 | – |" in told
