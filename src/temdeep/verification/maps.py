"""Maps of one hour: the truth, what two methods made of it, and what each got wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from temdeep.fields.grids import Grid
from temdeep.metric import Float64Array, FloatArray
from temdeep.verification.coastlines import coastlines
from temdeep.verification.figure_style import RC, label, unit_text

FIELD_COLOURS = "viridis"
ERROR_COLOURS = "PuOr_r"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One variable at one withheld time.

    Attributes:
        name: The variable, in words.
        units: As in the file.
        when: Valid time or period, as text.
        between: The given times on either side, as text.
        grid: Where the cells are.
        truth: Shape (y, x).
        filled: What each method made, shape (y, x).
        error: filled - truth of each method, round the circle for directions, shape (y, x).
    """

    name: str
    units: str
    when: str
    between: str
    grid: Grid
    truth: FloatArray
    filled: Mapping[str, FloatArray]
    error: Mapping[str, FloatArray]


def draw_maps(snapshot: Snapshot, first: str, second: str) -> Figure:
    """Draw truth, two methods and both errors; fields share one scale, errors another.

    Args:
        snapshot: What is drawn.
        first: A method in `snapshot.filled`, usually linear.
        second: The one to compare with it.

    Returns:
        A figure of five maps.
    """
    grid = snapshot.grid
    longitude = np.unwrap(grid.longitude, period=360.0, axis=1)
    box = box_of(longitude, grid.latitude)
    aspect = aspect_of(box)
    width = 3.4
    height = float(np.clip(width * (box[3] - box[2]) / (box[1] - box[0]) * aspect, 1.0, 4.4))
    fields = [snapshot.truth, snapshot.filled[first], snapshot.filled[second]]
    errors = [snapshot.error[first], snapshot.error[second]]
    (low, high), largest = field_limits(snapshot.truth), largest_error(errors)
    units = unit_text(snapshot.units)
    names = [label(first), label(second)]
    titles = ["withheld truth", *names]
    for method, error in zip(names, errors, strict=True):
        rmse = rmse_of(error, grid.metric.area_weights)
        titles.append(f"{method} − truth, RMSE {rmse:.3g} {units}")
    with mpl.rc_context({**RC, "figure.constrained_layout.use": False}):
        page = _Page(width, height)
        for place, field, title in zip(_PLACES, fields + errors, titles, strict=True):
            is_error = place[0] == 1
            axes = page.add(*place)
            drawn = axes.pcolormesh(
                longitude, grid.latitude, field, shading="nearest", rasterized=True,
                cmap=ERROR_COLOURS if is_error else FIELD_COLOURS,
                vmin=-largest if is_error else low, vmax=largest if is_error else high,
            )  # fmt: skip
            _geography(axes, box, aspect)
            axes.tick_params(labelleft=place in _LEFTMOST)
            axes.set_title(title)
            if place in _RIGHTMOST:
                text = "error" if is_error else snapshot.name
                page.colourbar(drawn, *place, f"{text} ({units})" if units else text)
        page.figure.suptitle(
            f"{snapshot.name}, {snapshot.when}\nfilled in from {snapshot.between}", y=page.title_y
        )
    return page.figure


def field_limits(truth: FloatArray) -> tuple[float, float]:
    """Ends of the colour scale of fields: all but the rarest values of the truth."""
    low, high = (float(value) for value in np.nanpercentile(truth, [0.2, 99.8]))
    return low, high


def largest_error(errors: Sequence[FloatArray]) -> float:
    """End of the colour scale of errors, which is symmetric."""
    return float(np.nanpercentile(np.abs(np.stack(errors)), 99.7)) or 1.0


def aspect_of(box: tuple[float, float, float, float]) -> float:
    """How much longer a degree of latitude is drawn than one of longitude."""
    return float(1.0 / max(np.cos(np.deg2rad(np.mean(box[2:]))), 0.2))


_PLACES = ((0, 0.0), (0, 1.0), (0, 2.0), (1, 0.5), (1, 1.5))
"""Row and column of truth, two methods, two errors; errors sit in the middle below."""
_LEFTMOST = (_PLACES[0], _PLACES[3])
_RIGHTMOST = (_PLACES[2], _PLACES[4])


class _Page:
    """Places maps of one size in inches: automatic layouts leave wide gaps between them."""

    left, between, right, bottom, above, title = 0.55, 0.22, 1.05, 0.35, 0.62, 0.45

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        across = self.left + 3 * width + 2 * self.between + self.right
        down = self.bottom + 2 * height + 2 * self.above + self.title
        self.size = (across, down)
        self.figure = Figure(self.size)
        self.title_y = 1.0 - 0.12 / down

    def _corner(self, row: int, column: float) -> tuple[float, float]:
        across = self.left + column * (self.width + self.between)
        return across, self.bottom + (1 - row) * (self.height + self.above)

    def add(self, row: int, column: float) -> Axes:
        """Axes for one map."""
        across, up = self._corner(row, column)
        return self._axes(across, up, self.width, self.height)

    def colourbar(self, drawn: QuadMesh, row: int, column: float, text: str) -> None:
        """A colour bar to the right of a map."""
        across, up = self._corner(row, column)
        axes = self._axes(across + self.width + 0.15, up, 0.14, self.height)
        self.figure.colorbar(drawn, cax=axes, label=text, extend="both")

    def _axes(self, across: float, up: float, width: float, height: float) -> Axes:
        x, y = self.size
        return self.figure.add_axes((across / x, up / y, width / x, height / y))


def draw_shore(axes: Axes, box: tuple[float, float, float, float], aspect: float) -> None:
    """Draw coastlines, and let the axes end at the box.

    Args:
        axes: What is drawn on.
        box: West, east, south, north in degrees.
        aspect: Of a degree of latitude to one of longitude.
    """
    west, east, south, north = box
    cell = max(east - west, north - south) / 100.0
    shore = coastlines(west, east, south, north, minimum_km2=(cell * 60.0) ** 2)
    axes.plot(*shore.T, color="black", linewidth=0.6, scalex=False, scaley=False)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(aspect)


def _geography(axes: Axes, box: tuple[float, float, float, float], aspect: float) -> None:
    draw_shore(axes, box, aspect)
    for spine in axes.spines.values():
        spine.set_visible(True)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 1.5, 2, 3, 6, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 1.5, 2, 3, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _degrees(_turn(value), "EW")))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _degrees(value, "NS")))


def box_of(longitude: Float64Array, latitude: Float64Array) -> tuple[float, float, float, float]:
    """West, east, south, north edges of the cells: half a cell outside the outermost centres."""
    rows, columns = latitude.shape
    width = float(np.ptp(longitude)) / max(columns - 1, 1) / 2 or 0.5
    height = float(np.ptp(latitude)) / max(rows - 1, 1) / 2 or 0.5
    return (
        float(longitude.min()) - width,
        float(longitude.max()) + width,
        max(float(latitude.min()) - height, -90.0),
        min(float(latitude.max()) + height, 90.0),
    )


def _turn(longitude: float) -> float:
    return (longitude + 180.0) % 360.0 - 180.0


def _degrees(value: float, sides: str) -> str:
    side = "" if value in (0.0, -180.0) else sides[0] if value > 0 else sides[1]
    return f"{abs(value):g}°{side}"


def rmse_of(error: FloatArray, weights: Float64Array) -> float:
    """Area-weighted RMSE of one field."""
    known = np.isfinite(error)
    return float(
        np.sqrt((weights * np.where(known, error, 0.0) ** 2)[known].sum() / weights[known].sum())
    )
