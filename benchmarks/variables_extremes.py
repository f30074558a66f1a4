"""Maxima and minima over periods, which are divided by a rule of their own."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from benchmarks.variables_contenders import Prepared

from temdeep.fields.series import Series
from temdeep.fields.variables import Channel, Kind
from temdeep.metric import FloatArray
from temdeep.scores import restoration_rate, restoration_rate_mse, score
from temdeep.verification.withholding import Withheld

Record = dict[str, Any]

EVEN = "linear"
"""Every part has the extreme of the whole: what even division is for a sum."""


def extreme_records(
    withheld: Withheld, made: Mapping[str, Prepared], *, dataset: str
) -> list[Record]:
    """Score who divides maxima and minima how.

    Args:
        withheld: Joined extremes and what they were joined from.
        made: What each contender made for all of the hidden periods.
        dataset: Name of the data, in every record.
    """
    records = []
    for channel in withheld.fine.periods():
        if channel.kind not in (Kind.MAXIMUM, Kind.MINIMUM):
            continue
        truth, whole = _truth_and_whole(withheld, channel)
        wholes = np.broadcast_to(whole[:, None], truth.shape)
        filled = {EVEN: wholes}
        filled |= {name: _made(one.series, withheld, channel) for name, one in made.items()}
        weights = withheld.fine.grid.metric.area_weights
        known = np.isfinite(truth) & np.isfinite(wholes)
        scores = {}
        for name, parts_made in filled.items():
            values = np.where(np.isnan(parts_made), wholes, parts_made)
            sums = score(
                values - truth, weights, scored=known, filled_anomaly=values, truth_anomaly=truth
            ).total((0, 1))
            upward = channel.kind is Kind.MAXIMUM
            beyond = values > wholes if upward else values < wholes
            parts = values.max(axis=1) if upward else values.min(axis=1)
            missed = np.nanmax(np.abs(parts - whole)) / np.nanmax(np.abs(whole))
            scores[name] = (sums, float(np.mean(beyond[known])), float(missed))
        even = float(scores[EVEN][0].rmse)
        for name, (sums, share, missed) in scores.items():
            rmse = float(sums.rmse)
            said = made[name].said.get(channel.variable, name) if name in made else ""
            records.append(
                {
                    "dataset": dataset,
                    "variable": channel.name,
                    "method": name,
                    "span_hours": withheld.span_us / 3.6e9,
                    "lead_fraction": None,
                    "rmse": rmse,
                    "mae": float(sums.mae),
                    "bias": float(sums.bias),
                    "restoration_rate": float(restoration_rate(np.array(rmse), np.array(even))),
                    "restoration_rate_mse": float(
                        restoration_rate_mse(np.array(rmse), np.array(even))
                    ),
                    "units": channel.units,
                    "kind": channel.kind.value,
                    "treatment": said or f"{name}: every part has the period's {channel.kind}",
                    "conservation_error": missed,
                    "impossible_share": share,
                }
            )
    return records


def _truth_and_whole(withheld: Withheld, channel: Channel) -> tuple[FloatArray, FloatArray]:
    """Hidden extremes (period, part, y, x) and those of the joined periods (period, y, x)."""
    members = _members(withheld, channel)
    flat = withheld.fine.read((channel,), members.ravel())[:, 0]
    truth = flat.reshape(*members.shape, *flat.shape[1:])
    return truth, withheld.coarse.read((channel,), np.flatnonzero(_complete(withheld, channel)))[
        :, 0
    ]


def _made(series: Series, withheld: Withheld, channel: Channel) -> FloatArray:
    """What was made for the hidden periods, in their order, shape (period, part, y, x)."""
    fine = withheld.fine
    members = _members(withheld, channel)
    begins = fine.time.at(fine.period_edges(channel)[members.ravel(), 0])
    known = series.time.at(series.period_edges(channel)[:, 0])
    places = np.searchsorted(known, begins)
    flat = series.read((channel,), places)[:, 0]
    return flat.reshape(*members.shape, *flat.shape[1:])


def _complete(withheld: Withheld, channel: Channel) -> np.ndarray:
    edges = withheld.coarse.period_edges(channel)
    return np.asarray(edges[:, 1] > edges[:, 0])


def _members(withheld: Withheld, channel: Channel) -> np.ndarray:
    """Indices of the hidden periods in each joined one, shape (period, part)."""
    fine = withheld.fine.period_edges(channel)[:, 0]
    edges = withheld.coarse.period_edges(channel)[_complete(withheld, channel)]
    first = np.searchsorted(fine, edges[:, 0] + withheld.shift_us())
    members: np.ndarray = first[:, None] + np.arange(withheld.every)
    return members
