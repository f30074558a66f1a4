"""Draw the figure of the method, docs/figures/method.png, on the series that the repository ships.

python docs/draw_method.py
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from temdeep.fields.grids import Grid
from temdeep.fields.series import Series, open_series
from temdeep.methods.motion import Motion, estimate, warp
from temdeep.metric import Float64Array

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "figures" / "method.png"

START = "2000-04-07T18:00"
STEP_H = 6
SHOWN = "q850"
INK, SOFT, GIVEN, MADE, WASH = "#1f2933", "#7b8794", "#0072b2", "#d55e00", "#eef2f6"


def main() -> None:
    """Draw and write the figure."""
    mpl.rcParams.update({"font.size": 9.5, "font.family": "DejaVu Sans", "text.color": INK})
    series = open_series([ROOT / "data" / "atlantic_hourly_truth.nc"], variables=[SHOWN])
    frames, motion = _frames_and_motion(series)
    figure = plt.figure(figsize=(11, 7.6), dpi=120)
    _heading(
        figure, 0.972, "Fill", "an interval in: one network pass, then any time in closed form"
    )
    _draw_frames(figure, series.grid, frames, motion)
    _draw_steps(figure)
    _heading(figure, 0.282, "Learn", "from the coarse series alone: hide what is known")
    _draw_training(figure)
    TARGET.parent.mkdir(exist_ok=True)
    figure.savefig(TARGET)
    plt.close(figure)


def _frames_and_motion(series: Series) -> tuple[Any, Motion]:
    """Four frames, six hours apart, and the motion between the inner two."""
    at = np.flatnonzero(series.dataset["time"].values == np.datetime64(START))[0]
    places = [int(at) + STEP_H * n for n in (-1, 0, 1, 2)]
    frames = series.read(series.channels, places)
    seconds = STEP_H * 3600.0
    return frames, estimate(frames[1], frames[2], seconds, series.grid.metric)


def _draw_frames(figure: Figure, grid: Grid, frames: Any, motion: Motion) -> None:
    """Context, both ends, and in the middle what is made."""
    span_s = STEP_H * 3600.0
    halfway = motion.displacement(0.5 * span_s, grid.metric)
    made = sum(
        0.5 * warp(end, sign * halfway[0], sign * halfway[1], cyclic=False)[0]
        for end, sign in ((frames[1], -1.0), (frames[2], 1.0))
    )
    fields = [frames[0, 0], frames[1, 0], made, frames[2, 0], frames[3, 0]]
    titles = ["context  $x_{-1}$", "start  $x_0$", "made  $x(θ)$", "end  $x_1$", "context  $x_2$"]
    leads = ["$t_0 - τ$", "$t_0$", "any time between", "$t_1 = t_0 + τ$", "$t_1 + τ$"]
    width, left = 0.168, 0.035
    for n, (field, title, lead) in enumerate(zip(fields, titles, leads, strict=True)):
        axes = figure.add_axes((left + n * 0.19, 0.715, width, 0.17))
        axes.pcolormesh(
            grid.longitude[0], grid.latitude[:, 0], field, cmap="YlGnBu", rasterized=True
        )
        colour = MADE if n == 2 else GIVEN if n in (1, 3) else SOFT
        axes.set(xticks=[], yticks=[])
        for side in axes.spines.values():
            side.set(color=colour, linewidth=2.4, linestyle="--" if n == 2 else "-")
        axes.set_title(title, fontsize=10, color=colour, pad=4)
        axes.set_xlabel(lead, fontsize=9, color=SOFT, labelpad=3)
        if n == 2:
            _draw_arrows(axes, grid, motion)


def _draw_arrows(axes: Axes, grid: Grid, motion: Motion) -> None:
    speed = np.hypot(motion.u_m_s, motion.v_m_s)
    every = (slice(1, None, 3), slice(1, None, 4))
    strong = np.where(speed[every] > 4, 1.0, np.nan)
    axes.quiver(
        grid.longitude[every],
        grid.latitude[every],
        motion.u_m_s[every] * strong,
        motion.v_m_s[every] * strong,
        color=MADE,
        scale=340,
        width=0.009,
    )


STEPS = (
    (
        "1  Sun",
        "What the sun drives is known",
        "at any time: responses to its",
        "height, with a memory of some",
        "hours, and daily tides. They",
        "depend on the place, never on",
        "the hour; fitted by least squares.",
        "Taken out of all frames.",
    ),
    (
        "2  Motion",
        "In what is left, dense optical",
        "flow (DIS) finds one motion for",
        "each level, in m s$^{-1}$ (arrows);",
        "none for what is tied to the",
        "ground. It says where a pattern",
        "is on its way at any time.",
    ),
    (
        "3  Network, once",
        "From frames moved along the",
        "motion, one pass gives maps of",
        "corrections: of the motion, of",
        "the weights, and a residual  $c_k$.",
        "All are 0 at first: untrained,",
        "it is the natural spline along",
        "the classical motion.",
    ),
    (
        "4  Render any time",
        "Frames moved to the wanted",
        "time, in the spline's weights;",
        "the residual on top; the sun",
        "back in. Exactly $x_0$ and $x_1$ at",
        "the ends, by construction. One",
        "more time costs a warp, not a",
        "network pass.",
    ),
)

FORMULA = (
    r"$x(θ)\;=\;\mathrm{sun}(θ)\;+\;\sum_n\,w_n(θ)\;"
    r"x_n[\,\mathrm{moved\ along\ the\ motion\ to\ }θ\,]"
    r"\;+\;θ(1-θ)\sum_k c_k\,b_k(θ)$"
)

LEARNING = (
    "Frames of the series are given (blue) or hidden inside",
    "wider intervals (rings): real targets at many θ. Nothing",
    "finer than the series is ever seen. Coherence works at",
    "the step τ itself: fields made in four intervals (crosses)",
    "are taken as given, and what lies between is asked for.",
    "The end of the series is held out: there the best epoch",
    "is chosen, and a classical method takes each variable",
    "for which it is clearly better.",
)


def _draw_steps(figure: Figure) -> None:
    """The four steps as boxes."""
    axes = _canvas(figure, (0.03, 0.30, 0.945, 0.365))
    for n, (title, *text) in enumerate(STEPS):
        left = 0.002 + n * 0.2535
        _box(axes, left, 0.30, 0.232, 0.66, last=n == 3)
        axes.text(left + 0.012, 0.885, title, fontsize=11, weight="bold", va="center")
        axes.text(left + 0.012, 0.815, "\n".join(text), fontsize=8.9, va="top", linespacing=1.4)
        if n < 3:
            _arrow(axes, left + 0.2345, left + 0.2515, 0.63)
    axes.text(0.5, 0.13, FORMULA, fontsize=14, ha="center", va="center", color=MADE)


def _draw_training(figure: Figure) -> None:
    """Which frames are given and which are asked for, at three spans, and in use."""
    axes = _canvas(figure, (0.03, 0.012, 0.945, 0.225))
    everything, between = list(range(9)), [3.4, 4.4, 5.4, 6.4]
    rows = [
        Row(0.92, "span 2τ", [0, 2, 4, 6, 8], [3], (2, 4)),
        Row(0.71, "span 3τ", [0, 3, 6], [4, 5], (3, 6)),
        Row(0.50, "span 4τ", [0, 4, 8], [5, 6, 7], (4, 8)),
        Row(0.29, "coherence: span τ", [0, 1, 2, 3, 7, 8], [4, 5, 6], (3, 7), between),
        Row(0.08, "use: span τ", everything, [], (4, 5), np.linspace(4, 5, 7)[1:-1]),
    ]
    for row in rows:
        _draw_row(axes, row)
    text = "\n".join(LEARNING)
    axes.text(0.655, 0.50, text, fontsize=8.9, va="center", linespacing=1.45)


@dataclass(frozen=True)
class Row:
    """Frames of a series as one way of learning, or of use, sees them.

    Attributes:
        height: In the panel.
        label: What it is.
        given, hidden: Frames that are given, and that are asked for.
        interval: First and last frame of what is filled in.
        made: Where fields are made.
    """

    height: float
    label: str
    given: Sequence[int]
    hidden: Sequence[int]
    interval: tuple[int, int]
    made: Sequence[float] | Float64Array = ()


def _draw_row(axes: Axes, row: Row) -> None:
    def across(frame: float) -> float:
        return 0.145 + 0.0595 * frame

    def dots(frames: Sequence[float] | Float64Array, **look: Any) -> None:
        axes.scatter([across(n) for n in frames], [row.height] * len(frames), **look)

    weight = "normal" if row.hidden else "bold"
    axes.text(0.002, row.height, row.label, fontsize=9.5, va="center", weight=weight)
    first, last = (across(n) for n in row.interval)
    place, size = (first, row.height - 0.07), (last - first, 0.14)
    axes.add_patch(Rectangle(place, *size, color=MADE, alpha=0.16, linewidth=0))
    axes.plot([across(0), across(8)], [row.height] * 2, color=SOFT, linewidth=0.8, zorder=1)
    dots([n for n in range(9) if n not in (*row.given, *row.hidden)], s=9, color=SOFT, zorder=2)
    dots(row.given, s=52, color=GIVEN, zorder=3)
    dots(row.hidden, s=58, facecolor="white", edgecolor=MADE, linewidth=1.8, zorder=3)
    dots(row.made, s=26, marker="x", color=MADE, linewidth=1.5, zorder=3)


def _heading(figure: Figure, height: float, word: str, rest: str) -> None:
    figure.text(0.03, height, word, fontsize=14, weight="bold", va="top", color=INK)
    figure.text(0.03 + 0.0125 * len(word) + 0.005, height - 0.003, rest, fontsize=11.5, va="top")


def _canvas(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    axes = figure.add_axes(place)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    return axes


def _box(
    axes: Axes, left: float, bottom: float, width: float, height: float, *, last: bool
) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.012",
            facecolor=WASH,
            edgecolor=MADE if last else SOFT,
            linewidth=1.4 if last else 0.9,
        )
    )


def _arrow(axes: Axes, left: float, right: float, height: float) -> None:
    axes.annotate(
        "",
        (right, height),
        (left, height),
        arrowprops={
            "arrowstyle": "-|>",
            "color": INK,
            "shrinkA": 0,
            "shrinkB": 0,
            "linewidth": 1.4,
        },
    )


if __name__ == "__main__":
    main()
