"""A store that is appended to is what it would be had all been made at once, to the byte."""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import mixed, save
from tests.engine.test_restart import bytes_of, downscale

from temdeep.cli.main import main
from temdeep.engine import layout, pieces, record, spool
from temdeep.fields.opening import times_in
from temdeep.methods.cubic import Cubic

FILES = ["--chunks", "time=6,lat=2", "--shards", "time=12", "--compress", "5"]

TIMES, DAY = 40, 8
"""Of the whole series, and of its last day."""

WAVES = np.array([607.0, 500.0, 607.0, 550.0, 550.0, 280.0, 550.0, -40.0])
"""Temperatures around the end of what is known first, found by trial."""

HOURLY = ["--step", "1h", "--method", "cubic"]


def whole() -> xr.Dataset:
    """Three-hourly; on the last day a spline outgrows the packing of temperature."""
    return hot(mixed(count=TIMES), TIMES - 4)


def hot(made: xr.Dataset, first: int) -> xr.Dataset:
    """Two frames at the upper end of what the packing holds."""
    made["t2m"][first : first + 2] = 607.66
    return made


def until(count: int) -> xr.Dataset:
    return whole().isel(time=slice(0, count))


def fill(*options: str, source: str = "in.nc", target: str = "out.zarr") -> int:
    """Run the command, as if from a shell."""
    command = [source, "-o", target, *options]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["temdeep", "downscale", *command])
        return main(["downscale", *command, "--quiet"])


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Chunks and pieces as small as the fields."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "CHUNK_BYTES", 320)
        patch.setattr(layout, "MOST_SHARD_TIMES", 1)
        patch.setattr(pieces, "WINDOW_BYTES", 1)
        yield


@pytest.fixture(scope="module")
def begun(small: None, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001
    """A folder with a store of all but the last day, and what it was made of."""
    folder = tmp_path_factory.mktemp("begun")
    made_in(folder, until(TIMES - DAY), *HOURLY)
    return folder


@pytest.fixture(scope="module")
def complete(small: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:  # noqa: ARG001
    """The store of the whole series."""
    return made_in(tmp_path_factory.mktemp("complete"), whole(), *HOURLY)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def place(begun: Path, empty: Path) -> Path:
    """A folder to work in, with a store, and the series with one more day."""
    shutil.copytree(begun, empty, dirs_exist_ok=True)
    put(whole(), empty)
    return empty


def made_in(folder: Path, dataset: xr.Dataset, *options: str) -> dict[str, bytes]:
    """The store that a series makes at once."""
    folder.mkdir(exist_ok=True)
    save(dataset, folder)
    with contextlib.chdir(folder):
        assert fill(*options) == 0
    return bytes_of(folder / "out.zarr")


def put(dataset: xr.Dataset, folder: Path, name: str = "in.nc") -> None:
    """Have a series replace another one, that may still be open."""
    save(dataset, folder, f"new_{name}").replace(folder / name)


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))  # noqa: PTH208 - hidden ones count


@pytest.mark.parametrize(
    "options",
    [
        HOURLY,
        ["--step", "50min", "--method", "linear", "--variable", "tp,sp", *FILES],
    ],
)
def test_day_by_day_makes_what_all_at_once_makes(empty: Path, options: list[str]) -> None:
    made_in(empty, until(TIMES - 2 * DAY), *options)
    for count in (TIMES - DAY - 3, TIMES):
        put(until(count), empty)
        assert fill(*options, "--append") == 0
    assert bytes_of(empty / "out.zarr") == made_in(empty / "at_once", whole(), *options)
    assert names_in(empty) == ["at_once", "in.nc", "out.zarr"]


def test_a_packing_that_was_outgrown_before_stays_so(empty: Path) -> None:
    made = hot(mixed(count=TIMES), TIMES - DAY - 4)
    made_in(empty, made.isel(time=slice(0, TIMES - DAY)), *HOURLY)
    put(made, empty)
    assert fill(*HOURLY, "--append") == 0
    assert bytes_of(empty / "out.zarr") == made_in(empty / "at_once", made, *HOURLY)


