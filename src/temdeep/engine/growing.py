"""The ways in which an output grows until it is complete, all safe from being killed.

A Zarr output is written as it will be. So is a NetCDF file whose fields have places beforehand. Any
other NetCDF file that is killed while it is written cannot be written on: its fields are held in a
plain Zarr store first, and copied at the end.

Knows: stores. Must not know: journals, series, methods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import xarray as xr

from temdeep.engine.field_spec import CHUNK_BYTES, FieldSpec
from temdeep.engine.origin import Older
from temdeep.engine.stores import ZARR_SUFFIX, Store

if TYPE_CHECKING:
    from temdeep.engine.laid_out import LaidOutFile
    from temdeep.engine.zarr_store import ZarrStore

LAID_OUT = "laid_out"
"""Folder of a NetCDF file that is laid out beforehand."""

Specs = Mapping[str, FieldSpec]


class Growing(Protocol):
    """How an output grows in a folder. Goes to other processes, so it holds little.

    Attributes:
        name: By which the journal knows it.
        specs: How each field is held meanwhile, at its narrowest.
        placed: How many steps each time counts when it is written, for not being copied at the end.
    """

    @property
    def name(self) -> str:
        """See above."""

    @property
    def specs(self) -> Specs:
        """See above."""

    @property
    def placed(self) -> int:
        """See above."""

    def open(self, specs: Specs) -> Store:
        """What fields are written to.

        Args:
            specs: How each of them is held now.
        """

    def create(self, frame: xr.Dataset, specs: Specs, older: Older | None) -> None:
        """Make what is there before any field has values.

        Args:
            frame: The output without its fields.
            specs: How these are held.
            older: A finished store, of which fields are taken over.
        """

    def mend(self) -> None:
        """Put right what a kill left half-way."""

    def widen(self, frame: xr.Dataset, specs: Specs, name: str, spec: FieldSpec) -> None:
        """Hold one field otherwise, and convert what is there.

        Args:
            frame: The output without its fields.
            specs: How fields have been held.
            name: The field.
            spec: How it will be held.
        """

    def complete(
        self, frame: xr.Dataset, specs: Specs, final: Specs, progress: Callable[[int], None]
    ) -> Path:
        """Make the output whole, once all fields are.

        Args:
            frame: The output without its fields.
            specs: How these are held.
            final: How they are stored in the end.
            progress: Is told of each of so many times more that are copied, of all fields.

        Returns:
            What is to be given the output's name.
        """

    def stop(self) -> None:
        """Let end what is still written, after the writer was told to stop."""


def way_to_grow(
    folder: Path, suffix: str, frame: xr.Dataset, specs: Specs, *, shared: bool
) -> Growing:
    """Choose how an output grows.

    Args:
        folder: Where.
        suffix: Of the output.
        frame: The output without its fields.
        specs: How these are stored in the end.
        shared: Whether other machines write too. Over a network file system they must not write to
            one file: each holds pages of its own, and writes them whole.
    """
    if suffix == ZARR_SUFFIX:
        return InZarr(folder, specs)
    from temdeep.engine.laid_out import can_be_laid_out  # noqa: PLC0415 - not for Zarr

    if not shared and can_be_laid_out(frame, specs):
        return LaidOut(folder, specs)
    return HeldPlainly(folder, _plain(specs), suffix)


@dataclass(frozen=True, eq=False)
class InZarr:
    """A Zarr store that is the output itself."""

    folder: Path
    specs: Specs
    name = "in Zarr"
    placed = 0

    def open(self, specs: Specs) -> ZarrStore:
        """See `Growing.open`."""
        from temdeep.engine.zarr_store import ZarrStore  # noqa: PLC0415 - slow to load

        return ZarrStore(self.folder, specs)

    def create(self, frame: xr.Dataset, specs: Specs, older: Older | None) -> None:
        """See `Growing.create`."""
        store = self.open(specs)
        store.create(frame)
        if older is not None:
            for name in specs:
                store.take_over(older.store, name, older.count)

    def mend(self) -> None:
        """See `Growing.mend`."""
        self.open(self.specs).mend()

    def widen(self, frame: xr.Dataset, specs: Specs, name: str, spec: FieldSpec) -> None:  # noqa: ARG002
        """See `Growing.widen`."""
        self.open(specs).store_wider(name, spec)

    def complete(
        self,
        frame: xr.Dataset,  # noqa: ARG002 - of the protocol
        specs: Specs,
        final: Specs,  # noqa: ARG002
        progress: Callable[[int], None],  # noqa: ARG002
    ) -> Path:
        """See `Growing.complete`."""
        self.open(specs).close()
        return self.folder

    def stop(self) -> None:
        """See `Growing.stop`."""
        from temdeep.engine.zarr_store import finish_writes  # noqa: PLC0415

        finish_writes()


@dataclass(frozen=True, eq=False)
class HeldPlainly(InZarr):
    """A plain Zarr store, from which a NetCDF file is written at the end."""

    suffix: str
    name = "held plainly"

    def create(self, frame: xr.Dataset, specs: Specs, older: Older | None) -> None:  # noqa: ARG002
        """See `Growing.create`."""
        self.open(specs).create_bare()

    def complete(
        self, frame: xr.Dataset, specs: Specs, final: Specs, progress: Callable[[int], None]
    ) -> Path:
        """See `Growing.complete`."""
        from temdeep.engine.netcdf_file import NetCDFFile  # noqa: PLC0415 - not for Zarr

        whole = self.folder / f"whole{self.suffix}"
        file, held = NetCDFFile(whole), self.open(specs)
        try:
            file.create(frame, final)
            for name, spec in specs.items():
                for first, count in spec.blocks():
                    file.write(name, first, held.read(name, first, count))
                    progress(count)
            file.close()
        except BaseException:
            file.remove()
            raise
        return whole


@dataclass(frozen=True, eq=False)
class LaidOut:
    """A NetCDF file whose fields have their places beforehand."""

    folder: Path
    specs: Specs
    name = "laid out"

    @property
    def placed(self) -> int:
        """See `Growing.placed`: a step of each field."""
        return len(self.specs)

    def open(self, specs: Specs) -> LaidOutFile:
        """See `Growing.open`."""
        from temdeep.engine.laid_out import LaidOutFile  # noqa: PLC0415

        return LaidOutFile(self.folder / LAID_OUT, specs)

    def create(self, frame: xr.Dataset, specs: Specs, older: Older | None) -> None:  # noqa: ARG002
        """See `Growing.create`."""
        self.open(specs).create(frame)

    def mend(self) -> None:
        """See `Growing.mend`."""
        self.open(self.specs).mend()

    def widen(self, frame: xr.Dataset, specs: Specs, name: str, spec: FieldSpec) -> None:
        """See `Growing.widen`."""
        self.open(specs).store_wider(frame, name, spec)

    def complete(
        self,
        frame: xr.Dataset,  # noqa: ARG002 - of the protocol
        specs: Specs,
        final: Specs,  # noqa: ARG002
        progress: Callable[[int], None],  # noqa: ARG002
    ) -> Path:
        """See `Growing.complete`."""
        file = self.open(specs)
        file.sync(0, 0)
        return file.path

    def stop(self) -> None:
        """See `Growing.stop`: nothing is written behind."""


def _plain(specs: Specs) -> dict[str, FieldSpec]:
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
