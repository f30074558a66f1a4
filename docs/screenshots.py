"""Photograph a report as a browser shows it, for README.md: needs Chromium.

    python docs/screenshots.py demo_output/report.html

writes docs/figures/report.png (the verdict on a desk, and in the dark on a telephone) and
docs/figures/report_film.jpg (one interval). With --folder also whole pages, to look at.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

FIGURES = Path(__file__).resolve().parent / "figures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip
DARK = "--blink-settings=preferredColorScheme=0"
SECONDS = 120
GAP_PX = 40
COLOURS = 256
QUALITY = 87


@dataclass(frozen=True)
class View:
    """How a page is looked at.

    Attributes:
        width, height: Of the window, in pixels.
        dark: Whether the reader likes it dark.
        only: CSS selector of what is shown; all if empty.
    """

    width: int
    height: int
    dark: bool = False
    only: str = ""


DESK = View(880, 1120)
PHONE = View(390, 1120, dark=True)
FILM = View(1020, 1500, only="#film")
WHOLE = {"desk": View(1280, 15_000), "dark": View(1280, 15_000, dark=True),
         "phone": View(390, 15_000)}  # fmt: skip


def main() -> None:
    """Make the figures of the README, and whole pages where they are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="an HTML report")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="whole pages go there")
    arguments = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"screenshots: none of {', '.join(BROWSERS)} is installed.")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        desk, phone, film = (
            photograph(browser, arguments.report, view, here / f"{name}.png")
            for name, view in (("desk", DESK), ("phone", PHONE), ("film", FILM))
        )
        both = side_by_side(desk, phone).quantize(COLOURS)  # text and flat colours
        both.save(FIGURES / "report.png", optimize=True)
        without_margin(film).save(FIGURES / "report_film.jpg", quality=QUALITY)
    if arguments.folder is not None:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        for name, view in WHOLE.items():
            photograph(browser, arguments.report, view, arguments.folder / f"{name}.png")


def photograph(browser: str, page: Path, view: View, target: Path) -> Image.Image:
    """Take a picture of a page, or of one part of it."""
    text = page.read_text(encoding="utf-8")
    if view.only:
        rest = f"header, main > :not({view.only})"
        text = text.replace("</head>", f"<style>{rest} {{ display: none }}</style></head>", 1)
    with tempfile.TemporaryDirectory() as folder:
        shown = Path(folder) / "page.html"
        shown.write_text(text, encoding="utf-8")
        subprocess.run(
            [
                browser, *QUIET, f"--user-data-dir={folder}/profile", f"--screenshot={target}",
                f"--window-size={view.width},{view.height}", *([DARK] if view.dark else []),
                shown.as_uri(),
            ],
            check=True, capture_output=True, timeout=SECONDS,
        )  # fmt: skip
    with Image.open(target) as taken:
        return taken.convert("RGB")


def side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures on white, tops level."""
    height = max(left.height, right.height)
    both = Image.new("RGB", (left.width + GAP_PX + right.width, height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + GAP_PX, 0))
    return both


def without_margin(picture: Image.Image) -> Image.Image:
    """What is not white, with a little around it."""
    box = ImageChops.difference(picture, Image.new("RGB", picture.size, "white")).getbbox()
    return picture if box is None else picture.crop((0, 0, picture.width, box[3] + GAP_PX // 2))


if __name__ == "__main__":
    main()
