"""Take a picture of the viewer, docs/figures/viewer.png, in a Chromium that is installed.

python docs/draw_viewer.py [demo_output/run]

What is looked at is what a model made, with where the truth may lie: of `make demo`, or another of
the same data.
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import xarray as xr
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

import temdeep

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "figures" / "viewer.png"
SHIPPED = ROOT / "data" / "atlantic_hourly_truth.nc"

RUN = ROOT / "demo_output" / "run"

EVERY = 6
VARIABLE = "u10"
NEEDED = ["t2m", "ps", "u10", "v10", "t850", "q850", "u850", "v850", "orog", "lsm"]
"""What the model was trained with: it needs all of it."""

QUANTILES = [0.05, 0.95]
DAYS = slice("2000-04-06T12", "2000-04-08T18")
PLACE = {"Latitude": "28.9", "Longitude": "-22.5"}
"""In the trade wind, which changes so little that the band shows."""

STEPS_ON, MOMENT = 42, "Sat 8 April 2000, 09:00 UTC"
"""Hours after the first one shown, the middle of the first interval, and what time it is then."""

WIDTH, HEIGHT = 1320, 1265
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Fill withheld hours, look at them beside the truth, and take the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, nargs="?", default=RUN, help="a model's folder")
    run = parser.parse_args().run
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no Chromium is installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        output = fill(run, Path(folder))
        command = [sys.executable, "-m", "temdeep", "view", str(output), "--port", "0"]
        viewer = subprocess.Popen(
            [*command, "--truth", str(SHIPPED), "--no-browser"], stdout=subprocess.PIPE, text=True
        )
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(address(viewer))
            take(page)
            browser.close()
        finally:
            viewer.send_signal(signal.SIGINT)
            viewer.communicate(timeout=20)
    with Image.open(
        TARGET
    ) as picture:  # a quarter of the levels of colour: smaller, looks the same
        fewer = picture.convert("RGB").point([min(255, (i + 2) // 4 * 4) for i in range(256)] * 3)
    fewer.save(TARGET, optimize=True)
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


def fill(run: Path, folder: Path) -> Path:
    """Keep one hour in so many of the shipped truth and let a model fill in the others."""
    with xr.open_dataset(SHIPPED) as source:
        hourly = source[NEEDED].load()
    coarse = hourly.isel(time=slice(None, None, EVERY))
    filled = temdeep.downscale(coarse, step="1h", model=run, uncertainty=True, quantiles=QUANTILES)
    shown = [name for name in filled if str(name).startswith((VARIABLE, "temdeep_"))]
    filled[shown].sel(time=DAYS).to_netcdf(folder / "filled.nc")
    return folder / "filled.nc"


def address(viewer: subprocess.Popen[str]) -> str:
    """Where the viewer says that its page is."""
    told = viewer.stdout.readline() if viewer.stdout else ""
    found = re.search(r"http://\S+", told)
    if found is None:
        sys.exit(f"the viewer did not start: {told}")
    return found.group()


def take(page: Page) -> None:
    """Choose a place and a moment, and take the picture."""
    expect(page.locator("td.output")).to_be_visible(timeout=30_000)
    for label, value in PLACE.items():
        page.get_by_label(label).fill(value)
        page.get_by_label(label).press("Enter")
    for _ in range(STEPS_ON):
        page.get_by_role("button", name="→").click()
    expect(page.locator(".moment")).to_contain_text(MOMENT)
    page.mouse.move(5, 5)
    page.wait_for_timeout(1_000)  # until the last picture is drawn
    page.screenshot(path=TARGET)


if __name__ == "__main__":
    main()
