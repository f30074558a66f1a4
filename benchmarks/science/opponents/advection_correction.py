"""Advection correction with pysteps, as its gallery shows it and as users of radar run it.

One motion V of two successive images is found by tracking corners (Lucas and Kanade) and spreading
their motion over the grid; both images are moved along it and blended (Anagnostou and Krajewski
1999, doi:10.1175/1520-0426(1999)016<0189:RTRREP>2.0.CO;2, as in pysteps' example of that name):

    x(θ) = (1-θ) x₀(p - θ V) + θ x₁(p + (1-θ) V)

Settings: those that did best on development times, the first 40 minutes of the MRMS event at 20 min
and a week of the simulated Atlantic at 6 h.

Rain: as in the gallery, but in dB with a threshold instead of the bare logarithm (no difference),
and with edges repeated instead of no rain beyond them. Smaller windows, radial basis functions in
place of inverse distances and cubic look-up lost skill; so does bilinear look-up on coarse
simulated rain, but users' settings are made for radar.

Everything else: pysteps' own settings hardly beat the straight line there. Cubic in place of
bilinear look-up made most of the difference, since the latter smooths what it moves; windows of
20 cells and one motion from the corners of all channels a little more, here and on the globe
without a day's cycle. One motion for each level or each channel, and still smaller windows, came
out behind. What is not advective (2 m temperature) is moved all the same: no user would know.

Knows: intervals as arrays, pysteps. Must not know: files.
"""

import contextlib
import importlib
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from benchmarks.science.opponents.moving import divide, falls, nearest_known, why_still
from scipy.ndimage import map_coordinates

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel
from temdeep.methods import by_nature
from temdeep.metric import Float32Array, Float64Array
from temdeep.verification.precipitation import mm_per_hour

PAD = 32
"""Columns repeated on each side all around the globe, in which corners are tracked as well."""

BUFFER_MASK = 10
"""Cells around missing values in which no corners are sought, as in the gallery."""

WET_MM_PER_H = 0.1
DRY_DB = -15.0
"""What stands for no rain, in dB above 1 mm/h: 5 dB below the threshold, as pysteps' examples."""


@dataclass(frozen=True)
class Tracking:
    """How corners are tracked and moved.

    Attributes:
        window: Cells a side in which a corner is recognised.
        thinned: Cells within which motions are averaged before they are spread.
        spline: Order of the splines along which values are looked up.
    """

    window: int
    thinned: int
    spline: int


RAIN = Tracking(window=50, thinned=20, spline=1)
"""pysteps' and the gallery's own."""

OTHERS = Tracking(window=20, thinned=5, spline=3)
"""For grids of some tens of cells a side."""


@dataclass(frozen=True, eq=False)
class AdvectionCorrection:
    """Moves both ends; what cannot be moved is interpolated linearly.

    Rain moves along its own motion, everything else along one that all channels share.

    Attributes:
        track: `dense_lucaskanade` of pysteps.
        thin: `decluster`.
        spread: `idwinterp2d`.
    """

    track: Callable[..., Any]
    thin: Callable[..., Any]
    spread: Callable[..., Any]

    name = "advection_correction"
    context = 1  # of periods only

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """See `Method.treatment`."""
        if channel.kind.is_period and not falls(channel):
            return "linear: what is no precipitation is not moved; the period is divided evenly"
        if flag := by_nature.fallback(channel):
            return flag
        reason = why_still(channel, grid)
        return f"linear: {reason}" if reason else self.name

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return by_nature.fill_each(interval, theta, self._move)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return divide(interval, edges, self.fill)

    def _move(self, interval: Interval, theta: Float64Array) -> Float32Array:
        filled = by_nature.linear(interval, theta)
        cyclic = interval.grid.metric.cyclic
        ends = np.stack([interval.start, interval.end], axis=1).astype(np.float64)
        for together, tracking in _movable(interval, ends):
            images = [_image(ends[i], interval.channels[i]) for i in together]
            motion = self._motion(images, tracking, cyclic=cyclic)
            for i in together:
                for j, t in enumerate(theta):
                    if 0 < t < 1:
                        filled[j, i] = _blend(ends[i], motion, float(t), tracking, cyclic=cyclic)
        return filled

    def _motion(
        self, images: Sequence[Float64Array], tracking: Tracking, *, cyclic: bool
    ) -> Float64Array:
        """Cells along columns and rows between two times, shape (2, y, x).

        Args:
            images: What moves, each of shape (2, y, x); pysteps brings each to 256 shades.
            tracking: How.
            cyclic: Whether columns go around the globe.
        """
        rows, columns = images[0].shape[1:]
        pad = PAD if cyclic else 0
        places, motions = [], []
        for image in images:
            wide = np.pad(image, ((0, 0), (0, 0), (pad, pad)), mode="wrap")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # corners that all move alike have no covariance
                place, motion = self.track(
                    wide,
                    lk_kwargs={"winsize": (tracking.window, tracking.window)},
                    fd_kwargs={"buffer_mask": BUFFER_MASK},
                    dense=False,
                )
            places.append(place)
            motions.append(motion)
        place, motion = self.thin(np.concatenate(places), np.concatenate(motions), tracking.thinned)
        if len(place) == 0:
            return np.zeros((2, rows, columns))
        spread: Float64Array = self.spread(
            place, motion, np.arange(columns + 2 * pad), np.arange(rows)
        )
        return spread[..., pad : pad + columns]


