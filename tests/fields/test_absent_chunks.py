"""Chunks that a store has lost are told, and those that are rightly not there are not."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import temperature

from temdeep.fields.series import open_series


def stored(folder: Path, zarr_format: int, dataset: xr.Dataset, **encoding: object) -> Path:
    path = folder / "in.zarr"
    how = {"chunks": (3, 4, 5), **encoding}
    dataset.to_zarr(path, encoding={"t2m": how}, zarr_format=zarr_format, consolidated=False)
    return path


@pytest.mark.parametrize(("zarr_format", "chunk"), [(2, "t2m/1.0.0"), (3, "t2m/c/1/0/0")])
def test_a_chunk_that_is_gone_is_told(tmp_path: Path, zarr_format: int, chunk: str) -> None:
    path = stored(tmp_path, zarr_format, temperature(np.arange(10)))
    assert open_series([path]).notes == ()
    (path / chunk).unlink()
    (note,) = open_series([path]).notes
    assert note.startswith(
        "1 of 4 chunks of 't2m' are not in in.zarr, and their values are read as"
    )


def test_places_that_never_have_values_are_not_told(tmp_path: Path) -> None:
    ocean = temperature(np.arange(10))
    ocean["t2m"][:, :2] = np.nan
    path = stored(tmp_path, 3, ocean, chunks=(3, 2, 5))
    assert not (path / "t2m" / "c" / "1" / "0" / "0").exists()
    assert open_series([path]).notes == ()


def test_chunks_whose_fill_value_is_a_number_are_not_told(tmp_path: Path) -> None:
    path = stored(tmp_path, 3, temperature(np.arange(10)), fill_value=0.0)
    (path / "t2m" / "c" / "1" / "0" / "0").unlink()
    assert open_series([path]).notes == ()
