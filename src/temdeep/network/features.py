"""What the network sees: changes, bends and advection, each in units of its usual size.

Frames are first moved along the motion to the middle of the interval. Everything is a difference
over the span, divided by its root mean square at that span: then wide intervals, of which the
coarse series can teach, look like the narrow ones that are to be filled.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor, nn

from temdeep.network.motion import aligned
from temdeep.network.neighbours import pad
from temdeep.network.settings import CONTEXT, MOVING_CONTEXT, NetworkSettings
from temdeep.network.window import Ground, Window

SPEED_M_S = 10.0
"""Unit of velocities, metres per second."""


def advection(fields: Tensor, east: Tensor, north: Tensor, ground: Ground) -> Tensor:
    """Tendency by advection, -(u ∂x/∂X + v ∂x/∂Y), by central differences.

    Args:
        fields: x, shape (batch, channel, y, x).
        east: u for each field, m s⁻¹, likewise.
        north: v, likewise.
        ground: The grid.

    Returns:
        Shape of `fields`, per second.
    """
    around = pad(fields, 1, cyclic=ground.cyclic)
    by_x = (around[..., 1:-1, 2:] - around[..., 1:-1, :-2]) / (2 * ground.dx_m)
    by_y = (around[..., 2:, 1:-1] - around[..., :-2, 1:-1]) / (2 * ground.dy_m)
    return -(east * by_x + north * by_y)


class Scales(nn.Module):
    """Root mean squares as functions of the span: power laws between the spans that were measured.

    Beyond the measured spans the nearest power law goes on.
    """

    spans: Tensor
    change: Tensor
    bend: Tensor
    error: Tensor

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.register_buffer("spans", torch.tensor(settings.spans_s).log(), persistent=False)
        for name in ("change", "bend", "error"):
            table = torch.tensor(getattr(settings, name)).clamp_min(1e-6).log()
            self.register_buffer(name, table, persistent=False)

    def at(self, table: Tensor, span_s: Tensor) -> Tensor:
        """One of the tables at spans (batch,), shape (batch, channel, 1, 1)."""
        lead = span_s.to(self.spans).log()
        low = torch.searchsorted(self.spans, lead.contiguous()) - 1
        low = low.clamp(0, len(self.spans) - 2)
        share = (lead - self.spans[low]) / (self.spans[low + 1] - self.spans[low])
        found = table[low] + share[:, None] * (table[low + 1] - table[low])
        return found.exp()[:, :, None, None]


class Features(nn.Module):
    """Turns a window into the network's input.

    Per channel, of the frames moved to mid-interval: the change, the mean of both ends and the
    second difference at each inner frame; where there are winds, the change that advection by them
    would make over the span; per level its motion; and the static inputs of the place.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.scales = Scales(settings)
        self.register_buffer("mean", torch.tensor(settings.mean)[:, None, None], persistent=False)
        spread = torch.tensor(settings.spread)[:, None, None]
        self.register_buffer("spread", spread, persistent=False)
        self.blown = [i for i, pair in enumerate(settings.winds) if pair is not None]
        self.pairs = [pair for pair in settings.winds if pair is not None]
        self.size = (
            settings.channels * (2 + 2 * MOVING_CONTEXT)
            + 2 * len(self.blown)
            + 2 * settings.level_count
            + len(settings.place)
        )

    def forward(self, window: Window) -> Tensor:
        """The input of shape (batch, size, y, x)."""
        frames = aligned(window, self.settings.levels)
        start, end = frames[:, MOVING_CONTEXT], frames[:, MOVING_CONTEXT + 1]
        change_scale = self.scales.at(self.scales.change, window.span_s)
        bend_scale = self.scales.at(self.scales.bend, window.span_s)
        bends = second_differences(frames, window) / bend_scale[:, None]
        rows = [(end - start) / change_scale, (start + end) / 2, bends.flatten(1, 2)]
        if self.blown:
            unit = change_scale[:, self.blown]
            rows += [self._blown(window, at) / unit for at in (window.start, window.end)]
        rows += [window.motion.flatten(1, 2) / SPEED_M_S]
        place = window.ground.place[list(self.settings.place)]
        rows += [place.expand(len(frames), *place.shape)]
        return torch.cat(rows, dim=1)

    def _blown(self, window: Window, fields: Tensor) -> Tensor:
        """The change that advection by the winds makes over the span, normalised."""
        winds = fields * self.spread + self.mean
        east = winds[:, [pair[0] for pair in self.pairs]]
        north = winds[:, [pair[1] for pair in self.pairs]]
        tendency = advection(fields[:, self.blown], east, north, window.ground)
        return tendency * window.span_s.to(fields)[:, None, None, None]


def second_differences(frames: Tensor, window: Window) -> Tensor:
    """Second differences of aligned frames, 0 where one of the three is not there.

    Args:
        frames: As `aligned` gives them, shape (batch, frame, channel, y, x).
        window: Says which frames there are.

    Returns:
        Shape (batch, frame - 2, channel, y, x).
    """
    known = window.known()[:, CONTEXT - MOVING_CONTEXT : CONTEXT + 2 + MOVING_CONTEXT]
    three = known[:, :-2] * known[:, 1:-1] * known[:, 2:]
    return (frames[:, :-2] - 2 * frames[:, 1:-1] + frames[:, 2:]) * three[:, :, None, None, None]