def build() -> AdvectionCorrection:
    """Take pysteps.

    Raises:
        RequestError: It is not installed.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it greets
            lucaskanade = importlib.import_module("pysteps.motion.lucaskanade")
            cleansing = importlib.import_module("pysteps.utils.cleansing")
            interpolate = importlib.import_module("pysteps.utils.interpolate")
    except ImportError as error:
        raise RequestError(
            "advection correction needs pysteps, which is not installed: run"
            " pip install --constraint constraints.txt pysteps (it needs a C compiler)."
        ) from error
    return AdvectionCorrection(
        lucaskanade.dense_lucaskanade, cleansing.decluster, interpolate.idwinterp2d
    )


def _movable(interval: Interval, ends: Float64Array) -> list[tuple[list[int], Tracking]]:
    """Channels that move together: each of rain alone, all others."""
    movable = [
        i
        for i, channel in enumerate(interval.channels)
        if not why_still(channel, interval.grid) and all(np.isfinite(end).any() for end in ends[i])
    ]
    rain = [i for i in movable if falls(interval.channels[i])]
    others = [i for i in movable if i not in rain]
    return [([i], RAIN) for i in rain] + ([(others, OTHERS)] if others else [])


def _image(ends: Float64Array, channel: Channel) -> Float64Array:
    """Rain in dB, with one value for all that is too little; anything else as it is."""
    factor = mm_per_hour(channel)
    if factor is None:
        return ends
    rate = ends * factor
    wet = np.isnan(rate) | (rate >= WET_MM_PER_H)
    return np.where(wet, 10 * np.log10(np.where(wet, rate, 1)), DRY_DB)


def _blend(
    ends: Float64Array, motion: Float64Array, t: float, tracking: Tracking, *, cyclic: bool
) -> Float64Array:
    """Both ends moved to a lead fraction and blended, NaN where an end is."""
    columns, rows = motion
    first, last = (nearest_known(one) for one in ends)
    start = _moved(first, -t * columns, -t * rows, tracking.spline, cyclic=cyclic)
    end = _moved(last, (1 - t) * columns, (1 - t) * rows, tracking.spline, cyclic=cyclic)
    return np.where(np.isnan(ends).any(axis=0), np.nan, (1 - t) * start + t * end)


def _moved(
    field: Float64Array, columns: Float64Array, rows: Float64Array, spline: int, *, cyclic: bool
) -> Float64Array:
    """Look each cell up at an offset, along splines of an order; the edge is repeated."""
    height, width = field.shape
    y, x = np.arange(height)[:, None] + rows, np.arange(width) + columns
    if cyclic:
        x = x % width + PAD
        field = np.pad(field, ((0, 0), (PAD, PAD)), mode="wrap")
    found: Float64Array = map_coordinates(field, (y, x), order=spline, mode="nearest")
    return found
