"""An unfinished output beside its target: a Zarr store, and a journal of what is done in it.

Knows: stores, storages. Must not know: series, methods, the command line.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from temdeep._version import __version__
from temdeep.engine import journal
from temdeep.engine.journal import Journal
from temdeep.engine.packing import ladder
from temdeep.engine.stores import CHUNK_BYTES, FieldSpec, NetCDFStore, ZarrStore
from temdeep.errors import OutputError

ZARR_SUFFIX = ".zarr"
SUFFIXES = (".nc", ".nc4", ".cdf", ZARR_SUFFIX)


@dataclass(frozen=True)
class Origin:
    """What an output is made of, by which a run knows its own unfinished work again.

    Attributes:
        request: All that was asked for, as text by name.
        files: Size in bytes and time of the last change of each input file, by path.
    """

    request: Mapping[str, str]
    files: Mapping[str, tuple[int, int]]


def stamp(path: Path) -> tuple[int, int]:
    """Size in bytes and last change in nanoseconds; of a folder, of all that is in it."""
    found = [one.stat() for one in ([path] if path.is_file() else sorted(path.rglob("*")))]
    return sum(one.st_size for one in found), max((one.st_mtime_ns for one in found), default=0)


class Spool:
    """Holds an output until it is complete.

    A Zarr output is written as it will be. A NetCDF file that is killed while it is written cannot
    be written on: its fields are held in a plain Zarr store first, and copied at the end.
    """

    def __init__(
        self, target: Path, frame: xr.Dataset, specs: Mapping[str, FieldSpec], origin: Origin | None
    ) -> None:
        """Begin without anything on disk.

        Args:
            target: The file that it will be.
            frame: All of it but the fields.
            specs: How each field is stored, if nothing has to be wider.
            origin: What it is made of; None: it is never gone on with.
        """
        self.path = target.with_name(f".{target.name}.partial")
        self._target, self._frame, self._origin = target, frame, origin
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
            if self._origin is not None and not restart:
                try:
                    self._check_same(self._origin)
                except OutputError:
                    self._journal.release()
                    raise
                self._reopen()
                return True
            self._journal.release()
        shutil.rmtree(self.path, ignore_errors=True)
        if self._is_zarr:
            self._store.create(self._frame)
        else:
            self._store.create_bare()
        self._journal.begin(
            {
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
        )
        return False

    def done(self) -> set[tuple[int, int]]:
        """Run and first time of each piece that is done."""
        return {tuple(one["done"]) for one in self._journal.entries if "done" in one}

    def add(self, piece: tuple[int, int]) -> None:
        """Write down that a piece is done."""
        self._journal.add({"done": piece})

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
            if not level:
                continue
            steps = ladder(self._narrow[name].storage)
            reasons = [one["why"] for one in self._journal.entries if one.get("wider") == name]
            told.append(
                f"'{name}' is stored as {steps[level].dtype} instead of {steps[0].dtype}:"
                f" {reasons[-1] if reasons else 'the narrower one cannot hold all values'}."
            )
        return told

    def finish(self, progress: Callable[[int], None]) -> None:
        """Give the complete output its name.

        Args:
            progress: Is told of each of so many times more that are copied, of all fields.
        """
        if self._is_zarr:
            self._store.close()
            self._journal.release()
            self._journal.path.unlink()
            _rename(self.path, self._target)
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
        stays = self._origin is not None and bool(self.done())
        self._journal.release()
        if not stays:
            shutil.rmtree(self.path, ignore_errors=True)
        return stays

    def _reopen(self) -> None:
        self._store.mend()
        for name, spec in self.held.items():
            steps = [storage.dtype for storage in ladder(spec.storage)]
            known = [one["level"] for one in self._journal.entries if one.get("wider") == name]
            self.levels[name] = max([steps.index(self._store.storage_dtype(name)), *known])
        self._store = ZarrStore(self.path, self.specs)

    def _check_same(self, origin: Origin) -> None:
        """Refuse the unfinished work of something else.

        Raises:
            OutputError: It is of another request, input or version.
        """
        about = self._journal.about
        anew = "say --restart to begin anew"
        where = f"{self.path} holds unfinished work"
        if about["temdeep"] != __version__:
            raise OutputError(
                f"{where} of temdeep {about['temdeep']}, this is {__version__}: {anew}."
            )
        before = about["request"]
        for name in sorted({*before, *origin.request}):
            old, new = before.get(name, "nothing"), origin.request.get(name, "nothing")
            if old != new:
                raise OutputError(
                    f"{where} of another request ({name}: {_short(old)}, now {_short(new)}): run"
                    f" that again to go on with it, or {anew}."
                )
        mended = bool(self._journal.entries) and "damaged" in self._journal.entries[-1]
        files = {name: list(one) for name, one in origin.files.items()}
        if files != about["files"] and not mended:
            changed = [
                n for n in {**about["files"], **files} if about["files"].get(n) != files.get(n)
            ]
            raise OutputError(f"{changed[0]} has changed since {where}: {anew}.")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


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


def _rename(partial: Path, target: Path) -> None:
    """Give a complete output its name; a folder in its place goes first."""
    if target.is_dir():
        old = target.with_name(f".{target.name}.old")
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
