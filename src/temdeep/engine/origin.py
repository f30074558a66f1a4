"""What an output is made of: by this a run knows its own unfinished work, and its own store, again.

Knows: files, journals. Must not know: series, methods, how an output is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from temdeep._version import __version__
from temdeep.engine.journal import Journal
from temdeep.engine.record import About, Made
from temdeep.errors import OutputError


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
    if about["temdeep"] != __version__:
        raise OutputError(f"{where} of temdeep {about['temdeep']}, this is {__version__}: {anew}.")
    other = difference(about["request"], origin.request)
    if other:
        raise OutputError(
            f"{where} of another request ({other}): run that again to go on with it, or {anew}."
        )
    mended = bool(journal.entries) and "damaged" in journal.entries[-1]
    files = {name: list(one) for name, one in origin.files.items()}
    if files != about["files"] and not mended:
        both = {**about["files"], **files}
        changed = [name for name in both if about["files"].get(name) != files.get(name)]
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
