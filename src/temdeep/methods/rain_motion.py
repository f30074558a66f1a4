"""Motion of rain at instants: from its logarithm, and from more than two frames.

Rain comes in cells of which a few are a hundred times heavier than most. On a linear scale a flow
sees these alone, and where it sees nothing it stands still; on a logarithmic one it sees the edges
of all. Rain also moves on as it did: the motion between the frames before and that between the
frames after are as good a guess as the interval's own, and better where its cells grew or split.

Knows: arrays, OpenCV, grids. Must not know: intervals, files.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from temdeep.fields.grids import Grid
from temdeep.fields.natures import is_precipitation
from temdeep.fields.variables import Channel, Nature
from temdeep.methods.facing import facing_north
from temdeep.methods.motion import Motion
from temdeep.metric import Float32Array, Float64Array, GridMetric

SMALL = 0.25
"""Rain that the images resolve, as a share of the typical rate."""

CLIPPED_PERCENT = 99.9
"""Share of values that the 8-bit images resolve."""

SMOOTHNESS, REFINED = 60.0, 10
"""Weight of the flow's roughness, and how often it is refined. With OpenCV's 20 and 5 it follows
cells that grow and fade as if they moved: on the event on which choices are made (KNMI) errors at
20 and at 30 min, of rates and of their logarithms, are 2 % larger."""

TRUST_RADIUS = 10.0
"""Radius in cells over which candidate motions are compared."""

NO_FIRST_GUESS = np.zeros((1, 1, 2), np.float32)
"""Given to the flow in place of one: zeros of the images' size would be one, and slow all down."""

PAD = 32
"""Cells added on each side: neighbours around the globe, or edges."""


def is_rain(channel: Channel) -> bool:
    """Whether a channel is a rate of precipitation at an instant."""
    return (
        not channel.kind.is_period
        and channel.nature is Nature.NON_NEGATIVE
        and is_precipitation(channel.variable, channel.standard_name)
    )


def shared_motion(channel: Channel) -> tuple[str, str]:
    """Channels of which this is the same share one motion.

    Those of a level and of a member of an ensemble, whose weather goes its own way; rain apart.
    """
    level = f"rain at {channel.level}" if is_rain(channel) else channel.level
    return level, channel.member


def typical_rate(rates: Iterable[Float32Array]) -> float:
    """The rate at which the typical drop falls, Σ r² / Σ r, in the unit of r; 1 if it is dry.

    Args:
        rates: All there are, in one array or several.
    """
    total, square = 0.0, 0.0
    for some in rates:
        wet = np.maximum(np.nan_to_num(some), 0).astype(np.float64)
        total, square = total + float(wet.sum()), square + float((wet**2).sum())
    return square / total if total > 0 else 1.0


def estimate_rain(rates: Float32Array, own: int, span_s: float, grid: Grid) -> Motion:
    """The motion of rain between two frames, with the help of those next to them.

    The dense optical flow (DIS) of log(1 + r/r₀) from each frame to the next, averaged over both
    directions, is a candidate. At each place they are averaged with weights that fall with the
    square of the misfit of both ends, moved to the middle.

    Args:
        rates: Frames at steps of τ, shape (frame, channel, y, x), each channel in its own unit, NaN
            where missing (taken as dry); one before and one after the interval are of use.
        own: Index of the frame at t0.
        span_s: τ.
        grid: The grid.

    Returns:
        The motion in m s⁻¹, slowed where the grid is not flat.
    """
    near = np.maximum(np.nan_to_num(rates[max(own - 1, 0) : own + 3]), 0)
    unit = [typical_rate([of_channel]) for of_channel in near.swapaxes(0, 1)]
    total = (near / np.array(unit, np.float32)[:, None, None]).sum(axis=1)
    place = min(own, 1)
    return facing_north(total, grid, lambda fields, metric: _motion(fields, place, span_s, metric))


def _motion(rates: Float32Array, own: int, span_s: float, metric: GridMetric) -> Motion:
    """The same on a map; rates in units of the typical one, shape (frame, y, x)."""
    logs = np.log1p(rates / np.float32(SMALL))
    images = _images(logs, metric.cyclic)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0 if min(logs.shape[1:]) < 256 else 1)
    flow.setVariationalRefinementAlpha(SMOOTHNESS)
    flow.setVariationalRefinementIterations(REFINED)
    inner = slice(PAD, -PAD)
    candidates, misfits = [], []
    for first, last in pairwise(images):
        there = flow.calc(first, last, NO_FIRST_GUESS.copy())
        back = flow.calc(last, first, NO_FIRST_GUESS.copy())
        both = (there[inner, inner].astype(np.float64) - back[inner, inner]) / 2
        candidates.append(np.moveaxis(both, -1, 0))
        misfits.append(_misfit(logs[own : own + 2], candidates[-1], metric.cyclic))
    weights = 1 / (np.stack(misfits).astype(np.float64) + 1e-6) ** 2
    weights /= weights.sum(axis=0)
    columns, rows = np.einsum("nyx,ndyx->dyx", weights, np.stack(candidates))
    dx, dy = (np.where(np.abs(size) < 1, 1.0, size) for size in (metric.dx_m, metric.dy_m))
    motion = Motion(columns * dx / span_s, rows * dy / span_s)
    return motion.slowed(metric.turning_per_m, span_s, metric)


def _misfit(ends: Float32Array, way: Float64Array, cyclic: bool) -> Float32Array:
    """Mean square difference of both ends moved to the middle, shape (y, x)."""
    half = (0.5 * way).astype(np.float32)
    start, end = (np.pad(one, ((0, 0), (PAD, PAD)), mode=_beyond(cyclic)) for one in ends)
    columns = np.arange(PAD, PAD + half.shape[2], dtype=np.float32)
    rows = np.arange(half.shape[1], dtype=np.float32)[:, None]
    moved = [
        cv2.remap(
            field,
            columns + sign * half[0],
            rows + sign * half[1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for field, sign in ((start, -1), (end, 1))
    ]
    square = np.pad((moved[0] - moved[1]) ** 2, ((0, 0), (PAD, PAD)), mode=_beyond(cyclic))
    mean = cv2.GaussianBlur(square, (0, 0), TRUST_RADIUS, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(mean[:, PAD:-PAD], np.float32)


def _beyond(cyclic: bool) -> Literal["wrap", "edge"]:
    """What lies beyond the first and the last column."""
    return "wrap" if cyclic else "edge"


def _images(logs: Float32Array, cyclic: bool) -> npt.NDArray[np.uint8]:
    """Padded 8-bit images on one scale, shape (frame, y + 2 PAD, x + 2 PAD)."""
    top = float(np.percentile(logs, CLIPPED_PERCENT)) or float(logs.max())
    scaled = np.clip(logs / max(top, 1e-12), 0, 1)
    wide = np.pad(scaled, ((0, 0), (0, 0), (PAD, PAD)), mode=_beyond(cyclic))
    padded = np.pad(wide, ((0, 0), (PAD, PAD), (0, 0)), mode="edge")
    images: npt.NDArray[np.uint8] = np.rint(255 * padded).astype(np.uint8)
    return images
