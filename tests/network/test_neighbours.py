"""What lies beyond an edge: the edge, or the other side of the globe."""

import pytest
import torch

from temdeep.network.neighbours import pad


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("cells", [1, 3, 5])
def test_beyond_the_edge_lies_the_edge_or_the_other_side(cells: int, cyclic: bool) -> None:
    fields = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    row = torch.arange(-cells, 4 + cells).clamp(0, 3)
    column = torch.arange(-cells, 5 + cells)
    column = column % 5 if cyclic else column.clamp(0, 4)
    assert torch.equal(pad(fields, cells, cyclic=cyclic), fields[:, :, row][..., column])


@pytest.mark.parametrize("cyclic", [False, True])
def test_slopes_come_back_from_where_the_values_came(cyclic: bool) -> None:
    fields = torch.randn(1, 2, 3, 4, generator=torch.Generator().manual_seed(1))
    given = fields.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda one: pad(one, 2, cyclic=cyclic), (given,))
