"""Frames moved along one motion per level, to the middle of an interval or to any time.

Knows: torch. Must not know: xarray, files.
"""

from torch import Tensor

from temdeep.network.settings import CONTEXT, MOVING_CONTEXT
from temdeep.network.warp import warp
from temdeep.network.window import Window

MOVED_FRAMES = range(CONTEXT - MOVING_CONTEXT, CONTEXT + 2 + MOVING_CONTEXT)
"""Places in a window of the frames that are followed along the motion."""


def members(levels: tuple[int, ...], level: int) -> list[int]:
    """The channels that share a motion."""
    return [i for i, own in enumerate(levels) if own == level]


def aligned(window: Window, levels: tuple[int, ...]) -> Tensor:
    """Frames next to the interval moved to its middle, shape (batch, frame, channel, y, x).

    Channels without a motion stay where they are.
    """
    frames = window.frames[:, MOVED_FRAMES.start : MOVED_FRAMES.stop]
    moved = frames.clone()
    for level in range(window.motion.shape[1]):
        own = members(levels, level)
        if not own:
            continue
        motion = window.motion[:, level] * window.span_s.to(frames)[:, None, None, None]
        for i, place in enumerate(MOVED_FRAMES):
            way = (0.5 - (place - CONTEXT)) * motion
            east, north = way[:, None, 0], way[:, None, 1]
            moved[:, i, own] = warp(frames[:, i, own], east, north, window.ground)[:, 0]
    return moved
