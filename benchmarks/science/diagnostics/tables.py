"""What the records of the diagnostics say, as tables: a row per variable, a column per method."""

from collections.abc import Iterator, Sequence

from benchmarks.science.diagnostics.filled import Record
from rich import box
from rich.table import Table

LEADS_H = (6.0, 12.0, 24.0)


def tables(records: Sequence[Record]) -> Iterator[Table]:
    """A table for each diagnostic; of trajectories only after 6, 12 and 24 hours.

    Errors by lead fraction are left out: their figure says more.
    """
    columns = list(dict.fromkeys(str(row["method"]) for row in records))
    for diagnostic in dict.fromkeys(str(row["diagnostic"]) for row in records):
        if diagnostic.endswith("by_lead_fraction"):
            continue
        rows = [row for row in records if row["diagnostic"] == diagnostic]
        rows = [row for row in rows if row.get("lead_h", LEADS_H[0]) in LEADS_H]
        methods = [one for one in columns if any(row["method"] == one for row in rows)]
        drawn = Table(title=diagnostic.replace("_", " "), box=box.SIMPLE, title_justify="left")
        drawn.add_column("variable")
        for method in methods:
            drawn.add_column(method, justify="right")
        cells: dict[str, dict[str, str]] = {}
        for row in rows:
            cells.setdefault(_row_name(row), {})[str(row["method"])] = _cell(row)
        for name, of_method in cells.items():
            drawn.add_row(name, *(of_method.get(method, "") for method in methods))
        if rows:
            yield drawn


def _row_name(row: Record) -> str:
    """Variable, unit and whatever else tells its rows apart."""
    parts = [str(row["variable"])]
    if row["units"] not in ("1", ""):
        parts.append(f"({row['units']})")
    if "lead_h" in row:
        parts.append(f"after {row['lead_h']:g} h")
    if "from_km" in row:
        band = "all" if row["from_km"] is None else f"{row['from_km']:g} to {row['to_km']:g} km"
        parts.append(f"{band}, {row['share']:.1%} of power")
    if "step_s" in row:
        parts.append(f"over {row['step_s'] / 60:.3g} min")
    if row.get("path_km") is not None:
        parts.append(f"of {row['path_km']:.0f}, {row['lost']:.0%} lost")
    return " ".join(parts)


def _cell(row: Record) -> str:
    if row["value"] is None:
        return ""
    text = f"{row['value']:.1f}" if row["units"] == "%" else f"{row['value']:.3g}"
    if row.get("low") is not None:
        text += f" [{row['low']:.2f} {row['high']:.2f}]"
    return text
