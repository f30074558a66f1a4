"""Functions of the lead fraction that vanish at both ends.

Knows: torch. Must not know: xarray, files.
"""

import torch
from torch import Tensor

BASIS_SIZE = 3


def residual_basis(theta: Tensor) -> Tensor:
    """Evaluate the residual's basis.

        B₁ = 4θ(1-θ),   B₂ = 4θ(1-θ)(2θ-1),   B₃ = 16θ²(1-θ)²

    Args:
        theta: Lead fractions, any shape.

    Returns:
        Shape (*theta, BASIS_SIZE), exactly 0 at θ = 0 and 1.
    """
    bow = 4 * theta * (1 - theta)
    return torch.stack([bow, bow * (2 * theta - 1), bow**2], dim=-1)
