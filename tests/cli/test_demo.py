"""The demo: what it learns from, what it tests on, and the folder it leaves."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from temdeep.cli.demo import MARK, main
from temdeep.cli.demo_case import own_case, shipped_case
from temdeep.errors import RequestError, TimeAxisError
from temdeep.methods.registry import METHOD_NAMES

HOUR = np.timedelta64(1, "h")


def write_series(path: Path, count: int, minutes: int = 60) -> Path:
    """Temperatures with a day's cycle on 6 x 7 cells."""
    rng = np.random.default_rng(2)
    time = np.arange(count)
    wave = np.sin(2 * np.pi * time[:, None, None] * minutes / 1440 + rng.uniform(0, 1, (6, 7)))
    noise = rng.normal(size=(count, 6, 7)).cumsum(axis=0) / 10
    attributes = {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: point"}
    stamps = np.datetime64("2019-03-01", "ns") + (time * minutes).astype("timedelta64[m]")
    xr.Dataset(
        {"t2m": (("time", "latitude", "longitude"), 280 + 5 * wave + noise, attributes)},
        coords={
            "time": stamps,
            "latitude": ("latitude", np.linspace(55, 50, 6), {"units": "degrees_north"}),
            "longitude": ("longitude", np.linspace(-5, 1, 7), {"units": "degrees_east"}),
        },
    ).to_netcdf(path)
    return path


def test_the_shipped_series_is_learnt_from_coarse_and_tested_two_days_later() -> None:
    case = shipped_case(None)
    assert (case.step, case.coarse_step, case.every) == ("1h", "6h", 6)
    assert case.train.time.step_us == 6 * 3_600_000_000
    assert case.test.time.values[0] - case.train.time.values[-1] >= 48 * HOUR
    assert len(case.train.channels) == 10
    assert [channel.name for channel in shipped_case("t2m").test.channels] == ["t2m"]


def test_a_month_is_learnt_from_for_22_days_and_tested_on_its_last_8(tmp_path: Path) -> None:
    case = own_case(write_series(tmp_path / "march.nc", 744), None, None)
    assert case.coarse_step == "3h"
    assert str(case.train.time.values[-1])[:13] == "2019-03-22T21"
    assert str(case.test.time.values[0])[:13] == "2019-03-24T00"
    assert str(case.test.time.values[-1])[:13] == "2019-03-31T23"
    wide = own_case(tmp_path / "march.nc", "12h", None)
    assert (wide.every, len(wide.train.time)) == (12, 44)


def test_a_long_series_keeps_two_days_apart(tmp_path: Path) -> None:
    case = own_case(write_series(tmp_path / "long.nc", 45 * 24), None, None)
    gap = case.test.time.values[0] - case.train.time.values[-1]
    assert 48 * HOUR <= gap < 52 * HOUR
    assert len(case.test.time) == 8 * 24


def test_a_short_series_is_cut_in_the_same_proportions(tmp_path: Path) -> None:
    case = own_case(write_series(tmp_path / "radar.nc", 310, minutes=5), None, None)
    assert case.coarse_step == "30min"
    assert case.train.time.values[-1] < case.test.time.values[0]
    assert len(case.test.time) == 80
    assert len(case.train.time) * 6 <= 220 + 6


@pytest.mark.parametrize(
    ("count", "every", "error", "words"),
    [
        (744, "90min", RequestError, "no multiple"),
        (744, "1h", RequestError, "no multiple"),
        (30, None, TimeAxisError, "too few"),
    ],
)
def test_what_cannot_be_split_is_refused(
    tmp_path: Path, count: int, every: str | None, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        own_case(write_series(tmp_path / "series.nc", count), every, None)


@pytest.mark.slow
def test_the_demo_leaves_a_folder_that_explains_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_series(tmp_path / "march.nc", 744)
    assert main(["--data", "march.nc", "--every", "6h"]) == 0
    printed = capsys.readouterr().out
    assert "restored %" in printed
    assert "best" in printed
    folder = tmp_path / "demo_output"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names >= {
        "README.txt", "march_hourly.nc", "metrics.json", "metrics.csv", "table.md", "report.html",
        "figures/maps_t2m.png", "figures/place_t2m.png", "figures/error_by_lead_fraction.png",
    }  # fmt: skip
    text = (folder / "README.txt").read_text()
    assert text.startswith(MARK)
    for name in ("march_hourly.nc", "metrics.json", "table.md"):
        assert name in text
    metrics = json.loads((folder / "metrics.json").read_text())
    assert {row["span_hours"] for row in metrics["records"]} == {6.0}
    assert metrics["about"]["split"]["trained_on"]["last"] == "2019-03-22T18:00"
    assert metrics["about"]["notes"] == []
    with xr.open_dataset(folder / "march_hourly.nc") as filled, xr.open_dataset("march.nc") as fine:
        assert len(filled.time) == 21 * 24 + 19
        given = fine.t2m.sel(time=filled.time[::6])
        np.testing.assert_allclose(filled.t2m[::6], given, rtol=1e-6)
        assert "temdeep_provenance" in filled
    assert (folder / "run" / "epoch_0001.safetensors").is_file()
    methods = {row["method"] for row in metrics["records"]}
    assert methods == {*METHOD_NAMES, "temdeep"}


def test_an_earlier_demo_is_cleared_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo_output"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "old.png").write_text("old")
    (folder / "README.txt").write_text(f"{MARK}\n")
    short = write_series(tmp_path / "short.nc", 60)
    assert main(["--data", str(short), "--output", str(folder)]) == 2
    assert "learnt from" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["README.txt"]
    assert "Unfinished" in (folder / "README.txt").read_text()


def test_a_folder_with_other_things_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    file = write_series(tmp_path.parent / "march.nc", 744)
    assert main(["--data", str(file), "--output", str(tmp_path)]) == 2
    assert "holds other things" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_missing_file_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "absent.nc"), "--output", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "absent.nc" in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()
