"""How the pages of docs/ become a site: `make docs`.

All that a built page loads lies beside it: no fonts, scripts or styles come from elsewhere.
"""

import sys
from pathlib import Path

from pygments.lexers.shell import BashLexer
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from temdeep._version import __version__  # noqa: E402 - the folder of this file is no package's

project = "TemDeep"
author = "The temdeep developers"
project_copyright = "The temdeep developers, Apache License 2.0"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docs.site.commands",
    "docs.site.formulas",
    "docs.site.layers",
    "docs.site.outside_links",
]
exclude_patterns = ["site"]
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!temdeep).*"),  # other packages' names: no network, no inventory
    ("py:class", r".*\.(AnyInterval|Fields|Settings)"),  # variables of types
]
highlight_language = "none"
default_role = "literal"  # `name` in a docstring
myst_heading_anchors = 3
suppress_warnings = [
    "myst.header",  # included parts of README.md start at its second level
    "ref.python",  # a name that several modules have, in an annotation for type checkers alone
]

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 88
toc_object_entries = (
    False  # the navigation holds modules, not each function: half the time to build
)

html_theme = "furo"
html_title = "TemDeep"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}


def setup(app: Sphinx) -> None:
    """Show commands as a shell's, without prompts."""
    app.add_lexer("console", BashLexer)
