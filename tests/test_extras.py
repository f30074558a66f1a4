"""What is not installed is named in one sentence with the command that installs it."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.engine.making import save, temperature

from temdeep.extras import EXTRAS

ROOT = Path(__file__).resolve().parents[1]

HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
hidden = set(sys.argv.pop(1).split(","))
sys.meta_path.insert(0, Hidden())
"""
COMMAND = f"{HIDE}\nfrom temdeep.cli.main import main\nsys.exit(main(sys.argv[1:]))"
ALL = ",".join(one.partition(".")[0] for extra in EXTRAS.values() for one in extra.modules.values())


def run(hidden: str, *arguments: str, code: str = COMMAND) -> subprocess.CompletedProcess[str]:
    """Run the command, or other code, as if some packages were not installed."""
    command = [sys.executable, "-c", code, hidden, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_extras_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {
        extra: {re.split(r"[\[<>=]", one)[0] for one in wanted}
        for extra, wanted in project["optional-dependencies"].items()
        if extra not in ("all", "dev", "benchmark", "docs")
    }
    assert declared.keys() == EXTRAS.keys()
    for name, extra in EXTRAS.items():
        assert extra.modules.keys() <= declared[name]
        assert extra.missing() == ()  # `dev` has them all
        assert all(version(one) for one in extra.modules)
    everything = re.findall(r"[a-z0-9]+", project["optional-dependencies"]["all"][0])
    assert everything == ["temdeep", *EXTRAS]
    needed_always = {re.split(r"[\[<>=]", one)[0] for one in project["dependencies"]}
    assert not needed_always & {one for extra in EXTRAS.values() for one in extra.modules}


@pytest.mark.parametrize("method", ["cubic", "auto"])
def test_classical_methods_need_no_extra(tmp_path: Path, method: str) -> None:
    source = save(temperature([0, 3, 6, 9, 12]), tmp_path)
    target = tmp_path / "out.nc"
    asked = ["downscale", str(source), "-o", str(target), "--step", "1h", "--method", method]
    done = run(ALL, *asked)
    assert done.returncode == 0, done.stderr
    assert target.is_file()


@pytest.mark.parametrize(
    ("hidden", "command", "words"),
    [
        ("torch", "train in.nc -o run", "training and using models needs torch, which is not"),
        ("torch,safetensors", "downscale in.nc -o out.nc --step 1h --model run", "torch, safet"),
        ("torch", "export run in.nc -o out.pt2", "training and using models needs torch, which is"),
        ("cfgrib", "info in.grib", "reading GRIB needs cfgrib, which is not installed"),
        ("matplotlib", "evaluate in.nc --withhold 2 --figures f", "drawing figures needs matplot"),
        ("distributed", "downscale in.nc -o out.nc --step 1h --workers 2", "sharing work among"),
        ("s3fs", "info s3://bucket/era5.zarr", "reading s3:// needs s3fs, which is not installed"),
        ("bokeh", "view out.nc", "the viewer needs bokeh, which is not installed"),
    ],
)
def test_a_missing_extra_is_named_with_its_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hidden: str,
    command: str,
    words: str,
) -> None:
    save(temperature([0, 3, 6, 9, 12]), tmp_path)
    (tmp_path / "in.grib").write_bytes(b"GRIB" + b"\0" * 60 + b"7777")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "epoch_0001.safetensors").write_bytes(b"")
    (tmp_path / "run" / "description.json").write_text(
        '{"format": 3, "best_epoch": 1, "instead": {}}'
    )
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    done = run(hidden, *command.split())
    assert done.returncode == 2, done.stderr
    first = hidden.partition(",")[0]
    extra = next(name for name, one in EXTRAS.items() if first in one.modules)
    (sentence,) = done.stderr.splitlines()
    assert words in sentence
    assert sentence.endswith(f"pip install 'temdeep[{extra}]'.")
    assert sorted(tmp_path.iterdir()) == before


def test_the_python_interface_says_the_same() -> None:
    code = f"{HIDE}\nimport temdeep\ntry: temdeep.train\nexcept temdeep.TemdeepError as e: print(e)"
    done = run("pytorch_lightning", code=code)
    assert done.stdout.endswith("which is not installed: pip install 'temdeep[train]'.\n")


def test_a_command_that_loads_it_unasked_is_told_as_well() -> None:
    loads = "guarded(lambda: __import__('matplotlib').pyplot, 'temdeep', signals=False)"
    code = f"{HIDE}\nfrom temdeep.cli.main import guarded\nsys.exit({loads})"
    done = run("matplotlib", code=code)
    assert done.returncode == 2
    assert done.stderr.startswith("temdeep: drawing figures needs matplotlib, which is not")


def test_what_no_extra_has_stays_a_bug_with_its_traceback() -> None:
    done = run("xarray", "info", str(ROOT / "data" / "atlantic_6hourly.nc"))
    assert done.returncode == 1
    assert "Traceback" in done.stderr
