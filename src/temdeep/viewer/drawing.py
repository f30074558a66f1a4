"""Figures of the page: maps that share their colours, and the series of a place.

Knows: Bokeh. Must not know: files, how anything is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from bokeh.models import (
    ColorBar,
    ColumnDataSource,
    CustomJSTickFormatter,
    DatetimeTickFormatter,
    HoverTool,
    LinearColorMapper,
    Range1d,
    Span,
    Title,
)
from bokeh.palettes import PuOr11, Viridis256, interp_palette
from bokeh.plotting import figure

from temdeep.metric import Float32Array, FloatArray

WIDTH, SIDE, ABOVE_AND_BELOW = 424, 46, 130
"""Of a map in pixels, with what lies beside, above and below its frame."""

DIVERGING = tuple(interp_palette(PuOr11, 256))
ROUND = tuple(interp_palette(("#e2d9e2", "#6276ba", "#2f1436", "#b1533f", "#e2d9e2"), 256))
"""For directions: ends as it begins."""

LEGEND_COLUMNS = 3
"""Names side by side above a series: as many as a telephone is wide."""

NO_VALUE = "#c9c9c9"
LINEAR_COLOUR, OUTPUT_COLOUR, TRUTH_COLOUR = "#555555", "#D55E00", "#000000"

_DEGREES = """
const turned = %s
const side = turned == 0 ? "" : (turned > 0 ? "%s" : "%s")
return Math.abs(Number(turned.toFixed(4))) + "°" + side
"""
_EAST = _DEGREES % ("((tick + 180) % 360 + 360) % 360 - 180", "E", "W")
_NORTH = _DEGREES % ("tick", "N", "S")

_LINES = {
    "output": (OUTPUT_COLOUR, "solid", 2.2),
    "linear": (LINEAR_COLOUR, "dashed", 1.6),
    "truth": (TRUTH_COLOUR, "solid", 1.3),
}
"""Colour, dash and width of each line."""

Box = tuple[float, float, float, float]


class Maps:
    """Maps of one grid, which move together, over one source of pictures.

    Attributes:
        figures: By name of the panel.
    """

    def __init__(self, fields: tuple[str, ...], differences: tuple[str, ...]) -> None:
        self.field_colours = LinearColorMapper(palette=Viridis256, nan_color=NO_VALUE)
        self.difference_colours = LinearColorMapper(palette=DIVERGING, nan_color=NO_VALUE)
        self._x, self._y = Range1d(0.0, 1.0), Range1d(0.0, 1.0)
        self._pictures = ColumnDataSource(
            _pictures({}, (*fields, *differences), (1, 1), (0, 1, 0, 1))
        )
        self._shore = ColumnDataSource({"x": [], "y": []})
        self._place = ColumnDataSource({"x": [], "y": []})
        self._names = (*fields, *differences)
        self._box: Box = (0.0, 1.0, 0.0, 1.0)
        self.figures = {name: self._map(name, self.field_colours) for name in fields}
        self.figures |= {name: self._map(name, self.difference_colours) for name in differences}
        self._bars = {name: one.below[-1] for name, one in self.figures.items()}

    def lay_out(self, box: Box, shore: FloatArray) -> None:
        """Set the part of the world that is shown, and its coastlines, shape (point, 2)."""
        self._box = box
        west, east, south, north = box
        self._shore.data = {"x": shore[:, 0], "y": shore[:, 1]}
        for span, low, high in ((self._x, west, east), (self._y, south, north)):
            span.update(start=low, end=high, reset_start=low, reset_end=high)
        squeeze = max(float(np.cos(np.radians((south + north) / 2))), 0.3)
        height = (WIDTH - 2 * SIDE) * (north - south) / ((east - west) * squeeze)
        for one in self.figures.values():
            one.height = ABOVE_AND_BELOW + int(np.clip(height, 110, 320))

    def show(self, pictures: Mapping[str, Float32Array], shape: tuple[int, int]) -> None:
        """Show pictures, shape (row, column) with rows from south to north; grey where none is."""
        self._pictures.data = _pictures(pictures, self._names, shape, self._box)

    def entitle(self, titles: Mapping[str, tuple[str, str]]) -> None:
        """Give panels a title and a second line."""
        for name, plot in self.figures.items():
            plot.title.text, plot.above[0].text = titles[name]

    def name_colours(self, fields: str, differences: str) -> None:
        """What the colour bars show."""
        for name, bar in self._bars.items():
            is_field = self.figures[name].tags == ["field"]
            bar.title = fields if is_field else differences

    def mark(self, longitude: float, latitude: float) -> None:
        """Mark a place."""
        self._place.data = {"x": [longitude], "y": [latitude]}

    def _map(self, name: str, colours: LinearColorMapper) -> Any:
        plot = figure(
            name=name,
            x_range=self._x,
            y_range=self._y,
            width=WIDTH,
            height=350,
            min_border_left=SIDE,
            min_border_right=SIDE,
            tools="pan,wheel_zoom,box_zoom,reset,save",
            active_scroll=None,
            toolbar_location="right",
            tags=["field" if colours is self.field_colours else "difference"],
        )
        plot.toolbar.logo = None
        plot.toolbar.autohide = True
        plot.title.update(text="", text_font_size="14px", standoff=0)
        under = Title(text="", text_font_style="normal", text_font_size="12px", standoff=3)
        plot.add_layout(under, "above")
        picture = plot.image(
            image=name, x="x", y="y", dw="dw", dh="dh",
            source=self._pictures, color_mapper=colours,
        )  # fmt: skip
        for colour, width in (("white", 2.2), ("black", 0.8)):
            plot.line("x", "y", source=self._shore, color=colour, line_width=width)
        plot.scatter(
            "x", "y", source=self._place, marker="circle", size=13, fill_alpha=0.0,
            line_color="white", line_width=4,
        )  # fmt: skip
        plot.scatter(
            "x", "y", source=self._place, marker="circle", size=13, fill_alpha=0.0,
            line_color="#CC0000", line_width=2,
        )  # fmt: skip
        plot.xaxis.formatter = CustomJSTickFormatter(code=_EAST)
        plot.yaxis.formatter = CustomJSTickFormatter(code=_NORTH)
        plot.grid.visible = False
        plot.add_tools(HoverTool(renderers=[picture], tooltips=[("", "@" + name + "{0.0000a}")]))
        plot.add_layout(
            ColorBar(
                color_mapper=colours, height=10, width="auto", padding=6, margin=0,
                title_standoff=4, title_text_font_size="11px", title_text_font_style="normal",
                label_standoff=4,
            ),
            "below",
        )  # fmt: skip
        return plot


class Series:
    """The series of one place.

    Attributes:
        figure: The plot.
    """

    def __init__(self, names: tuple[str, ...], axis: Literal["datetime", "linear"]) -> None:
        self._lines = {name: ColumnDataSource({"x": [], "y": []}) for name in names}
        self._given = ColumnDataSource({"x": [], "y": []})
        self._band = ColumnDataSource({"x": [], "low": [], "high": []})
        self._seen = (0.0, 0.0)
        self._now = Span(dimension="height", line_color="#CC0000", line_width=1.5)
        self.figure = figure(
            name="series",
            height=300,
            sizing_mode="stretch_width",
            min_width=320,
            x_axis_type=axis,
            x_range=Range1d(0.0, 1.0),
            window_axis="x",
            tools="xpan,xwheel_zoom,box_zoom,reset,save",
            active_scroll=None,
        )
        plot = self.figure
        plot.toolbar.logo = None
        plot.toolbar.autohide = True
        self._ribbon = plot.varea(
            "x", "low", "high", source=self._band, color=OUTPUT_COLOUR, fill_alpha=0.2,
            legend_label="band",
        )  # fmt: skip
        self._ribbon.visible = False
        for name in names:
            colour, dash, width = _LINES[name]
            plot.line(
                "x", "y", source=self._lines[name], color=colour, line_dash=dash,
                line_width=width, legend_label=name,
            )  # fmt: skip
        plot.scatter(
            "x", "y", source=self._given, size=7, color=OUTPUT_COLOUR, line_color="black",
            legend_label="given",
        )  # fmt: skip
        plot.add_layout(self._now)
        if axis == "datetime":
            plot.xaxis.formatter = DatetimeTickFormatter(
                minutes="%H:%M", hourmin="%H:%M", hours="%H:%M\n%d %b", days="%d %b", months="%b %Y"
            )
        plot.legend.update(
            orientation="horizontal",
            padding=2,
            spacing=14,
            margin=0,
            border_line_alpha=0,
            ncols=LEGEND_COLUMNS,
        )
        plot.legend.label_text_font_size = "12px"
        plot.add_layout(plot.legend[0], "above")
        self._ribbon_item = plot.legend[0].items[0]
        self._ribbon_item.visible = False

    def show(
        self,
        lines: Mapping[str, tuple[FloatArray, FloatArray]],
        given: tuple[FloatArray, FloatArray],
        band: tuple[FloatArray, FloatArray, FloatArray, str] | None,
    ) -> None:
        """Show lines, given values and a band with what it is called, each as x and y."""
        for name, source in self._lines.items():
            x, y = lines[name]
            source.data = {"x": x, "y": y}
        self._given.data = {"x": given[0], "y": given[1]}
        self._ribbon.visible = self._ribbon_item.visible = band is not None
        if band is not None:
            self._band.data = dict(zip(("x", "low", "high"), band[:3], strict=True))
            self._ribbon_item.label = {"value": band[3]}

    def entitle(self, title: str, x_label: str, y_label: str) -> None:
        """Say what is drawn."""
        self.figure.title.text = title
        self.figure.xaxis.axis_label = x_label
        self.figure.yaxis.axis_label = y_label

    def look_at(self, first: float, last: float) -> None:
        """Look at a part of the series, unless that is what was looked at before."""
        if (first, last) != self._seen:
            self._seen = (first, last)
            beyond = 0.02 * (last - first) or 1.0
            start, end = first - beyond, last + beyond
            self.figure.x_range.update(start=start, end=end, reset_start=start, reset_end=end)

    def point_at(self, x: float) -> None:
        """Mark the present moment."""
        self._now.location = x


def _pictures(
    pictures: Mapping[str, Float32Array], names: tuple[str, ...], shape: tuple[int, int], box: Box
) -> dict[str, list[Any]]:
    west, east, south, north = box
    nothing = np.full(shape, np.nan, np.float32)
    shown = {name: [pictures.get(name, nothing)] for name in names}
    return {**shown, "x": [west], "y": [south], "dw": [east - west], "dh": [north - south]}
