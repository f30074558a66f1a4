"""Several forecast runs in one dataset, each a series of its own.

Knows: xarray, files through `opening`. Must not know: torch, methods.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import xarray as xr

from temdeep.errors import InputError, TimeAxisError
from temdeep.fields import grib
from temdeep.fields.opening import Sources, find_files, is_grib, open_file, survey_files
from temdeep.fields.series import Series, open_series, series_from_dataset
from temdeep.fields.survey import Survey, survey
from temdeep.fields.time_axis import Times, show
from temdeep.fields.valid_times import decoded, run_dimension

STEP = "step"


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Runs of one forecast, or a single series.

    Attributes:
        series: One for each run, in the order of the file; they differ in their times alone.
        run_dim: Dimension along which they are joined again; empty for a single series that never
            had one.
        dims: Dimensions that the file's variables have, by name, where they are known.
    """

    series: tuple[Series, ...]
    run_dim: str = ""
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def forecasts_from_dataset(
    dataset: xr.Dataset,
    *,
    source: str = "the dataset",
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: xr.Dataset | None = None,
) -> Forecasts:
    """Understand a dataset as a series, or as one for each run where it has several.

    Args:
        dataset: Eager or lazy; it is not changed.
        source: What messages call it.
        variables: Which variables; None: all that have a time axis and a grid.
        kinds: What variables are where the data do not say, such as `{"tp": "sum:1h"}`.
        static: Elevation and land fraction, where the dataset has none.

    Raises:
        TemdeepError: Anything that is missing, broken or ambiguous, in one sentence.
    """
    if not isinstance(dataset, xr.Dataset):
        raise InputError(
            f"a series is made of an xarray.Dataset, not of a {type(dataset).__name__}."
        )
    dataset = decoded(dataset, source)
    run_dim = run_dimension(dataset)
    if not run_dim:
        one = series_from_dataset(
            dataset, source=source, variables=variables, kinds=kinds, static=static
        )
        return Forecasts((one,))
    _refuse_equal_runs(dataset, run_dim, source)
    runs = [dataset.isel({run_dim: i}) for i in range(dataset.sizes[run_dim])]
    series = tuple(
        series_from_dataset(
            run,
            source=_run_name(source, run[run_dim], len(runs)),
            variables=variables,
            kinds=kinds,
            static=static,
        )
        for run in runs
    )
    dims = {str(name): tuple(map(str, one.dims)) for name, one in dataset.variables.items()}
    return Forecasts(series, run_dim, dims)


def open_forecasts(
    sources: Sources,
    *,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: str | Path | None = None,
) -> Forecasts:
    """Open files as one series, or a file of several forecast runs as one for each.

    Args:
        sources: As for `open_series`; several runs may stand in one file only.
        variables: Which variables; None: all that have a time axis and a grid.
        kinds: What variables are where the files do not say, such as `{"tp": "sum:1h"}`.
        static: A file with elevation and land fraction, where the series has none.

    Raises:
        TemdeepError: Anything that is missing, broken or ambiguous, in one sentence.
    """
    paths = find_files(sources)
    if len(paths) == 1:
        ground = None if static is None else open_file(find_files(static)[0])[0]
        if is_grib(paths[0]):
            runs = grib.open_grib_runs(paths[0])
            if len(runs) > 1:
                return _grib_forecasts(runs, paths[0].name, variables, kinds, ground)
        else:
            dataset, _ = open_file(paths[0])
            if run_dimension(decoded(dataset, paths[0].name)):
                return forecasts_from_dataset(
                    dataset,
                    source=paths[0].name,
                    variables=variables,
                    kinds=kinds,
                    static=ground,
                )
    return Forecasts((open_series(sources, variables=variables, kinds=kinds, static=static),))


def survey_runs(
    sources: Sources,
    *,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: str | Path | None = None,
) -> Survey:
    """Look over files, as `survey_files`; of several forecast runs at the first.

    Args:
        sources: As for `open_forecasts`.
        variables: Which variables; None: all that have a time axis and a grid.
        kinds: What variables are where the files do not say, such as `{"tp": "sum:1h"}`.
        static: A file with elevation and land fraction, where the series has none.

    Raises:
        TemdeepError: The files cannot be opened or joined, or have no usable time axis.
    """
    paths = find_files(sources)
    if len(paths) > 1:
        return survey_files(sources, variables=variables, kinds=kinds, static=static)
    bounds: Mapping[str, Times] = {}
    if is_grib(paths[0]):
        runs = grib.open_grib_runs(paths[0])
        began = [run[grib.REFERENCE] for run, _ in runs if grib.REFERENCE in run]
        dataset, bounds = runs[0]
    else:
        dataset = decoded(open_file(paths[0])[0], paths[0].name)
        run_dim = run_dimension(dataset)
        if run_dim:
            _refuse_equal_runs(dataset, run_dim, paths[0].name)
        began = list(dataset[run_dim]) if run_dim else []
        dataset = dataset.isel({run_dim: 0}) if run_dim else dataset
    ground = None if static is None else open_file(find_files(static)[0])[0]
    found = survey(
        dataset,
        source=paths[0].name,
        variables=variables,
        kinds=kinds,
        static=ground,
        bounds=bounds,
    )
    if len(began) < 2:
        return found
    first, last = (show(one.values[()]) for one in (began[0], began[-1]))
    note = (
        f"{len(began)} forecast runs, {first} to {last}, each filled on its own: this is the first."
    )
    return replace(found, notes=(note, *found.notes))


def _grib_forecasts(
    runs: Sequence[tuple[xr.Dataset, Mapping[str, Times]]],
    source: str,
    variables: Sequence[str] | None,
    kinds: Mapping[str, str] | None,
    static: xr.Dataset | None,
) -> Forecasts:
    """Runs of a GRIB file, on their lead times again."""
    series = [
        series_from_dataset(
            run,
            source=_run_name(source, run[grib.REFERENCE], len(runs)),
            variables=variables,
            kinds=kinds,
            static=static,
            bounds=bounds,
        )
        for run, bounds in runs
    ]
    return Forecasts(tuple(replace(one, file_dim=STEP) for one in series), grib.REFERENCE)


def _refuse_equal_runs(dataset: xr.Dataset, run_dim: str, source: str) -> None:
    """Refuse two runs that begin at one time: which is meant cannot be told.

    Raises:
        TimeAxisError: Naming the time and both places.
    """
    seen: dict[object, int] = {}
    for i, began in enumerate(dataset[run_dim].values):
        if began in seen:
            raise TimeAxisError(
                f"two forecast runs of {source} begin at {show(began)} ('{run_dim}', positions"
                f" {seen[began]} and {i}): remove one of them."
            )
        seen[began] = i


def _run_name(source: str, began: xr.DataArray, count: int) -> str:
    return source if count == 1 else f"{source} (run of {show(began.values[()])})"
