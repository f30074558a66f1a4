"""One pass from a window to the coefficients from which any time is rendered.

An encoder and decoder with residual blocks on two resolutions, and one head for each part of the
rendering. All heads start at zero: an untrained network adds nothing to the spline.

Knows: torch. Must not know: xarray, files.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from temdeep.network.basis import BASIS_SIZE
from temdeep.network.detail import SCALES
from temdeep.network.features import SPEED_M_S, Features
from temdeep.network.neighbours import pad
from temdeep.network.settings import NetworkSettings
from temdeep.network.window import Window

LOW_BLOCKS = 2


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
        carried: Channels whose residual moves with the motion of their level, and that are not
            bent.
    """

    gate: Tensor
    residual: Tensor
    velocity: Tensor
    acceleration: Tensor
    preference: Tensor
    fading: Tensor | None = None
    carried: tuple[int, ...] = ()

    def single(self) -> "Coefficients":
        """The same in single precision, whatever the network computed in."""
        return Coefficients(
            self.gate.float(),
            self.residual.float(),
            self.velocity.float(),
            self.acceleration.float(),
            self.preference.float(),
            None if self.fading is None else self.fading.float(),
            self.carried,
        )


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
    """Coefficients of an interval from both ends and up to three frames on each side."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        width, channels = settings.width, settings.channels
        self.features = Features(settings)
        self.stem = nn.Conv2d(self.features.size, width, 3)
        self.down = nn.Conv2d(width, width, 3)
        self.low = nn.ModuleList(Block(width) for _ in range(LOW_BLOCKS))
        self.high = nn.ModuleList(Block(width) for _ in range(settings.depth))
        self.residual = nn.Conv2d(width, BASIS_SIZE * channels, 1)
        self.gate = nn.Conv2d(width, channels, 1)
        self.motion = nn.Conv2d(width, 5 * max(settings.level_count, 1), 1)
        heads = [self.residual, self.gate, self.motion]
        if settings.carried:
            self.fading = nn.Conv2d(width, SCALES * channels, 1)
            heads.append(self.fading)
        for head in heads:
            for parameter in head.parameters():
                nn.init.zeros_(parameter)

    def forward(self, window: Window) -> Coefficients:
        """One pass for a batch of intervals."""
        cyclic = window.ground.cyclic
        features = self.stem(pad(self.features(window), 1, cyclic=cyclic))
        low = functional.avg_pool2d(features, 2, ceil_mode=True)
        low = functional.gelu(self.down(pad(low, 1, cyclic=cyclic)))
        for block in self.low:
            low = block(low, cyclic=cyclic)
        doubled = low.repeat_interleave(2, dim=-2).repeat_interleave(2, dim=-1)
        features = features + doubled[..., : features.shape[-2], : features.shape[-1]]
        for block in self.high:
            features = block(features, cyclic=cyclic)
        decoded = functional.gelu(features)
        scale = self.features.scales.at(self.features.scales.error, window.span_s)
        residual = self.residual(decoded).unflatten(1, (BASIS_SIZE, self.settings.channels))
        motion = self.motion(decoded).unflatten(1, (-1, 5))[:, : self.settings.level_count]
        without = self.settings.without
        fading = None
        if self.settings.carried:
            fading = self.fading(decoded).unflatten(1, (SCALES, self.settings.channels))
        return Coefficients(
            1 + self.gate(decoded) * ("gate" not in without),
            residual * scale[:, None] * ("residual" not in without),
            window.motion + SPEED_M_S * motion[:, :, 0:2],
            SPEED_M_S * motion[:, :, 2:4],
            torch.tanh(motion[:, :, 4]),
            fading,
            self.settings.carried,
        )
