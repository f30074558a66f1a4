"""Sun responses: how much of each of the sun's features a variable shows at a place.

    x(θ) = spline(θ) + Σₗ sₗ(place) (fₗ(θ) - spline[fₗ](θ))

The amplitudes s are smooth functions of place and never of the time of day, fitted by least squares
to the errors of the spline at hidden times of the coarse series alone.

Knows: arrays. Must not know: series, files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from temdeep.fields.solar import MEMORIES_H, SUN_FEATURES
from temdeep.methods.hidden import Moments, Track, moments
from temdeep.methods.wandering import STEADY, Wandering
from temdeep.metric import Float64Array

SPANS = (2, 3, 4)
"""Multiples of the step inside which times are hidden."""
RIDGE = 0.05
LEAST_GAIN = 0.005
"""Share of the RMSE on withheld times that a response must save to be used at all."""
PRICE_OF_FREEDOM = 0.01
"""Share of the RMSE that a freer response must save against a simpler one."""
FEWEST_FRAMES = 16
FOLDS = 4
"""Blocks in time, each judged with what the others teach."""

LARGEST_GAP_H = 4.5
"""Gap between the local hours that a series samples, beyond which only one shape is fitted: what
free features make together in between, nothing that is sampled there can tell."""

ROUNDS = 3
"""In which a shape and its sizes are fitted in turn."""

_MEMORIES = tuple(range(1, 1 + len(MEMORIES_H)))
_SHAPES = (0, *_MEMORIES)
_ALL = tuple(range(1, len(SUN_FEATURES)))  # μ itself adds nothing to its shortest memory


@dataclass(frozen=True)
class Design:
    """Which features respond, from the simplest to the freest design.

    Attributes:
        everywhere: Features whose amplitudes all places share, up to latitude, land and height.
        by_place: Features whose amplitudes are smooth maps.
        one_shape: Whether all places respond in one shape, a mixture of the features in which none
            counts against another, and differ in the size of it only.
    """

    everywhere: tuple[int, ...]
    by_place: tuple[int, ...] = ()
    one_shape: bool = False

    def columns(self, functions: int, shared: int) -> npt.NDArray[np.intp]:
        """Indices into (feature, function of place), flattened."""
        chosen = np.zeros((len(SUN_FEATURES), functions), np.bool_)
        chosen[list(self.everywhere), :shared] = True
        chosen[list(self.by_place)] = True
        return np.flatnonzero(chosen)


DESIGNS = (
    Design(everywhere=_MEMORIES),
    Design(everywhere=_ALL),
    Design(everywhere=(), by_place=_MEMORIES),
    Design(everywhere=_ALL, by_place=_MEMORIES),
)
"""For a region. Tides get no maps of their own: few hours of the day are sampled, and places cannot
tell tides apart that all places share."""

SHAPE_DESIGNS = (
    Design(everywhere=_SHAPES, one_shape=True),
    Design(everywhere=(), by_place=_SHAPES, one_shape=True),
)
"""Where the sampled hours leave a gap."""

GLOBAL_DESIGNS = (
    Design(everywhere=_SHAPES),
    Design(everywhere=(0, *_ALL)),
    Design(everywhere=(), by_place=_SHAPES),
    Design(everywhere=(0, *_ALL), by_place=_SHAPES),
    Design(everywhere=(), by_place=(0, *_ALL)),
)
"""Where longitudes all around the globe see every hour of the day."""


def designs_for(gap_h: float, *, cyclic: bool) -> tuple[Design, ...]:
    """What a series can tell of.

    Args:
        gap_h: Largest gap between the local hours that it samples anywhere.
        cyclic: Whether it goes around the globe.
    """
    if gap_h > LARGEST_GAP_H:
        return SHAPE_DESIGNS
    return GLOBAL_DESIGNS if cyclic else DESIGNS


@dataclass(frozen=True, eq=False)
class Response:
    """What was found for one channel.

    Attributes:
        amplitudes: Shape (feature, function of place), or None if the sun does not help.
        even: Whether even division beats everything else (periods only).
        reason: Why the sun is not used, empty if it is.
        wandering: How much it wanders with the weather (instants only).
    """

    amplitudes: Float64Array | None
    even: bool = False
    reason: str = ""
    wandering: Wandering = STEADY


@dataclass(frozen=True, eq=False)
class Places:
    """Functions of place at the cells of the tracks.

    Attributes:
        functions: Shape (function, cell).
        shared: How many of them come before the waves.
        roughness: Weight of each in the ridge, shape (function,).
        area: Relative cell areas, shape (cell,).
    """

    functions: Float64Array
    shared: int
    roughness: Float64Array
    area: Float64Array


def fit(
    tracks: list[Track],
    places: Places,
    floor: Float64Array,
    count: int,
    spans: tuple[int, ...] = SPANS,
    designs: Sequence[Design] = DESIGNS,
) -> list[Response]:
    """Fit a response for each channel, judged on each quarter of the series with the others.

    Args:
        tracks: The coarse series in pieces without gaps.
        places: Functions of place at its cells.
        floor: Mean square of what a spline at the series' own step misses of each feature, shape
            (feature, cell). A feature that hidden times cannot show, but use would, is held down
            by it: at 12 hours no frame tells the half-daily tide.
        count: How many channels.
        spans: Multiples of the step; the narrowest is judged on.
        designs: To choose from, from the simplest to the freest.

    Returns:
        One per channel.
    """
    frames = sum(len(track.values) for track in tracks)
    if frames < FEWEST_FRAMES:
        reason = f"only {frames} frames to fit the sun's part to, {FEWEST_FRAMES} are needed"
        return [Response(None, reason=reason)] * count
    every = _known(tracks, spans)
    folds = [
        _Fold(known, held)
        for i in range(FOLDS)
        if (held := moments(_block(tracks, i), min(spans))) is not None
        and (known := _known(_but_block(tracks, i), spans))
    ]
    if len(folds) < FOLDS or not every:
        reason = "no piece of the series is long enough to fit the sun's part to"
        return [Response(None, reason=reason)] * count
    return [_fit_channel(c, folds, every, places, floor, designs) for c in range(count)]


@dataclass(frozen=True, eq=False)
class _Fold:
    """A part of the series that is judged on, and what is known of the rest."""

    known: dict[int, Moments]
    held: Moments


def _known(tracks: list[Track], spans: tuple[int, ...]) -> dict[int, Moments]:
    """Moments of each span that is short enough."""
    return {span: found for span in spans if (found := moments(tracks, span)) is not None}


def _fit_channel(
    channel: int,
    folds: list[_Fold],
    every: dict[int, Moments],
    places: Places,
    floor: Float64Array,
    designs: Sequence[Design],
) -> Response:
    seen = np.ones_like(places.area, dtype=np.bool_)
    for found in (*every.values(), *(fold.held for fold in folds)):
        seen &= np.isfinite(found.errors[channel])
    area = np.where(seen, places.area, 0)
    if not all(_mean_error(fold.held, channel, area) > 0 for fold in folds):
        return Response(None, reason="nothing to explain on withheld frames")
    systems = [_System.of(fold.known, channel, area, places, floor) for fold in folds]
    trials = [[system.solve(design) for system in systems] for design in designs]
    plain = _score_of_folds(folds, channel, area, None)
    even = _root_mean([_mean(fold.held.even[channel], area) for fold in folds])
    scores = [
        _score_of_folds(folds, channel, area, [one @ places.functions for one in trial])
        for trial in trials
    ]
    best = min(scores)
    simplest = next(i for i, score in enumerate(scores) if score <= best * (1 + PRICE_OF_FREEDOM))
    is_even = bool(even <= min(plain, scores[simplest]))
    if is_even or scores[simplest] > plain * (1 - LEAST_GAIN):
        return Response(None, is_even, "the sun explains nothing more on withheld frames")
    fields = [one @ places.functions for one in trials[simplest]]
    shrink = _best_scale(folds, channel, area, fields)
    whole = _System.of(every, channel, area, places, floor).solve(designs[simplest])
    return Response(shrink * whole)


@dataclass(frozen=True, eq=False)
class _System:
    """Normal equations of one channel for all features and functions of place."""

    matrix: Float64Array
    right: Float64Array
    ridge: Float64Array
    places: Places

    @classmethod
    def of(
        cls,
        found: dict[int, Moments],
        channel: int,
        area: Float64Array,
        places: Places,
        floor: Float64Array,
    ) -> "_System":
        """Spans count alike, each in units of the spline's own mean square error."""
        functions = places.functions
        trust = {k: 1 / _mean_error(one, channel, area) / one.count for k, one in found.items()}
        features = np.asarray(sum(trust[k] * one.features for k, one in found.items()))
        both = np.nan_to_num(sum(trust[k] * one.both[:, channel] for k, one in found.items()))
        pairs = np.einsum("px,qx,x->pqx", functions, functions, area / area.sum(), optimize=True)
        matrix = np.einsum("lmx,pqx->lpmq", features, pairs, optimize=True)
        right = np.einsum("lx,px,x->lp", both, functions, area / area.sum(), optimize=True)
        total = sum(trust[k] * one.count for k, one in found.items())
        least = total * np.einsum("lx,px,x->lp", floor, functions**2, area / area.sum())
        size = right.size
        matrix = matrix.reshape(size, size)
        scale = np.maximum(np.diag(matrix), least.ravel())
        rough = np.tile(places.roughness, len(both))
        ridge = RIDGE * rough * scale + 1e-12 * scale.max()
        return cls(matrix, right.ravel(), ridge, places)

    def solve(self, design: Design) -> Float64Array:
        """Amplitudes, shape (feature, function)."""
        if design.one_shape:
            return self._solve_shape(design)
        functions = len(self.places.functions)
        chosen = design.columns(functions, self.places.shared)
        matrix = self.matrix[np.ix_(chosen, chosen)] + np.diag(self.ridge[chosen])
        amplitudes = np.zeros(len(self.right))
        amplitudes[chosen] = np.linalg.solve(matrix, self.right[chosen])
        return amplitudes.reshape(-1, functions)

    def _solve_shape(self, design: Design) -> Float64Array:
        """Amplitudes mₗ aₚ with m ≥ 0: m and a in turn, from a size that is the same everywhere."""
        functions = len(self.places.functions)
        shape = len(SUN_FEATURES), functions
        chosen = np.zeros(shape, np.bool_)
        chosen.flat[design.columns(functions, self.places.shared)] = True
        features, own = np.flatnonzero(chosen.any(axis=1)), np.flatnonzero(chosen.any(axis=0))
        matrix = (self.matrix + np.diag(self.ridge)).reshape(*shape, *shape)
        matrix = matrix[np.ix_(features, own, features, own)]
        right = self.right.reshape(shape)[np.ix_(features, own)]
        size = (own == 0).astype(np.float64)
        mixture = np.zeros(len(features))
        for _ in range(ROUNDS):
            mixture = _mixture(np.einsum("lpmq,p,q->lm", matrix, size, size), right @ size)
            if not mixture.any():
                break
            system = np.einsum("lpmq,l,m->pq", matrix, mixture, mixture)
            size = np.linalg.solve(system, mixture @ right)
        amplitudes = np.zeros(shape)
        amplitudes[np.ix_(features, own)] = np.outer(mixture, size)
        return amplitudes


