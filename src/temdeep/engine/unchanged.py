"""Whether the input of what is done is still as it was.

Knows: series, pieces, how files were when they were read. Must not know: outputs, methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from temdeep.engine.pieces import Frames, Piece
from temdeep.engine.record import Made, Stamp
from temdeep.fields.opening import times_in
from temdeep.fields.series import Series
from temdeep.fields.time_axis import show


def doubtful(
    series: Series, before: Iterable[tuple[str, int, int]], now: Mapping[str, Stamp]
) -> npt.NDArray[np.bool_]:
    """Which input times come from files that are not known to be as they were, shape (time,).

    Args:
        series: All that is read from the files.
        before: Name, size in bytes and time of the last change of each file when it was read.
        now: Size and time of the last change of each file by path; 0 where it is not known, as of
            what is at a URL.
    """
    values = series.time.values
    if not all(changed_ns for _, changed_ns in now.values()):
        return np.ones(len(values), dtype=bool)
    known = set(before)
    other = [path for path, stamp in now.items() if (Path(path).name, *stamp) not in known]
    if not other or len(now) == 1:
        return np.full(len(values), bool(other))
    doubted = np.zeros(len(values), dtype=bool)
    for path in other:
        times = times_in(Path(path))
        if times is None or times.dtype.kind != values.dtype.kind:
            return np.ones(len(values), dtype=bool)
        if len(times):
            doubted |= (values >= times[0]) & (values <= times[-1])
    return doubted


def changed(frames: Frames, piece: Piece, made: Made) -> bool:
    """Whether a piece would be made of other values now.

    Raises:
        InputError: The input is damaged.
    """
    return frames.fingerprint(piece) != made.input


def told(series: Series, piece: Piece) -> str:
    """The values that a piece is made of, in words."""
    first, last = (show(series.time.values[i]) for i in (piece.used.start, piece.used.stop - 1))
    return f"values of {series.source} between {first} and {last}"
