"""What may follow an option, for completion by TAB; all else is completed with files.

Light to import: who presses TAB does not wait for xarray or torch. So names stand here once more,
which the tests hold against where they come from.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points

METHODS = ("nearest", "linear", "cubic", "cubic_local", "solar", "optical_flow", "auto")
"""Our own methods that need no training."""

PLUGINS = "temdeep.methods"
"""Group of the entry points by which other packages bring theirs."""

POST_CONDITIONS = ("all", "none", "fraction", "extremes", "dew-point", "wind-speed",
                   "wind-direction")  # fmt: skip
STEPS = ("1h", "30min", "15min", "10min", "5min")
"""Output steps that many ask for; any other is good as well."""


def methods() -> tuple[str, ...]:
    """Names of all methods, those of other packages included, of which nothing is loaded."""
    return tuple(dict.fromkeys((*METHODS, *(one.name for one in entry_points(group=PLUGINS)))))


def choices(command: str, option: str) -> Sequence[str]:
    """What may follow an option of a command; nothing where that is a file, a number or a name."""
    if option == "--method":
        return methods()
    return {
        "--compress": tuple("0123456789"),
        "--device": ("auto", "cpu", "cuda"),
        "--post-conditions": POST_CONDITIONS,
        "--precision": ("float32", "bf16", *(("fp16",) if command == "train" else ())),
        "--step": STEPS,
    }.get(option, ())


def teach(parser: argparse.ArgumentParser) -> None:
    """Tell argcomplete what may follow the options of all commands."""
    for command, action in _actions(parser):
        for option in action.option_strings:
            offered = choices(command, option)
            if offered:
                action.completer = _completer(offered)  # type: ignore[attr-defined]


def _actions(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, its in action.choices.items():
                yield from ((command, one) for one in its._actions)


def _completer(offered: Sequence[str]) -> Callable[..., list[str]]:
    """Offers names, also behind others and a comma, those named already left out."""

    def complete(prefix: str, **_: object) -> list[str]:
        before, comma, _last = prefix.rpartition(",")
        return [f"{before}{comma}{one}" for one in offered if one not in before.split(",")]

    return complete
