"""What a store of fields can do, and what goes wrong in files.

Knows: files. Must not know: formats, series, methods, why a file is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from temdeep.engine.field_spec import FieldSpec

Values = npt.NDArray[Any]

ZARR_SUFFIX = ".zarr"


class Store(Protocol):
    """Fields that are written part by part, by anyone who opens the same store.

    Raw numbers go in and out with time as the first axis.
    """

    def write(self, name: str, first: int, raw: Values) -> None:
        """Write stored numbers of successive times."""

    def read(self, name: str, first: int, count: int) -> Values:
        """Read back what was written."""

    def sync(self, first: int, count: int) -> None:
        """Have the disk hold successive times of all fields."""

    def storage_dtype(self, name: str) -> np.dtype[Any]:
        """What a field's numbers are stored as, as the store itself has it."""


Opening = Callable[[Mapping[str, FieldSpec]], Store]
"""Opens a store whose fields are stored as told, in any process."""


class StoreError(Exception):
    """A store cannot be written or read; told to the user as one sentence with the file's name.

    Attributes:
        code: The operating system's number, None if it is not from there.
    """

    def __init__(self, told: str, code: int | None) -> None:
        super().__init__(told, code)
        self.code = code

    def __str__(self) -> str:
        """What the library says."""
        return str(self.args[0])


@contextmanager
def storing() -> Iterator[None]:
    """Tell failures of the file system and its libraries from all others.

    Raises:
        StoreError: One of them.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise StoreError(str(error), getattr(error, "errno", None)) from error


def sync(path: Path) -> None:
    """Have the disk hold a file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
