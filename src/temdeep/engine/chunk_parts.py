"""Where on disk successive times of a field lie: which parts of which chunks, row by row.

Knows: how a field is stored. Must not know: files, formats.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from temdeep.engine.field_spec import FieldSpec

Region = tuple[slice, ...]
Places = npt.NDArray[np.int64]
"""Where each chunk of a field begins in a file, in the order of its dimensions."""


@dataclass(frozen=True)
class Part:
    """A part of a chunk.

    Attributes:
        place: Where the chunk begins in the file.
        inside: The part of the chunk.
        here: The part of the field's successive times.
        whole: Whether that is all of the chunk but for what lies beyond the field.
    """

    place: int
    inside: Region
    here: Region
    whole: bool


def parts(spec: FieldSpec, places: Places, first: int, count: int) -> Iterator[Part]:
    """What of each chunk holds some of successive times.

    Args:
        spec: How the field is stored, without forecast runs.
        places: Where its chunks begin.
        first: The first of the times.
        count: How many.
    """
    lengths, begin, end = lengths_of(spec), [0] * len(spec.shape), list(spec.shape)
    begin[spec.time_axis], end[spec.time_axis] = first, first + count
    chunks = (range(b // n, -(-e // n)) for b, e, n in zip(begin, end, lengths, strict=True))
    for index in itertools.product(*chunks):
        corner = [i * n for i, n in zip(index, lengths, strict=True)]
        beyond = [c + n for c, n in zip(corner, lengths, strict=True)]
        low = [max(c, b) for c, b in zip(corner, begin, strict=True)]
        high = [min(c, e) for c, e in zip(beyond, end, strict=True)]
        last = [min(c, size) for c, size in zip(beyond, spec.shape, strict=True)]
        yield Part(
            int(places[index]),
            _region(low, high, corner),
            _region(low, high, begin),
            whole=low == corner and high == last,
        )


def rows(spec: FieldSpec, inside: Region) -> Iterator[tuple[int, Region]]:
    """Parts of a chunk that lie in one row on disk.

    Yields:
        How many bytes after the chunk's begin, and which part of what is inside.
    """
    lengths, size = lengths_of(spec), spec.storage.dtype.itemsize
    strides = [math.prod(lengths[axis + 1 :]) * size for axis in range(len(lengths))]
    start = sum(one.start * stride for one, stride in zip(inside, strides, strict=True))
    counts = [one.stop - one.start for one in inside]
    torn = len(counts)
    while torn > 0 and counts[torn - 1] == lengths[torn - 1]:  # what is whole is in one row
        torn -= 1
    for index in np.ndindex(*counts[: max(torn - 1, 0)]):
        offset = sum(i * stride for i, stride in zip(index, strides, strict=False))
        yield start + offset, tuple(slice(i, i + 1) for i in index)


def lengths_of(spec: FieldSpec) -> tuple[int, ...]:
    """Of a chunk; a field in one piece is one."""
    return spec.chunks or spec.shape


def chunk_counts(spec: FieldSpec) -> tuple[int, ...]:
    """How many chunks there are along each dimension."""
    return tuple(-(-a // b) for a, b in zip(spec.shape, lengths_of(spec), strict=True))


def whole_chunk(spec: FieldSpec) -> Region:
    """All of a chunk, what lies beyond the field as well."""
    return tuple(slice(0, length) for length in lengths_of(spec))


def _region(low: Sequence[int], high: Sequence[int], corner: Sequence[int]) -> Region:
    return tuple(slice(a - c, b - c) for a, b, c in zip(low, high, corner, strict=True))
