"""An unfinished output beside its target: a Zarr store, and a journal of what is done in it.

Knows: stores, storages. Must not know: series, methods, the command line.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import xarray as xr

from temdeep._version import __version__
from temdeep.engine import journal, record
from temdeep.engine.field_spec import CHUNK_BYTES, FieldSpec
from temdeep.engine.journal import Journal
from temdeep.engine.origin import Older, Origin, refuse_other
from temdeep.engine.packing import ladder
from temdeep.engine.record import Made, Record
from temdeep.engine.stores import ZARR_SUFFIX, NetCDFStore, ZarrStore, finish_writes
from temdeep.errors import OutputError

APPENDED = "appended to"
"""In the journal of a store that is appended to: what is kept of it."""

SUFFIXES = (".nc", ".nc4", ".cdf", ZARR_SUFFIX)


class Spool:
    """Holds an output until it is complete.

    A Zarr output is written as it will be. A NetCDF file that is killed while it is written cannot
    be written on: its fields are held in a plain Zarr store first, and copied at the end.
    """

    def __init__(
        self,
        target: Path,
        frame: xr.Dataset,
        specs: Mapping[str, FieldSpec],
        origin: Origin | None,
        older: Older | None = None,
    ) -> None:
        """Begin without anything on disk.

        Args:
            target: The file that it will be.
            frame: All of it but the fields.
            specs: How each field is stored, if nothing has to be wider.
            origin: What it is made of; None: it is never gone on with.
            older: What is there of it already.
        """
        self.path = target.with_name(f".{target.name}.partial")
        self._target, self._frame, self._origin = target, frame, origin
        self._older = older
        self._narrow = dict(specs)
        self.held = specs if self._is_zarr else _plain(specs)
        self.levels: dict[str, int] = dict.fromkeys(specs, 0)
        self._journal = Journal(self.path / journal.NAME)
        self._store = ZarrStore(self.path, self.held)

    @property
    def _is_zarr(self) -> bool:
        return self._target.suffix == ZARR_SUFFIX

    @property
    def specs(self) -> Mapping[str, FieldSpec]:
        """How each field is held now."""
        return {name: self._at_level(spec, self.levels[name]) for name, spec in self.held.items()}

    @staticmethod
    def _at_level(spec: FieldSpec, level: int) -> FieldSpec:
        return replace(spec, storage=ladder(spec.storage)[level])

    def open(self, *, restart: bool) -> bool:
        """Go on with what is there, or begin.

        Args:
            restart: Begin anew in any case.

        Returns:
            Whether it is gone on with.

        Raises:
            OutputError: Another run holds it, or it is the unfinished work of another request.
        """
        if self._journal.go_on():
            if self._origin is not None and not restart and self._is_mine(self._origin):
                self._reopen()
                return True
            self._journal.release()
        shutil.rmtree(self.path, ignore_errors=True)
        about = {
            "temdeep": __version__,
            "target": self._target.name,
            "request": dict(self._origin.request) if self._origin else {},
            "files": dict(self._origin.files) if self._origin else {},
            "attributes": {
                key: str(self._frame.attrs[key])
                for key in ("history", "temdeep_command")
                if key in self._frame.attrs
            },
        }
        if self._older is not None:
            about |= self._taken(self._older)
        self._store = ZarrStore(self.path, self.specs)
        if self._is_zarr:
            self._store.create(self._frame)
        else:
            self._store.create_bare()
        if self._older is not None:
            for name in self.held:
                self._store.take_over(self._older.store, name, self._older.count)
        self._journal.begin(about)
        return False

    def _taken(self, older: Older) -> journal.Json:
        """What the journal says of what is there already."""
        self.levels |= older.levels
        pieces = [{"done": (0, first), **asdict(one)} for first, one in older.pieces.items()]
        return {APPENDED: pieces, "why": dict(older.why)}

    def _is_mine(self, origin: Origin) -> bool:
        """Whether this is the unfinished work of the same.

        An unfinished append that cannot be gone on with is worth nothing: what it began from is
        still there.

        Raises:
            OutputError: It is that of something else.
        """
        try:
            refuse_other(origin, self._journal, self.path)
        except OutputError:
            if self._older is not None and APPENDED in self._journal.about:
                return False
            self._journal.release()
            raise
        return True

    def done(self) -> dict[tuple[int, int], Made]:
        """How each piece that is done came out, by its run and first time."""
        lines = [*self._journal.about.get(APPENDED, []), *self._journal.entries]
        return {
            tuple(one["done"]): Made(one["input"], one["levels"]) for one in lines if "done" in one
        }

    @property
    def taken(self) -> int:
        """How many of these are an older store's."""
        return len(self._journal.about.get(APPENDED, []))

    def add(self, piece: tuple[int, int], made: Made) -> None:
        """Write down that a piece is done."""
        self._journal.add({"done": piece, **asdict(made)})

    def add_damage(self, told: str) -> None:
        """Write down that the input is damaged: it may be mended, and the work gone on with."""
        self._journal.add({"damaged": told})

    def widen(self, name: str, level: int, why: str) -> None:
        """Hold a field in a wider storage, and convert what is there."""
        self._store = ZarrStore(self.path, self.specs)
        self._store.store_wider(name, self._at_level(self.held[name], level))
        self.levels[name] = level
        self._journal.add({"wider": name, "level": level, "why": why})

    def notes(self) -> list[str]:
        """What became wider than the input, a sentence each."""
        told = []
        for name, level in self.levels.items():
            if level:
                steps = ladder(self._narrow[name].storage)
                told.append(
                    f"'{name}' is stored as {steps[level].dtype} instead of {steps[0].dtype}:"
                    f" {self._why().get(name, 'the narrower one cannot hold all values')}."
                )
        return told

    def _why(self) -> dict[str, str]:
        """Why a variable became wider."""
        told = {one["wider"]: one["why"] for one in self._journal.entries if "wider" in one}
        return {**self._journal.about.get("why", {}), **told}

    def finish(self, progress: Callable[[int], None]) -> None:
        """Give the complete output its name; killed at any point, nothing that is done is lost.

        Args:
            progress: Is told of each of so many times more that are copied, of all fields.
        """
        if self._is_zarr:
            if self._origin is not None and self._origin.about is not None:
                pieces = {first: made for (_, first), made in sorted(self.done().items())}
                files = record.named(self._origin.files)
                told = Record(self._origin.about, files, pieces, self._why())
                record.write(self.path, told)
            self._store.close()
            _rename(self.path, self._target)
            self._journal.path = self._target / journal.NAME
            self._journal.remove()
            return
        whole = self.path / f"whole{self._target.suffix}"
        specs = {n: self._at_level(spec, self.levels[n]) for n, spec in self._narrow.items()}
        frame = self._frame.assign_attrs(self._journal.about["attributes"])
        file = NetCDFStore(whole)
        try:
            file.create(frame, specs)
            held = ZarrStore(self.path, self.specs)
            for name, spec in self.specs.items():
                for first, count in spec.blocks():
                    file.write(name, first, held.read(name, first, count))
                    progress(count)
            file.close()
        except BaseException:
            file.remove()
            raise
        _rename(whole, self._target)
        self._journal.release()
        shutil.rmtree(self.path, ignore_errors=True)

    def leave(self) -> bool:
        """Stop without an end: what is done stays if it can be gone on with.

        Returns:
            Whether it stays.
        """
        stays = self._origin is not None and len(self.done()) > self.taken
        self._journal.release()
        if not stays:
            finish_writes()
            shutil.rmtree(self.path, ignore_errors=True)
        return stays

    def _reopen(self) -> None:
        self._store.mend()
        for name, spec in self.held.items():
            steps = [storage.dtype for storage in ladder(spec.storage)]
            known = [one["level"] for one in self._journal.entries if one.get("wider") == name]
            self.levels[name] = max([steps.index(self._store.storage_dtype(name)), *known])
        self._store = ZarrStore(self.path, self.specs)


