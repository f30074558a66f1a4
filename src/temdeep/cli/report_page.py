"""The page for people that `evaluate` and `train` write with --report."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temdeep.cli.reporting import progress_bar
from temdeep.errors import OutputError

if TYPE_CHECKING:
    from temdeep.verification.evaluate import Evaluation


def check_suffix(report: Path) -> None:
    """Refuse a page under a suffix that says something else.

    Raises:
        OutputError: It is so.
    """
    if report.suffix not in (".html", ".htm"):
        raise OutputError(f"{report} is no web page (.html) by its suffix.")


def write_page(
    evaluation: Evaluation,
    report: Path,
    *,
    subject: str,
    model: Mapping[str, Any] | None,
    quiet: bool,
) -> None:
    """Write the page, and show how far it is.

    Args:
        evaluation: What is reported.
        report: The page.
        subject: The method that is reported on.
        model: Its description, if it is a model.
        quiet: Whether nothing is shown.
    """
    from temdeep.verification.report.page import write_report

    with progress_bar("writing the report", 1000, quiet=quiet) as show_done:
        write_report(
            evaluation,
            report,
            subject=subject,
            model=model,
            command=shlex.join(["temdeep", *sys.argv[1:]]),
            progress=lambda done, total: show_done(1000 * done // total),
        )
