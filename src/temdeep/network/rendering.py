"""The formula: coefficients and lead fractions in, fields out.

Knows: torch. Must not know: xarray, files.
"""

from collections.abc import Iterable
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from temdeep.network.architecture import Coefficients
from temdeep.network.basis import residual_basis
from temdeep.network.detail import faded
from temdeep.network.machine import array, by_rows, kernels_for
from temdeep.network.motion import MOVED_FRAMES, members
from temdeep.network.repeatable import weighted
from temdeep.network.settings import CONTEXT, MOVING_CONTEXT
from temdeep.network.warp import on_cells, warp
from temdeep.network.window import Window

ENDS = (CONTEXT, CONTEXT + 1)
"""Places in a window of both ends of the interval."""


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
        return _render(window, coefficients, theta, levels)


def _render(
    window: Window, coefficients: Coefficients, theta: Tensor, levels: tuple[int, ...]
) -> Tensor:
    """The same where all is in single precision."""
    departure = weighted(residual_basis(theta), coefficients.residual)
    still = [i for i in members(levels, -1) if i not in coefficients.carried]
    if still:
        weights = _bend_weights(window, theta, CONTEXT)
        bend = weighted(weights, window.frames[:, :, still])
        departure[:, :, still] += coefficients.gate[:, None, still] * bend
    for level in range(coefficients.velocity.shape[1]):
        own = members(levels, level)
        if own:
            along = _along_motion(window, coefficients, theta, level, own)
            if _is_carried(own, coefficients):
                departure[:, :, _in_a_row(own)] = along
            else:
                departure[:, :, _in_a_row(own)] += along
    return departure


def _in_a_row(own: list[int]) -> list[int] | slice:
    """Channels as a slice if they follow each other: then none is copied to be changed."""
    together = slice(own[0], own[-1] + 1)
    return together if len(own) == together.stop - together.start else own


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
    carried = _is_carried(own, coefficients)
    kernels = kernels_for(
        window.frames, coefficients.velocity, coefficients.gate, window.ground.dx_m, theta
    )
    if kernels is not None and not carried:
        return _by_machine(kernels, window, coefficients, theta, level, own, line=1)
    if kernels is not None:
        total = _by_machine(kernels, window, coefficients, theta, level, own, line=0)
    else:
        total = _blended(window, coefficients, theta, level, own)
    lead = theta[:, :, None, None, None]
    line = (1 - lead) * window.start[:, None, own] + lead * window.end[:, None, own]
    if carried and coefficients.fading is not None:
        share = 4 * lead * (1 - lead) * coefficients.fading[:, :, own].transpose(0, 1)[:, :, None]
        unit = total.new_tensor([coefficients.logs[i] for i in own])[:, None, None]
        total = _fade(total, share, unit, cyclic=window.ground.cyclic)
    return total - line


def _blended(
    window: Window, coefficients: Coefficients, theta: Tensor, level: int, own: list[int]
) -> Tensor:
    """Both ends moved and blended, and where it is no rain the bends along the way."""
    lead = theta[:, :, None, None, None]
    velocity = coefficients.velocity[:, None, level]
    change = coefficients.acceleration[:, None, level]
    weight = lead + lead * (1 - lead) * coefficients.preference[:, None, level, None]
    carried = _is_carried(own, coefficients)
    bend_weights = _bend_weights(window, theta, MOVING_CONTEXT)[..., None, None, None]
    total = window.frames.new_zeros(*theta.shape, len(own), *window.frames.shape[-2:])
    bend = torch.zeros_like(total)
    for place in _used(window, ENDS if carried else MOVED_FRAMES):
        by_velocity, by_change = (one[..., None, None, None] for one in _ways(window, theta, place))
        way = torch.addcmul(by_velocity * velocity, by_change, change)
        moved = warp(window.frames[:, place, own], way[:, :, 0], way[:, :, 1], window.ground)
        if place == CONTEXT:
            total.addcmul_(1 - weight, moved)
        if place == CONTEXT + 1:
            total.addcmul_(weight, moved)
        if not carried:
            bend.addcmul_(bend_weights[:, :, place], moved)
    return total if carried else total.addcmul_(coefficients.gate[:, None, own], bend)


def _ways(window: Window, theta: Tensor, place: int) -> tuple[Tensor, Tensor]:
    """Seconds that the velocity acts for until a frame, and its change, (batch, time)."""
    n = place - CONTEXT
    by_velocity = (theta - n) * window.span_s.to(theta)[:, None]
    return by_velocity, by_velocity * ((theta + n) / 2 - 0.5)


def _by_machine(
    kernels: ModuleType,
    window: Window,
    coefficients: Coefficients,
    theta: Tensor,
    level: int,
    own: list[int],
    *,
    line: int,
) -> Tensor:
    """What `_blended` returns, less the straight line or (0) not, from machine code."""
    carried = _is_carried(own, coefficients)
    used = _used(window, ENDS if carried else MOVED_FRAMES)
    bends = _bend_weights(window, theta, MOVING_CONTEXT) * (not carried)
    ways = torch.stack([torch.stack(_ways(window, theta, place), -1) for place in used], 2)
    given = (
        array(window.frames),
        (np.array(used), np.array(own), CONTEXT),
        (
            *(array(coefficients.velocity[:, level]), array(coefficients.acceleration[:, level])),
            *(array(coefficients.preference[:, level]), array(coefficients.gate)),
        ),
        (array(theta), array(ways), array(bends), np.float32(line)),
        on_cells(window.ground),
    )
    batch, _, _, rows, columns = window.frames.shape
    found = theta.new_empty(batch, theta.shape[1], len(own), rows, columns)

    def work(first: int, last: int) -> None:
        kernels.moved(*given, (first, last), array(found))

    by_rows(work, rows, found.numel() * len(used))
    return found


def _fade(total: Tensor, share: Tensor, unit: Tensor, *, cyclic: bool) -> Tensor:
    """Rain (batch, time, channel, y, x), normalised, less a share (scale, ...) of its details."""
    logs = (total * unit).flatten(0, 1)
    made = faded(logs, share.flatten(1, 2), cyclic=cyclic)
    return total + (made - logs).reshape(total.shape) / unit


def _used(window: Window, places: Iterable[int]) -> list[int]:
    """The frames that any interval of the batch has; all of them where values are not known yet."""
    if torch.compiler.is_compiling():
        return list(places)
    known = window.known().any(dim=0).tolist()
    return [place for place in places if known[place]]
