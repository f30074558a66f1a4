"""Links as the files of the repository have them, for pages of a site.

The pages are read in the repository as well, where they link to files beside docs/, and parts of
those are included in pages. A link is taken as the file that holds it means it, and comes to lead
to the page that shows its target.
"""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "data/README.md": "shipped-files.md",
    "benchmarks/results/variables.md": "measured-variables.md",
}
"""Files beside docs/ and the pages that show them."""

LINK = re.compile(r"(?<=\]\()([^)\s:#]+)(#[^)\s]*)?(?=\))")


def followed(text: str, holder: Path, page: Path) -> str:
    """A text with its links as a page needs them.

    Args:
        text: Markdown.
        holder: The file that the text is from.
        page: The page that it is shown in.
    """

    def lead(found: re.Match[str]) -> str:
        target = (holder.parent / found[1]).resolve()
        if target.is_relative_to(ROOT):
            shown = PAGES.get(target.relative_to(ROOT).as_posix())
            target = DOCS / shown if shown else target
        where = os.path.relpath(target, page.parent)
        return where + ("" if where == "index.md" else found[2] or "")

    return LINK.sub(lead, text)


def _of_page(app: Sphinx, name: str, content: list[str]) -> None:
    page = Path(app.env.doc2path(name))
    if page.suffix == ".md":
        content[0] = followed(content[0], page, page)


def _of_included(app: Sphinx, path: Path, _: str, content: list[str]) -> None:
    page = Path(app.env.doc2path(app.env.docname))
    content[0] = followed(content[0], (DOCS / path).resolve(), page)


def setup(app: Sphinx) -> dict[str, bool]:
    """Listen for pages and for what they include."""
    app.connect("source-read", _of_page)
    app.connect("include-read", _of_included)
    return {"parallel_read_safe": True}