def _mixture(matrix: Float64Array, right: Float64Array) -> Float64Array:
    """Least squares with all weights of one sign, that which leaves less; returned positive."""
    lower = np.linalg.cholesky(matrix)
    found = [nnls(lower.T, np.linalg.solve(lower, sign * right)) for sign in (1.0, -1.0)]
    weights: Float64Array = min(found, key=lambda one: one[1])[0]
    return weights


def _block(tracks: list[Track], fold: int) -> list[Track]:
    """The frames of one fold, a block in time."""
    return _cut(tracks, fold, fold + 1)


def _but_block(tracks: list[Track], fold: int) -> list[Track]:
    """The frames before and after it, in pieces of their own."""
    return [*_cut(tracks, 0, fold), *_cut(tracks, fold + 1, FOLDS)]


def _cut(tracks: list[Track], first: int, last: int) -> list[Track]:
    """The frames from one fold to before another."""
    frames = sum(len(track.values) for track in tracks)
    low, high = frames * first // FOLDS, frames * last // FOLDS
    pieces, passed = [], 0
    for track in tracks:
        length = len(track.values)
        start, stop = (min(max(edge - passed, 0), length) for edge in (low, high))
        pieces.append(track.between(start, stop))
        passed += length
    return pieces


def _mean(values: Float64Array, area: Float64Array) -> float:
    """Area mean over the cells that count."""
    return float((np.where(area > 0, values, 0) * area).sum() / max(area.sum(), 1e-300))


