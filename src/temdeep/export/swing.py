"""Sun responses that grow and shrink with the weather, as tensors: see `methods/wandering.py`.

Every cell has its own system of equations for a whole window of frames; those that a cell does not
have get a weight of 0.

Knows: torch. Must not know: files, series.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from temdeep.methods.wandering import FORGOTTEN_S, Wandering
from temdeep.network.settings import CONTEXT, FRAMES
from temdeep.network.window import known_frames, spline


class Swing(nn.Module):
    """What wandering adds to one channel inside an interval."""

    def __init__(self, wandering: Wandering) -> None:
        super().__init__()
        self.wandering = wandering

    def forward(
        self, anomalies: Tensor, given: Tensor, wanted: Tensor, theta: Tensor, span_s: Tensor
    ) -> Tensor:
        """See `Wandering.departure`; 0 for cells with no context at all.

        Args:
            anomalies: x - S of a window's frames, shape (frame, cell), NaN where missing.
            given: R at the frames, likewise.
            wanted: R at the lead fractions, shape (time, cell).
            theta: Lead fractions, shape (time,).
            span_s: τ.

        Returns:
            Shape (time, cell), in double precision.
        """
        before, after = finite_context(anomalies)
        known = known_frames(before, after).double()
        ratio = self.wandering.variance / (self.wandering.curvature * span_s**3)
        memory = FORGOTTEN_S / span_s
        weights = _weights(theta, given.T * known, wanted.T, known, ratio, memory)
        smooth = spline(before, after, theta.expand(*before.shape, *theta.shape))
        told = torch.where(known > 0, anomalies.T, 0)
        added = torch.einsum("xtn,xn->tx", weights - smooth, told)
        return torch.where(before + after > 0, added, 0)


def finite_context(frames: Tensor) -> tuple[Tensor, Tensor]:
    """How many frames next to the interval are there, without a gap, on each side.

    Args:
        frames: Of a window, shape (frame, ...), NaN where missing.

    Returns:
        Two of shape (...).
    """
    there = frames.isfinite().long()
    before, after = there[:CONTEXT].flip(0), there[CONTEXT + 2 :]
    return before.cumprod(dim=0).sum(dim=0), after.cumprod(dim=0).sum(dim=0)


def _weights(
    theta: Tensor, given: Tensor, wanted: Tensor, known: Tensor, ratio: Tensor, memory: Tensor
) -> Tensor:
    """Kriging weights, shape (cell, time, frame); times in units of the span.

    Args:
        theta: Lead fractions, shape (time,).
        given: R at the frames, 0 where there is none, shape (cell, frame).
        wanted: R at the lead fractions, shape (cell, time).
        known: 1 for frames that there are, shape (cell, frame).
        ratio: v/(c τ³).
        memory: T/τ.
    """
    lead = torch.arange(FRAMES, dtype=torch.float64) - CONTEXT
    apart, away = (lead[:, None] - lead).abs(), (lead[:, None] - theta).abs()
    both = known[:, :, None] * known[:, None, :]
    responding = ratio * torch.exp(-apart / memory) * given[:, :, None] * given[:, None, :]
    inner = both * apart**3 + responding + torch.diag_embed(1 - known)  # w = 0 for the unknown
    drift = torch.stack([known, known * lead], dim=-1)
    system = torch.cat(
        [torch.cat([inner, drift], dim=2), functional.pad(drift.mT, (0, 2))],
        dim=1,
    )
    responding = ratio * torch.exp(-away / memory) * given[:, :, None] * wanted[:, None, :]
    line = torch.stack([torch.ones_like(theta), theta])
    right = torch.cat(
        [known[:, :, None] * away**3 + responding, line.expand(known.shape[0], *line.shape)], dim=1
    )
    solved: Tensor = torch.linalg.solve(system, right)
    return solved[:, :FRAMES].mT
