"""Fields that a training holds and need not fit into memory: in one file without a name.

What is read often stays in memory as far as there is room for it, which the system sees to; what
is read and dropped counts for nothing. The file is gone with the process, however that ends.

Knows: files. Must not know: series, the command line.
"""

import mmap
import os
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from temdeep.errors import OutputError
from temdeep.metric import Float32Array, FloatArray

PART_BYTES = 2**25
"""What is read, computed and written at once."""


class Frames(Protocol):
    """Fields at successive times, shape (time, channel, y, x): a tensor, or `Held`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all."""

    def __getitem__(self, key: Any, /) -> Tensor:
        """Some of them."""


class Store:
    """A file without a name that holds all arrays of a training: one descriptor, however many."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open it.

        Args:
            folder: On whose disk; None: where temporary files are.

        Raises:
            OutputError: The folder cannot be written to.
        """
        self._where = tempfile.gettempdir() if folder is None else str(folder)
        self._end, self._free = 0, dict[int, list[int]]()
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                self._file = os.dup(file.fileno())
        except OSError as error:
            raise OutputError(
                f"{self._where} cannot hold what is learnt from: {error.strerror}."
            ) from error
        weakref.finalize(self, os.close, self._file)

    def find(self, count: int, size: int) -> list[int]:
        """Places for some arrays of so many bytes: of arrays that are gone first."""
        free = self._free.get(size, [])
        again = [free.pop() for _ in range(min(count, len(free)))]
        fresh = [self._end + i * size for i in range(count - len(again))]
        self._end += len(fresh) * size
        return [*again, *fresh]

    def release(self, places: Sequence[int], size: int) -> None:
        """Take places back."""
        self._free.setdefault(size, []).extend(places)

    def mapped(self) -> mmap.mmap:
        """All of it, to look at some."""
        return mmap.mmap(self._file, 0, access=mmap.ACCESS_READ)

    def read_ahead(self, place: int, size: int) -> None:
        """Have the system read so many bytes from a place on while other work is done."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._file, place, size, os.POSIX_FADV_WILLNEED)

    def write(self, numbers: Float32Array, place: int) -> None:
        """Write an array.

        Raises:
            OutputError: There is no room.
        """
        left = numbers.reshape(-1).view(np.uint8).data
        try:
            while left:
                written = os.pwrite(self._file, left, place)
                place, left = place + written, left[written:]
        except OSError as error:
            raise OutputError(
                f"{self._where} cannot hold what is learnt from, as large as the series in"
                f" float32: {error.strerror}; make room there, or name a folder elsewhere."
            ) from error


class Held:
    """Arrays of one shape, float32, in a store; indexed as a tensor is."""

    def __init__(self, of_each: tuple[int, ...], store: Store) -> None:
        """Begin without any.

        Args:
            of_each: Shape of each.
            store: What holds them.
        """
        self._of_each, self._store = of_each, store
        self._size = 4 * int(np.prod(of_each))
        self._places = array("q")
        weakref.finalize(self, store.release, self._places, self._size)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all, the first being how many there are."""
        return (len(self._places), *self._of_each)

    def __getitem__(self, key: Any, /) -> Tensor:
        """A copy of some of them, as numbers in memory.

        Args:
            key: Which: one, a slice or a list; then what of each.
        """
        first, *rest = key if isinstance(key, tuple) else (key,)
        places, within = np.array(self._places)[_index(first)], tuple(map(_index, rest))
        shape = np.broadcast_to(np.float32(0), self._of_each)[within].shape
        found = np.empty((*places.shape, *shape), np.float32)
        if found.size:
            held = self._store.mapped()
            for place, one in zip(places.flat, found.reshape(-1, *shape), strict=True):
                one[...] = np.ndarray(self._of_each, np.float32, held, int(place))[within]
        return torch.from_numpy(found)

    def read_ahead(self, indices: Iterable[int], rows: slice = slice(None)) -> None:
        """Have the system read some of them, which will be asked for next.

        Args:
            indices: Which.
            rows: Of each, by the last axis but one.
        """
        *outer, height, width = self._of_each
        first, stop, _ = rows.indices(height)
        for index in indices:
            for i in range(prod(outer)):
                place = self._places[index] + 4 * width * (i * height + first)
                self._store.read_ahead(place, 4 * width * (stop - first))

    def add(self, fields: FloatArray) -> int:
        """Add some, shape (some, …).

        Returns:
            The index of the first of them.

        Raises:
            OutputError: There is no room.
        """
        first = len(self._places)
        self._places.extend(self._store.find(len(fields), self._size))
        self.put(first, fields)
        return first

    def put(self, first: int, fields: FloatArray) -> None:
        """Write some in the place of others, from an index on.

        Raises:
            OutputError: There is no room.
        """
        numbers = np.ascontiguousarray(fields, np.float32)
        for one, place in zip(numbers, self._places[first : first + len(numbers)], strict=True):
            self._store.write(one, place)


def parts(shape: tuple[int, ...]) -> Iterator[slice]:
    """All times of fields (time, …) in parts that are not too large to be held at once."""
    step = max(PART_BYTES // (4 * int(np.prod(shape[1:]))), 1)
    for first in range(0, shape[0], step):
        yield slice(first, min(first + step, shape[0]))


def _index(key: Any) -> Any:
    return key.numpy() if isinstance(key, Tensor) else key
