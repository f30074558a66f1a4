"""The Python interface: a dataset in, a dataset out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import xarray as xr

from temdeep.engine.forecast_runs import fill_runs
from temdeep.engine.plan import plan
from temdeep.engine.provenance import choose, provenance
from temdeep.engine.requests import Duration, Times
from temdeep.engine.work import Filling
from temdeep.errors import RequestError
from temdeep.fields.forecasts import forecasts_from_dataset
from temdeep.fields.made_before import PROVENANCE
from temdeep.fields.stacked import unstacked
from temdeep.methods.consistent import parse_post_conditions
from temdeep.methods.uncertain import asked_beside
from temdeep.wording import worded


class TemdeepWarning(UserWarning):
    """Something that was not asked for but should be known."""


Fields = TypeVar("Fields", xr.Dataset, xr.DataArray)


def downscale(
    ds: Fields,
    step: Duration | None = None,
    *,
    times: Times | None = None,
    method: str | None = None,
    model: Path | str | None = None,
    epoch: int | None = None,
    precision: str | None = None,
    draw: int | None = None,
    max_gap: Duration | None = None,
    period: Duration | None = None,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: xr.Dataset | None = None,
    post_conditions: str | Sequence[str] = "all",
    uncertainty: bool = False,
    quantiles: Sequence[float] = (),
    members: int | None = None,
    seed: int | None = None,
) -> Fields:
    """Fill a dataset, or an array, in time. Also there as `ds.temdeep.downscale(step, …)`.

    With NumPy arrays the result is computed at once, with dask arrays it is lazy.

    Args:
        ds: Fields at successive valid times, one or several; not changed. An array may hold
            several variables along a dimension that names them, such as `variable`.
        step: Output step, such as `"15min"`; need not divide the input's.
        times: The output times themselves, in place of a step.
        method: `auto` (the default: for each variable the mixture of the others that is best on
            hidden times of the series), `nearest`, `linear`, `cubic`, `cubic_local`, `solar` or
            `optical_flow`, or one that another package brings.
        model: Folder of a training run, in place of a method.
        epoch: Which of the run's epochs; its best if not given.
        precision: Of the layers of the run's network: `float32`, or `bf16`, which is faster on
            processors that know it.
        draw: Seed of one likely course of precipitation, with the intensities of real rain, in
            place of its best estimate, which rains too often and too lightly.
        max_gap: Fill gaps up to this length and leave longer ones out; without it gaps are refused.
        period: Length of the output periods of sums, means and extremes, where `times` do not say.
        variables: Which variables; all that have a time axis and a grid if not given.
        kinds: What variables are where the data do not say, such as `{"tp": "sum:1h"}`.
        static: Elevation and land fraction, where the dataset has none.
        post_conditions: What made values keep between variables: `all`, `none`, or names among
            `fraction`, `extremes`, `dew-point`, `wind-speed` and `wind-direction`.
        uncertainty: Whether the standard deviation of its error stands beside each variable.
        quantiles: Probabilities of quantiles that stand beside each variable.
        members: How many likely courses stand beside each variable, along `realization`; their
            mean is the variable itself.
        seed: Of the members, 0 if not given.

    Returns:
        The same variables, coordinates and attributes at the output times; values at given times
        are the input's own. `temdeep_provenance` says which times are given and which are made;
        of an array it is a coordinate.

    Raises:
        TemdeepError: A mistake in the input or the request, told in one sentence.

    Warns:
        TemdeepWarning: For what was not asked for but should be known.
    """
    array = unstacked(ds) if isinstance(ds, xr.DataArray) else None
    dataset = ds if array is None else array.dataset
    forecasts = forecasts_from_dataset(dataset, variables=variables, kinds=kinds, static=static)
    if (step is None) == (times is None):
        raise RequestError("say either step= or times=: they are two ways to ask for times.")
    conditions = parse_post_conditions(post_conditions)
    beside = asked_beside(deviation=uncertainty, quantiles=quantiles, members=members, seed=seed)
    if beside and array is not None:
        how = f"dim='{array.dim}'" if array.dim else f"name='{array.name}'"
        raise RequestError(
            "an array has no place for how wrong it may be: give a dataset, such as"
            f" array.to_dataset({how})."
        )
    fillings: list[Filling] = []
    told: list[str] = []
    for series in forecasts.series:
        wanted = plan(series, step=step, at=times, max_gap=max_gap, period=period)
        chosen = choose(
            series,
            method=method,
            model=Path(model) if model else None,
            epoch=epoch,
            precision=precision,
            draw=draw,
            post_conditions=conditions,
            beside=beside,
        )
        fillings.append(Filling(series, chosen.method, wanted))
        told += [note for note in chosen.notes if note not in told]
    said = f"step={step!r}" if times is None else f"times=<{len(wanted)} times>"
    made_by = f"model={str(model)!r}" if model else f"method={chosen.method.name!r}"
    made_by += "" if precision is None else f", precision={precision!r}"
    made_by += "" if draw is None else f", draw={draw}"
    filled, notes = fill_runs(
        forecasts,
        fillings,
        provenance(chosen, f"temdeep.downscale(ds, {said}, {made_by})"),
    )
    told.extend(notes)
    for note in told:
        warnings.warn(worded(note), TemdeepWarning, stacklevel=2)
    return filled if array is None else array.stacked(filled.set_coords(PROVENANCE))
