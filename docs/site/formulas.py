"""Docstrings as the code has them, formulas included, for Sphinx.

An indented block in prose is a formula: it is shown as it stands. Bars and stars in prose are
characters, not markup. What is said of a constant has no sections: a colon in it is a colon.
"""

import re
from collections.abc import Callable

from sphinx.application import Sphinx

SECTION = re.compile(r"(Args|Attributes|Raises|References|Returns|Warns|Yields|Note):$")
BEFORE_NAPOLEON, AFTER_NAPOLEON = 400, 600
CONSTANTS = ("attribute", "data")


def as_shown(lines: list[str]) -> list[str]:
    """The lines of a docstring with formulas as literal blocks and without chance markup."""
    shown: list[str] = []
    in_section = in_formula = False
    for line in lines:
        indented = line.startswith("    ")
        if line and not indented:
            in_section, in_formula = bool(SECTION.match(line)), False
        elif indented and not in_section and not in_formula and shown and not shown[-1]:
            shown += ["::", ""]
            in_formula = True
        shown.append(line if in_formula else re.sub(r"([|*])", r"\\\1", line))
    return shown


class Showing:
    """Hides what is said of constants from napoleon, which takes words before a colon as a type."""

    def __init__(self) -> None:
        self.hidden: list[str] = []

    def before_napoleon(self, what: str, lines: list[str]) -> None:
        """Show formulas."""
        shown = as_shown(lines)
        self.hidden = shown if what in CONSTANTS else []
        lines[:] = [] if what in CONSTANTS else shown

    def after_napoleon(self, what: str, lines: list[str]) -> None:
        """Bring back what was hidden."""
        if what in CONSTANTS:
            lines[:] = self.hidden


def _listener(step: Callable[[str, list[str]], None]) -> Callable[..., None]:
    """A step as Sphinx calls it, with more than it needs."""
    return lambda _app, what, _name, _obj, _options, lines: step(what, lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Listen for docstrings."""
    showing = Showing()
    for step, priority in (
        (showing.before_napoleon, BEFORE_NAPOLEON),
        (showing.after_napoleon, AFTER_NAPOLEON),
    ):
        app.connect("autodoc-process-docstring", _listener(step), priority=priority)
    return {"parallel_read_safe": True}
