"""What the network sees: changes, bends and advection, each in units of its usual size.

Everything is a difference over the span, divided by its root mean square at that span: then wide
intervals, of which the coarse series can teach, look like the narrow ones that are to be filled.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from temdeep.network.settings import FRAMES, NetworkSettings
from temdeep.network.window import PLACE_INPUTS, Ground, Window


def pad(fields: Tensor, cells: int, *, cyclic: bool) -> Tensor:
    """Continue fields beyond the grid: around the globe, else with the value at the edge.

    Args:
        fields: Shape (batch, channel, y, x).
        cells: How far on each side.
        cyclic: Whether the last column's neighbour is the first.
    """
    rows = functional.pad(fields, (0, 0, cells, cells), mode="replicate")
    mode = "circular" if cyclic else "replicate"
    if cyclic and cells > fields.shape[-1]:
        mode = "replicate"
    return functional.pad(rows, (cells, cells, 0, 0), mode=mode)


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
        if len(self.spans) == 1:
            found = table[0].expand(len(lead), -1)
        else:
            low = torch.searchsorted(self.spans, lead.contiguous()) - 1
            low = low.clamp(0, len(self.spans) - 2)
            share = (lead - self.spans[low]) / (self.spans[low + 1] - self.spans[low])
            found = table[low] + share[:, None] * (table[low + 1] - table[low])
        return found.exp()[:, :, None, None]


class Features(nn.Module):
    """Turns a window into the network's input.

    Per channel: change, mean of both ends, second difference at each inner frame, what the spline's
    slope at either end adds to the straight line, and, where there are winds, the change that
    advection by them would make over the span. And the static inputs of the place.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.scales = Scales(settings)
        self.register_buffer("mean", torch.tensor(settings.mean)[:, None, None], persistent=False)
        spread = torch.tensor(settings.spread)[:, None, None]
        self.register_buffer("spread", spread, persistent=False)
        moved = [i for i, pair in enumerate(settings.winds) if pair is not None]
        pairs = [pair for pair in settings.winds if pair is not None]
        self.moved, self.pairs = moved, pairs
        self.size = settings.channels * (FRAMES + 2) + 2 * len(moved) + len(PLACE_INPUTS)

    mean: Tensor
    spread: Tensor

    def forward(self, window: Window) -> Tensor:
        """The input of shape (batch, size, y, x)."""
        frames, start, end = window.frames, window.start, window.end
        change_scale = self.scales.at(self.scales.change, window.span_s)
        bend_scale = self.scales.at(self.scales.bend, window.span_s)
        change = end - start
        rows = [change / change_scale, (start + end) / 2]
        bends = (frames[:, :-2] - 2 * frames[:, 1:-1] + frames[:, 2:]) / bend_scale[:, None]
        bends = bends * self._known(window)[:, :, None, None, None]
        rows += [bends.flatten(1, 2)]
        slopes = torch.einsum("bsf,bfcyx->bscyx", window.slopes(), frames)
        rows += [((slopes - change[:, None]) / bend_scale[:, None]).flatten(1, 2)]
        if self.moved:
            unit = change_scale[:, self.moved]
            rows += [self._advected(window, at) / unit for at in (start, end)]
        place = window.ground.place
        rows += [place.expand(len(frames), *place.shape)]
        return torch.cat(rows, dim=1)

    def _known(self, window: Window) -> Tensor:
        """1 where a second difference has all three frames, else 0, shape (batch, frame - 2)."""
        inner = torch.arange(1, FRAMES - 1, device=window.frames.device)
        first = FRAMES // 2 - 1 - window.before[:, None]
        last = FRAMES // 2 + window.after[:, None]
        return ((inner - 1 >= first) & (inner + 1 <= last)).to(window.frames.dtype)

    def _advected(self, window: Window, fields: Tensor) -> Tensor:
        """The change that advection makes over the span, normalised."""
        winds = fields * self.spread + self.mean
        east = winds[:, [pair[0] for pair in self.pairs]]
        north = winds[:, [pair[1] for pair in self.pairs]]
        tendency = advection(fields[:, self.moved], east, north, window.ground)
        return tendency * window.span_s.to(fields.dtype)[:, None, None, None]
