"""What the site is made of: formulas, links, help, and that no module is left out."""

import re
from pathlib import Path

from docs.site import check, commands, formulas, layers, outside_links
from tests.docs.running import ROOT

DOCS = ROOT / "docs"


def test_a_formula_in_a_docstring_is_shown_as_it_stands() -> None:
    lines = ["A norm |v| of v.", "", "    |v| = a * b * c", "", "Args:", "    v: Of |v|."]
    shown = formulas.as_shown(lines)
    assert shown == [
        "A norm \\|v\\| of v.", "", "::", "", "    |v| = a * b * c", "",
        "Args:", "    v: Of \\|v\\|.",
    ]  # fmt: skip


def test_a_link_leads_to_the_page_that_shows_its_file() -> None:
    text = "[a](../CONTRIBUTING.md#tests) [b](method.md) [c](https://x.org/a.md) [d](#here)"
    page = DOCS / "data.md"
    assert outside_links.followed(text, page, page) == (
        "[a](contributing.md#tests) [b](method.md) [c](https://x.org/a.md) [d](#here)"
    )


def test_a_link_of_an_included_file_is_followed_from_where_it_is_shown() -> None:
    text = "[a](docs/method.md#scores) ![b](docs/figures/kinds.png)"
    shown = outside_links.followed(text, ROOT / "README.md", DOCS / "how-to" / "radar.md")
    assert shown == "[a](../method.md#scores) ![b](../figures/kinds.png)"


def test_every_page_for_a_file_beside_the_docs_includes_that_file() -> None:
    for file, page in outside_links.PAGES.items():
        assert (ROOT / file).is_file()
        if page != "index.md":
            assert f"{{include}} ../{file}" in (DOCS / page).read_text()


def test_dead_links_and_what_is_loaded_from_elsewhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="b.html#there"></a><a href="b.html#not"></a><a href="c.html"></a>'
        '<a href="https://elsewhere.org">may be left</a><script src="https://cdn.org/x.js"></script>'
        '<p id="here"></p><a href="#here"></a>'
    )
    (tmp_path / "b.html").write_text('<h2 id="there"></h2>')
    assert check.faults(tmp_path) == [
        "a.html loads https://cdn.org/x.js from elsewhere",
        "a.html leads to b.html#not, a place that is not there",
        "a.html leads to c.html, which is not there",
    ]


def test_the_help_is_that_of_the_command() -> None:
    assert commands.subcommands()[:4] == ["info", "train", "downscale", "evaluate"]
    shown = commands.help_of(commands.PROGRAMS["temdeep"], ["downscale"])
    assert shown.startswith("usage: temdeep downscale")
    assert "--max-gap SPAN" in shown
    assert "--epochs EPOCHS" in commands.help_of(commands.PROGRAMS["main.py"], [])


def test_every_module_stands_in_the_reference() -> None:
    pages = (DOCS / "reference" / "modules").glob("*.rst")
    named = [
        name
        for page in pages
        for found in re.findall(r"^.. layer:: (.*)$", page.read_text(), re.MULTILINE)
        for name in found.split()
    ]
    assert sorted(named) == sorted(layers.modules_of("temdeep"))
