"""A supervised interpolator after NVIDIA's InterpModAFNO: it has seen the truth it is to fill in.

The published one (Leinonen et al. 2024, arXiv:2410.18904) was trained on years of hourly ERA5 for
one span, one grid and its 73 variables; this one is of the same kind (`afno_network.py`, some
500 thousand parameters for eight channels on 30 x 64 cells) and is trained on the hourly fields of
the training period of each set, at every hour as a start. PhysicsNeMo itself was not taken: it
demands some thirty packages, among them torchvision and NVIDIA Warp, for a network of a few
pages.

Inputs: both frames, the cosine of the sun's zenith angle at t0, t1 and t, sine and cosine of
latitude and longitude, elevation, land fraction. Output: the departure from the straight line, in
units of its usual size. The field itself, as published, was tried on development times of the
simulated Atlantic (6 h to 1 h) and stayed far above the straight line's error: so few steps do not
even teach it to copy.

Knows: series, torch. Must not know: files.
"""

from dataclasses import dataclass

import numpy as np
import torch
from benchmarks.science.opponents.afno_network import ModAFNO
from benchmarks.science.opponents.afno_training import STEPS, Lessons, Scales, statics, train

from temdeep.errors import ModelError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.series import Series
from temdeep.fields.solar import cos_zenith
from temdeep.fields.variables import Channel
from temdeep.methods import by_nature
from temdeep.metric import Float32Array, Float64Array


@dataclass(frozen=True, eq=False)
class Afno:
    """Fills in what it was trained on: these channels, on this grid, over this span.

    Attributes:
        network: Trained.
        channels: Names of the channels it knows, in its order.
        grid: Where it was trained.
        span_s: Over which.
        scales: Of the training period.
    """

    network: ModAFNO
    channels: tuple[str, ...]
    grid: Grid
    span_s: float
    scales: Scales

    name = "afno"
    context = 0

    def treatment(self, channel: Channel, grid: Grid) -> str:  # noqa: ARG002 - of the protocol
        """See `Method.treatment`."""
        if channel.kind.is_period:
            return "linear: the network knows instants only; the period is divided evenly"
        if channel.name not in self.channels:
            return by_nature.fallback(channel) or "linear: no channel that the network was taught"
        return self.name

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`.

        Raises:
            ModelError: The interval lies on another grid, is longer or shorter, or lacks a channel.
        """
        self._check(interval)
        return by_nature.fill_each(interval, theta, self._smooth)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return by_nature.even_division(interval, edges)

    def _check(self, interval: Interval) -> None:
        if not interval.grid.same_places(self.grid):
            raise ModelError(
                f"the AFNO was trained on {self.grid} and cannot fill in {interval.grid}: train one"
                " there."
            )
        if interval.span_s != self.span_s:
            raise ModelError(
                f"the AFNO was trained on intervals of {self.span_s / 3600:g} h and cannot fill in"
                f" {interval.span_s / 3600:g} h: train one for these."
            )
        held = {one.name for one in interval.channels}
        if absent := [name for name in self.channels if name not in held]:
            raise ModelError(f"the AFNO needs '{absent[0]}', which the interval does not have.")

    def _smooth(self, interval: Interval, theta: Float64Array) -> Float32Array:
        filled = by_nature.linear(interval, theta)
        places = {one.name: i for i, one in enumerate(interval.channels)}
        if any(name not in places for name in self.channels):
            return filled  # directions come by themselves
        known = [places[name] for name in self.channels]
        inner = np.flatnonzero((theta > 0) & (theta < 1))
        if len(inner) == 0:
            return filled
        ends = np.stack([interval.start[known], interval.end[known]])
        span_us = theta[inner] * interval.span_s * 1e6
        stamps = interval.valid_time + np.concatenate([[0, interval.span_s * 1e6], span_us]).astype(
            "timedelta64[us]"
        )
        sun = cos_zenith(stamps, self.grid.latitude, self.grid.longitude)
        scaled = np.nan_to_num((ends - self.scales.mean) / self.scales.spread)
        constant = statics(self.grid)
        fields = [
            np.concatenate([*scaled, sun[:2], sun[2 + i, None], constant])
            for i in range(len(inner))
        ]
        with torch.inference_mode():
            bend = self.network(
                torch.from_numpy(np.stack(fields)), torch.from_numpy(theta[inner]).float()
            )
        filled[inner[:, None], known] += bend.numpy() * (self.scales.bend * self.scales.spread)
        return filled


def build(fine: Series, every: int, *, seed: int, steps: int = STEPS) -> Afno:
    """Train on a series with all its times.

    Args:
        fine: The training period, with the truth.
        every: One time in so many will be given.
        seed: Of first weights and of the order of samples.
        steps: Of the optimiser.

    Raises:
        RequestError: Too few times, or nothing to learn.
    """
    lessons = Lessons.of(fine, every)
    network = train(lessons, seed, steps)
    names = tuple(one.name for one in lessons.channels)
    span_s = every * fine.time.step_us / 1e6
    return Afno(network, names, fine.grid, span_s, lessons.scales)
