"""All diagnostics of one period: records, and their figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.science.diagnostics import (
    any_time,
    budgets,
    extremes,
    figures,
    spectra,
    trajectories,
)
from benchmarks.science.diagnostics.filled import HOUR_US, REFERENCE, Filled, Record, fill_in

from temdeep.fields.series import Series
from temdeep.methods.consistent import keep_consistent
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear
from temdeep.verification.evaluate import Evaluation, evaluate
from temdeep.verification.figure_style import save
from temdeep.verification.figures import draw_lead_error, draw_spectra
from temdeep.verification.spectra import wavelengths_km


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What the diagnostics found.

    Attributes:
        records: Flat records of all diagnostics.
        evaluation: Of the same period; `about` tells data, split and commit.
        filled: All fields.
    """

    records: list[Record]
    evaluation: Evaluation
    filled: Filled

    def as_json(self) -> dict[str, Any]:
        """The object that is written as JSON."""
        return {"about": self.evaluation.about, "records": self.records}


def diagnose(
    fine: Series,
    *,
    every: int,
    methods: Mapping[str, Method],
    period: tuple[object, object],
    dataset: str,
    trained_on: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Run all diagnostics on a period.

    Args:
        fine: The series with all its times.
        every: One time in so many is given to the methods, the others are the truth.
        methods: By name, taken as they are; linear is added where it is not among them.
        period: First and last time; methods are given this part alone, thinned.
        dataset: Name of the data in records.
        trained_on: As `evaluate` takes it.
        seed: Of the bootstraps.

    Raises:
        TemdeepError: As `evaluate` and `fill_in`.
    """
    if REFERENCE not in methods:
        methods = {REFERENCE: keep_consistent(Linear(), fine.channels), **methods}
    evaluation = evaluate(
        fine, withhold=every, methods=methods, period=period, dataset=dataset,
        trained_on=trained_on, seed=seed,
    )  # fmt: skip
    filled = fill_in(evaluation.withheld, methods, dataset)
    records = [
        *trajectories.trajectory_records(filled, seed=seed),
        *spectra.spectrum_records(evaluation),
        *extremes.interval_extreme_records(evaluation),
        *extremes.daily_extreme_records(filled),
        *budgets.area_mean_records(filled, seed=seed),
        *budgets.total_records(evaluation),
        *any_time.lead_records(evaluation),
        *any_time.continuity_records(filled, methods),
    ]
    return Diagnosis(records, evaluation, filled)


def write_figures(found: Diagnosis, folder: Path) -> list[Path]:
    """Draw what there is to draw.

    Raises:
        OutputError: The folder cannot be written to.
    """
    filled, evaluation = found.filled, found.evaluation
    there = {row["diagnostic"] for row in found.records}
    methods = list(filled.made)
    units = {channel.name: channel.units for channel in filled.channels}
    hours = (filled.offset_us - filled.offset_us[0]) / HOUR_US
    drawn = {
        "area_means": figures.draw_area_means(budgets.area_means(filled), hours, units),
        "error_by_lead_fraction": draw_lead_error(evaluation.records, methods, units),
    }
    if "trajectory_error" in there:
        drawn["trajectories"] = figures.draw_trajectories(found.records)
    ratios = spectra.ratios_by_wavelength(evaluation)
    if {"power_ratio", "kinetic_energy_ratio"} & there:
        km = wavelengths_km(filled.withheld.fine.grid)
        drawn["spectra"] = draw_spectra(ratios, km, methods)
    if "daily_maximum_bias" in there:
        drawn["daily_extremes"] = figures.draw_daily_extremes(found.records)
    if "tendency_jump" in there:
        drawn["tendency_jumps"] = figures.draw_tendency_jumps(found.records)
    return [save(figure, folder / f"{name}.png") for name, figure in drawn.items()]
