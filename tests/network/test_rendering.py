"""The formula: ends exact whatever the weights, one path whatever the times asked for."""

import numpy as np
import pytest
import torch
from tests.network import making
from tests.network.making import CHANNELS, MOVING, SPAN_S, STILL
from torch import Tensor

from temdeep.network.architecture import Coefficients
from temdeep.network.basis import BASIS_SIZE, residual_basis
from temdeep.network.motion import aligned
from temdeep.network.rendering import render
from temdeep.network.settings import CONTEXT, FRAMES
from temdeep.network.window import Window
from temdeep.spline import spline_weights


def fields_of(window: Window, coefficients: Coefficients, theta: Tensor) -> Tensor:
    lead = theta[:, :, None, None, None]
    line = (1 - lead) * window.start[:, None] + lead * window.end[:, None]
    return line + render(window, coefficients, theta, MOVING)


def untrained(window: Window, levels: tuple[int, ...] = MOVING) -> Coefficients:
    found = making.network(making.settings(levels))(window)
    assert isinstance(found, Coefficients)
    return found


def same_times(theta: list[float], batch: int = 3) -> Tensor:
    return torch.tensor(theta).expand(batch, -1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [0.01, 1.0, 1e4])
@pytest.mark.parametrize("cyclic", [False, True])
def test_ends_are_exact_for_any_coefficients(seed: int, size: float, cyclic: bool) -> None:
    """Fields of 1e-6 to 1e4: among numbers of one size, a + (b - a) is exact and proves nothing."""
    window = making.window(seed, cyclic=cyclic)
    coefficients = making.any_coefficients(window, len(CHANNELS), seed, size)
    departure = render(window, coefficients, same_times([0.0, 0.37, 1.0]), MOVING)
    assert (departure[:, [0, 2]] == 0).all()
    assert (departure[:, 1] != 0).float().mean() > 0.99


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [0.1, 10.0])
def test_ends_are_exact_for_any_weights_of_the_network(seed: int, size: float) -> None:
    window = making.window(seed)
    network = making.network(making.settings(), seed=seed, size=size)
    rendered = fields_of(window, network(window), same_times([0.0, 0.5, 1.0]))
    assert torch.equal(rendered[:, 0], window.start)
    assert torch.equal(rendered[:, 2], window.end)


def test_the_basis_vanishes_at_both_ends_and_nowhere_else() -> None:
    theta = torch.linspace(0, 1, 41)
    basis = residual_basis(theta)
    assert basis.shape == (41, BASIS_SIZE)
    assert (basis[[0, -1]] == 0).all()
    assert (basis[1:-1, [0, 2]] > 0).all()
    torch.testing.assert_close(basis[20], torch.tensor([1.0, 0.0, 1.0]))
    torch.testing.assert_close(basis[10], torch.tensor([0.75, -0.375, 0.5625]))


def test_an_untrained_network_is_the_natural_spline_where_nothing_moves() -> None:
    window = making.window(1, STILL, decades=(0.0, 0.0))
    theta = same_times([0.1, 0.5, 0.83])
    departure = render(window, untrained(window, STILL), theta, STILL)
    for row, (before, after) in enumerate([(3, 3), (0, 2), (1, 0)]):
        weights = spline_weights(before, after, theta[row].double().numpy())
        known = window.frames[row, CONTEXT - before : CONTEXT + 2 + after].double().numpy()
        line = np.zeros_like(weights)
        line[:, before], line[:, before + 1] = 1 - theta[row].numpy(), theta[row].numpy()
        wanted = np.tensordot(weights - line, known, axes=1)
        np.testing.assert_allclose(departure[row].numpy(), wanted, atol=1e-5)


def test_an_untrained_network_is_the_natural_spline_along_the_motion() -> None:
    """At half time and two cells per span every frame is moved by whole cells."""
    window = making.window(
        2, shape=(6, 16), before=(3,), after=(3,), cyclic=True, decades=(0.0, 0.0)
    )
    motion = torch.zeros_like(window.motion)
    motion[:, :, 0] = 2 * making.CELL_M / SPAN_S
    window = Window(
        window.frames, window.before, window.after, window.span_s, motion, window.ground
    )
    departure = render(window, untrained(window), torch.tensor([[0.5]]), MOVING)[0, 0]
    line = (window.start + window.end)[0] / 2
    weights = spline_weights(2, 2, np.array([0.5]))[0]  # the two nearest on each side move
    wanted = torch.zeros_like(line)
    for n, weight in zip(range(-2, 4), weights.tolist(), strict=True):
        wanted += weight * torch.roll(window.frames[0, CONTEXT + n], 1 - 2 * n, dims=-1)
    torch.testing.assert_close((line + departure)[:3], wanted[:3], atol=2e-5, rtol=0)
    weights = spline_weights(3, 3, np.array([0.5]))[0]
    still = (torch.tensor(weights)[:, None, None] * window.frames[0, :, 3]).sum(dim=0)
    torch.testing.assert_close((line + departure)[3], still.float(), atol=1e-5, rtol=0)


