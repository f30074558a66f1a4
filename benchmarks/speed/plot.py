"""Our speed over the others', by what was filled in: grid, and length of the series."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from benchmarks.speed.words import COMPARED
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from temdeep.verification.figure_style import RC, save

Record = dict[str, Any]

PANELS = {
    "One interval of one variable, in memory": ("model_vs_rife_11_outputs",
                                                "model_vs_advection_11_outputs"),
    "Whole files, read and written": ("linear_vs_xarray", "linear_vs_cdo",
                                      "linear_vs_copy", "cubic_vs_copy"),
}  # fmt: skip
"""What is compared, by what both are given."""

LOOKS = (("#0072B2", "o"), ("#E69F00", "s"), ("#009E73", "^"), ("#CC79A7", "D"))
"""Colour after Okabe and Ito (2008), and marker."""

APART = 0.16
"""Between comparisons at the same grid, in distances between grids."""

SPEEDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


DRAWN = ("linear", "cubic", "optical_flow", "temdeep")
"""Methods whose costs are drawn; the others are like one of them."""

SWEPT = {
    "cells": ("cells of the grid\n(24 intervals, hourly from 6-hourly)", (24, 5)),
    "intervals": ("intervals\n(181 × 360 cells, hourly from 6-hourly)", (65160, 5)),
    "outputs": ("made times in an interval\n(181 × 360 cells, 24 intervals)", (65160, 24)),
}
"""What changes, and what the two others are then."""


def draw_sweep(records: Sequence[Record], path: Path) -> None:
    """Draw seconds of a core by grid, by length and by output times."""
    names = [f"core_seconds_{method}" for method in DRAWN]
    own = [one for one in records if one["name"] in names]
    with mpl.rc_context(RC):
        figure = Figure((9.6, 3.8))
        axes = figure.subplots(1, 3, sharey=True, squeeze=False)[0]
        for panel, (key, (title, others)) in zip(axes, SWEPT.items(), strict=True):
            for (colour, marker), name in zip(LOOKS, names, strict=False):
                seconds = {
                    here[key]: one["value"]
                    for one in own
                    if one["name"] == name
                    and (here := _place(one))
                    and tuple(value for other, value in here.items() if other != key) == others
                }
                across = sorted(seconds)
                label = name.removeprefix("core_seconds_")
                panel.plot(across, [seconds[one] for one in across], color=colour, marker=marker,
                           label=label)  # fmt: skip
            panel.set_xscale("log")
            panel.set_yscale("log")
            panel.set_xlabel(title)
            panel.grid(color="#dddddd", linewidth=0.6)
        axes[0].set_ylabel("seconds of a core, start included")
        axes[0].legend()
    save(figure, path)


def _place(record: Record) -> dict[str, int]:
    """Where in the sweep a record stands."""
    cells = record["rows"] * record["columns"]
    return {"cells": cells, "intervals": record["intervals"], "outputs": record["outputs"]}


def draw(records: Sequence[Record], path: Path) -> None:
    """Draw every comparison at every size; above 1 we are faster."""
    with mpl.rc_context(RC):
        figure = Figure((9.6, 4.6))
        axes = figure.subplots(
            1, 2, sharey=True, gridspec_kw={"width_ratios": [3, 4.6]}, squeeze=False
        )[0]
        for panel, (title, names) in zip(axes, PANELS.items(), strict=True):
            _draw_panel(panel, [one for one in records if one["name"] in names], names)
            panel.set_title(title, loc="left")
        axes[0].set_ylabel("our speed over the other's\n(above 1 we are faster)")
    save(figure, path)


def _draw_panel(panel: Axes, records: Sequence[Record], names: Sequence[str]) -> None:
    """A stem from 1 for each comparison, one group for each grid and length."""
    sizes = sorted({_size(one) for one in records})
    panel.axhline(1, color="#555555", linewidth=0.8)
    for turn, name in enumerate(names):
        colour, marker = LOOKS[turn]
        own = [one for one in records if one["name"] == name]
        across = [sizes.index(_size(one)) + APART * (turn - (len(names) - 1) / 2) for one in own]
        speeds = [one["value"] for one in own]
        panel.vlines(across, 1, speeds, color=colour, linewidth=1.6)
        panel.plot(across, speeds, marker, color=colour, markersize=7, label=COMPARED[name])
    panel.set_yscale("log")
    panel.set_yticks(SPEEDS, [f"{one:g}" for one in SPEEDS])
    panel.minorticks_off()
    panel.set_ylim(0.09, 22)
    panel.grid(axis="y", color="#dddddd", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.set_xlim(-0.5, len(sizes) - 0.5)
    panel.set_xticks(range(len(sizes)), [_told(size) for size in sizes])
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), handlelength=1.2)


def _size(record: Record) -> tuple[int, int, int]:
    return record["rows"], record["columns"], record["intervals"]


def _told(size: tuple[int, int, int]) -> str:
    rows, columns, intervals = size
    return f"{rows} × {columns} cells\n{intervals} interval{'' if intervals == 1 else 's'}"
