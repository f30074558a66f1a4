"""Runs the blocks of a page as its reader would, in a folder beside the repository's data.

Commands of `temdeep` run in this process, which saves what each would take to start; everything
else runs in a shell. Only trainings are replaced: by ones of a step or two, on the first days.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from tests.docs.blocks import Block, commands_of, times_masked

from temdeep.cli.main import main
from temdeep.fields.series import Series
from temdeep.training import fit
from temdeep.training.settings import TrainingSettings

ROOT = Path(__file__).resolve().parents[2]
SHELL = set("|&;<>$`*")
FRAMES = 24
LONGEST_S = 120
HARDLY = TrainingSettings(epochs=1, samples=2, batch_size=2, width=8, depth=1, spans=(2,))


@dataclass
class Reader:
    """Somebody who types what a page says.

    Attributes:
        folder: Where they are; `data/` is the repository's.
        names: Of the Python session, which lasts as long as the page.
        printed: What the last block printed.
    """

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)
    printed: str = ""

    def follow(self, blocks: list[Block], monkeypatch: pytest.MonkeyPatch) -> None:
        """Run all that run, and hold what they print against what the page says."""
        monkeypatch.chdir(self.folder)
        for block in blocks:
            if block.language == "console":
                self.printed = "".join(
                    self._type(one, block, monkeypatch) for one in commands_of(block.text)
                )
            elif block.language == "python":
                self.printed = self._evaluate(block)
            elif block.language == "output":
                self._compare(block)

    def _type(self, command: str, block: Block, monkeypatch: pytest.MonkeyPatch) -> str:
        """A command; it must end well."""
        if command.startswith("temdeep view "):
            return _in_a_browser(command, self.folder, block.where)
        by_shell = SHELL & set(re.sub("'[^']*'", "", command)) or " --workers " in command
        if not command.startswith("temdeep ") or by_shell:
            return _in_shell(command, self.folder, block.where)
        words = shlex.split(command)
        monkeypatch.setattr(sys, "argv", words)
        with _heard() as heard:
            code = main(words[1:])
        assert code == 0, f"{block.where}: {command}\n{heard.getvalue()}"
        return heard.getvalue()

    def _evaluate(self, block: Block) -> str:
        with _heard() as heard, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a reader sees them, and goes on
            exec(compile(block.text, block.where, "exec"), self.names)  # noqa: S102 - our own pages
        return heard.getvalue()

    def _compare(self, block: Block) -> None:
        printed = [times_masked(line) for line in self.printed.splitlines()]
        for line in block.text.splitlines():
            if line.strip() and line.strip() != "…":
                assert times_masked(line) in printed, (
                    f"{block.where}: {line!r} is not printed:\n{self.printed}"
                )


@contextlib.contextmanager
def _heard() -> Iterator[io.StringIO]:
    """What is printed, on either stream."""
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
        yield heard


def _in_shell(command: str, folder: Path, where: str) -> str:
    """A command in a shell of its own, with this environment's programs."""
    command = command.replace("8786", free_port())
    with subprocess.Popen(
        ["bash", "-ec", command],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            told, _ = shell.communicate(timeout=LONGEST_S)
        finally:
            with contextlib.suppress(ProcessLookupError):  # what it left running goes with it
                os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, f"{where}: {command}\n{told}"
    return told


def _in_a_browser(command: str, folder: Path, where: str) -> str:
    """The viewer: asked for its page once, and ended."""
    with subprocess.Popen(
        [*shlex.split(command), "--no-browser", "--port", free_port()],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        told = ""
        try:
            for line in server.stdout or ():
                told += line
                if found := re.search(r"http://\S+", line):
                    with urllib.request.urlopen(found[0]) as page:  # noqa: S310 - http://, as found
                        assert page.status == 200
                    return told
        finally:
            server.terminate()
    raise AssertionError(f"{where}: {command}\n{told}")


def _environment() -> dict[str, str]:
    """One thread, this environment's programs, and this checkout's package."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    packages = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PATH": path, "PYTHONPATH": packages, "OMP_NUM_THREADS": "1"}


def free_port() -> str:
    """A port that nobody listens at, in place of the one that is printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def hardly_train(monkeypatch: pytest.MonkeyPatch, kept: Path) -> None:
    """Let trainings, by command and in Python, take a step or two on the first days.

    Args:
        monkeypatch: Undoes it.
        kept: Folder of what was trained; where the same is asked for again, it is there already.
    """
    whole = fit.train_run

    def hardly(series: Any, run: Path | str, **asked: Any) -> fit.Trained:
        short = _first_days(series)
        if isinstance(short, Series):
            same = kept / "_".join([Path(short.source).stem, *(one.name for one in short.channels)])
            if not same.exists():
                whole(short, same, settings=HARDLY)
            shutil.copytree(same, run)
        return whole(short, run, **{**asked, "settings": HARDLY})

    monkeypatch.setattr(fit, "train_run", hardly)


def _first_days(series: Any) -> Any:
    if isinstance(series, xr.Dataset):
        return series.isel(time=slice(0, FRAMES))
    return series.take(slice(0, FRAMES)) if isinstance(series, Series) else series
