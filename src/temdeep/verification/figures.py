"""Curves: a variable at one place, error against lead fraction, power against wavelength."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from temdeep.metric import Float64Array, FloatArray
from temdeep.verification.figure_style import (
    RC,
    TRUTH_COLOUR,
    label,
    look,
    panels,
    shared_legend,
    unit_text,
)

TALLEST = 1.3
"""Height of a panel of errors, in linear's largest, or the largest drawn if that is rounding."""

TOP_RATIO = (1.6, 3.0)
"""The top of a panel of power over the truth's: as high as the curves, between these."""

Records = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class PlaceSeries:
    """One variable at one cell over some days.

    Attributes:
        name: The variable, in words.
        units: As in the file.
        place: Where the cell is, as text.
        since: First time, as text.
        hours: Times of `truth`, hours since the first, or the bounds of its periods, then one
            more than values.
        dates: The same as dates where the calendar is the usual one, else None.
        truth: Given and withheld values, shape (time,).
        given: Where `truth` is given, not withheld; for periods: none.
        filled: What each method made, shape (time,).
    """

    name: str
    units: str
    place: str
    since: str
    hours: Float64Array
    dates: npt.NDArray[np.datetime64] | None
    truth: FloatArray
    given: npt.NDArray[np.bool_]
    filled: Mapping[str, FloatArray]


def draw_place(
    series: PlaceSeries, methods: Sequence[str], size: tuple[float, float] = (9.5, 4.6)
) -> Figure:
    """Draw truth, given points and what methods made of them, with their errors below."""
    with mpl.rc_context(RC):
        figure = Figure(size)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1.0])
        times = series.hours if series.dates is None else series.dates
        truth_style = {"color": TRUTH_COLOUR, "linewidth": 1.0}
        _curve(
            upper, times, series.truth, label="withheld truth", alpha=0.9, zorder=2, **truth_style
        )
        for method in methods:
            here = look(method)
            style = {"color": here.colour, "linestyle": here.line, "linewidth": here.width}
            _curve(upper, times, series.filled[method], label=label(method), zorder=3, **style)
            _curve(lower, times, series.filled[method] - series.truth, zorder=3, **style)
        if series.given.any():
            points = {"marker": "o", "linestyle": "", "markersize": 5.5, "color": TRUTH_COLOUR}
            upper.plot(
                times[series.given], series.truth[series.given], label="given", zorder=4, **points
            )
        lower.axhline(0.0, color=TRUTH_COLOUR, linewidth=0.7)
        units = unit_text(series.units)
        upper.set_ylabel(units)
        lower.set_ylabel(f"error ({units})" if units else "error")
        upper.set_title(f"{series.name} at {series.place}", loc="left")
        if series.dates is None:
            lower.set_xlabel(f"hours since {series.since}")
        else:
            locator = AutoDateLocator()  # type: ignore[no-untyped-call]
            lower.xaxis.set_major_locator(locator)
            dates = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
            lower.xaxis.set_major_formatter(dates)
            lower.set_xlabel(f"UTC, from {series.since}")
        lower.margins(x=0.01)
        shared_legend(figure, upper)
    return figure


def draw_lead_error(records: Records, methods: Sequence[str], units: Mapping[str, str]) -> Figure:
    """Draw RMSE against lead fraction, a panel per variable.

    Args:
        records: Of an evaluation.
        methods: Which to draw, in order.
        units: Unit of each variable; its keys are the panels.
    """
    figure, axes = panels(len(units))
    with mpl.rc_context(RC):
        for panel, (variable, unit) in zip(axes, units.items(), strict=True):
            plot_lead_error(panel, records, variable, methods)
            panel.set_title(f"{variable} ({unit_text(unit)})" if unit_text(unit) else variable)
        hours = float(records[0]["span_hours"])
        span = f"{hours:g} h" if hours >= 1 else f"{60 * hours:g} min"
        beyond = " (nearest may leave the scale)" if "nearest" in methods else ""
        figure.suptitle(f"RMSE against withheld truth inside intervals of {span}{beyond}")
        shared_legend(figure, axes[0])
    return figure


def plot_lead_error(panel: Axes, records: Records, variable: str, methods: Sequence[str]) -> None:
    """Draw RMSE of one variable against lead fraction into a panel."""
    for method in methods:
        points = sorted(
            (float(row["lead_fraction"]), float(row["rmse"]))
            for row in records
            if row["variable"] == variable
            and row["method"] == method
            and row["lead_fraction"] is not None
            and row["rmse"] is not None
        )
        here = look(method)
        panel.plot(
            *np.array(points).reshape(-1, 2).T, color=here.colour, linestyle=here.line,
            marker=here.marker, markersize=4.5, linewidth=here.width, label=label(method),
        )  # fmt: skip
    panel.set_xlim(0.0, 1.0)
    panel.set_ylim(0.0, _most(records, variable, methods) * TALLEST)
    panel.set_xlabel("lead fraction θ")


