"""The page without a browser: what goes wrong is told on it, and the viewer goes on."""

from pathlib import Path

from bokeh.document import Document
from bokeh.models import Div, Select
from tests.engine.making import mixed
from tests.viewer.making import filled

from temdeep.viewer.page import Page
from temdeep.viewer.runs import open_runs


def words(document: Document, name: str) -> str:
    """Text of a part of the page that is shown."""
    (found,) = [one for one in document.select({"type": Div}) if name in one.css_classes]
    return str(found.text) if found.visible else ""


def choose(document: Document, variable: str) -> None:
    """Choose a variable, and do what the server would then do."""
    (chooser,) = document.select({"type": Select, "name": "variable"})
    chooser.value = variable
    waiting = document.session_callbacks
    assert len(waiting) == 1
    document.remove_next_tick_callback(waiting[0])
    waiting[0].callback()


def test_a_damaged_chunk_is_told_on_the_page_and_other_variables_are_still_shown(
    tmp_path: Path,
) -> None:
    output = filled(mixed()[["t2m", "sp"]], tmp_path, name="out.zarr")
    for chunk in (output / "t2m" / "c").rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(b"\x28\xb5\x2f\xfd not what it was")
    document = Document()
    Page(document, open_runs(output, None))
    choose(document, "t2m")
    assert "&#x27;t2m&#x27; in out.zarr cannot be read" in words(document, "trouble")
    choose(document, "sp")
    assert words(document, "trouble") == ""
    assert "pressure (Pa), out.zarr" in words(document, "heading")
    assert "<td class='output'>" in words(document, "numbers")


def test_what_cannot_be_compared_is_said_on_the_page(tmp_path: Path) -> None:
    hourly = mixed(25, step_h=1)[["t2m", "sp"]]
    hourly.drop_vars("t2m").to_netcdf(tmp_path / "truth.nc")
    output = filled(hourly.isel(time=slice(None, None, 3)), tmp_path)
    document = Document()
    Page(document, open_runs(output, tmp_path / "truth.nc"))
    assert words(document, "remark") == "No comparison: the truth has no &#x27;t2m&#x27;."
    assert "Truth" not in words(document, "numbers")


def test_a_time_that_the_truth_has_not_is_said(tmp_path: Path) -> None:
    hourly = mixed(25, step_h=1)[["sp"]]
    hourly.isel(time=slice(0, 13)).to_netcdf(tmp_path / "truth.nc")
    output = filled(hourly.isel(time=slice(None, None, 3)), tmp_path, step="30min")
    document = Document()
    Page(document, open_runs(output, tmp_path / "truth.nc"))
    (slider,) = document.select({"name": "time"})
    for time, said in ((6, ""), (7, "its times are 1h apart"), (35, "it runs from 2019-03-01T00")):
        slider.value = time
        for one in document.session_callbacks:
            document.remove_next_tick_callback(one)
            one.callback()
        moment = words(document, "moment")
        assert ("the truth has no field at this time" in moment) is bool(said)
        assert said in moment
