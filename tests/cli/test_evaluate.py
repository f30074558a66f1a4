"""`temdeep evaluate` as it is run."""

import csv
import io
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import temdeep
from temdeep.cli import reporting
from temdeep.cli.evaluate import EPILOG
from temdeep.cli.main import build_parser, main
from temdeep.methods.registry import METHOD_NAMES
from temdeep.training.fit import train
from temdeep.training.settings import TrainingSettings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with hourly temperatures of six days in `era5.nc`."""
    rng = np.random.default_rng(1)
    hours = np.arange(6 * 24 + 1)
    wave = np.sin(2 * np.pi * hours[:, None, None] / 24 + rng.uniform(0, 1, (5, 6)))
    attributes = {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: point"}
    stamps = np.datetime64("2019-03-24", "ns") + hours.astype("timedelta64[h]")
    dataset = xr.Dataset(
        {"t2m": (("time", "latitude", "longitude"), 280 + 5 * wave, attributes)},
        coords={
            "time": stamps,
            "latitude": ("latitude", np.linspace(55, 50, 5), {"units": "degrees_north"}),
            "longitude": ("longitude", np.linspace(-5, 0, 6), {"units": "degrees_east"}),
        },
    )
    dataset.to_netcdf(tmp_path / "era5.nc")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_scores_are_printed_and_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = "evaluate era5.nc --withhold 6 --method nearest,cubic -o scores.json"
    assert main(shlex.split(command)) == 0
    printed = capsys.readouterr().out
    assert "cubic" in printed
    assert "restored %" in printed
    scores = json.loads((here / "scores.json").read_text())
    methods = {row["method"] for row in scores["records"]}
    assert methods == {"nearest", "linear", "cubic"}
    assert scores["about"]["dataset"] == "era5"
    with (here / "scores.csv").open(newline="") as table:
        assert len(list(csv.DictReader(table))) == len(scores["records"])


def test_a_seed_that_is_none_is_refused_before_any_work(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split("evaluate era5.nc --withhold 6 --method nearest --seed -1")) == 2
    assert capsys.readouterr().err == (
        "temdeep: the seed of the resampled days is -1: say 0 or more.\n"
    )
    assert [one.name for one in here.iterdir()] == ["era5.nc"]


def test_how_well_methods_know_their_errors_is_scored(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = "evaluate era5.nc --withhold 3 --method cubic --uncertainty -o s"
    assert main(shlex.split(command)) == 0
    assert "inside the 90 % interval" in capsys.readouterr().out
    rows = [
        row
        for row in json.loads((here / "s.json").read_text())["records"]
        if row["variable"] == "t2m"
    ]
    assert len(rows) == 2 * 3
    for row in rows:
        assert 0 < row["coverage_90"] <= 100
        assert row["crps"] < row["mae"]
        assert row["spread_over_rmse"] == pytest.approx(row["spread"] / row["rmse"])
    with xr.open_dataset("era5.nc") as dataset:
        found = temdeep.evaluate(dataset, withhold=3, methods=["cubic"], uncertainty=True)
    same = [row for row in found.records if row["variable"] == "t2m"]
    assert [row["crps"] for row in same] == [row["crps"] for row in rows]


def test_all_classical_methods_are_compared_by_default(here: Path) -> None:
    assert main(["evaluate", "era5.nc", "--withhold", "3", "--quiet"]) == 0
    scores = json.loads((here / "era5_withhold3.json").read_text())
    assert {row["method"] for row in scores["records"]} == set(METHOD_NAMES)


def test_json_goes_to_stdout_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = (
        "evaluate era5.nc --withhold 6 --method cubic --json --from 2019-03-25 --to 2019-03-27"
    )
    assert main(shlex.split(command)) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((here / "era5_withhold6.json").read_text())
    assert printed["about"]["split"]["test_last"] == "2019-03-27T00:00"


def test_results_are_not_overwritten_unasked(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = shlex.split("evaluate era5.nc --withhold 6 --method cubic -o scores.json --quiet")
    (here / "scores.csv").write_text("mine")
    assert main(command) == 2
    assert "scores.csv exists" in capsys.readouterr().err
    assert not (here / "scores.json").exists()
    assert main([*command, "--overwrite"]) == 0
    assert (here / "scores.csv").read_text() != "mine"


def test_what_is_read_is_never_written_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (here / "era5.nc").read_bytes()
    (here / "link.html").symlink_to(here / "era5.nc")
    for report in ("era5.nc", "./era5.nc", "link.html"):
        command = f"evaluate era5.nc --withhold 6 --report {report} --overwrite"
        assert main(shlex.split(command)) == 2
        assert f"{Path(report)} is the input itself" in capsys.readouterr().err
    assert (here / "era5.nc").read_bytes() == before


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--withhold 1", "hides nothing"),
        ("--withhold 99", "too few"),
        ("--withhold 6 --method kriging", "kriging"),
        ("--withhold 6 --from 1999-01-01 --to 1999-02-01", "1999"),
        ("--withhold 6 --from 2031-01-01", "no times from 2031-01-01 on:"),
        ("--withhold 6 --variable rain", "rain"),
        ("--withhold 6 --variable ''", "'' names nothing"),
        ("--withhold 6 --method linear --report r.html", "--method, or a model"),
        ("--withhold 6 -o ev.txt", "ev.txt is no JSON (.json) by its suffix"),
        ("--withhold 6 --report rep.txt", "rep.txt is no web page (.html) by its suffix"),
        ("--withhold 6 -o no/ev.json", "there is no folder no to write ev.json in"),
        ("--withhold 6 --report no/r.html", "there is no folder no to write r.html in"),
    ],
)
def test_mistakes_are_one_sentence(
    options: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(f"evaluate era5.nc {options}")) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
    assert not list(Path().glob("*.json"))


@pytest.mark.usefixtures("here")
def test_figures_are_drawn_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    command = "evaluate era5.nc --withhold 6 --method cubic --figures png --quiet"
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out == ""
    assert {path.name for path in Path("png").iterdir()} == {
        "maps_t2m.png", "place_t2m.png", "error_by_lead_fraction.png", "spectra.png",
    }  # fmt: skip


@pytest.mark.usefixtures("here")
def test_a_report_is_written_once(capsys: pytest.CaptureFixture[str]) -> None:
    command = shlex.split("evaluate era5.nc --withhold 6 --method cubic --report r.html")
    page = Path("r.html")
    page.write_text("mine")
    assert main([*command, "--quiet"]) == 2
    assert "r.html exists: say --overwrite" in capsys.readouterr().err
    assert page.read_text() == "mine"
    assert not list(Path().glob("*.json"))
    assert main([*command, "--overwrite", "-o", "r.html.json"]) == 0
    assert "written: r.html.json r.html.csv r.html" in capsys.readouterr().out
    assert page.read_text().startswith("<!doctype html>")
    assert main([*command, "--overwrite", "-o", "s", "--report", "s.csv"]) == 2
    assert "both the report and the scores" in capsys.readouterr().err


def test_a_model_is_one_more_method_and_told_when_it_was_shown_the_test(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with xr.open_dataset(here / "era5.nc") as fine:
        coarse = fine.isel(time=slice(0, 73, 3)).load()
    train(coarse, here / "run", settings=TrainingSettings(epochs=1, samples=4, width=8))
    command = "evaluate era5.nc --withhold 3 --method cubic --model run --overwrite -o s.json"
    assert main(shlex.split(command)) == 0
    assert "overlap" in capsys.readouterr().err
    assert main(shlex.split(f"{command} --from 2019-03-28 --figures png --report r.html")) == 0
    printed = capsys.readouterr()
    assert "overlap" not in printed.err
    assert "temdeep" in printed.out
    scores = json.loads((here / "s.json").read_text())
    assert {row["method"] for row in scores["records"]} == {"linear", "cubic", "temdeep"}
    assert scores["about"]["split"]["trained_on"]["last"] == "2019-03-27T00:00"
    report = (here / "r.html").read_text()
    assert "TemDeep" in report
    assert "2019-03-24T00:00 to 2019-03-27T00:00, 3-hourly, 25 times" in report


def test_examples_in_the_help_are_understood_and_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    examples = [line for line in EPILOG.splitlines() if line.startswith("  temdeep evaluate ")]
    assert len(examples) >= 3
    run = 0
    for line in examples:
        arguments = shlex.split(line)[1:]
        build_parser().parse_args(arguments)
        if "--method" in arguments:  # all methods at once are what the demo's test evaluates
            assert main([*arguments, "--overwrite", "--quiet"]) == 0
            run += 1
    assert run


@pytest.mark.parametrize(("columns", "width"), [(None, reporting.UNCUT), ("70", 70)])
def test_tables_in_a_pipe_are_as_wide_as_they_need_unless_columns_says_how_wide(
    monkeypatch: pytest.MonkeyPatch, columns: str | None, width: int
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    with monkeypatch.context() as piped, io.StringIO() as pipe:
        piped.setattr("sys.stdout", pipe)
        assert reporting.stdout().width == width
