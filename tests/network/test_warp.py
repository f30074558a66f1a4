"""Moving fields: nothing moves them not at all, metres move them the right way."""

import pytest
import torch
from tests.network.making import CELL_M, ground
from torch import Tensor

from temdeep.network import machine
from temdeep.network import warp as module
from temdeep.network.warp import LARGEST_SHIFT, warp
from temdeep.network.window import Ground

SHAPE = (9, 12)


@pytest.fixture(autouse=True, params=["PyTorch", "machine code"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of moving fields keep all of this."""
    if request.param == "PyTorch":
        monkeypatch.setattr(machine, "kernels_of", lambda _: None)


def noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def moved(fields: Tensor, east_cells: float, north_cells: float, *, cyclic: bool = False) -> Tensor:
    rows, columns = fields.shape[-2:]
    east = torch.full((len(fields), rows, columns), east_cells * CELL_M)
    north = torch.full_like(east, north_cells * CELL_M)
    return at_once(fields, east, north, ground((rows, columns), cyclic=cyclic))


def at_once(fields: Tensor, east_m: Tensor, north_m: Tensor, on: Ground) -> Tensor:
    """Moved by one displacement each, shape (batch, y, x)."""
    return warp(fields, east_m[:, None], north_m[:, None], on)[:, 0]


def by_definition(fields: Tensor, east_m: Tensor, north_m: Tensor, on: Ground) -> Tensor:
    """Each of a cell's 16 neighbours looked up for itself, in double precision."""
    rows, columns = fields.shape[-2:]
    x = (-east_m / on.dx_m).clamp(-LARGEST_SHIFT * columns, LARGEST_SHIFT * columns)
    y = (-north_m / on.dy_m).clamp(-LARGEST_SHIFT * rows, LARGEST_SHIFT * rows)
    column = torch.arange(columns) + x.floor().long()
    row = torch.arange(rows)[:, None] + y.floor().long()
    total = torch.zeros_like(fields, dtype=torch.float64)
    for i in range(-1, 3):
        for j in range(-1, 3):
            beside = column + j
            beside = beside % columns if on.cyclic else beside.clamp(0, columns - 1)
            place = (row + i).clamp(0, rows - 1) * columns + beside
            found = fields.flatten(2).gather(
                2, place.flatten(1)[:, None].expand(*fields.shape[:2], -1)
            )
            weight = keys((y - y.floor()).double() - i) * keys((x - x.floor()).double() - j)
            total += weight[:, None] * found.reshape(fields.shape)
    return total


def keys(distance: Tensor) -> Tensor:
    """The kernel of Keys (1981), doi:10.1109/TASSP.1981.1163711, a = -½, which is Catmull-Rom's."""
    d = distance.abs()
    near, far = 1.5 * d**3 - 2.5 * d**2 + 1, -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return torch.where(d <= 1, near, torch.where(d < 2, far, 0))


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
    found = at_once(fields, east, north, ground(SHAPE, east_sign=east_sign, north_sign=north_sign))
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
    found = at_once(fields, way[:, 0], way[:, 1], ground(SHAPE, cyclic=cyclic))
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
    total = at_once(fields, way[:, 0], way[:, 1], ground(SHAPE)).square().sum()
    of_fields, of_way = torch.autograd.grad(total, (fields, way))
    assert of_fields.isfinite().all()
    assert of_way.isfinite().all()
    assert (of_way[0] != 0).any()


def test_each_field_of_a_batch_is_moved_by_its_own_displacement() -> None:
    fields = noise(7, 3, 2, *SHAPE)
    way = CELL_M * noise(8, 3, 2, *SHAPE)
    together = at_once(fields, way[:, 0], way[:, 1], ground(SHAPE))
    for i in range(3):
        own = slice(i, i + 1)
        alone = at_once(fields[own], way[own, 0], way[own, 1], ground(SHAPE))
        torch.testing.assert_close(alone[0], together[i])


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("cells", [0.7, 4.0, 1e4])
def test_it_is_the_definition_to_rounding(cyclic: bool, cells: float) -> None:
    """Up to displacements beyond all edges; on cells that are neither square nor alike."""
    fields = noise(9, 2, 3, 21, 34)
    way = cells * CELL_M * noise(10, 2, 2, 21, 34)
    on = Ground(
        CELL_M * (0.2 + noise(11, 21, 34).abs()),
        -CELL_M * (0.2 + noise(12, 21, 34).abs()),
        cyclic,
        torch.zeros(0),
    )
    found = at_once(fields, way[:, 0], way[:, 1], on)
    wanted = by_definition(fields, way[:, 0], way[:, 1], on)
    torch.testing.assert_close(found.double(), wanted, atol=3e-6, rtol=0)


@pytest.mark.parametrize("cyclic", [False, True])
def test_bands_of_rows_and_times_together_are_each_alone(
    monkeypatch: pytest.MonkeyPatch, cyclic: bool
) -> None:
    fields, way = noise(13, 2, 3, *SHAPE), 3 * CELL_M * noise(14, 2, 4, 2, *SHAPE)
    on = ground(SHAPE, cyclic=cyclic)
    together = warp(fields, way[:, :, 0], way[:, :, 1], on)
    assert warp(fields, way[:, :0, 0], way[:, :0, 1], on).shape == (2, 0, 3, *SHAPE)
    for time in range(4):
        alone = at_once(fields, way[:, time, 0], way[:, time, 1], on)
        assert torch.equal(together[:, time], alone)
    monkeypatch.setattr(module, "BAND_VALUES", 2 * 4 * 3 * SHAPE[1] * 4)  # 4 of the 9 rows
    assert torch.equal(warp(fields, way[:, :, 0], way[:, :, 1], on), together)
    monkeypatch.setattr(module, "BAND_VALUES", 1)
    assert torch.equal(warp(fields, way[:, :, 0], way[:, :, 1], on), together)


@pytest.mark.parametrize("cyclic", [False, True])
def test_slopes_are_those_of_small_steps(cyclic: bool) -> None:
    """Training follows them, by displacement and by field."""
    on = ground((4, 5), cyclic=cyclic)
    fields = noise(15, 1, 2, 4, 5).double().requires_grad_()
    cells = (0.9 * noise(16, 1, 2, 4, 5).double()).requires_grad_()

    def of(fields: Tensor, cells: Tensor) -> Tensor:
        return at_once(fields, CELL_M * cells[:, 0], CELL_M * cells[:, 1], on)

    assert torch.autograd.gradcheck(of, (fields, cells), eps=1e-6, atol=1e-6)


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_motion_that_is_no_number_spoils_no_other_place(value: float, cyclic: bool) -> None:
    """A training that diverges must come to its own message, not to a place out of range."""
    fields, way = noise(17, 1, 1, *SHAPE), CELL_M * noise(18, 1, 2, *SHAPE)
    sound = at_once(fields, way[:, 0], way[:, 1], ground(SHAPE, cyclic=cyclic))
    way[:, :, 4, 6] = value
    found = at_once(fields, way[:, 0], way[:, 1], ground(SHAPE, cyclic=cyclic))
    assert bool(found[0, 0, 4, 6].isnan()) == (value != value)  # noqa: PLR0124 - NaN
    sound[0, 0, 4, 6] = found[0, 0, 4, 6]
    torch.testing.assert_close(found, sound, atol=0, rtol=0, equal_nan=True)


def test_all_is_done_where_the_fields_are() -> None:
    """On the device without memory, which like any other refuses tensors of another one."""
    fields, way = torch.zeros(2, 3, *SHAPE, device="meta"), torch.zeros(2, 4, *SHAPE, device="meta")
    for cyclic in (False, True):
        assert warp(fields, way, way, ground(SHAPE, cyclic=cyclic).to("meta")).is_meta
