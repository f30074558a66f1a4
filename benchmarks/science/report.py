"""Put results into docs/science.md: every number there comes from a command.

    python -m benchmarks.science.report

fills the blocks between `<!-- NAME -->` and `<!-- /NAME -->` from benchmarks/results/science*.json.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.blocks import replace_block
from benchmarks.science.contenders import (
    ADVECTION,
    CONTENDERS,
    DRAW,
    OURS,
    PAPER,
    RIFE,
    TRAINED,
    TWIN,
)
from benchmarks.science.radar import DEVELOPMENT, EVENTS
from benchmarks.science.report_physics import physics_blocks, trajectory_ratios
from benchmarks.science.results import read
from benchmarks.science.studies import WITHOUT
from benchmarks.science.tables import FEWEST_BLOCKS, Row, difference, pooled, show, variables

from temdeep.training.settings import TrainingSettings

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PHYSICS = RESULTS / "diagnostics_atlantic_6h.json"
PAGE = ROOT / "docs" / "science.md"
NOT_YET = "*Not measured yet.*"
OTHERS = tuple(one for one in CONTENDERS if one not in TRAINED)
FITTED = ("solar", "auto")
"""Of those that train no network, what is fitted to the coarse series."""
POOLS = ("pooled", "pooled_period")
STUDIES = ("ablation", "length", "noise", "seeds")

Table = Mapping[str, Mapping[str, Row]]
"""Rows by case and method."""


def main() -> int:
    """Fill the page.

    Returns:
        The exit code.
    """
    table: dict[str, dict[str, Row]] = {}
    for row in read(RESULTS / "science.json"):
        table.setdefault(row["case"], {})[row["method"]] = row
    blocks: dict[str, Callable[[], str]] = {
        "rates": lambda: show(row for found in table.values() for row in found.values()),
        "rows": lambda: _of_rows(table),
        "certain": lambda: "\n".join(_certain(table)),
        "ahead": lambda: "\n".join(_ahead(table)),
        "targets": lambda: "\n".join(_targets(table, PHYSICS)),
        "transfer": lambda: "\n".join(_transfer(table)),
        "parts": lambda: "\n".join(_by_part()),
        "harm": lambda: "\n".join(_harm(table)),
        "times": lambda: "\n".join(_times(table)),
    }
    blocks |= {name: lambda name=name: _study(name) for name in STUDIES}  # type: ignore[misc]
    physics = physics_blocks(PHYSICS)
    blocks |= {name: lambda block=block: block for name, block in physics.items()}  # type: ignore[misc]
    text = PAGE.read_text(encoding="utf-8")
    for name, block in blocks.items():
        text = replace_block(text, name, block().strip() or NOT_YET)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def _rate(row: Row | None) -> float | None:
    found = pooled(row) if row else None
    return found["restoration_rate"] if found else None


def _targets(table: Table, physics: Path) -> Iterator[str]:
    """What was asked for, case by case, and what was found; what was not measured says so."""
    yield "| case | asked | found | interval | met |"
    yield "| --- | --- | --- | --- | --- |"
    for case in sorted({*table, *LEAST, *ABOVE_BEST, *RADAR}):
        found = table.get(case, {})
        if OURS in found:
            yield from _of_rate(case, found)
            yield from _of_others(case, found)
            yield from _of_variables(case, found)
            yield from _of_rain(case, found)
        elif case in (*LEAST, *ABOVE_BEST, *RADAR):
            yield _not_measured(case, "all that is asked there")
    yield from _of_trajectories(physics)


def _of_rate(case: str, found: Mapping[str, Row]) -> Iterator[str]:
    record = pooled(found[OURS]) or {}
    rate = record.get("restoration_rate")
    if case in LEAST and rate is not None:
        low, high = (record[f"restoration_rate_{end}"] for end in ("low", "high"))
        between = "–" if low is None else f"{low:.1f} … {high:.1f}"
        met = rate >= LEAST[case]
        yield _line(case, f"at least {LEAST[case]} %", f"{rate:.1f} %", between, met=met)
    if case not in OF_TWIN or rate is None:
        return
    asked, its = f"{OF_TWIN[case]} % of the twin's", _rate(found.get(TWIN))
    if not its:
        yield _not_measured(case, asked)
        return
    share = 100 * rate / its
    told = f"{share:.1f} % (twin: {its:.1f} %)"
    yield _line(case, asked, told, "–", met=share >= OF_TWIN[case])


def _of_others(case: str, found: Mapping[str, Row]) -> Iterator[str]:
    for asked, other, points in _above(case, found):
        own, its = _rate(found[OURS]), _rate(found[other])
        if own is None or its is None:
            continue
        apart = difference(found[OURS], found[other])
        between = "–" if apart is None else f"{apart[1]:.1f} … {apart[2]:.1f}"
        told = f"{own - its:+.1f} points ({other}: {its:.1f} %)"
        met = own - its >= points
        if "interval" in asked:
            met = apart is not None and apart[1] > 0
        yield _line(case, asked, told, between, met=met)


def _of_variables(case: str, found: Mapping[str, Row]) -> Iterator[str]:
    for name in OF_VARIABLES.get(case, ()):
        rates = {method: variables(row).get(name) for method, row in found.items()}
        if rates.get("cubic") is None:
            continue
        best, rate = max(rates.get("linear") or 0.0, rates.get("cubic") or 0.0), rates[OURS]
        if rate is not None:
            asked = f"{name}: 10 points above linear and cubic"
            told = f"{rate - best:+.1f} points ({rate:.1f} %)"
            yield _line(case, asked, told, "–", met=rate - best >= 10)


def _of_rain(case: str, found: Mapping[str, Row]) -> Iterator[str]:
    """Radar: errors 5 % under those of what moves rain, and no fewer hits."""
    if case not in RADAR:
        return
    own = _of_one_variable(found[OURS]) or {}
    for other in MOVERS:
        its = _of_one_variable(found[other]) if other in found else None
        if its is None:
            yield _not_measured(case, f"5 % under {other}")
            continue
        for score in ("rmse_log", "rmse"):
            under = 100 * (1 - own[score] / its[score])
            told = f"{under:+.1f} % ({own[score]:.4g} against {its[score]:.4g})"
            yield _line(case, f"{score} 5 % under {other}", told, "–", met=under >= 5)
        for score in ("csi_1", "csi_5"):
            if score in own and score in its:
                told = f"{own[score]:.3f} against {its[score]:.3f}"
                met = own[score] >= its[score]
                yield _line(case, f"{score} not under {other}'s", told, "–", met=met)
    asked = "a draw's power under 10 km within 10 % of the truth's"
    drawn = _of_one_variable(found[DRAW]) if DRAW in found else None
    if drawn is None:
        yield _not_measured(case, asked)
    else:
        ratio = drawn["power_10km"]
        yield _line(case, asked, f"{ratio:.2f}", "–", met=abs(ratio - 1) <= 0.1)


def _of_one_variable(row: Row) -> Row | None:
    """The scores of the only variable, over all lead fractions."""
    whole = (one for one in row["records"] if one["lead_fraction"] is None)
    return next((one for one in whole if one["variable"] not in POOLS), None)


def _of_trajectories(file: Path) -> Iterator[str]:
    for wind, ratio, low, high in trajectory_ratios(file, OURS):
        asked = "parcels after 24 h at most 60 % as far off as linear's"
        between = f"{100 * low:.0f} … {100 * high:.0f}"
        yield _line(
            f"atlantic_6h, {wind}", asked, f"{100 * ratio:.0f} %", between, met=ratio <= 0.6
        )


def _above(case: str, found: Mapping[str, Row]) -> Iterator[tuple[str, str, float]]:
    """Who is to be beaten by how many points: what is asked, the method, the points."""
    if case in ABOVE_BEST:
        points = ABOVE_BEST[case]
        for words, left_out in (("but `solar`", ("solar",)), ("but `solar` and `auto`", FITTED)):
            if best := _best(found, [one for one in OTHERS if one not in left_out]):
                yield f"{points} points above the best non-learnt method {words}", best, points
    if case in ABOVE_BEST and "solar" in found and case.endswith(("6h", "12h")):
        yield "above solar", "solar", 0
    if case.startswith("era5_uk") and "cubic" in found:
        yield "above cubic, interval clear of 0", "cubic", 0
    if PAPER in found:
        yield "above TemDeep as published", PAPER, 0


def _best(found: Mapping[str, Row], methods: Iterable[str]) -> str | None:
    """The method with the highest rate, None where none has one."""
    rates = {one: rate for one in methods if (rate := _rate(found.get(one))) is not None}
    return max(rates, key=rates.__getitem__, default=None)


def _of_rows(table: Table) -> str:
    """When, from which code and with which seed the rows were made."""
    rows = [row for found in table.values() for row in found.values()]
    commits: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: str(row["date"])):
        commits.setdefault(str(row["commit"])[:9], []).append(row)
    told = [f"`{commit}` ({made[0]['date'][:10]}; {len(made)})" for commit, made in commits.items()]
    seeds = sorted({row.get("seed", TrainingSettings().seed) for row in rows})
    return (
        f"<sub>{len(rows)} rows of `python -m benchmarks.science`, seed"
        f" {', '.join(map(str, seeds))}; commit (date; rows): {', '.join(told)}.</sub>"
    )


def _certain(table: Table) -> Iterator[str]:
    """Ours and the best of what trains no network, with intervals, and where they are tested."""
    yield "| case | learnt from | tested on | blocks | temdeep | best other | ahead by |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for case, found in table.items():
        best = _best(found, OTHERS)
        if OURS not in found or best is None:
            continue
        split, drawn = found[OURS]["split"], found[OURS]["bootstrap"]
        trained = split["trained_on"]
        learnt = f"{trained['first']} … {trained['last']}" if trained else "other events"
        blocks = f"{drawn['blocks']} ({drawn['unit']})" if drawn["blocks"] >= FEWEST_BLOCKS else "–"
        apart = difference(found[OURS], found[best])
        own, its = _rate(found[OURS]) or 0.0, _rate(found[best]) or 0.0
        between = "" if apart is None else f" ({apart[1]:.1f} … {apart[2]:.1f})"
        yield (
            f"| {case} | {learnt} | {split['test_first']} … {split['test_last']} | {blocks}"
            f" | {_between(found[OURS])} | {best}: {_between(found[best])}"
            f" | {own - its:+.1f}{between} |"
        )


def _between(row: Row) -> str:
    record = pooled(row) or {}
    low, high = (record.get(f"restoration_rate_{end}") for end in ("low", "high"))
    told = _shown(record.get("restoration_rate"))
    return told if low is None else f"{told} ({low:.1f} … {high:.1f})"


def _ahead(table: Table) -> Iterator[str]:
    """Cases in which something that trains no network is ahead of ours."""
    yield "| case | temdeep | ahead of it |"
    yield "| --- | --- | --- |"
    for case, found in table.items():
        own = _rate(found.get(OURS))
        if own is None:
            continue
        rates = {one: rate for one in OTHERS if (rate := _rate(found.get(one))) is not None}
        ahead = sorted((one for one in rates if rates[one] > own), key=lambda one: -rates[one])
        if ahead:
            told = ", ".join(f"{one} {rates[one]:.1f}" for one in ahead)
            yield f"| {case} | {own:.1f} | {told} |"


def _transfer(table: Table) -> Iterator[str]:
    """Ours and the twin by variable, and what the sun's part alone gives."""
    yield "| case | variable | cubic | solar | temdeep | twin | temdeep of twin, % |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for case, found in table.items():
        if not {OURS, TWIN} <= set(found):
            continue
        rates = {
            name: variables(found[name]) if name in found else {}
            for name in ("cubic", "solar", OURS, TWIN)
        }
        for name, its in rates[TWIN].items():
            own = rates[OURS].get(name)
            if (
                name == "pooled_period"
                or its is None
                or own is None
                or not _of_instant(found, name)
            ):
                continue
            cells = [_shown(one.get(name)) for one in rates.values()]
            share = f"{100 * own / its:.0f}" if its > 0 else "–"
            yield f"| {case} | {name} | {' | '.join(cells)} | {share} |"


