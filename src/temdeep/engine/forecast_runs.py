"""Forecast runs filled each on its own, and put side by side again.

Knows: xarray, series, plans, outputs. Must not know: how a method fills.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from temdeep.engine.beside import REALIZATION, members_of, parents
from temdeep.engine.dataset import fill_dataset
from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.layout import AS_USUAL, field_specs, without_new_fills
from temdeep.engine.template import template
from temdeep.engine.work import Filling
from temdeep.engine.writers import Manner, Written, steps, write, write_fillings
from temdeep.errors import RequestError
from temdeep.fields.forecasts import Forecasts
from temdeep.methods.uncertain import Uncertain


def fill_runs(
    forecasts: Forecasts, fillings: Sequence[Filling], provenance: Mapping[str, str]
) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Fill every run: at once where its variables are in memory, lazily where they are dask's.

    Args:
        forecasts: The runs, or a single series.
        fillings: How each of them is filled.
        provenance: Global attributes that say how it came about.

    Returns:
        One output in the order of the file's dimensions, and notes, a sentence each.

    Raises:
        RequestError: The runs would have different output times after their start.
    """
    fillings = _alike(fillings)
    made = [fill_dataset(one.series, one.method, one.plan, provenance) for one in fillings]
    if not forecasts.run_dim:
        return made[0]
    _refuse_unlike(fillings)
    first = fillings[0]
    fields = list(dict.fromkeys(one.variable for one in first.series.channels))
    fields += parents(first.series, first.method)
    joined = _joined(forecasts, [dataset for dataset, _ in made], fields)
    for name in fields:
        joined[name] = joined[name].transpose(*_dims(forecasts, first, name))
    return joined, _notes([notes for _, notes in made])


