"""What half precision may round: the inner layers, and neither positions nor what they add to."""

import dataclasses

import torch
from tests.network.making import MOVING, network, settings, window

from temdeep.network.architecture import Coefficients
from temdeep.network.rendering import render
from temdeep.network.window import Window

NUMBERS = ("gate", "residual", "velocity", "acceleration", "preference")


def weather() -> Window:
    """Fields of the usual size, as normalised ones are."""
    return window(0, decades=(-0.5, 0.5))


def in_bfloat16(made: torch.nn.Module, given: Window) -> Coefficients:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found: Coefficients = made(given)
    return found


def test_an_untrained_network_is_the_same_in_half_precision() -> None:
    given, made = weather(), network(settings())
    single, half = made(given), in_bfloat16(made, given)
    for name in NUMBERS:
        assert torch.equal(getattr(half, name), getattr(single, name)), name


def test_a_small_correction_is_not_lost_in_what_it_is_added_to() -> None:
    """In bfloat16 1.001 is 1, and 20.01 m s⁻¹ is 20."""
    given, made = weather(), network(settings())
    torch.nn.init.constant_(made.gate.bias, 1e-3)  # type: ignore[arg-type]
    torch.nn.init.constant_(made.motion.bias, 1e-3)  # type: ignore[arg-type]
    half = in_bfloat16(made, given)
    torch.testing.assert_close(half.gate - 1, torch.full_like(half.gate, 1e-3), rtol=5e-3, atol=0)
    added = half.velocity - given.motion
    torch.testing.assert_close(added, torch.full_like(added, 1e-2), rtol=5e-3, atol=1e-5)


def test_rain_fades_by_spans_in_single_precision() -> None:
    """A span of three hours is 10816 s in bfloat16."""
    rainy = dataclasses.replace(settings(), rain=(None, None, None, 1.0), levels=(0, 0, 0, 1))
    rainy = dataclasses.replace(rainy, level_count=2)
    given, made = window(0, rainy.levels, decades=(-0.5, 0.5)), network(rainy)
    torch.nn.init.constant_(made.fading.bias, 0.5)  # type: ignore[arg-type]
    single, half = made(given), in_bfloat16(made, given)
    assert single.fading is not None
    assert half.fading is not None
    torch.testing.assert_close(half.fading, single.fading, rtol=0, atol=0)


def test_ends_and_rendering_stay_in_single_precision() -> None:
    given, made = weather(), network(settings(), size=0.3)
    theta = torch.tensor([[0.0, 0.3, 1.0]] * len(given.span_s))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = render(given, made(given), theta, MOVING)
    outside = render(given, in_bfloat16(made, given), theta, MOVING)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, outside)
    assert not inside[:, [0, 2]].any()
    assert inside[:, 1].any()
