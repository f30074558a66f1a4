"""What maxima and minima over periods say of an interval that shares time with them.

Knows: the series' arrays and time axis. Must not know: torch, files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from temdeep.fields.intervals import Extreme
from temdeep.fields.reading_frames import Frames, Window
from temdeep.fields.relations import extremes_of
from temdeep.fields.variables import Channel

if TYPE_CHECKING:
    from temdeep.fields.series import Series


class ExtremesDuring:
    """Finds the extremes of channels during successive intervals; reads each field once."""

    def __init__(self, series: Series, channels: Sequence[Channel]) -> None:
        self._series = series
        self._readers = [
            (air, _Reader(series, one))
            for air in channels
            for one in extremes_of(series.channels, air)
        ]

    def __call__(self, index: int) -> tuple[Extreme, ...]:
        """Extremes during an interval; indices ascend from call to call.

        Args:
            index: Index of the interval's first time.
        """
        found = []
        begin, end = self._series.time.offset_us[index : index + 2].tolist()
        for air, reader in self._readers:
            shared = np.flatnonzero(
                (reader.edges[:, 0] < end)
                & (reader.edges[:, 1] > begin)
                & (reader.edges[:, 1] > reader.edges[:, 0])
            )
            if len(shared):
                frames = reader.frames(int(shared[0]), int(shared[-1]) + 1)
                for stamp in shared.tolist():
                    first, last = (reader.edges[stamp] - begin) / (end - begin)
                    values = frames[stamp - shared[0], 0]
                    kind = reader.channel.kind
                    found.append(Extreme(air.name, kind, float(first), float(last), values))
        return tuple(found)


class _Reader:
    """Fields of one channel of maxima or minima, read ahead where periods are in order."""

    def __init__(self, series: Series, channel: Channel) -> None:
        self._series, self.channel = series, channel
        self.edges = series.period_edges(channel)
        known = self.edges[self.edges[:, 1] > self.edges[:, 0]]
        self._window = None
        if (np.diff(known, axis=0) >= 0).all():
            times = slice(0, len(series.time))
            self._window = Window(self._read, times, series.frame_bytes((channel,)))

    def frames(self, first: int, stop: int) -> Frames:
        """Fields at some stamps, shape (time, 1, y, x)."""
        if self._window is None:
            return self._read(slice(first, stop))
        return self._window.frames(first, stop)

    def _read(self, times: slice) -> Frames:
        return self._series.read((self.channel,), times)
