"""Maxima and minima of intervals and of days, which a line between given times cuts off."""

import numpy as np
from benchmarks.science.diagnostics.filled import (
    TRUTH,
    Filled,
    Record,
    make_record,
    on_a_line,
)

from temdeep.fields.time_axis import Int64Array
from temdeep.verification.bootstrap import DAY_US
from temdeep.verification.evaluate import Evaluation


def interval_extreme_records(evaluation: Evaluation) -> list[Record]:
    """`extremes_recovered` of the evaluation, as `interval_extremes` in %.

    That is 100 (1 - what is wrong at intervals' maxima and minima over what lacks there if the
    given values alone are taken); negative where inventions cost more than is recovered.
    """
    return [
        make_record(
            row["dataset"],
            row["span_hours"],
            row["method"],
            "interval_extremes",
            row["variable"],
            row["extremes_recovered"],
            "%",
        )
        for row in evaluation.records
        if row["lead_fraction"] is None and "extremes_recovered" in row
    ]


def daily_extreme_records(filled: Filled) -> list[Record]:
    """Largest and smallest value of each whole day (UTC) at each place, against the truth's.

    Linear's are those of the given values alone.

    Returns:
        `daily_maximum_bias`, `daily_maximum_rmse` and the same of minima, area-weighted over
        places and days, with `days` and `truth`, the mean of the true ones; nothing without a
        whole day.
    """
    days = _whole_days(filled)
    if not days:
        return []
    weights = filled.withheld.fine.grid.metric.area_weights
    records = []
    for place, channel in enumerate(filled.channels):
        if not on_a_line(channel):
            continue
        for word, extreme in (("maximum", np.max), ("minimum", np.min)):
            found = {
                method: np.array([extreme(fields[day, place], axis=0) for day in days])
                for method, fields in {**filled.made, TRUTH: filled.truth}.items()
            }
            known = np.all([np.isfinite(one) for one in found.values()], axis=0)
            counted = np.where(known, weights, 0.0)
            if not counted.any():
                continue
            true_mean = float((np.where(known, found[TRUTH], 0.0) * counted).sum() / counted.sum())
            for method in filled.made:
                error = np.where(known, found[method].astype(np.float64) - found[TRUTH], 0.0)
                bias = (counted * error).sum() / counted.sum()
                rmse = np.sqrt((counted * error**2).sum() / counted.sum())
                records += [
                    filled.record(
                        method,
                        f"daily_{word}_{score}",
                        channel.name,
                        value,
                        channel.units,
                        days=len(days),
                        truth=true_mean,
                    )
                    for score, value in (("bias", bias), ("rmse", rmse))
                ]
    return records


def _whole_days(filled: Filled) -> list[Int64Array]:
    """Places of the times of each day of which no time lacks."""
    day = filled.since_midnight_us // DAY_US
    each = DAY_US // filled.step_us
    found = [np.flatnonzero(day == one) for one in np.unique(day)]
    return [places for places in found if len(places) == each]
