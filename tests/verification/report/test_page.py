"""The page shows the numbers of the scores, asks for nothing from outside, can be read by all."""

import itertools
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from temdeep.errors import OutputError, RequestError
from temdeep.fields.intervals import Interval
from temdeep.fields.series import series_from_dataset
from temdeep.methods.cubic import Cubic
from temdeep.methods.simple import Nearest
from temdeep.metric import Float32Array, Float64Array
from temdeep.verification.evaluate import Evaluation, evaluate
from temdeep.verification.outputs import write_text
from temdeep.verification.report.page import subject_of, write_report
from temdeep.verification.report.words import percent
from temdeep.verification.tables import whole_rows

EVIL = "<script>alert('t')</script> & \"wind\""
STYLE = Path(__file__).parents[3] / "src/temdeep/verification/report/templates/style.css"
VOID = {"meta", "link", "img", "input", "br", "path", "use"}


def dataset(columns: int = 8) -> xr.Dataset:
    """Temperature, rain and a wind whose name would break a page; six days, hourly."""
    hours = np.arange(6 * 24 + 1)
    phase = np.random.default_rng(3).uniform(0, 1.0, (5, columns))
    wave = np.sin(2 * np.pi * hours[:, None, None] / 24 + phase)
    stamps = np.datetime64("2019-03-24", "ns") + hours.astype("timedelta64[h]")
    point = {"cell_methods": "time: point"}
    rain = {"units": "kg m-2", "standard_name": "precipitation_amount", "cell_methods": "time: sum"}
    dims = ("time", "lat", "lon")
    bounds = np.stack([stamps - np.timedelta64(1, "h"), stamps], axis=1)
    temperature = {"units": "K", "standard_name": "air_temperature", "long_name": "2 m temperature"}
    return xr.Dataset(
        {
            "t2m": (dims, 280 + 5 * wave, {**temperature, **point}),
            "ws": (dims, 9 + wave**3, {"units": "m s-1", "long_name": EVIL, **point}),
            "tp": (dims, np.maximum(wave, 0.0), rain),
            "time_bnds": (("time", "bnds"), bounds),
        },
        coords={
            "time": ("time", stamps, {"bounds": "time_bnds", "standard_name": "time"}),
            "lat": ("lat", np.linspace(50, 58, 5), {"units": "degrees_north"}),
            "lon": ("lon", np.linspace(-8, 6, columns), {"units": "degrees_east"}),
        },
    )