def test_a_packing_that_only_the_end_outgrew_is_narrow_again_once_more_is_known(
    empty: Path,
) -> None:
    """What a spline makes of its end overshoots here, but not once it is known what follows."""
    made, known = mixed(count=TIMES), TIMES - DAY
    made["t2m"][...] = 280.0
    made["t2m"][known - 4 : known + 4] = WAVES[:, None, None]
    made_in(empty, made.isel(time=slice(0, known)), *HOURLY)
    before = record.read(empty / "out.zarr")
    put(made, empty)
    assert fill(*HOURLY, "--append") == 0
    after = record.read(empty / "out.zarr")
    assert before is not None
    assert after is not None
    assert (before.levels()["t2m"], after.levels()["t2m"]) == (1, 0)
    assert bytes_of(empty / "out.zarr") == made_in(empty / "at_once", made, *HOURLY)


def test_a_day_that_is_packed_otherwise_makes_what_it_makes_at_once(empty: Path) -> None:
    """What a whole piece of work is then not packed at all, from its begin."""
    made, linear = mixed(count=TIMES), ["--step", "1h", "--method", "linear"]
    first, last = made.isel(time=slice(0, 29)), made.isel(time=slice(29, None)).copy(deep=True)
    last["t2m"].encoding = {**last["t2m"].encoding, "scale_factor": 0.013}
    (empty / "at_once").mkdir()
    for folder in (empty, empty / "at_once"):
        save(first, folder, "day0.nc")
    assert fill(*linear, source="day*.nc") == 0
    for folder in (empty, empty / "at_once"):
        save(last, folder, "day1.nc")
    assert fill(*linear, "--append", source="day*.nc") == 0
    with contextlib.chdir(empty / "at_once"):
        assert fill(*linear, source="day*.nc") == 0
    with xr.open_zarr("out.zarr") as one, xr.open_zarr("at_once/out.zarr") as other:
        assert one["t2m"].encoding["dtype"] == np.float64
        xr.testing.assert_equal(one, other)


def test_only_what_the_new_times_reach_is_made(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.stat().st_ino for path in (place / "out.zarr/sp/c").rglob("0")}
    made = []
    filled = Cubic.fill

    def counted(self: Cubic, *arguments: Any) -> Any:
        made.append(arguments)
        return filled(self, *arguments)

    monkeypatch.setattr(Cubic, "fill", counted)
    put(mixed(count=TIMES), place)
    assert fill(*HOURLY, "--append") == 0
    assert len(made) <= DAY + Cubic().context + 2
    files = [path for path in before if path.is_file()]
    kept = [path for path in files if path.stat().st_ino == before[path]]
    assert len(kept) >= 16  # of two times each