def _of_instant(found: Mapping[str, Row], name: str) -> bool:
    kinds = {one["variable"]: one.get("kind") for one in found[TWIN]["records"]}
    return kinds.get(name) in ("instantaneous", None)


def _harm(table: Table) -> Iterator[str]:
    """Variables that ours leaves worse than linear."""
    yield "| case | variable | restoration rate | what was done |"
    yield "| --- | --- | --- | --- |"
    for case, found in table.items():
        for one in found.get(OURS, {}).get("records", []):
            rate = one["restoration_rate"]
            whole = one["lead_fraction"] is None and one["variable"] not in POOLS
            if whole and rate is not None and rate < 0:
                yield f"| {case} | {one['variable']} | {rate:.1f} % | {one['treatment']} |"


def _times(table: Table) -> Iterator[str]:
    """Seconds to make and to apply."""
    yield "| case | " + " | ".join(f"{name}" for name in CONTENDERS) + " |"
    yield "| --- |" + " --- |" * len(CONTENDERS)
    for case, found in table.items():
        cells = [
            f"{_seconds(found[name]['train_s'])} + {_seconds(found[name]['apply_s'])}"
            if name in found
            else "–"
            for name in CONTENDERS
        ]
        yield f"| {case} | {' | '.join(cells)} |"


