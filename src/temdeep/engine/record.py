"""What a finished store was made of, kept inside it, so that it can be appended to.

Knows: files. Must not know: series, methods, how an output is stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from temdeep._version import __version__

FOLDER, NAME = "temdeep_record", "record.json"
"""A group of the store, so that no reader stumbles over it, and the file in it."""

FORMAT = 2
"""Of how an output is divided into pieces, and of what a piece's hash is: what was made by another
is not gone on with."""

Stamp = tuple[int, int]


@dataclass(frozen=True)
class Made:
    """How a piece came out.

    Attributes:
        input: Hash of the input's values that it was made of, those beside its intervals too.
        levels: Which storage of its ladder a variable needed, where it is not the narrowest.
        empty: At which input times a variable is missing everywhere, where it is; None: not known,
            of an earlier version.
    """

    input: str
    levels: Mapping[str, int]
    empty: Mapping[str, Sequence[int]] | None = None


@dataclass(frozen=True)
class About:
    """What a store is made of, but for its values.

    Attributes:
        made_of: Method, variables, grid and all that was asked for, in words by name.
        channels: What each variable, level and member is, in words by name.
        layout: How each variable is stored, as JSON.
        frames: How many times the input has.
    """

    made_of: Mapping[str, str]
    channels: Mapping[str, str]
    layout: Mapping[str, Any]
    frames: int


@dataclass(frozen=True)
class Record:
    """What a store was made of.

    Attributes:
        about: All but values.
        files: Name, size in bytes and time of the last change of each input file.
        pieces: How each piece came out, by its first output time.
        why: Why a variable is stored wider than its input.
        temdeep: Version that made it.
        form: `FORMAT` of that version.
    """

    about: About
    files: tuple[tuple[str, int, int], ...]
    pieces: Mapping[int, Made]
    why: Mapping[str, str]
    temdeep: str = __version__
    form: int = FORMAT

    def levels(self) -> dict[str, int]:
        """Which storage of its ladder each variable has."""
        return widest(self.pieces.values(), self.about.layout)


def widest(pieces: Iterable[Made], names: Iterable[str]) -> dict[str, int]:
    """Which storage of its ladder each variable needs so that all of some pieces fit.

    Args:
        pieces: How they came out.
        names: The variables.
    """
    made = list(pieces)
    return {name: max((one.levels.get(name, 0) for one in made), default=0) for name in names}


def named(files: Mapping[str, Stamp]) -> tuple[tuple[str, int, int], ...]:
    """Files as a record has them: by name alone, so that they may be moved, and tell no paths."""
    return tuple(sorted((Path(path).name, *stamp) for path, stamp in files.items()))


def write(store: Path, record: Record) -> None:
    """Put a record into a store."""
    import zarr  # noqa: PLC0415 - slow to load, and only for stores that are finished

    zarr.create_group(store / FOLDER, overwrite=True)  # one of a run that was killed
    text = json.dumps(asdict(record), sort_keys=True)
    (store / FOLDER / NAME).write_text(text, encoding="utf-8")


def read(store: Path) -> Record | None:
    """The record in a store; None if there is none that can be read."""
    try:
        told = json.loads((store / FOLDER / NAME).read_text(encoding="utf-8"))
        return Record(
            About(**told["about"]),
            tuple((str(name), int(size), int(when)) for name, size, when in told["files"]),
            {int(first): Made(**one) for first, one in told["pieces"].items()},
            told["why"],
            told["temdeep"],
            told.get("form", 1),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
