"""Measures how well methods know how wrong they are.

    python -m benchmarks.uncertainty --model demo_output/run [--into docs/uncertainty.md]
    python -m benchmarks.uncertainty --development [--into docs/uncertainty.md]

Intervals of the test parts are filled in and compared with what was hidden. Each method learns of
its errors from the given times of the test part alone; a model brings with it what it learnt in its
training. Reads `data/` and the files in the folder TEMDEEP_DATA; prints a table in markdown, and
puts it into a page between the marks where one is named.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from benchmarks.blocks import replace_block
from benchmarks.science.cases import DATA, SOURCES, Period

from temdeep.checkout import checkout_commit
from temdeep.engine.provenance import spread_of
from temdeep.errors import TemdeepError
from temdeep.fields.series import open_series
from temdeep.methods.consistent import keep_consistent
from temdeep.methods.registry import build_all
from temdeep.methods.spread_fitting import exponent_of, fit_spread
from temdeep.methods.uncertain import Uncertain
from temdeep.verification.evaluate import evaluate
from temdeep.verification.records import POOLED
from temdeep.verification.tables import TextTable, as_markdown
from temdeep.verification.withholding import thin_out

SHIPPED = Path(__file__).parents[1] / "data" / "atlantic_hourly_truth.nc"
METHODS = ("linear", "cubic", "solar")
DEVELOPMENT = (("era5_uk", 3), ("era5_uk", 6), ("atlantic", 6), ("smooth", 12))
WAVES = (
    ("smooth", 12, ("z500", "ps")),
    ("atlantic", 6, ("ps",)),
    ("globe", 6, ("ps",)),
    ("era5_finse", 3, ("sp",)),
    ("era5_finse", 6, ("sp",)),
)
"""Where pressure and heights are looked at on development periods."""


@dataclass(frozen=True)
class Test:
    """A test part.

    Attributes:
        title: Of its table.
        file: Its file.
        period: First and last time.
        every: One time in so many is given.
        modelled: Whether a model named on the command line is one for these data.
        variables: Which; none: all at an instant.
    """

    title: str
    file: Path
    period: Period
    every: int
    modelled: bool = False
    variables: tuple[str, ...] = ()


def tests() -> list[Test]:
    """All test parts."""
    era5, smooth = SOURCES["era5_uk"], SOURCES["smooth"]
    return [
        Test("Atlantic (simulated), 6 h to 1 h", SHIPPED, (None, None), 6, modelled=True),
        Test("ERA5, United Kingdom, 3 h to 1 h", DATA / era5.file, era5.tested, 3),
        Test("ERA5, United Kingdom, 6 h to 1 h", DATA / era5.file, era5.tested, 6),
        Test("smooth (simulated, no day), 12 h to 1 h", DATA / smooth.file, smooth.tested, 12),
    ]


def developments() -> list[Test]:
    """Pressure and heights on development periods."""
    found = []
    for name, every, names in WAVES:
        source = SOURCES[name]
        for title, period in (("first part", source.early), ("second part", source.later)):
            told = f"Development, {name}, {title}, {every} h to 1 h"
            found.append(Test(told, DATA / source.file, period, every, variables=names))
    return found


def measured(test: Test, model: Path | None) -> list[dict[str, Any]]:
    """Records of all methods on a test part."""
    series = open_series([test.file], variables=list(test.variables) or None)
    series = series.between(*test.period)
    series = series.select(list(dict.fromkeys(one.variable for one in series.instantaneous())))
    coarse = thin_out(series, test.every).coarse
    methods = dict(build_all(METHODS, coarse))
    folder = model if test.modelled else None
    if folder is not None:
        from temdeep.model_store import load_method  # noqa: PLC0415 - torch takes seconds

        learnt = load_method(folder)
        methods[learnt.name] = learnt
    known = {}
    for name, method in methods.items():
        kept = keep_consistent(method, series.channels)
        own = folder if folder is not None and name not in METHODS else None
        known[name] = Uncertain(kept, spread_of(coarse, kept, own))
    return evaluate(series, withhold=test.every, methods=known).records


def table(test: Test, records: Sequence[Mapping[str, Any]]) -> TextTable:
    """Coverage over all lead fractions and at the least and most covered, and CRPS beside MAE."""
    told = [row for row in records if row.get("crps") is not None and row["variable"] != POOLED]
    groups = []
    for variable in dict.fromkeys(row["variable"] for row in told):
        rows: list[tuple[str, ...]] = []
        for method in dict.fromkeys(row["method"] for row in told):
            own = [row for row in told if (row["variable"], row["method"]) == (variable, method)]
            whole = next((row for row in own if row["lead_fraction"] is None), None)
            if whole is None:
                continue
            each = [row["coverage_90"] for row in own if row["lead_fraction"] is not None]
            extremes = f"{min(each):.0f} … {max(each):.0f}"
            rows.append(_row("" if rows else str(variable), method, [whole], each, extremes))
        groups.append(tuple(rows))
    if len(groups) > 1:
        groups.append(_of_all(told))
    header = ("variable", "method", "inside %", "by lead fraction", "88 to 92 %",
              "CRPS under MAE %", "spread/RMSE")  # fmt: skip
    return TextTable(test.title, header, tuple(groups), words=2)


def _row(
    variable: str,
    method: str,
    whole: Sequence[Mapping[str, Any]],
    each: Sequence[float],
    by_lead: str,
) -> tuple[str, ...]:
    """Means of some records over all lead fractions, beside coverage at each of these."""
    return (
        variable,
        str(method),
        f"{mean(row['coverage_90'] for row in whole):.1f}",
        by_lead,
        f"{sum(88 <= one <= 92 for one in each)} of {len(each)}",
        f"{100 * mean(1 - row['crps'] / row['mae'] for row in whole):.0f}",
        f"{mean(row['spread_over_rmse'] for row in whole):.2f}",
    )


def _of_all(told: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], ...]:
    """Means over variables, at each lead fraction in turn."""
    rows: list[tuple[str, ...]] = []
    for method in dict.fromkeys(row["method"] for row in told):
        own = [row for row in told if row["method"] == method]
        whole = [row for row in own if row["lead_fraction"] is None]
        leads = sorted({row["lead_fraction"] for row in own} - {None})
        each = [
            mean(row["coverage_90"] for row in own if row["lead_fraction"] == at) for at in leads
        ]
        in_turn = " ".join(f"{one:.0f}" for one in each)
        rows.append(_row("" if rows else "mean of all", method, whole, each, in_turn))
    return tuple(rows)


def overall(each: Sequence[Mapping[str, Any]]) -> str:
    """How often coverage is what it should be, over all variables, methods and lead fractions."""
    inside = [
        row["coverage_90"]
        for row in each
        if row.get("coverage_90") is not None and row["lead_fraction"] is not None
    ]
    near, far = (
        100 * sum(low <= one <= high for one in inside) / len(inside)
        for low, high in ((88, 92), (85, 96))
    )
    return (
        f"Of {len(inside)} variables, methods and lead fractions {near:.0f} % have 88 to 92 % of"
        f" the truth inside, {far:.0f} % have 85 to 96 %."
    )


def exponents() -> TextTable:
    """On development periods, s of the spline: of wider spans, of space, and what it was."""
    groups = []
    for name, every in DEVELOPMENT:
        source = SOURCES[name]
        series = open_series([DATA / source.file]).between(*source.learnt)
        series = series.select(list(dict.fromkeys(one.variable for one in series.instantaneous())))
        coarse = thin_out(series, every).coarse
        method = build_all(["cubic"], coarse)["cubic"]
        spread = fit_spread(coarse, method)
        records = evaluate(
            series, withhold=every, methods={"cubic": Uncertain(method, spread)}
        ).records
        rows: list[tuple[str, ...]] = []
        for one in series.channels:
            own = spread.of_channel[one.name]
            spans, levels = np.log(own.spans_s[1:]), np.array(own.levels)
            whole = np.logaddexp(2 * levels, 2 * np.array(own.floors)) / 2 if own.floors else levels
            row = next(
                row
                for row in records
                if (row["variable"], row["method"]) == (one.name, "cubic")
                and row["lead_fraction"] is None
            )
            true = whole[1] - whole[0] + np.log(row["spread_over_rmse"])
            space = exponent_of(coarse, one, curved=True)
            rows.append(
                (
                    "" if rows else f"{name}, {every} h",
                    one.name,
                    f"{np.polyfit(spans, levels[1:], 1)[0]:.2f}",
                    "–" if space is None else f"{space:.2f}",
                    f"{true / np.log(2):.2f}",
                )
            )
        groups.append(tuple(rows))
    header = ("development period", "variable", "wider spans", "space", "true")
    return TextTable("s of the spline", header, tuple(groups), words=2)


def put(page: Path | None, name: str, text: str) -> None:
    """Put a text between the marks of a page, if there is one."""
    if page is None:
        return
    filled = replace_block(page.read_text(encoding="utf-8"), name, text)
    page.write_text(filled, encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, put into a page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, metavar="RUN", help="of data/atlantic_6hourly.nc")
    parser.add_argument("--into", type=Path, metavar="FILE", help="page with marks for the table")
    parser.add_argument(
        "--development", action="store_true", help="how levels are carried over, and what waves do"
    )
    arguments = parser.parse_args(words)
    began = time.perf_counter()
    try:
        if arguments.development:
            text = as_markdown(exponents()).strip() + "\n"
            print(text)
            put(arguments.into, "exponents-table", text)
            waves = [as_markdown(table(one, measured(one, None))).strip() for one in developments()]
            text = "\n\n".join(waves) + "\n"
            print(text)
            put(arguments.into, "waves-table", text)
            return 0
        found = [(one, measured(one, arguments.model)) for one in tests()]
    except TemdeepError as error:
        print(f"uncertainty: {error}", file=sys.stderr)
        return 2
    seconds = time.perf_counter() - began
    commit = checkout_commit()
    told = f"<sub>`python -m benchmarks.uncertainty`; commit {commit}, {seconds:.0f} s.</sub>"
    texts = [as_markdown(table(*one)).strip() for one in found]
    summary = overall([row for _, records in found for row in records])
    text = "\n\n".join([*texts, summary, told]) + "\n"
    print(text)
    put(arguments.into, "uncertainty-table", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
