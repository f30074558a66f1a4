"""The viewer in a real browser: what is dragged and clicked is what the file holds."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.engine.making import mixed, save
from tests.viewer.browser import Viewer, browser, pixel
from tests.viewer.making import filled, stored

expect.set_options(timeout=20_000)  # machines that test much at once are slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("browser")
    hourly = mixed(25, step_h=1, seed=4)[["t2m", "sp"]]
    filled(hourly.isel(time=slice(None, None, 3)), made)
    save(hourly, made, "truth.nc")
    return made


@pytest.fixture(scope="module")
def viewer(folder: Path) -> Iterator[Viewer]:
    started = Viewer(folder / "out.nc", "--truth", folder / "truth.nc")
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.communicate()


@pytest.fixture
def page(viewer: Viewer) -> Iterator[Page]:
    """The page as it opens, of which every request is held against the viewer's own address."""
    with browser() as started:
        opened = started.new_page(viewport={"width": 1320, "height": 1300})
        asked: list[str] = []
        wrong: list[str] = []
        opened.on("request", lambda one: asked.append(one.url))
        opened.on("websocket", lambda one: asked.append(one.url.replace("ws:", "http:")))
        opened.on("pageerror", lambda one: wrong.append(str(one)))
        opened.goto(viewer.address)
        expect(opened.locator("td.output")).to_be_visible()
        yield opened
        assert len(asked) > 2
        outside = [one for one in asked if not one.startswith((viewer.address, "data:", "blob:"))]
        assert outside == []
        assert wrong == []


def value(page: Page, name: str) -> float:
    """A number in the table."""
    return float(page.locator(f"td.{name}").inner_text().replace("−", "-"))


def go_to(page: Page, hour: int) -> None:
    """Show that hour's pressure, and its numbers at 54°N 2.5°W."""
    page.get_by_label("Variable").select_option(label="sp: pressure")
    expect(page.locator(".heading")).to_contain_text("pressure (Pa)")
    page.mouse.click(*pixel(page, "output", -2.6, 54.1))
    expect(page.locator(".numbers")).to_contain_text("Here: 54°N 2.5°W (Pa)")
    page.keyboard.press("Home")
    for _ in range(hour):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".moment")).to_contain_text(f"{hour:02}:00 UTC")


def test_dragging_the_slider_shows_the_fields_of_that_time(page: Page, folder: Path) -> None:
    handle = page.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    track = page.locator(".noUi-base").first.bounding_box()
    box = handle.bounding_box()
    assert track is not None
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    for time in (4, 9, 14):
        page.mouse.move(track["x"] + track["width"] * time / 24, middle)
    page.mouse.up()
    moment = page.locator(".moment")
    expect(moment).to_contain_text("Fri 1 March 2019, 14:00 UTC")
    expect(moment).to_contain_text("2h into the 3h from 12:00 to 15:00 (θ = 0.667)")
    shown = stored(folder / "out.nc", "t2m").isel(time=14)
    place = {"lat": float(page.get_by_label("Latitude (°N)").input_value()), "method": "nearest"}
    there = shown.sel(lon=float(page.get_by_label("Longitude (°E)").input_value()), **place)
    assert value(page, "output") == pytest.approx(float(there), abs=6e-5)


def test_clicking_the_map_shows_the_numbers_of_that_cell(page: Page, folder: Path) -> None:
    go_to(page, 14)
    here = {"lat": 54.0, "lon": -2.5}
    output = stored(folder / "out.nc", "sp").sel(here).values
    truth = stored(folder / "truth.nc", "sp").sel(here).values
    line = np.interp(14, np.arange(0, 25, 3), truth[::3])
    wanted = {
        "output": output[14],
        "truth": truth[14],
        "linear": line,
        "output_linear": output[14] - line,
        "output_truth": output[14] - truth[14],
        "linear_truth": line - truth[14],
    }
    for name, number in wanted.items():
        assert value(page, name) == pytest.approx(number, abs=0.06), name
    drawn = page.evaluate("""() => {
      const lines = Bokeh.documents[0].get_model_by_name("series").renderers
      return lines.map((one) => Array.from(one.data_source.data.y || []))
    }""")
    assert any(len(one) == 25 and np.allclose(one, output, atol=0.02) for one in drawn)
    assert any(len(one) == 25 and np.allclose(one, truth, atol=0.02) for one in drawn)


def test_clicking_the_series_goes_to_that_time(page: Page, folder: Path) -> None:
    go_to(page, 0)
    times = stored(folder / "out.nc", "time").values.astype("datetime64[ms]").astype(float)
    series = stored(folder / "out.nc", "sp").sel(lat=54.0, lon=-2.5).values
    page.mouse.click(*pixel(page, "series", times[7], float(series.mean())))
    expect(page.locator(".moment")).to_contain_text("07:00 UTC")


def test_all_is_within_reach_of_the_keyboard(page: Page) -> None:
    go_to(page, 7)
    moment, numbers = page.locator(".moment"), page.locator(".numbers")
    for key, hour in (("ArrowRight", "08"), ("PageDown", "09"), ("PageUp", "06"), ("Home", "00")):
        page.keyboard.press(key)
        expect(moment).to_contain_text(f"{hour}:00 UTC")
    page.keyboard.press("Shift+ArrowUp")
    expect(numbers).to_contain_text("54.5°N 2.5°W")
    page.keyboard.press("Shift+ArrowLeft")
    expect(numbers).to_contain_text("54.5°N 3°W")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(moment).not_to_contain_text("00:00 UTC")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


@pytest.mark.parametrize("name", ["truth", "output", "output_truth", "series"])
def test_nothing_is_cut_off_on_a_telephone(page: Page, name: str) -> None:
    """Colour bars, titles and legends leave the sides of their figures free."""
    page.set_viewport_size({"width": 390, "height": 900})
    wide = """(name) => {
      const figure = Bokeh.documents[0].get_model_by_name(name)
      const canvas = Bokeh.index.find_one_by_id(figure.id).canvas.el
      canvas.scrollIntoView({block: "center"})
      const {x, y, width, height} = canvas.getBoundingClientRect()
      return {x, y, width, height}
    }"""
    page.wait_for_function(f"(name) => ({wide})(name).width < 390", arg=name)
    page.mouse.move(1, 1)
    page.wait_for_timeout(500)  # it is drawn anew
    box = page.evaluate(wide, name)
    assert box["x"] + box["width"] <= 390
    seen = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=box))).convert("L"))
    assert (seen < 200).any()
    assert (seen[:, :2] > 250).all()
    assert (seen[:, -2:] > 250).all()


def test_ctrl_c_ends_it_without_a_word(viewer: Viewer, page: Page) -> None:
    assert page.title() == "out.nc – temdeep view"
    assert viewer.interrupt() == (0, "")
