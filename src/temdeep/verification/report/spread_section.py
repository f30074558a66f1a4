"""What the report says and shows of whether the errors that a method states can be trusted.

Knows: evaluations, records. Must not know: how the page is laid out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from temdeep.verification.examples import find_channel
from temdeep.verification.figure_style import TRUTH_COLOUR, label, look, unit_text
from temdeep.verification.records import REFERENCE
from temdeep.verification.report.panels import panel
from temdeep.verification.report.sections import Chart, Subject
from temdeep.verification.report.tabulating import Cell, ReportTable, TableRow
from temdeep.verification.report.words import (
    FIT,
    FITS,
    TIED,
    fit_of,
    inside,
    listed,
    quantity,
    units,
)
from temdeep.verification.spread_figures import plot_reliability, plot_spread_skill, sums_of
from temdeep.verification.tables import whole_rows
from temdeep.verification.uncertainty import LEVELS, MAIN, SpreadSums

NOMINAL = 90.0
"""Percent of the truth that the interval which is judged should hold."""

HALF = LEVELS.index(0.5)

MARGIN = 8.0
"""Percent on the axis of coverage that are free below what is drawn."""


@dataclass(frozen=True)
class SpreadSection:
    """What the report shows of a method's uncertainty.

    Attributes:
        headline: How much of the truth the 90 % interval holds.
        groups: The same by variable, a sentence for each width.
        worth: What it makes of the method's score.
        table: Coverage, CRPS and spread of each variable.
        coverage, reliability, skill: Curves, one of each for each variable.
    """

    headline: str
    groups: tuple[str, ...]
    worth: str
    table: ReportTable
    coverage: tuple[Chart, ...]
    reliability: tuple[Chart, ...]
    skill: tuple[Chart, ...]


def draw_spread_section(subject: Subject) -> SpreadSection | None:
    """The section; None where the method does not say how wrong it may be."""
    rows = spread_rows(subject.evaluation.records, subject.method, subject.titles)
    if not rows:
        return None
    drawn = [one for one in rows if _sums(subject, one)]
    name = label(subject.method)
    return SpreadSection(
        _headline(rows, name),
        tuple(_groups(rows, subject.titles)) if len(rows) > 1 else (),
        _worth(rows, name),
        _table(rows, subject),
        tuple(_coverage_chart(subject, one, rows[one]) for one in drawn),
        tuple(_reliability_chart(subject, one) for one in drawn),
        tuple(_skill_chart(subject, one, rows[one]) for one in drawn),
    )


def spread_rows(
    records: Sequence[Mapping[str, Any]], method: str, variables: Mapping[str, str]
) -> dict[str, Mapping[str, Any]]:
    """Records over all lead fractions, of the variables that a method tells its errors of."""
    found = {name: whole_rows(records, name).get(method, {}) for name in variables}
    return {name: row for name, row in found.items() if row.get("coverage_90") is not None}


def _headline(rows: Mapping[str, Mapping[str, Any]], name: str) -> str:
    """How much it holds, and whether it should; of several variables, for how many it does."""
    fits = [fit_of(row["coverage_90"]) for row in rows.values()]
    mean = float(np.mean([row["coverage_90"] for row in rows.values()]))
    told = f"The 90{TIED}% interval of {name} holds {inside(mean)} of the truth"
    if len(fits) == 1:
        return f"{told}: {fits[0]}."
    right = fits.count(fit_of(FIT[1])) or "none"
    many = "each" if right == len(fits) else right
    return (
        f"{told} on average over {len(fits)} variables; for {many} of them it is as it should be."
    )


def _groups(rows: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str]) -> Iterator[str]:
    """Which variables' intervals are of which width, the narrowest first."""
    for words in FITS:
        named = [
            f"{titles[variable]} ({inside(row['coverage_90'])})"
            for variable, row in rows.items()
            if fit_of(row["coverage_90"]) == words
        ]
        if named:
            yield f"{words.capitalize()}: {listed(named)}."


def _worth(rows: Mapping[str, Mapping[str, Any]], name: str) -> str:
    """The CRPS beside the MAE; empty where there is no error."""
    gains = [round(gain) for row in rows.values() if (gain := _gain(row)) is not None]
    if not gains:
        return ""
    low, high = min(gains), max(gains)
    told = f"{low}{TIED}%" if low == high else f"{low} to {high}{TIED}%"
    return (
        f"Scored with all that it says of its errors (CRPS), {name} is {told} better than by its"
        " values alone (MAE)."
    )


def _gain(row: Mapping[str, Any]) -> float | None:
    """How far the CRPS is below the MAE, in percent."""
    return 100.0 * (1.0 - row["crps"] / row["mae"]) if row["mae"] else None


