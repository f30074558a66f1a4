"""Sun responses that grow and shrink with the weather, blind to the hour of the day.

Under clouds the day's cycle is small, under a clear sky large. With S the sun's part, R its
departure from its daily mean, a(t) an amplitude that wanders about 0 and is forgotten within a day,
and g what else there is,

    x(t) = S(t) + a(t) R(t) + g(t),   cov a = v exp(-|h|/T),   cov g = c |h|³ (generalised),

the best linear estimate from the frames xₙ is x(θ) = S(θ) + Σ wₙ(θ) (xₙ - Sₙ), with weights from
one small system of equations at each place (universal kriging with a straight line as drift:
Matheron 1973). Without a it is the natural cubic spline. Both v and c belong to the variable and
not to a span, so what hidden frames tell of them holds at the series' own step.

Knows: arrays. Must not know: series, files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from temdeep.methods.hidden import Track
from temdeep.metric import Float64Array
from temdeep.spline import spline_weights

CONTEXT = 3
"""Frames on each side that tell of the amplitude."""

FORGOTTEN_S = 86400.0
"""T, in which an amplitude is forgotten."""

VARIANCES = (0.03, 0.1)
"""v to choose from, relative to the response's own size. More was better on some hidden frames and
worse between them: the wider the span, the more of a smooth course looks like a wandering one."""

LEAST_GAIN = 0.005
"""Share of the RMSE at hidden frames that wandering must save."""

MOST_CELLS = 400
AT_ONCE = 500_000
"""Frames and asked times of cells whose equations are held at once, some 200 bytes each."""

BENDS_PER_CURVATURE = 8.0
"""Variance of second differences at step h over c h³."""


@dataclass(frozen=True)
class Wandering:
    """How much a channel's response wanders.

    Attributes:
        variance: v, relative to the response; 0 if it does not.
        curvature: c, in the channel's unit squared per s³.
    """

    variance: float = 0.0
    curvature: float = 1.0

    def __bool__(self) -> bool:
        return self.variance > 0

    def departure(
        self,
        anomalies: Float64Array,
        given: Float64Array,
        wanted: Float64Array,
        n_before: int,
        theta: Float64Array,
        span_s: float,
    ) -> Float64Array:
        """What wandering adds to the spline inside an interval.

        Args:
            anomalies: x - S of the frames, shape (frame, cell).
            given: R at the frames, likewise.
            wanted: R at the lead fractions, shape (time, cell).
            n_before: Frames before the interval's start.
            theta: Lead fractions inside, shape (time,).
            span_s: τ.

        Returns:
            Shape (time, cell).
        """
        frames, cells = anomalies.shape
        lead = np.arange(frames, dtype=np.float64) - n_before
        ratio = self.variance / (self.curvature * span_s**3)
        smooth = spline_weights(n_before, frames - 2 - n_before, theta)[:, :, None]
        added = np.empty((len(theta), cells))
        at_once = max(AT_ONCE // (frames + len(theta)), 1)
        for first in range(0, cells, at_once):
            part = slice(first, first + at_once)
            own = given[:, part], wanted[:, part]
            weights = _weights(lead, theta, *own, ratio, FORGOTTEN_S / span_s) - smooth
            added[:, part] = np.einsum("tnx,nx->tx", weights, anomalies[:, part])
        return added


STEADY = Wandering()
"""Of a response that stays the same."""


def _weights(
    lead: Float64Array,
    theta: Float64Array,
    given: Float64Array,
    wanted: Float64Array,
    ratio: float,
    memory: float,
) -> Float64Array:
    """Kriging weights, shape (time, frame, cell); times in units of the span."""
    frames, cells = given.shape
    apart, away = np.abs(lead[:, None] - lead), np.abs(lead[:, None] - theta)
    system = np.zeros((cells, frames + 2, frames + 2))
    system[:, :frames, :frames] = apart**3 + ratio * np.exp(-apart / memory) * np.einsum(
        "nx,mx->xnm", given, given
    )
    system[:, :frames, frames] = system[:, frames, :frames] = 1
    system[:, :frames, frames + 1] = system[:, frames + 1, :frames] = lead
    right = np.empty((cells, frames + 2, len(theta)))
    right[:, :frames] = away**3 + ratio * np.exp(-away / memory) * np.einsum(
        "nx,tx->xnt", given, wanted
    )
    right[:, frames] = 1
    right[:, frames + 1] = theta
    solved = np.linalg.solve(system, right)[:, :frames]
    weights: Float64Array = np.transpose(solved, (2, 1, 0)).copy()
    return weights


def choose(
    tracks: Sequence[Track],
    channel: int,
    amplitudes: Float64Array,
    area: Float64Array,
    step_s: float,
) -> Wandering:
    """How much a channel wanders, by what fills in every second frame best.

    Args:
        tracks: The coarse series in pieces without gaps.
        channel: Which of the tracks'.
        amplitudes: Of its response, shape (feature, cell).
        area: Relative cell areas, shape (cell,); 0 where values are missing.
        step_s: Of the series.
    """
    every = max(-(-int((area > 0).sum()) // MOST_CELLS), 1)
    cells = np.flatnonzero(area > 0)[::every]
    pieces = []
    for track in tracks:
        part = np.einsum("lx,ltx->tx", amplitudes[:, cells], track.features[:, :, cells])
        pieces.append((track.values[:, channel, cells] - part, part - part.mean(axis=0)))
    weight = area[cells]
    bends = [np.diff(anomaly, 2, axis=0) for anomaly, _ in pieces]
    count = sum(len(one) for one in bends)
    square = sum(float(((one**2) @ weight).sum()) for one in bends) / max(count * weight.sum(), 1)
    if not square > 0:
        return STEADY
    curvature = square / BENDS_PER_CURVATURE / step_s**3
    tried = [Wandering(variance, curvature) for variance in (0.0, *VARIANCES)]
    errors = [_hidden_error(one, pieces, weight, step_s) for one in tried]
    best = int(np.argmin(errors))
    gained = errors[best] < errors[0] * (1 - LEAST_GAIN) ** 2
    return tried[best] if gained else STEADY


def _hidden_error(
    wandering: Wandering,
    pieces: Sequence[tuple[Float64Array, Float64Array]],
    weight: Float64Array,
    step_s: float,
) -> float:
    """Summed square error at every second frame, filled in from those around."""
    total, half = 0.0, np.array([0.5])
    for anomaly, response in pieces:
        for hidden in range(1, len(anomaly) - 1):
            before = min(CONTEXT, (hidden - 1) // 2)
            after = min(CONTEXT, (len(anomaly) - 2 - hidden) // 2)
            places = hidden - 1 + 2 * np.arange(-before, after + 2)
            filled = np.tensordot(spline_weights(before, after, half), anomaly[places], axes=1)
            if wandering:
                filled = filled + wandering.departure(
                    anomaly[places],
                    response[places],
                    response[[hidden]],
                    before,
                    half,
                    2 * step_s,
                )
            total += float(((filled[0] - anomaly[hidden]) ** 2 @ weight).sum())
    return total
