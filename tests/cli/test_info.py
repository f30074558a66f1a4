"""`temdeep info` tells what a file holds and what is unclear, for people and for programs."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from tests.fields.making import dataset, hours, sums

from temdeep.cli.info import EPILOG
from temdeep.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Temperature, precipitation sums, and a variable that may be either."""
    data = xr.merge([dataset(), sums()])
    data = data.assign(cp=data.tp.assign_attrs(cell_methods=""))
    data.to_netcdf(tmp_path / "mixed.nc")
    return tmp_path / "mixed.nc"


def test_it_tells_people(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(mixed)]) == 0
    told = capsys.readouterr().out
    assert "12 times every 1h, 2019-03-01T00:00 to 2019-03-01T11:00" in told
    assert re.search(r"gaps +none", told)
    assert "4 x 5 cells" in told
    assert re.search(r"t2m +K +instantaneous +continuous +surface", told)
    assert "tp: cell_methods 'time: sum'; periods of 1h that end at the stamp" in told
    assert "to be settled" in told
    assert "--kind cp=instantaneous" in told


def test_what_becomes_of_variables_without_a_grid_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = sums().assign(
        area=("time", np.ones(12), {"cell_methods": "time: sum"}),
        heat=("time", np.ones(12), {"units": "K"}),
        station=((), 7),
    )
    data.to_netcdf(tmp_path / "in.nc")
    assert main(["info", str(tmp_path / "in.nc")]) == 0
    told = capsys.readouterr().out
    assert re.search(r"note +'area' holds, or may hold, for periods", told)
    assert "carried along as they are: station\n" in told
    assert "put between given times, on the line or the nearest: heat\n" in told


def test_it_tells_programs(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(mixed), "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    kinds = {one["name"]: one["kind"] for one in told["variables"]}
    assert kinds == {"t2m": "instantaneous", "tp": "sum"}
    assert list(told["ambiguous"]) == ["cp"]
    assert told["time"]["step"] == "1h"
    assert told["time"]["regular"]
    assert told["grid"]["dimensions"] == ["lat", "lon"]


def test_a_kind_that_is_said_settles_it(mixed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(mixed), "--kind", "cp=sum", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert not told["ambiguous"]
    assert next(one["reason"] for one in told["variables"] if one["name"] == "cp").startswith(
        "as you said"
    )


def test_gaps_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset(hours(12)[[0, 1, 2, 6, 7, 8]]).to_netcdf(tmp_path / "gap.nc")
    assert main(["info", str(tmp_path / "gap.nc"), "--json"]) == 0
    gaps = json.loads(capsys.readouterr().out)["time"]["gaps"]
    assert gaps == [{"from": "2019-03-01T02:00", "to": "2019-03-01T06:00", "length": "4h"}]
    assert main(["info", str(tmp_path / "gap.nc")]) == 0
    assert "--max-gap 4h" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.nc").write_text("no data")
    assert main(["info", str(tmp_path / "bad.nc")]) == 2
    heard = capsys.readouterr()
    assert heard.out == ""
    assert "bad.nc is neither NetCDF nor GRIB" in heard.err


def test_help_prints_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["info", "--help"])
    assert "temdeep info data/atlantic_6hourly.nc" in capsys.readouterr().out


def test_examples_in_the_help_run_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    examples = [line for line in EPILOG.splitlines() if line.startswith("  temdeep info data")]
    examples += [line for line in EPILOG.splitlines() if line.startswith("  temdeep info 'data")]
    assert len(examples) >= 3
    for line in examples:
        assert main(shlex.split(line)[1:]) == 0


def test_a_running_total_is_shown_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = np.datetime64("2019-03-01T01", "ns") + np.arange(48) * np.timedelta64(1, "h")
    hourly = np.random.default_rng(0).gamma(1.0, 2.0, (48, 4, 5))
    totals = np.concatenate([hourly[:24].cumsum(axis=0), hourly[24:].cumsum(axis=0)])
    data = xr.Dataset(
        {"RAIN": (("time", "lat", "lon"), totals, {"units": "mm"})},
        coords={
            "time": times,
            "lat": ("lat", 50.0 - 0.5 * np.arange(4), {"units": "degrees_north"}),
            "lon": ("lon", -4.0 + 0.5 * np.arange(5), {"units": "degrees_east"}),
        },
    )
    data.to_netcdf(tmp_path / "rain.nc")
    assert main(["info", str(tmp_path / "rain.nc")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "to be settled" in told
    assert "a running total? say --kind RAIN=accumulated" in told
    assert main(["info", str(tmp_path / "rain.nc"), "--kind", "RAIN=accumulated"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "RAIN mm running total" in told
    assert "since 2019-03-01T00:00, which begins anew at 2019-03-02T00:00" in told
    assert main(["info", str(tmp_path / "rain.nc"), "--kind", "RAIN=accumulated:1d", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["variables"][0]["running_total"]
    assert shown == {
        "since": "2019-03-01T00:00",
        "begins_anew": ["2019-03-02T00:00"],
        "cannot_fall": True,
    }
