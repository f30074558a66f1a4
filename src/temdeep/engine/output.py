"""An output file being written field by field: packing, chunks, widening.

Knows: plans, stores. Must not know: methods, the command line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.engine.packing import PLAIN, RunningTotal, Storage, TooNarrowError, UnfitError
from temdeep.engine.plan import Plan
from temdeep.engine.stores import FieldSpec, NetCDFStore, Store, ZarrStore
from temdeep.fields.series import Series
from temdeep.fields.variables import Kind

Values = npt.NDArray[Any]

STORES: Mapping[str, Callable[[Path], Store]] = {
    ".nc": NetCDFStore,
    ".nc4": NetCDFStore,
    ".cdf": NetCDFStore,
    ".zarr": ZarrStore,
}


class Output:
    """An output being written: encodes fields, keeps chunks together, widens what is too narrow."""

    def __init__(self, frame: xr.Dataset, specs: Mapping[str, FieldSpec], target: Path) -> None:
        """Begin without a file.

        Args:
            frame: All but the fields, as it is to be written.
            specs: How each field is stored.
            target: The file; what is written before it is complete lies beside it.
        """
        self._target, self._frame, self._specs = target, frame, dict(specs)
        self._held: dict[str, list[Values]] = {name: [] for name in specs}
        self._stored = dict.fromkeys(specs, 0)
        self.notes: list[str] = []
        self._store = self._new_store()

    def begin_run(self, series: Series, plan: Plan) -> None:
        """Say what the fields to come are; each run is begun once the one before is complete."""
        self._plan = plan
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
        values = np.moveaxis(variable.values, self._specs[name].frame_axis, 0)
        for i, field in enumerate(values):
            raw = self._encoded(name, field, first + i)
            self._held[name].append(raw)
            written = first + i + 1
            if written % self._specs[name].held_times == 0 or written == len(self._plan):
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
                for first, number in self._specs[one].pieces(count):
                    raw = old_store.read(one, first, number)
                    raw = wide.convert(raw, narrow) if one == name else raw
                    self._store.write(one, first, raw)
        finally:
            old_store.remove()
        self._held[name] = [wide.convert(raw, narrow) for raw in self._held[name]]
