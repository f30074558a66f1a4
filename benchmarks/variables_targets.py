"""What the treatment of variables should reach, and whether it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.variables_contenders import CLASSICAL, DRAW, OURS

Record = dict[str, Any]
Rows = dict[str, Record]
"""Records of one variable of one case, by method."""

ROUNDING = 1e-6
SAME = 1e-3
"""Scores that differ by less than a thousandth are one."""


@dataclass(frozen=True)
class Target:
    """A target and what was reached.

    Attributes:
        target: What is wanted.
        met: Rows in which it is.
        of: Rows that it is asked of.
        misses: Those that miss it, and by how much.
    """

    target: str
    met: int
    of: int
    misses: tuple[str, ...]


def rows_of(records: Sequence[Record]) -> dict[tuple[str, str], Rows]:
    """Records by case and variable, then by method."""
    found: dict[tuple[str, str], Rows] = {}
    for record in records:
        found.setdefault((record["case"], record["variable"]), {})[record["method"]] = record
    return found


def best_classical(rows: Rows) -> Record:
    """The classical method with the least error, of equals the first."""
    return min((rows[name] for name in CLASSICAL if name in rows), key=lambda row: row["rmse"])


def targets(records: Sequence[Record]) -> list[Target]:
    """Every target over all rows it is asked of."""
    rows = rows_of(records)
    rain = {key: one for key, one in rows.items() if "wet_area_ratio_0.1" in one[OURS]}
    hourly = {key: one for key, one in rain.items() if key[0] == "arome_tp_3h"}
    sun = ("era5_finse_6h", "era5_davos_surface_6h", "atlantic_6h", "diurnal_6h")
    light = {key: one for key, one in rows.items() if key[0] in sun and key[1] == "ssrd"}
    periods = {key: one for key, one in rows.items() if one[OURS]["kind"] != "instantaneous"}
    found = [
        _judge("conservation error 0 to rounding", periods, _conserves),
        _judge("no impossible value", rows, _possible),
        _judge("not worse than linear", rows, _no_worse),
        _judge("hourly rain from 3-hourly sums: RMSE 10 % under even division", hourly, _ten),
        _judge("hourly rain: RMSE under the spline of the running total", hourly, _under_spline),
        _judge("hourly rain: FSS at 20 km above both", hourly, _fss_above),
        _judge("sunlight from 6-hourly means: RMSE 80 % under even division", light, _eighty),
    ]
    for threshold in ("0.1", "1"):

        def wet(one: Rows, name: str = f"wet_area_ratio_{threshold}") -> str:
            return _wet_area(one, name)

        drawn = {key: one for key, one in rain.items() if DRAW in one}
        found.append(_judge(f"wet area of the draw within 10 % at {threshold} mm/h", drawn, wet))
    return found


def _judge(target: str, rows: dict[tuple[str, str], Rows], miss: Callable[[Rows], str]) -> Target:
    missed = {key: miss(one) for key, one in rows.items()}
    told = tuple(f"{case} {name}: {text}" for (case, name), text in missed.items() if text)
    return Target(target, len(rows) - len(told), len(rows), told)


def _conserves(rows: Rows) -> str:
    error = rows[OURS]["conservation_error"]
    return "" if error <= ROUNDING else f"{error:.1e}"


def _possible(rows: Rows) -> str:
    shares = {name: rows[name]["impossible_share"] for name in (OURS, DRAW) if name in rows}
    return ", ".join(f"{name} {100 * one:.2g} %" for name, one in shares.items() if one > 0)


def _no_worse(rows: Rows) -> str:
    rate = _gain(rows)
    return "" if rate >= -100 * SAME else f"{rate:.1f} %"


def _gain(rows: Rows) -> float:
    """Share of linear's error that is taken away, in percent."""
    linear = rows["linear"]["rmse"]
    return 100 * (1 - rows[OURS]["rmse"] / linear) if linear else 0.0


def _ten(rows: Rows) -> str:
    return "" if _gain(rows) >= 10 else f"{_gain(rows):.1f} %"


def _under_spline(rows: Rows) -> str:
    ours, spline = rows[OURS]["rmse"], rows["cubic"]["rmse"]
    return "" if ours < spline * (1 - SAME) else f"{ours:.4g} against {spline:.4g}"


def _fss_above(rows: Rows) -> str:
    misses = []
    for name in ("fss_20km_0.1", "fss_20km_1"):
        ours, others = rows[OURS][name], [rows[one][name] for one in ("linear", "cubic")]
        if ours is None or ours <= max(others):
            misses.append(f"{name} {ours:.3f} against {max(others):.3f}")
    return ", ".join(misses)


def _eighty(rows: Rows) -> str:
    return "" if _gain(rows) >= 80 else f"{_gain(rows):.1f} %"


def _wet_area(rows: Rows, name: str) -> str:
    ratio = rows[DRAW][name]
    return "" if ratio is None or abs(ratio - 1) <= 0.1 else f"{ratio:.2f}"
