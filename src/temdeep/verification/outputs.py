"""Writes text results: complete or absent, and never over what is there unless told to."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from temdeep.errors import OutputError


def refuse_existing(targets: Iterable[Path]) -> None:
    """Refuse to go on where a result is already there.

    Raises:
        OutputError: One of the files exists.
    """
    for target in targets:
        if target.exists():
            raise OutputError(f"{target} exists: say --overwrite, or write elsewhere.")


def write_text(target: Path, text: str) -> Path:
    """Write a text file; it appears under its name only when it is whole.

    Raises:
        OutputError: The folder cannot be written to.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise OutputError(f"{target} cannot be written: {error.strerror}.") from error
    return target
