"""A modulated adaptive Fourier neural operator: patches mixed by wavenumber, steered by the time.

After Leinonen et al. (2024), arXiv:2410.18904, whose network is NVIDIA PhysicsNeMo's `ModAFNO`;
written afresh and made small. As there: patches of 2 x 2 cells (larger on radar's grids), a learnt
offset for each patch, one complex matrix for all wavenumbers instead of several on a diagonal,
complex scale and shift of the filter and real ones of the perceptron from an embedding of the lead
fraction, which is also added to the patches. There 512 features and 12 blocks, here 64 and 4.

Knows: torch. Must not know: series, files.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

SMALLEST_PATCH = 2
MOST_PATCHES = 4096
"""Beyond these the patches are larger."""

FEATURES = 64
BLOCKS = 4
WIDENING = 2
TIME_FEATURES = 64
WAVES = 16
SPARSITY = 0.01


class TimeEmbedding(nn.Module):
    """Waves of the lead fraction, through a perceptron, shape (sample, `TIME_FEATURES`)."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("frequency", math.pi * 2.0 ** torch.linspace(-1, 4, WAVES))
        self.mixed = nn.Sequential(
            nn.Linear(2 * WAVES, TIME_FEATURES),
            nn.GELU(),
            nn.Linear(TIME_FEATURES, TIME_FEATURES),
            nn.GELU(),
        )

    def forward(self, theta: Tensor) -> Tensor:
        """Embed lead fractions of shape (sample,)."""
        phase = theta[:, None] * self.get_buffer("frequency")
        embedded: Tensor = self.mixed(torch.cat([phase.sin(), phase.cos()], dim=1))
        return embedded


class Modulation(nn.Module):
    """Scale and shift of some features from the time's embedding."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(TIME_FEATURES, features), nn.GELU(), nn.Linear(features, 2 * features)
        )

    def forward(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """What is added to a scale of 1, and the shift, shape (sample, 1, 1, feature) each."""
        scale, shift = self.net(time)[:, None, None].chunk(2, dim=-1)
        return scale, shift


class SpectralFilter(nn.Module):
    """Mixes the features of each wavenumber, the same way for all: a global convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(0.02 * torch.randn(2, FEATURES, FEATURES, 2))
        self.biases = nn.Parameter(0.02 * torch.randn(2, FEATURES, 2))
        self.modulation = Modulation(2 * FEATURES)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Filter patches (sample, y, x, feature)."""
        weights, biases = torch.view_as_complex(self.weights), torch.view_as_complex(self.biases)
        scale, shift = self.modulation(time)
        waves = torch.fft.rfft2(x, dim=(1, 2), norm="ortho") @ weights[0] + biases[0]
        waves = waves * (1 + _pairs(scale)) + _pairs(shift)
        waves = _by_parts(functional.relu, waves) @ weights[1] + biases[1]
        kept = _by_parts(partial(functional.softshrink, lambd=SPARSITY), waves)
        filtered: Tensor = torch.fft.irfft2(kept, s=x.shape[1:3], dim=(1, 2), norm="ortho")
        return x + filtered


def _pairs(values: Tensor) -> Tensor:
    """The first half of the features as real, the second as imaginary parts."""
    return torch.complex(*values.chunk(2, dim=-1))


def _by_parts(act: Callable[[Tensor], Tensor], waves: Tensor) -> Tensor:
    """A function of real numbers, on real and imaginary parts apart."""
    return torch.complex(act(waves.real), act(waves.imag))


class Block(nn.Module):
    """Filter and perceptron, both modulated, both added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        wide = WIDENING * FEATURES
        self.before_filter, self.before_mlp = nn.LayerNorm(FEATURES), nn.LayerNorm(FEATURES)
        self.filter = SpectralFilter()
        self.widen, self.narrow = nn.Linear(FEATURES, wide), nn.Linear(wide, FEATURES)
        self.modulation = Modulation(wide)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Patches in and out, shape (sample, y, x, feature)."""
        x = x + self.filter(self.before_filter(x), time)
        scale, shift = self.modulation(time)
        hidden = self.widen(self.before_mlp(x)) * (1 + scale) + shift
        mixed: Tensor = x + self.narrow(functional.gelu(hidden))
        return mixed


class ModAFNO(nn.Module):
    """Inputs and a lead fraction to outputs, on one grid.

    Args:
        shape: Rows and columns.
        inputs: Number of input fields.
        outputs: Number of output fields.
        cyclic: Whether columns go around the globe.
    """

    def __init__(self, shape: tuple[int, int], inputs: int, outputs: int, *, cyclic: bool) -> None:
        super().__init__()
        self.shape, self.outputs = shape, outputs
        self.columns = "circular" if cyclic else "replicate"
        self.patch = SMALLEST_PATCH
        while math.prod(_patches(shape, self.patch)) > MOST_PATCHES:
            self.patch *= 2
        self.missing = tuple(-count % self.patch for count in shape)
        self.embed = nn.Conv2d(inputs, FEATURES, self.patch, stride=self.patch)
        self.place = nn.Parameter(0.02 * torch.randn(1, *_patches(shape, self.patch), FEATURES))
        self.time = TimeEmbedding()
        self.add_time = nn.Linear(TIME_FEATURES, FEATURES)
        self.blocks = nn.ModuleList(Block() for _ in range(BLOCKS))
        self.head = nn.Linear(FEATURES, outputs * self.patch**2, bias=False)
        nn.init.zeros_(self.head.weight)

    def forward(self, fields: Tensor, theta: Tensor) -> Tensor:
        """Outputs at lead fractions.

        Args:
            fields: Shape (sample, input, y, x).
            theta: Shape (sample,).

        Returns:
            Shape (sample, output, y, x); all 0 before training.
        """
        down, across = self.missing
        padded = functional.pad(fields, (0, across, 0, 0), self.columns)
        padded = functional.pad(padded, (0, 0, 0, down), "replicate")
        time = self.time(theta)
        x = self.embed(padded).permute(0, 2, 3, 1) + self.place + self.add_time(time)[:, None, None]
        for block in self.blocks:
            x = block(x, time)
        cells = self.head(x).permute(0, 3, 1, 2)
        full: Tensor = functional.pixel_shuffle(cells, self.patch)
        return full[..., : self.shape[0], : self.shape[1]]


def _patches(shape: tuple[int, int], patch: int) -> tuple[int, int]:
    """Rows and columns of patches."""
    return -(-shape[0] // patch), -(-shape[1] // patch)
