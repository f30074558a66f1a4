"""TAB offers what may come next, at once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.methods.test_plugins import BUILD, EXAMPLE, install
from tests.test_start_up import DATA, DRAWING, GRIB, LEARNING, SCIENCE

from temdeep.cli import completing
from temdeep.methods import plugins
from temdeep.methods.consistent import PostCondition
from temdeep.methods.registry import METHOD_NAMES

RUN = """
import atexit, sys
from temdeep.cli.main import main
import os
def tell():
    open("loaded.txt", "w").write(" ".join(sys.modules))
leave = os._exit
os._exit = lambda code: (tell(), leave(code))
main()
"""


def offered(line: str, folder: Path, *paths: Path) -> tuple[set[str], set[str]]:
    """What is offered after a line, and what was loaded to find it out."""
    target = folder / "offered.txt"
    environment = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": "bash",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(target),
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
        "PYTHONPATH": os.pathsep.join([*map(str, paths), *sys.path]),
    }
    subprocess.run([sys.executable, "-c", RUN], env=environment, cwd=folder, check=True)
    found = set(target.read_text().split("\013"))
    return {one.strip() for one in found} - {""}, set((folder / "loaded.txt").read_text().split())


def test_names_are_those_that_there_are() -> None:
    assert completing.METHODS == METHOD_NAMES
    assert plugins.GROUP == completing.PLUGINS
    assert ("all", "none", *(one.value for one in PostCondition)) == completing.POST_CONDITIONS


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("temdeep downscale in.nc --method ", set(METHOD_NAMES)),
        ("temdeep downscale in.nc --method cu", {"cubic", "cubic_local"}),
        ("temdeep evaluate in.nc --method solar,cu", {"solar,cubic", "solar,cubic_local"}),
        ("temdeep train in.nc --precision ", {"float32", "bf16", "fp16"}),
        ("temdeep downscale in.nc --precision ", {"float32", "bf16"}),
        ("temdeep train in.nc --device c", {"cpu", "cuda"}),
        ("temdeep downscale in.nc --post-conditions wind", {"wind-speed", "wind-direction"}),
        ("temdeep downscale in.nc --static ", {"orography.nc"}),
        ("temdeep tr", {"train"}),
    ],
)
def test_what_may_come_next_is_offered_without_loading_anything(
    tmp_path: Path, line: str, words: set[str]
) -> None:
    (tmp_path / "orography.nc").touch()
    found, loaded = offered(line, tmp_path)
    assert found - {"offered.txt"} == words
    assert "temdeep" in loaded
    assert not loaded & (LEARNING | DRAWING | SCIENCE | GRIB | DATA)


def test_methods_of_other_packages_are_offered_and_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    install(tmp_path / "other", EXAMPLE + BUILD, "curves_to_complete")
    found, loaded = offered("temdeep downscale i.nc --method sm", tmp_path, tmp_path / "other")
    assert found == {"smoothstep"}
    assert "curves_to_complete" not in loaded


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash is installed")
def test_the_line_of_the_readme_completes_in_a_bash_that_knows_only_temdeep(tmp_path: Path) -> None:
    """What it writes needs nothing of the environment but the command itself."""
    beside = Path(sys.executable).parent
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    line = "register-python-argcomplete temdeep >> ~/.bashrc"
    assert f"    {line}\n" in readme or f"\n{line}\n" in readme
    path = os.pathsep.join((str(beside), os.environ["PATH"]))
    home = {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(["bash", "-c", line], env={**home, "PATH": path}, check=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "temdeep").symlink_to(beside / "temdeep")
    pressed = (
        'source ~/.bashrc; COMP_LINE="temdeep downscale in.nc --method cubic_"; COMP_TYPE=9;'
        " COMP_POINT=${#COMP_LINE}; COMP_WORDS=($COMP_LINE); COMP_CWORD=4;"
        " _python_argcomplete temdeep cubic_ --method; complete -p temdeep; echo ${COMPREPLY[0]}"
    )
    found = subprocess.run(
        ["bash", "--norc", "-c", pressed],
        env={**home, "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.splitlines()[-1].strip() == "cubic_local"
    assert "_python_argcomplete temdeep" in found.stdout
