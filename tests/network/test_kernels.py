"""Machine code does what PyTorch does, to rounding, however the work is shared."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType

import pytest
import torch
from tests.network.making import CELL_M, any_coefficients, ground, window
from tests.test_extras import HIDE
from torch import Tensor

from temdeep.network import machine
from temdeep.network.detail import SCALES
from temdeep.network.rendering import render
from temdeep.network.warp import warp
from temdeep.network.window import Ground

LEVELS = (0, 1, 0, -1, 2)
RAIN = (1,)
EPS = torch.finfo(torch.float32).eps


@contextmanager
def plain_torch() -> Iterator[None]:
    """As if numba were not installed."""

    def none_of(_: str) -> ModuleType | None:
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "kernels_of", none_of)
        yield


def noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def uneven(shape: tuple[int, int], *, cyclic: bool, east: float, north: float) -> Ground:
    """Cells of which no two are alike, in rows and columns of either direction."""
    dx, dy = (0.2 + noise(seed, *shape).abs() for seed in (1, 2))
    return Ground(east * CELL_M * dx, north * CELL_M * dy, cyclic, torch.zeros(0))


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize(("east", "north"), [(1, 1), (-1, 1), (1, -1)])
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (2, 5), (4, 4), (21, 34)])
@pytest.mark.parametrize("cells", [0.3, 3.0, 1e5])
def test_fields_are_moved_as_by_torch(
    shape: tuple[int, int], cyclic: bool, east: float, north: float, cells: float
) -> None:
    """Also on grids that are narrower than the neighbours of a place, and beyond all edges."""
    fields, ways = noise(3, 2, 3, *shape), cells * CELL_M * noise(4, 2, 2, 5, *shape)
    ways[1, :, 2, shape[0] // 2, shape[1] // 2] = torch.nan
    on = uneven(shape, cyclic=cyclic, east=east, north=north)
    assert machine.kernels_for(fields, ways) is not None
    found = warp(fields, ways[:, 0], ways[:, 1], on)
    with plain_torch():
        wanted = warp(fields, ways[:, 0], ways[:, 1], on)
    torch.testing.assert_close(found, wanted, rtol=0, atol=8 * EPS, equal_nan=True)


def test_fields_need_not_lie_in_a_row() -> None:
    fields = noise(5, 9, 12, 3, 2).permute(3, 2, 0, 1)
    ways = (CELL_M * noise(6, 1, 4, 9, 12)).expand(2, 4, 9, 12)
    on = ground((9, 12))
    wanted = warp(fields.contiguous(), ways.contiguous(), ways.contiguous(), on)
    assert torch.equal(warp(fields, ways, ways, on), wanted)


@pytest.mark.parametrize("cyclic", [False, True])
def test_an_interval_is_rendered_as_by_torch(cyclic: bool) -> None:
    """With motions, without, and rain that fades; with and without context; ends exactly."""
    like = window(7, LEVELS, shape=(23, 31), cyclic=cyclic, decades=(0.0, 0.0))
    found = any_coefficients(like, len(LEVELS), 8, 1.0)
    fading = noise(9, len(like.frames), SCALES, len(LEVELS), 23, 31)
    coefficients = replace(found, fading=fading, carried=RAIN, logs=(1.0,) * len(LEVELS))
    theta = torch.tensor([0.0, 0.2, 0.5, 0.9, 1.0]).expand(len(like.frames), -1)
    made = render(like, coefficients, theta, LEVELS)
    with plain_torch():
        wanted = render(like, coefficients, theta, LEVELS)
    assert (made[:, [0, -1]] == 0).all()
    torch.testing.assert_close(made, wanted, rtol=4 * EPS, atol=100 * EPS)
    assert wanted.abs().max() > 1


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what moves: other sums over frames are PyTorch's, whose own threads may change them."""
    levels = (0, 1, 0, 2)
    like = window(10, levels, shape=(23, 31))
    found = any_coefficients(like, len(levels), 11, 1.0)
    coefficients = replace(found, residual=torch.zeros_like(found.residual))
    theta = torch.tensor([0.1, 0.6]).expand(len(like.frames), -1)
    alone = render(like, coefficients, theta, levels)
    monkeypatch.setattr(machine, "LEAST_VALUES", 1)
    before = torch.get_num_threads()
    try:
        for threads in (2, 3, 50):
            torch.set_num_threads(threads)
            assert torch.equal(render(like, coefficients, theta, levels), alone)
    finally:
        torch.set_num_threads(before)


def test_torch_has_what_has_gradients_or_another_precision() -> None:
    plain, learnt = torch.zeros(3), torch.zeros(3, requires_grad=True)
    assert machine.kernels_for(plain) is not None
    assert machine.kernels_for(plain, learnt) is None
    assert machine.kernels_for(plain.double()) is None
    assert machine.kernels_for(plain.to("meta")) is None
    with torch.no_grad():
        assert machine.kernels_for(plain, learnt) is not None


@pytest.mark.parametrize("hidden", ["numba", "none_such"])
def test_numba_is_loaded_when_something_moves_and_not_before(hidden: str) -> None:
    """And without it all works."""
    code = f"""{HIDE}
import torch
from temdeep.network.rendering import warp
from temdeep.network.window import Ground
assert "numba" not in sys.modules
one = torch.ones(1, 1, 4, 5)
assert torch.equal(warp(one, one, one, Ground(one[0, 0], one[0, 0], True, one)), one[None])
print("numba" in sys.modules)
"""
    command = [sys.executable, "-c", code, hidden]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(hidden != "numba")
