"""What the network is given of a batch of intervals, and the grid they lie on.

Knows: torch. Must not know: xarray, files.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from temdeep.network.settings import CONTEXT, FRAMES
from temdeep.spline import curvature_weights


def _bends() -> Tensor:
    """The spline's curvatures at both ends as weights of a window's frames.

    Returns:
        Shape (before, after, 2, frame), for every number of frames of context.
    """
    table = torch.zeros(CONTEXT + 1, CONTEXT + 1, 2, FRAMES, dtype=torch.float64)
    for before in range(CONTEXT + 1):
        for after in range(CONTEXT + 1):
            inside = slice(CONTEXT - before, CONTEXT + 2 + after)
            weights = torch.from_numpy(curvature_weights(before, after).copy())
            table[before, after, :, inside] = weights
    return table


BENDS = _bends()
"""Made before anything is traced: a table made meanwhile would be the trace's own."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What does not change with time.

    Attributes:
        dx_m, dy_m: Distances to the next column and row, metres, shape (y, x), signed.
        cyclic: Whether the last column's neighbour is the first.
        place: Static inputs, shape (place, y, x): see `PLACE_INPUTS`.
    """

    dx_m: Tensor
    dy_m: Tensor
    cyclic: bool
    place: Tensor

    def to(self, device: torch.device | str) -> "Ground":
        """The same on another device."""
        return Ground(
            self.dx_m.to(device), self.dy_m.to(device), self.cyclic, self.place.to(device)
        )


PLACE_INPUTS = ("sine of latitude", "cosine of latitude", "land fraction", "elevation in km")


@dataclass(frozen=True, eq=False)
class Window:
    """A batch of intervals with their context.

    Attributes:
        frames: Normalised fields without the sun's part, shape (batch, frame, channel, y, x),
            `FRAMES` of them: three before, both ends, three after; 0 where there is none.
        before, after: How many frames of context there are, shape (batch,).
        span_s: Shape (batch,).
        motion: Eastward and northward velocity of each level from a classical flow, m s⁻¹, shape
            (batch, level, 2, y, x).
        ground: The grid.
    """

    frames: Tensor
    before: Tensor
    after: Tensor
    span_s: Tensor
    motion: Tensor
    ground: Ground

    @property
    def start(self) -> Tensor:
        """The field at t0, shape (batch, channel, y, x)."""
        return self.frames[:, CONTEXT]

    @property
    def end(self) -> Tensor:
        """The field at t1."""
        return self.frames[:, CONTEXT + 1]

    def spline(self, theta: Tensor, most: int = CONTEXT) -> Tensor:
        """Weights of the frames in the natural spline, shape (batch, time, frame).

        Args:
            theta: Lead fractions, shape (batch, time).
            most: Use no more than these frames of context on each side.
        """
        return spline(self.before, self.after, theta, most).float().to(self.frames.device)

    def known(self) -> Tensor:
        """1 for frames that there are, else 0, shape (batch, frame)."""
        return known_frames(self.before, self.after).to(self.frames)


def known_frames(before: Tensor, after: Tensor) -> Tensor:
    """Which frames of a window there are, shape (*before, frame); both ends are in any case.

    Args:
        before: How many frames of context there are before the interval, any shape.
        after: How many there are after it, likewise.
    """
    place = torch.arange(FRAMES)
    return (place >= CONTEXT - before[..., None]) & (place <= CONTEXT + 1 + after[..., None])


def spline(before: Tensor, after: Tensor, theta: Tensor, most: int = CONTEXT) -> Tensor:
    """Weights of a window's frames in the natural spline, as `spline_weights` gives them.

    Args:
        before: How many frames of context there are before the interval, any shape.
        after: How many there are after it, likewise.
        theta: Lead fractions, shape (*before, time).
        most: Use no more than these frames of context on each side.

    Returns:
        Shape (*before, time, frame), in double precision; 0 for frames that are not there.
    """
    bends = BENDS.to(theta.device)[before.clamp(max=most), after.clamp(max=most)]
    right = theta.double()
    left = 1 - right
    weights = torch.stack([left**3 - left, right**3 - right], dim=-1) / 6 @ bends
    line = torch.stack([left, right], dim=-1)
    return weights + functional.pad(line, (CONTEXT, CONTEXT))


def without_missing(frames: Tensor) -> Tensor:
    """Put numbers where there are none, so that nothing spreads from them.

    Missing context takes the next frame towards the interval; what is missing at an end is 0 there,
    and so at every frame beyond.

    Args:
        frames: Shape (frame, channel, y, x), NaN where missing.

    Returns:
        The same without NaN.
    """
    filled = frames.clone()
    for end, outward in ((CONTEXT, -1), (CONTEXT + 1, 1)):
        filled[end] = torch.nan_to_num(filled[end])
        for i in range(1, CONTEXT + 1):
            here, inward = end + outward * i, end + outward * (i - 1)
            filled[here] = torch.where(torch.isnan(filled[here]), filled[inward], filled[here])
    return filled
