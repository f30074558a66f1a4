"""Rain in the rendering: given frames come back, growth moves along, small scales fade between."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.network.making import CELL_M, any_coefficients, window

from temdeep.network.architecture import Coefficients
from temdeep.network.basis import BASIS_SIZE
from temdeep.network.detail import SCALES, details
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
    )


@given(seed=st.integers(0, 2**31))
def test_whatever_grows_and_fades_both_ends_are_the_given_frames(seed: int) -> None:
    like = window(seed, LEVELS)
    found = any_coefficients(like, len(LEVELS), seed, 3.0)
    made = torch.Generator().manual_seed(seed)
    fading = torch.randn(found.gate[:, None].expand(-1, SCALES, -1, -1, -1).shape, generator=made)
    theta = torch.tensor([[0.0, 1.0]]).expand(len(like.frames), -1)
    added = render(like, replace(found, fading=fading, carried=RAIN), theta, LEVELS)
    assert (added == 0).all()


def test_growth_moves_along_with_the_rain_and_other_residuals_stay() -> None:
    like = window(0, LEVELS)
    span_s = like.span_s[:, None, None, None, None]
    found = still(like, len(LEVELS))
    four_cells = torch.tensor([4 * CELL_M, 0.0])[None, None, :, None, None] / span_s
    found = replace(found, velocity=four_cells.expand_as(like.motion).clone())
    theta = torch.full((len(like.frames), 1), 0.75)
    before = render(like, found, theta, LEVELS)
    found.residual[:, 0, :, 4, 5] = 1.0
    grown = render(like, found, theta, LEVELS) - before
    for channel, column in ((0, 5), (1, 6), (2, 5)):  # a quarter of four cells from the middle
        expected = torch.zeros_like(grown[:, 0, channel])
        expected[:, 4, column] = 0.75
        scale = float(before.abs().max())
        torch.testing.assert_close(
            grown[:, 0, channel], expected, rtol=1e-4, atol=1e-5 + 1e-6 * scale
        )


def test_rain_is_not_bent_by_frames_beside_the_interval() -> None:
    like = window(1, LEVELS, decades=(0.0, 0.0))
    bent = still(like, len(LEVELS))
    bent = replace(bent, gate=torch.ones_like(bent.gate))
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
    assert (added[:, 0, 4, 5] < -0.7).all()
    torch.testing.assert_close(added[:, 1], 0.75 * added[:, 0])
    flat = render(replace(like, frames=torch.full_like(alike, 2.0)), found, theta, LEVELS)
    assert (flat[:, :, 1].abs() < 1e-6).all()


def test_details_and_what_is_left_add_up_and_waves_fall_into_their_scale() -> None:
    column = torch.arange(64.0)
    waves = torch.stack([torch.cos(2 * np.pi * column / length) for length in (2.0, 4.0, 32.0)])
    found = details(waves[:, None, None].expand(-1, 1, 64, -1), cyclic=True)
    size = found.square().mean(dim=(2, 3, 4)).sqrt() / waves.square().mean(1).sqrt()
    np.testing.assert_allclose(size[0, 0], 1, atol=1e-5)  # two cells: gone at once
    np.testing.assert_allclose(size[:2, 1], [0.5, 0.5], atol=1e-5)  # four: half, then the rest
    assert (size[:, 2] < 0.2).all()  # 32 cells: hardly anything
