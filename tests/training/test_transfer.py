"""How far corrections are believed, on series where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.training.making import TINY, series

from temdeep.fields.series import series_from_dataset
from temdeep.methods.places import PlaceBasis
from temdeep.methods.solar import Solar
from temdeep.spline import spline_weights
from temdeep.training.coarse import CoarseData
from temdeep.training.module import TrainingRun
from temdeep.training.scales import measured
from temdeep.training.transfer import NARROW, TESTED, WIDE, resolved, trial, trust

COUNT, LAST = 72, 64
TURN = 2 * np.pi / 6
SETTINGS = replace(TINY, spans=(2, 4), without=())


def coarse(frames: torch.Tensor | None = None, count: int = COUNT) -> CoarseData:
    """Three channels on a small grid, with other frames in their place."""
    read = series_from_dataset(series(count, shape=(4, 5)))
    data = CoarseData.of(read, Solar(PlaceBasis.of(read.grid), {}), SETTINGS, LAST)
    return measured(data if frames is None else replace(data, frames=frames), LAST)


def oscillation() -> torch.Tensor:
    """A period of six steps everywhere, with other phases at other places and channels."""
    phase = 2 * np.pi * np.random.default_rng(0).uniform(size=(3, 4, 5))
    return torch.from_numpy(np.cos(TURN * np.arange(COUNT)[:, None, None, None] + phase)).float()


def best_gate() -> float:
    """What to add to the gate so that the spline through every other frame is right half way.

    Of cos(TURN t) about its crest, the line has cos(TURN), the spline Σ wₙ cos(TURN (2n - 1)).
    """
    lead = np.arange(-3, 5)
    curve = spline_weights(3, 3, np.array([0.5]))[0] @ np.cos(TURN * (2 * lead - 1))
    return float((1 - curve) / (curve - np.cos(TURN)))


def trusted(data: CoarseData, added_to_gate: float) -> tuple[float, ...]:
    run = trial(data, SETTINGS, LAST, np.zeros(COUNT))
    assert run is not None
    bias = run.averaged.gate.bias
    assert bias is not None
    torch.nn.init.constant_(bias, added_to_gate)
    return trust(run, data, LAST)


@pytest.mark.parametrize(("factor", "wanted"), [(1.0, 1.0), (0.5, 1.0), (2.0, 0.5), (-1.0, 0.0)])
def test_trust_is_the_share_of_the_corrections_that_helps(factor: float, wanted: float) -> None:
    """Right ones wholly, timid ones no more than that, doubled ones by half, wrong ones not."""
    found = trusted(coarse(oscillation()), factor * best_gate())
    np.testing.assert_allclose(found, wanted, atol=0.06)


def test_little_gain_is_taken_for_noise() -> None:
    assert trusted(coarse(oscillation()), 6 * best_gate()) == (0.0, 0.0, 0.0)


def test_corrections_that_are_noise_are_not_believed() -> None:
    data = coarse(oscillation())
    run = trial(data, SETTINGS, LAST, np.zeros(COUNT))
    assert run is not None
    torch.manual_seed(3)
    torch.nn.init.normal_(run.averaged.residual.weight, std=20.0)
    assert trust(run, data, LAST) == (0.0, 0.0, 0.0)


def test_a_model_that_changes_nothing_is_not_believed_either() -> None:
    assert trusted(coarse(oscillation()), 0.0) == (0.0, 0.0, 0.0)


def test_each_channel_is_judged_by_itself() -> None:
    frames = oscillation()
    frames[:, 1] = torch.randn(frames[:, 1].shape, generator=torch.manual_seed(0))
    found = trusted(coarse(frames), best_gate())
    assert found[0] > 0.9
    assert found[1] == 0.0
    assert found[2] > 0.9


def test_trust_does_not_look_at_the_held_out_block() -> None:
    data = coarse(oscillation())
    frames = data.frames[:]
    frames[LAST:] = 50.0
    altered = replace(data, frames=frames)
    assert trusted(altered, 1.5 * best_gate()) == trusted(data, 1.5 * best_gate())


def test_trust_does_not_look_at_what_the_trial_was_taught_with() -> None:
    """But for context: three frames at steps of two."""
    data = coarse(oscillation())
    frames = data.frames[:]
    frames[: int(LAST * (1 - TESTED)) - 6] = 50.0
    altered = replace(data, frames=frames)
    assert trusted(altered, 1.5 * best_gate()) == trusted(data, 1.5 * best_gate())


def test_what_the_step_does_not_resolve_is_believed_less() -> None:
    data = coarse(oscillation())
    bends = ((1.0,) * 3, (2**0.8,) * 3, (4**0.8,) * 3)
    doubtful = replace(data, settings=replace(data.settings, bend=bends))
    np.testing.assert_allclose(trusted(doubtful, best_gate()), 0.5, atol=0.03)


def test_smooth_series_are_resolved_and_white_noise_is_not() -> None:
    frames = oscillation()
    frames[:, 1] = torch.randn(frames[:, 1].shape, generator=torch.manual_seed(0))
    np.testing.assert_allclose(resolved(coarse(frames)), [1.0, 0.0, 1.0])


def test_between_noise_and_smoothness_the_share_rises_with_the_power() -> None:
    data = coarse()
    powers = np.array([0.5, 0.8, 1.1])
    bends = (tuple(np.ones(3)), tuple(2**powers), tuple(4**powers))
    known = replace(data, settings=replace(data.settings, bend=bends))
    np.testing.assert_allclose(resolved(known), [0.0, 0.5, 1.0], atol=1e-6)


def test_the_trial_is_taught_at_wide_spans_before_the_frames_that_it_is_tried_on() -> None:
    run = trial(coarse(), SETTINGS, LAST, np.zeros(COUNT))
    assert isinstance(run, TrainingRun)
    assert run.held_out_from == int(LAST * (1 - TESTED)) < LAST
    assert run._parts[0].data.multiples == (WIDE,)
    assert NARROW in coarse().multiples


def test_there_is_no_trial_on_a_short_series_or_without_its_spans() -> None:
    short = coarse(count=14)
    assert trial(short, SETTINGS, 12, np.zeros(14)) is None
    without = replace(coarse(), multiples=(2, 3))
    assert trial(without, SETTINGS, LAST, np.zeros(COUNT)) is None
