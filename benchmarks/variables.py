"""Withholds and fills in every variable of real files, beside what common tools do.

    python -m benchmarks.variables [--only CASE ...] [-o FILE]

Reads the files in the folder TEMDEEP_DATA, prints a table for each and how the targets are met, and
writes the records of `temdeep.evaluate` with more columns. `cdo` takes part where it is installed
(Debian: apt-get install cdo).
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.variables_cases import CASES, DATA, Case, open_case
from benchmarks.variables_contenders import OURS, Prepared, contenders, has_cdo
from benchmarks.variables_extremes import extreme_records
from benchmarks.variables_scores import Remembered, extra_scores
from benchmarks.variables_tables import as_markdown, case_table, target_table
from benchmarks.variables_targets import targets
from rich.console import Console

from temdeep._version import __version__
from temdeep.checkout import checkout_commit
from temdeep.cli.reporting import progress_bar
from temdeep.verification.evaluate import evaluate
from temdeep.verification.tables import as_json
from temdeep.verification.withholding import thin_out

RESULTS = Path(__file__).parent / "results" / "variables.json"

DEFINITIONS = {
    "temdeep": "what `temdeep downscale` writes by default, read again",
    "temdeep_draw": "the same where rain is drawn, not averaged",
    "xarray_interp": "xarray.Dataset.interp over time of the thinned file as it is",
    "cdo_inttime": "`cdo inttime` of the same",
    "opponents": "running totals are interpolated as such and subtracted; sums over k steps are"
    " interpolated between their stamps and divided by k, means taken as they come; where a tool"
    " gives nothing (before the first stamp) the period is divided evenly",
    "conservation_error": "largest departure of the parts' mean from their period's, over the"
    " largest mean of the series; for extremes, of the parts' extreme from the period's",
    "impossible_share": "share of filled values beyond what can be (negative, above a whole,"
    " sunlight by night, dew point above temperature, speed below its components, beyond a period's"
    " extreme) and beyond what the given fields hold there",
    "wet_area_ratio_0.1, wet_area_ratio_1": "wet area over the truth's at 0.1 and 1 mm/h",
    "fss_20km_0.1, fss_20km_1": "fractions skill score over squares of 20 km, all times together,"
    " at 0.1 and 1 mm/h; fss_20km is that at 1 mm/h; null where cells are too large",
}


def main() -> None:
    """Run cases, print tables, write the records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 200)
    began = time.perf_counter()
    records: list[dict[str, Any]] = []
    left_out = []
    with progress_bar("cases", len(arguments.only), quiet=False) as show_done:
        for done, name in enumerate(arguments.only):
            show_done(done)
            case = CASES[name]
            if not (DATA / case.file).exists():
                left_out.append(f"{name}: there is no {case.file} in the folder TEMDEEP_DATA")
                console.print(left_out[-1])
                continue
            found = run(name, case)
            records += found
            console.print(case_table(name, case, found))
        show_done(len(arguments.only))
    if not has_cdo():
        left_out.append("cdo_inttime: `cdo` is not installed")
        console.print(left_out[-1])
    reached = targets(records)
    console.print(target_table(reached))
    about = {
        "command": "python -m benchmarks.variables",
        "cases": {name: _told(CASES[name]) for name in arguments.only},
        "left_out": left_out,
        "targets": [vars(target) for target in reached],
        "definitions": DEFINITIONS,
        "version": __version__,
        "commit": checkout_commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_time_s": round(time.perf_counter() - began, 1),
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(as_json({"about": about, "records": records}), encoding="utf-8")
    foot = (
        f"RMSE unless said otherwise; {OURS} is what `temdeep downscale` writes by default. Of"
        f" `{about['command']}`, commit {about['commit']}, {about['date']},"
        f" {about['wall_time_s']} s. The files' sources and licences: [data](../../docs/data.md)."
    )
    page = as_markdown({name: CASES[name] for name in arguments.only}, records, reached, foot)
    arguments.output.with_suffix(".md").write_text(page, encoding="utf-8")
    console.print(f"written: {arguments.output} ({about['wall_time_s']} s)", highlight=False)


def run(name: str, case: Case) -> list[dict[str, Any]]:
    """Records of a case, of all lead fractions together."""
    opened = open_case(case)
    withheld = thin_out(opened.series, case.every)
    made = contenders(withheld, opened.totals)
    if case.extremes_of:
        prepared = {key: one for key, one in made.items() if isinstance(one, Prepared)}
        records = extreme_records(withheld, prepared, dataset=Path(case.file).stem)
    else:
        methods = {key: Remembered(one) for key, one in made.items()}
        found = evaluate(opened.series, withhold=case.every, methods=methods)
        extra = extra_scores(withheld, methods)
        records = [
            {**record, **extra[record["variable"], record["method"]]}
            for record in found.records
            if record["lead_fraction"] is None and (record["variable"], record["method"]) in extra
        ]
    return [{"case": name, **_rounded(record)} for record in records]


def _told(case: Case) -> dict[str, Any]:
    return {"file": case.file, "part": case.part or "all of it", "withhold": case.every}


def _rounded(record: dict[str, Any]) -> dict[str, Any]:
    """Six digits of each number: more say nothing."""
    return {
        key: float(f"{value:.6g}") if isinstance(value, float) else value
        for key, value in record.items()
    }


if __name__ == "__main__":
    main()
