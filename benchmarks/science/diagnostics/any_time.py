"""What happens at any time: the error by lead fraction, and how smoothly intervals meet.

Every method returns the given fields, so paths of neighbouring intervals meet; whether they meet
with one slope is another matter. Linear has a kink at every given time, nearest a step inside
every interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from benchmarks.science.diagnostics.filled import (
    TRUTH,
    Filled,
    Record,
    make_record,
    on_a_line,
)

from temdeep.methods.context import trim_context
from temdeep.methods.protocol import Method
from temdeep.metric import Float64Array
from temdeep.verification.evaluate import Evaluation

FINE = 64
"""ε = 1/64 of the span: the step of one-sided differences, and of fine lead fractions."""


def lead_records(evaluation: Evaluation) -> list[Record]:
    """RMSE and restoration rate at each native lead fraction θ, as the evaluation found them."""
    return [
        make_record(
            row["dataset"],
            row["span_hours"],
            row["method"],
            diagnostic,
            row["variable"],
            row[score],
            units,
            lead_fraction=row["lead_fraction"],
        )
        for row in evaluation.records
        if row["lead_fraction"] is not None
        for diagnostic, score, units in (
            ("rmse_by_lead_fraction", "rmse", row["units"]),
            ("restoration_rate_by_lead_fraction", "restoration_rate", "%"),
        )
        if row[score] is not None
    ]


@dataclass(eq=False)
class Sums:
    """What a path does around given times, in sums that grow; shape (step, channel) or (channel,).

    Attributes:
        jump: Σw [(x(h) - x(0)) - (x(0) - x(-h))]², for each step h.
        change: Σw of the mean of both squared changes, likewise.
        inside: Largest area-RMS of x(θ + ε) - x(θ) away from the ends of intervals.
        at_ends: The same of the first and the last step of intervals.
    """

    jump: Float64Array | float = 0.0
    change: Float64Array | float = 0.0
    inside: Float64Array | float = 0.0
    at_ends: Float64Array | float = 0.0


def continuity_records(filled: Filled, methods: Mapping[str, Method]) -> list[Record]:
    """Jumps of the tendency at given times, and the largest steps in fine time.

    With x₀ a given field, the jump of the tendency at its time is

        [x(+h) - x₀] / h - [x₀ - x(-h)] / h

    with h = τ/64, or the native step, at which the truth has one as well. It is told as RMS over
    places and given times, over the RMS of the truth's tendency [x(±h) - x₀] / ±h at the same
    times and places, at the native step. A smooth path has a jump of about h d²x/dt², which
    vanishes with h; a kink stays.

    Args:
        filled: The truth, and what is given to the methods.
        methods: By name.

    Returns:
        `tendency_jump` with `step_s`, of methods at both steps and of `truth` at the native one;
        and `largest_step_inside` and `largest_step_at_ends`: of all steps of τ/64 away from given
        times, and of all from or to one, the largest area-RMS over the RMS of what the truth would
        go in that time. All are pure numbers.
    """
    withheld = filled.withheld
    every = withheld.every
    theta = np.unique([*np.arange(FINE + 1) / FINE, 1 / every, 1 - 1 / every])
    fine = np.searchsorted(theta, np.arange(FINE + 1) / FINE)
    native = np.searchsorted(theta, [0.0, 1 / every, 1 - 1 / every, 1.0])
    weights = withheld.fine.grid.metric.area_weights
    context = max(method.context for method in methods.values())
    found = {name: Sums() for name in (*methods, TRUTH)}
    into: dict[str, Float64Array] = {}
    for piece in withheld.times(context):
        interval = piece.interval
        ends = interval.start, piece.truth[0], piece.truth[-1], interval.end
        around = {TRUTH: np.stack(ends).astype(np.float64)[None]}
        for name, method in methods.items():
            path = method.fill(trim_context(interval, method.context), theta).astype(np.float64)
            around[name] = np.stack([path[fine[[0, 1, -2, -1]]], path[native]])
            moved = _area_rms(np.diff(path[fine], axis=0), weights)
            own = found[name]
            own.inside = np.maximum(own.inside, moved[1:-1].max(axis=0))
            own.at_ends = np.maximum(own.at_ends, moved[[0, -1]].max(axis=0))
        for name, one in around.items():  # shape (step, [0, h, 1 - h, 1], channel, y, x)
            out_of = one[:, 1] - one[:, 0]
            if name in into:
                found[name].jump += _summed((out_of - into[name]) ** 2, weights)
                found[name].change += _summed((out_of**2 + into[name] ** 2) / 2, weights)
            into[name] = one[:, 3] - one[:, 2]
    return _told(filled, found)


def _told(filled: Filled, found: Mapping[str, Sums]) -> list[Record]:
    """Sums as records; nothing where intervals do not follow each other."""
    span_s, native_s = filled.withheld.span_us / 1e6, filled.step_us / 1e6
    usual = np.sqrt(np.asarray(found[TRUTH].change))
    if usual.ndim == 0:
        return []
    records = []
    count = filled.withheld.coarse.time.steps_us().size - 1  # given times between two intervals
    area = filled.withheld.fine.grid.metric.area_weights.sum()
    for place, channel in enumerate(filled.channels):
        tendency = usual[0, place] / native_s
        if not on_a_line(channel) or not tendency > 0:
            continue
        step_rms = tendency / np.sqrt(count * area) * span_s / FINE
        for name, own in found.items():
            jumps = np.sqrt(np.asarray(own.jump)[:, place])
            sizes = (native_s,) if name == TRUTH else (span_s / FINE, native_s)
            records += [
                filled.record(
                    name, "tendency_jump", channel.name, jump / size / tendency, "1", step_s=size
                )
                for size, jump in zip(sizes, jumps, strict=True)
            ]
            if name != TRUTH:
                inside, at_ends = (np.asarray(one)[place] for one in (own.inside, own.at_ends))
                records += [
                    filled.record(name, f"largest_step_{where}", channel.name, step / step_rms, "1")
                    for where, step in (("inside", inside), ("at_ends", at_ends))
                ]
    return records


def _summed(fields: Float64Array, weights: Float64Array) -> Float64Array:
    """Area-weighted sum over the cells that are known."""
    summed: Float64Array = (np.nan_to_num(fields) * weights).sum(axis=(-2, -1))
    return summed


def _area_rms(fields: Float64Array, weights: Float64Array) -> Float64Array:
    rms: Float64Array = np.sqrt(_summed(fields**2, weights) / weights.sum())
    return rms
