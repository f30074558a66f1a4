"""Withhold, fill in with every method, score: one pass, the same data for all, bounded memory."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xarray as xr

from temdeep._version import __version__
from temdeep.asked import whole_number
from temdeep.checkout import checkout_commit
from temdeep.errors import RequestError
from temdeep.fields.series import Series, as_series
from temdeep.fields.time_axis import format_duration, show
from temdeep.fields.variables import Kind
from temdeep.methods import registry
from temdeep.methods.consistent import ALL, PostCondition, keep_consistent
from temdeep.methods.protocol import Method
from temdeep.methods.uncertain import Uncertain
from temdeep.verification.breakdown import DEFINITIONS as BREAKDOWN_DEFINITIONS
from temdeep.verification.breakdown import break_down, compare
from temdeep.verification.passes import (
    pass_periods,
    pass_times,
    tallies_of_periods,
    tally_of_times,
)
from temdeep.verification.records import DEFINITIONS, REFERENCE, Record, make_records
from temdeep.verification.tally import Tally
from temdeep.verification.withholding import Withheld, thin_out
from temdeep.wording import worded

Progress = Callable[[int, int], None]
"""Told how many intervals are done, and of how many."""

DRAWS = 2000
SEED = "the seed of the resampled days"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    Attributes:
        records: Flat records, as in the JSON.
        comparisons: Each method beside the best of the others.
        breakdown: Errors by part of the day and by region.
        about: Data, split, seed, commit, wall time, notes.
        tallies: Sums, for figures; those of instants first.
        withheld: What was hidden, for figures.
        methods: The methods by name, linear among them.
    """

    records: list[Record]
    comparisons: list[Record]
    breakdown: list[Record]
    about: dict[str, Any]
    tallies: tuple[Tally, ...]
    withheld: Withheld
    methods: Mapping[str, Method]

    def as_json(self) -> dict[str, Any]:
        """The object that is written as JSON."""
        return {
            "about": self.about,
            "records": self.records,
            "comparisons": self.comparisons,
            "breakdown": self.breakdown,
        }


