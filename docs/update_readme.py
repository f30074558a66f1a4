"""Put results into README.md: every figure and number there comes from a command.

    python -m docs.update_readme --demo demo_output --era5 build/era5_3h build/era5_6h

takes results from folders that the demo wrote, keeps their records in benchmarks/results/, and
fills the blocks of README.md between `<!-- NAME -->` and `<!-- /NAME -->`. Without arguments it
fills them from what is kept. `make results` does all of it.
"""

import argparse
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.blocks import replace_block
from PIL import Image

from temdeep.verification.tables import (
    as_markdown,
    best_method,
    methods_of,
    rate_table,
    verdict,
    whole_rows,
)

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "benchmarks" / "results"
FIGURES = ROOT / "docs" / "figures"
LEARNT = "temdeep"
ERA5_SPANS_H = (3, 6, 12)
TAKEN_FIGURES = ("maps_q850.png", "place_t2m.png", "error_by_lead_fraction.png")
WIDTH = 1100
"""Pixels of a figure in the README, at most."""

MOST_BYTES = 300_000
NOT_YET = "*Not measured yet: run `make results`.*"

Evaluation = Mapping[str, Any]


def main() -> None:
    """Take new results, if any, and fill all blocks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, metavar="FOLDER", help="what `make demo` wrote")
    parser.add_argument("--era5", type=Path, nargs="+", default=[], metavar="FOLDER")
    arguments = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    if arguments.demo is not None:
        shutil.copyfile(arguments.demo / "metrics.json", KEPT / "demo.json")
        for name in TAKEN_FIGURES:
            reduce_figure(arguments.demo / "figures" / name, FIGURES / f"demo_{name}")
    for folder in arguments.era5:
        span_h = _read(folder / "metrics.json")["about"]["split"]["span_hours"]
        shutil.copyfile(folder / "metrics.json", _era5_file(span_h))
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    blocks = {"demo-table": demo_block(), "era5-table": era5_block(), "speed-table": speed_block()}
    for name, block in blocks.items():
        text = replace_block(text, name, block)
    readme.write_text(text, encoding="utf-8")


def reduce_figure(source: Path, target: Path) -> None:
    """Make a figure small enough for a repository: narrower, in all of its colours.

    Fewer colours would be smaller still, and would show faint errors as none.
    """
    with Image.open(source) as drawn:
        whole = drawn.convert("RGB")
    width = WIDTH
    while True:
        height = round(whole.height * width / whole.width)
        small = whole.resize((width, height), Image.Resampling.LANCZOS)
        small.save(target, optimize=True)
        if target.stat().st_size < MOST_BYTES:
            return
        width = round(0.95 * width)


def demo_block() -> str:
    """Restoration rates of all methods, the pooled intervals, and where the model is not best."""
    kept = KEPT / "demo.json"
    if not kept.is_file():
        return NOT_YET
    evaluation = _read(kept)
    records = evaluation["records"]
    sentences = [_pooled_sentence(records, name) for name in ("pooled", "pooled_period")]
    parts = [as_markdown(rate_table(records)).strip(), _rmse_table(records)]
    parts += [" ".join(filter(None, sentences)), " ".join(verdict(records, LEARNT))]
    return "\n\n".join(filter(None, [*parts, provenance(evaluation, "make demo")]))


def _rmse_table(records: Sequence[Mapping[str, Any]]) -> str:
    """RMSE in the variables' own units, of linear, the best classical method and the model."""
    rows = ["| RMSE | linear | best classical | temdeep |", "| --- | ---: | ---: | ---: |"]
    for variable in dict.fromkeys(row["variable"] for row in records):
        whole = whole_rows(records, variable)
        if whole["linear"]["rmse"] is None:
            continue
        best = best_method([row for row in records if row["method"] != LEARNT], variable)
        cells = [f"{whole['linear']['rmse']:.3g}", f"{whole[best]['rmse']:.3g} ({best})"]
        name = f"{variable} ({whole['linear']['units']})"
        rows.append(f"| {name} | {' | '.join(cells)} | {whole[LEARNT]['rmse']:.3g} |")
    return "\n".join(rows)


def _pooled_sentence(records: Sequence[Mapping[str, Any]], pooled: str) -> str:
    whole = whole_rows(records, pooled)
    if LEARNT not in whole:
        return ""
    told = {"pooled": "instantaneous variables", "pooled_period": "period variables"}[pooled]
    row = whole[LEARNT]
    return (
        f"Pooled over {told}, {LEARNT} restores {row['restoration_rate']:.1f} %"
        f" ({_interval(row)}) of linear's RMSE, {row['restoration_rate_mse']:.1f} % of its MSE."
    )


def era5_block() -> str:
    """Restoration rates on ERA5 2 m temperature, a row for each span."""
    found = [_era5_file(span) for span in ERA5_SPANS_H if _era5_file(span).is_file()]
    if not found:
        return NOT_YET
    evaluations = [_read(path) for path in found]
    methods = methods_of(evaluations[0]["records"])
    rows = [
        f"| span | RMSE linear (K) | RMSE {LEARNT} (K) | {' | '.join(methods)} | interval |",
        f"| --- {'| ---: ' * (len(methods) + 3)}|",
    ]
    for evaluation in evaluations:
        whole = whole_rows(evaluation["records"], "t2m")
        best = best_method(evaluation["records"], "t2m")
        rates = [_bold(f"{whole[name]['restoration_rate']:.1f}", name == best) for name in methods]
        span_h = evaluation["about"]["split"]["span_hours"]
        cells = [f"{whole[name]['rmse']:.3f}" for name in ("linear", LEARNT)] + rates
        learnt = whole[LEARNT]
        rows.append(f"| {span_h:g} h → 1 h | {' | '.join(cells)} | {_interval(learnt)} |")
    told = [
        provenance(one, f"make demo DATA=… EVERY={one['about']['split']['span_hours']:g}h")
        for one in evaluations
    ]
    return "\n".join(rows) + "\n\n" + "\n\n".join(told)


def speed_block() -> str:
    """What `make bench` printed."""
    kept = KEPT / "methods.txt"
    if not kept.is_file():
        return NOT_YET
    return f"```text\n{kept.read_text(encoding='utf-8').strip()}\n```"


def provenance(evaluation: Evaluation, command: str) -> str:
    """Data, split, seed, commit, wall time, and the command that prints it."""
    about = evaluation["about"]
    split, trained = about["split"], about["split"]["trained_on"] or {}
    learnt = f"{trained['first']} to {trained['last']}" if trained else "nothing"
    commit = (about["commit"] or "not known")[:7]
    return (
        f"<sub>`{command}`: {about['data']['source']}, {split['test_first']} to"
        f" {split['test_last']}, one time in {split['withhold']} kept ({split['span_hours']:g} h"
        f" intervals); model trained on {learnt}; intervals: 95 %, {about['bootstrap']['blocks']}"
        f" blocks ({about['bootstrap']['unit']}); seed {about['seed']}; commit {commit},"
        f" {about['date'][:10]}; evaluated in {about['wall_time_s']['total']:.0f} s.</sub>"
    )


def _interval(row: Mapping[str, Any]) -> str:
    low, high = row["restoration_rate_low"], row["restoration_rate_high"]
    return "no interval" if low is None else f"{low:.1f} … {high:.1f}"


def _bold(text: str, bold: bool) -> str:
    return f"**{text}**" if bold else text


def _era5_file(span_h: float) -> Path:
    return KEPT / f"era5_uk_t2m_{span_h:g}h.json"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
