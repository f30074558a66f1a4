"""One piece of an output, made and written: in this process or by any worker.

Knows: series, methods, plans, stores. Must not know: what is done already, who does the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.engine.behind import Doer, at_once
from temdeep.engine.encoding import Encoder, NarrowError, carried
from temdeep.engine.field_spec import FieldSpec, frame_bytes
from temdeep.engine.packing import Storage, ladder
from temdeep.engine.pieces import Frames, Piece, pieces, windowed
from temdeep.engine.plan import Plan
from temdeep.engine.record import Made
from temdeep.engine.running_totals import fill, passes
from temdeep.engine.stores import Opening, Store, storing
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

Values = npt.NDArray[Any]

WRITTEN_BYTES = 2 * 2**20
"""Least to be written at once: fields of a quarter degree one by one, while caches hold them."""


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
        store: Opens what they are written to.
        begun: What an older store has of one of the pieces.
        placed: How many steps each time counts that it need not be copied any more.
    """

    fillings: tuple[Filling, ...]
    specs: Mapping[str, FieldSpec]
    store: Opening
    begun: Begun | None = None
    placed: int = 0

    def units(self) -> Iterator[Unit]:
        """All pieces of all runs; no two of them share a chunk."""
        align = math.lcm(*(spec.held_times for spec in self.specs.values()))
        storages = {name: spec.storage for name, spec in self.specs.items()}
        written = frame_bytes(self.specs)
        for run, one in enumerate(self.fillings):
            names = carried(one.series, storages)
            for piece in pieces(
                one.series,
                one.method.context,
                one.plan,
                align=align,
                carried=names,
                frame_bytes=written,
            ):
                begun = self.begun
                if begun is not None and begun.rest.times.stop != piece.times.stop:
                    begun = None
                yield Unit(run, piece, begun=begun)

    def steps(self, unit: Unit) -> int:
        """How many steps a piece counts: its output times, for each pass, and put in place."""
        each = passes(self.fillings[unit.run].series) + self.placed
        return each * _count(unit.piece.times)


@dataclass(frozen=True, eq=False)
class Begun:
    """The first times of a piece as an older store has them.

    Attributes:
        store: Folder of the older store.
        specs: How each field is stored there.
        rest: What is still to be made of the piece.
    """

    store: Path
    specs: Mapping[str, FieldSpec]
    rest: Piece


@dataclass(frozen=True, eq=False)
class Unit:
    """A piece of one forecast run.

    Attributes:
        run: Which.
        piece: The piece.
        levels: Storages that it is known to need.
        begun: What need not be made; it holds only while nothing needs a wider storage.
    """

    run: int
    piece: Piece
    levels: Mapping[str, int] | None = None
    begun: Begun | None = None

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
    writing: Doer = at_once,
    syncing: Doer = at_once,
) -> Made:
    """Make a piece and write it, for good.

    A piece that some storage is too narrow for is encoded anew from its begin, so that what is
    stored does not depend on what was done before it.

    Args:
        work: What it belongs to.
        unit: The piece.
        levels: Which storage of its ladder the store has for each variable.
        frames: Input that other pieces have read already.
        progress: Is told of each so many times more that are made.
        writing: Who writes; what is told it after this is done when the piece is written.
        syncing: Who has the disk hold what is written, told so by who writes.

    Returns:
        How it came out.

    Raises:
        NarrowError: The store must be wider.
        StoreError: It cannot be written.
        TemdeepError: The input turns out to be damaged.
    """
    filling, piece = work.fillings[unit.run], unit.piece
    frames = frames or Frames(filling.series)
    fields = frames.read(piece.window)
    own = {**dict.fromkeys(work.specs, 0), **(unit.levels or {})}
    at = {n: replace(s, storage=ladder(s.storage)[levels[n]]) for n, s in work.specs.items()}
    writer = _Writer(work.store(at), at, unit, len(filling.plan), writing, syncing)
    storages = {name: spec.storage for name, spec in work.specs.items()}
    while True:
        todo = piece
        if unit.begun is not None and not any(own.values()):
            todo = unit.begun.rest
            _copy(unit.begun, piece.times.start, writer)
        series = _seen(filling.series, fields, piece, todo)
        encoder = Encoder(series, todo.part, storages, own)
        try:
            _fill(series, filling.method, todo, encoder, writer, progress)
        except NarrowError as narrow:
            if narrow.level > levels[narrow.name]:
                raise
            own[narrow.name] = narrow.level
            writer.begin_again()
            progress = None
        else:
            writer.sync()
            if progress is not None:
                copied = todo.times.start - piece.times.start
                progress(passes(filling.series) * copied + work.placed * _count(piece.times))
            needed = {name: level for name, level in own.items() if level}
            return Made(frames.fingerprint(piece), needed, frames.empty(piece))


