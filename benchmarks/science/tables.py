"""Rows as text: restoration rates by case and method, and differences between methods."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from benchmarks.science.contenders import CONTENDERS

DRAWS = 2000
FEWEST_BLOCKS = 5

Row = Mapping[str, Any]


def pooled(row: Row) -> Mapping[str, Any] | None:
    """The record over all instantaneous variables, of periods where there are no instants."""
    for name in ("pooled", "pooled_period"):
        for one in row["records"]:
            if one["variable"] == name and one["lead_fraction"] is None:
                return dict(one)
    return None


def summary(row: Row) -> str:
    """One row in a line."""
    found = pooled(row)
    rate = _number(found["restoration_rate"] if found else None)
    return f"{row['case']} {row['method']}: {rate} % ({row['train_s']} s + {row['apply_s']} s)"


def show(rows: Iterable[Row]) -> str:
    """A Markdown table: a line for each case, a column for each method."""
    by_case: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_case.setdefault(row["case"], {})[row["method"]] = row
    methods = sorted({name for found in by_case.values() for name in found}, key=_place)
    lines = ["| case | " + " | ".join(methods) + " |", "| --- |" + " --- |" * len(methods)]
    for case, found in by_case.items():
        cells = [_rate(found.get(name)) for name in methods]
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def variables(row: Row) -> dict[str, float | None]:
    """Restoration rate of each variable over all lead fractions."""
    return {
        one["variable"]: one["restoration_rate"]
        for one in row["records"]
        if one["lead_fraction"] is None
    }


def difference(row: Row, other: Row, *, seed: int = 0) -> tuple[float, float, float] | None:
    """How many points of pooled restoration rate a row is above another of the same case.

    Days (or what the blocks are) are drawn with replacement for both together.

    Returns:
        The difference and its 95 % interval; None where there are too few blocks.
    """
    own, its, line = (
        np.array(squares)
        for squares in (
            row["squares"][row["method"]],
            other["squares"][other["method"]],
            row["squares"]["linear"],
        )
    )
    if len(line) < FEWEST_BLOCKS:
        return None
    draws = np.random.default_rng(seed).multinomial(
        len(line), np.full(len(line), 1 / len(line)), size=DRAWS
    )
    drawn = np.concatenate([np.ones((1, len(line))), draws])

    def rate(squares: np.ndarray) -> np.ndarray:
        ratio = np.sqrt((drawn @ squares) / (drawn @ line))
        found: np.ndarray = 100 * (1 - np.exp(np.log(ratio).mean(axis=1)))
        return found

    apart = rate(own) - rate(its)
    low, high = np.quantile(apart[1:], [0.025, 0.975])
    return float(apart[0]), float(low), float(high)


def _rate(row: Row | None) -> str:
    found = pooled(row) if row else None
    return _number(found["restoration_rate"] if found else None)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _place(name: str) -> tuple[int, str]:
    first = name.split(" ", maxsplit=1)[0]
    order: Sequence[str] = CONTENDERS
    return (order.index(first) if first in order else len(order)), name
