"""Sources by URL: Zarr in place, other files fetched, mistakes in a sentence."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import numpy as np
import pytest
import xarray as xr
from tests.engine.making import temperature

import temdeep
from temdeep.cli.main import main
from temdeep.fields import remote
from temdeep.fields.opening import find_files
from temdeep.fields.series import open_series

DAY = temperature([0, 3, 6, 9])


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A web server over a folder with the day as NetCDF and as Zarr."""
    DAY.to_netcdf(tmp_path / "day.nc")
    DAY.to_zarr(tmp_path / "day.zarr", consolidated=True, zarr_format=2)
    handler = partial(Quiet, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[str]:
    """The same in fsspec's memory, the first and second half of it as well."""
    store = fsspec.filesystem("memory")
    for name, part in (
        ("day.nc", DAY),
        ("half_1.nc", DAY.isel(time=slice(2))),
        ("half_2.nc", DAY.isel(time=slice(2, 4))),
    ):
        part.to_netcdf(tmp_path / name)
        store.pipe(f"/{tmp_path.name}/{name}", (tmp_path / name).read_bytes())
    url = f"memory://{tmp_path.name}"
    DAY.to_zarr(f"{url}/day.zarr", consolidated=False)
    yield url
    store.rm(f"/{tmp_path.name}", recursive=True)


@pytest.mark.parametrize("name", ["day.nc", "day.zarr", "half_*.nc"])
def test_what_is_in_a_store_is_read_as_from_a_file(memory: str, name: str) -> None:
    series = open_series(f"{memory}/{name}")
    np.testing.assert_array_equal(series.dataset["t2m"], DAY["t2m"])


@pytest.mark.parametrize("name", ["day.nc", "day.zarr", "day.nc?token=1"])
def test_what_is_on_the_web_is_filled(site: str, tmp_path: Path, name: str) -> None:
    target = tmp_path / "out.nc"
    asked = [f"{site}/{name}", "-o", str(target), "--step", "1h", "--method", "linear", "--quiet"]
    assert main(["downscale", *asked]) == 0
    with xr.open_dataset(target) as found:
        np.testing.assert_allclose(found["t2m"][:, 0, 0], np.arange(10), rtol=1e-6)


def test_zarr_is_not_fetched_and_a_file_is_fetched_once(memory: str) -> None:
    (store,) = find_files(f"{memory}/day.zarr")
    assert store == remote.RemoteStore(f"{memory.replace('://', ':///')}/day.zarr")
    first, again = (find_files(f"{memory}/day.nc") for _ in range(2))
    assert first == again
    assert first[0].name == "day.nc"


def test_files_of_one_name_in_two_folders_are_told_apart(memory: str) -> None:
    fsspec.filesystem("memory").pipe(f"{memory}/other/day.nc", b"something else")
    one, other = find_files([f"{memory}/day.nc", f"{memory}/other/day.nc"])
    assert isinstance(other, Path)
    assert isinstance(one, Path)
    assert other.read_bytes() == b"something else" != one.read_bytes()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{memory}/none.nc", "there is nothing at memory://"),
        ("{memory}/none_*.nc", "there is nothing at memory://"),
        ("{site}/none.nc", "there is nothing at http://127"),
        ("http://127.0.0.1:9/a.nc", "http://127.0.0.1:9/a.nc cannot be read: Cannot connect"),
        ("nope://a/b.nc", "nope://a/b.nc cannot be read: Protocol not known: nope"),
    ],
)
def test_a_mistake_is_a_sentence(memory: str, site: str, source: str, told: str) -> None:
    with pytest.raises(temdeep.TemdeepError) as found:
        find_files(source.format(memory=memory, site=site))
    assert str(found.value).startswith(told)
    assert str(found.value).count("\n") == 0


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://b/era5.zarr", r"s3:// needs s3fs, .* not installed: pip install 'temdeep\[s3\]'\."),
        ("gs://b/era5.zarr", r"gs:// needs gcsfs, which is not installed: pip install gcsfs\."),
    ],
)
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, url: str, told: str) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ImportError("Install it to access that")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(temdeep.TemdeepError, match=told):
        find_files(url)
