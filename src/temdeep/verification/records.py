"""The table of an evaluation: one flat record for each variable, method and lead fraction."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from temdeep.metric import Float64Array
from temdeep.scores import (
    ErrorSums,
    beyond_rounding,
    error_ratio,
    pooled_restoration_rate,
    restoration_rate,
    restoration_rate_mse,
)
from temdeep.verification.bootstrap import RateIntervals, bootstrap
from temdeep.verification.spectra import FINEST_CELLS, fine_scale_ratio, gradient_share
from temdeep.verification.tally import Tally

Record = dict[str, Any]

POOLED = "pooled"
POOLED_PERIOD = "pooled_period"
REFERENCE = "linear"

DEFINITIONS = {
    "restoration_rate": "100 (1 - RMSE/RMSE of linear) over withheld interior times, area-weighted;"
    " our own definition, not comparable with rates published elsewhere; null where linear's errors"
    " are nothing but rounding, and such variables are not pooled",
    "rounding": "only of variables for which straight lines are exact but for rounding (of single"
    " precision: RMSE up to 4 ε times the truth's root mean square, or up to 10⁻⁵ times that of its"
    " anomalies; or of packing: no error is as large as its step): RMSE up to which a method counts"
    " as just as exact",
    "restoration_rate_low, restoration_rate_high": "95 % bootstrap interval, days drawn for the"
    " method and linear together",
    "restoration_rate_mse": "100 (1 - MSE/MSE of linear)",
    POOLED: "100 (1 - geometric mean over instantaneous variables of RMSE/RMSE of linear)",
    POOLED_PERIOD: "the same over period variables (sums and means), for which linear divides"
    " each period evenly",
    "lead_fraction": "place of the time, or of the period's middle, in the interval; null: all",
    "correlation": "of anomalies from the mean of the given frames at each cell",
    "spectrum_ratio": "power along rows in waves under six cells over the truth's, in the middle of"
    " intervals",
    "spectrum_ratio_finest": "the same in waves under four cells",
    "gradient_finest": "percent of the power of gradients along rows that waves under four cells"
    " hold, of the method's or of the truth's, whichever is more",
    "extremes_recovered": "100 (1 - what is wrong at intervals' maxima and minima over what lacks"
    " there if the given values alone are taken)",
    "speed_bias": "of a vector's speed, beside its x component: averaging two winds weakens them",
    "wet_area_ratio, critical_success_index": "for precipitation, at 0.1 mm/h",
    "coverage_90": "share of the withheld truth inside the method's own 90 % interval, in percent",
    "crps": "continuous ranked probability score of what the method says of its errors; the mean"
    " absolute error where it says that there are none",
    "spread, spread_over_rmse": "root mean square of the standard deviations that the method says,"
    " and the same over its RMSE",
    "end_point_error": "largest departure from the given fields at their own times, 0 by contract",
    "conservation_error": "largest departure from the given totals, relative, 0 to rounding",
    "direction": "errors go the short way round; for flags they are 0 or 1",
}


@dataclass(frozen=True, eq=False)
class Rounding:
    """Which errors are nothing but rounding, for tallies that are pooled.

    Attributes:
        level: RMSE up to which they are, in each channel's unit, shape (channel,).
        straight: Channels for which straight lines are exact but for it, shape (channel,).
    """

    level: Float64Array
    straight: npt.NDArray[np.bool_]

    def measure(self, rmse_linear: Float64Array) -> Float64Array:
        """What rates are measured by: linear's RMSE, NaN where it is rounding; (..., channel).

        Of a channel for which straight lines are exact no part (hour, region, lead fraction) is
        measured either.
        """
        return beyond_rounding(rmse_linear, np.where(self.straight, np.inf, self.level))

    def judged(self, values: Float64Array) -> Float64Array:
        """NaN for channels for which straight lines are exact, shape (..., channel)."""
        return np.where(self.straight, np.nan, values)

    def squares(self, sums: ErrorSums) -> Float64Array:
        """Σw·e² that is rounding, by block, shape (block, channel)."""
        squares: Float64Array = self.level**2 * sums.weight.sum(axis=1)
        return squares


def rounding_of(family: Sequence[Tally]) -> Rounding:
    """Which errors of tallies that are pooled are nothing but rounding."""
    return Rounding(
        np.concatenate([tally.rounding for tally in family]),
        np.concatenate([tally.straight for tally in family]),
    )


def make_records(
    family: Sequence[Tally],
    treatments: Mapping[str, Mapping[str, str]],
    *,
    dataset: str,
    span_hours: float,
    seed: int,
    draws: int,
) -> list[Record]:
    """Turn sums into records.

    Args:
        family: Tallies that are pooled: all of instants, or all of periods; with the same methods,
            lead fractions and blocks.
        treatments: For each method and channel name, what was really done.
        dataset: Name of the data, in every record.
        span_hours: τ of the intervals that were filled in.
        seed: Of the bootstrap.
        draws: Of the bootstrap.

    Returns:
        For each method: all lead fractions together, then each; channels, then pooled.
    """
    first = family[0]
    pooled_name = POOLED_PERIOD if first.channels[0].kind.is_period else POOLED
    levels = rounding_of(family)
    places = [(tally, index) for tally in family for index in range(len(tally.channels))]
    records: list[Record] = []
    for method in first.methods:
        for slots, theta in _cases(first.lead_fractions):
            sums, linear = (
                ErrorSums.join([tally.of_method[name].errors.select(slots) for tally in family])
                for name in (method, REFERENCE)
            )
            total, measure = sums.total((0, 1)), levels.measure(linear.total((0, 1)).rmse)
            interval = bootstrap(
                sums.square.sum(axis=1),
                np.where(np.isnan(measure), np.nan, linear.square.sum(axis=1)),
                seed=seed,
                rounding=levels.squares(sums),
                draws=draws,
            )
            for place, (tally, index) in enumerate(places):
                channel = tally.channels[index]
                plain = bool(tally.plain[index])
                record = {
                    **_head(dataset, channel.name, method, span_hours, theta),
                    **_scores(place, total, measure, interval, plain=plain),
                    "units": channel.units,
                    "kind": channel.kind.value,
                    "treatment": treatments[method][channel.name],
                }
                told = tally.of_method[method].spread
                if told is not None:
                    record |= told.scores(index, slots)
                if theta is None:
                    record |= _whole(tally, method, index)
                    if levels.straight[place]:
                        record |= {"rounding": levels.level[place], "extremes_recovered": None}
                records.append(as_plain(record))
            head = _head(dataset, pooled_name, method, span_hours, theta)
            records.append(as_plain({**head, **_pooled(total, measure, interval), "units": ""}))
    return records


def _head(
    dataset: str, variable: str, method: str, span_hours: float, theta: float | None
) -> Record:
    return {
        "dataset": dataset,
        "variable": variable,
        "method": method,
        "span_hours": span_hours,
        "lead_fraction": theta,
    }


def _cases(lead_fractions: Float64Array) -> list[tuple[slice, float | None]]:
    each: list[tuple[slice, float | None]] = [
        (slice(slot, slot + 1), round(float(theta), 6)) for slot, theta in enumerate(lead_fractions)
    ]
    return [(slice(None), None), *each]


def _scores(
    place: int, total: ErrorSums, measure: Float64Array, interval: RateIntervals, *, plain: bool
) -> Record:
    rmse, rmse_linear = total.rmse[place], measure[place]
    return {
        "rmse": rmse,
        "mae": total.mae[place],
        "bias": total.bias[place],
        "restoration_rate": restoration_rate(rmse, rmse_linear),
        "restoration_rate_low": interval.low[place],
        "restoration_rate_high": interval.high[place],
        "restoration_rate_mse": restoration_rate_mse(rmse, rmse_linear),
        "correlation": total.correlation[place] if plain else math.nan,
    }


def _whole(tally: Tally, method: str, index: int) -> Record:
    """Scores that are taken over whole intervals only."""
    counts, plain = tally.of_method[method], bool(tally.plain[index])
    missed, given = counts.missed[index], tally.missed_given[index]
    recovered = 100.0 * (1.0 - missed / given) if plain and given > 0 else math.nan
    ratio = fine_scale_ratio(counts.power, tally.truth_power, tally.grid)[index]
    finest = fine_scale_ratio(counts.power, tally.truth_power, tally.grid, FINEST_CELLS)[index]
    powers = (counts.power[index], tally.truth_power[index])
    share = max(gradient_share(power, tally.grid, FINEST_CELLS) for power in powers)
    spectral = plain and tally.grid.uniform
    record: Record = {
        "spectrum_ratio": ratio if spectral else math.nan,
        "spectrum_ratio_finest": finest if spectral else math.nan,
        "gradient_finest": 100.0 * share if spectral else math.nan,
        "extremes_recovered": recovered,
    }
    if np.isfinite(tally.wet_thresholds[index]):
        record["wet_area_ratio"] = counts.wet.area_ratio[index]
        record["critical_success_index"] = counts.wet.critical_success_index[index]
    if counts.speed_weight[index] > 0:
        record["speed_bias"] = counts.speed_error[index] / counts.speed_weight[index]
    if tally.channels[index].kind.is_period:
        record["conservation_error"] = counts.conservation_error[index]
    else:
        record["end_point_error"] = counts.end_error[index]
    return record


def _pooled(total: ErrorSums, measure: Float64Array, interval: RateIntervals) -> Record:
    ratios = error_ratio(total.rmse, measure)
    return {
        "rmse": None,
        "mae": None,
        "bias": None,
        "restoration_rate": pooled_restoration_rate(ratios),
        "restoration_rate_low": interval.pooled_low,
        "restoration_rate_high": interval.pooled_high,
        "restoration_rate_mse": pooled_restoration_rate(ratios**2),
    }


def best_of(rates: Mapping[str, float]) -> str:
    """The method with the highest rate; of equals a straight line, else the first."""
    return max(rates, key=lambda method: (rates[method], method == REFERENCE))


def as_plain(record: Record) -> Record:
    """Numbers as JSON knows them: no NumPy, null for what is not a number."""
    return {name: _plain_value(value) for name, value in record.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    number = float(value)
    return number if math.isfinite(number) else None
