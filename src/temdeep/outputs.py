"""Where an output may go, whatever is written.

Knows: paths. Must not know: what is in an output.
"""

import re
import tempfile
from pathlib import Path

from temdeep.errors import OutputError


def check_place(target: Path) -> None:
    """Refuse what is no place in a folder that there is.

    Raises:
        OutputError: A URL, or no such folder.
    """
    if re.match(r"\w+:/", str(target)):  # a path has lost one of its slashes
        url = str(target).replace(":/", "://", 1)
        raise OutputError(
            f"{url} is a URL, and outputs go into folders: write {target.name} into one and copy it"
            " when it is complete."
        )
    if not target.parent.is_dir():
        raise OutputError(f"there is no folder {target.parent} to write {target.name} in.")


def check_writable(target: Path) -> None:
    """Refuse a file in a folder in which nothing can be made.

    Raises:
        OutputError: It is so.
    """
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror}.") from error


def check_free(target: Path, *, overwrite: bool) -> None:
    """Refuse to replace what was not said to be replaced.

    Raises:
        OutputError: It exists.
    """
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists already: say --overwrite, or choose another name.")