def _seconds(value: float | None) -> str:
    """Unknown where a training began on one machine and ended on another."""
    return "?" if value is None else f"{value:.0f}"


def _by_part() -> Iterator[str]:
    """How far the twin is ahead, of the whole and without each part of both."""
    ours = {(row["case"], row["method"]): row for row in read(RESULTS / "science_ablation.json")}
    twins = {(row["case"], row["method"]): row for row in read(RESULTS / "science_parts.json")}
    if not twins:
        return
    yield "| case | of both | twin | temdeep | twin ahead by |"
    yield "| --- | --- | --- | --- | --- |"
    for case in sorted({case for case, _ in twins}):
        for label in ("as used", *WITHOUT):
            its, own = _rate(twins.get((case, f"{TWIN}, {label}"))), _rate(ours.get((case, label)))
            if its is not None and own is not None:
                yield f"| {case} | {label} | {its:.1f} | {own:.1f} | {its - own:.1f} |"


def _study(name: str) -> str:
    """A study's rows as a table with a line for each setting."""
    by_label: dict[str, dict[str, Row]] = {}
    for row in read(RESULTS / f"science_{name}.json"):
        by_label.setdefault(row["method"], {})[row["case"]] = row
    if not by_label:
        return NOT_YET
    cases = sorted({case for found in by_label.values() for case in found})
    lines = ["| | " + " | ".join(cases) + " |", "| --- |" + " --- |" * len(cases)]
    for label, found in sorted(by_label.items(), key=lambda one: _natural(one[0])):
        lines.append(f"| {label} | {' | '.join(_shown(_rate(found.get(one))) for one in cases)} |")
    return "\n".join(lines)


