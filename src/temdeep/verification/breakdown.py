"""Scores taken apart further than the table does: by part of the day, by region, and side by side.

Records here have a shape of their own and do not stand among those of `records`: a score of one
region would pass there for the score of all.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from temdeep.metric import Float64Array
from temdeep.scores import (
    ErrorSums,
    error_ratio,
    pooled_restoration_rate,
    restoration_rate,
)
from temdeep.verification.bootstrap import RateIntervals, bootstrap
from temdeep.verification.records import (
    POOLED,
    POOLED_PERIOD,
    REFERENCE,
    Record,
    as_plain,
    best_of,
    rounding_of,
)
from temdeep.verification.strata import StratumSums, part_names
from temdeep.verification.tally import Tally

BY_PART_OF_DAY = "part_of_day"
BY_REGION = "region"

DEFINITIONS = {
    "comparisons": "each method beside the best of the others: gain = 100 (1 - RMSE/RMSE of that"
    " other), with a 95 % bootstrap interval, days drawn for both together",
    "part_of_day": "hours of local mean solar time, UTC + longitude/15°",
    "region": "bands of latitude; land and sea where the grid tells them apart",
}


def break_down(family: Sequence[Tally]) -> list[Record]:
    """RMSE and restoration rate by part of the day and by region; parts without data left out.

    Args:
        family: Tallies that are pooled, with the same methods and regions.
    """
    first = family[0]
    pooled_name = POOLED_PERIOD if first.channels[0].kind.is_period else POOLED
    names = [channel.name for tally in family for channel in tally.channels]
    levels = rounding_of(family)
    records: list[Record] = []
    for method in first.methods:
        own, linear = (
            [_rmse(tally.of_method[name].strata, tally.strata_weight) for tally in family]
            for name in (method, REFERENCE)
        )
        for place, (by, parts) in enumerate(
            ((BY_PART_OF_DAY, part_names()), (BY_REGION, first.regions.names))
        ):
            rmse = np.concatenate([each[place] for each in own], axis=1)
            rmse_linear = levels.measure(np.concatenate([each[place] for each in linear], axis=1))
            rates = restoration_rate(rmse, rmse_linear)
            pooled = pooled_restoration_rate(error_ratio(rmse, rmse_linear))
            for part, label in enumerate(parts):
                head = {"by": by, "part": label, "method": method}
                records += [
                    as_plain({**head, "variable": name, "rmse": error, "restoration_rate": rate})
                    for name, error, rate in zip(names, rmse[part], rates[part], strict=True)
                    if np.isfinite(error)
                ]
                if np.isfinite(pooled[part]):
                    rate = pooled[part]
                    records.append(
                        as_plain(
                            {**head, "variable": pooled_name, "rmse": None}
                            | {"restoration_rate": rate}
                        )
                    )
    return records


def compare(
    family: Sequence[Tally], records: Sequence[Mapping[str, object]], *, seed: int, draws: int
) -> list[Record]:
    """Set each method beside the best of the others, variable by variable, in the same draws.

    Args:
        family: Tallies that are pooled, with the same methods.
        records: Those made of the same family: they say which is the best.
        seed: Of the bootstrap.
        draws: Of the bootstrap.

    Returns:
        For each method and variable, pooled ones included, the gain over the best other method;
        nothing where there is no other or nothing was scored.
    """
    methods = family[0].methods
    sums = {
        name: ErrorSums.join([tally.of_method[name].errors for tally in family]) for name in methods
    }
    levels = rounding_of(family)
    rounding = levels.squares(sums[REFERENCE])
    squares = {name: levels.judged(one.square.sum(axis=1)) for name, one in sums.items()}
    rmse = {
        name: levels.judged(np.where(total <= levels.level, 0.0, total))
        for name, total in ((name, one.total((0, 1)).rmse) for name, one in sums.items())
    }
    compared: list[Record] = []
    for method in methods:
        intervals: dict[str, RateIntervals] = {}
        for variable, place, rival in _rivals(family, records, method):
            if rival not in intervals:
                intervals[rival] = bootstrap(
                    squares[method], squares[rival], seed=seed, rounding=rounding, draws=draws
                )
            found, ratio = intervals[rival], error_ratio(rmse[method], rmse[rival])
            if place is None:
                values = pooled_restoration_rate(ratio), found.pooled_low, found.pooled_high
            else:
                gain = restoration_rate(rmse[method][place], rmse[rival][place])
                values = gain, found.low[place], found.high[place]
            head = {"variable": variable, "method": method, "against": rival}
            names = ("gain", "gain_low", "gain_high")
            compared.append(as_plain({**head, **dict(zip(names, values, strict=True))}))
    return compared


def _rivals(
    family: Sequence[Tally], records: Sequence[Mapping[str, object]], method: str
) -> Iterator[tuple[str, int | None, str]]:
    """Each variable, its place among all (None: pooled), and the best of the other methods."""
    names = [channel.name for tally in family for channel in tally.channels]
    pooled = POOLED_PERIOD if family[0].channels[0].kind.is_period else POOLED
    for place, variable in enumerate([*names, pooled]):
        rates = {
            str(row["method"]): float(str(row["restoration_rate"]))
            for row in records
            if row["variable"] == variable
            and row["lead_fraction"] is None
            and row["method"] != method
            and row["restoration_rate"] is not None
        }
        if rates:
            rival = best_of(rates)
            yield variable, place if place < len(names) else None, rival


def _rmse(squares: StratumSums, weights: StratumSums) -> tuple[Float64Array, Float64Array]:
    """By part of the day and by region, shape (part, channel); NaN where nothing was scored."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            np.sqrt(squares.of_day / weights.of_day),
            np.sqrt(squares.of_region / weights.of_region),
        )
