"""What is stored of the parts of a period adds up to what was stored of the period."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.making import PACKED_TP, mixed, save

from temdeep.engine.plan import plan
from temdeep.engine.writers import write
from temdeep.fields.series import open_series
from temdeep.methods.cubic import Cubic
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear

METHODS = st.sampled_from([Linear(), Cubic()])
WHOLE = st.sampled_from([1, 5, 20, 36, 60, 90])
"""Minutes that divide the three hours of a period."""


def rain(seed: int, **encoding: object) -> xr.Dataset:
    data = mixed(seed=seed)[["tp", "time_bnds"]]
    data["tp"].encoding = dict(encoding)
    return data


def filled(
    data: xr.Dataset, folder: Path, method: Method, minutes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Stored numbers of the input and of the output, (period, …) and (period, part, …)."""
    series = open_series(save(data, folder))
    write(series, method, plan(series, step=f"{minutes}min"), folder / "fine.nc")
    with (
        xr.open_dataset(folder / "in.nc", mask_and_scale=False) as coarse,
        xr.open_dataset(folder / "fine.nc", mask_and_scale=False) as fine,
    ):
        assert fine.tp.dtype == coarse.tp.dtype
        given = coarse.tp.values
        return given, fine.tp.values.reshape(len(given), -1, *given.shape[1:])


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    method=METHODS,
    minutes=WHOLE,
    scale=st.sampled_from([0.05, 0.1, 0.7]),
)
def test_packed_parts_add_up_to_the_packed_period(
    seed: int,
    method: Method,
    minutes: int,
    scale: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = rain(seed, **{**PACKED_TP, "scale_factor": scale})
    given, parts = filled(data, tmp_path_factory.mktemp("packed"), method, minutes)
    np.testing.assert_array_equal(parts.astype(np.int64).sum(axis=1), given)
    assert parts.min() >= 0


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), method=METHODS, minutes=WHOLE)
def test_parts_in_single_precision_add_up_to_the_last_place(
    seed: int, method: Method, minutes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = rain(seed, dtype="float32")
    data["tp"] = data.tp * np.float64(np.pi)
    data["tp"].encoding["dtype"] = "float32"
    given, parts = filled(data, tmp_path_factory.mktemp("floats"), method, minutes)
    off = np.abs(parts.astype(np.float64).sum(axis=1) - given)
    assert (off <= np.spacing(given)).all()


@pytest.mark.parametrize("offset", [0.05, 3.0, 0.02])
def test_an_offset_costs_no_more_than_half_the_last_place(tmp_path: Path, offset: float) -> None:
    data = rain(0, **{**PACKED_TP, "add_offset": offset})
    given, parts = filled(data, tmp_path, Linear(), 20)
    decoded = (parts * 0.05 + offset).sum(axis=1)
    assert (np.abs(decoded - (given * 0.05 + offset)) <= 0.025 + 1e-9).all()
