"""How a sentence names what may be asked for: as options of a command, or as arguments in Python.

Sentences are written as one would say them to somebody at the command line. Whoever works in Python
reads the same with arguments: `--kind tp=sum:1h` is `kinds={"tp": "sum:1h"}` there.

Knows: names of options and arguments. Must not know: what they do.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

ARGUMENTS: Mapping[str, str] = {
    "device": "device",
    "draw": "draw",
    "epoch": "epoch",
    "kind": "kinds",
    "max-gap": "max_gap",
    "members": "members",
    "method": "method",
    "model": "model",
    "nodes": "count",
    "nr": "rank",
    "overwrite": "overwrite",
    "period": "period",
    "post-conditions": "post_conditions",
    "precision": "precision",
    "quantiles": "quantiles",
    "seed": "seed",
    "static": "static",
    "step": "step",
    "uncertainty": "uncertainty",
    "variable": "variables",
    "withhold": "withhold",
}
"""Options that have an argument in Python, of `downscale`, `evaluate`, `train` or `Processes`."""

NUMBERS = ("draw", "epoch", "members", "nodes", "nr", "quantiles", "seed", "withhold")
"""Options that take numbers: a word after one of them is none."""

SWITCHES = ("overwrite", "uncertainty")
"""Options that take no value."""

_OPTION = re.compile(
    r"(?<![\w-])--(?P<option>[a-z][a-z-]*[a-z])(?![\w-])"
    r"(?: (?P<value>"
    r"[^\s=]+=[^\s,;)]*[^\s,;.)]"  # NAME=KIND
    r"|-?\d(?:[\w.:]*\w)?(?: \d(?:[\w.:]*\w)?)*"  # 6h, 0.05 0.95
    r"|[A-Z]+\b"  # a placeholder, such as FILE
    r"|\w+(?: or \w+)*(?=[.,;:)]|$)"  # a word, or two, that ends its part of the sentence
    r"))?"
)

_at_command_line = False


@contextmanager
def command_line() -> Iterator[None]:
    """Let sentences name options while a command runs."""
    global _at_command_line  # noqa: PLW0603 - a process has one user, whatever its threads
    before, _at_command_line = _at_command_line, True
    try:
        yield
    finally:
        _at_command_line = before


def worded(sentence: str) -> str:
    """A sentence as whoever reads it would say it."""
    return sentence if _at_command_line else in_python(sentence)


def in_python(sentence: str) -> str:
    """A sentence with arguments in place of options; those that only commands have stay."""
    return _OPTION.sub(_argument, sentence)


def _argument(match: re.Match[str]) -> str:
    option, value = match["option"], match["value"] or ""
    if option not in ARGUMENTS:
        return match[0]
    name = ARGUMENTS[option]
    if option in SWITCHES or (option in NUMBERS and value and not value[-1].isdigit()):
        given = "True" if option in SWITCHES else ""
        return f"{name}={given}" + (f" {value}" if value and not value.isupper() else "")
    return f"{name}={_value(option, value)}"


def _value(option: str, text: str) -> str:
    """A value as Python writes it; nothing for a placeholder."""
    if not text or text.isupper():
        return ""
    if option == "kind" and "=" in text:
        name, _, kind = text.partition("=")
        return f'{{"{name}": "{kind}"}}'
    if re.fullmatch(r"-?[\d.]+(?: [\d.]+)*", text):
        numbers = ", ".join(text.split())
        return f"[{numbers}]" if option == "quantiles" else numbers
    quoted = " or ".join(f'"{one}"' for one in text.split(" or "))
    return f"[{quoted}]" if option == "variable" else quoted