def _plain(specs: Mapping[str, FieldSpec]) -> dict[str, FieldSpec]:
    """Whole fields, some times at once and as many of each field, uncompressed."""
    largest = max(
        int(np.prod(spec.shape) // spec.shape[spec.time_axis] * spec.storage.dtype.itemsize)
        for spec in specs.values()
    )
    held = {}
    for name, spec in specs.items():
        chunks = list(spec.shape)
        chunks[spec.time_axis] = min(max(CHUNK_BYTES // largest, 1), spec.shape[spec.time_axis])
        if spec.run_axis is not None:
            chunks[spec.run_axis] = 1
        held[name] = replace(spec, chunks=tuple(chunks), filters={"compressors": None})
    return held


def settle(target: Path) -> None:
    """Put right what a kill left half-way while a complete output was given its name.

    A folder that was to be replaced is there again, or gone if the new one is in its place; a store
    that has its name is complete, and needs its journal no more.
    """
    old = _aside(target)
    if old.is_dir():
        if target.exists():
            shutil.rmtree(old)
        else:
            old.rename(target)
    if target.is_dir():
        Journal(target / journal.NAME).remove()


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def _rename(partial: Path, target: Path) -> None:
    """Give a complete output its name; a folder in its place goes first."""
    if target.is_dir():
        old = _aside(target)
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
