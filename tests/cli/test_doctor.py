"""`temdeep doctor` tells what is installed, what is missing, and how to get it."""

import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest
from tests.test_extras import run

from temdeep.cli.main import main
from temdeep.extras import EXTRAS


def test_it_tells_versions_and_extras(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["packages"]["xarray"] == version("xarray")
    assert told["extras"].keys() == EXTRAS.keys()
    assert told["extras"]["train"]["packages"]["torch"] == version("torch")
    assert all(extra["command"] is None for extra in told["extras"].values())
    assert told["torch_device"].startswith(("cpu, ", "cuda ("))
    assert told["machine_code"] == {"numba": version("numba"), "why_not": None}
    assert told["cores"] == len(os.sched_getaffinity(0))


def test_it_tells_how_to_get_what_is_missing() -> None:
    done = run("torch,cfgrib,numba", "doctor")
    assert done.returncode == 0, done.stderr
    assert "missing torch: pip install 'temdeep[train]'" in done.stdout
    assert "missing cfgrib: pip install 'temdeep[grib]'" in done.stdout
    assert "torch     not installed" in done.stdout
    assert "loops     slower, without machine code: numba cannot be loaded" in done.stdout
    assert f"matplotlib {version('matplotlib')}" in done.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("temdeep do", {"doctor", "downscale"}), ("temdeep downscale in.nc --wo", {"--workers"})],
)
def test_words_are_completed(typed: str, offered: set[str]) -> None:
    asked = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "COMP_LINE": typed,
        "COMP_POINT": str(len(typed)),
    }
    code = "from temdeep.cli.main import main; main()"
    shell = f'"{sys.executable}" -c "{code}" 8>&1 9>/dev/null'
    done = subprocess.run(
        ["bash", "-c", shell], env=asked, capture_output=True, text=True, check=False
    )
    assert set(done.stdout.replace("\x0b", "\n").split()) == offered
