"""Fields that a training holds and need not fit into memory: in a file without a name.

What is read often stays in memory as far as there is room for it, which the system sees to; what
is read and dropped counts for nothing. The file is gone with the process, however that ends.

Knows: files. Must not know: series, the command line.
"""

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from temdeep.errors import OutputError
from temdeep.metric import FloatArray

PART_BYTES = 2**25
"""What is read, computed and written at once."""


class Frames(Protocol):
    """Fields at successive times, shape (time, channel, y, x): a tensor, or `Held`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all."""

    def __getitem__(self, key: Any, /) -> Tensor:
        """Some of them."""


class Held:
    """Arrays of one shape, float32, one after the other on disk; indexed as a tensor is."""

    def __init__(self, of_each: tuple[int, ...], folder: Path | None) -> None:
        """Begin without any.

        Args:
            of_each: Shape of each.
            folder: On whose disk; None: where temporary files are.

        Raises:
            OutputError: The folder cannot be written to.
        """
        self._of_each, self._folder, self._count = of_each, folder, 0
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                self._file = os.dup(file.fileno())
        except OSError as error:
            raise OutputError(
                f"{self._where} cannot hold what is learnt from: {error.strerror}."
            ) from error
        weakref.finalize(self, os.close, self._file)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all, the first being how many there are."""
        return (self._count, *self._of_each)

    def __getitem__(self, key: Any, /) -> Tensor:
        """A copy of some of them, as numbers in memory."""
        index = tuple(_index(one) for one in key) if isinstance(key, tuple) else _index(key)
        length = self._count * self._bytes_of_each
        held = mmap.mmap(self._file, length, access=mmap.ACCESS_READ) if length else None
        return torch.from_numpy(np.array(np.ndarray(self.shape, np.float32, held)[index]))

    def add(self, fields: FloatArray) -> int:
        """Add some, shape (some, …).

        Returns:
            The index of the first of them.

        Raises:
            OutputError: There is no room.
        """
        first = self._count
        self.put(first, fields)
        self._count += len(fields)
        return first

    def put(self, first: int, fields: FloatArray) -> None:
        """Write some in the place of others, from an index on.

        Raises:
            OutputError: There is no room.
        """
        left = np.ascontiguousarray(fields, np.float32).reshape(-1).view(np.uint8).data
        place = first * self._bytes_of_each
        try:
            while left:
                written = os.pwrite(self._file, left, place)
                place, left = place + written, left[written:]
        except OSError as error:
            raise OutputError(
                f"{self._where} cannot hold what is learnt from, as large as the series in"
                f" float32: {error.strerror}; make room there, or name a folder elsewhere."
            ) from error

    @property
    def _bytes_of_each(self) -> int:
        return 4 * int(np.prod(self._of_each))

    @property
    def _where(self) -> str:
        return tempfile.gettempdir() if self._folder is None else str(self._folder)


def parts(shape: tuple[int, ...]) -> Iterator[slice]:
    """All times of fields (time, …) in parts that are not too large to be held at once."""
    step = max(PART_BYTES // (4 * int(np.prod(shape[1:]))), 1)
    for first in range(0, shape[0], step):
        yield slice(first, min(first + step, shape[0]))


def _index(key: Any) -> Any:
    return key.numpy() if isinstance(key, Tensor) else key