def _count(times: slice) -> int:
    return int(times.stop - times.start)


def _seen(series: Series, fields: xr.Dataset, piece: Piece, todo: Piece) -> Series:
    """What is seen of a series to make a part of a piece, whose fields are in memory."""
    first = piece.window.start
    near = slice(todo.window.start - first, todo.window.stop - first)
    return windowed(series, todo.window, fields.isel({series.time_name: near}))


def _copy(begun: Begun, first: int, writer: _Writer) -> None:
    """Take the first times of a piece from an older store."""
    from temdeep.engine.zarr_store import ZarrStore  # noqa: PLC0415 - slow to load

    count = begun.rest.times.start - first
    older = ZarrStore(begun.store, begun.specs)
    for name, spec in begun.specs.items():
        with storing():
            raw = older.read(name, first, count)
        for one in raw:
            writer.put(name, one, spec.storage)


def _fill(
    series: Series,
    method: Method,
    piece: Piece,
    encoder: Encoder,
    writer: _Writer,
    progress: Callable[[int], None] | None,
) -> None:
    for block in fill(series, method, piece.part):
        for name, variable in block.fields.items():
            frames = np.moveaxis(variable.values, writer.frame_axis(name), 0)
            for position, field in enumerate(frames, block.times.start):
                raw = encoder.encode(name, field, position)
                if position >= piece.lead:
                    writer.put(name, raw, encoder.storages[name])
        if progress is not None:
            progress(max(block.times.stop - max(block.times.start, piece.lead), 0))


class _Writer:
    """Collects a piece's stored numbers and writes them by whole chunks."""

    def __init__(
        self,
        store: Store,
        specs: Mapping[str, FieldSpec],
        unit: Unit,
        count: int,
        writing: Doer,
        syncing: Doer,
    ) -> None:
        self._store, self._specs = store, specs
        self._writing, self._syncing = writing, syncing
        self._first = unit.run * count + unit.piece.times.start
        self._start, self._stop = unit.piece.times.start, unit.piece.times.stop
        self.begin_again()

    def frame_axis(self, name: str) -> int:
        """Which dimension of a field of one run is time."""
        return self._specs[name].frame_axis

    def begin_again(self) -> None:
        """Forget what came; what is written is written once more."""
        self._held: dict[str, list[Values]] = {name: [] for name in self._specs}
        self._next = dict.fromkeys(self._specs, 0)

    def put(self, name: str, raw: Values, storage: Storage) -> None:
        """Take in one time, encoded in the store's storage or in a narrower one."""
        spec = self._specs[name]
        alike = storage == spec.storage
        self._held[name].append(raw if alike else spec.storage.convert(raw, storage))
        held, first = self._held[name], self._next[name]
        taken = first + len(held)
        whole = (self._start + taken) % spec.held_times == 0
        enough = len(held) * held[0].nbytes >= WRITTEN_BYTES
        if (whole and enough) or self._start + taken == self._stop:
            self._writing(partial(self._write, name, self._first + first, held))
            self._next[name], self._held[name] = taken, []

    def _write(self, name: str, first: int, held: list[Values]) -> None:
        with storing():
            self._store.write(name, first, np.stack(held) if len(held) > 1 else held[0][None])

    def sync(self) -> None:
        """Have the disk hold the whole piece."""
        self._writing(partial(self._syncing, self._sync))

    def _sync(self) -> None:
        with storing():
            self._store.sync(self._first, self._stop - self._start)
