"""The formula: coefficients and lead fractions in, fields out.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor

from temdeep.network.architecture import Coefficients
from temdeep.network.basis import residual_basis
from temdeep.network.settings import CONTEXT
from temdeep.network.warp import warp
from temdeep.network.window import Window


def render(
    window: Window, coefficients: Coefficients, theta: Tensor, levels: tuple[int, ...]
) -> Tensor:
    """Departure of the fields from the straight line at lead fractions.

        x(θ) - line(θ) = [(1 - w) W(x₀, F₀) + w W(x₁, F₁) - line(θ)]
                         + g (spline(θ) - line(θ)) + Σₖ cₖ Bₖ(θ)

        w  = θ + θ(1-θ) m                     preference m in [-1, 1]
        F₀ = θτ (v + (θ-1)/2 a)               displacement from t0
        F₁ = -(1-θ)τ (v + θ/2 a)              displacement back from t1

    with velocity v at mid-interval and its change a over the span. F₀ is 0 at θ = 0 and F₁ at
    θ = 1, w is θ there and B is 0, so that every term is exactly 0 at both ends.

    Args:
        window: Both ends and the context, (batch, frame, channel, y, x), normalised.
        coefficients: Of the same intervals.
        theta: Lead fractions, shape (batch, time).
        levels: For each channel the motion that it shares, -1 for none.

    Returns:
        Shape (batch, time, channel, y, x), normalised.
    """
    spline = window.spline(theta)
    spline[:, :, CONTEXT] -= 1 - theta
    spline[:, :, CONTEXT + 1] -= theta
    bend = torch.einsum("btf,bfcyx->btcyx", spline, window.frames)
    bend = bend * _inside(theta)
    departure = coefficients.gate[:, None] * bend
    departure = departure + torch.einsum(
        "btk,bkcyx->btcyx", residual_basis(theta), coefficients.residual
    )
    if coefficients.velocity is not None:
        departure = departure + _advected(window, coefficients, theta, levels)
    return departure


def _inside(theta: Tensor) -> Tensor:
    """0 at the ends, where the spline's weights meet the line's only to rounding, else 1."""
    return ((theta > 0) & (theta < 1)).to(theta.dtype)[:, :, None, None, None]


def _advected(
    window: Window, coefficients: Coefficients, theta: Tensor, levels: tuple[int, ...]
) -> Tensor:
    """Both ends moved and merged, minus the straight line, (batch, time, channel, y, x)."""
    velocity, acceleration = coefficients.velocity, coefficients.acceleration
    preference = coefficients.preference
    if velocity is None or acceleration is None or preference is None:
        raise ValueError("these coefficients hold no motion")
    start, end = window.start, window.end
    batch, times = theta.shape
    whole = torch.zeros(batch, times, *start.shape[1:], dtype=start.dtype, device=start.device)
    lead = theta[:, :, None, None, None]
    span = window.span_s.to(start.dtype)[:, None, None, None, None]
    for level in range(velocity.shape[1]):
        members = [i for i, own in enumerate(levels) if own == level]
        if not members:
            continue
        mean, change = velocity[:, None, level], acceleration[:, None, level]
        forward = lead * span * (mean + (lead - 1) / 2 * change)
        backward = -(1 - lead) * span * (mean + lead / 2 * change)
        first = _moved(start[:, members], forward, window)
        last = _moved(end[:, members], backward, window)
        weight = lead + lead * (1 - lead) * preference[:, None, level, None]
        line = (1 - lead) * start[:, None, members] + lead * end[:, None, members]
        whole[:, :, members] = (1 - weight) * first + weight * last - line
    return whole


def _moved(fields: Tensor, displacement: Tensor, window: Window) -> Tensor:
    """Warp fields (batch, channel, y, x) by (batch, time, 2, y, x)."""
    times = displacement.shape[1]
    repeated = fields[:, None].expand(-1, times, -1, -1, -1).flatten(0, 1)
    east, north = displacement[:, :, 0].flatten(0, 1), displacement[:, :, 1].flatten(0, 1)
    moved = warp(repeated, east, north, window.ground)
    return moved.reshape(len(fields), times, *fields.shape[1:])
