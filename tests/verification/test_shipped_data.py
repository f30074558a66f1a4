"""The shipped series is what its README says."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "data"
FILES = ("atlantic_6hourly.nc", "atlantic_hourly_truth.nc")


@pytest.mark.parametrize("name", FILES)
def test_checksums_are_those_of_the_readme(name: str) -> None:
    row = next(
        line for line in (FOLDER / "README.md").read_text().splitlines() if f"`{name}`" in line
    )
    stated = re.findall(r"`([0-9a-f]{64})`", row)
    assert stated == [hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()]


def test_the_series_is_small_and_train_and_test_are_two_days_apart() -> None:
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 10_000_000
    with netCDF4.Dataset(FOLDER / FILES[0]) as coarse, netCDF4.Dataset(FOLDER / FILES[1]) as truth:
        assert coarse["time"].units == truth["time"].units
        assert set(np.diff(coarse["time"][:])) == {6.0}
        assert set(np.diff(truth["time"][:])) == {1.0}
        assert truth["time"][0] - coarse["time"][-1] >= 48.0
        assert truth["time"][-1] - truth["time"][0] == 8 * 24.0
        bounds = coarse["time_bnds"][:]
        np.testing.assert_array_equal(bounds[:, 1], coarse["time"][:])
        np.testing.assert_array_equal(bounds[:, 1] - bounds[:, 0], 6.0)
        assert set(coarse.variables) == set(truth.variables)


@pytest.mark.real
def test_the_script_makes_the_same_numbers_again(real_data: Path, tmp_path: Path) -> None:
    original = real_data / "speedy_t63_atlantic_train.nc"
    command = [sys.executable, str(FOLDER / "make_atlantic.py"), str(original), str(tmp_path)]
    subprocess.run(command, check=True)
    for name in FILES:
        with netCDF4.Dataset(FOLDER / name) as shipped, netCDF4.Dataset(tmp_path / name) as made:
            for variable in shipped.variables:
                np.testing.assert_array_equal(shipped[variable][:], made[variable][:])
    with netCDF4.Dataset(original) as source, netCDF4.Dataset(FOLDER / FILES[0]) as coarse:
        hours = np.flatnonzero(
            (source["time"][:] > coarse["time"][4]) & (source["time"][:] <= coarse["time"][5])
        )
        assert len(hours) == 6
        np.testing.assert_allclose(
            coarse["ssrd"][5], source["ssrd"][hours].mean(axis=0), atol=0.0251
        )
        np.testing.assert_array_equal(coarse["t2m"][5], source["t2m"][hours[-1]])
