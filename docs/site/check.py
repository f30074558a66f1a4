"""Every link within a built site leads somewhere, and nothing of a page is loaded from elsewhere.

python -m docs.site.check build/site
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}
"""What a browser fetches by itself, by element and attribute."""

NAMING = ("canonical", "search", "next", "prev", "index")
"""Kinds of `<link>` that name a page and load nothing."""


class Page(HTMLParser):
    """What a page leads to, loads, and can be led to in.

    Attributes:
        links: Targets of links and of what is loaded.
        loaded: Of these, what is loaded.
        places: Ids within the page.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        given = {name: value or "" for name, value in attrs}
        self.places.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        wanted = given.get(LOADED.get(tag, ""))
        if wanted and given.get("rel") not in NAMING:
            self.links.append(wanted)
            self.loaded.append(wanted)


def faults(site: Path) -> list[str]:
    """What is wrong with a site, in a sentence each."""
    pages = {path.resolve(): Page(path.read_text("utf-8")) for path in site.rglob("*.html")}
    found = []
    for path, page in pages.items():
        here = path.relative_to(site.resolve())
        found += [f"{here} loads {one} from elsewhere" for one in page.loaded if _is_outside(one)]
        for link in page.links:
            if _is_outside(link) or link.startswith("data:"):
                continue
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{here} leads to {link}, which is not there")
            elif target in pages and unquote(parts.fragment) not in pages[target].places | {""}:
                found.append(f"{here} leads to {link}, a place that is not there")
    return found


def _is_outside(link: str) -> bool:
    return bool(urlsplit(link).netloc) or link.startswith("mailto:")


def main() -> int:
    """Tell all faults of a site; the exit code is 1 if there are any."""
    found = faults(Path(sys.argv[1]))
    for one in found:
        print(one)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
