"""Models with every part at work, and what their programs are given for an interval."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import torch
from tests.network import making
from tests.network.making import CHANNELS, MOVING
from torch import Tensor

from temdeep.export.program import Calm
from temdeep.fields.intervals import Interval
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.daily import HourMeans
from temdeep.methods.learnt import Learnt, classical_motion
from temdeep.methods.places import PlaceBasis
from temdeep.methods.responses import Response
from temdeep.methods.wandering import Wandering
from temdeep.metric import Float32Array, Float64Array
from temdeep.network.settings import CONTEXT, FRAMES

SHAPE = (18, 20)
RAIN = Channel(
    "rain",
    "rain",
    "mm h-1",
    Kind.INSTANTANEOUS,
    Nature.NON_NEGATIVE,
    standard_name="rainfall_rate",
    level="rain",
)


def worked(*, cyclic: bool = False, rain: bool = False) -> Learnt:
    """A model with sun, wandering, a day's cycle, motion and noise in all heads."""
    rng = np.random.default_rng(0)
    grid = making.grid(SHAPE, cyclic=cyclic)
    basis = PlaceBasis.of(grid)
    falling = 1 / basis.roughness
    responses = {
        "t": Response(
            3 * falling * rng.normal(size=(8, len(falling))), wandering=Wandering(0.1, 1e-12)
        ),
        "ps": Response(100 * falling * rng.normal(size=(8, len(falling)))),
    }
    hours = np.arange(0, 24, 3) * 3_600_000_000
    maps = rng.normal(size=(8, len(CHANNELS), len(falling))) * falling
    model = making.learnt(
        grid,
        levels=MOVING,
        size=0.05,
        responses=responses,
        daily=HourMeans(basis, hours, maps),
    )
    return _with_rain(model) if rain else model


def _with_rain(model: Learnt) -> Learnt:
    """Rain in place of pressure, on a level of its own, with its details fading."""
    settings = dataclasses.replace(
        model.network.settings,
        mean=(280.0, 3.0, -1.0, 0.3),
        spread=(8.0, 5.0, 4.0, 0.8),
        levels=(0, 0, 0, 1),
        level_count=2,
        winds=((1, 2), None, None, None),
        rain=(None, None, None, 0.1),
    )
    network = making.network(settings, size=0.05)
    torch.nn.init.normal_(network.fading.weight, std=0.05)
    daily = dataclasses.replace(model.daily, maps=model.daily.maps * [[[1], [1], [1], [0]]])
    return dataclasses.replace(model, network=network, channels=(*CHANNELS[:3], RAIN), daily=daily)


def arguments_of(model: Learnt, interval: Interval, theta: Float64Array) -> Mapping[str, Tensor]:
    """What a program is given: absent frames are NaN, the motion is that of the model."""
    frames = in_window(interval)
    told = {
        "frames": torch.from_numpy(frames),
        "valid_time": torch.tensor(int(interval.valid_time.astype("datetime64[s]").astype(int))),
        "span_s": torch.tensor(interval.span_s, dtype=torch.float64),
    }
    settings = model.network.settings
    calm = Calm(model, interval.grid)(*told.values()).numpy()
    told["theta"] = torch.from_numpy(theta)
    if settings.level_count:
        told["motion"] = torch.from_numpy(motion_of(model, interval, calm))
    return told


def smooth(seed: int, count: int) -> Float32Array:
    """Frames of temperature, wind and pressure as waves that travel, (frame, channel, y, x).

    Where neighbours differ by a whole spread, a motion's last bit would be seen.
    """
    frames = np.arange(count, dtype=np.float64)
    mean = np.array([280.0, 3.0, -1.0, 1e5])[:, None, None]
    spread = np.array([8.0, 5.0, 4.0, 900.0])[:, None, None]
    waves = [
        making.waves(SHAPE, 0.8 * frames + 40 * channel, 0.3 * frames + seed)
        for channel in range(len(CHANNELS))
    ]
    return np.asarray(mean + spread * np.stack(waves, axis=1), np.float32)


def in_window(interval: Interval) -> Float32Array:
    """The frames of an interval, and NaN where there are none."""
    before = CONTEXT - len(interval.before)
    frames = np.full((FRAMES, *interval.start.shape), np.nan, np.float32)
    frames[before : before + len(interval.frames)] = interval.frames
    return frames


def motion_of(model: Learnt, interval: Interval, calm: Float32Array) -> Float32Array:
    """The classical motion between calm frames."""
    inside = slice(CONTEXT - len(interval.before), CONTEXT + 2 + len(interval.after))
    return classical_motion(
        calm[inside],
        len(interval.before),
        model.network.settings,
        interval.span_s,
        interval.grid,
    )
