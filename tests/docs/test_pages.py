"""What the pages say is what happens: their code blocks run, and print what the pages show."""

import json
from pathlib import Path

import pytest
import xarray as xr
from tests.docs.blocks import RUNNING, SHOWN, Block, blocks_of
from tests.docs.own_files import OWN_FILES
from tests.docs.running import ROOT, Reader, hardly_train
from tests.methods.test_plugins import BUILD, EXAMPLE, install

DOCS = ROOT / "docs"
WITH_COMMANDS = ("tutorial", "coming-from", "uncertainty", "scaling", "variables")
PAGES = sorted(
    [
        *(DOCS / f"{name}.md" for name in WITH_COMMANDS),
        *(DOCS / "how-to").glob("*.md"),
    ],
    key=lambda page: page.relative_to(DOCS).as_posix(),
)
SHOWN_ONLY = {
    "tutorial.md": "installs",
    "coming-from.md": "commands of other packages",
    "deploy.md": "a model with motions",
    "cluster.md": "several processes and machines; test_entry_points has those of one machine",
    "radar.md": "a file that does not say what its sums are; test_sums has such",
    "scaling.md": "what SLURM is given",
    "other-sources.md": "packages that may be absent; test_other_sources runs what uses them",
}
"""Pages with blocks that do not run, and what these are."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was trained for one page serves the others."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def reader(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """In an empty folder beside the repository's data."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.setenv("COLUMNS", "120")
    hardly_train(monkeypatch, kept)
    return Reader(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_as_printed(
    page: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, make in OWN_FILES.get(page.name, {}).items():
        make(reader.folder / name)
    reader.follow(blocks_of(page), monkeypatch)


@pytest.mark.slow
def test_the_command_lines_of_the_readme_run_as_printed(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.follow(blocks_of(ROOT / "README.md", "Command line"), monkeypatch)


@pytest.mark.slow
@pytest.mark.real
def test_the_python_of_the_readme_runs_as_printed(
    reader: Reader, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_the_folder(name: str, engine: str) -> xr.Dataset:
        return xr.open_dataset(real_data / name, engine=engine, indexpath="")

    monkeypatch.setattr(xr.tutorial, "open_dataset", from_the_folder)
    reader.follow(blocks_of(ROOT / "README.md", "Python"), monkeypatch)
    assert (reader.folder / "era5_run").is_dir()


@pytest.mark.slow
def test_the_method_that_is_added_does_what_is_said_of_it(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(reader.folder)
    install(reader.folder, EXAMPLE + BUILD, "curves_of_the_page")
    printed = blocks_of(ROOT / "CONTRIBUTING.md", "Add a method")
    evaluated = next(one for one in printed if "temdeep evaluate" in one.text)
    command = next(one for one in evaluated.text.splitlines() if one.startswith("temdeep"))
    reader.follow([Block("console", command, evaluated.where)], monkeypatch)
    scores = json.loads((reader.folder / "atlantic_hourly_truth_withhold6.json").read_text())
    whole = {row["method"]: row for row in scores["records"] if row["lead_fraction"] is None}
    assert whole["smoothstep"]["restoration_rate"] < 0 < whole["cubic"]["restoration_rate"]


def test_what_does_not_run_is_other_packages_and_installing() -> None:
    for page in PAGES:
        shown = [one.where for one in blocks_of(page) if one.language in SHOWN]
        assert not shown or page.name in SHOWN_ONLY, shown


def test_every_page_with_something_to_do_has_something_that_runs() -> None:
    for page in PAGES:
        found = {one.language for one in blocks_of(page)}
        assert found & set(RUNNING) or page.name == "add-a-method.md", page
