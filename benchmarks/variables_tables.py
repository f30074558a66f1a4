"""How records are printed: a table a case, and the targets."""

from collections.abc import Mapping, Sequence

from benchmarks.variables_cases import Case
from benchmarks.variables_contenders import CDO, DRAW, OURS, XARRAY
from benchmarks.variables_targets import Record, Rows, Target, best_classical, rows_of
from rich import box
from rich.markup import escape
from rich.table import Table

COLUMNS = (
    "variable", "kind", "treatment", "linear", "best classical", OURS, DRAW, XARRAY, CDO,
    "conserved", "wet area: even mean draw", "impossible",
)  # fmt: skip
WORDS = 3
"""Columns of words come first, then columns of numbers."""


def case_table(name: str, case: Case, records: Sequence[Record]) -> Table:
    """Every variable of a case in a row."""
    drawn = _table(_heading(name, case))
    for i, title in enumerate(COLUMNS):
        drawn.add_column(title, justify="left" if i < WORDS else "right", overflow="fold")
    for (_, variable), rows in rows_of(records).items():
        drawn.add_row(*map(escape, _cells(variable, rows)))
    return drawn


def as_markdown(
    cases: Mapping[str, Case], records: Sequence[Record], reached: Sequence[Target], foot: str
) -> str:
    """The same tables to read in a browser."""
    lines = ["# Every variable of real files, withheld and filled in", "", foot, ""]
    lines += ["| target | met | missed in |", "| --- | ---: | --- |"]
    for one in reached:
        misses = "; ".join(one.misses)
        lines.append(f"| {one.target} | {one.met} of {one.of} | {misses} |")
    for name, case in cases.items():
        own = [record for record in records if record["case"] == name]
        if own:
            lines += ["", f"## {_heading(name, case)}", "", f"| {' | '.join(COLUMNS)} |"]
            lines.append("|" + " --- |" * WORDS + " ---: |" * (len(COLUMNS) - WORDS))
            for (_, variable), rows in rows_of(own).items():
                lines.append(f"| {' | '.join(_cells(variable, rows))} |")
    return "\n".join(lines) + "\n"


def _heading(name: str, case: Case) -> str:
    part = f" ({case.part})" if case.part else ""
    return f"{name}: {case.file}{part}, one time in {case.every} kept"


def _cells(variable: str, rows: Rows) -> list[str]:
    ours, best = rows[OURS], best_classical(rows)
    return [
        f"{variable} ({ours['units']})",
        ours["kind"],
        ours["treatment"].split(":")[0],
        _number(rows["linear"]["rmse"]),
        f"{_number(best['rmse'])} {best['method']}",
        *(
            _number(rows[name]["rmse"]) if name in rows else ""
            for name in (OURS, DRAW, XARRAY, CDO)
        ),
        "" if ours.get("conservation_error") is None else f"{ours['conservation_error']:.0e}",
        " ".join(
            f"{rows[name]['wet_area_ratio_0.1']:.2f}"
            for name in ("linear", OURS, DRAW)
            if name in rows and rows[name].get("wet_area_ratio_0.1") is not None
        ),
        f"{100 * ours['impossible_share']:.2g} %",
    ]


def target_table(reached: Sequence[Target]) -> Table:
    """What was to be reached, and where it was not."""
    drawn = _table("Targets")
    for title in ("target", "met", "missed in"):
        drawn.add_column(title, overflow="fold")
    for one in reached:
        drawn.add_row(one.target, f"{one.met} of {one.of}", escape("; ".join(one.misses)))
    return drawn


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def _number(value: float) -> str:
    return f"{value:.4g}"
