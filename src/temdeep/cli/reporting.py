"""What a command tells on the terminal: progress and notes on stderr, its summary on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

UNCUT = 10_000
"""Characters in a line, more than any of ours has."""


@contextmanager
def progress_bar(description: str, total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr while the block runs.

    Args:
        description: What is being done, in a few words.
        total: How many steps make the whole.
        quiet: Show nothing; nothing is shown either where stderr is no terminal.

    Yields:
        A function that is told how many steps are done.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda done: None  # noqa: ARG005 - the caller's own signature
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=total)
        yield lambda done: progress.update(task, completed=done)


def stdout(*, soft_wrap: bool = False) -> Console:
    """For tables: in a file or a pipe as wide as they need, unless COLUMNS says how wide."""
    from rich.console import Console

    narrow = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    width = None if narrow else UNCUT
    return Console(markup=False, highlight=False, soft_wrap=soft_wrap, width=width)


def tell(lines: list[str], *, quiet: bool) -> None:
    """Print a summary for people on stdout."""
    if not quiet:
        print("\n".join(lines))


def tell_notes(notes: list[str], *, quiet: bool) -> None:
    """Print what the user did not ask for but should know on stderr."""
    if not quiet:
        for note in notes:
            print(f"note: {note}", file=sys.stderr)


def tell_json(summary: Mapping[str, object]) -> None:
    """Print a summary for programs on stdout; NaN and infinity are not JSON and are refused."""
    print(json.dumps(summary, indent=2, allow_nan=False))
