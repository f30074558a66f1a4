"""What the records of an evaluation do not hold: impossible values, wet areas, fractions skill.

FSS comes from the `scores` library.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from scores.spatial import fss_2d

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel, Nature
from temdeep.methods.protocol import Method
from temdeep.metric import Float32Array, Float64Array, FloatArray
from temdeep.verification.possible import (
    LIGHT_BY_NIGHT,
    dark_at,
    dark_throughout,
    impossible,
)
from temdeep.verification.precipitation import mm_per_hour, wet_sums
from temdeep.verification.withholding import Withheld

THRESHOLDS = {"0.1": 0.1, "1": 1.0}
"""Wet at and above, mm/h."""

NEIGHBOURHOOD_M = 20_000.0


@dataclass(eq=False)
class Remembered:
    """A method whose results are kept.

    Attributes:
        method: What fills in.
        filled: Made fields (time, channel, y, x), by names of the channels and begin.
    """

    method: Method
    filled: dict[tuple[Any, ...], FloatArray] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """See `Method.name`."""
        return self.method.name

    @property
    def context(self) -> int:
        """See `Method.context`."""
        return self.method.context

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """See `Method.treatment`."""
        return self.method.treatment(channel, grid)

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        made = self.method.fill(interval, theta)
        self.filled[_key(interval)] = made[(theta > 0) & (theta < 1)]
        return made

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        made = self.method.fill_periods(interval, edges)
        self.filled[_key(interval)] = made.astype(np.float32)
        return made


def _key(interval: Interval | PeriodInterval) -> tuple[Any, ...]:
    return (interval.valid_time, *(channel.name for channel in interval.channels))


@dataclass(frozen=True, eq=False)
class Piece:
    """What was hidden of an interval, and by whom it was filled in how.

    Attributes:
        channels: What each channel is.
        truth: Shape (time, channel, y, x); sums as rates.
        given: Shape (frame, channel, y, x).
        dark: No sun shines, shape (time, y, x).
        filled: By method.
    """

    channels: tuple[Channel, ...]
    truth: FloatArray
    given: FloatArray
    dark: np.ndarray
    filled: Mapping[str, FloatArray]


def extra_scores(
    withheld: Withheld, methods: Mapping[str, Remembered]
) -> dict[tuple[str, str], dict[str, float | None]]:
    """Scores by channel and method.

    Args:
        withheld: What was hidden.
        methods: Those that have just filled all of it in.
    """
    found: dict[tuple[str, str], dict[str, float | None]] = {}
    families: dict[tuple[str, ...], list[Piece]] = {}
    for piece in _pieces(withheld, methods):
        families.setdefault(tuple(one.name for one in piece.channels), []).append(piece)
    for pieces in families.values():
        for index, channel in enumerate(pieces[0].channels):
            truth = np.concatenate([piece.truth[:, index] for piece in pieces])
            for name in methods:
                filled = np.concatenate([piece.filled[name][:, index] for piece in pieces])
                found[channel.name, name] = _rain_scores(channel, withheld.fine.grid, filled, truth)
        for name in methods:
            shares = _impossible_shares(pieces, name)
            errors = _conservation_errors(pieces, name)
            for channel, share, error in zip(pieces[0].channels, shares, errors, strict=True):
                found[channel.name, name]["impossible_share"] = float(share)
                if channel.kind.is_period:
                    found[channel.name, name]["conservation_error"] = float(error)
    return found


def _conservation_errors(pieces: list[Piece], name: str) -> Float64Array:
    """Largest departure from a given total over the largest total of all, for each channel."""
    departures, wholes = [], []
    for piece in pieces:
        whole = piece.given[0].astype(np.float64)
        average = piece.filled[name].mean(axis=0, dtype=np.float64)
        departures.append(np.nanmax(np.abs(average - whole), axis=(1, 2), initial=0))
        wholes.append(np.nanmax(np.abs(whole), axis=(1, 2), initial=0))
    largest = np.maximum(np.max(wholes, axis=0), np.finfo(np.float64).tiny)
    errors: Float64Array = np.max(departures, axis=0) / largest
    return errors


def _pieces(withheld: Withheld, methods: Mapping[str, Remembered]) -> list[Piece]:
    fine, pieces = withheld.fine, []
    places = fine.grid.latitude, fine.grid.longitude
    for hidden in withheld.times(0):
        one = hidden.interval
        offsets = np.rint(hidden.theta * one.span_s * 1e6).astype("timedelta64[us]")
        filled = {name: method.filled[_key(one)] for name, method in methods.items()}
        dark = dark_at(one.valid_time + offsets, *places) & ~_lit(one.channels, hidden.truth)
        given = np.stack([one.start, one.end])
        pieces.append(Piece(one.channels, hidden.truth, given, dark, filled))
    for group in withheld.coarse.period_groups():
        for joined in withheld.periods(group, 0):
            each = joined.interval
            offsets = np.rint(joined.edges * each.span_s * 1e6).astype("timedelta64[us]")
            filled = {name: method.filled[_key(each)] for name, method in methods.items()}
            dark = dark_throughout(each.valid_time + offsets, *places) & ~_lit(group, joined.truth)
            pieces.append(Piece(group, joined.truth, each.rate[None], dark, filled))
    return pieces


def _lit(channels: tuple[Channel, ...], truth: FloatArray) -> np.ndarray:
    """Where the truth has sunlight: twilight, or a file whose times are not UTC; (time, y, x)."""
    light = [i for i, channel in enumerate(channels) if channel.nature is Nature.SUNLIGHT]
    return np.asarray((truth[:, light] > LIGHT_BY_NIGHT).any(axis=1))


def _impossible_shares(pieces: list[Piece], name: str) -> Float64Array:
    """Share of impossible values among those made, for each channel."""
    wrong, made = np.zeros(len(pieces[0].channels)), np.zeros(len(pieces[0].channels))
    for piece in pieces:
        filled = piece.filled[name]
        beyond = impossible(piece.channels, filled, piece.given, piece.dark)
        wrong += beyond.sum(axis=(0, 2, 3))
        made += np.isfinite(filled).sum(axis=(0, 2, 3))
    shares: Float64Array = wrong / np.maximum(made, 1)
    return shares


def _rain_scores(
    channel: Channel, grid: Grid, filled: FloatArray, truth: FloatArray
) -> dict[str, float | None]:
    """Wet-area ratios and FSS, for precipitation; nothing for all else.

    Args:
        channel: What it is.
        grid: Where the cells are.
        filled: Shape (time, y, x); sums as rates.
        truth: Likewise.
    """
    factor = mm_per_hour(channel)
    if factor is None:
        return {}
    found: dict[str, float | None] = {}
    known = np.isfinite(filled) & np.isfinite(truth)
    made, real = (np.where(known, values * factor, 0.0) for values in (filled, truth))
    for label, threshold in THRESHOLDS.items():
        sums = wet_sums(made, real, grid.metric.area_weights, scored=known, threshold=threshold)
        ratio = float(sums.total(0).area_ratio)
        found[f"wet_area_ratio_{label}"] = ratio if np.isfinite(ratio) else None
        found[f"fss_20km_{label}"] = _fss(made, real, grid, threshold)
    found["fss_20km"] = found["fss_20km_1"]
    return found


def _fss(made: FloatArray, real: FloatArray, grid: Grid, threshold: float) -> float | None:
    """Fractions skill score over squares of 20 km, all times together; None where it has no sense.

    That is where cells are larger than the squares, the squares larger than the grid, or the truth
    never wet.
    """
    sizes = (np.nanmedian(np.abs(each)) for each in (grid.metric.dy_m, grid.metric.dx_m))
    window = tuple(round(NEIGHBOURHOOD_M / float(size)) for size in sizes)
    fits = all(2 <= cells <= count for cells, count in zip(window, grid.shape, strict=True))
    if not fits or not (real >= threshold).any():
        return None
    dims = ("time", "y", "x")
    score = fss_2d(
        xr.DataArray(made, dims=dims),
        xr.DataArray(real, dims=dims),
        event_threshold=threshold,
        window_size=(window[0], window[1]),
        spatial_dims=("y", "x"),
        threshold_operator=np.greater_equal,
        reduce_dims="all",
    )
    return float(score)
