"""What fixes the shape and the scales of a network, as plain numbers.

Knows: nothing but numbers. Must not know: torch, xarray, files.
"""

from dataclasses import dataclass

CONTEXT = 3
"""Frames on each side that the network looks at."""

FRAMES = 2 * CONTEXT + 2
"""Frames of a window: context before, both ends, context after."""

MOVING_CONTEXT = 2
"""Frames on each side that are followed along the motion: further away it is another one."""


@dataclass(frozen=True)
class NetworkSettings:
    """The shape of a network and what its channels are.

    Attributes:
        mean, spread: Of each channel in its own unit, by which it is normalised.
        winds: For each channel the two channels that advect it, or None.
        levels: For each channel the motion that it shares, -1 for what does not move with one.
        level_count: How many motions there are.
        spans_s: Spans at which the scales below are known, ascending, seconds.
        change: RMS of x1 - x0 of each channel at each span, normalised, (span, channel).
        bend: RMS of second differences, likewise.
        error: RMS error of the spline along the motion at mid-interval, likewise, extrapolated by
            a power law to the shortest span.
        width: Features of the network's layers.
        depth: Residual blocks at full resolution, or at that of `fold`.
        without: Parts that are left out, of `PARTS`.
        trust: How far the corrections of each channel are believed in use, from 0 to 1.
        rain: For each channel that is rain the rate r₀, in its own unit, and None for others; empty
            if none is. Rain is seen as log(1 + r/r₀), moves without a spline's bends, and what is
            added to it moves along.
        place: Which of the inputs of a place are seen.
        fold: Cells to a side that are one place inside the network, with as much the features.
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    winds: tuple[tuple[int, int] | None, ...]
    levels: tuple[int, ...]
    level_count: int
    spans_s: tuple[float, ...]
    change: tuple[tuple[float, ...], ...]
    bend: tuple[tuple[float, ...], ...]
    error: tuple[tuple[float, ...], ...]
    width: int = 32
    depth: int = 3
    without: tuple[str, ...] = ()
    trust: tuple[float, ...] = ()
    rain: tuple[float | None, ...] = ()
    place: tuple[int, ...] = (0, 1, 2, 3)
    fold: int = 1

    @property
    def context(self) -> int:
        """How many frames on each side are looked at."""
        return 0 if "context" in self.without else CONTEXT

    @property
    def channels(self) -> int:
        """How many channels."""
        return len(self.mean)

    @property
    def carried(self) -> tuple[int, ...]:
        """The channels that are rain."""
        return tuple(i for i, rate in enumerate(self.rain) if rate is not None)
