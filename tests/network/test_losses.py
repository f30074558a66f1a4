"""What training minimises, against sums done by hand."""

import pytest
import torch
from torch import Tensor

from temdeep.network.architecture import Coefficients
from temdeep.network.basis import residual_basis
from temdeep.network.features import SPEED_M_S
from temdeep.network.losses import (
    kink,
    spatial_roughness,
    temporal_roughness,
    withheld_error,
)

NAN = float("nan")


def coefficients(residual: Tensor, velocity: Tensor | None = None) -> Coefficients:
    """Of one interval: residual (1, 3, channel, y, x), velocity (1, level, 2, y, x)."""
    rows, columns = residual.shape[-2:]
    motion = torch.zeros(1, 0, 2, rows, columns) if velocity is None else velocity
    return Coefficients(
        torch.ones(1, residual.shape[2], rows, columns),
        residual,
        motion,
        torch.zeros_like(motion),
        torch.zeros(1, motion.shape[1], rows, columns),
    )


def test_errors_are_weighed_by_area_and_passed_over_where_truth_is_missing() -> None:
    truth = torch.tensor([[[[[1.0, NAN, 0.0]]], [[[7.0, 7.0, 7.0]]]]])  # two times, one channel
    rendered = torch.tensor([[[[[3.0, 50.0, 1.0]]], [[[0.0, 0.0, 0.0]]]]])
    area, counted = torch.tensor([[1.0, 5.0, 3.0]]), torch.tensor([[1.0, 0.0]])
    scale = torch.full((1, 1, 1, 1), 2.0)
    # ((2/2)² 1 + (1/2)² 3) / (1 + 3); the second time only fills up
    found = withheld_error(rendered, truth, scale, area, counted)
    torch.testing.assert_close(found, torch.tensor([1.75 / 4]))


def test_channels_count_alike_however_many_values_each_has() -> None:
    truth = torch.tensor([[[[[0.0, NAN, NAN, NAN]], [[0.0, 0.0, 0.0, 0.0]]]]])
    rendered = torch.tensor([[[[[2.0, 9.0, 9.0, 9.0]], [[1.0, 1.0, 1.0, 1.0]]]]])
    ones = torch.ones(1, 2, 1, 1)
    found = withheld_error(rendered, truth, ones, torch.ones(1, 4), torch.ones(1, 1))
    torch.testing.assert_close(found, torch.tensor([2.5]))


def test_missing_truth_gives_no_gradient_and_none_at_all_gives_zero() -> None:
    rendered = torch.ones(1, 1, 1, 2, 2, requires_grad=True)
    truth = torch.full((1, 1, 1, 2, 2), NAN)
    scale, area = torch.ones(1, 1, 1, 1), torch.ones(2, 2)
    loss = withheld_error(rendered, truth, scale, area, torch.ones(1, 1))
    (gradient,) = torch.autograd.grad(loss.sum(), rendered)
    assert loss.item() == 0
    assert (gradient == 0).all()


def test_roughness_in_space_is_of_neighbours_of_residual_and_flow() -> None:
    residual = torch.zeros(1, 3, 1, 2, 3)
    residual[0, 0, 0] = torch.tensor([[0.0, 2.0, 4.0], [0.0, 2.0, 4.0]])
    scale = torch.full((1, 1, 1, 1), 2.0)
    # by x: four differences of 1 among 12 (three functions, two rows); by y: none
    torch.testing.assert_close(
        spatial_roughness(coefficients(residual), scale), torch.tensor([4 / 12])
    )
    velocity = torch.zeros(1, 1, 2, 2, 3)
    velocity[0, 0, 0, 1] = 3 * SPEED_M_S
    # by y: three differences of 3 among 6 (two components)
    torch.testing.assert_close(
        spatial_roughness(coefficients(0 * residual, velocity), scale), torch.tensor([27 / 6])
    )


@pytest.mark.parametrize("chosen", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (2, -1, 3)])
def test_roughness_in_time_is_the_mean_square_second_derivative(chosen: tuple[int, ...]) -> None:
    """Against second differences of the basis, in units of that of 4θ(1-θ)."""
    theta = torch.linspace(0, 1, 4001, dtype=torch.float64)
    path = residual_basis(theta) @ torch.tensor(chosen, dtype=torch.float64)
    second = (path[:-2] - 2 * path[1:-1] + path[2:]) / (theta[1] - theta[0]) ** 2
    residual = 6.0 * torch.tensor(chosen)[None, :, None, None, None].expand(1, 3, 1, 2, 2)
    scale = torch.full((1, 1, 1, 1), 2.0)
    found = temporal_roughness(coefficients(residual), scale) * 3  # a mean over three functions
    wanted = 9 * second.square().mean() / 64
    torch.testing.assert_close(found, wanted.float()[None], rtol=2e-3, atol=0)


def test_a_kink_is_the_jump_of_the_slope_weighed_by_area() -> None:
    before = torch.tensor([[[[1.0, 0.0]]]])
    after = torch.tensor([[[[0.0, 4.0]]]])
    scale, area = torch.full((1, 1, 1, 1), 2.0), torch.tensor([[0.5, 1.5]])
    # (1/2)² 0.5 and (4/2)² 1.5, over two cells
    found = kink(before, after, scale, area)
    torch.testing.assert_close(found, torch.tensor([(0.125 + 6.0) / 2]))
    assert kink(before, before, scale, area).item() == 0
