"""A run that was killed goes on where it was, and what comes out is as if nothing had happened."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr
from tests.engine.making import mixed, save
from zarr.core.sync import _get_loop

import temdeep
from temdeep.cli.main import main
from temdeep.engine import journal, layout, pieces
from temdeep.engine.journal import Journal
from temdeep.engine.laid_out import LaidOutFile
from temdeep.engine.spool import Spool
from temdeep.engine.zarr_store import ZarrStore, finish_writes

FORMATS = ["out.nc", "out.zarr"]
TIMES = 60

DOWNSCALE = """
import os, sys
from pathlib import Path
from temdeep.engine import growing, journal, laid_out, layout, pieces, spool, work, zarr_store
pieces.WINDOW_BYTES = growing.CHUNK_BYTES = work.WRITTEN_BYTES = 1  # small pieces
layout.CHUNK_BYTES, layout.MOST_SHARD_TIMES = 320, 1
what, left, how = sys.argv.pop(1), int(sys.argv.pop(1)), int(sys.argv.pop(1))
def counted(done):
    def call(self, *arguments):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), how)
        return done(self, *arguments)
    return call
stores = (zarr_store.ZarrStore, laid_out.LaidOutFile)
owners = ((spool.Spool,), stores, (journal.Journal,), (spool,), (Path,))
for owner in next(some for some in owners if any(hasattr(one, what) for one in some)):
    if hasattr(owner, what):
        setattr(owner, what, counted(getattr(owner, what)))
