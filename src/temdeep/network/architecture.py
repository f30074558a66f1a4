"""One pass from a window to the coefficients from which any time is rendered.

An encoder and decoder with residual blocks on two resolutions, and one head for each part of the
rendering. All heads start at zero: an untrained network adds nothing to the spline.

On large grids some cells are one place inside the network (`NetworkSettings.fold`): motion and
bends vary less from cell to cell there, and blocks cost a quarter. Heads give each cell its own
again, and add what its own features say.

Knows: torch. Must not know: xarray, files.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from temdeep.network.bands import by_bands
from temdeep.network.basis import BASIS_SIZE
from temdeep.network.detail import SCALES
from temdeep.network.features import SPEED_M_S, Features
from temdeep.network.motion import members
from temdeep.network.neighbours import pad
from temdeep.network.repeatable import heads_of
from temdeep.network.settings import NetworkSettings
from temdeep.network.window import Window

LOW_BLOCKS = 2

MOST_SHARPENED = -0.5
"""Share of the details of rain that may be added to them, not without end."""

SHORTEST_LIVED = 3.0
"""Largest x at twice the step of training, of details that live a third of that step."""

WIDEST = 30.0
"""x beyond which all is lost, and exp(x) no number of single precision."""

TINY = 1e-10
"""Under a root whose slope at 0 is wanted."""

BAND_POINTS = 2**17
"""In use, points that the inner layers hold at once, about: an eighth of those at a quarter degree.
Layers of more than 32 MB are asked of the system anew each time, which takes a third longer."""


@dataclass(frozen=True, eq=False)
class Coefficients:
    """All that is needed to render an interval at any lead fraction.

    Attributes:
        gate: Factor of the cubic minus the linear, shape (batch, channel, y, x).
        residual: Coefficients of the basis, normalised, (batch, basis, channel, y, x).
        velocity: Eastward and northward velocity at mid-interval, the classical motion and its
            correction, m s⁻¹, shape (batch, level, 2, y, x).
        acceleration: Its change over the span, m s⁻¹, likewise.
        preference: Which end counts more, from -1 (start) to 1 (end), (batch, level, y, x).
        fading: Share of the details of rain that is lost at mid-interval, shape (batch, scale,
            channel, y, x); None where nothing is rain.
        carried: Channels that are carried along, rain: they are neither bent nor added to.
        logs: For each channel what turns it into log(1 + r/r₀), if it is carried.
    """

    gate: Tensor
    residual: Tensor
    velocity: Tensor
    acceleration: Tensor
    preference: Tensor
    fading: Tensor | None = None
    carried: tuple[int, ...] = ()
    logs: tuple[float, ...] = ()


class Block(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3)
        self.second = nn.Conv2d(width, width, 3)
        self.share = nn.Parameter(torch.full((1, width, 1, 1), 0.1))

    def forward(self, fields: Tensor, *, cyclic: bool) -> Tensor:
        """Shape kept."""
        inner = self.first(pad(functional.gelu(fields), 1, cyclic=cyclic))
        inner = self.second(pad(functional.gelu(inner), 1, cyclic=cyclic))
        total: Tensor = fields + self.share * inner
        return total


class InterpolationNetwork(nn.Module):
    """Coefficients of an interval from both ends and up to three frames on each side.

    The motion of rain is the classical one: what wide spans teach of it, where a flow no longer
    finds the cells again, is wrong at narrow ones, where it does.
    """

    _corrected: Tensor

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        width, channels = settings.width, settings.channels
        self.features = Features(settings)
        self.stem = nn.Conv2d(settings.fold**2 * self.features.size, width, 3)
        self.down = nn.Conv2d(width, width, 3)
        self.low = nn.ModuleList(Block(width) for _ in range(LOW_BLOCKS))
        self.high = nn.ModuleList(Block(width) for _ in range(settings.depth))
        cells = settings.fold**2
        self.residual = nn.Conv2d(width, cells * BASIS_SIZE * channels, 1)
        self.gate = nn.Conv2d(width, cells * channels, 1)
        self.motion = nn.Conv2d(width, cells * 5 * max(settings.level_count, 1), 1)
        heads = [self.residual, self.gate, self.motion]
        if settings.carried:
            self.fading = nn.Conv2d(width, cells * SCALES * channels, 1)
            heads.append(self.fading)
        if settings.fold > 1:
            sizes = [head.out_channels // cells for head in heads]
            own = [nn.Conv2d(self.features.size, size, 1, bias=False) for size in sizes]
            self.own = nn.ModuleList(own)
            heads += own
        levels = [members(settings.levels, level) for level in range(settings.level_count)]
        corrected = [not own or own[0] not in settings.carried for own in levels]
        mask = torch.tensor(corrected, dtype=torch.float32)[:, None, None, None]
        self.register_buffer("_corrected", mask, persistent=False)
        for head in heads:
            for parameter in head.parameters():
                nn.init.zeros_(parameter)

    @property
    def halo(self) -> int:
        """How many rows far a coefficient depends on the features.

        A multiple of the rows that are one place where the network sees least.
        """
        low = 1 + 2 * (1 + 2 * LOW_BLOCKS)
        return self._joined * ((1 + low + 2 * len(self.high) + 1) // 2)

    @property
    def _joined(self) -> int:
        """Rows that are one place at the coarsest."""
        return 2 * self.settings.fold

    def forward(self, window: Window) -> Coefficients:
        """One pass for a batch of intervals; where nothing is learnt, large fields go by bands.

        Half precision, where there is any, is that of the inner layers: fields are moved, scaled
        and differenced before it, and what comes out is added to 1 and to motions after it.
        """
        with torch.autocast(window.frames.device.type, enabled=False):
            features = self.features(window)
        rows = max(BAND_POINTS // features.shape[-1] // self._joined * self._joined, self.halo)
        local = partial(self._heads, cyclic=window.ground.cyclic)
        if torch.is_grad_enabled() or rows >= features.shape[-2]:
            heads = local(features)
        else:
            heads = by_bands(local, features, rows=rows, halo=self.halo)
        heads = [one.float() for one in heads]
        scale = self.features.scales.at(self.features.scales.error, window.span_s)
        batch, _, *grid = features.shape
        residual = heads[0].reshape(batch, BASIS_SIZE, self.settings.channels, *grid)
        motion = heads[2].reshape(batch, -1, 5, *grid)[:, : self.settings.level_count]
        without = self.settings.without
        motion = motion * self._corrected.to(motion)
        fading = None
        if self.settings.carried:
            rate = heads[3].reshape(batch, SCALES, self.settings.channels, *grid)
            fading = self._faded(rate, window.span_s)
        return Coefficients(
            1 + heads[1] * ("gate" not in without),
            residual * scale[:, None] * ("residual" not in without),
            window.motion + SPEED_M_S * motion[:, :, 0:2],
            SPEED_M_S * motion[:, :, 2:4],
            torch.tanh(motion[:, :, 4]),
            fading,
            self.settings.carried,
            self.settings.spread,
        )

    def _faded(self, rate: Tensor, span_s: Tensor) -> Tensor:
        """What is lost of details that decay, 1 - 1/cosh x with x = τ/2T.

        The best guess in the middle between two values of a process whose correlation falls as
        exp(-t/T) is 1/cosh x of their mean. So a life time T that is learnt at wide spans holds at
        narrow ones, where x² falls faster than τ. At 2τ of training x² is twice the network's
        number while that is small, and never above `SHORTEST_LIVED`²: all that is lost is lost,
        however short its life, and a life that none of the hidden frames tells must not be taken
        for none.
        """
        taught_s = self.settings.spans_s[min(1, len(self.settings.spans_s) - 1)]
        spans = (span_s.to(rate) / taught_s)[:, None, None, None, None]
        square = 2 * rate.clamp_min(0)
        ways = spans * torch.sqrt(square / (1 + square / SHORTEST_LIVED**2) + TINY)
        above = (
            2 * torch.sinh(ways.clamp_max(WIDEST) / 2) ** 2
        )  # cosh x - 1, to all digits where x is small
        sharpened = (spans**2 * rate).clamp_min(MOST_SHARPENED)
        return torch.where(rate > 0, above / (1 + above), sharpened)

    def _heads(self, inputs: Tensor, *, cyclic: bool) -> list[Tensor]:
        """Residual, gate, motion and, where there is rain, fading, from the features."""
        fold, (rows, columns) = self.settings.fold, inputs.shape[-2:]
        whole = functional.pad(inputs, (0, -columns % fold, 0, -rows % fold), mode="replicate")
        features = self.stem(pad(functional.pixel_unshuffle(whole, fold), 1, cyclic=cyclic))
        low = functional.avg_pool2d(features, 2, ceil_mode=True)
        low = functional.gelu(self.down(pad(low, 1, cyclic=cyclic)))
        for block in self.low:
            low = block(low, cyclic=cyclic)
        doubled = low.repeat_interleave(2, dim=-2).repeat_interleave(2, dim=-1)
        features = features + doubled[..., : features.shape[-2], : features.shape[-1]]
        for block in self.high:
            features = block(features, cyclic=cyclic)
        decoded = functional.gelu(features)
        heads = [self.residual, self.gate, self.motion]
        if self.settings.carried:
            heads.append(self.fading)
        made = [functional.pixel_shuffle(one, fold) for one in heads_of(heads, decoded)]
        if fold == 1:
            return made
        own = [head for head in self.own if isinstance(head, nn.Conv2d)]
        each = zip(made, heads_of(own, inputs), strict=True)
        return [one[..., :rows, :columns] + added for one, added in each]
