"""A series need not fit into memory: what a training holds of it is on disk, to the same bits."""

import dataclasses
import errno
import gc
import os
import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.making import TINY, series
from tests.training.test_several import event

from temdeep.errors import OutputError
from temdeep.fields.series import Series, open_series, series_from_dataset
from temdeep.methods.places import PlaceBasis
from temdeep.methods.solar import Solar
from temdeep.training import coarse, held
from temdeep.training.coarse import CoarseData
from temdeep.training.fit import train
from temdeep.training.held import Held, Store
from temdeep.training.module import TrainingRun
from temdeep.training.parts import Part, parts_of, placeless


@contextmanager
def small_parts(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """So little at once that even a small series takes many parts."""
    with patch.context() as small:
        small.setattr(held, "PART_BYTES", 20_000)
        small.setattr(coarse, "AT_ONCE", 5_000)
        yield


def learnt_from(read: Series, folder: Path) -> Part:
    """What a training makes of a series before its first step; the last fifth is held out."""
    last = len(read.time) * 4 // 5
    solar = Solar(PlaceBasis.of(read.grid), {})
    settings = dataclasses.replace(TINY, without=())
    return Part.of(CoarseData.of(read, solar, settings, last, Store(folder)), last)


def test_what_is_read_in_parts_is_what_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = series(60)
    broken["t2m"][7:9, 2, 3] = np.nan
    whole = learnt_from(series_from_dataset(broken), tmp_path)
    with small_parts(monkeypatch):
        parts = learnt_from(series_from_dataset(broken), tmp_path)
    torch.testing.assert_close(
        parts.data.frames[:], whole.data.frames[:], rtol=1e-6, atol=1e-6, equal_nan=True
    )
    np.testing.assert_allclose(parts.index, whole.index, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(parts.data.daily.maps, whole.data.daily.maps)
    assert parts.data.daily.maps.any()
    values = (
        broken.t2m.values[:, :, :].astype(np.float64)
        - (parts.data.daily.at(series_from_dataset(broken).time.sun_time, parts.data.grid)[:, 0])
    )
    assert parts.data.settings.mean[0] == pytest.approx(np.nanmean(values), rel=1e-7)
    assert parts.data.settings.spread[0] == pytest.approx(np.nanstd(values), rel=1e-6)


def peak_bytes(path: Path, folder: Path) -> int:
    """Most that arrays take at once while a file is got ready to be learnt from."""
    read = open_series([path])
    tracemalloc.start()
    try:
        learnt_from(read, folder)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_series_of_eight_times_the_length_takes_hardly_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peaks = []
    with small_parts(monkeypatch):
        for number, count in enumerate((50, 50, 400)):  # the first for what stays loaded
            path = tmp_path / f"{number}.nc"
            made = series(count, shape=(24, 30)).drop_vars(["tp", "time_bnds"])
            made["time"].attrs.pop("bounds")
            made.to_netcdf(path)
            peaks.append(peak_bytes(path, tmp_path))
    longer = 350 * 3 * 24 * 30 * 4  # bytes more; all at once it would take six times as many
    assert peaks[2] - peaks[1] < 0.5 * longer


def test_some_of_what_is_held_is_a_copy_of_what_was_put() -> None:
    fields = np.random.default_rng(0).normal(size=(7, 2, 3, 4)).astype(np.float32)
    some = Held((2, 3, 4), Store())
    assert [some.add(fields[:4]), some.add(fields[4:])] == [0, 4]
    assert some.shape == (7, 2, 3, 4)
    times = torch.tensor([5, 0, 5])
    found = some[times, :, 1:3, slice(0, 2)]
    assert torch.equal(found, torch.from_numpy(fields)[times, :, 1:3, 0:2])
    found[:] = 0
    some.put(1, -fields[1:2])
    np.testing.assert_array_equal(some[[5, 1]], [fields[5], -fields[1]])


def test_what_a_pass_reads_of_the_frames_was_asked_for_while_the_one_before_was_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or was just made. Places in the file, so that a wrong one shows; two series."""
    asked, read, made = [set[int]()], [set[int]()], [set[int]()]
    ahead, write, found = Store.read_ahead, Store.write, Held.__getitem__
    step = TrainingRun.training_step

    def asking(store: Store, place: int, size: int) -> None:
        asked[-1].update(range(place, place + size, 4))
        ahead(store, place, size)

    def writing(store: Store, numbers: Any, place: int) -> None:
        made[-1].update(range(place, place + numbers.nbytes, 4))
        write(store, numbers, place)

    def reading(some: Held, key: Any) -> torch.Tensor:
        if isinstance(key, tuple) and len(key) == 4 and len(some.shape) == 4:
            (_, height, width), (times, _, rows, columns) = some.shape[1:], key
            cells = np.arange(height * width).reshape(height, width)[rows, columns]
            starts = [some._places[int(time)] for time in np.ravel(times)]
            for start in starts:
                for channel in range(some.shape[1]):
                    read[-1].update((start + 4 * (cells + channel * height * width)).ravel())
        return found(some, key)

    def stepping(run: TrainingRun, batch: torch.Tensor, batch_index: int) -> torch.Tensor:
        for one in (asked, read, made):
            one.append(set())
        return step(run, batch, batch_index)

    monkeypatch.setattr(Store, "read_ahead", asking)
    monkeypatch.setattr(Store, "write", writing)
    monkeypatch.setattr(Held, "__getitem__", reading)
    monkeypatch.setattr(TrainingRun, "training_step", stepping)
    settings = dataclasses.replace(TINY, samples=40, crop=5, without=("sun", "trial", "fallback"))
    train([event(30, (8, 9), seed=seed) for seed in range(2)], tmp_path / "run", settings=settings)
    passes = 10
    assert len(read) == 1 + settings.epochs * passes
    for i in range(2, passes):  # after the last one comes what is held out
        assert read[i] - made[i]
        assert read[i] <= asked[i - 1] | made[i]


def test_nothing_is_left_beside_a_model_and_a_full_disk_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OutputError, match=r"run cannot hold .* No space left on device; make room"):
        train(series(), tmp_path / "run", settings=TINY)
    assert not list((tmp_path / "run").iterdir())


def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"none cannot hold what is learnt from: No such file"):
        Store(tmp_path / "none")


def open_files() -> list[int]:
    """Descriptors of this process."""
    return [int(one.name) for one in Path("/proc/self/fd").iterdir()]


def nameless_files() -> int:
    """Descriptors of files that have no name any more, or never had one."""
    links = [Path("/proc/self/fd", str(one)) for one in open_files()]
    return sum(one.is_symlink() and str(one.readlink()).endswith("(deleted)") for one in links)


def test_arrays_of_many_series_take_one_descriptor_and_places_that_are_free_again() -> None:
    gc.collect()  # what others leave is not to go in the middle
    before = nameless_files()
    store = Store()
    many = [Held((2, size), store) for size in (3, 4) for _ in range(200)]
    rng = np.random.default_rng(0)
    each = [rng.normal(size=(5, *one.shape[1:])).astype(np.float32) for one in many]
    for turn in range(5):  # side by side, as trainings add motions
        for one, fields in zip(many, each, strict=True):
            assert one.add(fields[turn : turn + 1]) == turn
    assert nameless_files() == before + 1
    for one, fields in zip(many, each, strict=True):
        assert torch.equal(one[:], torch.from_numpy(fields))
        assert torch.equal(one[[4, 1], 1, 1:3], torch.from_numpy(fields)[[4, 1], 1, 1:3])
    taken = len(store.mapped())
    del many[:200], one
    more = Held((2, 3), store)
    assert more.add(each[0] + 1) == 0
    assert len(store.mapped()) == taken
    assert torch.equal(more[:], torch.from_numpy(each[0] + 1))
    assert torch.equal(many[0][:], torch.from_numpy(each[200]))
    del many, more, store
    assert nameless_files() == before


def test_more_series_than_files_may_be_open_are_learnt_from(tmp_path: Path) -> None:
    """40 files at most beyond those that are open; each of 60 series needs three arrays."""
    open_now = max(open_files())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    events = [series_from_dataset(event(4, (8, 9), seed=seed)) for seed in range(60)]
    settings = dataclasses.replace(TINY, crop=8)
    store = Store(tmp_path)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 40, hard))
    try:
        several = parts_of(events, placeless(events[0]), settings, [4] * len(events), store)
        first, *others = several
        run = TrainingRun(first.data, settings, 4, first.index, others)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert run.batches == 2
    frames = several[-1].data.frames[:]
    assert torch.isfinite(frames).all()
    assert frames.std() > 0
