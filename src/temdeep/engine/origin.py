"""What an output is made of: by this a run knows its own unfinished work, and its own store, again.

Knows: files, journals. Must not know: series, methods, how an output is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from temdeep._version import __version__
from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.journal import Journal
from temdeep.engine.record import FORMAT, About, Made
from temdeep.errors import OutputError

OF_A_RUN = ("history", "temdeep_command")
"""Global attributes that a run which is gone on with keeps."""


@dataclass(frozen=True)
class Origin:
    """What an output is made of, by which a run knows its own unfinished work again.

    Attributes:
        request: All that was asked for, as text by name.
        files: Size in bytes and time of the last change of each input file, by path.
        about: What a store records, so that it can be appended to; None: it cannot.
    """

    request: Mapping[str, str]
    files: Mapping[str, tuple[int, int]]
    about: About | None = None


@dataclass(frozen=True, eq=False)
class Older:
    """A finished store that is appended to: what is kept of it.

    Attributes:
        store: Its folder.
        levels: Which storage of its ladder it has for each variable.
        why: Why one is stored wider than its input.
        pieces: How each piece came out that stays as it is, by its first output time.
        count: How many output times these have.
    """

    store: Path
    levels: Mapping[str, int]
    why: Mapping[str, str]
    pieces: Mapping[int, Made]
    count: int


def stamp(path: Path) -> tuple[int, int]:
    """Size in bytes and last change in nanoseconds; of a folder, of all that is in it."""
    found = [one.stat() for one in ([path] if path.is_file() else sorted(path.rglob("*")))]
    return sum(one.st_size for one in found), max((one.st_mtime_ns for one in found), default=0)


def known_files(journal: Journal) -> dict[str, tuple[int, int]]:
    """How each input file was when what is done was last found to be made of it, by path."""
    known = journal.about["files"]
    for line in journal.entries:
        known = line.get("mended", known)
    return {name: (size, changed_ns) for name, (size, changed_ns) in known.items()}


def is_damaged(journal: Journal) -> bool:
    """Whether the input was damaged, and was not found to be mended since."""
    told = [line for line in journal.entries if "damaged" in line or "mended" in line]
    return bool(told) and "damaged" in told[-1]


def proven(origin: Origin, journal: Journal) -> bool:
    """Whether sizes and times of all files tell that the input is what it was."""
    known = all(changed_ns for _, changed_ns in origin.files.values())
    return known and dict(origin.files) == known_files(journal)


def mark(frame: xr.Dataset, specs: Mapping[str, FieldSpec], about: About | None) -> str:
    """Hash of all that is written beside fields, and of what a method says of how it makes them.

    Args:
        frame: The output without its fields.
        specs: How these are stored, and what is said of them.
        about: What decides on their values, as far as it is told.
    """
    found = hashlib.sha256()
    for name, one in sorted(frame.variables.items(), key=lambda item: str(item[0])):
        values = np.asarray(one.values)
        found.update(f"{name} {one.dims} {values.dtype} {sorted(one.attrs.items())}".encode())
        plain = values.dtype.kind not in "OTU"
        found.update(
            np.ascontiguousarray(values).tobytes() if plain else str(values.tolist()).encode()
        )
    said = {key: one for key, one in frame.attrs.items() if key not in OF_A_RUN}
    found.update(str(sorted(said.items())).encode())
    for name, spec in specs.items():
        found.update(f"{name} {sorted(spec.all_attributes().items())}".encode())
    found.update(str(None if about is None else sorted(about.made_of.items())).encode())
    return found.hexdigest()[:32]


def refuse_other(origin: Origin, journal: Journal, place: Path) -> None:
    """Refuse the unfinished work of something else.

    Args:
        origin: What is to be made.
        journal: Of what is there.
        place: Where it is.

    Raises:
        OutputError: It is of another request, input or version.
    """
    about = journal.about
    anew = "say --restart to begin anew"
    where = f"{place} holds unfinished work"
    if about.get("form") != FORMAT:
        raise OutputError(f"{where} of an earlier temdeep that divided it otherwise: {anew}.")
    if about["temdeep"] != __version__:
        raise OutputError(f"{where} of temdeep {about['temdeep']}, this is {__version__}: {anew}.")
    other = difference(about["request"], origin.request)
    if other:
        raise OutputError(
            f"{where} of another request ({other}): run that again to go on with it, or {anew}."
        )
    before, now = known_files(journal), dict(origin.files)
    if now != before and not is_damaged(journal):
        changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        raise OutputError(f"{changed[0]} has changed since {where}: {anew}.")


def difference(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The first thing that is not the same, in words; nothing if all is."""
    for name in {**now, **before}:
        old, new = before.get(name, "nothing"), now.get(name, "nothing")
        if old != new:
            parts, others = old.split(", "), new.split(", ")
            while len(parts) > 1 and len(others) > 1 and parts[0] == others[0]:
                parts, others = parts[1:], others[1:]
            return f"{name}: {_short(', '.join(parts))}, now {_short(', '.join(others))}"
    return ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
