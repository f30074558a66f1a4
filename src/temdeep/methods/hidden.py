"""Errors of an interpolation at hidden times of a coarse series, and of the sun's features there.

From a series with step τ, what lies inside spans kτ is hidden and interpolated back; no time
between the coarse ones is ever needed.

Knows: arrays over time. Must not know: series, files.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from temdeep.methods.cubic import total_weights
from temdeep.metric import Float64Array
from temdeep.spline import spline_slope_weights, spline_weights

WINDOW = 6
"""Frames on each side that the splines here use: the whole spline to 4e-4."""


@dataclass(frozen=True, eq=False)
class Track:
    """A piece of a coarse series without gaps, at some cells.

    Attributes:
        values: Instantaneous values or mean rates, shape (time, channel, cell).
        features: The sun's features at the same times or over the same periods, shape
            (feature, time, cell).
        of_periods: Whether these are means over adjoining periods.
    """

    values: Float64Array
    features: Float64Array
    of_periods: bool

    def between(self, first: int, last: int) -> "Track":
        """The piece from one index to before another."""
        return Track(self.values[first:last], self.features[:, first:last], self.of_periods)


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over hidden times, cell by cell, of which all least squares below are made.

    Attributes:
        features: Σ dₗ dₘ, shape (feature, feature, cell).
        both: Σ dₗ e, shape (feature, channel, cell).
        errors: Σ e², shape (channel, cell).
        even: Σ of the squared errors of even division, periods only, likewise.
        count: How many hidden times.
    """

    features: Float64Array
    both: Float64Array
    errors: Float64Array
    even: Float64Array
    count: int

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            self.features + other.features,
            self.both + other.both,
            self.errors + other.errors,
            self.even + other.even,
            self.count + other.count,
        )


def moments(tracks: list[Track], span: int) -> Moments | None:
    """Sum up what is hidden inside spans of `span` steps, from every first time.

    Args:
        tracks: Pieces of one series, at the same cells.
        span: k; 2 or more.

    Returns:
        None where no piece is long enough.
    """
    total: Moments | None = None
    for track in tracks:
        hide = _hidden_periods if track.of_periods else _hidden_times
        for error, departure, even in hide(track, span):
            part = Moments(
                np.einsum("ltx,mtx->lmx", departure, departure, optimize=True),
                np.einsum("ltx,tcx->lcx", departure, error, optimize=True),
                np.einsum("tcx,tcx->cx", error, error),
                np.einsum("tcx,tcx->cx", even, even),
                len(error),
            )
            total = part if total is None else total + part
    return total


def feature_departures(features: Float64Array, parts: int, *, of_periods: bool) -> Float64Array:
    """What interpolation misses of the features when all that is given are every `parts`-th.

    Args:
        features: Shape (feature, time, cell), `parts` times as fine as the frames.
        parts: Fine steps in a frame's step.
        of_periods: Whether these are means over adjoining periods.

    Returns:
        Mean square, shape (feature, cell).
    """
    nothing = np.zeros((features.shape[1], 0, features.shape[2]))
    found = moments([Track(nothing, features, of_periods)], parts)
    if found is None:
        return np.zeros((len(features), features.shape[2]))
    square: Float64Array = np.einsum("llx->lx", found.features) / found.count
    return square


def _windows(count: int) -> Iterator[tuple[int, int, int]]:
    """First frame of each interval among `count`, with context before and after."""
    for i in range(count - 1):
        yield i, min(WINDOW, i), min(WINDOW, count - 2 - i)


def _hidden_times(
    track: Track, span: int
) -> Iterator[tuple[Float64Array, Float64Array, Float64Array]]:
    """Errors (time, channel, cell), features' departures (feature, time, cell), and linear's."""
    theta = np.arange(1, span) / span
    for offset in range(span):
        given = np.arange(offset, len(track.values), span)
        for i, n_before, n_after in _windows(len(given)):
            weights = spline_weights(n_before, n_after, theta)
            window = given[i - n_before : i + 2 + n_after]
            hidden = slice(given[i] + 1, given[i + 1])
            values, features = track.values, track.features
            ends = values[given[i : i + 2]]
            line = np.tensordot(np.stack([1 - theta, theta], 1), ends, axes=1)
            yield (
                values[hidden] - np.tensordot(weights, values[window], axes=1),
                features[:, hidden] - _weigh(weights, features[:, window]),
                values[hidden] - line,
            )


def _hidden_periods(
    track: Track, span: int
) -> Iterator[tuple[Float64Array, Float64Array, Float64Array]]:
    """The same for parts of joined periods; the last are even division's errors."""
    edges = np.arange(span + 1) / span
    for offset in range(span):
        count = (len(track.values) - offset) // span
        if count < 1:
            continue
        parts = slice(offset, offset + count * span)
        values = track.values[parts].reshape(count, span, *track.values.shape[1:])
        features = track.features[:, parts]
        features = features.reshape(len(features), count, span, features.shape[2])
        joined, joined_features = values.mean(axis=1), features.mean(axis=2)
        for i in range(count):
            n_before, n_after = min(WINDOW, i), min(WINDOW, count - 1 - i)
            weights = total_weights(n_before, n_after, edges, spline_slope_weights)
            window = slice(i - n_before, i + 1 + n_after)
            yield (
                values[i] - np.tensordot(weights, joined[window], axes=1),
                features[:, i] - _weigh(weights, joined_features[:, window]),
                values[i] - joined[i],
            )


def _weigh(weights: Float64Array, features: Float64Array) -> Float64Array:
    """Weighted sums over the second axis."""
    return np.moveaxis(np.tensordot(weights, features, axes=(1, 1)), 0, 1)
