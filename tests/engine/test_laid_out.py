"""A NetCDF file that is laid out beforehand is as the library would have written it."""

import itertools
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr
from tests.engine.making import SHAPE, mixed, opened, temperature
from tests.engine.test_restart import assert_same, downscale, place, source

from temdeep.engine import laid_out
from temdeep.engine.describing import draw_up
from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.laid_out import LaidOutFile, can_be_laid_out
from temdeep.engine.layout import AS_USUAL, Layout
from temdeep.engine.origin import Origin
from temdeep.engine.packing import Storage, ladder
from temdeep.engine.plan import plan
from temdeep.engine.record import Made
from temdeep.engine.spool import Spool
from temdeep.engine.work import Filling
from temdeep.engine.writers import Manner, write
from temdeep.errors import OutputError
from temdeep.methods.cubic import Cubic

__all__ = ["place", "source"]  # fixtures

UNCOMPRESSED = ("--compress", "0")


@pytest.fixture(scope="module")
def at_once(source: Path) -> Path:
    folder = source.parent / "at_once"
    folder.mkdir()
    (folder / "in.nc").write_bytes(source.read_bytes())
    done = downscale(folder, "out.nc", *UNCOMPRESSED)
    assert done.returncode == 0, done.stderr
    assert "'t2m' is stored as int32 instead of int16" in done.stderr
    return folder / "out.nc"


def killed(place: Path, what: str, count: int) -> None:
    done: subprocess.CompletedProcess[str] = downscale(
        place, "out.nc", *UNCOMPRESSED, killed_at=(what, count)
    )
    assert done.returncode == -9
    assert not (place / "out.nc").exists()


@pytest.mark.parametrize(
    "killed_at",
    [
        ("write", 90),
        ("rename", 2),  # while a field that was widened takes the place of the narrow one
        ("_rename", 1),
    ],
)
def test_a_killed_run_goes_on_to_the_same_file(
    place: Path, at_once: Path, killed_at: tuple[str, int]
) -> None:
    killed(place, *killed_at)
    done = downscale(place, "out.nc", *UNCOMPRESSED)
    assert done.returncode == 0, done.stderr
    assert_same(place / "out.nc", at_once)
    assert sorted(one.name for one in place.iterdir()) == ["in.nc", "out.nc"]


def test_what_was_done_is_in_the_file_and_is_not_done_again(place: Path, at_once: Path) -> None:
    killed(place, "add", 4)
    partial = place / ".out.nc.partial" / "laid_out" / "whole.nc"
    with xr.open_dataset(partial) as found, xr.open_dataset(at_once) as whole:
        np.testing.assert_array_equal(found["sp"][:8], whole["sp"][:8])
        assert found["sp"].shape == whole["sp"].shape
    assert "3 pieces had been done before" in downscale(place, "out.nc", *UNCOMPRESSED).stderr


def with_gaps() -> xr.Dataset:
    made = temperature([280, 281, 285, 270], _FillValue=np.float32(-999), missing_value=-999.0)
    made["t2m"][2, 1, 3] = np.nan
    return made


def big_endian() -> xr.Dataset:
    return temperature([280, 281, 285], dtype=">f4", _FillValue=None)


def at_the_edge() -> xr.Dataset:
    return temperature([280, 281, 285], chunksizes=(2, 3, 2), zlib=False)


def lettered() -> xr.Dataset:
    """Members with names, in front of time, and a length of time that has no chunks."""
    made = temperature([280, 281, 285]).drop_encoding()
    members = made["t2m"].expand_dims(member=["kalt", "wärmer"]) * np.float32(1.1)
    return made.assign(t2m=members.assign_attrs(made["t2m"].attrs))


@pytest.mark.parametrize(
    "made",
    [lambda: temperature([1, 2, 3]), mixed, with_gaps, big_endian, at_the_edge, lettered],
    ids=["plain", "mixed", "gaps", "big endian", "edge", "members"],
)
def test_it_is_as_the_library_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Callable[[], xr.Dataset]
) -> None:
    series = opened(made(), tmp_path)
    manner = Manner(layout=Layout(compression=0) if "sp" in series.dataset else AS_USUAL)
    written, wanted = laid_out.LaidOutFile.write, plan(series, step="1h")
    counts = itertools.count()

    def counted(*arguments: Any) -> None:
        next(counts)
        written(*arguments)

    monkeypatch.setattr(laid_out.LaidOutFile, "write", counted)
    write(series, Cubic(), wanted, tmp_path / "laid.nc", manner=manner)
    assert next(counts) > 0
    monkeypatch.setattr(laid_out, "can_be_laid_out", lambda *_: False)
    write(series, Cubic(), wanted, tmp_path / "copied.nc", manner=manner)
    with (
        netCDF4.Dataset(tmp_path / "laid.nc") as laid,
        netCDF4.Dataset(tmp_path / "copied.nc") as copied,
    ):
        assert headers(laid) == headers(copied)
        for name, variable in laid.variables.items():
            variable.set_auto_maskandscale(False)
            copied[name].set_auto_maskandscale(False)
            here, there = np.asarray(variable[...]), np.asarray(copied[name][...])
            assert here.dtype == there.dtype
            np.testing.assert_array_equal(here, there)
    with (
        xr.open_dataset(tmp_path / "laid.nc") as one,
        xr.open_dataset(tmp_path / "copied.nc") as other,
    ):
        xr.testing.assert_identical(one, other)