def _most(records: Records, variable: str, methods: Sequence[str]) -> float:
    """Largest RMSE of linear at any lead fraction: the measure of a panel.

    The largest of all that is drawn where straight lines are exact but for rounding.
    """
    rows = [
        row
        for row in records
        if row["variable"] == variable
        and row["lead_fraction"] is not None
        and row["rmse"] is not None
    ]
    lines = (
        float(row["rmse"])
        for row in rows
        if row["method"] == "linear" and row["restoration_rate"] is not None
    )
    drawn = (float(row["rmse"]) for row in rows if row["method"] in methods)
    return max(lines, default=0.0) or max(drawn, default=0.0) or 1.0


def draw_spectra(
    ratios: Mapping[str, Mapping[str, Float64Array]],
    wavelength_km: Float64Array,
    methods: Sequence[str],
) -> Figure:
    """Draw power over the truth's power against wavelength, in the middle of intervals.

    Args:
        ratios: For each variable and method, shape (wavelength,).
        wavelength_km: Shape (wavelength,).
        methods: Which to draw, in order.
    """
    figure, axes = panels(len(ratios))
    with mpl.rc_context(RC):
        for panel, (variable, of_method) in zip(axes, ratios.items(), strict=True):
            plot_spectra(panel, of_method, wavelength_km, methods)
            panel.set_title(variable)
        axes[0].set_ylabel("power / truth's power")
        figure.suptitle(
            "Power along rows in the middle of intervals: below 1 is too smooth, above too rough"
        )
        shared_legend(figure, axes[0])
    return figure


def plot_spectra(
    panel: Axes,
    of_method: Mapping[str, Float64Array],
    wavelength_km: Float64Array,
    methods: Sequence[str],
) -> None:
    """Draw power over the truth's power of one variable into a panel."""
    panel.axhline(1.0, color=TRUTH_COLOUR, linewidth=1.0, label="withheld truth")
    for method in methods:
        here = look(method)
        panel.plot(
            wavelength_km, of_method[method], color=here.colour, linestyle=here.line,
            linewidth=here.width, label=label(method),
        )  # fmt: skip
    panel.set_xscale("log")
    panel.invert_xaxis()
    panel.set_xticks(_round_ticks(wavelength_km))
    panel.xaxis.set_major_formatter(ScalarFormatter())
    panel.xaxis.set_minor_locator(NullLocator())
    top = _mark_beyond(panel, of_method, wavelength_km, methods)
    panel.set_ylim(0.0, top)
    panel.set_xlabel("wavelength (km)")


def _mark_beyond(
    panel: Axes,
    of_method: Mapping[str, Float64Array],
    wavelength_km: Float64Array,
    methods: Sequence[str],
) -> float:
    """Mark where curves of power leave the axis, with how far they go.

    Returns:
        The top of the axis: as high as the highest curve, between bounds.
    """
    highest = max((_highest(of_method[method]) for method in methods), default=0.0)
    top = float(np.clip(1.05 * highest, *TOP_RATIO))
    for method in methods:
        ratio, colour = of_method[method], look(method).colour
        beyond = np.flatnonzero(ratio > top)
        if len(beyond):
            panel.plot(
                wavelength_km[beyond], np.full(len(beyond), top), color=colour, linestyle="",
                marker="^", markersize=5, clip_on=False, zorder=5,
            )  # fmt: skip
            panel.annotate(
                f"up to {_highest(ratio):.2g}", (wavelength_km[beyond[0]], top), xytext=(-6, -9),
                textcoords="offset points", ha="right", fontsize="small", color=colour,
            )  # fmt: skip
    return top


def _highest(ratio: Float64Array) -> float:
    """The largest that is known, 0 where nothing is."""
    return float(np.max(ratio, initial=0.0, where=np.isfinite(ratio)))


def _round_ticks(wavelength_km: Float64Array) -> list[float]:
    """Three to seven round wavelengths inside the range."""
    low, high = float(wavelength_km.min()), float(wavelength_km.max())
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    candidates = np.sort(np.concatenate([decades, 2 * decades, 5 * decades]))
    return [float(tick) for tick in candidates if low <= tick <= high]


def _curve(axes: Axes, times: npt.NDArray[Any], values: FloatArray, **style: Any) -> None:
    """A line through instants, or steps over periods (one more bound than values)."""
    if len(times) == len(values):
        axes.plot(times, values, **style)
    else:
        axes.step(times, np.append(values, values[-1]), where="post", **style)
