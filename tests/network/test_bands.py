"""Large fields in bands of rows are the fields at once."""

from dataclasses import replace

import pytest
import torch
from tests.network.making import network, settings, window
from torch import Tensor

from temdeep.network import architecture
from temdeep.network.architecture import InterpolationNetwork

SHAPE = (63, 12)


def lively(fold: int = 1) -> InterpolationNetwork:
    """A network whose every layer matters."""
    made = network(replace(settings(), fold=fold), size=0.5)
    for block in [*made.low, *made.high]:
        block.share.fill_(1.0)
    return made


def parts(fold: int, *, cyclic: bool) -> dict[str, Tensor]:
    with torch.inference_mode():
        found = lively(fold)(window(1, shape=SHAPE, cyclic=cyclic, decades=(0.0, 0.0)))
    names = ("gate", "residual", "velocity", "acceleration", "preference")
    return {name: getattr(found, name) for name in names}


@pytest.mark.parametrize("fold", [1, 2])
@pytest.mark.parametrize("cyclic", [False, True])
def test_bands_are_the_whole_field_to_rounding(
    monkeypatch: pytest.MonkeyPatch, fold: int, *, cyclic: bool
) -> None:
    whole = parts(fold, cyclic=cyclic)
    monkeypatch.setattr(architecture, "BAND_POINTS", 16 * SHAPE[1])
    bands = parts(fold, cyclic=cyclic)
    for name, field in whole.items():
        assert field.std() > 0
        torch.testing.assert_close(bands[name], field, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("fold", "rows"), [(1, 63), (2, 127)])
def test_the_halo_is_as_far_as_a_band_looks_and_no_further(fold: int, rows: int) -> None:
    made, joined = lively(fold), 2 * fold
    first = rows // 2 // joined * joined
    up, _ = reach(made, first, rows)
    _, down = reach(made, first - 1, rows)
    assert up == down
    assert up <= made.halo < up + joined


def test_cells_that_are_one_place_inside_the_network_have_each_their_own() -> None:
    found = parts(2, cyclic=False)
    for name, field in found.items():
        inside = field[..., 0::2, :][..., : SHAPE[0] // 2, :] - field[..., 1::2, :]
        assert inside.std() > 0.1 * field.std(), name


def reach(made: InterpolationNetwork, row: int, rows: int) -> tuple[int, int]:
    """How many rows up and down the coefficients of a row depend on the features."""
    numbers = torch.Generator().manual_seed(0)
    inputs = torch.randn((1, made.features.size, rows, 12), generator=numbers).requires_grad_()
    total = torch.stack([one[..., row, :].sum() for one in made._heads(inputs, cyclic=False)]).sum()
    (slope,) = torch.autograd.grad(total, inputs)
    seen = slope.abs().sum((0, 1, 3)).nonzero().ravel()
    return row - int(seen.min()), int(seen.max()) - row
