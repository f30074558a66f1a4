"""The formula: coefficients and lead fractions in, fields out.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor

from temdeep.network.architecture import Coefficients
from temdeep.network.basis import residual_basis
from temdeep.network.detail import details, faded
from temdeep.network.motion import MOVED_FRAMES, members
from temdeep.network.settings import CONTEXT, FRAMES, MOVING_CONTEXT
from temdeep.network.warp import warp
from temdeep.network.window import Window


def render(
    window: Window, coefficients: Coefficients, theta: Tensor, levels: tuple[int, ...]
) -> Tensor:
    """Departure of the fields from the straight line at lead fractions.

        x(θ) - line(θ) = [(1 - w) W₀ + w W₁ - line(θ)] + g Σₙ sₙ(θ) Wₙ + Σₖ cₖ Bₖ(θ)

        Wₙ = xₙ moved by (θ - n) τ (v + ((θ + n)/2 - ½) a)     frame n = …, -1, 0, 1, 2, …
        w  = θ + θ(1-θ) m                                       preference m in [-1, 1]
        s  = weights of the natural spline minus those of the line

    with velocity v at mid-interval and its change a over the span; the way is the integral of the
    velocity from n to θ. At θ = 0 frame 0 is not moved, w is 0, s and B are 0, and likewise at
    θ = 1, so that every term is exactly 0 at both ends. Channels without a motion are not moved.
    Rain (`Coefficients.carried`) is neither bent nor added to: both ends are moved and blended, and
    what is too small to last fades. 4θ(1-θ) Σ_s f_s d_s is taken from the blend, with its details
    d_s, and the water that goes with it is given back (`detail.py`).
    Half precision ends before this: it would be rounding of the fields, not of a network.

    Args:
        window: Both ends and the context, (batch, frame, channel, y, x), normalised.
        coefficients: Of the same intervals.
        theta: Lead fractions, shape (batch, time).
        levels: For each channel the motion that it shares, -1 for none.

    Returns:
        Shape (batch, time, channel, y, x), normalised.
    """
    with torch.autocast(window.frames.device.type, enabled=False):
        return _render(window, coefficients.single(), theta, levels)


def _render(
    window: Window, coefficients: Coefficients, theta: Tensor, levels: tuple[int, ...]
) -> Tensor:
    """The same where all is in single precision."""
    bend = coefficients.gate[:, None] * torch.einsum(
        "btf,bfcyx->btcyx", _bend_weights(window, theta, CONTEXT), window.frames
    )
    if coefficients.carried:
        bend[:, :, coefficients.carried] = 0
    residual = torch.einsum("btk,bkcyx->btcyx", residual_basis(theta), coefficients.residual)
    departure = bend + residual
    for level in range(coefficients.velocity.shape[1]):
        own = members(levels, level)
        if own:
            along = _along_motion(window, coefficients, theta, level, own)
            if _is_carried(own, coefficients):
                departure[:, :, own] = along
            else:
                departure[:, :, own] = departure[:, :, own] - bend[:, :, own] + along
    return departure


def _is_carried(own: list[int], coefficients: Coefficients) -> bool:
    """Whether the channels of a level are rain: a level is of rain or of none."""
    return own[0] in coefficients.carried


def _bend_weights(window: Window, theta: Tensor, most: int) -> Tensor:
    """The spline's weights minus the line's, exactly 0 at the ends, (batch, time, frame)."""
    weights = window.spline(theta, most)
    weights[:, :, CONTEXT] -= 1 - theta
    weights[:, :, CONTEXT + 1] -= theta
    inside = (theta > 0) & (theta < 1)
    return weights * inside[:, :, None].to(weights.dtype)


def _along_motion(
    window: Window, coefficients: Coefficients, theta: Tensor, level: int, own: list[int]
) -> Tensor:
    """The terms that move, for the channels of a level, (batch, time, channel, y, x)."""
    lead = theta[:, :, None, None, None]
    span = window.span_s.to(theta)[:, None, None, None, None]
    velocity = coefficients.velocity[:, None, level]
    change = coefficients.acceleration[:, None, level]
    weight = lead + lead * (1 - lead) * coefficients.preference[:, None, level, None]
    bend = _bend_weights(window, theta, MOVING_CONTEXT)
    gate = coefficients.gate[:, None, own]
    line = (1 - lead) * window.start[:, None, own] + lead * window.end[:, None, own]
    total = torch.zeros_like(line)
    carried = _is_carried(own, coefficients)
    for place in MOVED_FRAMES:
        if not _is_used(window, place) or (carried and place not in (CONTEXT, CONTEXT + 1)):
            continue
        n = place - CONTEXT
        way = (lead - n) * span * (velocity + ((lead + n) / 2 - 0.5) * change)
        moved = _moved(window.frames[:, place, own], way, window)
        share = 0 if carried else gate * bend[:, :, place, None, None, None]
        if place == CONTEXT:
            share = share + (1 - weight)
        if place == CONTEXT + 1:
            share = share + weight
        total = total + share * moved
    if carried and coefficients.fading is not None:
        share = 4 * lead * (1 - lead) * coefficients.fading[:, :, own].transpose(0, 1)[:, :, None]
        unit = total.new_tensor([coefficients.logs[i] for i in own])[:, None, None]
        total = _fade(total, share, unit, cyclic=window.ground.cyclic)
    return total - line


def _fade(total: Tensor, share: Tensor, unit: Tensor, *, cyclic: bool) -> Tensor:
    """Rain (batch, time, channel, y, x), normalised, less a share (scale, ...) of its details."""
    logs = (total * unit).flatten(0, 1)
    made = faded(logs, details(logs, cyclic=cyclic), share.flatten(1, 2), cyclic=cyclic)
    return total + (made - logs).reshape(total.shape) / unit


def _is_used(window: Window, place: int) -> bool:
    """Whether any interval of the batch has a frame."""
    return bool(window.known()[:, place].any()) and place < FRAMES


def _moved(fields: Tensor, way_m: Tensor, window: Window) -> Tensor:
    """Warp fields (batch, channel, y, x) by (batch, time, 2, y, x)."""
    times = way_m.shape[1]
    repeated = fields[:, None].expand(-1, times, -1, -1, -1).flatten(0, 1)
    east, north = way_m[:, :, 0].flatten(0, 1), way_m[:, :, 1].flatten(0, 1)
    moved = warp(repeated, east, north, window.ground)
    return moved.reshape(len(fields), times, *fields.shape[1:])
