"""Maps as small images that stand inside the page itself.

Knows: fields and their grid. Must not know: evaluations, HTML.
"""

import base64
import io
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from temdeep.fields.grids import Grid
from temdeep.metric import FloatArray
from temdeep.verification.figure_style import RC
from temdeep.verification.maps import (
    ERROR_COLOURS,
    FIELD_COLOURS,
    aspect_of,
    box_of,
    draw_shore,
)

LONGER_SIDE_PX = 460
DPI = 100
QUALITY = 82
"""Of WebP: above it files grow and no eye sees a difference."""

DOT = 14.0
"""Size of a place without neighbours, points squared."""

UNKNOWN = "#9a9a9a"
"""Cells without a value."""


@dataclass(frozen=True)
class Scale:
    """A colour scale.

    Attributes:
        colours: Name of a matplotlib colour map.
        low, high: Its ends.
    """

    colours: str
    low: float
    high: float

    @classmethod
    def of_field(cls, low: float, high: float) -> "Scale":
        """A sequential one, even in lightness."""
        return cls(FIELD_COLOURS, low, high)

    @classmethod
    def of_error(cls, largest: float) -> "Scale":
        """A diverging one, white at zero."""
        return cls(ERROR_COLOURS, -largest, largest)

    def ticks(self) -> tuple[float, float, float]:
        """Ends and middle."""
        return self.low, (self.low + self.high) / 2, self.high

    def gradient(self, steps: int = 12) -> str:
        """The colours as a CSS gradient from left to right."""
        colours = mpl.colormaps[self.colours](np.linspace(0.0, 1.0, steps))
        stops = ", ".join(mpl.colors.to_hex(colour) for colour in colours)
        return f"linear-gradient(to right, {stops})"


def can_be_mapped(grid: Grid) -> bool:
    """Whether there is more than one place, in two directions."""
    known = np.isfinite(grid.latitude) & np.isfinite(grid.longitude)
    spread = [float(np.ptp(one[known])) if known.any() else 0.0
              for one in (grid.latitude, grid.longitude)]  # fmt: skip
    return min(spread) > 0.0


def map_image(field: FloatArray, grid: Grid, scale: Scale) -> str:
    """Draw one field with coastlines.

    Args:
        field: Shape (y, x).
        grid: Where its cells are; places without neighbours are drawn as dots.
        scale: Colours.

    Returns:
        A WebP image as a data URI, without axes or title.
    """
    known = np.isfinite(grid.latitude) & np.isfinite(grid.longitude)
    latitude, longitude = grid.latitude, grid.longitude
    if grid.uniform:
        longitude = np.unwrap(longitude, period=360.0, axis=1)
    else:
        latitude, longitude = latitude[known][None], longitude[known][None]
        field = field[known][None]
    west, east, south, north = box = box_of(longitude, latitude)
    aspect = aspect_of(box)
    ratio = (north - south) * aspect / (east - west)
    longer = LONGER_SIDE_PX / DPI
    size = (longer, longer * ratio) if ratio <= 1 else (longer / ratio, longer)
    with mpl.rc_context({**RC, "figure.constrained_layout.use": False}):
        figure = Figure(size, dpi=DPI, facecolor=UNKNOWN)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        style: dict[str, Any] = {"cmap": scale.colours, "vmin": scale.low, "vmax": scale.high}
        if grid.uniform:
            axes.pcolormesh(longitude, latitude, field, shading="nearest", **style)
        else:
            axes.scatter(longitude, latitude, DOT, field, **style)
        draw_shore(axes, box, aspect)
        axes.set_aspect("auto")
        target = io.BytesIO()
        figure.savefig(target, format="webp", dpi=DPI, pil_kwargs={"quality": QUALITY, "method": 6})
    return f"data:image/webp;base64,{base64.b64encode(target.getvalue()).decode('ascii')}"