def _table(rows: Mapping[str, Mapping[str, Any]], subject: Subject) -> ReportTable:
    found = []
    for variable, row in rows.items():
        each = _by_lead(subject, variable, subject.method)[1]
        unit, gain = units(row["units"]), _gain(row)
        ratio = row["spread_over_rmse"]
        found.append(
            TableRow(
                subject.titles[variable],
                "",
                (
                    Cell(f"{row['coverage_90']:.1f}", row["coverage_90"]),
                    Cell(fit_of(row["coverage_90"])),
                    Cell(f"{min(each):.0f} … {max(each):.0f}" if len(each) else "–"),
                    Cell(quantity(row["crps"], unit), row["crps"]),
                    Cell(quantity(row["mae"], unit), row["mae"]),
                    Cell("–" if gain is None else f"{gain:.0f}", gain),
                    Cell("–" if ratio is None else f"{ratio:.2f}", ratio),
                ),
            )
        )
    header = ("Variable", "Inside %", "The interval is", "By lead fraction %", "CRPS", "MAE",
              "CRPS under MAE %", "Spread / RMSE")  # fmt: skip
    caption = (
        f"Inside: share of the withheld truth in the 90 % interval of {label(subject.method)}; 88"
        " to 92 is as it should be. CRPS and MAE have one unit, and the smaller the better."
        " Spread over RMSE: below 1 errors are larger than was said."
    )
    return ReportTable("How wrong it may be", caption, header, tuple(found))


def _by_lead(subject: Subject, variable: str, method: str) -> tuple[list[float], list[float]]:
    """Lead fractions and the percentage inside the interval at each."""
    points = sorted(
        (float(row["lead_fraction"]), float(row["coverage_90"]))
        for row in subject.evaluation.records
        if (row["variable"], row["method"]) == (variable, method)
        and row["lead_fraction"] is not None
        and row.get("coverage_90") is not None
    )
    return [theta for theta, _ in points], [covered for _, covered in points]


def _sums(subject: Subject, variable: str) -> dict[str, SpreadSums]:
    return sums_of(*find_channel(subject.evaluation, variable), subject.methods)


def _coverage_chart(subject: Subject, variable: str, row: Mapping[str, Any]) -> Chart:
    """Coverage of the 90 % interval against lead fraction."""
    figure, axes = panel()
    lowest, title = FIT[0], subject.titles[variable]
    # in a colour that the page knows: SVG leaves out the ink of what is filled with it
    axes.axhspan(*FIT, color=look(REFERENCE).colour, alpha=0.18, linewidth=0)
    axes.axhline(NOMINAL, color=TRUTH_COLOUR, linewidth=0.8)
    for method in subject.methods:
        thetas, covered = _by_lead(subject, variable, method)
        _curve(axes, method, thetas, covered)
        lowest = min([lowest, *covered])
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(max(0.0, lowest - MARGIN), 101.0)
    axes.set_xlabel("lead fraction θ")
    axes.set_ylabel(f"inside the {NOMINAL:.0f} % interval (%)")
    each = _by_lead(subject, variable, subject.method)[1]
    alt = (
        f"Share of the truth of {title} inside the 90 % interval against lead fraction, which"
        f" should be 90 %; {label(subject.method)}: {min(each):.0f} to {max(each):.0f} %, over all"
        f" of them {inside(row['coverage_90'])}, {fit_of(row['coverage_90'])}."
    )
    return Chart(title, subject.charts.inline(figure, subject.colours, alt))


def _curve(axes: Axes, method: str, x: Sequence[float], y: Sequence[float]) -> None:
    here = look(method)
    axes.plot(
        x, y, color=here.colour, linestyle=here.line, marker=here.marker, markersize=4.5,
        linewidth=here.width, label=label(method),
    )  # fmt: skip


def _reliability_chart(subject: Subject, variable: str) -> Chart:
    """Coverage of all central intervals against what they are said to hold."""
    figure, axes = panel()
    tally, index = find_channel(subject.evaluation, variable)
    plot_reliability(axes, tally, index, subject.methods)
    axes.set_ylabel("truth inside (%)")
    held = {method: 100 * sums.coverage(index) for method, sums in _sums(subject, variable).items()}
    told = listed(
        f"{label(method)} {each[HALF]:.0f} % in the 50 % interval and {each[MAIN]:.0f} % in the"
        " 90 % interval"
        for method, each in held.items()
    )
    title = subject.titles[variable]
    alt = f"Share of the truth of {title} inside intervals said to hold 0 to 100 %: {told}."
    return Chart(title, subject.charts.inline(figure, subject.colours, alt))


def _skill_chart(subject: Subject, variable: str, row: Mapping[str, Any]) -> Chart:
    """RMSE where one standard deviation or another was said."""
    figure, axes = panel()
    tally, index = find_channel(subject.evaluation, variable)
    plot_spread_skill(axes, tally, index, subject.methods)
    unit = unit_text(row["units"])
    axes.set_ylabel(f"RMSE there ({unit})" if unit else "RMSE there")
    spread, skill = _sums(subject, variable)[subject.method].skill(index)
    title, plain = subject.titles[variable], units(row["units"])
    alt = f"RMSE of {title} against the standard deviation that was said, on log axes"
    if len(spread):
        alt += (
            f"; {label(subject.method)}: where {quantity(spread[0], plain)} is said errors are"
            f" {quantity(skill[0], plain)}, where {quantity(spread[-1], plain)} is said"
            f" {quantity(skill[-1], plain)}"
        )
    return Chart(title, subject.charts.inline(figure, subject.colours, f"{alt}."))
