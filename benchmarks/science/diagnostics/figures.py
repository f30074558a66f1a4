"""Figures of the diagnostics, drawn from their records."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from benchmarks.science.diagnostics.filled import TRUTH, Record
from matplotlib.figure import Figure

from temdeep.metric import Float64Array
from temdeep.verification.figure_style import (
    RC,
    TRUTH_COLOUR,
    label,
    look,
    panels,
    shared_legend,
    unit_text,
)

WINDS = {"u10/v10": "wind at 10 m (u10, v10)", "u850/v850": "wind at 850 hPa (u850, v850)"}


def draw_trajectories(records: Sequence[Record]) -> Figure:
    """Mean distance from the true parcels against time since their start, a panel per wind."""
    chosen = [row for row in records if row["diagnostic"] == "trajectory_error"]
    names = _in_order(chosen, "variable")
    figure, axes = panels(len(names))
    with mpl.rc_context(RC):
        for panel, name in zip(axes, names, strict=True):
            for method in _in_order(chosen, "method"):
                rows = [r for r in chosen if r["variable"] == name and r["method"] == method]
                points = [(r["lead_h"], np.nan if r["value"] is None else r["value"]) for r in rows]
                here = look(method)
                panel.plot(
                    *np.array([(0.0, 0.0), *points]).T, color=here.colour, linestyle=here.line,
                    linewidth=here.width, label=label(method),
                )  # fmt: skip
            panel.set_title(WINDS.get(name, name))
            panel.set_xlabel("hours since the start")
            panel.set_xlim(left=0.0)
            panel.set_ylim(bottom=0.0)
            panel.set_xticks(range(0, 25, 6))
        axes[0].set_ylabel("mean distance (km)")
        figure.suptitle(
            "Parcels that drift with filled-in winds: distance from those in true winds"
        )
        shared_legend(figure, axes[0])
    return figure


def draw_daily_extremes(records: Sequence[Record]) -> Figure:
    """Bias of each day's maximum and minimum, a panel per variable."""
    chosen = [r for r in records if r["diagnostic"] in _DAILY]
    return _bars(
        chosen,
        _DAILY,
        title="Bias of each day's maximum and minimum (linear: those of the given values)",
    )


def draw_tendency_jumps(records: Sequence[Record]) -> Figure:
    """Kinks at given times, a panel per variable; the truth's as a line."""
    jumps = [r for r in records if r["diagnostic"] == "tendency_jump"]
    finest = min(float(r["step_s"]) for r in jumps)
    chosen = [r for r in jumps if r["step_s"] == finest or r["method"] == TRUTH]
    return _bars(
        chosen,
        {"tendency_jump": "jump"},
        title="Jump of the tendency at given times over the usual tendency, at 1/64 of the span"
        " (line: the truth's, at its own step)",
    )


def draw_area_means(
    means: Mapping[str, Float64Array],
    hours: Float64Array,
    units: Mapping[str, str],
) -> Figure:
    """Departure of the region's mean from the true one over time, a panel per variable.

    Args:
        means: By method and `truth`, shape (time, channel).
        hours: Shape (time,).
        units: Of the channels, in order, by name.
    """
    figure, axes = panels(len(units))
    with mpl.rc_context(RC):
        for place, (panel, (name, unit)) in enumerate(zip(axes, units.items(), strict=True)):
            panel.axhline(0.0, color=TRUTH_COLOUR, linewidth=1.0, label=TRUTH)
            for method in (one for one in means if one != TRUTH):
                here = look(method)
                panel.plot(
                    hours, means[method][:, place] - means[TRUTH][:, place], color=here.colour,
                    linestyle=here.line, linewidth=0.8 * here.width, label=label(method),
                )  # fmt: skip
            panel.set_title(f"{name} ({unit_text(unit)})" if unit_text(unit) else name)
            panel.set_xlabel("hours")
        figure.suptitle("Mean over the region minus the true one")
        shared_legend(figure, axes[0])
    return figure


_DAILY = {"daily_maximum_bias": "max", "daily_minimum_bias": "min"}


def _bars(records: Sequence[Record], diagnostics: Mapping[str, str], *, title: str) -> Figure:
    """Bars of each method, side by side for each diagnostic; a line for the truth."""
    names = _in_order(records, "variable")
    methods = [one for one in _in_order(records, "method") if one != TRUTH]
    width = 0.8 / max(len(methods), 1)
    figure, axes = panels(len(names))
    with mpl.rc_context(RC):
        for panel, name in zip(axes, names, strict=True):
            rows = {(r["method"], r["diagnostic"]): r for r in records if r["variable"] == name}
            for number, method in enumerate(methods):
                places = np.arange(len(diagnostics)) + (number - (len(methods) - 1) / 2) * width
                found = (rows.get((method, one), {}).get("value") for one in diagnostics)
                values = [np.nan if one is None else one for one in found]
                panel.bar(
                    places, values, 0.9 * width, color=look(method).colour, label=label(method)
                )
            for diagnostic in diagnostics:
                if (TRUTH, diagnostic) in rows:
                    panel.axhline(rows[TRUTH, diagnostic]["value"], color=TRUTH_COLOUR, label=TRUTH)
            panel.axhline(0.0, color=TRUTH_COLOUR, linewidth=0.7)
            panel.set_xticks(np.arange(len(diagnostics)), list(diagnostics.values()))
            unit = unit_text(str(next(iter(rows.values()))["units"]))
            panel.set_title(f"{name} ({unit})" if unit else name)
        figure.suptitle(title)
        shared_legend(figure, axes[0])
    return figure


def _in_order(records: Sequence[Record], key: str) -> list[str]:
    return list(dict.fromkeys(str(row[key]) for row in records))
