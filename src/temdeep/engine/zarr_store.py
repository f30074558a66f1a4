"""A Zarr store, written part by part.

Knows: zarr, xarray. Must not know: series, methods, why it is written.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.core.sync import sync as sync_in_zarr
from zarr.errors import ZarrUserWarning

from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.stores import Values, sync

HALF_WRITTEN = ".partial"
"""Suffix of what the library leaves where it is killed while it writes a chunk."""

ASIDE, REPLACED = "temdeep_wider", "replaced"
"""Where a field is converted, inside a store, and what is named so there once it is done."""


def finish_writes() -> None:
    """Let what zarr still writes in its own thread end, after the writer was told to stop."""

    async def others() -> None:
        running = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*running, return_exceptions=True)

    sync_in_zarr(others())


class ZarrStore:
    """A Zarr store in a folder; raw numbers go in and out with time as the first axis.

    A chunk is replaced as a whole or not at all, so that a store whose writer was killed can be
    written on.
    """

    def __init__(self, path: Path, specs: Mapping[str, FieldSpec]) -> None:
        self.path, self._specs = path, dict(specs)
        self._group: Any = None

    def create(self, frame: xr.Dataset) -> None:
        """Make the store with all but the fields' values."""
        self._create(self.path, frame, self._specs)

    def create_bare(self) -> None:
        """Make a store of nothing but the fields' numbers, uncompressed, for this program alone.

        Unlike `create` it needs no dask, which is slow to load.
        """
        self._group = zarr.create_group(self.path)
        for name, spec in self._specs.items():
            self._group.create_array(
                name,
                shape=spec.shape,
                dtype=spec.storage.dtype,
                chunks=spec.chunks or spec.shape,
                fill_value=spec.storage.fill,
                compressors=None,
            )

    def write(self, name: str, first: int, raw: Values) -> None:
        """Write stored numbers of successive times."""
        spec, array = self._specs[name], self._array(name)
        if array.dtype != spec.storage.dtype:
            raise RuntimeError(f"'{name}' has become {array.dtype} meanwhile")
        array[spec.place(first, len(raw))] = np.moveaxis(raw, 0, spec.frame_axis)

    def read(self, name: str, first: int, count: int) -> Values:
        """Read back what was written."""
        spec = self._specs[name]
        raw = np.asarray(self._array(name)[spec.place(first, count)])
        return np.moveaxis(raw, spec.frame_axis, 0)

    def sync(self, first: int, count: int) -> None:
        """Have the disk hold successive times of all fields."""
        for name in self._specs:
            for key in self._files(name, first, count):
                file = self.path / name / key
                if file.is_file():  # one of nothing but fill values is not written
                    sync(file)

    def take_over(self, older: Path, name: str, count: int) -> None:
        """Have the first times of a field in common with an older store, which stays as it is.

        The files are the same, not copies, where the file system can do that.

        Args:
            older: Folder of that store; its field lies in the same chunks.
            name: The field.
            count: How many times, a whole number of files.
        """
        for key in self._files(name, 0, count):
            source, target = older / name / key, self.path / name / key
            if not source.is_file():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.hardlink_to(source)
            except OSError:
                shutil.copy2(source, target)

    def _files(self, name: str, first: int, count: int) -> Iterator[str]:
        """Names, inside a field's folder, of the files that hold successive times."""
        array, spec = self._array(name), self._specs[name]
        lengths = array.shards or array.chunks
        region = spec.place(first, count)
        ranges = []
        for axis, (size, length) in enumerate(zip(array.shape, lengths, strict=True)):
            asked = region[axis] if axis < len(region) else slice(None)
            whole = slice(asked, asked + 1) if isinstance(asked, int) else asked
            begin, end, _ = whole.indices(size)
            ranges.append(range(begin // length, -(-end // length)))
        for place in itertools.product(*ranges):
            yield str(array.metadata.encode_chunk_key(place))

    def storage_dtype(self, name: str) -> np.dtype[Any]:
        """What a field's numbers are stored as, as the store itself has it."""
        dtype: np.dtype[Any] = np.dtype(self._array(name).dtype)
        return dtype

    def store_wider(self, name: str, spec: FieldSpec) -> None:
        """Store a field in a wider storage from now on, and convert what is there.

        Killed half-way, the store is as before once `mend` was called.
        """
        aside, old = self.path / ASIDE, self._specs[name]
        self._create(aside, xr.Dataset(), {name: spec})
        wide = ZarrStore(aside, {name: spec})
        wide._array(name).attrs.put(self._attributes_in(name, wide._array(name).attrs.asdict()))
        for first, count in spec.blocks():
            raw = self.read(name, first, count)
            wide.write(name, first, spec.storage.convert(raw, old.storage))
            wide.sync(first, count)
        (self.path / name).rename(aside / REPLACED)
        (aside / name).rename(self.path / name)
        shutil.rmtree(aside)
        self._specs[name], self._group = spec, None

    def mend(self) -> None:
        """Put things right after `store_wider` was killed."""
        aside = self.path / ASIDE
        if (aside / REPLACED).exists():
            for name in self._specs:
                if not (self.path / name).exists():
                    (aside / name).rename(self.path / name)
        shutil.rmtree(aside, ignore_errors=True)

    def close(self) -> None:
        """Write what readers look for."""
        with warnings.catch_warnings():  # no specification has it; and of text
            warnings.simplefilter("ignore", ZarrUserWarning)
            warnings.simplefilter("ignore", FutureWarning)
            zarr.consolidate_metadata(zarr.storage.LocalStore(self.path))
        self._group = None
        for path in list(self.path.rglob("*")):
            if path.suffix == HALF_WRITTEN:
                path.unlink()
            elif path.is_file():
                sync(path)

    def _array(self, name: str) -> Any:
        if self._group is None:
            self._group = zarr.open_group(self.path, mode="r+", use_consolidated=False)
        return self._group[name]

    def _attributes_in(self, name: str, wide: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes of a field, with the packing and fill values of a wider storage."""
        packing = ("scale_factor", "add_offset", "_FillValue", "missing_value")
        own = self._array(name).attrs.asdict()
        return {
            **{key: value for key, value in own.items() if key not in packing},
            **{key: value for key, value in wide.items() if key in packing},
        }

    def _create(self, path: Path, frame: xr.Dataset, specs: Mapping[str, FieldSpec]) -> None:
        import dask.array as da  # noqa: PLC0415 - slow to load, and not for NetCDF outputs

        fields, encoding = {}, {}
        for name, spec in specs.items():
            dtype = np.float64 if spec.storage.packing() else spec.storage.dtype
            empty = da.zeros(spec.shape, dtype=dtype, chunks=spec.shape)  # never computed
            fields[name] = xr.Variable(spec.dims, empty, spec.all_attributes())
            encoding[name] = {
                "dtype": spec.storage.dtype,
                "chunks": spec.chunks,
                **({"shards": spec.shards} if spec.shards else {}),
                "_FillValue": spec.storage.fill,
                **spec.storage.packing(),
                **spec.filters,
            }
        whole = frame.assign(fields)
        with warnings.catch_warnings():  # of text in Zarr, and of integers without a fill value
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", xr.SerializationWarning)
            warnings.simplefilter("ignore", ZarrUserWarning)  # of the journal that is there
            whole.to_zarr(path, mode="a", compute=False, encoding=encoding, consolidated=False)
