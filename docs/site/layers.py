"""The directive `layer`: every module of a part of the package, from its docstrings.

A module that is added stands in the reference at the next build.
"""

import importlib
import pkgutil

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def modules_of(name: str) -> list[str]:
    """Names of the public modules and packages in a package, or of the module itself."""
    module = importlib.import_module(name)
    inside = pkgutil.iter_modules(getattr(module, "__path__", []))
    return [f"{name}.{one.name}" for one in inside if not one.name.startswith("_")] or [name]


class Layer(SphinxDirective):
    """`.. layer:: temdeep.fields` shows all modules of it, each under a heading."""

    required_arguments = 1
    optional_arguments = 20

    def run(self) -> list[nodes.Node]:
        """See `SphinxDirective`."""
        text = ""
        for module in [one for name in self.arguments for one in modules_of(name)]:
            text += f"{module}\n{'-' * len(module)}\n\n.. automodule:: {module}\n\n"
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("layer", Layer)
    return {"parallel_read_safe": True}
