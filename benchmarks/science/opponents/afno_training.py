"""Training of the AFNO with the truth: samples, loss, choice of the best step.

Knows: series, torch. Must not know: files.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from benchmarks.science.opponents.afno_network import ModAFNO
from torch import Tensor

from temdeep.errors import RequestError
from temdeep.fields.grids import Grid
from temdeep.fields.series import Series
from temdeep.fields.solar import cos_zenith
from temdeep.fields.variables import Channel, Nature
from temdeep.metric import Float32Array

STEPS = 500
"""Of the optimiser; some four minutes on one thread, whatever the grid."""

BATCH_PATCHES = 3840
MOST_SAMPLES = 16
"""In a batch, with no more patches than `BATCH_PATCHES` where that is more than one."""

LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2

WARM_UP = 0.05
"""Share of the steps in which the learning rate rises."""

HELD_OUT = 1 / 6
"""Share of the training period, at its end, on which the best step is chosen."""

CHECKS = 15
"""How often during training it is tried there."""

MOST_TRIALS = 24
"""Intervals that it is tried on."""

Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scales:
    """What makes numbers of order one, by channel, shape (channel, 1, 1).

    Attributes:
        mean, spread: Of the fields.
        bend: Root mean square departure of the truth from the straight line.
    """

    mean: Float32Array
    spread: Float32Array
    bend: Float32Array


def statics(grid: Grid) -> Float32Array:
    """What is fixed: sine and cosine of latitude and longitude, elevation in km, land."""
    latitude, longitude = np.radians(grid.latitude), np.radians(grid.longitude)
    nothing = np.zeros(grid.shape)
    elevation = nothing if grid.elevation_m is None else grid.elevation_m / 1000
    land = nothing if grid.land_fraction is None else grid.land_fraction
    waves = [wave(angle) for angle in (latitude, longitude) for wave in (np.sin, np.cos)]
    fixed: Float32Array = np.nan_to_num(np.stack([*waves, elevation, land])).astype(np.float32)
    return fixed


@dataclass(frozen=True, eq=False)
class Lessons:
    """Intervals with the truth inside.

    Attributes:
        channels: What is learnt.
        every: Steps of an interval.
        scales: Of the fields.
        truth: Standardised fields, NaN where missing, shape (time, channel, y, x).
        sun: Cosine of the zenith angle, shape (time, 1, y, x).
        constant: Shape (static, y, x).
        grid: Where.
        starts: Times at which the intervals begin that are learnt from: all without a gap.
        trials: The same of those, later, on which the best step is chosen.
    """

    channels: tuple[Channel, ...]
    every: int
    scales: Scales
    truth: Tensor
    sun: Tensor
    constant: Tensor
    grid: Grid
    starts: Int64Array
    trials: Int64Array

    @classmethod
    def of(cls, fine: Series, every: int) -> Self:
        """Lay out a series.

        Raises:
            RequestError: Nothing to learn from.
        """
        natures = (Nature.DIRECTION, Nature.FLAG)
        channels = tuple(one for one in fine.instantaneous() if one.nature not in natures)
        us = fine.time.offset_us
        begin = np.arange(max(len(us) - every, 0))
        begin = begin[us[begin + every] - us[begin] == every * fine.time.step_us]
        last = len(us) - round(HELD_OUT * len(us))
        starts, trials = begin[begin + every <= last], begin[begin > last][::every]
        if not channels or not len(starts) or not len(trials):
            raise RequestError(
                f"an AFNO learns nothing from {fine.source}: it needs instantaneous numbers and"
                f" more than {round(every / HELD_OUT)} times without a gap."
            )
        values = fine.read(channels, slice(None))
        mean = np.asarray(np.nanmean(values, axis=(0, 2, 3), keepdims=True, dtype=np.float64))
        spread = np.nanstd(values, axis=(0, 2, 3), keepdims=True, dtype=np.float64)
        spread = np.where(spread > 0, spread, 1)
        truth = ((values - mean) / spread).astype(np.float32)
        sun = cos_zenith(fine.time.sun_time, fine.grid.latitude, fine.grid.longitude)
        return cls(
            channels,
            every,
            Scales(
                mean[0].astype(np.float32),
                spread[0].astype(np.float32),
                _bend(truth, starts, every),
            ),
            torch.from_numpy(truth),
            torch.tensor(sun[:, None]),
            torch.from_numpy(statics(fine.grid)),
            fine.grid,
            starts,
            trials[:: -(-len(trials) // MOST_TRIALS)],
        )

    def sample(self, starts: Int64Array, leads: Int64Array) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs, lead fractions and what is to be found.

        Args:
            starts: Times at which intervals begin, shape (sample,).
            leads: Steps from there to the truth, shape (sample,).

        Returns:
            Inputs (sample, input, y, x), lead fractions (sample,), and the truth's departure from
            the straight line in units of its usual size, NaN where missing.
        """
        ends, inside = starts + self.every, starts + leads
        start, end, truth = self.truth[starts], self.truth[ends], self.truth[inside]
        suns = [self.sun[one] for one in (starts, ends, inside)]
        constant = self.constant.expand(len(starts), -1, -1, -1)
        fields = torch.cat([start.nan_to_num(), end.nan_to_num(), *suns, constant], dim=1)
        theta = torch.from_numpy(leads / self.every).float()
        t = theta[:, None, None, None]
        departure = (truth - (1 - t) * start - t * end) / torch.from_numpy(self.scales.bend)
        return fields, theta, departure