def test_the_store_is_as_it_was_until_all_is_made(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, seen = bytes_of(place / "out.zarr"), []
    finish = spool.Spool.finish

    def looking(self: spool.Spool, *arguments: Any) -> None:
        seen.append(bytes_of(place / "out.zarr") == before)
        finish(self, *arguments)

    monkeypatch.setattr(spool.Spool, "finish", looking)
    assert fill(*HOURLY, "--append") == 0
    assert seen == [True]


def other_packing(made: xr.Dataset) -> None:
    made["t2m"].encoding["scale_factor"] = 0.02


def other_place(made: xr.Dataset) -> None:
    made["lat"] = made["lat"] + 0.5


def other_ground(made: xr.Dataset) -> None:
    made["orog"][0, 0] += 1


def other_value(made: xr.Dataset) -> None:
    made["sp"][4, 1, 1] += 1


def other_sum(made: xr.Dataset) -> None:
    made["tp"][TIMES - DAY - 1, 1, 1] += 0.05


def other_kind(made: xr.Dataset) -> None:
    made["tp"].attrs["cell_methods"] = "time: mean"


def one_more(made: xr.Dataset) -> None:
    """Moisture at two levels."""
    levels = xr.DataArray([850.0, 500.0], dims="level", attrs={"units": "hPa"})
    made["q"] = made["t2m"].expand_dims(level=levels, axis=1) * 1e-5
    made["q"].attrs = {"units": "kg kg-1", "standard_name": "specific_humidity"}


def other_unit(made: xr.Dataset) -> None:
    made["sp"].attrs["units"] = "hPa"


def other_start(made: xr.Dataset) -> None:
    made["time"] = made["time"] - np.timedelta64(3, "h")
    made["time_bnds"] = made["time_bnds"] - np.timedelta64(3, "h")
    made["time"].encoding = {"units": "hours since 2000-01-01"}


def same(_: xr.Dataset) -> None:
    pass


@pytest.mark.parametrize(
    ("options", "change", "told"),
    [
        (["--step", "1h", "--method", "linear"], same, "method: cubic, now linear"),
        (["--step", "90min", "--method", "cubic"], same, "step: 1h, now 90min"),
        ([*HOURLY, "--variable", "sp"], same, "has 't2m', 'tp', not filled in from in.nc now"),
        (HOURLY, one_more, "has no 'q[level=850]', 'q[level=500]', filled in from in.nc now"),
        (HOURLY, other_unit, "'sp' in out.zarr is instantaneous, continuous in Pa"),
        ([*HOURLY, "--post-conditions", "none"], same, "post_conditions: all, now none"),
        (
            [*HOURLY, "--kind", "tp=mean:3h"],
            other_kind,
            "'tp' in out.zarr is sum, non-negative in kg m-2",
        ),
        ([*HOURLY, "--chunks", "time=3"], same, "in other chunks ([8, 4, 5])"),
        ([*HOURLY, "--compress", "9"], same, "compress: nothing, now 9"),
        ([*HOURLY, "--compress", "0"], same, "compress: nothing, now 0"),
        (HOURLY, other_packing, "has 't2m' in other numbers (int16 0.01"),
        (HOURLY, other_place, "grid: 53.5 to 55 N"),
        (HOURLY, other_ground, "grid: rows 55.6 km apart #"),
        (HOURLY, other_value, "between 2019-03-01T00:00 and 2019-03-04T03:00 have changed since"),
        (HOURLY, other_sum, "and 2019-03-04T21:00 have changed since"),
        (HOURLY, other_start, "was made of 32 times from 2019-03-01T00:00 on, in.nc has 40 from"),
        (["--step", "1h"], same, "auto is fitted to the whole series"),
        (["--step", "1h", "--method", "solar"], same, "with --method nearest, linear, cubic or"),
        (["--step", "1h", "--method", "optical_flow"], same, "optical_flow is fitted"),
        ([*HOURLY, "--draw", "1"], same, "--draw is fitted to the whole series"),
        ([*HOURLY, "--uncertainty"], same, "do not go with --append: write the new times"),
        (["--at", "2019-03-01T01:00", "--method", "cubic"], same, "--append goes with --step"),
    ],
)
def test_what_is_not_the_same_is_refused_and_the_store_stays(
    place: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    change: Callable[[xr.Dataset], None],
    told: str,
) -> None:
    before = bytes_of(place / "out.zarr")
    made = whole()
    change(made)
    put(made, place)
    assert fill(*options, "--append") == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert bytes_of(place / "out.zarr") == before
    assert names_in(place) == ["in.nc", "out.zarr"]


def test_stores_that_cannot_be_appended_to_are_refused(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(target: str = "out.zarr") -> str:
        assert fill(*HOURLY, "--append", target=target) == 2
        return capsys.readouterr().err

    assert "there is no none.zarr to append to: make it first" in told("none.zarr")
    assert "--append goes with Zarr (.zarr): out.nc would be lost" in told("out.nc")
    save(whole(), place, "foreign.zarr")
    assert "foreign.zarr does not say how it was made" in told("foreign.zarr")
    put(until(TIMES - DAY - 1), place)
    assert "made of 32 times from 2019-03-01T00:00 on, in.nc has 31" in told()
    file = place / "out.zarr" / record.FOLDER / record.NAME
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({name: one for name, one in kept.items() if name != "form"}))
    assert "was made by an earlier temdeep that divided it otherwise" in told()
    file.write_text(json.dumps({**kept, "temdeep": "0.0.9"}))
    assert "was made by temdeep 0.0.9, this is" in told()


def test_nothing_new_changes_nothing(
    begun: Path, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(begun, empty, dirs_exist_ok=True)
    before = {path: path.stat().st_mtime_ns for path in (empty / "out.zarr").rglob("*")}
    assert main(["downscale", "in.nc", "-o", "out.zarr", *HOURLY, "--append"]) == 0
    assert "out.zarr has all times of in.nc already" in capsys.readouterr().err
    assert before == {path: path.stat().st_mtime_ns for path in (empty / "out.zarr").rglob("*")}


def test_files_that_have_not_changed_are_not_compared(
    empty: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = mixed(count=TIMES)
    looked: list[str] = []
    days = [made.isel(time=slice(i * DAY, (i + 1) * DAY)) for i in range(5)]
    for i, day in enumerate(days[:4]):
        put(day, empty, f"day{i}.nc")
    assert fill(*HOURLY, source="day*.nc") == 0

    def looking(path: Path) -> Any:
        looked.append(path.name)
        return times_in(path)

    monkeypatch.setattr("temdeep.engine.unchanged.times_in", looking)
    put(days[4], empty, "day4.nc")
    assert fill(*HOURLY, "--append", source="day*.nc") == 0
    assert looked == ["day4.nc"]
    os.utime("day2.nc")
    assert fill(*HOURLY, "--append", source="day*.nc") == 0  # as it was, but for when
    days[2]["tp"][3] += 1
    put(days[2], empty, "day2.nc")
    capsys.readouterr()
    assert fill(*HOURLY, "--append", source="day*.nc") == 2
    assert "values of day0.nc and 4 more between 2019-03-0" in capsys.readouterr().err


KILLED_AT = [("take_over", 2), ("write", 9), ("store_wider", 1), ("close", 1)]


@pytest.mark.parametrize("killed_at", KILLED_AT)
def test_an_append_that_is_killed_leaves_the_store_and_goes_on_to_the_same_bytes(
    place: Path, complete: dict[str, bytes], killed_at: tuple[str, int]
) -> None:
    before = bytes_of(place / "out.zarr")
    killed = downscale(place, "out.zarr", "--append", killed_at=killed_at)
    assert killed.returncode == -9, killed.stderr
    assert bytes_of(place / "out.zarr") == before
    assert fill(*HOURLY, "--append") == 0
    assert bytes_of(place / "out.zarr") == complete
    assert names_in(place) == ["in.nc", "out.zarr"]


def test_an_append_that_was_killed_begins_anew_where_more_has_come(
    place: Path, complete: dict[str, bytes]
) -> None:
    put(until(TIMES - 3), place)
    assert downscale(place, "out.zarr", "--append", killed_at=("add", 2)).returncode == -9
    put(whole(), place)
    assert fill(*HOURLY, "--append") == 0
    assert bytes_of(place / "out.zarr") == complete


def test_a_replacement_that_was_killed_half_way_is_put_right(
    place: Path, complete: dict[str, bytes]
) -> None:
    (place / "out.zarr").rename(place / ".out.zarr.old")  # and killed here
    assert fill(*HOURLY, "--append") == 0
    assert bytes_of(place / "out.zarr") == complete
    assert names_in(place) == ["in.nc", "out.zarr"]


def test_chunks_that_a_killed_run_left_half_written_are_swept_away(empty: Path) -> None:
    put(until(2 * DAY), empty)
    assert downscale(empty, "out.zarr", killed_at=("add", 2)).returncode == -9
    (empty / ".out.zarr.partial/sp/c/0/0/0.1234.partial").write_bytes(b"half")
    assert fill(*HOURLY) == 0
    assert not list((empty / "out.zarr").rglob("*.partial"))