@dataclass
class Page(HTMLParser):
    """What stands in a page."""

    text: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tables: list[list[list[tuple[dict[str, str], str]]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.tags.append((tag, told))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append((told, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, "tags are closed in order"

    def handle_data(self, data: str) -> None:
        if "table" in self.open and ("td" in self.open or "th" in self.open):
            told, text = self.tables[-1][-1][-1]
            self.tables[-1][-1][-1] = (told, text + data)

    def all(self, name: str) -> list[dict[str, str]]:
        return [told for tag, told in self.tags if tag == name]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    series = series_from_dataset(dataset(), source="week.nc")
    return evaluate(series, methods={"nearest": Nearest(), "cubic": Cubic()}, withhold=6)


@pytest.fixture(scope="module")
def page(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Page:
    target = tmp_path_factory.mktemp("report") / "report.html"
    model = {"version": "0.1.0", "settings": {"seed": 5}, "trained_on": {"variables": ["t2m"]}}
    write_report(evaluation, target, subject="cubic", model=model, command="temdeep evaluate x.nc")
    return Page(target.read_text(encoding="utf-8"))


def test_the_table_shows_the_numbers_of_the_scores(evaluation: Evaluation, page: Page) -> None:
    records = json.loads(json.dumps(evaluation.as_json()))["records"]
    header, *rows = page.tables[0]
    methods = [text for _, text in header][1:]
    assert methods == ["cubic", "linear", "nearest"]
    variables = ["t2m", "ws", "pooled", "tp"]  # rain alone is pooled with nothing
    assert len(rows) == len(variables)
    for variable, (_, *cells) in zip(variables, rows, strict=True):
        whole = whole_rows(records, variable)
        for method, (told, text) in zip(methods, cells, strict=True):
            row = whole[method]
            assert float(told["data-value"]) == row["restoration_rate"]
            assert text.startswith(percent(row["restoration_rate"]))
            if row["rmse"] is not None:
                assert text.endswith(f"{row['rmse']:.3g}".replace("-", "−"))
            if method == "cubic":
                assert percent(row["restoration_rate_low"]) in text
                assert percent(row["restoration_rate_high"]) in text


def test_the_headline_is_the_pooled_record(evaluation: Evaluation, page: Page) -> None:
    row = whole_rows(evaluation.records, "pooled")["cubic"]
    headline = re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL)
    assert headline
    assert f"errors {row['restoration_rate']:.0f}\N{NO-BREAK SPACE}% smaller" in headline[1]
    rain = whole_rows(evaluation.records, "tp")["cubic"]["restoration_rate"]
    assert f"{rain:.0f}\N{NO-BREAK SPACE}% smaller than straight lines" in page.text


def test_regions_show_the_breakdown(evaluation: Evaluation, page: Page) -> None:
    rates = {
        (row["part"], row["variable"]): row["restoration_rate"]
        for row in evaluation.breakdown
        if row["by"] == "region" and row["method"] == "cubic"
    }
    table = next(one for one in page.tables if one[0][0][1] == "Region")
    variables = [text for _, text in table[0]][1:]
    found = {
        (region.replace("–", "-"), variable): float(told["data-value"])
        for (_, region), *cells in table[1:]
        for variable, (told, _) in zip(variables, cells, strict=True)
    }
    assert found == {key: rate for key, rate in rates.items() if key[1] in variables}
    assert len(found) >= 6


def test_nothing_is_asked_from_outside(page: Page) -> None:
    assert not re.search(r"\bhttps?:|//[\w-]+\.\w", page.text)  # no address at all
    for tag, told in page.tags:
        assert tag not in {"iframe", "object", "embed", "base"}
        for name in ("src", "href", "srcset", "poster", "action", "data"):
            assert told.get(name, "#").startswith(("#", "data:")), (tag, told)
        if tag == "link":
            assert told == {"rel": "icon", "href": "data:,"}  # else browsers ask for one
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttp|import\(", page.text)


def test_links_inside_the_page_lead_somewhere(page: Page) -> None:
    ids = [told["id"] for _, told in page.tags if "id" in told]
    assert len(ids) == len(set(ids))
    wanted = {told["href"][1:] for _, told in page.tags if told.get("href", "").startswith("#")}
    wanted |= set(re.findall(r"url\(#(.*?)\)", page.text))
    assert wanted <= set(ids)
    assert {"verdict", "scores", "film", "maps", "lead", "day", "regions", "card"} <= set(ids)


def test_nothing_is_shown_of_errors_where_nothing_is_said_of_them(page: Page) -> None:
    assert "spread" not in {told.get("id") for told in page.all("section")}
    assert "#spread" not in {told.get("href") for told in page.all("a")}


def test_each_picture_is_described(page: Page) -> None:
    pictures = page.all("img")
    assert len(pictures) >= 5 * 7 + 5 * 3  # stills of an interval, maps of three variables
    assert all(len(told["alt"]) > 20 for told in pictures)
    charts = [told for told in page.all("svg") if told.get("class") == "chart"]
    assert len(charts) == 1 + 4 * 3  # rates; and for three variables places, lead, day, spectra
    assert all(told["role"] == "img" and len(told["aria-label"]) > 20 for told in charts)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1


def test_what_files_say_cannot_break_the_page(page: Page) -> None:
    assert "alert('t')</script>" not in page.text
    assert "&lt;script&gt;alert" in page.text
    assert len(page.all("script")) == 1
    assert not page.open  # every tag was closed


def test_the_film_goes_from_one_given_time_to_the_next(page: Page) -> None:
    stamps = [told["data-stamp"] for told in page.all("th") if "data-stamp" in told]
    assert len(stamps) == 7
    assert [one.rpartition(", ")[2] for one in stamps] == ["given", *["withheld"] * 5, "given"]
    slider = next(told for told in page.all("input"))
    assert slider["max"] == "6"
    assert slider["aria-label"]


def test_the_model_and_the_command_are_told(page: Page) -> None:
    assert "temdeep evaluate x.nc" in page.text
    assert "<dt>Seed</dt><dd>5</dd>" in page.text


class Checkered(Cubic):
    """A cubic with one cell up, the next one down on top."""

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        made = super().fill(interval, theta)
        made[..., ::2] += 5.0
        made[..., 1::2] -= 5.0
        return made


def test_waves_with_far_too_much_power_are_told_with_what_they_hold(tmp_path: Path) -> None:
    for method, told in ((Cubic(), False), (Checkered(), True)):
        found = evaluate(dataset(columns=16)[["t2m"]], methods={"cubic": method}, withhold=6)
        text = write_report(found, tmp_path / "r.html", subject="cubic").read_text("utf-8")
        row = whole_rows(found.records, "t2m")["cubic"]
        assert (row["spectrum_ratio_finest"] > 4 / 3) is told
        assert ("more than a third too much in waves of" in text) is told


def test_what_is_not_there_is_not_explained(page: Page, tmp_path: Path) -> None:
    """One block is too few for intervals, and no whiskers are drawn."""
    found = evaluate(dataset().isel(time=slice(0, 25)), methods={"cubic": Cubic()}, withhold=6)
    short = write_report(found, tmp_path / "r.html", subject="cubic").read_text("utf-8")
    for words in ("whiskers", "In brackets: 95 %", "the 95 % interval, and"):
        assert words in page.text
        assert words not in short


def test_scattered_places_have_no_maps(tmp_path: Path) -> None:
    one_place = dataset(columns=1).isel(lat=[0])[["t2m"]]
    found = evaluate(one_place, methods={"cubic": Cubic()}, withhold=6)
    target = write_report(found, tmp_path / "r.html", subject="cubic")
    page = Page(target.read_text(encoding="utf-8"))
    assert not page.all("img")
    assert "film" not in {told.get("id") for told in page.all("section")}
    assert "No model:" in page.text


def test_straight_lines_alone_make_no_report() -> None:
    found = evaluate(dataset()[["t2m"]], methods=["linear"], withhold=6)
    with pytest.raises(RequestError, match="method="):
        subject_of(found, None)


def test_the_default_method_is_reported_on_where_no_model_is(evaluation: Evaluation) -> None:
    assert subject_of(evaluation, None) == "cubic"
    assert subject_of(evaluation, "temdeep") == "temdeep"


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "file" / "r.html", "<html>")


PALETTES = ("light", "dark", "print")


def palettes() -> dict[str, dict[str, str]]:
    """Custom properties of each scheme, what a scheme does not name as in the light one."""
    found = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)
    each = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", block)) for block in found]
    assert len(each) == len(PALETTES)
    return {name: each[0] | own for name, own in zip(PALETTES, each, strict=True)}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255.0
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", PALETTES)
def test_text_and_lines_stand_out_from_what_is_behind_them(scheme: str) -> None:
    colours = palettes()[scheme]
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    behind = ("paper", "bar", "warning")
    pairs = [*itertools.product(("ink", "muted"), behind), ("link", "paper"), ("paper", "link")]
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for line in ("linear", "rival", "subject", "edge"):
        assert contrast(colours[line], colours["paper"]) >= 3.0, line
