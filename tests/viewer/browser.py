"""A browser without a screen, and a viewer to look at with it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WITHOUT = "TEMDEEP_WITHOUT_BROWSER"
"""Set by .ci/run to the reason where no browser can be had."""


def executable() -> str:
    """Path of an installed Chromium; the test is skipped where there is none, in CI it fails."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is not None:
        return found
    reason = os.environ.get(WITHOUT, "")
    if os.environ.get("CI") and not reason:
        pytest.fail("no Chromium is installed: apt-get install chromium")
    pytest.skip(reason or "no Chromium is installed: apt-get install chromium")


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium with a profile of its own, which is removed with it."""
    path = executable()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


class Viewer:
    """`temdeep view` as a process of its own."""

    def __init__(self, *arguments: str | Path) -> None:
        # a shell makes what it starts in the background deaf to it, and what that starts as well
        signal.signal(signal.SIGINT, signal.default_int_handler)
        command = [sys.executable, "-m", "temdeep", "view", *map(str, arguments)]
        self.process = subprocess.Popen(
            [*command, "--no-browser", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        found = re.search(r"http://localhost:\d+/", told)
        assert found, (told, self.process.communicate())
        self.address = found.group()

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; the exit code and all that was told on stderr."""
        self.process.send_signal(signal.SIGINT)
        _, told = self.process.communicate(timeout=10)
        return self.process.returncode, told


def pixel(page: Page, name: str, x: float, y: float) -> tuple[float, float]:
    """Where on the page a place of a figure is."""
    found = page.evaluate(
        """([name, x, y]) => {
          const figure = Bokeh.documents[0].get_model_by_name(name)
          const view = Bokeh.index.find_one_by_id(figure.id)
          view.canvas.el.scrollIntoView({block: "center"})
          const box = view.canvas.el.getBoundingClientRect()
          const {x_scale, y_scale} = view.frame
          return [box.left + x_scale.compute(x), box.top + y_scale.compute(y)]
        }""",
        [name, x, y],
    )
    return float(found[0]), float(found[1])
