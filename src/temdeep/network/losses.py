"""What training minimises, each term as sums per interval of a batch.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor

from temdeep.network.architecture import Coefficients
from temdeep.network.features import SPEED_M_S


def withheld_error(
    rendered: Tensor, truth: Tensor, scale: Tensor, area: Tensor, counted: Tensor
) -> Tensor:
    """Mean square error at hidden times, each channel in units of the spline's error.

    Args:
        rendered: Shape (batch, time, channel, y, x), normalised.
        truth: Likewise; NaN is passed over.
        scale: Error of the spline at the interval's span, shape (batch, channel, 1, 1).
        area: Relative cell areas, shape (y, x).
        counted: 1 for hidden times, 0 for filling up, shape (batch, time).

    Returns:
        Shape (batch,).
    """
    known = torch.isfinite(truth)
    weight = area * known * counted[:, :, None, None, None]
    square = ((rendered - torch.where(known, truth, 0)) / scale[:, None]) ** 2
    over = weight.sum(dim=(1, 3, 4)).clamp_min(1e-6)
    return ((square * weight).sum(dim=(1, 3, 4)) / over).mean(dim=1)


def spatial_roughness(coefficients: Coefficients, scale: Tensor) -> Tensor:
    """Mean square difference between neighbours of flow and residual, not of the field.

    Fields have fronts; what is added to them should not.

    Args:
        coefficients: Of a batch of intervals.
        scale: Error of the spline, shape (batch, channel, 1, 1).

    Returns:
        Shape (batch,).
    """
    parts = [coefficients.residual / scale[:, None]]
    if coefficients.velocity.shape[1]:
        parts += [coefficients.velocity / SPEED_M_S, coefficients.acceleration / SPEED_M_S]
    rough = coefficients.gate.new_zeros(len(coefficients.gate))
    for part in parts:
        by_y, by_x = part.diff(dim=-2), part.diff(dim=-1)
        rough = rough + by_y.square().flatten(1).mean(1) + by_x.square().flatten(1).mean(1)
    return rough


def temporal_roughness(coefficients: Coefficients, scale: Tensor) -> Tensor:
    """Mean square second derivative in θ of what is added to the spline.

        ∫ (Σₖ cₖ Bₖ'')² dθ = 64 c₁² + 192 c₂² + 1024/5 c₃²

    The second derivatives are Legendre polynomials, so that there are no cross terms.

    Args:
        coefficients: Of a batch of intervals.
        scale: Error of the spline, shape (batch, channel, 1, 1).

    Returns:
        Shape (batch,), in units of 64 times the spline's error squared.
    """
    weight = torch.tensor([1.0, 3.0, 3.2], device=scale.device)[None, :, None, None, None]
    rough = (coefficients.residual / scale[:, None]) ** 2 * weight
    return rough.flatten(1).mean(1)


def kink(before: Tensor, after: Tensor, scale: Tensor, area: Tensor) -> Tensor:
    """Mean square difference of the slopes of two intervals where they meet.

    Args:
        before: dx/dθ at the end of the first, shape (batch, channel, y, x), normalised.
        after: dx/dθ at the start of the second, likewise.
        scale: Error of the spline, shape (batch, channel, 1, 1).
        area: Relative cell areas, shape (y, x).

    Returns:
        Shape (batch,).
    """
    return (((before - after) / scale) ** 2 * area).flatten(1).mean(1)
