"""What `benchmarks.uncertainty` measured, as tables: coverage by method and by lead fraction."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from temdeep.verification.records import POOLED
from temdeep.verification.tables import TextTable

Records = Sequence[Mapping[str, Any]]

AIM = (88.0, 92.0)
"""Coverage of 90 % intervals that was asked for, in %."""

TOGETHER = "\N{NO-BREAK SPACE}"
"""Between what stands on one line of a cell."""

NEAR = (85.0, 96.0)
"""What is not far from it."""


def by_method(records: Mapping[str, Records]) -> TextTable:
    """How many of each method's coverages are as was asked for, the best method first.

    Args:
        records: By the titles of the test parts.
    """
    whole = [row for rows in records.values() for row in rows]
    each = {
        method: [_coverages(rows, method) for rows in records.values()]
        for method in dict.fromkeys(str(row["method"]) for row in _told(whole))
    }
    pooled = {method: [one for part in parts for one in part] for method, parts in each.items()}
    order = sorted(pooled, key=lambda method: -_share(pooled[method], AIM))
    rows = tuple(
        (
            method,
            *(_counted(part) for part in each[method]),
            _counted(pooled[method]),
            f"{_share(pooled[method], AIM):.0f}",
            f"{_share(pooled[method], NEAR):.0f}",
        )
        for method in order
    )
    header = ("method", *records, "all", "share %", "85 to 96 %: share %")
    title = "Variables and lead fractions with a coverage of 88 to 92 %, the best method first"
    return TextTable(title, header, (rows,))


def coverage_by_lead(title: str, records: Records, method: str) -> TextTable | None:
    """A method's coverage of each variable at each lead fraction; what was asked for is bold."""
    own = [row for row in _told(records) if row["method"] == method]
    leads = sorted({row["lead_fraction"] for row in own} - {None})
    if not leads:
        return None
    rows = []
    for variable in dict.fromkeys(str(row["variable"]) for row in own):
        of_lead = {
            row["lead_fraction"]: row["coverage_90"] for row in own if row["variable"] == variable
        }
        rows.append((variable, *(_marked(of_lead[lead]) for lead in [*leads, None])))
    header = ("variable", *(f"θ = {lead:.2f}" for lead in leads), "all θ")
    heading = f"{title}: coverage by {method}, %, bold where it is 88 to 92 %"
    return TextTable(heading, header, (tuple(rows),))


def table(title: str, records: Records) -> TextTable:
    """Coverage over all lead fractions and at each in turn, and CRPS beside MAE."""
    told = _told(records)
    groups = []
    for variable in dict.fromkeys(row["variable"] for row in told):
        rows: list[tuple[str, ...]] = []
        for method in dict.fromkeys(row["method"] for row in told):
            own = [row for row in told if (row["variable"], row["method"]) == (variable, method)]
            whole = next((row for row in own if row["lead_fraction"] is None), None)
            if whole is not None:
                rows.append(_row("" if rows else str(variable), method, [whole], _by_lead(own)))
        groups.append(tuple(rows))
    if len(groups) > 1:
        groups.append(_of_all(told))
    header = ("variable", "method", "coverage %", "at each θ in turn", "θ at 88 to 92 %",
              "CRPS below MAE by %", "spread/RMSE")  # fmt: skip
    return TextTable(title, header, tuple(groups), words=2)


def overall(records: Records) -> str:
    """How often coverage is what it should be, over all and by the best and the worst method."""
    each = {
        method: _coverages(records, method)
        for method in dict.fromkeys(str(row["method"]) for row in _told(records))
    }
    whole = [one for own in each.values() for one in own]
    near, far = _share(whole, AIM), _share(whole, NEAR)
    order = sorted(each, key=lambda method: _share(each[method], AIM))
    ends = [f"{method} ({_counted(each[method])})" for method in (order[-1], order[0])]
    return (
        f"Of {len(whole)} variables, methods and lead fractions {near:.0f} % have 88 to 92 % of"
        f" the truth inside, {far:.0f} % have 85 to 96 %. The aim is met most often by {ends[0]},"
        f" least often by {ends[1]}."
    )


def _told(records: Records) -> list[Mapping[str, Any]]:
    """Records of single variables of which a method said how wrong it may be."""
    return [row for row in records if row.get("crps") is not None and row["variable"] != POOLED]


def _coverages(records: Records, method: str) -> list[float]:
    """Of a method, for each variable and lead fraction."""
    return [
        row["coverage_90"]
        for row in _told(records)
        if row["method"] == method and row["lead_fraction"] is not None
    ]


def _by_lead(records: Records) -> list[float]:
    """Mean coverage at each lead fraction, in order."""
    leads = sorted({row["lead_fraction"] for row in records} - {None})
    return [
        mean(row["coverage_90"] for row in records if row["lead_fraction"] == lead)
        for lead in leads
    ]


def _of_all(told: Records) -> tuple[tuple[str, ...], ...]:
    """Means over variables, at each lead fraction in turn."""
    rows: list[tuple[str, ...]] = []
    for method in dict.fromkeys(row["method"] for row in told):
        own = [row for row in told if row["method"] == method]
        whole = [row for row in own if row["lead_fraction"] is None]
        rows.append(_row("" if rows else "mean of all", method, whole, _by_lead(own)))
    return tuple(rows)


def _row(variable: str, method: str, whole: Records, each: Sequence[float]) -> tuple[str, ...]:
    """Means of some records over all lead fractions, beside coverage at each of these."""
    return (
        variable,
        str(method),
        f"{mean(row['coverage_90'] for row in whole):.1f}",
        TOGETHER.join(f"{one:.0f}" for one in each),
        _counted(each),
        f"{100 * mean(1 - row['crps'] / row['mae'] for row in whole):.0f}",
        f"{mean(row['spread_over_rmse'] for row in whole):.2f}",
    )


def _within(coverage: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= coverage <= limits[1]


def _share(each: Sequence[float], limits: tuple[float, float]) -> float:
    """In %."""
    return 100 * sum(_within(one, limits) for one in each) / len(each)


def _counted(each: Sequence[float]) -> str:
    met = sum(_within(one, AIM) for one in each)
    return TOGETHER.join([str(met), "of", str(len(each))]) if each else "–"


def _marked(coverage: float) -> str:
    return f"**{coverage:.1f}**" if _within(coverage, AIM) else f"{coverage:.1f}"
