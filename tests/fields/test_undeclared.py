"""Numbers that stand for missing without saying so are refused, real ones are not."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fields.making import dataset

from temdeep.errors import VariableError
from temdeep.fields.series import open_series, series_from_dataset
from temdeep.fields.undeclared import undeclared_fill

CODES = [-9999.0, -999.0, 9999.0, -32767.0, 1e20, 9.96921e36, -1e34, 1e30]


@given(
    code=st.sampled_from(CODES),
    middle=st.sampled_from([0.0, 1e-5, 280.0, 1e5]),
    spread=st.sampled_from([0.0, 1e-6, 1.0, 20.0]),
    share=st.floats(0.1, 0.9),
    missing=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)
def test_a_fill_value_is_found_beside_any_quantity(
    code: float, middle: float, spread: float, share: float, missing: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = (middle + spread * rng.uniform(-1, 1, (4, 50))).astype(np.float32)
    assert undeclared_fill(values) is None
    filled = np.where(rng.random(values.shape) < share, np.float32(code), values)
    filled[rng.random(values.shape) < missing] = np.nan
    assert undeclared_fill(filled) == np.float32(code)


@pytest.mark.parametrize(
    "values",
    [
        [9999.0, 9999, 9999, 4500, 3000],  # visibility ends there
        [999.0, 999, 1004, 1012],  # pressure in hPa
        [-999.0, 3.0, 4.0, 5.0],  # once only
        [1e20, 1e20, 1e20],  # nothing to compare with
        [np.nan, np.nan],
        [300.0, 9999.0, 9999, 21000, 52000],  # geopotential
    ],
)
def test_what_may_be_real_is_left_alone(values: list[float]) -> None:
    assert undeclared_fill(np.array(values)) is None


@pytest.mark.parametrize("code", [-9999.0, 1e20, 9.96921e36])
def test_a_file_with_an_undeclared_fill_value_is_refused_with_the_way_out(
    code: float, tmp_path: Path
) -> None:
    data = dataset()
    land = data.t2m.copy()
    land[:, :2] = code
    told = rf"'t2m' in .* has values of {re.escape(f'{code:g}')} .*_FillValue or missing_value"
    with pytest.raises(VariableError, match=told):
        series_from_dataset(data.assign(t2m=land))
    said = data.assign(t2m=land.assign_attrs(missing_value=np.float32(code)))
    said.to_netcdf(tmp_path / "in.nc")
    series = open_series(tmp_path / "in.nc")
    assert np.isnan(series.read(series.channels, slice(0, 1))[0, 0, :2]).all()


def test_an_impossible_value_is_refused_wherever_it_is_read() -> None:
    data = dataset()
    values = data.t2m.values.copy()
    values[1, 0, 0] = 9.96921e36
    series = series_from_dataset(data.assign(t2m=data.t2m.copy(data=values)))
    with pytest.raises(VariableError, match=r"values of 9\.96921e\+36 at 2019-03-01T0"):
        series.read(series.channels, slice(0, 3))


def test_a_running_total_with_an_undeclared_fill_value_is_refused() -> None:
    total = np.cumsum(np.ones((8, 4, 5)), axis=0)
    total[:, :, 3:] = -9999
    attributes = {"units": "kg m-2", "standard_name": "precipitation_amount"}
    data = dataset().isel(time=slice(8)).drop_vars("t2m")
    data = data.assign(
        tp=(("time", "lat", "lon"), total, attributes | {"cell_methods": "time: sum"})
    )
    with pytest.raises(VariableError, match="'tp' in the dataset has values of -9999 far from"):
        series_from_dataset(data, kinds={"tp": "accumulated"})
