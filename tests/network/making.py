"""Windows, intervals and networks with all kinds of weights."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.daily import HourMeans
from temdeep.methods.learnt import Learnt
from temdeep.methods.places import PlaceBasis
from temdeep.methods.responses import Response
from temdeep.methods.solar import Solar
from temdeep.metric import Float32Array, Float64Array, GridMetric
from temdeep.network.architecture import Coefficients, InterpolationNetwork
from temdeep.network.basis import BASIS_SIZE
from temdeep.network.settings import CONTEXT, FRAMES, NetworkSettings
from temdeep.network.window import PLACE_INPUTS, Ground, Window

CELL_M = 25_000.0
SPAN_S = 10_800.0
SPANS_S = (SPAN_S, 2 * SPAN_S, 4 * SPAN_S)

TEMPERATURE = Channel("t", "t", "K", Kind.INSTANTANEOUS, level="2 m")
EAST = Channel("u", "u", "m s-1", Kind.INSTANTANEOUS, partner="v", component="x", level="2 m")
NORTH = Channel("v", "v", "m s-1", Kind.INSTANTANEOUS, partner="u", component="y", level="2 m")
PRESSURE = Channel("ps", "ps", "Pa", Kind.INSTANTANEOUS, ground=True)
HUMIDITY = Channel("q", "q", "kg kg-1", Kind.INSTANTANEOUS, nature=Nature.NON_NEGATIVE, level="2 m")
CHANNELS = (TEMPERATURE, EAST, NORTH, PRESSURE)
MOVING, STILL = (0, 0, 0, -1), (-1, -1, -1, -1)


def settings(levels: tuple[int, ...] = MOVING, *, width: int = 8) -> NetworkSettings:
    """A small network for temperature, wind and pressure; the scales differ and grow with span."""

    def table(power: float) -> tuple[tuple[float, ...], ...]:
        growth = [(span / SPAN_S) ** power for span in SPANS_S]
        return tuple(tuple(0.2 * (1 + i) * one for i in range(len(levels))) for one in growth)

    return NetworkSettings(
        mean=(280.0, 3.0, -1.0, 1e5),
        spread=(8.0, 5.0, 4.0, 900.0),
        winds=((1, 2), None, None, (1, 2)),
        levels=levels,
        level_count=max(levels) + 1,
        spans_s=SPANS_S,
        change=table(0.8),
        bend=table(1.6),
        error=table(2.5),
        width=width,
        depth=1,
        trust=(1.0,) * len(levels),
    )


def network(shape: NetworkSettings, *, seed: int = 0, size: float = 0.0) -> InterpolationNetwork:
    """An untrained network (size 0), or one whose heads have weights of some size."""
    torch.manual_seed(seed)
    made = InterpolationNetwork(shape)
    for head in (made.residual, made.gate, made.motion) if size else ():
        for parameter in head.parameters():
            torch.nn.init.normal_(parameter, std=size)
    return made.eval().requires_grad_(requires_grad=False)


def ground(
    shape: tuple[int, int],
    *,
    cyclic: bool = False,
    east_sign: float = 1.0,
    north_sign: float = 1.0,
) -> Ground:
    """Square cells, columns running eastward and rows northward, or against it."""
    return Ground(
        torch.full(shape, east_sign * CELL_M),
        torch.full(shape, north_sign * CELL_M),
        cyclic,
        torch.zeros(len(PLACE_INPUTS), *shape),
    )


def window(
    seed: int,
    levels: tuple[int, ...] = MOVING,
    *,
    shape: tuple[int, int] = (9, 11),
    before: tuple[int, ...] = (3, 0, 1),
    after: tuple[int, ...] = (3, 2, 0),
    cyclic: bool = False,
    decades: tuple[float, float] = (-6.0, 4.0),
) -> Window:
    """Noise of many magnitudes, moved by some tens of metres per second."""
    made = torch.Generator().manual_seed(seed)
    batch, channels, motions = len(before), len(levels), max(levels) + 1
    size = (batch, FRAMES, channels, *shape)
    low, high = decades
    magnitude = 10 ** (low + (high - low) * torch.rand(size, generator=made))
    place = torch.arange(FRAMES)
    known = (place >= CONTEXT - torch.tensor(before)[:, None]) & (
        place <= CONTEXT + 1 + torch.tensor(after)[:, None]
    )
    frames = torch.randn(size, generator=made) * magnitude * known[:, :, None, None, None]
    return Window(
        frames,
        torch.tensor(before),
        torch.tensor(after),
        torch.tensor([SPANS_S[i % len(SPANS_S)] for i in range(batch)]),
        20 * torch.randn((batch, motions, 2, *shape), generator=made),
        ground(shape, cyclic=cyclic),
    )


def any_coefficients(like: Window, channels: int, seed: int, size: float) -> Coefficients:
    """Coefficients that no network need ever give, up to absurd velocities."""
    made = torch.Generator().manual_seed(seed)
    batch, motions, _, rows, columns = like.motion.shape

    def noise(*shape: int) -> Tensor:
        return size * torch.randn((batch, *shape, rows, columns), generator=made)

    return Coefficients(
        noise(channels),
        noise(BASIS_SIZE, channels),
        noise(motions, 2),
        noise(motions, 2),
        torch.tanh(noise(motions)),
    )


def grid(shape: tuple[int, int], *, cyclic: bool = False) -> Grid:
    """A regular grid over Europe, or around the globe."""
    step = 360 / shape[1] if cyclic else 0.25
    latitude, longitude = np.meshgrid(
        45 + 0.25 * np.arange(shape[0]), step * np.arange(shape[1]), indexing="ij"
    )
    size = np.full(shape, CELL_M)
    return Grid("lat", "lon", latitude, longitude, GridMetric(size, size.copy(), cyclic=cyclic))


def interval_of(
    frames: Float32Array,
    before: int,
    *,
    channels: tuple[Channel, ...] = CHANNELS,
    where: Grid | None = None,
    start: str = "2019-03-05T06:00",
    span_s: float = SPAN_S,
) -> Interval:
    """An interval with some of the frames (frame, channel, y, x) as context before it."""
    rows, columns = frames.shape[-2:]
    return Interval(
        start=frames[before],
        end=frames[before + 1],
        span_s=span_s,
        valid_time=np.datetime64(start, "us"),
        channels=channels,
        grid=grid((rows, columns)) if where is None else where,
        before=frames[:before],
        after=frames[before + 2 :],
    )


def fields(seed: int, count: int, shape: tuple[int, int]) -> Float32Array:
    """Frames of temperature, wind and pressure: noise about their means, (frame, channel, y, x)."""
    rng = np.random.default_rng(seed)
    mean = np.array([280.0, 3.0, -1.0, 1e5])[:, None, None]
    spread = np.array([8.0, 5.0, 4.0, 900.0])[:, None, None]
    noise = rng.normal(size=(count, 4, *shape))
    return np.asarray(mean + spread * noise, np.float32)


def waves(shape: tuple[int, int], columns: Float64Array, rows: Float64Array) -> Float64Array:
    """A smooth pattern shifted by some cells, shape (shift, y, x)."""
    rng = np.random.default_rng(11)
    y, x = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    total = np.zeros((len(columns), *shape))
    for _ in range(24):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        turn = 2 * np.pi / rng.uniform(9, 20)
        east = x - columns[:, None, None]
        north = y - rows[:, None, None]
        total += np.sin(turn * (np.cos(angle) * east + np.sin(angle) * north) + phase)
    return np.asarray(total / np.sqrt(12))


def no_hours(where: Grid, channels: int) -> HourMeans:
    """Nothing known of the day's cycle."""
    basis = PlaceBasis.of(where)
    functions = len(basis.roughness)
    return HourMeans(basis, np.zeros(0, np.int64), np.zeros((0, channels, functions)))


def learnt(
    where: Grid,
    *,
    levels: tuple[int, ...] = MOVING,
    size: float = 0.0,
    seed: int = 0,
    responses: Mapping[str, Response] | None = None,
    channels: tuple[Channel, ...] = CHANNELS,
    daily: HourMeans | None = None,
) -> Learnt:
    """A model with nothing learnt (size 0) or with noise in its heads."""
    return Learnt(
        network(settings(levels), seed=seed, size=size),
        channels,
        Solar(PlaceBasis.of(where), responses or {}),
        no_hours(where, len(channels)) if daily is None else daily,
        instead={},
        classical={},
    )
