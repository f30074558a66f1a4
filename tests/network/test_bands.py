"""Large fields in bands of rows are the fields at once."""

import pytest
import torch
from tests.network.making import network, settings, window
from torch import Tensor

from temdeep.network import architecture
from temdeep.network.architecture import InterpolationNetwork

SHAPE = (63, 12)


def lively() -> InterpolationNetwork:
    """A network whose every layer matters."""
    made = network(settings(), size=0.5)
    for block in [*made.low, *made.high]:
        block.share.fill_(1.0)
    return made


def parts(*, cyclic: bool) -> dict[str, Tensor]:
    with torch.inference_mode():
        found = lively()(window(1, shape=SHAPE, cyclic=cyclic, decades=(0.0, 0.0)))
    names = ("gate", "residual", "velocity", "acceleration", "preference")
    return {name: getattr(found, name) for name in names}


@pytest.mark.parametrize("cyclic", [False, True])
def test_bands_are_the_whole_field_to_rounding(
    monkeypatch: pytest.MonkeyPatch, *, cyclic: bool
) -> None:
    whole = parts(cyclic=cyclic)
    monkeypatch.setattr(architecture, "BAND_POINTS", 16 * SHAPE[1])
    bands = parts(cyclic=cyclic)
    for name, field in whole.items():
        assert field.std() > 0
        torch.testing.assert_close(bands[name], field, rtol=1e-5, atol=1e-5)


def test_the_halo_is_as_far_as_a_coefficient_looks_and_no_further() -> None:
    made = lively()
    up, _ = reach(made, row=33)
    _, down = reach(made, row=32)
    assert (up, down) == (made.halo, made.halo)


def reach(made: InterpolationNetwork, row: int) -> tuple[int, int]:
    """How many rows up and down the coefficients of a row depend on the features."""
    numbers = torch.Generator().manual_seed(0)
    inputs = torch.randn((1, made.features.size, *SHAPE), generator=numbers).requires_grad_()
    total = torch.stack([one[..., row, :].sum() for one in made._heads(inputs, cyclic=False)]).sum()
    (slope,) = torch.autograd.grad(total, inputs)
    seen = slope.abs().sum((0, 1, 3)).nonzero().ravel()
    return row - int(seen.min()), int(seen.max()) - row