def write_runs(
    forecasts: Forecasts,
    fillings: Sequence[Filling],
    target: Path,
    *,
    manner: Manner | None = None,
    provenance: Mapping[str, str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Fill every run and write them to one file, as `writers.write`.

    Args:
        forecasts: The runs, or a single series.
        fillings: How each of them is filled.
        target: File with suffix .nc or .zarr.
        manner: How; None: as `Manner` is of itself.
        provenance: Global attributes that say how it came about.
        progress: Is told how many of `run_steps(fillings, target)` are done.

    Raises:
        RequestError: The runs would have different output times after their start.
        OutputError: The target exists, or cannot be written.
        TemdeepError: The input turns out to be damaged.
    """
    first = fillings[0]
    if not forecasts.run_dim:
        return write(
            first.series,
            first.method,
            first.plan,
            target,
            manner=manner,
            provenance=provenance,
            progress=progress,
        )
    _refuse_unlike(fillings)
    fillings = _alike(fillings)
    frames = [template(one.series, one.method, one.plan, provenance or {}) for one in fillings]
    alone = [
        one.series.in_file_dims(frame.dataset) for one, frame in zip(fillings, frames, strict=True)
    ]
    layout = AS_USUAL if manner is None else manner.layout
    alike = field_specs(
        first.series,
        first.method,
        first.plan,
        frames[0].variables,
        suffix=target.suffix,
        layout=layout,
        run_dim=forecasts.run_dim,
    )
    together = min((layout.chunks or {}).get(forecasts.run_dim, 1), len(fillings))
    specs = {
        name: _with_runs(
            spec, _dims(forecasts, first, name), forecasts.run_dim, len(fillings), together
        )
        for name, spec in alike.items()
    }
    return write_fillings(
        fillings,
        without_new_fills(_joined(forecasts, alone, [])),
        specs,
        _notes([frame.notes for frame in frames]),
        target,
        manner=manner,
        progress=progress,
    )


def run_steps(fillings: Sequence[Filling], target: Path) -> int:
    """How many steps `write_runs` counts."""
    return sum(steps(one.series, one.method, one.plan, target) for one in fillings)


def _alike(fillings: Sequence[Filling]) -> list[Filling]:
    """With errors told of those variables only of which they are known in every run."""
    told = [one.method for one in fillings if isinstance(one.method, Uncertain)]
    if len(told) < len(fillings):
        return list(fillings)
    known = set.intersection(*(set(one.spread.of_channel) for one in told))
    return [
        replace(filling, method=method.only(known))
        for filling, method in zip(fillings, told, strict=True)
    ]


def _refuse_unlike(fillings: Sequence[Filling]) -> None:
    first = fillings[0].plan.offset_us
    for one in fillings[1:]:
        if not np.array_equal(one.plan.offset_us, first):
            raise RequestError(
                f"{fillings[0].series.source} and {one.series.source} would have different output"
                " times after their start, which share one lead-time axis: ask for a step, or take"
                " one run at a time."
            )


def _dims(forecasts: Forecasts, filling: Filling, name: str) -> tuple[str, ...]:
    """Dimensions of a field in the output: the file's, else the run's before its own."""
    series = filling.series
    members = (REALIZATION,) if name in members_of(series, filling.method) else ()
    name = parents(series, filling.method).get(name, name)
    own = [
        series.file_dim or str(dim) if dim == series.time_name else str(dim)
        for dim in series.dataset[name].dims
    ]
    known = forecasts.dims.get(name, ())
    return (*members, *(known if forecasts.run_dim in known else (forecasts.run_dim, *own)))


def _with_runs(
    spec: FieldSpec, dims: tuple[str, ...], run_dim: str, count: int, together: int
) -> FieldSpec:
    """The storage of all runs from that of one; a field without the dimension gets it.

    Args:
        spec: Of one run.
        dims: Of all runs.
        run_dim: Which of them is that of the runs.
        count: How many runs there are.
        together: How many of them a chunk holds.
    """
    axis = dims.index(run_dim)
    order = [dim for dim in dims if dim != run_dim]
    place = [spec.dims.index(dim) for dim in order]

    def ordered(values: tuple[int, ...], run: int) -> tuple[int, ...]:
        kept = [values[i] for i in place]
        return (*kept[:axis], run, *kept[axis:])

    return replace(
        spec,
        dims=dims,
        shape=ordered(spec.shape, count),
        time_axis=dims.index(spec.dims[spec.time_axis]),
        chunks=None if spec.chunks is None else ordered(spec.chunks, together),
        shards=None if spec.shards is None else ordered(spec.shards, 1),
        run_axis=axis,
    )


def _joined(
    forecasts: Forecasts, datasets: Sequence[xr.Dataset], fields: Sequence[str]
) -> xr.Dataset:
    """Runs along their dimension again; what is the same in all of them is kept once."""
    run_dim, first = forecasts.run_dim, datasets[0]
    varying = [
        str(name)
        for name in first.variables
        if name != run_dim
        and (
            name in fields
            or run_dim in forecasts.dims.get(str(name), ())
            or any(not _same(one[name], first[name]) for one in datasets[1:])
        )
    ]
    stacked = {
        name: xr.Variable.concat(  # type: ignore[no-untyped-call]
            [one[name].variable.to_base_variable() for one in datasets], dim=run_dim
        )
        for name in [run_dim, *varying]
    }
    kept = first.drop_vars([run_dim, *varying])
    data = {name: one for name, one in stacked.items() if name in first.data_vars}
    coords = {name: one for name, one in stacked.items() if name in first.coords}
    joined = kept.assign(data).assign_coords(coords)
    for name in joined.variables:
        joined[name].encoding = _encoding(str(name), datasets)
    joined.encoding = dict(first.encoding)
    return joined


def _same(one: xr.DataArray, other: xr.DataArray) -> bool:
    """Whether values and attributes are the same, whatever coordinates say."""
    return bool(one.variable.equals(other.variable))  # type: ignore[no-untyped-call]


def _encoding(name: str, datasets: Sequence[xr.Dataset]) -> dict[str, Any]:
    """The first run's; times that the runs count from different days are counted from the first."""
    encodings = [one[name].encoding for one in datasets]
    units = [str(one.get("units", "")) for one in encodings]
    if len(set(units)) > 1:
        reference = units[0].partition(" since ")[2]
        return {**encodings[0], "units": f"seconds since {reference}", "dtype": np.dtype(np.int64)}
    return dict(encodings[0])


def _notes(of_runs: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The first run's notes, and how many others have more to say."""
    first = tuple(of_runs[0])
    others = sum(any(note not in first for note in notes) for notes in of_runs[1:])
    if not others:
        return first
    return (*first, f"The like is to be said of {others} more of the {len(of_runs)} runs.")
