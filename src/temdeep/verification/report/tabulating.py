"""Tables of the report: cells with their text and the number behind it.

Knows: records, comparisons and breakdown. Must not know: HTML.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temdeep.verification.breakdown import BY_REGION
from temdeep.verification.figure_style import label
from temdeep.verification.records import REFERENCE
from temdeep.verification.report.words import duration, ends, number, percent, quantity, units
from temdeep.verification.tables import (
    POOLED_NAMES,
    best_method,
    is_straight,
    methods_of,
    whole_rows,
)

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: What is read first.
        value: The number in the JSON of scores that it shows.
        small: What stands below it: an interval, an RMSE.
        best: Whether it is the best of its row.
        share: Length of a bar behind it, 0 to 100; None for no bar.
    """

    text: str
    value: float | None = None
    small: tuple[str, ...] = ()
    best: bool = False
    share: float | None = None


@dataclass(frozen=True)
class TableRow:
    """A row: its heading, what stands below that, its cells."""

    title: str
    below: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ReportTable:
    """A table.

    Attributes:
        name: In a few words.
        caption: What it shows and how to read it.
        header: Of all columns, that of the rows' headings first.
        rows: From the top.
    """

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[TableRow, ...]


def scores_table(records: Rows, titles: Mapping[str, str], subject: str) -> ReportTable:
    """Restoration rate with its interval and RMSE, for each variable and method.

    Args:
        records: Of an evaluation.
        titles: Variables, pooled ones included, with their names in words.
        subject: The method that is reported on, which stands first.
    """
    methods = list(dict.fromkeys([subject, REFERENCE, *methods_of(records)]))
    rows = []
    for variable, title in titles.items():
        whole = whole_rows(records, variable)
        leader = best_method(records, variable)
        best = percent(whole[leader]["restoration_rate"]) if leader else ""
        unit = units(whole[REFERENCE]["units"])
        below = [] if title == variable or variable in POOLED_NAMES else [variable]
        if variable not in POOLED_NAMES:
            below.append(f"RMSE in {unit}" if unit else "RMSE without unit")
        cells = [_score(whole[method], best) for method in methods]
        rows.append(TableRow(title, ", ".join(below), tuple(cells)))
    known = any(row["restoration_rate_low"] is not None for row in records)
    caption = (
        "Restoration rate: % of the straight line's error (RMSE) that a method takes away; below"
        f" it {'the 95 % interval, and ' if known else ''}the RMSE itself. ✓ marks the best of a"
        " row."
    )
    if any(is_straight(whole_rows(records, variable)) for variable in titles):
        caption += " –: straight lines are exact there but for rounding."
    name = "Restoration rates and errors"
    return ReportTable(name, caption, ("Variable", *map(label, methods)), tuple(rows))


def _score(row: Mapping[str, Any], best: str) -> Cell:
    """A rate, its interval (that of linear is none) and the RMSE; best if it prints as the best."""
    rate, low, high = (row[f"restoration_rate{end}"] for end in ("", "_low", "_high"))
    small = [] if low is None or row["method"] == REFERENCE else [ends(low, high)]
    small += [] if row["rmse"] is None else [number(row["rmse"])]
    return Cell(percent(rate), rate, tuple(small), rate is not None and percent(rate) == best)


def details_table(
    records: Rows, titles: Mapping[str, str], subject: str, rival: str
) -> ReportTable:
    """Extremes, fine scales, bias and promises kept, for each variable.

    Args:
        records: Of an evaluation.
        titles: Variables with their names in words.
        subject: The method that is reported on.
        rival: Another that stands beside it.
    """
    beside = list(dict.fromkeys((REFERENCE, rival, subject)))
    header = [f"Extremes recovered %, {label(method)}" for method in beside]
    header += [f"Fine scales, {label(method)}" for method in beside]
    header += [
        f"Bias, {label(subject)}",
        "Anomaly correlation",
        "At given times or in totals off by",
    ]
    rows = []
    for variable, title in titles.items():
        whole = whole_rows(records, variable)
        own = whole[subject]
        unit = units(own["units"])
        cells = [_cell(percent, whole[method].get("extremes_recovered")) for method in beside]
        cells += [_cell(_ratio, whole[method].get("spectrum_ratio")) for method in beside]
        cells.append(Cell(_bias(own, unit), own["bias"]))
        cells.append(_cell(_correlation, own["correlation"]))
        promise = own.get("end_point_error", own.get("conservation_error"))
        cells.append(_promise(promise, unit if "end_point_error" in own else "of the total"))
        rows.append(TableRow(title, "", tuple(cells)))
    caption = (
        "Extremes: how much of what the given values miss of each interval's highest and lowest"
        " value comes back. Fine scales: power in waves under six cells over the truth's, 1 is"
        " right, less is too smooth. The last column is 0 to rounding by construction."
    )
    return ReportTable(
        "Extremes, fine scales, promises kept", caption, ("Variable", *header), tuple(rows)
    )


