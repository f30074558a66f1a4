"""What a method does to the mass and the moisture of the whole region.

The area mean of surface pressure is the mass of the air, and that of specific humidity the
moisture of a level. The line between two given times keeps the area mean on the line between
theirs; a method that bends, moves or corrects each cell on its own may not. So the departure from
the true area mean is compared with linear's. All variables are told: what holds for pressure and
humidity is asked of each.
"""

import numpy as np
from benchmarks.science.diagnostics.filled import (
    REFERENCE,
    TRUTH,
    Filled,
    Record,
    make_record,
    on_a_line,
)
from benchmarks.science.diagnostics.ratios import ratio_interval, sum_by_block

from temdeep.metric import Float64Array
from temdeep.verification.evaluate import Evaluation

ROUNDING = 1e-7
"""Departures under this share of the mean are those of float32: no ratio is told."""


def area_means(filled: Filled) -> dict[str, Float64Array]:
    """Mean over the region at each native time, shape (time, channel), by method and `truth`.

    Over cells that are known in all of them; NaN where there is none.
    """
    fields = {TRUTH: filled.truth, **filled.made}
    known = np.all([np.isfinite(one) for one in fields.values()], axis=0)
    counted = known * filled.withheld.fine.grid.metric.area_weights
    total = counted.sum(axis=(-2, -1))
    return {
        name: np.divide(
            (np.where(known, one, 0.0) * counted).sum(axis=(-2, -1)),
            total,
            out=np.full(total.shape, np.nan),
            where=total > 0,
        )
        for name, one in fields.items()
    }


def area_mean_records(filled: Filled, *, seed: int = 0) -> list[Record]:
    """Departure of the area mean from the true one at hidden times.

    Args:
        filled: All methods and the truth.
        seed: Of the bootstrap over days.

    Returns:
        `area_mean_rmse` and `area_mean_bias` in the file's units, `area_mean_largest` likewise
        (the largest departure), and `area_mean_ratio`: RMSE over linear's, with `low`, `high`.
    """
    means = area_means(filled)
    records = []
    for place, channel in enumerate(filled.channels):
        if not on_a_line(channel):
            continue
        true = means[TRUTH][:, place]
        scored = filled.hidden & np.isfinite(true)
        if not scored.any():
            continue
        blocks = filled.blocks[scored]
        departure = {method: (means[method][:, place] - true)[scored] for method in filled.made}
        squares = {method: sum_by_block(one**2, blocks) for method, one in departure.items()}
        linear = squares[REFERENCE]
        told = np.sqrt(linear.sum() / scored.sum()) > ROUNDING * np.abs(true[scored]).mean()
        for method, one in departure.items():
            values = {
                "area_mean_rmse": np.sqrt((one**2).mean()),
                "area_mean_bias": one.mean(),
                "area_mean_largest": np.abs(one).max(),
            }
            records += [
                filled.record(method, diagnostic, channel.name, value, channel.units)
                for diagnostic, value in values.items()
            ]
            if told:
                bounds = ratio_interval(squares[method], linear, seed=seed)
                low, high = (None if bound is None else np.sqrt(bound) for bound in bounds)
                ratio = np.sqrt(squares[method].sum() / linear.sum())
                records.append(
                    filled.record(
                        method, "area_mean_ratio", channel.name, ratio, "1", low=low, high=high
                    )
                )
    return records


def total_records(evaluation: Evaluation) -> list[Record]:
    """`conservation_error` of the evaluation: totals of period variables, 0 to rounding."""
    return [
        make_record(
            row["dataset"],
            row["span_hours"],
            row["method"],
            "conservation_error",
            row["variable"],
            row["conservation_error"],
            "1",
        )
        for row in evaluation.records
        if "conservation_error" in row
    ]
