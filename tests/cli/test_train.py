"""`temdeep train`: what it tells, what it leaves, how it ends."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.training.making import series

from temdeep.cli.main import build_parser, main
from temdeep.cli.train import EPILOG

TINY = "epochs: 2\nsamples: 8\nwidth: 8\ndepth: 1\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    series().to_netcdf("coarse.nc")
    Path("tiny.yaml").write_text(TINY)
    return tmp_path


def test_it_tells_which_method_each_variable_gets(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split("train coarse.nc -o run --config tiny.yaml --log-dir tb")) == 0
    told = capsys.readouterr()
    assert "epoch 2 of 2: loss " in told.err
    assert "under the line through held-out frames" in told.err
    assert "run: trained for 2 epochs" in told.out
    for name in ("t2m", "u10", "v10", "tp"):
        assert f"\n  {name}" in told.out
    assert list((here / "tb").glob("events*"))
    command = "downscale coarse.nc -o fine.nc --step 1h --model run --quiet"
    assert main(shlex.split(command)) == 0
    with xr.open_dataset("fine.nc") as fine:
        assert fine.sizes["time"] == 3 * 39 + 1
    assert main(shlex.split("train coarse.nc -o run --config tiny.yaml")) == 0
    assert "holds this very model already" in capsys.readouterr().err
    half = "downscale coarse.nc -o half.nc --step 1h --model run --quiet --precision"
    assert main(shlex.split(f"{half} bf16")) == 0
    with xr.open_dataset("half.nc") as rounded, xr.open_dataset("fine.nc") as fine:
        learnt = [name for name in ("t2m", "u10", "v10") if "bf16" in rounded[name].temdeep_method]
        assert learnt
        for name in learnt:
            assert fine[name].temdeep_method == "temdeep"
            assert not np.array_equal(rounded[name], fine[name])
            np.testing.assert_array_equal(rounded[name][::3], fine[name][::3])
    assert main(shlex.split(f"{half} half --overwrite")) == 2
    assert "no precision 'half': say one of float32, bf16" in capsys.readouterr().err
    assert main(shlex.split("downscale coarse.nc -o c.nc --step 1h --precision bf16")) == 2
    assert "auto has no network whose precision could be bf16" in capsys.readouterr().err


@pytest.mark.usefixtures("here")
def test_its_summary_is_json_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    command = "train coarse.nc -o run --config tiny.yaml --epochs 1 --variable t2m,tp --json"
    assert main(shlex.split(command)) == 0
    told = capsys.readouterr()
    summary = json.loads(told.out)
    assert told.err == ""
    assert summary["model"] == "run"
    assert summary["found"] == "new"
    assert summary["epochs"] == summary["best_epoch"] == 1
    assert len(summary["model_sha256"]) == 64
    assert set(summary["variables"]) == {"t2m", "tp"}
    assert set(summary["variables"]["t2m"]) == {"treatment", "held_out_restoration_rate"}


@pytest.mark.usefixtures("here")
def test_it_learns_from_part_of_the_series_thinned(capsys: pytest.CaptureFixture[str]) -> None:
    part = "--from 2019-03-01T03:00 --to 2019-03-05T12:00 --every 2"
    command = f"train coarse.nc -o run --config tiny.yaml --quiet {part}"
    assert main(shlex.split(command)) == 0
    printed = capsys.readouterr()
    assert printed.out + printed.err == ""
    told = json.loads(Path("run/description.json").read_text())["trained_on"]
    assert (told["first"], told["last"]) == ("2019-03-01T03:00", "2019-03-05T09:00")
    assert told["step_s"] == 6 * 3600


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("-o run --epochs 0", "epochs must be at least 1"),
        ("-o run --every 0", "one time in 0 cannot be taken"),
        ("-o run --every 4", "has 10 times"),
        ("-o run --config none.yaml", "none.yaml cannot be read"),
        ("-o run --config typo.yaml", "do you mean epochs?"),
        ("-o run --variable d2m", "'d2m'"),
        ("-o run --device abacus", "no device 'abacus'"),
        ("-o coarse.nc", "coarse.nc"),
        ("-o run --to 2019-03-02", "times"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_no_model(
    here: Path, capsys: pytest.CaptureFixture[str], options: str, words: str
) -> None:
    (here / "typo.yaml").write_text("epoch: 3")
    assert main(["train", "coarse.nc", *shlex.split(options)]) == 2
    complaint = capsys.readouterr().err.splitlines()[-1]
    assert complaint.startswith("temdeep: ")
    assert words in complaint
    assert not (here / "run" / "description.json").exists()


def test_examples_in_the_help_are_understood() -> None:
    for line in EPILOG.splitlines():
        words = shlex.split(line.removeprefix("then:"))
        if words[:1] == ["temdeep"]:
            build_parser().parse_args(words[1:])


def told_on(page: str) -> tuple[np.datetime64, np.datetime64]:
    """First and last time of the test, as the page tells them."""
    first, last = re.search(r"<dt>Tested on</dt><dd>(\S+) to (\S+)</dd>", page).groups()  # type: ignore[union-attr]
    return np.datetime64(first), np.datetime64(last)


@pytest.mark.parametrize(
    ("part", "withheld", "chosen_there"),
    [
        ("--held-out 0.5", "one time in 2 kept", True),
        ("--to 2019-03-03T21", "one time in 2 kept", False),
        ("--from 2019-03-03T12", "one time in 2 kept", False),
        ("--every 2 --held-out 0.5", "one time in 2 kept", True),
    ],
)
def test_its_report_tests_on_days_that_were_not_learnt_from(
    here: Path, capsys: pytest.CaptureFixture[str], part: str, withheld: str, *, chosen_there: bool
) -> None:
    command = "train coarse.nc -o run --config tiny.yaml --epochs 1 --variable t2m"
    command += " --report run/r.html"
    assert main(shlex.split(f"{command} {part}")) == 0
    assert "r.html: how well it fills in what it has not seen" in capsys.readouterr().out
    page = (here / "run" / "r.html").read_text()
    first, last = (one.astype("datetime64[D]") for one in told_on(page))
    trained = json.loads(Path("run/description.json").read_text())["trained_on"]
    since = np.datetime64(trained["first"])
    learnt_until = np.datetime64(trained["held_out_from"], "s") - int(trained["step_s"])
    day = "datetime64[D]"
    assert first > learnt_until.astype(day) or last < since.astype(day)
    assert withheld in page
    assert ("its best epoch and the method of each variable" in page) is chosen_there
    assert main(shlex.split(f"{command} {part}")) == 2
    assert "r.html exists: say --overwrite" in capsys.readouterr().err


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--report r.html --held-out 0.1", "hold out more with --held-out"),
        ("--report r.pdf", "r.pdf is no web page (.html) by its suffix"),
        ("--report none/r.html", "there is no folder none"),
        ("--report run", "run is no web page (.html) by its suffix"),
        ("--report folder.html --overwrite", "folder.html is a folder, and the report is a file"),
        ("--report coarse.nc", "coarse.nc is the input itself"),
    ],
)
def test_a_report_that_cannot_be_is_refused_before_the_training(
    capsys: pytest.CaptureFixture[str], options: str, words: str
) -> None:
    Path("folder.html").mkdir()
    assert main(shlex.split(f"train coarse.nc -o run --config tiny.yaml {options}")) == 2
    assert words in capsys.readouterr().err
    assert not Path("run").exists()