def headers(file: Any) -> dict[str, Any]:
    """All of a file but for values."""
    return {
        "dims": [(name, len(dim), dim.isunlimited()) for name, dim in file.dimensions.items()],
        "format": file.data_model,
        "attributes": attributes(file),
        "variables": [
            (
                name,
                str(one.dtype),
                one.dimensions,
                attributes(one),
                one.chunking(),
                one.filters(),
                repr(one.get_fill_value()) if one.dtype != str else "",
                one.endian() if one.dtype != str else "",
            )
            for name, one in file.variables.items()
        ],
    }


def attributes(thing: Any) -> list[tuple[str, str, str]]:
    values = [(name, thing.getncattr(name)) for name in thing.ncattrs()]
    return [(name, str(type(one)), repr(np.asarray(one))) for name, one in values]


@pytest.mark.parametrize("seed", range(8))
def test_times_written_in_any_order_are_where_they_belong(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    axis, shape = int(rng.integers(0, 3)), tuple(map(int, rng.integers(1, 9, 3)))
    chunks = tuple(int(rng.integers(1, size + 1)) for size in shape) if seed % 4 else None
    specs = {
        name: FieldSpec(("a", "b", "c"), shape, axis, Storage(np.dtype(dtype)), chunks, {})
        for name, dtype in {"one": np.float32, "two": np.int16}.items()
    }
    values = {name: rng.integers(-9, 9, shape).astype(s.storage.dtype) for name, s in specs.items()}
    LaidOutFile(tmp_path / "laid_out", specs).create(xr.Dataset())
    blocks = [(name, first, n) for name, spec in specs.items() for first, n in spec.blocks()]
    for index in rng.permutation(len(blocks)):
        name, first, count = blocks[index]
        times = np.moveaxis(values[name], axis, 0)[first : first + count]
        store = LaidOutFile(tmp_path / "laid_out", specs)
        store.write(name, first, times)
        np.testing.assert_array_equal(store.read(name, first, count), times)
    with netCDF4.Dataset(tmp_path / "laid_out" / "whole.nc") as file:
        for name, whole in values.items():
            np.testing.assert_array_equal(file[name][:], whole)


NARROW = Storage(np.dtype(np.int16), scale=0.5, offset=3.0, fill=-9)


@pytest.mark.parametrize("stopped_at", [1, 2])
def test_a_field_is_widened_wholly_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_at: int
) -> None:
    dims, shape = ("time", "lat", "lon"), (6, *SHAPE)
    narrow = {"a": FieldSpec(dims, shape, 0, NARROW, (2, 3, 2), {"units": "K"})}
    wide = {"a": replace(narrow["a"], storage=ladder(NARROW)[2])}
    frame, values = xr.Dataset(attrs={"title": "made"}), np.arange(80).reshape(4, *SHAPE)
    values[0, 0, 0] = -9
    store, rename = LaidOutFile(tmp_path / "laid_out", narrow), Path.rename
    store.create(frame)
    store.write("a", 2, values.astype(np.int16))  # the first two are not there yet
    calls = itertools.count(1)

    def stopping(path: Path, target: Path) -> Path:
        if next(calls) == stopped_at:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", stopping)
    with pytest.raises(KeyboardInterrupt):
        store.store_wider(frame, "a", wide["a"])
    monkeypatch.undo()
    store.mend()
    now, dtype = (narrow, np.int16) if stopped_at == 1 else (wide, np.float64)
    found = LaidOutFile(tmp_path / "laid_out", now)
    assert found.storage_dtype("a") == dtype
    stored = values if stopped_at == 1 else np.where(values == -9, np.nan, values * 0.5 + 3)
    np.testing.assert_array_equal(found.read("a", 2, 4), stored)
    assert [one.name for one in tmp_path.iterdir()] == ["laid_out"]
    with netCDF4.Dataset(found.path) as file:
        assert (file.title, file["a"].units) == ("made", "K")


def drawn(dataset: xr.Dataset, folder: Path, layout: Layout = AS_USUAL) -> Any:
    series = opened(dataset, folder)
    return draw_up(Filling(series, Cubic(), plan(series, step="1h")), ".nc", layout, {})


def of_other_lengths() -> xr.Dataset:
    made = temperature(np.arange(20), chunksizes=(4, *SHAPE))
    made["sp"] = made["t2m"].assign_attrs(standard_name="surface_air_pressure", units="Pa")
    made["sp"].encoding["chunksizes"] = (3, *SHAPE)
    return made


@pytest.mark.parametrize(
    ("dataset", "layout"),
    [
        (temperature([1, 2, 3], zlib=True), AS_USUAL),
        (temperature([1, 2, 3], fletcher32=True, chunksizes=(1, *SHAPE)), AS_USUAL),
        (temperature([1, 2, 3]), Layout(compression=1)),
        (of_other_lengths(), AS_USUAL),
    ],
    ids=["compressed", "with checksums", "to be compressed", "chunks of 3 and of 4 times"],
)
def test_what_has_no_places_beforehand_is_not_laid_out(
    tmp_path: Path, dataset: xr.Dataset, layout: Layout
) -> None:
    whole = drawn(dataset, tmp_path, layout)
    assert not can_be_laid_out(whole.frame, whole.specs)


def test_unfinished_work_in_one_file_is_refused_to_many_machines(tmp_path: Path) -> None:
    whole, origin = drawn(temperature([1, 2, 3]), tmp_path), Origin({}, {})
    spool = Spool(tmp_path / "out.nc", whole.frame, whole.specs, origin)
    spool.open(restart=False)
    spool.add((0, 0), Made("", {}))
    spool._journal.release()  # as if killed
    other = Spool(tmp_path / "out.nc", whole.frame, whole.specs, origin, shared=True)
    with pytest.raises(OutputError, match=r"one machine alone .*: run the same without --dask"):
        other.open(restart=False)
    assert not other.open(restart=True)
    other.leave()