def _mean_error(found: Moments, channel: int, area: Float64Array) -> float:
    """The spline's mean square error."""
    return _mean(found.errors[channel], area) / found.count


def _root_mean(squares: list[float]) -> float:
    return float(np.sqrt(max(float(np.mean(squares)), 0.0)))


def _score_of_folds(
    folds: list[_Fold], channel: int, area: Float64Array, amplitudes: list[Float64Array] | None
) -> float:
    """Root mean of the summed square errors with each fold's amplitudes, without any if None."""
    if amplitudes is None:
        return _root_mean([_mean(fold.held.errors[channel], area) for fold in folds])
    squares = []
    for fold, own in zip(folds, amplitudes, strict=True):
        explained, added = _explained(fold.held, channel, own)
        squares.append(_mean(fold.held.errors[channel] - 2 * explained + added, area))
    return _root_mean(squares)


def _best_scale(
    folds: list[_Fold], channel: int, area: Float64Array, amplitudes: list[Float64Array]
) -> float:
    """The factor from 0 to 1 with which the withheld times like the responses best."""
    both = [
        _explained(fold.held, channel, own) for fold, own in zip(folds, amplitudes, strict=True)
    ]
    explained = sum((_mean(one, area) for one, _ in both), 0.0)
    added = sum((_mean(one, area) for _, one in both), 0.0)
    return float(np.clip(explained / added, 0, 1)) if added > 0 else 0.0


def _explained(
    held: Moments, channel: int, amplitudes: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Σ of error times response, and of response squared, by cell."""
    explained = np.einsum("lx,lx->x", amplitudes, held.both[:, channel])
    added = np.einsum("lx,mx,lmx->x", amplitudes, amplitudes, held.features, optimize=True)
    return explained, added
