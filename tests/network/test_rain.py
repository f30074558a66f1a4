"""Rain in the rendering: given frames come back, and small scales fade between."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.network.making import any_coefficients, network, settings, window

from temdeep.network.architecture import Coefficients
from temdeep.network.basis import BASIS_SIZE
from temdeep.network.detail import SCALES, details, faded
from temdeep.network.rendering import render
from temdeep.network.window import Window

LEVELS = (0, 1, 0)
RAIN = (1,)


def still(like: Window, channels: int) -> Coefficients:
    """Coefficients that add nothing and move nothing."""
    batch, motions, _, rows, columns = like.motion.shape
    nothing = torch.zeros(batch, channels, rows, columns)
    return Coefficients(
        nothing,
        torch.zeros(batch, BASIS_SIZE, channels, rows, columns),
        torch.zeros_like(like.motion),
        torch.zeros_like(like.motion),
        torch.zeros(batch, motions, rows, columns),
        torch.zeros(batch, SCALES, channels, rows, columns),
        carried=RAIN,
        logs=(1.0, 1.0, 1.0),
    )


@given(seed=st.integers(0, 2**31))
def test_whatever_grows_and_fades_both_ends_are_the_given_frames(seed: int) -> None:
    like = window(seed, LEVELS)
    found = any_coefficients(like, len(LEVELS), seed, 3.0)
    made = torch.Generator().manual_seed(seed)
    fading = torch.randn(found.gate[:, None].expand(-1, SCALES, -1, -1, -1).shape, generator=made)
    theta = torch.tensor([[0.0, 1.0]]).expand(len(like.frames), -1)
    added = render(like, replace(found, fading=fading, carried=RAIN, logs=(1, 2, 3)), theta, LEVELS)
    assert (added == 0).all()


def test_rain_is_neither_bent_by_frames_beside_the_interval_nor_added_to() -> None:
    like = window(1, LEVELS, decades=(0.0, 0.0))
    bent = still(like, len(LEVELS))
    residual = torch.zeros_like(bent.residual)
    residual[:, :, 1] = 1.0
    bent = replace(bent, gate=torch.ones_like(bent.gate), residual=residual)
    theta = torch.full((len(like.frames), 1), 0.5)
    added = render(like, bent, theta, LEVELS)
    assert (added[:, :, 1].abs() < 1e-6).all()
    assert added[0, :, 0].abs().max() > 0.01


def test_what_fades_is_one_cell_of_rain_and_not_a_wide_field() -> None:
    like = window(2, LEVELS, decades=(0.0, 0.0))
    alike = torch.zeros_like(like.frames)
    alike[:, :, 1] = 2.0
    alike[:, :, 1, 4, 5] += 1.0
    found = still(like, len(LEVELS))
    assert found.fading is not None
    found = replace(found, fading=torch.ones_like(found.fading))
    theta = torch.tensor([[0.5, 0.25]]).expand(len(like.frames), -1)
    added = render(replace(like, frames=alike), found, theta, LEVELS)[:, :, 1]
    assert (added[:, 0, 4, 5] < -0.5).all()
    assert (added[:, 1, 4, 5].abs() < 0.9 * added[:, 0, 4, 5].abs()).all()
    flat = render(replace(like, frames=torch.full_like(alike, 2.0)), found, theta, LEVELS)
    assert (flat[:, :, 1].abs() < 1e-6).all()


def test_what_fades_loses_little_water() -> None:
    cells = torch.randn((2, 1, 16, 16), generator=torch.Generator().manual_seed(3))
    logs = (1.5 * cells).clamp(0, 5).repeat_interleave(3, -1).repeat_interleave(3, -2)
    share = torch.full((SCALES, 1, 1, 1, 1), 0.5)
    parts = details(logs, cyclic=True)
    dried = (logs - (share * parts).sum(dim=0)).clamp_min(0).expm1()
    kept = faded(logs, share, cyclic=True).expm1()
    water = logs.expm1().mean()
    assert dried.mean() < 0.6 * water
    assert 0.8 * water < kept.mean() < 1.05 * water
    assert kept.std() < 0.7 * logs.expm1().std()
    torch.testing.assert_close(faded(logs, 0 * share, cyclic=True), logs, rtol=0, atol=0)


def test_details_and_what_is_left_add_up_and_waves_fall_into_their_scale() -> None:
    column = torch.arange(64.0)
    waves = torch.stack([torch.cos(2 * np.pi * column / length) for length in (2.0, 4.0, 32.0)])
    found = details(waves[:, None, None].expand(-1, 1, 64, -1), cyclic=True)
    size = found.square().mean(dim=(2, 3, 4)).sqrt() / waves.square().mean(1).sqrt()
    np.testing.assert_allclose(size[0, 0], 1, atol=1e-5)  # two cells: gone at once
    np.testing.assert_allclose(size[:2, 1], [0.5, 0.5], atol=1e-5)  # four: half, then the rest
    assert (size[:, 2] < 0.2).all()  # 32 cells: hardly anything


def lost(rate: float) -> torch.Tensor:
    """What fades at a quarter, a half and all of twice the step, at which the rate is taught."""
    rainy = replace(settings(), rain=(1.0, None, None), levels=(0, 1, 1), level_count=2)
    spans_s = rainy.spans_s[1] * torch.tensor([0.25, 0.5, 1.0])
    rates = torch.full((3, SCALES, 3, 1, 1), rate, requires_grad=True)
    made: torch.Tensor = network(rainy)._faded(rates, spans_s)[:, 0, 0, 0, 0]
    slope = torch.autograd.grad(made.sum(), rates)[0]
    assert torch.isfinite(slope).all()
    assert slope[-1, 0, 0, 0, 0] > 0
    return made.detach()


@pytest.mark.parametrize("x", [0.1, 0.3, 0.6])
def test_as_much_fades_as_the_best_guess_lacks_at_any_span(x: float) -> None:
    """Of a process whose correlation falls as exp(-t/T), with x = 2τ/2T."""
    expected = 1 - 1 / torch.cosh(x * torch.tensor([0.25, 0.5, 1.0]))
    torch.testing.assert_close(lost(x**2 / 2), expected, atol=1e-6, rtol=0.05)


def test_what_is_all_lost_at_wide_spans_is_not_at_narrow_ones() -> None:
    quarter, half, whole = lost(1e3).tolist()
    assert whole > 0.9
    assert half < 0.6
    assert quarter < 0.25


def test_a_network_that_has_learnt_nothing_fades_nothing() -> None:
    assert not lost(0.0).any()
