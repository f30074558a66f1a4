"""Measures how well methods know how wrong they are.

    python -m benchmarks.science --only era5_uk_3h era5_uk_6h era5_finse_6h smooth_12h \
        --methods temdeep --models build/models
    python -m benchmarks.uncertainty --model demo_output/run --models build/models \
        [--into docs/uncertainty.md]
    python -m benchmarks.uncertainty --development [--into docs/uncertainty.md]

Intervals of the test parts are filled in and compared with what was hidden. Each method learns of
its errors from the given times of the test part alone; a model brings with it what it learnt in its
training. Reads `data/` and the files in the folder TEMDEEP_DATA; prints tables in markdown, and
puts them into a page between the marks where one is named, with figures of the data that the model
is for in the folder `figures` beside it.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.blocks import replace_block
from benchmarks.science.cases import DATA, SOURCES, Period
from benchmarks.uncertainty_tables import by_method, coverage_by_lead, overall, table
from PIL import Image

from temdeep.checkout import checkout_commit
from temdeep.engine.provenance import spread_of
from temdeep.errors import TemdeepError
from temdeep.fields.series import open_series
from temdeep.methods.consistent import keep_consistent
from temdeep.methods.registry import build_all
from temdeep.methods.spread_fitting import exponent_of, fit_spread
from temdeep.methods.uncertain import Uncertain
from temdeep.verification.evaluate import Evaluation, evaluate
from temdeep.verification.figure_style import save
from temdeep.verification.gallery import scored_channels
from temdeep.verification.spread_figures import draw_reliability, draw_spread_skill, told_of
from temdeep.verification.tables import TextTable, as_markdown
from temdeep.verification.withholding import thin_out
from temdeep.wording import command_line

SHIPPED = Path(__file__).parents[1] / "data" / "atlantic_hourly_truth.nc"
METHODS = ("linear", "cubic", "solar")
LEARNT = "temdeep"
FIGURES = {
    "uncertainty_reliability.png": draw_reliability,
    "uncertainty_spread_skill.png": draw_spread_skill,
}
"""By the names of their files beside a page."""

COLOURS = 64

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
        case: Of the science benchmark, whose model is for these data; none: the demo's is.
        variables: Which; none: all at an instant.
    """

    title: str
    file: Path
    period: Period
    every: int
    case: str = ""
    variables: tuple[str, ...] = ()


def tests() -> list[Test]:
    """All test parts."""
    era5, finse, smooth = (SOURCES[name] for name in ("era5_uk", "era5_finse", "smooth"))
    still = "smooth (simulated, no day), 12 h to 1 h"
    return [
        Test("Atlantic (simulated), 6 h to 1 h", SHIPPED, (None, None), 6),
        Test("ERA5, United Kingdom, 3 h to 1 h", DATA / era5.file, era5.tested, 3, "era5_uk_3h"),
        Test("ERA5, United Kingdom, 6 h to 1 h", DATA / era5.file, era5.tested, 6, "era5_uk_6h"),
        Test("ERA5, Finse, 6 h to 1 h", DATA / finse.file, finse.tested, 6, "era5_finse_6h"),
        Test(still, DATA / smooth.file, smooth.tested, 12, "smooth_12h"),
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


def measured(test: Test, model: Path | None) -> Evaluation:
    """All methods on a test part."""
    series = open_series([test.file], variables=list(test.variables) or None)
    series = series.between(*test.period)
    series = series.select(list(dict.fromkeys(one.variable for one in series.instantaneous())))
    coarse = thin_out(series, test.every).coarse
    methods = dict(build_all(METHODS, coarse))
    if model is not None:
        from temdeep.model_store import load_method  # noqa: PLC0415 - torch takes seconds

        learnt = load_method(model)
        methods[learnt.name] = learnt
    known = {}
    for name, method in methods.items():
        kept = keep_consistent(method, series.channels)
        own = None if name in METHODS else model
        known[name] = Uncertain(kept, spread_of(coarse, kept, own))
    return evaluate(series, withhold=test.every, methods=known)


def model_of(test: Test, demo: Path | None, models: Path | None) -> Path | None:
    """The model that is for a test's data, the newest if there are several; None: there is none."""
    if not test.case:
        return demo
    found = models.glob(f"*/{test.case}-{LEARNT}/description.json") if models else ()
    return max((one.parent for one in found), key=lambda run: run.stat().st_mtime, default=None)


def draw(found: Evaluation, folder: Path) -> None:
    """Draw reliability, and spread beside skill."""
    told = told_of(scored_channels(found))
    for name, drawn in FIGURES.items():
        path = save(drawn(told), folder / name)
        with Image.open(path) as picture:
            fewer = picture.convert("RGB").quantize(COLOURS)  # lines on white: half the bytes
        fewer.save(path, optimize=True)


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
        known = {"cubic": Uncertain(method, spread)}
        records = evaluate(series, withhold=every, methods=known).records
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
    parser.add_argument(
        "--models", type=Path, metavar="FOLDER", help="where benchmarks.science keeps its models"
    )
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
            parts = [(one.title, measured(one, None).records) for one in developments()]
            waves = [as_markdown(table(*one)).strip() for one in parts]
            text = "\n\n".join(waves) + "\n"
            print(text)
            put(arguments.into, "waves-table", text)
            return 0
        found = {
            one: measured(one, model_of(one, arguments.model, arguments.models)) for one in tests()
        }
        if arguments.into is not None:
            shipped = next(result for one, result in found.items() if not one.case)
            draw(shipped, arguments.into.parent / "figures")
    except TemdeepError as error:
        with command_line():
            print(f"uncertainty: {error}", file=sys.stderr)
        return 2
    seconds = time.perf_counter() - began
    records = {one.title: result.records for one, result in found.items()}
    learnt = [coverage_by_lead(*one, LEARNT) for one in records.items()]
    wanted = [by_method(records), *filter(None, learnt), *(table(*one) for one in records.items())]
    texts = [as_markdown(one).strip() for one in wanted]
    summary = overall([row for rows in records.values() for row in rows])
    commit = checkout_commit()
    told = f"<sub>`python -m benchmarks.uncertainty`; commit {commit}, {seconds:.0f} s.</sub>"
    text = "\n\n".join([texts[0], summary, *texts[1:], told]) + "\n"
    print(text)
    put(arguments.into, "uncertainty-table", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
