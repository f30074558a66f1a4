"""One piece of an output, made and written: in this process or by any worker.

Knows: series, methods, plans, stores. Must not know: what is done already, who does the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.engine.encoding import Encoder, NarrowError, carried
from temdeep.engine.packing import Storage, ladder
from temdeep.engine.pieces import Frames, Piece, pieces, windowed
from temdeep.engine.plan import Plan
from temdeep.engine.running_totals import fill, passes
from temdeep.engine.stores import FieldSpec, ZarrStore, storing
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

Values = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Filling:
    """A series, what fills it, and at which times."""

    series: Series
    method: Method
    plan: Plan


@dataclass(frozen=True, eq=False)
class Work:
    """What is to be made.

    Attributes:
        fillings: One for each forecast run, all with as many output times.
        specs: How each field is stored at its narrowest.
        store: Folder of the Zarr store.
    """

    fillings: tuple[Filling, ...]
    specs: Mapping[str, FieldSpec]
    store: Path

    def units(self) -> Iterator[Unit]:
        """All pieces of all runs; no two of them share a chunk."""
        align = math.lcm(*(spec.held_times for spec in self.specs.values()))
        storages = {name: spec.storage for name, spec in self.specs.items()}
        for run, one in enumerate(self.fillings):
            names = carried(one.series, storages)
            for piece in pieces(
                one.series, one.method.context, one.plan, align=align, carried=names
            ):
                yield Unit(run, piece)

    def steps(self, unit: Unit) -> int:
        """How many steps a piece counts: its output times, once for each pass through them."""
        times = unit.piece.times
        return passes(self.fillings[unit.run].series) * int(times.stop - times.start)


@dataclass(frozen=True, eq=False)
class Unit:
    """A piece of one forecast run.

    Attributes:
        run: Which.
        piece: The piece.
        levels: Storages that it is known to need.
    """

    run: int
    piece: Piece
    levels: Mapping[str, int] | None = None

    @property
    def key(self) -> tuple[int, int]:
        """What it is known by in the journal."""
        return self.run, self.piece.times.start

    def needing(self, narrow: NarrowError) -> Unit:
        """The same, known to need a wider storage."""
        return replace(self, levels={**(self.levels or {}), narrow.name: narrow.level})


def do(
    work: Work,
    unit: Unit,
    levels: Mapping[str, int],
    frames: Frames | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Make a piece and write it, for good.

    A piece that some storage is too narrow for is encoded anew from its begin, so that what is
    stored does not depend on what was done before it.

    Args:
        work: What it belongs to.
        unit: The piece.
        levels: Which storage of its ladder the store has for each variable.
        frames: Input that other pieces have read already.
        progress: Is told of each so many times more that are made.

    Raises:
        NarrowError: The store must be wider.
        StoreError: It cannot be written.
        TemdeepError: The input turns out to be damaged.
    """
    filling, piece = work.fillings[unit.run], unit.piece
    frames = frames or Frames(filling.series)
    series = windowed(filling.series, piece.window, frames.read(piece.window))
    own = {**dict.fromkeys(work.specs, 0), **(unit.levels or {})}
    at = {n: replace(s, storage=ladder(s.storage)[levels[n]]) for n, s in work.specs.items()}
    writer = _Writer(ZarrStore(work.store, at), at, unit, len(filling.plan))
    while True:
        try:
            _fill(work, series, unit, (own, levels), writer, progress)
        except NarrowError as narrow:
            if narrow.level > levels[narrow.name]:
                raise
            own[narrow.name] = narrow.level
            writer.begin_again()
            progress = None
        else:
            writer.sync()
            return


def _fill(
    work: Work,
    series: Series,
    unit: Unit,
    own_and_store: tuple[Mapping[str, int], Mapping[str, int]],
    writer: _Writer,
    progress: Callable[[int], None] | None,
) -> None:
    piece, (own, levels) = unit.piece, own_and_store
    storages = {name: spec.storage for name, spec in work.specs.items()}
    encoder = Encoder(series, piece.part, storages, own)
    for block in fill(series, work.fillings[unit.run].method, piece.part):
        for name, variable in block.fields.items():
            narrow = ladder(storages[name])[own[name]] if own[name] < levels[name] else None
            for position, field in _fields(variable, work.specs[name], block.times.start):
                raw = encoder.encode(name, field, position)
                if position >= piece.lead:
                    writer.put(name, raw, narrow)
        if progress is not None:
            progress(max(block.times.stop - max(block.times.start, piece.lead), 0))


def _fields(variable: xr.Variable, spec: FieldSpec, first: int) -> Iterator[tuple[int, Values]]:
    return enumerate(np.moveaxis(variable.values, spec.frame_axis, 0), first)


class _Writer:
    """Collects a piece's stored numbers and writes them by whole chunks."""

    def __init__(
        self, store: ZarrStore, specs: Mapping[str, FieldSpec], unit: Unit, count: int
    ) -> None:
        self._store, self._specs = store, specs
        self._first = unit.run * count + unit.piece.times.start
        self._start, self._stop = unit.piece.times.start, unit.piece.times.stop
        self.begin_again()

    def begin_again(self) -> None:
        """Forget what came; what is written is written once more."""
        self._held: dict[str, list[Values]] = {name: [] for name in self._specs}
        self._next = dict.fromkeys(self._specs, 0)

    def put(self, name: str, raw: Values, narrow: Storage | None) -> None:
        """Take in one time, encoded in the store's storage or in a narrower one."""
        spec = self._specs[name]
        self._held[name].append(raw if narrow is None else spec.storage.convert(raw, narrow))
        taken = self._next[name] + len(self._held[name])
        whole = (self._start + taken) % spec.held_times == 0
        if whole or self._start + taken == self._stop:
            with storing():
                self._store.write(name, self._first + self._next[name], np.stack(self._held[name]))
            self._next[name], self._held[name] = taken, []

    def sync(self) -> None:
        """Have the disk hold the whole piece."""
        with storing():
            for name in self._specs:
                self._store.sync(name, self._first, self._stop - self._start)
