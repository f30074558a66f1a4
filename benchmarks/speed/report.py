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
from benchmarks.speed.plot import draw
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

ROUGH = (
    "**These numbers are rough**: one round, of short series, while others used the machine. Where"
    " cubic takes less than linear, that is noise."
)
"""Of costs measured with `--quick`."""

Record = dict[str, Any]


def main() -> int:
    """Fill the page.

    Returns:
        The exit code.
    """
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    records, about = kept["records"], kept["about"]
    blocks = {
        "ratios": "\n".join([*_ratios(records), "", _made(about, _ratios_of(records))]),
        "costs": "\n".join([*_costs(records), "", _made(about, _of_methods(records))]),
        "archive": "\n".join(_archive(records)),
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, block in blocks.items():
        text = replace_block(text, name, block)
    PAGE.write_text(text, encoding="utf-8")
    draw(records, FIGURE)
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
    lines = [
        "| method | a: ns per interval and point | b: ns per output time and point | start (s) |"
        " peak memory (MB) | fits within (%) |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in _of_methods(records):
        start, memory = f"{one['start_s']:.1f}", f"{one['peak_bytes'] / 1e6:.0f}"
        cost = f"{one['interval_ns']:.0f} | {one['value']:.0f}"
        misfit = f"{100 * one['misfit']:.0f}" if "misfit" in one else "–"
        lines += [
            f"| {one['name'].removeprefix('cost_')} | {cost} | {start} | {memory} | {misfit} |"
        ]
    if any(one["rounds"] == 1 for one in _of_methods(records)):
        lines += ["", ROUGH]
    return lines


def _archive(records: Sequence[Record]) -> list[str]:
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
    for one in _of_archive(records):
        each = one["interval_ns"] + (ARCHIVE["outputs"] + 1) * one["value"]
        hours = intervals * points * each * 1e-9 / 3600
        rate = times * points * 4 / (hours * 3600) * 32
        lines.append(
            f"| {_method(one)} | {hours:.0f} | {hours / 320 / 24:.2f} | {rate / 1e6:.0f} MB |"
        )
    return lines


def _of_archive(records: Sequence[Record]) -> list[Record]:
    """Costs of methods on large grids, where there is a form of the network for these."""
    each = {_method(one): one for one in _of_methods(records)}
    return list(each.values())  # the later one


def _method(record: Record) -> str:
    name: str = record["name"]
    return name.removeprefix("cost_").removesuffix("_folded")


def _of_methods(records: Sequence[Record]) -> list[Record]:
    return [one for one in records if one["name"].startswith("cost_")]


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
