"""Put what was measured into docs/scaling.md: python -m benchmarks.speed.report.

Fills the blocks between `<!-- NAME -->` and `<!-- /NAME -->` from benchmarks/results/speed.json,
and draws docs/figures/speed.png anew.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.blocks import replace_block
from benchmarks.speed.costs import Work, fit
from benchmarks.speed.plot import draw, draw_sweep
from benchmarks.speed.words import WORDS

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "speed.json"
PAGE = ROOT / "docs" / "scaling.md"
FIGURE = ROOT / "docs" / "figures" / "speed.png"
TARGETS = {
    "linear_vs_copy": (">=", 0.5),
    "cubic_vs_copy": (">=", 0.25),
    "linear_vs_cdo": (">=", 1.0),
    "linear_vs_xarray": (">=", 3.0),
    "model_vs_rife_11_outputs": (">=", 5.0),
    "marginal_output": ("<=", 0.15),
    "memory_20x_over_1x": ("<=", 1.1),
    "memory_10x_outputs": ("<=", 1.1),
    "train_scaling_2_processes": (">=", 1.6),
}
ARCHIVE = {"intervals": 40 * 365.25 * 24, "points": 721 * 1440, "variables": 10, "outputs": 5}
"""ERA5 at 0.25 degrees, 40 years, hourly to ten minutes."""

SWEPT = "core_seconds_"
GRIDS = ((181, 360), (721, 1440))
"""Grids of the sweep on which the formula is fitted; the last is the archive's."""

Record = dict[str, Any]


def main() -> int:
    """Fill the page.

    Returns:
        The exit code.
    """
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    records, about = kept["records"], kept["about"]
    swept = [one for own in _swept(records).values() for one in own]
    blocks = {
        "ratios": "\n".join([*_ratios(records), "", _made(about, _ratios_of(records))]),
        "costs": "\n".join(
            [
                *_costs(records),
                "",
                _made(about, swept),
            ]
        ),
        "archive": "\n".join(_archive(records)),
        "lengths": "\n".join(_lengths(records)),
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, block in blocks.items():
        text = replace_block(text, name, block)
    PAGE.write_text(text, encoding="utf-8")
    draw(records, FIGURE)
    draw_sweep(records, FIGURE.with_name("speed_costs.png"))
    return 0


def _ratios(records: Sequence[Record]) -> list[str]:
    lines = [
        "| what | ratio | aim | ours | theirs | grid | intervals |",
        "| --- | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for one in _ratios_of(records):
        sign, aim = TARGETS.get(one["name"], ("", None))
        met = aim is None or (one["value"] >= aim if sign == ">=" else one["value"] <= aim)
        said = "" if aim is None else f"{sign} {aim}{'' if met else ' (missed)'}"
        ours, theirs = (_with_unit(one[whose], one) for whose in ("ours", "theirs"))
        lines.append(
            f"| {WORDS[one['name']]} | {one['value']:.3g} | {said} | {ours} | {theirs} |"
            f" {one['rows']} × {one['columns']} | {one['intervals']} |"
        )
    return lines


def _costs(records: Sequence[Record]) -> list[str]:
    """What the formula of the page has for each method, fitted on one grid, and peaks beside it."""
    lines = [
        "| grid | method | a: ns per interval and point | b: ns per output time and point |"
        " start (s) | fits within (%) | peak (MB) |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for grid in GRIDS:
        for method, own in _swept(records).items():
            start_s, interval_ns, output_ns, misfit = _fitted(own, grid)
            peak = max(one["peak_bytes"] for one in own if _grid(one) == grid)
            lines.append(
                f"| {grid[0]} × {grid[1]} | {method} | {interval_ns:.0f} | {output_ns:.0f} |"
                f" {start_s:.1f} | {100 * misfit:.0f} | {peak / 1e6:.0f} |"
            )
    return lines


def _lengths(records: Sequence[Record]) -> list[str]:
    """Peak memory by the length of the series."""
    own = [one for one in records if one["name"] == "peak_memory_cubic"]
    return [
        "| intervals | " + " | ".join(str(one["intervals"]) for one in own) + " |",
        "| --- |" + " ---: |" * len(own),
        "| peak (MB) | " + " | ".join(f"{one['value'] / 1e6:.0f}" for one in own) + " |",
        "",
    ]


def _archive(records: Sequence[Record]) -> list[str]:
    """The archive's cost, from processes on its grid with as many output times."""
    intervals, points = ARCHIVE["intervals"], ARCHIVE["points"] * ARCHIVE["variables"]
    times = intervals * (ARCHIVE["outputs"] + 1)
    size = f"{times * points * 4 / 1e12:.0f} TB of float32 before compression"
    lines = [
        f"{intervals:.0f} intervals, {times:.0f} output times, {size}.",
        "",
        "| method | core hours | days on 10 machines of 32 cores | bytes written a second by each"
        " machine |",
        "| --- | ---: | ---: | ---: |",
    ]
    for method, own in _swept(records).items():
        _, interval_ns, output_ns, _ = _fitted(own, GRIDS[-1])
        each = (interval_ns + (ARCHIVE["outputs"] + 1) * output_ns) * 1e-9
        hours = intervals * points * each / 3600
        rate = times * points * 4 / (hours * 3600) * 32
        lines.append(f"| {method} | {hours:.0f} | {hours / 320 / 24:.2f} | {rate / 1e6:.0f} MB |")
    return lines


def _swept(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records of the sweep by method."""
    found: dict[str, list[Record]] = {}
    for one in records:
        if one["name"].startswith(SWEPT):
            found.setdefault(one["name"].removeprefix(SWEPT), []).append(one)
    return found


def _grid(one: Record) -> tuple[int, int]:
    return one["rows"], one["columns"]


def _fitted(own: Sequence[Record], grid: tuple[int, int]) -> tuple[float, float, float, float]:
    on_grid = [one for one in own if _grid(one) == grid]
    taken = {Work(one["intervals"], one["outputs"]): one["value"] for one in on_grid}
    return fit(taken, grid[0] * grid[1])


def _ratios_of(records: Sequence[Record]) -> list[Record]:
    return [one for one in records if "ours" in one]


def _with_unit(value: float, record: Record) -> str:
    unit = record.get("unit_of_both")
    return f"{value:.4g} {unit}" if unit else f"{value / 1e6:.0f} MB"


def _made(about: Record, records: Sequence[Record]) -> str:
    """Where, and when each of these records was measured: parts are measured on their own."""
    commits: dict[str, dict[str, None]] = {}
    for one in records:
        commits.setdefault(one["date"][:10], {})[str(one["commit"])[:9]] = None
    when = [f"{day} at {', '.join(some)}" for day, some in commits.items()]
    rounds = sorted({one["rounds"] for one in records})
    counted = f"{' to '.join(map(str, rounds))} round{'s' if rounds[-1] > 1 else ''}"
    where = f"{about['machine']}, Python {about['python']}"
    return f"<sub>`{about['made_by']}` on {where}; {counted}; measured on {'; '.join(when)}.</sub>"


if __name__ == "__main__":
    sys.exit(main())