def evaluate(
    series: Series | xr.Dataset,
    *,
    withhold: int,
    methods: Mapping[str, Method] | Sequence[str] = registry.METHOD_NAMES,
    period: tuple[object, object] | None = None,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: xr.Dataset | None = None,
    dataset: str = "",
    trained_on: Mapping[str, Any] | None = None,
    seed: int = 0,
    uncertainty: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Hide all times but each k-th, fill them in, and score against what was hidden.

    Args:
        series: The series with all its times, or a dataset that is understood as one.
        withhold: k.
        methods: Methods by name, taken as they are; or one name or several of classical methods:
            those that fit themselves to a series are then fitted to the thinned one, and all keep
            variables consistent as `downscale` does. Linear is added where it is not among them.
        period: First and last time of the part that is tested, either None for no limit; methods
            are given this part alone, thinned.
        variables: Which variables of a dataset; all if not given.
        kinds: What variables of a dataset are where it does not say, such as `{"tp": "sum:1h"}`.
        static: Elevation and land fraction, where a dataset has none.
        dataset: Name of the data in the records; the source's if empty.
        trained_on: What a model among the methods was trained on: `first`, `last` as ISO times; if
            that is several series, these of each in a list `series`.
        seed: Of the bootstrap.
        uncertainty: Whether it is scored as well how well each method knows how wrong it is. Those
            that do not say it themselves learn it from hidden times of the thinned series.
        progress: Told of each interval.

    Raises:
        TimeAxisError: The part that is tested is not in the series.
        RequestError: Nothing would be hidden, too little would be left, a method is unknown, or the
            seed is none; some of the times were made by temdeep; too little to learn from how wrong
            a method is.
    """
    began = time.perf_counter()
    seed = whole_number(seed, SEED)
    series = as_series(series, variables=variables, kinds=kinds, static=static)
    part = series if period is None else series.between(*period)
    withheld = thin_out(part, withhold)
    chosen = _with_linear(methods, withheld.coarse)
    if uncertainty:
        chosen = {name: _uncertain(withheld.coarse, one) for name, one in chosen.items()}
    times = tally_of_times(withheld, chosen)
    families = [[times] if times else [], tallies_of_periods(withheld, chosen)]
    tallies = tuple(tally for family in families for tally in family)
    done, total = 0, len(withheld.coarse.time) * len(tallies)
    for tally in tallies:
        run = pass_times if tally is times else pass_periods
        for _ in run(tally, withheld, chosen):
            done += 1
            if progress is not None:
                progress(done, total)
    if progress is not None:
        progress(total, total)
    name = dataset or Path(series.source).stem
    records: list[Record] = []
    comparisons: list[Record] = []
    breakdown: list[Record] = []
    for family in filter(None, families):
        records += make_records(
            family,
            _treatments(part, chosen),
            dataset=name,
            span_hours=withheld.span_us / 3.6e9,
            seed=seed,
            draws=DRAWS,
        )
        comparisons += compare(family, records, seed=seed, draws=DRAWS)
        breakdown += break_down(family)
    if all(record["rmse"] is None for record in records):
        raise RequestError(
            f"nothing of {series.source} could be withheld and filled in: whole intervals of"
            f" {withhold} steps without gaps are needed."
        )
    about = _about(withheld, tallies, name, seed, trained_on)
    about["wall_time_s"]["total"] = round(time.perf_counter() - began, 3)
    return Evaluation(records, comparisons, breakdown, about, tallies, withheld, chosen)


def classical(
    coarse: Series,
    names: Sequence[str] = registry.METHOD_NAMES,
    conditions: frozenset[PostCondition] = ALL,
) -> dict[str, Method]:
    """Linear and other methods that need no training, fitted to a series, variables consistent.

    Args:
        coarse: The series.
        names: Which methods.
        conditions: What made values keep, as `keep_consistent`.

    Raises:
        RequestError: A method is unknown.
    """
    return {
        name: keep_consistent(method, coarse.channels, conditions)
        for name, method in registry.build_all([REFERENCE, *names], coarse).items()
    }


def _with_linear(
    methods: Mapping[str, Method] | Sequence[str], coarse: Series
) -> dict[str, Method]:
    if not isinstance(methods, Mapping):
        methods = classical(coarse, [methods] if isinstance(methods, str) else methods)
    if REFERENCE in methods:
        return dict(methods)
    line = registry.build(REFERENCE, coarse)
    return {REFERENCE: keep_consistent(line, coarse.channels), **methods}


def _uncertain(coarse: Series, method: Method) -> Uncertain:
    """A method that says how wrong it may be; learnt from a coarse series if it does not yet."""
    if isinstance(method, Uncertain):
        return method
    from temdeep.methods.spread_fitting import fit_spread  # noqa: PLC0415 - only where asked for

    return Uncertain(method, fit_spread(coarse, method))


def _treatments(series: Series, methods: Mapping[str, Method]) -> dict[str, dict[str, str]]:
    return {
        name: {one.name: method.treatment(one, series.grid) for one in series.channels}
        for name, method in methods.items()
    }


def _about(
    withheld: Withheld,
    tallies: Sequence[Tally],
    dataset: str,
    seed: int,
    trained_on: Mapping[str, Any] | None,
) -> dict[str, Any]:
    fine = withheld.fine
    first, last = show(fine.time.values[0]), show(fine.time.values[-1])
    rows, columns = fine.grid.shape
    seconds = {
        name: round(sum(tally.of_method[name].seconds for tally in tallies), 4)
        for name in tallies[0].methods
    }
    blocks = tallies[0].blocks
    return {
        "dataset": dataset,
        "data": {
            "source": Path(fine.source).name,
            "variables": [channel.name for channel in fine.channels],
            "grid": f"{rows} x {columns}",
            "times": len(fine.time),
            "step_s": fine.time.step_us / 1e6,
        },
        "split": {
            "test_first": first,
            "test_last": last,
            "withhold": withheld.every,
            "span_hours": withheld.span_us / 3.6e9,
            "trained_on": dict(trained_on) if trained_on else None,
        },
        "seed": seed,
        "bootstrap": {
            "unit": blocks.unit or "none: fewer than five blocks",
            "blocks": blocks.count,
            "draws": DRAWS,
            "level": 0.95,
        },
        "version": __version__,
        "commit": checkout_commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_time_s": {"filling_in": seconds},
        "definitions": DEFINITIONS | BREAKDOWN_DEFINITIONS,
        "notes": _notes(withheld, tallies, trained_on),
    }


def _notes(
    withheld: Withheld, tallies: Sequence[Tally], trained_on: Mapping[str, Any] | None
) -> list[str]:
    fine = withheld.fine
    notes = list(withheld.coarse.notes)
    extremes = [
        channel.name for channel in fine.periods() if channel.kind in (Kind.MAXIMUM, Kind.MINIMUM)
    ]
    if extremes:
        notes.append(
            f"not scored: {', '.join(extremes)}; maxima and minima over a period are divided by a"
            " rule of their own, not by a method."
        )
    straight = [
        channel.name
        for tally in tallies
        for channel, exact in zip(tally.channels, tally.straight, strict=True)
        if exact
    ]
    if straight:
        notes.append(
            f"no restoration rate for {', '.join(straight)}: straight lines are exact there but for"
            " rounding; pooled scores leave out what has none."
        )
    for one in (trained_on or {}).get("series", [trained_on]):  # learnt from several, or from one
        if not one or not {"first", "last"} <= set(one):
            continue
        if fine.time.inside(str(one["first"]), str(one["last"])).any():
            notes.append(_overlap(fine, one))
    if trained_on and "series" not in trained_on and "step_s" in trained_on:
        learnt, tested = round(trained_on["step_s"] * 1e6), withheld.span_us
        if learnt != tested:
            notes.append(
                f"the model is made for intervals of {format_duration(learnt)}, and is tested on"
                f" ones of {format_duration(tested)}: its errors at {format_duration(learnt)} are"
                f" {'smaller' if tested > learnt else 'larger'}, and what it gains is another."
            )
    return list(map(worded, notes))


def _overlap(fine: Series, trained_on: Mapping[str, Any]) -> str:
    """What a test on times of a model's own series is worth."""
    tested = f"{show(fine.time.values[0])} to {show(fine.time.values[-1])}"
    if _in_held_out(fine, trained_on):
        return (
            f"the test, {tested}, is the end of the series that the model was made from: no weight"
            " of its network was learnt there, but its best epoch and the method of each variable"
            " were chosen there, and what the sun drives is fitted to all of the series. On new"
            " data it may do a little worse."
        )
    return (
        f"the model was trained on {trained_on['first']} to {trained_on['last']}, and is"
        f" tested on {tested}: these overlap, so its scores are no evidence of skill on new data."
    )


def _in_held_out(fine: Series, trained_on: Mapping[str, Any]) -> bool:
    """Whether a test begins on a day after the last from which weights were learnt."""
    held_out = trained_on.get("held_out_from", "none")
    if held_out == "none" or "step_s" not in trained_on:
        return False
    last_learnt = fine.time.offset_of(str(held_out)) - round(trained_on["step_s"] * 1e6)
    return bool(fine.time.days(last_learnt) < 0)
