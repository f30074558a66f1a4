"""Least squares from moments, against the errors themselves."""

import numpy as np
import pytest

from temdeep.methods.hidden import Moments, Track, moments
from temdeep.methods.responses import (
    DESIGNS,
    GLOBAL_DESIGNS,
    SHAPE_DESIGNS,
    Design,
    Places,
    _best_scale,
    _Fold,
    _score_of_folds,
    designs_for,
    fit,
)
from temdeep.spline import spline_weights

FRAMES, CELLS = 40, 6


def track(*, of_periods: bool) -> Track:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(FRAMES, 2, CELLS))
    return Track(values, rng.normal(size=(8, FRAMES, CELLS)), of_periods)


def test_moments_are_those_of_the_splines_errors_at_hidden_times() -> None:
    """The spline through frames 0, 3, 6, … and the like, written out once more."""
    one, span = track(of_periods=False), 3
    errors, departures = [], []
    for offset in range(span):
        given = np.arange(offset, FRAMES, span)
        for i in range(len(given) - 1):
            before, after = min(6, i), min(6, len(given) - 2 - i)
            weights = spline_weights(before, after, np.array([1 / 3, 2 / 3]))
            window = given[i - before : i + 2 + after]
            hidden = [given[i] + 1, given[i] + 2]
            errors.append(one.values[hidden] - np.tensordot(weights, one.values[window], 1))
            smooth = np.einsum("tf,lfx->tlx", weights, one.features[:, window])
            departures.append(np.swapaxes(one.features[:, hidden], 0, 1) - smooth)
    error, departure = np.concatenate(errors), np.concatenate(departures)
    found = moments([one], span)
    assert found is not None
    assert found.count == len(error)
    np.testing.assert_allclose(found.errors, (error**2).sum(axis=0))
    np.testing.assert_allclose(found.both, np.einsum("tlx,tcx->lcx", departure, error))
    np.testing.assert_allclose(found.features, np.einsum("tlx,tmx->lmx", departure, departure))


@pytest.mark.parametrize("of_periods", [False, True])
def test_scores_are_what_is_left_of_the_errors(of_periods: bool) -> None:
    """Linear in the values: subtracting a response from them subtracts it from their errors."""
    one = track(of_periods=of_periods)
    amplitudes = np.random.default_rng(1).normal(size=(8, CELLS))
    response = np.einsum("lx,ltx->tx", amplitudes, one.features)[:, None]
    left = moments([Track(one.values - response, one.features, of_periods)], 2)
    found = moments([one], 2)
    assert left is not None
    assert found is not None
    area = np.linspace(1, 2, CELLS)
    expected = np.sqrt((left.errors[0] * area).sum() / area.sum())
    fold = _Fold({}, found)
    assert _score_of_folds([fold], 0, area, [amplitudes]) == pytest.approx(expected)


def test_folds_count_by_their_squares() -> None:
    found = moments([track(of_periods=False)], 2)
    assert found is not None
    area, fold = np.ones(CELLS), _Fold({}, found)
    alone = _score_of_folds([fold], 0, area, None)
    silent = _Fold({}, Moments(0 * found.features, 0 * found.both, 0 * found.errors, found.even, 1))
    assert _score_of_folds([fold, silent], 0, area, None) == pytest.approx(alone / np.sqrt(2))


def test_the_best_scale_is_the_minimum_of_the_score() -> None:
    one = track(of_periods=False)
    amplitudes = np.random.default_rng(1).normal(size=(8, CELLS))
    response = 0.4 * np.einsum("lx,ltx->tx", amplitudes, one.features)[:, None]
    found = moments([Track(one.values + response, one.features, False)], 2)
    assert found is not None
    area = np.ones(CELLS)
    scales = np.linspace(0, 1, 201)
    folds = [_Fold({}, found)]
    scores = [_score_of_folds(folds, 0, area, [scale * amplitudes]) for scale in scales]
    best = _best_scale(folds, 0, area, [amplitudes])
    assert best == pytest.approx(scales[int(np.argmin(scores))], abs=0.005)


def test_where_hours_are_missed_all_features_count_the_same_way() -> None:
    """One shape: everywhere the same mixture, and none of its parts against another."""
    rng = np.random.default_rng(5)
    frames, cells = 60, 5
    features = rng.normal(size=(8, frames, cells))
    opposed = 3 * features[1] - 2 * features[3]  # what least squares would find
    tracks = [Track(opposed[:, None] + 0.01 * rng.normal(size=(frames, 1, cells)), features, False)]
    ones = np.ones((1, cells))
    places = Places(ones, 1, np.ones(1), np.ones(cells))
    floor = np.zeros((8, cells))
    shaped = fit(tracks, places, floor, 1, designs=SHAPE_DESIGNS)[0].amplitudes
    free = fit(tracks, places, floor, 1)[0].amplitudes
    assert shaped is not None
    assert free is not None
    assert free[3, 0] < -1 < 2 < free[1, 0]
    assert shaped.min() >= 0 or shaped.max() <= 0
    assert abs(shaped[1, 0]) > 1


@pytest.mark.parametrize(
    ("gap_h", "cyclic", "designs"),
    [(5.2, False, SHAPE_DESIGNS), (2.0, False, DESIGNS), (2.0, True, GLOBAL_DESIGNS)],
)
def test_freedom_follows_what_is_sampled(
    gap_h: float, cyclic: bool, designs: tuple[Design, ...]
) -> None:
    assert designs_for(gap_h, cyclic=cyclic) == designs
