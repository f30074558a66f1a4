"""Curves as SVG that stands inside the page and takes its colours: readable in light and dark.

Knows: matplotlib figures. Must not know: evaluations, HTML around them.
"""

import io
import re
from collections.abc import Mapping
from itertools import count

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from temdeep.verification.figure_style import RC

_INK = "#000000"
_REFERENCE = re.compile(r'(\bid="|url\(#|href="#)')
_DROPPED = re.compile(
    r"<metadata>.*?</metadata>"  # names a vocabulary's address
    r"|<style.*?</style>"  # would hold for the whole page
    r'| xmlns(:\w+)?="[^"]*"'
    r'| id="[a-zA-Z0-9.]+_\d+"'  # of groups, the same in every figure
    r'| transform="rotate\(-0 [^"]*"'
    r"| font-family: [^;\"]*;",
    re.DOTALL,
)


class Charts:
    """Turns figures into SVG; one for each page, so that names inside the page stay unique."""

    def __init__(self) -> None:
        self._number = count(1)

    def inline(self, figure: Figure, colours: Mapping[str, str], alt: str) -> Markup:
        """Draw a figure as SVG for the inside of a page.

        Args:
            figure: What is drawn. Black becomes the page's ink; text keeps the page's font.
            colours: What other colours (#rrggbb) become, as CSS.
            alt: What it shows, for those who cannot see it.
        """
        target = io.StringIO()
        with mpl.rc_context({**RC, "svg.fonttype": "none", "svg.hashsalt": "temdeep"}):
            figure.savefig(target, format="svg", transparent=True)
        text = target.getvalue()
        text = text[text.index("<svg") :]
        text = re.sub(r"\bfont: ([\d.]+)px ([^;\"]*)", r"font-size: \1px; font-family: \2", text)
        text = _DROPPED.sub("", text).replace("xlink:href", "href")
        text = _REFERENCE.sub(rf"\g<1>c{next(self._number)}-", text)
        text = re.sub(r"\s*\n\s*", " ", text)
        for colour, css in {_INK: "currentColor", **colours}.items():
            text = text.replace(colour.lower(), css)
        opening = f'<svg class="chart" role="img" aria-label="{escape(alt)}"'
        text = re.sub(r'^<svg width="[^"]*" height="[^"]*"', lambda _: opening, text, count=1)
        return Markup(text)  # noqa: S704 - drawn by matplotlib, which escapes its texts
