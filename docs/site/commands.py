"""The directive `help-of`: what a command prints for --help, from its own parser.

An option that is added stands in the reference at the next build.
"""

import argparse
import io
import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from temdeep.cli import demo, start_training
from temdeep.cli import main as temdeep

WIDTH = 88


def subcommands() -> list[str]:
    """Names of the commands of `temdeep`, in their order."""
    actions = temdeep.build_parser()._actions
    return [
        name
        for action in actions
        if isinstance(action, argparse._SubParsersAction)
        for name in action.choices
    ]


def help_of(program: Callable[[Sequence[str]], int], words: Sequence[str]) -> str:
    """What a program prints for `--help`, in lines of a fixed width."""
    printed = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(WIDTH)
    try:
        with redirect_stdout(printed), suppress(SystemExit):
            program([*words, "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return printed.getvalue()


PROGRAMS: dict[str, Callable[[Sequence[str]], int]] = {
    "temdeep": temdeep.main,
    "main.py": start_training.main,
    "python -m temdeep.cli.demo": demo.main,
}


class HelpOf(SphinxDirective):
    """The help of a program, and of each of its commands under a heading."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """See `SphinxDirective`."""
        name = self.arguments[0]
        shown: list[nodes.Node] = [_literal(help_of(PROGRAMS[name], []))]
        if name == "temdeep":
            shown += [self._section(name, command) for command in subcommands()]
        return shown

    def _section(self, program: str, command: str) -> nodes.section:
        title = f"{program} {command}"
        section = nodes.section(ids=[nodes.make_id(title)], names=[title])
        section += nodes.title(title, title)
        section += _literal(help_of(PROGRAMS[program], [command]))
        self.state.document.note_implicit_target(section)
        return section


def _literal(text: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language="text")


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("help-of", HelpOf)
    return {"parallel_read_safe": True}
