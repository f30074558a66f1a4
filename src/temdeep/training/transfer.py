"""Does what is learnt at wide spans hold at narrow ones? Asked of the coarse series itself.

A model is used at its series' step τ and can only be taught at 2τ and beyond. So a trial is made
one step wider, where the answer is known: a network that has seen 4τ only fills in 2τ. Where its
corrections do not help there, those of the real one are not believed at τ.

Knows: torch. Must not know: xarray, files.
"""

from dataclasses import replace

import numpy as np
import torch

from temdeep.metric import Float64Array
from temdeep.network.rendering import render
from temdeep.training.coarse import CoarseData
from temdeep.training.module import TrainingRun
from temdeep.training.samples import Cutter, intervals, whole_view
from temdeep.training.scales import anchor
from temdeep.training.settings import LossWeights, TrainingSettings

WIDE, NARROW = 4, 2
"""Multiples of the step at which the trial is taught and tried."""

TESTED = 0.35
"""Share of the frames on which the trial is tried, the end of what is not held out."""

SHARE_OF_EPOCHS = 0.5

LEAST_TRUST = 0.25
"""Below this a correction is left out altogether: so little gain is within its noise."""


ROUGH, SMOOTH = 0.6, 1.0
"""Powers of the span with which bends grow: below the first the series' own step does not resolve
the field, and what wide spans teach is about something else; from the second on it does."""


def trial(
    data: CoarseData, settings: TrainingSettings, last: int, index: Float64Array
) -> TrainingRun | None:
    """The training to run for a trial, None where the series is too short for one.

    Args:
        data: The coarse series with its scales.
        settings: Of the real training.
        last: Frames from here on are held out.
        index: Composite index of each interval.
    """
    if not {WIDE, NARROW} <= set(data.multiples):
        return None
    tested_from = int(last * (1 - TESTED))
    ends = [min(run.stop, tested_from) - run.start for run in data.runs]
    if max(ends) < 3 * WIDE:
        return None
    narrowed = replace(data, multiples=(WIDE,))
    shorter = replace(
        settings,
        epochs=max(round(settings.epochs * SHARE_OF_EPOCHS), 1),
        pretrain=0.0,
        losses=LossWeights(coherence=0, spatial=settings.losses.spatial, kink=0),
    )
    return TrainingRun(narrowed, shorter, tested_from, index)


def trust(trained: TrainingRun, data: CoarseData, last: int) -> tuple[float, ...]:
    """The factor from 0 to 1 with which each channel's corrections would have helped most.

        α = Σ (truth - anchor)(model - anchor) / Σ (model - anchor)²

    Args:
        trained: The trial after its training.
        data: The coarse series with its scales.
        last: Frames from here on are held out.

    Returns:
        One for each channel, times `resolved`; 0 below `LEAST_TRUST`.
    """
    cutter, levels, channels = Cutter(data), data.settings.levels, len(data.channels)
    both, own = torch.zeros(channels), torch.zeros(channels)
    network = trained.averaged.eval()
    for sample in intervals(data, last, NARROW):
        if sample.first < trained.held_out_from:
            continue
        cut = cutter.cut([sample], whole_view(data), "cpu")
        with torch.no_grad():
            start = render(
                cut.window, anchor(cut.window, channels, data.settings.carried), cut.theta, levels
            )
            model = render(cut.window, network(cut.window), cut.theta, levels)
        line = (cut.window.start + cut.window.end)[:, None] / 2
        known = torch.isfinite(cut.truth) * cut.area
        wanted = torch.nan_to_num(cut.truth) - line - start
        added = model - start
        both += (wanted * added * known).sum(dim=(0, 1, 3, 4))
        own += (added**2 * known).sum(dim=(0, 1, 3, 4))
    best = np.clip((both / own.clamp_min(1e-12)).numpy(), 0, 1) * resolved(data)
    return tuple(float(one) if one >= LEAST_TRUST else 0.0 for one in best)


def resolved(data: CoarseData) -> Float64Array:
    """How well the step resolves each channel, 0 to 1, from how bends grow with the span.

    The second difference of a smooth field grows with the square of the span, that of noise not at
    all. The power is taken between the step and its narrowest multiple.
    """
    spans = np.log(np.array(data.settings.spans_s[:2]))
    bends = np.log(np.array(data.settings.bend[:2]))
    power = (bends[1] - bends[0]) / (spans[1] - spans[0])
    share: Float64Array = np.clip((power - ROUGH) / (SMOOTH - ROUGH), 0, 1)
    return share
