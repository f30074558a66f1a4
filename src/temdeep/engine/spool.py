"""An unfinished output beside its target: how it grows, and a journal of what is done in it.

Knows: ways to grow, storages. Must not know: series, methods, the command line.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import xarray as xr

from temdeep._version import __version__
from temdeep.engine import journal, record
from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.growing import Growing, LaidOut, way_to_grow
from temdeep.engine.journal import Journal, refuse_held
from temdeep.engine.origin import (
    OF_A_RUN,
    Older,
    Origin,
    known_files,
    mark,
    proven,
    refuse_other,
)
from temdeep.engine.packing import ladder
from temdeep.engine.record import Made, Record
from temdeep.engine.stores import ZARR_SUFFIX
from temdeep.errors import OutputError

APPENDED = "appended to"
"""In the journal of a store that is appended to: what is kept of it."""

SUFFIXES = (".nc", ".nc4", ".cdf", ZARR_SUFFIX)


class Spool:
    """Holds an output until it is complete, and knows what of it is done.

    Attributes:
        levels: Which storage of its ladder each field has.
        doubted: How each input file was when what is done was made of it, where sizes and times do
            not tell that it is as it was; None: there is no doubt.
    """

    def __init__(
        self,
        target: Path,
        frame: xr.Dataset,
        specs: Mapping[str, FieldSpec],
        origin: Origin | None,
        older: Older | None = None,
        *,
        shared: bool = False,
    ) -> None:
        """Begin without anything on disk.

        Args:
            target: The file that it will be.
            frame: All of it but the fields.
            specs: How each field is stored, if nothing has to be wider.
            origin: What it is made of; None: it is never gone on with.
            older: What is there of it already.
            shared: Whether other machines write into it too.
        """
        self.path = _partial(target)
        self._target, self._frame, self._origin = target, frame, origin
        self._older, self._shared = older, shared
        self._narrow = dict(specs)
        self.levels: dict[str, int] = dict.fromkeys(specs, 0)
        self.doubted: dict[str, record.Stamp] | None = None
        self._journal = Journal(self.path / journal.NAME)
        self.growing = self._way(shared=shared)

    def _way(self, *, shared: bool) -> Growing:
        frame, suffix = self._frame, self._target.suffix
        return way_to_grow(self.path, suffix, frame, self._narrow, shared=shared)

    @property
    def specs(self) -> Mapping[str, FieldSpec]:
        """How each field is held now."""
        held = self.growing.specs
        return {name: self._at_level(spec, self.levels[name]) for name, spec in held.items()}

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
        self._journal.hold()
        if self._journal.broken and not restart:
            self._journal.release()
            raise OutputError(
                f"{self._journal.path} is broken, and what it tells of cannot be gone on with: say"
                " --restart to begin anew."
            )
        begun = len(self.done()) > self.taken
        if begun and self._origin is not None and not restart and self._is_mine(self._origin):
            self._reopen()
            return True
        self._clear()
        about = {
            "temdeep": __version__,
            "form": record.FORMAT,
            "target": self._target.name,
            "way": self.growing.name,
            "request": dict(self._origin.request) if self._origin else {},
            "files": dict(self._origin.files) if self._origin else {},
            "frame": self._mark(),
            "attributes": {
                key: str(self._frame.attrs[key]) for key in OF_A_RUN if key in self._frame.attrs
            },
        }
        if self._older is not None:
            about |= self._taken(self._older)
        self.growing.create(self._frame, self.specs, self._older)
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
            if not proven(origin, self._journal):
                self.doubted = known_files(self._journal)
                if self._journal.about["frame"] != self._mark():
                    raise OutputError(
                        f"{self.path} holds unfinished work of input whose coordinates, static"
                        " fields, attributes or what the method finds in it have changed since:"
                        " say --restart to begin anew."
                    )
            if self._shared and self._journal.about.get("way") == LaidOut.name:
                raise OutputError(
                    f"{self.path} holds unfinished work that one machine alone can go on with: run"
                    " the same without --dask, or say --restart to begin anew."
                )
        except OutputError:
            if self._older is not None and APPENDED in self._journal.about:
                return False
            self._journal.release()
            raise
        return True

    def _mark(self) -> str:
        return mark(self._frame, self._narrow, self._origin.about if self._origin else None)

    def done(self) -> dict[tuple[int, int], Made]:
        """How each piece that is done came out, by its run and first time."""
        lines = [*self._journal.about.get(APPENDED, []), *self._journal.entries]
        return {
            tuple(one["done"]): Made(one["input"], one["levels"], one.get("empty"))
            for one in lines
            if "done" in one
        }

    def accept(self) -> None:
        """Write down that what is done is made of the input as it is now."""
        if self._origin is not None:
            self._journal.add({"mended": dict(self._origin.files)})
        self.doubted = None

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
        spec = self._at_level(self.growing.specs[name], level)
        self.growing.widen(self._frame, self.specs, name, spec)
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
        if self._target.suffix == ZARR_SUFFIX:
            self._record()
        final = {n: self._at_level(spec, self.levels[n]) for n, spec in self._narrow.items()}
        whole = self.growing.complete(self._frame, self.specs, final, progress)
        _rename(whole, self._target)
        if whole == self.path:
            self._journal.path = self._target / journal.NAME
            self._journal.remove()
        else:
            self._remove()

    def _record(self) -> None:
        """Have a store say what it was made of, so that it can be appended to."""
        if self._origin is None or self._origin.about is None:
            return
        pieces = {first: made for (_, first), made in sorted(self.done().items())}
        files = record.named(self._origin.files)
        record.write(self.path, Record(self._origin.about, files, pieces, self._why()))

    def leave(self) -> bool:
        """Stop without an end: what is done stays if it can be gone on with.

        Returns:
            Whether it stays.
        """
        if not self._journal.is_held:  # what is there is not this run's
            return False
        stays = self._origin is not None and len(self.done()) > self.taken
        if stays:
            self._journal.release()
        else:
            self.growing.stop()
            self._remove()
        return stays

    def _clear(self) -> None:
        """Have nothing in the folder but the journal, by which others know that it is held."""
        self._journal.empty()
        for one in self.path.iterdir():
            if one != self._journal.path:
                shutil.rmtree(one) if one.is_dir() else one.unlink()

    def _remove(self) -> None:
        """Remove the folder, the journal last: until then nobody else begins there."""
        with suppress(OSError):  # what cannot be removed is in nobody's way
            self._clear()
        self._journal.remove()
        with suppress(OSError):  # another run may have begun there at once
            self.path.rmdir()

    def _reopen(self) -> None:
        about = self._journal.about
        self._frame = self._frame.assign_attrs(about["attributes"])
        if about.get("way") != self.growing.name:
            self.growing = self._way(shared=True)
        self.growing.mend()
        store = self.growing.open(self.specs)
        for name, spec in self.growing.specs.items():
            steps = [storage.dtype for storage in ladder(spec.storage)]
            known = [one["level"] for one in self._journal.entries if one.get("wider") == name]
            self.levels[name] = max([steps.index(store.storage_dtype(name)), *known])


def settle(target: Path) -> None:
    """Put right what a kill left half-way while a complete output was given its name.

    A folder that was to be replaced is there again, or gone if the new one is in its place; a store
    that has its name is complete, and needs its journal no more.

    Raises:
        OutputError: Another run is about to give it its name.
    """
    for folder in (_partial(target), target):  # a journal moves from the first into the second
        refuse_held(folder / journal.NAME)
    old = _aside(target)
    if old.is_dir():
        if target.exists():
            shutil.rmtree(old)
        else:
            old.rename(target)
    if target.is_dir():
        Journal(target / journal.NAME).remove()


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")


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
