"""The report's own curves: by part of the day, and rates with their intervals.

Knows: records. Must not know: HTML.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from temdeep.verification.breakdown import BY_PART_OF_DAY
from temdeep.verification.figure_style import RC, TRUTH_COLOUR, label, look
from temdeep.verification.report.words import capital
from temdeep.verification.strata import PART_H, part_names
from temdeep.verification.tables import is_straight, whole_rows

Rows = Sequence[Mapping[str, Any]]

PANEL_IN = (3.5, 2.3)
RATES_WIDTH_IN = 4.4
TALLEST = 1.3
"""Height of a panel of errors, in linear's largest, or the largest drawn if that is rounding."""


def panel(size: tuple[float, float] = PANEL_IN) -> tuple[Figure, Axes]:
    """A figure with one pair of axes, for the inside of a page."""
    with mpl.rc_context(RC):
        figure = Figure(size)
        axes = figure.subplots()
    axes.grid(visible=True, axis="y", color=TRUTH_COLOUR, alpha=0.12, linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def plot_day(
    axes: Axes, breakdown: Rows, variable: str, methods: Sequence[str]
) -> dict[str, float]:
    """Draw RMSE of one variable against local solar time; parts without data are left out.

    Returns:
        The largest of each method.
    """
    lines = [
        row["rmse"]
        for row in breakdown
        if (row["by"], row["variable"]) == (BY_PART_OF_DAY, variable)
        and row["method"] == methods[0]
        and row["restoration_rate"] is not None
    ]
    middles = {part: (place + 0.5) * PART_H for place, part in enumerate(part_names())}
    largest = dict.fromkeys(methods, 0.0)
    for method in methods:
        points = [
            (middles[row["part"]], row["rmse"])
            for row in breakdown
            if row["by"] == BY_PART_OF_DAY
            and row["variable"] == variable
            and row["method"] == method
        ]
        here = look(method)
        axes.plot(
            *np.array(points).reshape(-1, 2).T, color=here.colour, linestyle=here.line,
            marker=here.marker, markersize=4.5, linewidth=here.width, label=label(method),
        )  # fmt: skip
        largest[method] = max((error for _, error in points), default=0.0)
    axes.set_xlim(0.0, 24.0)
    axes.set_xticks(range(0, 25, 6))
    axes.set_ylim(0.0, (max(lines, default=0.0) or max(largest.values()) or 1.0) * TALLEST)
    axes.set_xlabel("local solar time (h)")
    return largest


def draw_rates(records: Rows, titles: Mapping[str, str], methods: Sequence[str]) -> Figure:
    """Draw restoration rates with their intervals, a row for each variable.

    Args:
        records: Of an evaluation.
        titles: Variables in the order drawn, from the top, with their names in words.
        methods: Which to draw; beside `linear`, which is the line at zero.
    """
    figure, axes = panel((RATES_WIDTH_IN, 0.6 + (0.2 + 0.15 * len(methods)) * len(titles)))
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=TRUTH_COLOUR, alpha=0.12, linewidth=0.7)
    thick = 0.6 / max(len(methods), 1)
    lowest = 0.0
    for place, variable in enumerate(titles):
        rows = whole_rows(records, variable)
        for number, method in enumerate(methods):
            row = rows[method]
            rate, low, high = (row[f"restoration_rate{end}"] for end in ("", "_low", "_high"))
            if rate is None:
                continue
            height = -place - (number + 0.5) * thick
            axes.barh(
                height, rate, thick * 0.92, color=look(method).colour, alpha=0.75, linewidth=0
            )
            if low is not None:
                reach = [[max(rate - low, 0.0)], [max(high - rate, 0.0)]]
                axes.errorbar(
                    rate, height, xerr=reach, fmt="none", ecolor=TRUTH_COLOUR,
                    elinewidth=1.1, capsize=2.5,
                )  # fmt: skip
            lowest = min(lowest, rate if low is None else low)
    left = max(lowest * 1.05, -100.0)
    for place, (variable, title) in enumerate(titles.items()):
        axes.text(left + 0.8, -place + 0.04, capital(title), va="bottom", fontsize=8.5)
        if is_straight(whole_rows(records, variable)):
            told = "no rate: straight lines are exact but for rounding"
            axes.text(left + 0.8, -place - 0.3, told, va="center", fontsize=7.5, alpha=0.75)
    axes.axvline(0.0, color=TRUTH_COLOUR, linewidth=0.9)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(0.32 - len(titles), 0.36)
    axes.set_xlim(left, 100.0)
    axes.set_xlabel("% of the straight line's error taken away (RMSE)")
    return figure
