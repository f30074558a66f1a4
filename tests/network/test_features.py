"""What the network sees: scales by power laws, advection in metres and seconds."""

from dataclasses import replace

import pytest
import torch
from tests.network import making
from tests.network.making import CELL_M, CHANNELS, MOVING, SPAN_S, SPANS_S, STILL, ground

from temdeep.network.features import Features, Scales, advection, second_differences
from temdeep.network.motion import aligned
from temdeep.network.settings import CONTEXT
from temdeep.network.trust import shrunk
from temdeep.network.window import Window, without_missing

NAN = float("nan")


def test_scales_are_exact_where_measured_and_power_laws_between_and_beyond() -> None:
    scales = Scales(making.settings())  # error: 0.2, 0.4, … at the first span, then power 2.5
    spans = torch.tensor([SPANS_S[0], SPANS_S[1], SPANS_S[2], 15_000.0, 600.0, 864_000.0])
    found = scales.at(scales.error, spans)
    first = 0.2 * torch.arange(1, 5)
    wanted = first * (spans[:, None] / SPAN_S) ** 2.5
    torch.testing.assert_close(found[..., 0, 0], wanted, rtol=1e-4, atol=0)


def test_each_pair_of_spans_has_its_own_power_and_the_last_goes_on() -> None:
    settings = making.settings()
    bent = replace(settings, error=((1.0,) * 4, (2.0,) * 4, (16.0,) * 4))
    scales = Scales(bent)
    spans = torch.tensor([SPAN_S / 2, SPAN_S * 2**0.5, SPAN_S * 2**1.5, SPAN_S * 8])
    found = scales.at(scales.error, spans)[:, 0, 0, 0]
    wanted = torch.tensor([0.5, 2**0.5, 2 * 8**0.5, 128.0])
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_advection_of_a_slope_is_wind_times_gradient(sign: float) -> None:
    """1 K per cell of 25 km eastward and 10 m/s from the west: it cools by 0.4 mK per second."""
    columns = sign * torch.arange(6.0).expand(1, 1, 5, 6)
    rows = sign * torch.arange(5.0)[:, None].expand(1, 1, 5, 6)
    where = ground((5, 6), east_sign=sign, north_sign=sign)
    ten, nothing = torch.full_like(columns, 10.0), torch.zeros_like(columns)
    inner = (..., slice(1, -1), slice(1, -1))
    wanted = torch.full((1, 1, 3, 4), -10 / CELL_M)
    torch.testing.assert_close(advection(columns, ten, nothing, where)[inner], wanted)
    torch.testing.assert_close(advection(rows, nothing, ten, where)[inner], wanted)
    assert (advection(rows, ten, nothing, where) == 0).all()


def test_wide_intervals_look_like_narrow_ones_whose_changes_are_smaller() -> None:
    """Change and second differences in units of their usual size at the span."""
    settings = making.settings(STILL)
    features = Features(settings)
    window = making.window(0, STILL, before=(3,), after=(3,), decades=(0.0, 0.0))
    scales = features.scales
    narrow, wide = torch.tensor([SPANS_S[0]]), torch.tensor([SPANS_S[2]])
    growth = scales.at(scales.change, wide) / scales.at(scales.change, narrow)
    stretched = window.start + growth * (window.end - window.start)
    frames = window.frames.clone()
    frames[:, CONTEXT + 1] = stretched
    seen = features(replace(window, span_s=narrow))[:, :4]
    seen_wide = features(replace(window, frames=frames, span_s=wide))[:, :4]
    torch.testing.assert_close(seen_wide, seen, rtol=1e-4, atol=1e-4)


def test_second_differences_need_all_three_frames() -> None:
    window = making.window(1, STILL, before=(3, 0, 1), after=(0, 2, 3), decades=(0.0, 0.0))
    found = second_differences(aligned(window, STILL), window)
    there = (found != 0).flatten(2).any(dim=2)
    wanted = [[True, True, False, False], [False, False, True, True], [False, True, True, True]]
    torch.testing.assert_close(there, torch.tensor(wanted))


def test_missing_context_takes_the_next_frame_inward_and_touches_nothing_else() -> None:
    window = making.window(2, STILL, before=(3,), after=(3,), decades=(0.0, 0.0))
    frames = window.frames[0].clone()
    frames[0, 0, 2, 3] = frames[1, 0, 2, 3] = NAN
    frames[CONTEXT, 1, 4, 4] = NAN
    frames[CONTEXT - 1, 1, 4, 4] = NAN
    filled = without_missing(frames)
    assert filled[0, 0, 2, 3] == filled[1, 0, 2, 3] == frames[2, 0, 2, 3]
    assert filled[CONTEXT, 1, 4, 4] == filled[CONTEXT - 1, 1, 4, 4] == 0
    known = torch.isfinite(frames)
    assert torch.equal(filled[known], frames[known])
    assert torch.isnan(frames[0, 0, 2, 3])  # what was given stays as it was


def part(window: Window, trust: tuple[float, ...]) -> list[torch.Tensor]:
    settings = replace(making.settings(), trust=trust)
    found = making.network(settings, size=0.3)(window)
    kept = shrunk(found, window, settings)
    return [kept.gate, kept.residual, kept.velocity, kept.acceleration, kept.preference]


def test_full_trust_keeps_all_and_none_leaves_the_spline_along_the_classical_motion() -> None:
    window = making.window(3, MOVING, decades=(0.0, 0.0))
    own = making.network(making.settings(), size=0.3)(window)
    plain = making.network(making.settings())(window)
    whole = [own.gate, own.residual, own.velocity, own.acceleration, own.preference]
    for found, wanted in zip(part(window, (1.0,) * 4), whole, strict=True):
        torch.testing.assert_close(found, wanted)
    none = [plain.gate, plain.residual, plain.velocity, plain.acceleration, plain.preference]
    for found, wanted in zip(part(window, (0.0,) * 4), none, strict=True):
        assert torch.equal(found, wanted)


def test_trust_is_by_channel_and_a_motion_has_the_mean_of_its_channels() -> None:
    window = making.window(4, MOVING, decades=(0.0, 0.0))
    own = making.network(making.settings(), size=0.3)(window)
    gate, residual, velocity, acceleration, _ = part(window, (1.0, 0.5, 0.0, 0.25))
    factor = torch.tensor([1.0, 0.5, 0.0, 0.25])[:, None, None]
    torch.testing.assert_close(gate - 1, factor * (own.gate - 1), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(residual, factor * own.residual)
    torch.testing.assert_close(velocity - window.motion, 0.5 * (own.velocity - window.motion))
    torch.testing.assert_close(acceleration, 0.5 * own.acceleration)
    assert len(CHANNELS) == 4
