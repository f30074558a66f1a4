"""The report of `temdeep train`: the model on days of the series that it has not learnt from.

What can be refused is refused before the training: the place, and a test that is too short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from temdeep.cli.report_page import check_suffix, write_page
from temdeep.cli.reporting import progress_bar, tell_notes
from temdeep.errors import OutputError
from temdeep.extras import need
from temdeep.outputs import check_place, check_writable

if TYPE_CHECKING:
    from temdeep.fields.series import Series
    from temdeep.methods.protocol import Method
    from temdeep.training.apart import Apart
    from temdeep.training.fit import Trained
    from temdeep.training.settings import TrainingSettings


@dataclass(frozen=True, eq=False)
class Exam:
    """What a model will be tested on, and beside which methods.

    Attributes:
        apart: Days that it does not learn from.
        methods: The classical methods, fitted to what is kept of these days.
        report: The page that will be written.
    """

    apart: Apart
    methods: Mapping[str, Method]
    report: Path


def check_report(report: Path, run: Path, *, overwrite: bool) -> None:
    """Refuse a page that cannot be written where it is asked for; the run's folder is made.

    Raises:
        MissingExtraError: What draws pages is not installed.
        OutputError: It has another suffix, no folder that can be written to, is one itself, or is
            there already.
    """
    from temdeep.verification.outputs import refuse_existing

    need("plot")
    check_suffix(report)
    if report.resolve() == run.resolve() or report.is_dir():
        raise OutputError(f"{report} is a folder, and the report is a file: name another.")
    if report.parent.resolve() != run.resolve():
        check_place(report)
        check_writable(report)
    if not overwrite:
        refuse_existing([report])


def prepare(
    report: Path, whole: Series, learnt: Series, settings: TrainingSettings, every: int
) -> Exam:
    """Choose what a training will be tested on.

    Args:
        report: The page that will be written.
        whole: All that there is.
        learnt: What is learnt from.
        settings: Of the training.
        every: One time in so many is learnt from.

    Raises:
        RequestError: Too little is left to test on.
    """
    from temdeep.training.apart import apart
    from temdeep.verification.evaluate import classical
    from temdeep.verification.withholding import thin_out

    chosen = apart(whole, learnt, settings, every)
    coarse = thin_out(chosen.series, chosen.withhold).coarse
    return Exam(chosen, classical(coarse), report)


def examine(exam: Exam, trained: Trained, *, quiet: bool) -> None:
    """Test the model, and write the page.

    Raises:
        TemdeepError: Nothing could be withheld, or the page cannot be written.
    """
    from temdeep.methods.consistent import keep_consistent
    from temdeep.model_store import description
    from temdeep.verification.evaluate import evaluate

    told = description(trained.folder)
    series, name = exam.apart.series, trained.model.name
    with progress_bar("filling in", 1000, quiet=quiet) as show_done:
        evaluation = evaluate(
            series,
            withhold=exam.apart.withhold,
            methods={**exam.methods, name: keep_consistent(trained.model, series.channels)},
            trained_on=told["trained_on"],
            progress=lambda done, total: show_done(1000 * done // total),
        )
    write_page(evaluation, exam.report, subject=name, model=told, quiet=quiet)
    tell_notes(evaluation.about["notes"], quiet=quiet)
