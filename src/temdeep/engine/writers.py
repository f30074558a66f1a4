"""Writes a filled series to a file that is complete or absent, field by field.

Knows: series, plans, stores. Must not know: the command line.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.engine.layout import field_spec, without_new_fills
from temdeep.engine.packing import PLAIN, RunningTotal, Storage, TooNarrowError, UnfitError
from temdeep.engine.plan import Plan
from temdeep.engine.running_totals import fill, passes
from temdeep.engine.stores import NetCDFStore, Store, ZarrStore
from temdeep.engine.template import Template, template, treatments
from temdeep.errors import OutputError
from temdeep.fields.series import Series
from temdeep.fields.variables import Kind
from temdeep.methods.protocol import Method

Values = npt.NDArray[Any]

STORES: Mapping[str, Callable[[Path], Store]] = {
    ".nc": NetCDFStore,
    ".nc4": NetCDFStore,
    ".cdf": NetCDFStore,
    ".zarr": ZarrStore,
}
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
    check_target(target, overwrite=overwrite)
    frame = template(series, method, plan, provenance or {})
    output = _Output(series, plan, frame, target)
    done = 0
    try:
        with _told(target):
            output.create()
        for block in fill(series, method, plan):
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
    at_stamps = series.instantaneous() or series.totals
    given = int((plan.given >= 0).sum()) if at_stamps else 0
    return Written(
        target,
        given,
        len(plan) - given,
        treatments(series, method),
        (*frame.notes, *output.notes),
    )


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


class _Output:
    """An output being written: encodes fields, keeps chunks together, widens what is too narrow."""

    def __init__(self, series: Series, plan: Plan, frame: Template, target: Path) -> None:
        self._plan, self._target = plan, target
        self._frame = without_new_fills(series.in_file_dims(frame.dataset))
        self._specs = {
            name: field_spec(series, plan, name, attributes, suffix=target.suffix)
            for name, attributes in frame.variables.items()
        }
        kinds = {channel.variable: channel.kind for channel in series.channels}
        self._totals = {
            name: RunningTotal(series.edges[name][:, 0].tolist())
            for name in self._specs
            if kinds[name] in (Kind.SUM, Kind.MEAN) and name not in series.totals
        }
        self._is_given = {
            name: name in series.totals or not kinds[name].is_period for name in self._specs
        }
        self._is_mean = {name: kinds[name] is Kind.MEAN for name in self._specs}
        self._held: dict[str, list[Values]] = {name: [] for name in self._specs}
        self._stored = dict.fromkeys(self._specs, 0)
        self.notes: list[str] = []
        self._store = self._new_store()

    def _new_store(self) -> Store:
        name = f".{self._target.name}.{os.getpid()}.{len(self.notes)}.partial"
        return STORES[self._target.suffix](self._target.with_name(name))

    @property
    def path(self) -> Path:
        """Where the unfinished output is."""
        return self._store.path

    def create(self) -> None:
        """Make the file."""
        self._store.create(self._frame, self._specs)

    def put(self, name: str, variable: xr.Variable, first: int) -> None:
        """Take in a variable at successive output times, in order."""
        values = np.moveaxis(variable.values, self._specs[name].time_axis, 0)
        for i, field in enumerate(values):
            raw = self._encoded(name, field, first + i)
            self._held[name].append(raw)
            chunks = self._specs[name].chunks
            length = chunks[self._specs[name].time_axis] if chunks else 1
            if (first + i + 1) % length == 0:
                self._flush(name)

    def finish(self) -> None:
        """Write what is held back, and close."""
        for name in self._held:
            self._flush(name)
        self._store.close()

    def remove(self) -> None:
        """Leave nothing."""
        self._store.remove()

    def _encoded(self, name: str, field: Values, position: int) -> Values:
        """Stored numbers of one time, in a wider storage where the present one is too narrow."""
        while True:
            storage = self._specs[name].storage
            try:
                return self._encoded_as(storage, name, field, position)
            except UnfitError:
                self._widen(name, PLAIN, "the input is not packed alike throughout")
            except TooNarrowError:
                why = f"{storage.dtype} cannot hold all new values"
                self._widen(name, storage.widened(), why)

    def _encoded_as(self, storage: Storage, name: str, field: Values, position: int) -> Values:
        periods_us = self._plan.periods_us
        if self._is_given[name] and self._plan.given[position] >= 0:
            storage.check_fit(field)
        if periods_us is None or name not in self._totals or not storage.is_integer:
            return storage.encode(field)
        begin, end = periods_us[position]
        weight = float(end - begin) / 1e6 if self._is_mean[name] else 1.0
        return self._totals[name].round(storage, field, periods_us[position], weight)

    def _flush(self, name: str) -> None:
        held = self._held[name]
        if held:
            self._store.write(name, self._stored[name], np.stack(held))
            self._stored[name] += len(held)
            self._held[name] = []

    def _widen(self, name: str, wide: Storage, why: str) -> None:
        """Begin a new file with a wider storage for one variable, and copy what is written."""
        old_spec, old_store = self._specs[name], self._store
        narrow = old_spec.storage
        self._specs = {**self._specs, name: replace(old_spec, storage=wide)}
        self.notes.append(f"'{name}' is stored as {wide.dtype} instead of {narrow.dtype}: {why}.")
        self._store = self._new_store()
        try:
            self._store.create(self._frame, self._specs)
            for one, count in self._stored.items():
                chunks = self._specs[one].chunks
                length = chunks[self._specs[one].time_axis] if chunks else 1
                for first in range(0, count, length):
                    raw = old_store.read(one, first, min(length, count - first))
                    raw = wide.convert(raw, narrow) if one == name else raw
                    self._store.write(one, first, raw)
        finally:
            old_store.remove()
        self._held[name] = [wide.convert(raw, narrow) for raw in self._held[name]]
