"""How a training is shown: each epoch while it runs, and afterwards what it left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from temdeep.cli.reporting import tell_notes

if TYPE_CHECKING:
    from temdeep.fields.series import Series
    from temdeep.training.fit import Trained


@contextmanager
def epochs_shown(*, quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """Show epochs on stderr: a bar on a terminal, else a line each.

    Yields:
        A function that is told the epoch that ended, of how many, and what it brought; None where
        nothing is to be shown.
    """
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield lambda done, total, brought: print(
            f"epoch {done} of {total}: {brought}", file=sys.stderr, flush=True
        )
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("training", total=None)
        yield lambda done, total, brought: bar.update(
            task, completed=done, total=total, description=f"epoch {done} of {total}: {brought}"
        )


def teller(*, quiet: bool) -> Callable[[str], None]:
    """Tells sentences on stderr while something is going on."""

    def tell(sentence: str) -> None:
        if not quiet:
            print(f"{sentence} …", file=sys.stderr, flush=True)

    return tell


def summary(trained: Trained, series: Series) -> dict[str, Any]:
    """What a training left, for programs."""
    from temdeep import model_store

    told = model_store.description(trained.folder)
    rates = told.get("held_out_restoration_rate", {})
    return {
        "model": str(trained.folder),
        "model_sha256": model_store.digest(trained.folder),
        "epochs": model_store.last_epoch(trained.folder),
        "best_epoch": told["epoch"],
        "held_out_from": told["trained_on"]["held_out_from"],
        "found": trained.found.name.lower(),
        "variables": {
            one.name: {
                "treatment": trained.model.treatment(one, series.grid),
                "held_out_restoration_rate": rates.get(one.name),
            }
            for one in series.channels
        },
    }


def summary_lines(trained: Trained, series: Series) -> list[str]:
    """What a training left, for people: which method each variable gets, and how good it was."""
    told = summary(trained, series)
    variables = told["variables"]
    width = max(map(len, variables), default=0)
    lines = [
        f"{told['model']}: trained for {told['epochs']} epochs, the best is {told['best_epoch']}.",
        "What each variable is filled in with, and its restoration rate on the frames from"
        f" {told['held_out_from']} on, every other one hidden:",
    ]
    for name, one in variables.items():
        rates = one["held_out_restoration_rate"] or {}
        method = one["treatment"].split(":")[0].split(" ")[0]
        rate = f"{rates[method]:6.1f} %" if method in rates else "       –"
        rivals = {other: value for other, value in rates.items() if other != method}
        next_best = max(rivals, key=rivals.__getitem__, default=None)
        against = f" ({next_best} {rivals[next_best]:.1f} %)" if next_best else ""
        lines.append(f"  {name:{width}} {rate}  {one['treatment']}{against}")
    return lines


def tell_series(series: Series, *, quiet: bool) -> None:
    """Tell what was assumed when the series was opened."""
    tell_notes(list(series.notes), quiet=quiet)
