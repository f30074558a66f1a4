"""Moving fields: nothing moves them not at all, metres move them the right way."""

import pytest
import torch
from tests.network.making import CELL_M, ground
from torch import Tensor

from temdeep.network.warp import warp

SHAPE = (9, 12)


def noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def moved(fields: Tensor, east_cells: float, north_cells: float, *, cyclic: bool = False) -> Tensor:
    east = torch.full((len(fields), *fields.shape[-2:]), east_cells * CELL_M)
    north = torch.full_like(east, north_cells * CELL_M)
    return warp(fields, east, north, ground((fields.shape[-2], fields.shape[-1]), cyclic=cyclic))


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (4, 5), (9, 12), (33, 49), (64, 127)])
def test_no_displacement_returns_the_field_bit_for_bit(
    shape: tuple[int, int], cyclic: bool
) -> None:
    """On normalised coordinates most cells would come back with another last bit."""
    fields = noise(0, 2, 3, *shape) * 10 ** (10 * noise(1, 2, 3, *shape).clamp(-1, 1) / 2)
    assert torch.equal(moved(fields, 0.0, 0.0, cyclic=cyclic), fields)


@pytest.mark.parametrize(("east", "north"), [(2, 0), (-3, 0), (0, 2), (0, -1), (2, -3)])
def test_whole_cells_shift_the_field(east: int, north: int) -> None:
    fields = noise(2, 1, 2, *SHAPE)
    shifted = torch.roll(fields, (north, east), dims=(-2, -1))
    inner = (slice(3, -3), slice(3, -3))
    found = moved(fields, float(east), float(north))
    torch.testing.assert_close(
        found[..., inner[0], inner[1]], shifted[..., inner[0], inner[1]], atol=2e-5, rtol=0
    )


@pytest.mark.parametrize("east_sign", [1.0, -1.0])
@pytest.mark.parametrize("north_sign", [1.0, -1.0])
def test_a_blob_goes_east_and_north_however_rows_and_columns_run(
    east_sign: float, north_sign: float
) -> None:
    fields = torch.zeros(1, 1, *SHAPE)
    fields[..., 4, 6] = 1.0
    east = torch.full((1, *SHAPE), 2 * CELL_M)
    north = torch.full((1, *SHAPE), 1 * CELL_M)
    found = warp(fields, east, north, ground(SHAPE, east_sign=east_sign, north_sign=north_sign))
    row, column = divmod(int(found[0, 0].argmax()), SHAPE[1])
    assert (row, column) == (4 + int(north_sign), 6 + 2 * int(east_sign))


def test_around_the_globe_nothing_is_lost_at_the_date_line() -> None:
    fields = noise(3, 1, 2, *SHAPE)
    for cells in (1, 5, -4):
        wanted = torch.roll(fields, cells, dims=-1)
        found = moved(fields, float(cells), 0.0, cyclic=True)
        torch.testing.assert_close(found, wanted, atol=2e-5, rtol=0)


def test_beyond_an_edge_its_value_goes_on() -> None:
    fields = noise(4, 1, 1, *SHAPE)
    found = moved(fields, 3.0, 0.0)
    edge = fields[..., :1].expand(-1, -1, -1, 3)
    torch.testing.assert_close(found[..., :3], edge, atol=2e-5, rtol=0)


@pytest.mark.parametrize("cyclic", [False, True])
def test_a_constant_field_stays_constant(cyclic: bool) -> None:
    fields = torch.full((2, 1, *SHAPE), 281.37)
    way = 4 * CELL_M * noise(5, 2, 2, *SHAPE)
    found = warp(fields, way[:, 0], way[:, 1], ground(SHAPE, cyclic=cyclic))
    torch.testing.assert_close(found, fields, rtol=3e-6, atol=0)


@pytest.mark.parametrize("cells", [0.1, 0.25, 0.5, 0.8, 1.3])
def test_planes_and_parabolas_are_moved_just_as_far_as_they_are_told(cells: float) -> None:
    """Other bicubic weights move a slope up to a twentieth of a cell too far."""
    column = torch.arange(12.0).expand(1, 1, *SHAPE)
    row = torch.arange(9.0)[:, None].expand(1, 1, *SHAPE)
    inner = (..., slice(3, -3), slice(3, -3))
    found = moved(column + row**2, cells, -cells)
    wanted = column - cells + (row + cells) ** 2
    torch.testing.assert_close(found[inner], wanted[inner], atol=2e-5, rtol=1e-6)


def test_gradients_are_finite_even_where_nothing_moves_or_all_leaves_the_grid() -> None:
    fields = noise(6, 2, 2, *SHAPE).requires_grad_()
    way = torch.zeros(2, 2, *SHAPE)
    way[1] = 1e9
    way.requires_grad_()
    total = warp(fields, way[:, 0], way[:, 1], ground(SHAPE)).square().sum()
    of_fields, of_way = torch.autograd.grad(total, (fields, way))
    assert of_fields.isfinite().all()
    assert of_way.isfinite().all()
    assert (of_way[0] != 0).any()


def test_each_field_of_a_batch_is_moved_by_its_own_displacement() -> None:
    fields = noise(7, 3, 2, *SHAPE)
    way = CELL_M * noise(8, 3, 2, *SHAPE)
    together = warp(fields, way[:, 0], way[:, 1], ground(SHAPE))
    for i in range(3):
        own = slice(i, i + 1)
        alone = warp(fields[own], way[own, 0], way[own, 1], ground(SHAPE))
        torch.testing.assert_close(alone[0], together[i])
