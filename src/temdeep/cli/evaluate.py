"""`temdeep evaluate`: withhold times, fill them in again, compare with what was withheld."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temdeep.asked import whole_number
from temdeep.cli.arguments import (
    add_post_conditions,
    add_series_arguments,
    names,
    open_from,
    refuse_inputs,
)
from temdeep.cli.report_page import check_suffix, write_page
from temdeep.cli.reporting import progress_bar, stdout, tell_json, tell_notes
from temdeep.errors import OutputError, RequestError
from temdeep.extras import need
from temdeep.outputs import check_place

if TYPE_CHECKING:
    from temdeep.fields.series import Series
    from temdeep.methods.protocol import Method
    from temdeep.verification.evaluate import Evaluation

DESCRIPTION = """\
Hide every time but each K-th, fill the hidden times in again with every method, and score
them against what was hidden. Period variables (sums, means) are joined K at a time and divided
again. Linear interpolation is always computed: restoration rates are measured against it.

Writes a JSON file of all scores (RMSE, MAE, bias, restoration rate with a 95 % interval from
resampled days, extremes, spectra; all lead fractions together and each alone) and the same as
CSV beside it. With --report, also one self-contained HTML page for people: the verdict in words,
tables, maps, an animation, errors by lead fraction, hour of day and region, what was learnt from.
It reports on the model; without one on auto or, where that is left out, on the best method.
"""

EPILOG = """examples, with the series that the repository ships:
  temdeep evaluate data/atlantic_hourly_truth.nc --withhold 6
  temdeep evaluate data/atlantic_hourly_truth.nc --withhold 3 --method cubic,solar -o scores.json
  temdeep evaluate data/atlantic_hourly_truth.nc --withhold 6 --method cubic --uncertainty
  temdeep evaluate data/atlantic_hourly_truth.nc --withhold 6 --from 2000-04-06 --to 2000-04-09T12
  temdeep evaluate data/atlantic_hourly_truth.nc --withhold 6 --model run --figures figures
                                            (after: temdeep train data/atlantic_6hourly.nc -o run)
  temdeep evaluate data/atlantic_hourly_truth.nc --withhold 6 --model run --report report.html
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "evaluate",
        help="withhold times, fill them in again and score",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_series_arguments(parser)
    what = parser.add_argument_group("what is compared")
    what.add_argument(
        "--withhold", type=int, required=True, metavar="K", help="keep one time in K, hide the rest"
    )
    what.add_argument("--model", type=Path, metavar="RUN", help="a trained model (a run's folder)")
    what.add_argument(
        "--epoch", type=int, metavar="N", help="its checkpoint; the chosen one if not given"
    )
    what.add_argument(
        "--method",
        action="append",
        default=[],
        metavar="NAME",
        help="classical methods (repeatable, or NAME,NAME); all of them if not given",
    )
    what.add_argument(
        "--uncertainty",
        action="store_true",
        help="score as well how well each method knows how wrong it is, which is learnt"
        " from hidden times of the thinned series, and by a model before",
    )
    what.add_argument("--from", dest="first", metavar="TIME", help="first time that is tested")
    what.add_argument("--to", dest="last", metavar="TIME", help="last time that is tested")
    what.add_argument("--seed", type=int, default=0, help="of the resampled days (default 0)")
    add_post_conditions(what)
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="JSON of all scores, with a CSV beside it (default: SOURCE_withholdK.json here)",
    )
    output.add_argument("--figures", type=Path, metavar="FOLDER", help="draw figures there")
    output.add_argument(
        "--report", type=Path, metavar="FILE", help="write a page for people (.html)"
    )
    output.add_argument("--overwrite", action="store_true", help="replace existing results")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and report.

    Raises:
        TemdeepError: The series, the model, the request or the output is at fault.
    """
    from temdeep.verification.evaluate import SEED, evaluate
    from temdeep.verification.outputs import refuse_existing, write_text
    from temdeep.verification.tables import as_csv, as_json

    whole_number(arguments.seed, SEED)
    if arguments.figures is not None or arguments.report is not None:
        need("plot")
    target = arguments.output or Path(_default_name(arguments.sources[0], arguments.withhold))
    target = target if target.suffix else target.with_name(f"{target.name}.json")
    table = target.with_suffix(".csv")
    written = [target, table] + ([arguments.report] if arguments.report is not None else [])
    if len(set(written)) < len(written):
        raise RequestError(f"{arguments.report} cannot be both the report and the scores.")
    drawn = [] if arguments.figures is None else [arguments.figures]
    refuse_inputs([*written, *drawn], arguments.sources, [arguments.static])
    _check_places(target, table, arguments.report)
    if not arguments.overwrite:
        refuse_existing(written)
    series = open_from(arguments)
    methods, trained_on = _methods(arguments, series)
    with progress_bar("filling in", 1000, quiet=arguments.quiet) as show_done:
        evaluation = evaluate(
            series,
            methods=methods,
            withhold=arguments.withhold,
            period=(arguments.first, arguments.last),
            dataset=Path(arguments.sources[0]).stem,
            trained_on=trained_on,
            seed=arguments.seed,
            uncertainty=arguments.uncertainty,
            progress=lambda done, total: show_done(1000 * done // total),
        )
    subject = _subject(evaluation, arguments) if arguments.report is not None else ""
    write_text(target, as_json(evaluation.as_json()))
    write_text(table, as_csv(evaluation.records))
    if arguments.figures is not None:
        _draw(evaluation, arguments)
    if arguments.report is not None:
        _report(evaluation, subject, arguments)
    if arguments.json:
        tell_json(evaluation.as_json())
    elif not arguments.quiet:
        print_tables(evaluation, written)
    tell_notes(evaluation.about["notes"], quiet=arguments.quiet)
    return 0


def _check_places(scores: Path, table: Path, report: Path | None) -> None:
    """Refuse results under a suffix that says something else, or in no folder.

    Raises:
        OutputError: One of them is so.
    """
    if scores.suffix != ".json":
        raise OutputError(f"{scores} is no JSON (.json) by its suffix.")
    if report is not None:
        check_suffix(report)
    for one in (scores, table, *(() if report is None else (report,))):
        check_place(one)


def _default_name(source: str, withhold: int) -> str:
    stem = Path(source).stem.strip("*?[]") or "series"
    return f"{stem}_withhold{withhold}.json"


def _methods(
    arguments: argparse.Namespace, series: Series
) -> tuple[dict[str, Method], dict[str, Any] | None]:
    """Classical methods fitted to the thinned test part, then the model."""
    from temdeep.methods.consistent import keep_consistent, parse_post_conditions
    from temdeep.methods.registry import METHOD_NAMES
    from temdeep.verification.evaluate import classical
    from temdeep.verification.withholding import thin_out

    kept = series.channels, parse_post_conditions(arguments.post_conditions)
    part = series.between(arguments.first, arguments.last)
    coarse = thin_out(part, arguments.withhold).coarse
    ordered = classical(coarse, names(arguments.method) or METHOD_NAMES, kept[1])
    if arguments.model is None:
        return ordered, None
    from temdeep.model_store import description, load_method

    model = load_method(arguments.model, arguments.epoch)
    trained_on = description(arguments.model, arguments.epoch).get("trained_on")
    consistent = keep_consistent(model, *kept)
    if arguments.uncertainty:
        from temdeep.engine.provenance import spread_of
        from temdeep.methods.uncertain import Uncertain

        spread = spread_of(coarse, consistent, arguments.model, arguments.epoch)
        consistent = Uncertain(consistent, spread)
    return {**ordered, model.name: consistent}, trained_on


def _draw(evaluation: Evaluation, arguments: argparse.Namespace) -> None:
    from temdeep.verification.gallery import write_figures
    from temdeep.verification.tables import best_classical, methods_of

    *_, last = methods_of(evaluation.records)
    compared = last if arguments.model else best_classical(evaluation.records, "linear")
    with progress_bar("drawing", 1000, quiet=arguments.quiet) as show_done:
        write_figures(
            evaluation,
            arguments.figures,
            compared=compared or last,
            progress=lambda done, total: show_done(1000 * done // total),
        )


def _subject(evaluation: Evaluation, arguments: argparse.Namespace) -> str:
    """The method that the report is about."""
    from temdeep.verification.report.page import subject_of
    from temdeep.verification.tables import methods_of

    *_, last = methods_of(evaluation.records)
    return subject_of(evaluation, last if arguments.model else None)


def _report(evaluation: Evaluation, subject: str, arguments: argparse.Namespace) -> None:
    from temdeep.model_store import description

    write_page(
        evaluation,
        arguments.report,
        subject=subject,
        model=description(arguments.model, arguments.epoch) if arguments.model else None,
        quiet=arguments.quiet,
    )


def print_tables(evaluation: Evaluation, written: list[Path]) -> None:
    """Print what an evaluation found, for people."""
    from temdeep.verification.report.words import TIED, duration
    from temdeep.verification.tables import (
        Drawn,
        rate_table,
        resampled,
        score_table,
        spread_table,
    )

    console = stdout()
    about = evaluation.about
    split = about["split"]
    length = duration(split["span_hours"]).replace(TIED, " ")
    console.print(
        f"{about['dataset']}: {split['test_first']} to {split['test_last']}, one time in"
        f" {split['withhold']} kept, intervals of {length}; {resampled(about)}",
    )
    console.print(Drawn(score_table(evaluation.records)), crop=False)
    console.print(Drawn(rate_table(evaluation.records)), crop=False)
    if any("crps" in row for row in evaluation.records):
        console.print(Drawn(spread_table(evaluation.records)), crop=False)
    seconds = about["wall_time_s"]["filling_in"]
    console.print(
        "seconds filling in: "
        + ", ".join(f"{name} {value:.2f}" for name, value in seconds.items()),
    )
    console.print(f"written: {' '.join(map(str, written))}")