from temdeep.cli.main import main
sys.argv.insert(1, "downscale")
sys.exit(main())
"""


def downscale(
    folder: Path, target: str, *options: str, killed_at: tuple[str, int] = ("write", 0)
) -> subprocess.CompletedProcess[str]:
    """Fill `in.nc` hourly; killed when something is called for the n-th time."""
    asked = [*command(target, killed_at, signal.SIGKILL), *options]
    return subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)


def command(target: str, at: tuple[str, int], how: signal.Signals) -> list[str]:
    program = [sys.executable, "-c", DOWNSCALE, at[0], str(at[1]), str(int(how)), "in.nc"]
    return [*program, "-o", target, "--step", "1h", "--method", "cubic"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A series whose temperature outgrows its packing in the second half."""
    dataset = mixed(count=TIMES)
    late = dataset["t2m"].isel(time=slice(TIMES // 2, None))
    late[...] = np.where(np.arange(TIMES // 2)[:, None, None] // 2 % 2, 607.66, -47.66)
    for name, length in {"t2m": 2, "sp": 4, "tp": 8}.items():
        dataset[name].encoding["chunksizes"] = (length, 4, 5)
    return save(dataset, tmp_path_factory.mktemp("restart"))


@pytest.fixture(scope="module")
def uninterrupted(source: Path) -> Path:
    for target in FORMATS:
        done = downscale(source.parent, target)
        assert done.returncode == 0, done.stderr
        assert "'t2m' is stored as int32 instead of int16" in done.stderr
    return source.parent


@pytest.fixture
def place(source: Path, tmp_path: Path) -> Path:
    shutil.copy2(source, tmp_path / "in.nc")
    return tmp_path


def bytes_of(store: Path) -> dict[str, bytes]:
    """All files of a store but for times of day and how it was asked for."""
    own = rb"\d{4}-\d\d-\d\dT[0-9:]{8}Z| --workers 2| --append|\"in.nc\", \d+, \d+"
    return {
        str(path.relative_to(store)): re.sub(own, b"", path.read_bytes())
        for path in store.rglob("*")
        if path.is_file()
    }


def assert_same(left: Path, right: Path) -> None:
    if left.is_dir():
        assert bytes_of(left) == bytes_of(right)
        return
    with netCDF4.Dataset(left) as one, netCDF4.Dataset(right) as other:
        assert set(one.variables) == set(other.variables)
        for name in one.variables:
            one[name].set_auto_maskandscale(False)
            other[name].set_auto_maskandscale(False)
            np.testing.assert_array_equal(one[name][:], other[name][:])
            assert one[name].ncattrs() == other[name].ncattrs()


KILLED_AT = {
    "out.zarr": [("write", 20), ("write", 90), ("add", 4), ("store_wider", 1), ("finish", 1)],
    "out.nc": [("write", 90), ("finish", 1)],
}


@pytest.mark.parametrize(
    ("target", "killed_at"), [(name, at) for name, points in KILLED_AT.items() for at in points]
)
def test_a_killed_run_goes_on_to_the_same_bytes(
    place: Path, uninterrupted: Path, target: str, killed_at: tuple[str, int]
) -> None:
    killed = downscale(place, target, killed_at=killed_at)
    assert killed.returncode == -9
    assert not (place / target).exists()
    done = downscale(place, target)
    assert done.returncode == 0, done.stderr
    assert_same(place / target, uninterrupted / target)
    assert sorted(os.listdir(place)) == ["in.nc", target]  # noqa: PTH208 - hidden ones count


def test_a_run_killed_before_its_output_has_its_name_does_nothing_again(
    place: Path, uninterrupted: Path
) -> None:
    downscale(place, "out.zarr", killed_at=("_rename", 1))
    done = downscale(place, "out.zarr", killed_at=("add", 1))  # would be killed by any piece
    assert done.returncode == 0
    assert_same(place / "out.zarr", uninterrupted / "out.zarr")


def test_a_run_killed_once_its_output_has_its_name_has_done_all(
    place: Path, uninterrupted: Path
) -> None:
    assert downscale(place, "out.zarr", killed_at=("remove", 1)).returncode == -9
    with (
        xr.open_dataset(place / "out.zarr") as found,
        xr.open_dataset(uninterrupted / "out.zarr") as whole,
    ):
        xr.testing.assert_equal(found, whole)
    again = downscale(place, "out.zarr")
    assert "out.zarr exists already: say --overwrite" in again.stderr
    assert_same(place / "out.zarr", uninterrupted / "out.zarr")
    assert sorted(os.listdir(place)) == ["in.nc", "out.zarr"]  # noqa: PTH208 - hidden ones count


def test_how_wrong_values_may_be_goes_on_to_the_same_bytes(place: Path) -> None:
    asked = ("--variable", "sp", "--uncertainty", "--quantiles", "0.05")
    assert downscale(place, "out.zarr", *asked, killed_at=("add", 3)).returncode == -9
    assert "2 pieces had been done before" in downscale(place, "out.zarr", *asked).stderr
    with xr.open_dataset(place / "in.nc") as source:
        whole = temdeep.downscale(
            source[["sp"]].load(), step="1h", method="cubic", uncertainty=True, quantiles=[0.05]
        )
    with xr.open_dataset(place / "out.zarr") as found:
        for name in ("sp", "sp_standard_deviation", "sp_percentile_5"):
            np.testing.assert_array_equal(found[name].values, whole[name].values)


def test_what_was_done_is_not_done_again(place: Path) -> None:
    downscale(place, "out.zarr", killed_at=("add", 4))
    before = {path: path.stat().st_mtime_ns for path in place.rglob("sp/c/*/*/*")}
    done = downscale(place, "out.zarr")
    assert "3 pieces had been done before" in done.stderr
    moved = {place / "out.zarr" / path.relative_to(place / ".out.zarr.partial") for path in before}
    first = sorted(moved)[0]
    kept = before[place / ".out.zarr.partial" / first.relative_to(place / "out.zarr")]
    assert first.stat().st_mtime_ns == kept


def test_the_time_in_the_history_is_that_of_the_first_run(place: Path) -> None:
    for target in FORMATS:
        downscale(place, target, killed_at=("add", 3))
    begun = (place / ".out.zarr.partial" / "temdeep_journal.jsonl").read_text()
    when = re.findall(r'"history": "([0-9TZ:-]+):', begun)[0]
    for target in FORMATS:
        assert downscale(place, target).returncode == 0
        with xr.open_dataset(place / target, decode_times=False) as found:
            history = str(found.attrs["history"])
        assert re.match(r"\d{4}-\d\d-\d\dT[0-9:]{8}Z", history)
        if target == "out.zarr":
            assert history.startswith(when)


def test_another_request_is_refused_until_told_to_begin_anew(place: Path) -> None:
    downscale(place, "out.zarr", killed_at=("add", 3))
    other = downscale(place, "out.zarr", "--variable", "sp")
    assert other.returncode == 2
    assert (
        "holds unfinished work of another request (variable: nothing, now ['sp'])" in other.stderr
    )
    assert "say --restart to begin anew" in other.stderr
    anew = downscale(place, "out.zarr", "--variable", "sp", "--restart")
    assert anew.returncode == 0, anew.stderr
    with xr.open_dataset(place / "out.zarr") as found:
        assert "t2m" not in found


def test_work_that_was_divided_otherwise_and_a_broken_journal_are_refused(place: Path) -> None:
    """Pieces of an earlier form may share chunks with those of now."""
    downscale(place, "out.zarr", killed_at=("add", 3))
    kept = place / ".out.zarr.partial" / journal.NAME
    first, *others = kept.read_text().splitlines(keepends=True)
    earlier = {name: value for name, value in json.loads(first).items() if name != "form"}
    for text, words in (
        (json.dumps(earlier) + "\n" + "".join(others), "of an earlier temdeep that divided it"),
        ('{"a": \n' + "".join(others), "is broken, and what it tells of cannot be gone on with"),
        ("[1]\n" + "".join(others), "is broken, and what it tells of cannot be gone on with"),
    ):
        kept.write_text(text)
        refused = downscale(place, "out.zarr")
        assert refused.returncode == 2
        assert words in refused.stderr
        assert kept.read_text() == text
    assert downscale(place, "out.zarr", "--restart").returncode == 0


def test_a_changed_input_is_refused(place: Path) -> None:
    downscale(place, "out.nc", killed_at=("add", 3))
    with netCDF4.Dataset(place / "in.nc", "a") as file:
        file["sp"][5] = 1e5
    other = downscale(place, "out.nc")
    assert other.returncode == 2
    assert f"{place / 'in.nc'} has changed since" in other.stderr


def test_a_journal_cut_short_by_a_kill_counts_up_to_there(place: Path, uninterrupted: Path) -> None:
    downscale(place, "out.zarr", killed_at=("add", 3))
    kept = place / ".out.zarr.partial" / journal.NAME
    kept.write_text(kept.read_text() + '{"done": [0, 1')
    assert downscale(place, "out.zarr").returncode == 0
    assert_same(place / "out.zarr", uninterrupted / "out.zarr")


def test_damage_in_the_middle_is_named_and_the_work_goes_on_after_mending(
    place: Path, uninterrupted: Path
) -> None:
    with netCDF4.Dataset(place / "in.nc", "a") as file:
        good = file["sp"][40]
        file["sp"][40] = np.inf
    failed = downscale(place, "out.zarr")
    assert failed.returncode == 2
    assert "'sp' in in.nc has infinite values at 2019-03-06T00:00" in failed.stderr
    assert "run the same again to go on" in failed.stderr
    with netCDF4.Dataset(place / "in.nc", "a") as file:
        file["sp"][40] = good
    done = downscale(place, "out.zarr")
    assert done.returncode == 0, done.stderr
    assert "pieces had been done before" in done.stderr
    assert_same(place / "out.zarr", uninterrupted / "out.zarr")


@pytest.mark.parametrize(
    ("target", "at"),
    [("out.zarr", ("create", 1)), ("out.zarr", ("add", 2)), ("out.nc", ("add", 2))],
)
def test_a_second_start_leaves_alone_what_another_run_holds(
    place: Path,
    uninterrupted: Path,
    target: str,
    at: tuple[str, int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = command(target, at, signal.SIGSTOP)
    first = subprocess.Popen(asked, cwd=place, stderr=subprocess.PIPE, text=True)
    try:
        assert os.WIFSTOPPED(os.waitpid(first.pid, os.WUNTRACED)[1])  # it rests
        monkeypatch.chdir(place)
        same = ["downscale", "in.nc", "-o", target, "--step", "1h", "--method", "cubic"]
        for more in ([], ["--restart"], ["--overwrite"], ["--variable", "sp"]):
            assert main([*same, *more]) == 2
            assert "another run is writing into" in capsys.readouterr().err
        first.send_signal(signal.SIGCONT)
        _, told = first.communicate(timeout=120)
        assert first.returncode == 0, told
    finally:
        first.kill()
    assert_same(place / target, uninterrupted / target)
    assert sorted(os.listdir(place)) == ["in.nc", target]  # noqa: PTH208 - hidden ones count


def test_appending_leaves_alone_what_another_run_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = mixed(count=9)
    save(whole.isel(time=slice(5)), tmp_path)
    same = ["downscale", "in.nc", "-o", "out.zarr", "--step", "1h", "--method", "linear"]
    assert main(same) == 0
    (tmp_path / "in.nc").unlink()  # the file that was read may still be open
    save(whole, tmp_path)
    held = Journal(tmp_path / ".out.zarr.partial" / journal.NAME)
    held.hold()
    (held.path.parent / "of another").touch()
    assert main([*same, "--append"]) == 2
    assert "another run is writing into" in capsys.readouterr().err
    assert sorted(one.name for one in held.path.parent.iterdir()) == ["of another", journal.NAME]
    held.release()
    assert main([*same, "--append"]) == 0
    assert sorted(os.listdir(tmp_path)) == ["in.nc", "out.zarr"]  # noqa: PTH208 - hidden ones count


def test_a_run_begins_anew_where_another_request_was_killed_before_anything_was_done(
    place: Path,
) -> None:
    assert downscale(place, "out.zarr", killed_at=("write", 1)).returncode == -9
    other = downscale(place, "out.zarr", "--variable", "sp")
    assert other.returncode == 0, other.stderr
    with xr.open_dataset(place / "out.zarr") as found:
        assert set(found.data_vars) & {"t2m", "sp", "tp"} == {"sp"}


@pytest.mark.parametrize("target", FORMATS)
def test_a_piece_counts_once_the_disk_holds_it(
    place: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def noting(owner: type, name: str) -> None:
        own = getattr(owner, name)

        def noted(*arguments: Any) -> Any:
            found = own(*arguments)
            done.append(name)
            return found

        monkeypatch.setattr(owner, name, noted)

    for owner, name in product((ZarrStore, LaidOutFile), ("write", "sync")):
        noting(owner, name)
    noting(Spool, "add")
    monkeypatch.setattr(pieces, "WINDOW_BYTES", 1)
    monkeypatch.setattr(layout, "CHUNK_BYTES", 320)
    how = ["--variable", "sp", "--step", "1h", "--method", "linear"]
    assert main(["downscale", str(place / "in.nc"), "-o", str(place / target), *how]) == 0
    kept = [one for one in done if one != "write"]
    if target == "out.nc":
        assert kept.pop() == "sync"
    assert kept == ["sync", "add"] * (len(kept) // 2)
    assert len(kept) > 2
    assert done[0] == "write"


def test_what_a_stopped_run_still_writes_is_waited_for(tmp_path: Path) -> None:
    async def late() -> None:
        await asyncio.sleep(0.2)
        (tmp_path / "late").touch()

    asyncio.run_coroutine_threadsafe(late(), _get_loop())
    finish_writes()
    assert (tmp_path / "late").exists()
