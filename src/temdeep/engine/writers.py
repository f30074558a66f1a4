"""Writes a filled series to a file that is complete or absent, field by field.

Knows: series, plans, stores. Must not know: the command line.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import xarray as xr

from temdeep.engine.layout import field_spec, without_new_fills
from temdeep.engine.output import STORES, Output
from temdeep.engine.plan import Plan
from temdeep.engine.running_totals import fill, passes
from temdeep.engine.stores import FieldSpec
from temdeep.engine.template import template, treatments
from temdeep.errors import OutputError
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

Values = npt.NDArray[Any]

ZARR_MARKS = ("zarr.json", ".zgroup")

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NEARLY_FULL_BYTES = 2**20


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        target: The file.
        given: How many output times are given.
        made: How many are made.
        treatments: What was done to each variable.
        notes: What the user should know, a sentence each.
    """

    target: Path
    given: int
    made: int
    treatments: Mapping[str, str]
    notes: tuple[str, ...]


def check_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that cannot be written, before any work is done.

    Raises:
        OutputError: An unknown suffix, no such folder, an existing file that is not to be replaced,
            or a folder of something else.
    """
    if target.suffix not in STORES:
        raise OutputError(f"{target} is neither NetCDF (.nc) nor Zarr (.zarr) by its suffix.")
    if not target.parent.is_dir():
        raise OutputError(f"there is no folder {target.parent} to write {target.name} in.")
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists already: say --overwrite, or choose another name.")
    if target.is_dir() and not any((target / name).exists() for name in ZARR_MARKS):
        raise OutputError(f"{target} is a folder but no Zarr store, and is not replaced.")


def write(
    series: Series,
    method: Method,
    plan: Plan,
    target: Path,
    *,
    overwrite: bool = False,
    provenance: Mapping[str, str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Fill a series and write it; on any failure nothing is left under the target's name.

    Args:
        series: The coarse series.
        method: What fills it.
        plan: What to write.
        target: File with suffix .nc or .zarr.
        overwrite: Replace an existing target, once the new one is complete.
        provenance: Global attributes that say how it came about.
        progress: Is told how many of `steps(series, plan)` are done.

    Raises:
        OutputError: The target exists, or cannot be written.
        TemdeepError: The input turns out to be damaged.
    """
    frame = template(series, method, plan, provenance or {})
    specs = {
        name: field_spec(series, plan, name, attributes, suffix=target.suffix)
        for name, attributes in frame.variables.items()
    }
    whole = without_new_fills(series.in_file_dims(frame.dataset))
    filling = Filling(series, method, plan)
    return write_fillings(
        [filling], whole, specs, frame.notes, target, overwrite=overwrite, progress=progress
    )


@dataclass(frozen=True, eq=False)
class Filling:
    """A series, what fills it, and at which times."""

    series: Series
    method: Method
    plan: Plan


def write_fillings(
    fillings: Sequence[Filling],
    frame: xr.Dataset,
    specs: Mapping[str, FieldSpec],
    notes: Sequence[str],
    target: Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Fill one series, or the runs of a forecast one after the other, and write them to one file.

    Args:
        fillings: One for each run, all with as many output times.
        frame: The output without its fields.
        specs: How each field is stored.
        notes: What the user should know of the frame.
        target: File with suffix .nc or .zarr.
        overwrite: Replace an existing target, once the new one is complete.
        progress: Is told how many steps are done.

    Raises:
        OutputError: The target exists, or cannot be written.
        TemdeepError: The input turns out to be damaged.
    """
    check_target(target, overwrite=overwrite)
    output = Output(frame, specs, target)
    done = 0
    try:
        with _told(target):
            output.create()
        for one in fillings:
            output.begin_run(one.series, one.plan)
            for block in fill(one.series, one.method, one.plan):
                with _told(target):
                    for name, variable in block.fields.items():
                        output.put(name, variable, block.times.start)
                done += block.times.stop - block.times.start
                if progress is not None:
                    progress(done)
        with _told(target):
            output.finish()
            _rename(output.path, target)
    except BaseException:
        output.remove()
        raise
    given = sum(_given(one) for one in fillings)
    return Written(
        target,
        given,
        sum(len(one.plan) for one in fillings) - given,
        treatments(fillings[0].series, fillings[0].method),
        (*notes, *output.notes),
    )


def _given(filling: Filling) -> int:
    at_stamps = filling.series.instantaneous() or filling.series.totals
    return int((filling.plan.given >= 0).sum()) if at_stamps else 0


def steps(series: Series, plan: Plan) -> int:
    """How many steps `write` counts."""
    return passes(series) * len(plan)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Turn failures of the file system and its libraries into one sentence."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        full = isinstance(error, OSError) and error.errno in _FULL
        if full or shutil.disk_usage(target.parent).free < _NEARLY_FULL_BYTES:
            raise OutputError(
                f"the disk is full: {target} was not written; free some space and run this again."
            ) from error
        raise OutputError(f"{target} cannot be written: {error}.") from error


def _rename(partial: Path, target: Path) -> None:
    """Give a complete output its name; a folder in its place goes first."""
    if target.is_dir():
        old = target.with_name(f"{partial.name}.old")
        target.rename(old)
        partial.rename(target)
        shutil.rmtree(old)
    else:
        partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