def test_acceleration_moves_the_path_and_not_its_ends() -> None:
    """The way from t0 to θ under v + (θ - ½) a is θ τ (v + (θ - 1) a / 2): none at half speed."""
    window = making.window(3, before=(0,), after=(0,), cyclic=True, decades=(0.0, 0.0))
    nothing = torch.zeros_like(window.motion)
    rate = torch.zeros_like(nothing)
    rate[:, :, 0] = 8 * making.CELL_M / SPAN_S
    only_start = torch.full_like(nothing[:, :, 0], -1.0)
    coefficients = Coefficients(
        torch.zeros_like(window.start),
        torch.zeros(1, BASIS_SIZE, *window.start.shape[1:]),
        nothing,
        rate,
        only_start,
    )
    theta = torch.tensor([[0.5]])
    rendered = fields_of(window, coefficients, theta)[0, 0, 0]
    # θ(θ - 1)/2 · 8 cells = -1 cell for the start; (θ - 1) θ/2 · 8 = -1 cell for the end as well
    start, end = (torch.roll(one[0, 0], -1, dims=-1) for one in (window.start, window.end))
    weight = 0.5 - 0.25  # θ + θ(1-θ) m with m = -1
    wanted = (1 - weight) * start + weight * end
    torch.testing.assert_close(rendered, wanted, atol=1e-5, rtol=0)


def test_a_preference_for_one_end_weighs_it_more() -> None:
    window = making.window(4, before=(0,), after=(0,), decades=(0.0, 0.0))
    coefficients = making.any_coefficients(window, len(CHANNELS), 0, 0.0)
    all_end = torch.ones_like(coefficients.preference)
    coefficients = Coefficients(
        coefficients.gate,
        coefficients.residual,
        coefficients.velocity,
        coefficients.acceleration,
        all_end,
    )
    rendered = fields_of(window, coefficients, torch.tensor([[0.5]]))[0, 0]
    wanted = 0.25 * window.start[0] + 0.75 * window.end[0]
    torch.testing.assert_close(rendered[:3], wanted[:3])


@pytest.mark.parametrize("levels", [MOVING, STILL])
def test_times_and_intervals_do_not_see_each_other(levels: tuple[int, ...]) -> None:
    window = making.window(5, levels, decades=(0.0, 0.0))
    coefficients = making.any_coefficients(window, len(CHANNELS), 5, 1.0)
    theta = torch.rand((3, 5), generator=torch.Generator().manual_seed(5))
    together = render(window, coefficients, theta, levels)
    for row in range(3):
        own = slice(row, row + 1)
        part = Window(
            window.frames[own],
            window.before[own],
            window.after[own],
            window.span_s[own],
            window.motion[own],
            window.ground,
        )
        of_part = Coefficients(
            coefficients.gate[own],
            coefficients.residual[own],
            coefficients.velocity[own],
            coefficients.acceleration[own],
            coefficients.preference[own],
        )
        for column in (4, 0, 2):
            alone = render(part, of_part, theta[own, column : column + 1], levels)
            torch.testing.assert_close(alone[0, 0], together[row, column], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [0.0, 0.3])
def test_the_path_leaves_and_reaches_its_ends_without_a_jump(size: float) -> None:
    """Ten times nearer to an end, ten times less away from it."""
    window = making.window(6, decades=(0.0, 0.0))
    network = making.network(making.settings(), seed=6, size=size)
    near = [1e-2, 1e-3, 1e-4]
    theta = same_times(near + [1 - one for one in near])
    rendered = fields_of(window, network(window), theta)
    ends = torch.stack([window.start] * 3 + [window.end] * 3, dim=1)
    away = (rendered - ends).abs().mean(dim=(0, 2, 3, 4))
    for first in (0, 3):
        far, near_by = away[first : first + 2] / away[first + 1 : first + 3]
        assert 5 < far < 20
        assert 9 < near_by < 11
        assert away[first + 2] < 0.01