def _natural(label: str) -> list[str | float]:
    """Texts and numbers of a label in turn, so that 5 comes before 10."""
    parts = re.split(r"(\d+(?:\.\d+)?)", label)
    return [float(one) if i % 2 else one for i, one in enumerate(parts)]


def _not_measured(case: str, asked: str) -> str:
    return f"| {case} | {asked} | not measured | – | – |"


def _line(case: str, asked: str, found: str, between: str, met: bool) -> str:
    return f"| {case} | {asked} | {found} | {between} | {'yes' if met else '**no**'} |"


def _shown(value: Any) -> str:
    return "–" if value is None else f"{value:.1f}"


LEAST = {
    "atlantic_6h": 64,
    "globe_6h": 70,
    "atlantic_12h": 40,
    "era5_uk_3h": 25,
    "era5_uk_6h": 29,
    "era5_uk_12h": 20,
}
"""Restoration rates asked for, %, pooled over instantaneous variables."""

ABOVE_BEST = {
    "atlantic_6h": 20,
    "globe_6h": 20,
    "atlantic_12h": 20,
    "smooth_12h": 10,
    "smooth_24h": 10,
}
"""Points above the best of those that train no network, other than `solar`."""

OF_TWIN = {"atlantic_6h": 90, "globe_6h": 90, "atlantic_12h": 70}
"""Share of the twin's restoration rate, %."""

OF_VARIABLES = {"era5_finse_6h": ("t2m", "d2m"), "era5_davos_6h": ("t2m", "d2m")}
"""Ten points above the best of linear and cubic."""

RADAR = [f"{event}_{span}min" for event in EVENTS for span in (20, 30) if event != DEVELOPMENT]
"""Radar cases in which something is asked; choices were made on the other event."""

MOVERS = ("optical_flow", ADVECTION, RIFE)
"""What moves rain."""


if __name__ == "__main__":
    sys.exit(main())
