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
        self._file: IO[str] | None = None

    def begin(self, about: Mapping[str, Any]) -> None:
        """Make a new journal.

        Args:
            about: What the output is made of.

        Raises:
            OutputError: Another process holds it.
        """
        self._hold("w+")
        self.about, self.entries = dict(about), []
        self._append(self.about)

    def go_on(self) -> bool:
        """Read the journal that is there.

        Returns:
            Whether there is one.

        Raises:
            OutputError: Another process holds it.
        """
        if not self.path.is_file():
            return False
        file = self._hold("r+")
        text = file.read()
        whole = text[: text.rfind("\n") + 1]
        file.seek(len(whole.encode()))
        file.truncate()
        lines = [json.loads(line) for line in whole.splitlines()]
        if not lines:
            self.release()
            return False
        self.about, self.entries = lines[0], lines[1:]
        return True

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
        if self._file is None:
            raise ValueError("the journal is not held")
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _hold(self, mode: str) -> IO[str]:
        file: IO[str] = self.path.open("a+" if mode == "w+" else mode, encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise OutputError(
                f"another run is writing into {self.path.parent}: wait for it, or choose another"
                " output."
            ) from error
        if mode == "w+":
            file.truncate(0)
        self._file = file
        return file