def test_what_stands_in_the_place_of_absent_frames_does_not_matter() -> None:
    window = making.window(7, decades=(0.0, 0.0))
    network = making.network(making.settings(), seed=7, size=0.3)
    absent = (window.known() == 0)[:, :, None, None, None]
    assert absent.any()
    rubbish = torch.where(absent, 1e3, window.frames)
    other = Window(
        rubbish, window.before, window.after, window.span_s, window.motion, window.ground
    )
    theta = same_times([0.2, 0.7])
    wanted = render(window, network(window), theta, MOVING)
    torch.testing.assert_close(render(other, network(other), theta, MOVING), wanted)


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(4))
def test_any_number_of_context_frames_works(before: int, after: int) -> None:
    window = making.window(8, shape=(4, 5), before=(before,), after=(after,), decades=(0.0, 0.0))
    assert window.known().sum() == before + 2 + after
    coefficients = making.network(making.settings(), size=0.3)(window)
    rendered = fields_of(window, coefficients, torch.tensor([[0.0, 0.4, 1.0]]))
    assert rendered.isfinite().all()
    assert torch.equal(rendered[0, 0], window.start[0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 3), (4, 5)])
@pytest.mark.parametrize("cyclic", [False, True])
def test_grids_of_few_cells_work(shape: tuple[int, int], cyclic: bool) -> None:
    window = making.window(9, shape=shape, cyclic=cyclic, decades=(0.0, 0.0))
    coefficients = making.network(making.settings(), size=0.3)(window)
    rendered = fields_of(window, coefficients, same_times([0.0, 0.4, 1.0]))
    assert rendered.shape == (3, 3, 4, *shape)
    assert rendered.isfinite().all()
    assert torch.equal(rendered[:, 2], window.end)


def test_frames_that_travel_with_the_motion_line_up_in_the_middle() -> None:
    """Then the network sees neither change nor bend."""
    window = making.window(
        10, shape=(6, 16), before=(3,), after=(3,), cyclic=True, decades=(0.0, 0.0)
    )
    motion = torch.zeros_like(window.motion)
    motion[:, :, 0] = 2 * making.CELL_M / SPAN_S
    first = window.frames[:, :1]
    frames = torch.cat([torch.roll(first, 2 * i, dims=-1) for i in range(FRAMES)], dim=1)
    travelling = Window(frames, window.before, window.after, window.span_s, motion, window.ground)
    moved = aligned(travelling, MOVING)[0]
    torch.testing.assert_close(moved[:, :3], moved[:1, :3].expand(6, -1, -1, -1))
    middle = torch.roll(frames[0, CONTEXT, :3], 1, dims=-1)
    torch.testing.assert_close(moved[0, :3], middle, atol=2e-5, rtol=0)
    assert torch.equal(moved[:, 3], frames[0, 1:7, 3])


def test_gradients_of_every_weight_are_finite_and_the_heads_learn_at_once() -> None:
    window = making.window(11, decades=(0.0, 0.0))
    network = making.network(making.settings()).requires_grad_()
    names, leaves = zip(*network.named_parameters(), strict=True)
    total = render(window, network(window), same_times([0.3, 0.6]), MOVING).square().sum()
    gradients = dict(zip(names, torch.autograd.grad(total, leaves), strict=True))
    assert all(one.isfinite().all() for one in gradients.values())
    for head in ("residual", "gate", "motion"):
        assert (gradients[f"{head}.weight"] != 0).any()


@pytest.mark.parametrize("kind", ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def test_in_half_precision_the_ends_are_exact_and_the_rest_is_close(kind: str) -> None:
    if kind == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    device = torch.device(kind)
    here = making.window(12, decades=(0.0, 0.0))
    window = Window(
        here.frames.to(device),
        here.before,
        here.after,
        here.span_s.to(device),
        here.motion.to(device),
        here.ground.to(device),
    )
    network = making.network(making.settings(), seed=12, size=0.1).to(device)
    theta = same_times([0.0, 0.3, 0.6, 1.0]).to(device)
    exact = render(window, network(window), theta, MOVING)
    with torch.autocast(kind, torch.bfloat16):
        departure = render(window, network(window), theta, MOVING)
    assert (departure[:, [0, 3]] == 0).all()
    assert (departure - exact).abs().mean() < 0.05 * exact.abs().mean()


@pytest.mark.cuda
def test_a_gpu_gives_what_the_processor_gives() -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    here = making.window(13, decades=(0.0, 0.0))
    there = Window(
        here.frames.cuda(),
        here.before,
        here.after,
        here.span_s.cuda(),
        here.motion.cuda(),
        here.ground.to("cuda"),
    )
    network = making.network(making.settings(), seed=13, size=0.1)
    theta = same_times([0.0, 0.3, 0.6, 1.0])
    wanted = render(here, network(here), theta, MOVING)
    network = network.cuda()
    found = render(there, network(there), theta.cuda(), MOVING)
    assert (found[:, [0, 3]] == 0).all()
    torch.testing.assert_close(found.cpu(), wanted, atol=5e-3, rtol=5e-3)
