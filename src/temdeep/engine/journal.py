"""What is done of an unfinished output, so that a run that was stopped can be gone on with.

Knows: files. Must not know: series, methods, how an output is stored.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from temdeep.errors import OutputError

Json = dict[str, Any]

NAME = "temdeep_journal.jsonl"


class Journal:
    """Lines of JSON in a file: first what the output is made of, then each thing that is done.

    A line counts once it ends; one cut short by a kill is dropped. One process at a time holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.about: Json = {}
        self.entries: list[Json] = []
        self.broken = False
        self._file: IO[str] | None = None

    def hold(self) -> None:
        """Take the journal, one that is new where there is none, and read what stands in it.

        Nothing is read of one in which anything cannot be: it is `broken`.

        Raises:
            OutputError: Another process holds it.
        """
        while self._file is None:
            self.path.parent.mkdir(exist_ok=True)
            try:
                file: IO[str] = self.path.open("a+", encoding="utf-8")
            except FileNotFoundError:  # its folder went meanwhile, with the work of another
                continue
            if not _lock(file):
                file.close()
                raise _in_use(self.path)
            if _is_at(file, self.path):
                self._file = file
            else:  # it went before it was ours
                file.close()
        self._file.seek(0)
        text = self._file.read()
        whole = text[: text.rfind("\n") + 1]
        self._file.truncate(len(whole.encode()))
        try:
            lines = [json.loads(line) for line in whole.splitlines()]
        except ValueError:
            lines = [None]
        self.broken = not all(isinstance(line, dict) for line in lines)
        if lines and not self.broken:
            self.about, self.entries = lines[0], lines[1:]

    @property
    def is_held(self) -> bool:
        """Whether it is this run's."""
        return self._file is not None

    def begin(self, about: Mapping[str, Any]) -> None:
        """Begin anew the journal that is held.

        Args:
            about: What the output is made of.
        """
        self.empty()
        self.about, self.entries = dict(about), []
        self._append(self.about)

    def empty(self) -> None:
        """Have it tell nothing to whoever reads it next."""
        self._held().truncate(0)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Write down that something is done, for good."""
        self.entries.append(dict(entry))
        self._append(entry)

    def release(self) -> None:
        """Let others have it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Let others have it, and end it: what it tells of is complete."""
        self.path.unlink(missing_ok=True)
        self.release()

    def _append(self, entry: Mapping[str, Any]) -> None:
        file = self._held()
        file.write(json.dumps(entry) + "\n")
        file.flush()
        os.fsync(file.fileno())

    def _held(self) -> IO[str]:
        if self._file is None:
            raise RuntimeError("the journal is not held")
        return self._file


def refuse_held(path: Path) -> None:
    """Refuse to go near an output while another process writes it.

    Args:
        path: Where its journal is, if it is there.

    Raises:
        OutputError: Another process holds it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            if not _lock(file, fcntl.LOCK_SH):
                raise _in_use(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):  # told when it is taken
        return


def _in_use(path: Path) -> OutputError:
    """That another process holds a journal."""
    return OutputError(
        f"another run is writing into {path.parent}: wait for it, or choose another output."
    )


def _lock(file: IO[str], how: int = fcntl.LOCK_EX) -> bool:
    """Whether a file could be locked; the system lets it go with the process, however that ends."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
