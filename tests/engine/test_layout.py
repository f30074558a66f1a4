"""How fields lie in an output: few files, none shared by two workers, and as the user says."""

import itertools
import os
import shutil
from pathlib import Path
from typing import Any

import dask.array as da
import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr
from tests.engine.making import in_memory, mixed, save
from tests.engine.test_restart import assert_same, downscale

from temdeep.cli.main import main
from temdeep.engine.growing import InZarr
from temdeep.engine.layout import Layout, field_specs
from temdeep.engine.plan import plan
from temdeep.engine.work import Filling, Work
from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.methods.simple import Linear


def gridded(rows: int, columns: int, *, levels: int = 0, count: int = 5) -> Series:
    """Six-hourly temperature that is never computed."""
    dims, shape = ["time", "lat", "lon"], [count, rows, columns]
    coords: dict[str, Any] = {
        "time": np.datetime64("1980-01-01", "ns") + 6 * np.arange(count) * np.timedelta64(1, "h"),
        "lat": ("lat", np.linspace(90, -90, rows), {"units": "degrees_north"}),
        "lon": ("lon", np.arange(columns) * 360 / columns, {"units": "degrees_east"}),
    }
    if levels:
        dims.insert(1, "level")
        shape.insert(1, levels)
        coords["level"] = ("level", np.arange(levels) + 1.0, {"units": "hPa", "positive": "down"})
    values = da.zeros(shape, dtype=np.float32, chunks=(1, *shape[1:]))
    attributes = {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: point"}
    return in_memory(xr.Dataset({"t": (dims, values, attributes)}, coords=coords))


def laid(series: Series, suffix: str = ".zarr", **said: Any) -> Any:
    hourly = plan(series, step="1h")
    return field_specs(series, Linear(), hourly, {"t": {}}, suffix=suffix, layout=Layout(**said))[
        "t"
    ]


def test_forty_years_of_era5_are_thousands_of_files_and_not_hundreds_of_thousands() -> None:
    hours = 40 * 8766
    for rows, columns in ((721, 1440), (361, 720), (181, 360), (61, 120)):
        spec = laid(gridded(rows, columns))
        assert hours / spec.held_times < 12_000
        chunk, shard = (np.prod(one) * 4 for one in (spec.chunks, spec.shards or spec.chunks))
        assert 2**20 < chunk < 5 * 2**20
        assert shard <= 128 * 2**20
    era5 = laid(gridded(721, 1440))
    assert (era5.chunks, era5.shards) == ((1, 721, 1440), (32, 721, 1440))


def test_the_layout_does_not_depend_on_how_long_the_series_is() -> None:
    for rows, columns in ((721, 1440), (181, 360), (4, 5)):
        short, long = (laid(gridded(rows, columns, count=count)) for count in (2, 5000))
        assert (short.chunks, short.shards) == (long.chunks, long.shards)


def test_files_of_fields_of_any_size_end_together() -> None:
    """Else a piece of work would have to be as long as the least common multiple."""
    grids = [
        (rows, 2 * rows) for rows in (3, 40, 61, 90, 111, 150, 181, 250, 333, 512, 600, 650, 721)
    ]
    held = sorted({laid(gridded(*grid)).held_times for grid in grids})
    assert len(held) > 2
    assert all(longer % shorter == 0 for shorter, longer in itertools.pairwise(held))


def test_levels_lie_one_by_one_where_they_are_large_together() -> None:
    spec = laid(gridded(181, 360, levels=37))
    assert spec.chunks[1:] == (1, 181, 360)
    assert spec.shards[1:] == (37, 181, 360)
    assert laid(gridded(19, 36, levels=10)).chunks[1:] == (10, 19, 36)


def test_what_the_user_says_is_done() -> None:
    series = gridded(181, 360)
    spec = laid(series, chunks={"time": 24, "lat": 90, "lon": 900}, shards={"time": 240})
    assert (spec.chunks, spec.shards) == ((24, 90, 360), (240, 270, 360))
    assert laid(series, shards={}).shards is None
    assert laid(series, chunks={"lat": 10, "lon": 10}).chunks[0] > 16
    assert laid(series, ".nc", chunks={"time": 24, "lat": 90}).chunks == (24, 90, 360)


@pytest.mark.parametrize(
    ("suffix", "said", "told"),
    [
        (".zarr", {"chunks": {"latitude": 3}}, "no variable has a dimension 'latitude'; there are"),
        (".zarr", {"shards": {"time": 100}}, "100 along 'time' is no whole number of chunks of 16"),
        (".nc", {"shards": {}}, "--shards goes with Zarr"),
        (".zarr", {"unlimited": True}, "--unlimited goes with NetCDF"),
        (".nc", {"compression": 10}, "--compress 10: say 0 for no compression to 9"),
    ],
)
def test_what_cannot_be_is_refused(suffix: str, said: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        laid(gridded(181, 360), suffix, **said)


def test_no_two_pieces_share_a_shard(tmp_path: Path) -> None:
    series = gridded(181, 360, count=400)
    hourly = plan(series, step="1h")
    specs = field_specs(series, Linear(), hourly, {"t": {}}, suffix=".zarr")
    store = InZarr(tmp_path, specs).open
    units = list(Work((Filling(series, Linear(), hourly),), specs, store).units())
    assert len(units) > 5
    held = specs["t"].held_times
    assert held == 128
    assert all(one.piece.times.start % held == 0 for one in units)


def test_options_reach_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(mixed(), tmp_path)
    asked = ["downscale", "in.nc", "--step", "1h", "--method", "linear", "--quiet"]
    store = [*asked, "-o", "out.zarr", "--chunks", "time=4,lat=2"]
    assert main([*store, "--shards", "time=8", "--compress", "9"]) == 0
    array: Any = zarr.open_group("out.zarr", mode="r")["sp"]
    assert (array.chunks, array.shards) == ((4, 2, 5), (8, 4, 5))
    assert [one.level for one in array.compressors] == [9]
    assert len([path for path in Path("out.zarr/sp/c").rglob("*") if path.is_file()]) == 4
    file = [*asked, "-o", "out.nc", "--chunks", "time=4", "--unlimited"]
    assert main([*file, "--compress", "9"]) == 0
    with netCDF4.Dataset("out.nc") as found:
        assert found.dimensions["time"].isunlimited()
        assert found["sp"].chunking() == [4, 4, 5]
        assert (found["sp"].filters()["zlib"], found["sp"].filters()["complevel"]) == (True, 9)
    assert main([*file, "--compress", "0", "--overwrite"]) == 0
    with netCDF4.Dataset("out.nc") as found:
        assert not found["t2m"].filters()["zlib"]
    with xr.open_zarr("out.zarr") as one, xr.open_dataset("out.nc") as other:
        np.testing.assert_array_equal(one["sp"], other["sp"])


@pytest.mark.parametrize("option", ["time", "time=0", "time=1.5", "=3"])
def test_lengths_that_are_none_are_refused(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "out.zarr")
    assert main(["downscale", "in.nc", "-o", target, "--step", "1h", "--chunks", option]) == 2
    assert f"--chunks {option} is not understood: say lengths by" in capsys.readouterr().err


def test_a_killed_run_goes_on_to_the_same_shards(tmp_path: Path) -> None:
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        save(mixed(count=40), tmp_path / name)
    asked = ["--chunks", "time=4", "--shards", "time=8"]
    killed = downscale(tmp_path / "again", "out.zarr", *asked, killed_at=("write", 11))
    assert killed.returncode == -9
    for name in ("once", "again"):
        done = downscale(tmp_path / name, "out.zarr", *asked)
        assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "again" / "out.zarr", tmp_path / "once" / "out.zarr")


@pytest.mark.real
def test_grib_leaves_no_index_beside_it(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("meteonet_nw_arpege_10m_20180501.grib", "meteonet_nw_arpege_precip_20180501.grib"):
        shutil.copyfile(real_data / name, name)
    first = ["meteonet_nw_arpege_10m_20180501.grib"]
    assert main(["info", *first, "--quiet"]) == 0
    asked = ["--step", "30min", "--method", "linear", "--quiet"]
    assert main(["downscale", *first, "-o", "out.zarr", *asked]) == 0
    found = sorted(os.listdir(tmp_path))  # noqa: PTH208 - hidden ones count
    assert found == [*first, "meteonet_nw_arpege_precip_20180501.grib", "out.zarr"]
