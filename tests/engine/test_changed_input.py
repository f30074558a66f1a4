"""Input that changes under work that is not finished is noticed, wherever it lies."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr
from tests.engine.making import mixed, save, temperature

from temdeep.cli.main import main
from temdeep.engine import layout, pieces
from temdeep.engine.spool import Spool

TIMES = 60
AT_ONCE = 12
"""Intervals of a piece: as many as cubic looks at on each side."""

Downscale = Callable[..., int]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "WINDOW_BYTES", 1)
    monkeypatch.setattr(layout, "CHUNK_BYTES", 320)
    monkeypatch.setattr(layout, "MOST_SHARD_TIMES", 1)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save(mixed(count=TIMES)[["sp", "orog"]], tmp_path)
    return tmp_path


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have the next run stopped once so many pieces are done."""
    add = Spool.add

    def after(count: int) -> None:
        left = [count]

        def counted(self: Spool, *arguments: object) -> None:
            add(self, *arguments)  # type: ignore[arg-type]
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt

        monkeypatch.setattr(Spool, "add", counted)

    return after


def downscale(source: str = "in.nc", *options: str) -> int:
    how = ["--step", "1h", "--method", "cubic", *options]
    return main(["downscale", source, "-o", "out.zarr", *how])


def value(path: Path, index: int, new: float, name: str = "sp") -> float:
    """Put another value into a file, and give back the old one."""
    other = shutil.copy(path, path.with_suffix(".other"))  # the library may still have it open
    with netCDF4.Dataset(other, "a") as file:
        place = (index, 1, 2) if file[name].ndim == 3 else (1, 2)
        old = float(file[name][place])
        file[name][place] = new
    Path(other).replace(path)
    return old


def done(place: Path) -> int:
    return (place / ".out.zarr.partial" / "temdeep_journal.jsonl").read_text().count('"done"')


@pytest.fixture
def damaged(place: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A run that ended where a value is infinite, which is mended."""
    good = value(place / "in.nc", TIMES - 5, np.inf)
    assert downscale() == 2
    assert "run the same again to go on" in capsys.readouterr().err
    value(place / "in.nc", TIMES - 5, good)
    return place


@pytest.mark.parametrize("frames_later", [-2 * AT_ONCE + 2, 5], ids=["inside", "in the context"])
def test_values_that_change_while_damage_is_mended_are_refused_where_they_were_used(
    damaged: Path, frames_later: int, capsys: pytest.CaptureFixture[str]
) -> None:
    index = (
        done(damaged) * AT_ONCE + frames_later
    )  # counted from the first interval that is not done
    good = value(damaged / "in.nc", index, 2e5)
    assert downscale() == 2
    told = capsys.readouterr().err
    assert "values of in.nc between 2019-03-0" in told
    assert "have changed since .out.zarr.partial was begun: say --restart to begin anew" in told
    value(damaged / "in.nc", index, good)
    assert downscale() == 0
    assert "pieces had been done before" in capsys.readouterr().err


def test_static_fields_that_change_while_damage_is_mended_are_refused(
    damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value(damaged / "in.nc", 0, 5000.0, "orog")
    assert downscale() == 2
    assert "coordinates, static fields, attributes or" in capsys.readouterr().err


@pytest.mark.usefixtures("damaged")
def test_mended_input_is_known_again_when_stopped_once_more(
    stop: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stop(1)
    assert downscale() == 130
    assert downscale() == 0
    assert "pieces had been done before" in capsys.readouterr().err


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    url = f"memory://{tmp_path.name}"
    temperature(np.arange(TIMES)).to_zarr(f"{url}/in.zarr", consolidated=False)
    yield f"{url}/in.zarr"
    fsspec.filesystem("memory").rm(f"/{tmp_path.name}", recursive=True)


def test_a_store_elsewhere_that_has_changed_is_refused(
    remote: str, stop: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stop(2)
    assert downscale(remote) == 130
    capsys.readouterr()
    array: Any = zarr.open_group(remote, mode="r+")["t2m"]
    good = array[2]
    array[2] = 250.0
    assert downscale(remote) == 2
    assert "and 2019-03-0" in (told := capsys.readouterr().err)
    assert "have changed since .out.zarr.partial was begun" in told
    array[2] = good
    assert downscale(remote) == 0
    assert "2 pieces had been done before" in capsys.readouterr().err
    with xr.open_dataset("out.zarr") as found:
        np.testing.assert_array_equal(found["t2m"][6].values, good)