def _bend(truth: Float32Array, starts: Int64Array, every: int) -> Float32Array:
    """Root mean square departure from the straight line, 1 where none, shape (channel, 1, 1)."""
    start, end = truth[starts], truth[starts + every]
    total = np.zeros(truth.shape[1])
    for j in range(1, every):
        departure = truth[starts + j] - (1 - j / every) * start - j / every * end
        total += np.nanmean(departure**2, axis=(0, 2, 3), dtype=np.float64) / (every - 1)
    bend: Float32Array = np.sqrt(np.where(total > 0, total, 1)).astype(np.float32)
    return bend[:, None, None]


def train(lessons: Lessons, seed: int, steps: int) -> ModAFNO:
    """Train a network; the weights of the step that was best on the trials, at first a line."""
    rng = np.random.default_rng(seed)
    area = torch.from_numpy(lessons.grid.metric.area_weights).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fields, _, departure = lessons.sample(lessons.starts[:1], np.array([1]))
        network = ModAFNO(
            lessons.grid.shape,
            fields.shape[1],
            departure.shape[1],
            cyclic=lessons.grid.metric.cyclic,
        )
    batch = min(max(BATCH_PATCHES // network.place[0, ..., 0].numel(), 1), MOST_SAMPLES)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step / steps))
    best, least = _weights(network), _trial(network, lessons, area)
    for step in range(steps):
        starts = rng.choice(lessons.starts, batch)
        leads = rng.integers(1, lessons.every, batch)
        fields, theta, departure = lessons.sample(starts, leads)
        loss = _square(network(fields, theta), departure, area).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if (step + 1) % max(steps // CHECKS, 1) == 0 or step + 1 == steps:
            error = _trial(network, lessons, area)
            if error < least:
                best, least = _weights(network), error
    network.load_state_dict(best)
    return network.eval()


def _weights(network: ModAFNO) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _pace(done: float) -> float:
    """Share of the learning rate: it rises, then falls along a cosine."""
    if done < WARM_UP:
        return done / WARM_UP
    return 0.5 * (1 + float(np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP))))


def _square(found: Tensor, departure: Tensor, area: Tensor) -> Tensor:
    """Mean square error of each channel over what is known, shape (channel,)."""
    known = departure.isfinite() * area
    squares = (found - departure.nan_to_num()) ** 2 * known
    return squares.sum(dim=(0, 2, 3)) / known.sum(dim=(0, 2, 3)).clamp(min=1e-6)


def _trial(network: ModAFNO, lessons: Lessons, area: Tensor) -> float:
    """Logarithm of the mean square error on the trials, averaged over channels."""
    total = torch.zeros(len(lessons.channels))
    with torch.inference_mode():
        for lead in range(1, lessons.every):
            leads = np.full(len(lessons.trials), lead)
            fields, theta, departure = lessons.sample(lessons.trials, leads)
            total += _square(network(fields, theta), departure, area)
    return float(total.clamp(min=1e-6).log().mean())
