"""What other packages hand over is filled in: their blocks on the page run where they are there."""

from pathlib import Path
from typing import Any

import eccodes
import numpy as np
import pytest
import xarray as xr
from tests.docs.blocks import blocks_of
from tests.docs.running import ROOT

PAGE = ROOT / "docs" / "how-to" / "other-sources.md"
TIMES = 4


def run_block(heading: str) -> dict[str, Any]:
    """Run what the page shows under a heading, in the current folder."""
    (block,) = blocks_of(PAGE, heading)
    names: dict[str, Any] = {}
    exec(block.text, names)  # noqa: S102 - our own page
    return names


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def forecast_in_grib(path: Path) -> np.ndarray:
    """Temperatures of a forecast of 12 UTC, every six hours."""
    values = np.random.default_rng(0).normal(280, 5, (TIMES, 5, 8))
    with path.open("wb") as file:
        for step, field in enumerate(values):
            message = eccodes.codes_grib_new_from_samples("regular_ll_pl_grib2")
            keys = {
                "shortName": "t", "level": 850, "dataDate": 20240601, "dataTime": 1200,
                "Ni": 8, "Nj": 5, "step": 6 * step,
                "latitudeOfFirstGridPointInDegrees": 54.0,
                "latitudeOfLastGridPointInDegrees": 50.0,
                "longitudeOfFirstGridPointInDegrees": 0.0,
                "longitudeOfLastGridPointInDegrees": 7.0,
                "iDirectionIncrementInDegrees": 1.0, "jDirectionIncrementInDegrees": 1.0,
            }  # fmt: skip
            for key, value in keys.items():
                eccodes.codes_set(message, key, value)
            eccodes.codes_set_values(message, field.ravel())
            eccodes.codes_write(message, file)
            eccodes.codes_release(message)
    return values


@pytest.mark.filterwarnings("default")  # of other packages
def test_a_forecast_of_earthkit_data(here: Path) -> None:
    pytest.importorskip("earthkit.data", reason="earthkit-data is not installed")
    values = forecast_in_grib(here / "forecast.grib")
    found = run_block("earthkit-data")
    finer = found["finer"]
    assert finer["t"].dims == found["forecast"]["t"].dims
    assert finer.sizes["step"] == 12 * (TIMES - 1) + 1
    np.testing.assert_array_equal(finer["t"][::12], found["forecast"]["t"])
    np.testing.assert_allclose(finer["t"][::12].squeeze(), values, atol=0.1)  # as packed
    begin = finer["valid_time"].values[0].astype("datetime64[m]")
    assert begin == np.datetime64("2024-06-01T12:00")


@pytest.mark.filterwarnings("default")
def test_an_entry_of_a_catalogue_of_intake(here: Path) -> None:
    intake = pytest.importorskip("intake", reason="intake is not installed")
    from intake.readers import datatypes, entry, readers  # noqa: PLC0415 - only if installed

    source = xr.open_dataset(ROOT / "data" / "atlantic_6hourly.nc")[["t2m"]]
    source.isel(time=slice(0, 5)).to_zarr(here / "store.zarr", consolidated=False)
    catalogue = entry.Catalog()
    data = datatypes.Zarr(str(here / "store.zarr"))
    # by name it takes any of its readers for xarray, whichever comes first in a set
    catalogue["atlantic"] = readers.XArrayDatasetReader(data, consolidated=False)
    catalogue.to_yaml_file(str(here / "catalogue.yaml"))
    found = run_block("intake")
    assert intake.__version__
    np.testing.assert_array_equal(found["hourly"]["t2m"][::6], source["t2m"][:5])
    assert found["hourly"].sizes["time"] == 25
