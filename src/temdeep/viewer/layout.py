"""How the page is laid out: its parts in words, and where all parts stand.

Knows: Bokeh. Must not know: files, how anything is computed.
"""

from __future__ import annotations

from bokeh.layouts import column, row
from bokeh.models import Column, Div, GlobalInlineStyleSheet

from temdeep.viewer.controls import HELP, Controls
from temdeep.viewer.drawing import Maps, Series

STYLE = """
body { margin: 12px 18px; font-family: system-ui, sans-serif; color: #111; background: #fff; }
"""
TABLE = """
table { border-collapse: collapse; font-size: 14px; }
th, td { padding: 3px 10px; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child { text-align: left; font-weight: normal; }
caption { text-align: left; font-weight: bold; padding: 4px 0; white-space: nowrap; }
"""


class Texts:
    """Parts of the page that are words.

    Attributes:
        heading: What is shown.
        moment: The present valid time, and what it is.
        trouble: What went wrong.
        remark: What cannot be shown, and why.
        numbers: The values of the place.
    """

    def __init__(self) -> None:
        self.heading = Div(css_classes=["heading"], sizing_mode="stretch_width")
        self.moment = Div(css_classes=["moment"], styles={"font-size": "15px"})
        self.trouble = Div(css_classes=["trouble"], visible=False, styles={"color": "#B00000"})
        self.remark = Div(css_classes=["remark"], visible=False, sizing_mode="stretch_width")
        self.numbers = Div(css_classes=["numbers"], stylesheets=[TABLE])


def laid_out(controls: Controls, texts: Texts, maps: Maps, series: Series) -> Column:
    """The whole page: three maps in a row, fewer where the window is narrow."""
    figures = list(maps.figures.values())
    wrapped = {"flex-wrap": "wrap", "gap": "6px"}
    beside = column(controls.placing(), texts.numbers)
    return column(
        texts.heading,
        controls.choosing(),
        controls.timing(texts.moment),
        texts.trouble,
        texts.remark,
        *(row(*figures[i : i + 3], styles=wrapped) for i in range(0, len(figures), 3)),
        row(beside, series.figure, sizing_mode="stretch_width", styles={"flex-wrap": "wrap"}),
        Div(text=HELP, styles={"color": "#444"}, sizing_mode="stretch_width"),
        sizing_mode="stretch_width",
        stylesheets=[GlobalInlineStyleSheet(css=STYLE)],
    )