def rain_table(
    records: Rows, titles: Mapping[str, str], subject: str, rival: str
) -> ReportTable | None:
    """Where it rains, for precipitation; None without any."""
    beside = list(dict.fromkeys((REFERENCE, rival, subject)))
    rows = []
    for variable, title in titles.items():
        whole = whole_rows(records, variable)
        if whole[subject].get("wet_area_ratio") is not None:
            cells = [
                _cell(_ratio, whole[method].get(score))
                for score in ("wet_area_ratio", "critical_success_index")
                for method in beside
            ]
            rows.append(TableRow(title, "", tuple(cells)))
    if not rows:
        return None
    header = [
        f"{score}, {label(method)}"
        for score in ("Wet area / truth's", "Critical success index")
        for method in beside
    ]
    caption = "Precipitation at 0.1 mm/h: 1 is right for both."
    return ReportTable("Where it rains", caption, ("Variable", *header), tuple(rows))


def regions_table(breakdown: Rows, titles: Mapping[str, str], subject: str) -> ReportTable | None:
    """Restoration rate by region; None if the domain is but one."""
    found = [row for row in breakdown if row["by"] == BY_REGION and row["method"] == subject]
    regions = list(dict.fromkeys(row["part"] for row in found))
    if len(regions) < 2:
        return None
    rates = {(row["part"], row["variable"]): row["restoration_rate"] for row in found}
    rows = tuple(
        TableRow(
            region.replace("-", "–"),
            "",
            tuple(_bar(rates.get((region, variable))) for variable in titles),
        )
        for region in regions
    )
    caption = f"Restoration rate of {label(subject)} by region, % of the straight line's error."
    return ReportTable("Restoration rate by region", caption, ("Region", *titles), rows)


def _bar(rate: float | None) -> Cell:
    if rate is None:
        return Cell("–")
    return Cell(percent(rate), rate, share=round(min(max(rate, 0.0), 100.0), 1))


def _cell(show: Any, value: float | None) -> Cell:
    return Cell("–" if value is None else show(value), value)


def _ratio(value: float) -> str:
    return f"{value:.2f}"


def _correlation(value: float) -> str:
    return f"{value:.4f}"


def _bias(row: Mapping[str, Any], unit: str) -> str:
    """A bias; 0 where it is rounding beside the error."""
    bias, rmse = row["bias"], row["rmse"]
    if bias is None or rmse is None or abs(bias) <= 1e-9 * rmse:
        return "0"
    return ("+" if bias > 0 else "") + quantity(bias, unit)


def _promise(value: float | None, unit: str) -> Cell:
    if value is None:
        return Cell("–")
    return Cell("0" if value < 1e-12 else f"{value:.1e} {unit}".strip(), value)


def facts(about: Mapping[str, Any], subject: str) -> Iterator[tuple[str, str]]:
    """What was tested on what, by which code: name and value."""
    split, data, blocks = about["split"], about["data"], about["bootstrap"]
    yield "Data", f"{data['source']}: {data['grid']} cells, {data['times']} times"
    yield "Variables", ", ".join(data["variables"])
    yield "Tested on", f"{split['test_first']} to {split['test_last']}"
    kept = f"one time in {split['withhold']} kept, the others withheld and filled in again"
    yield "Withheld", f"{kept}; intervals of {duration(split['span_hours'])}"
    yield "Method reported on", label(subject)
    unit = blocks["unit"]
    told = "none: fewer than five blocks"
    if not unit.startswith("none"):
        told = f"95 %, {blocks['draws']} draws of {blocks['blocks']} blocks ({unit})"
    yield "Intervals", f"{told}; seed {about['seed']}"
    seconds = about["wall_time_s"]["filling_in"].get(subject)
    if seconds is not None:
        yield "Time to fill in", f"{seconds:.2f} s"
    yield "Code", f"temdeep {about['version']}, commit {about['commit'] or 'not known'}"
    yield "Date", str(about["date"])
