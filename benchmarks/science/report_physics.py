"""Physics diagnostics as blocks of docs/science.md, from what the diagnostics wrote."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "results"
Record = Mapping[str, Any]
Wanted = Callable[[Record], bool]


def physics_blocks(file: Path) -> dict[str, str]:
    """Blocks by name.

    Args:
        file: `diagnostics.json` of one data set.
    """
    if not file.is_file():
        return dict.fromkeys(_BLOCKS, "")
    records = json.loads(file.read_text(encoding="utf-8"))["records"]
    return {name: "\n".join(_table(records, *what)) for name, what in _BLOCKS.items()}


def trajectory_ratios(file: Path, method: str) -> Iterator[tuple[str, float, float, float]]:
    """How far parcels are off after 24 hours, over linear's: winds, ratio and its interval."""
    records = json.loads(file.read_text(encoding="utf-8"))["records"] if file.is_file() else []
    for one in records:
        wanted = one["diagnostic"] == "trajectory_ratio" and one["lead_h"] == 24
        if wanted and one["method"] == method:
            yield one["variable"], one["value"], one["low"], one["high"]


def _table(records: list[Record], wanted: Wanted, label: Callable[[Record], str]) -> Iterator[str]:
    chosen = [one for one in records if wanted(one)]
    methods = list(dict.fromkeys(one["method"] for one in chosen))
    rows: dict[str, dict[str, Record]] = {}
    for one in chosen:
        rows.setdefault(label(one), {})[one["method"]] = one
    yield "| | " + " | ".join(methods) + " |"
    yield "| --- |" + " --- |" * len(methods)
    for name, found in rows.items():
        yield f"| {name} | " + " | ".join(_cell(found.get(one)) for one in methods) + " |"


def _cell(record: Record | None) -> str:
    if record is None or record["value"] is None:
        return "–"
    low = record.get("low")
    between = (
        "" if low is None or low == record["value"] else f" ({low:.2f} … {record['high']:.2f})"
    )
    return f"{record['value']:.3g}{between}"


_BLOCKS: Mapping[str, tuple[Wanted, Callable[[Record], str]]] = {
    "trajectories": (
        lambda one: (
            one["diagnostic"] in ("trajectory_error", "trajectory_ratio") and one["lead_h"] == 24
        ),
        lambda one: (
            f"{one['variable']}, km"
            if one["diagnostic"] == "trajectory_error"
            else f"{one['variable']}, over linear's"
        ),
    ),
    "spectra": (
        lambda one: (
            one["diagnostic"] in ("kinetic_energy_ratio", "power_ratio")
            and one["variable"] in ("u10/v10", "u850/v850", "q850")
            and (one["from_km"] is None or 500 <= one["from_km"] < 2000)
        ),
        lambda one: (
            one["variable"]
            + (
                ", all waves"
                if one["from_km"] is None
                else f", {one['from_km']:.0f} to {one['to_km']:.0f} km"
            )
        ),
    ),
    "extremes": (
        lambda one: (
            one["diagnostic"] == "interval_extremes"
            and one["method"] != "linear"
            and one["variable"] in ("t2m", "ps", "u10", "v10", "t850", "q850", "u850", "v850")
        ),
        lambda one: str(one["variable"]),
    ),
    "budgets": (
        lambda one: one["diagnostic"] == "area_mean_ratio" and one["variable"] in ("ps", "q850"),
        lambda one: str(one["variable"]),
    ),
    "kinks": (
        lambda one: (
            one["diagnostic"] == "tendency_jump" and one["variable"] in ("t2m", "u10", "q850")
        ),
        lambda one: f"{one['variable']}, over {one['step_s'] / 60:.0f} min",
    ),
}
