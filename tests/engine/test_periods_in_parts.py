"""Periods are divided some parts after the other: memory does not grow with what is asked."""

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import in_memory, mixed

from temdeep.engine import stream
from temdeep.engine.plan import plan
from temdeep.fields.series import Series
from temdeep.methods import registry
from temdeep.methods.protocol import Method
from temdeep.methods.realisation import Realisation

SIDE = 60


def of_periods(count: int = 10) -> Series:
    """Sums of rain, means of sunlight and of temperature, and its maxima."""
    made = mixed(count=count, step_h=6)
    rng = np.random.default_rng(1)
    for name, method, standard, units in (
        ("ssrd", "mean", "surface_downwelling_shortwave_flux_in_air", "W m-2"),
        ("tmean", "mean", "air_temperature", "K"),
        ("tmax", "maximum", "air_temperature", "K"),
    ):
        values = 250 + 50 * rng.random(made["tp"].shape)
        said = {"cell_methods": f"time: {method}", "standard_name": standard, "units": units}
        made[name] = (made["tp"].dims, values, said)
    return in_memory(made[["tp", "ssrd", "tmean", "tmax", "time_bnds"]])


def filled(series: Series, method: Method, step: str) -> dict[str, np.ndarray]:
    made: dict[str, list[xr.Variable]] = {}
    for block in stream.fill(series, method, plan(series, step=step)):
        for name, variable in block.fields.items():
            made.setdefault(name, []).append(variable)
    return {name: np.concatenate([one.values for one in parts]) for name, parts in made.items()}


@pytest.mark.parametrize(
    "name", ["nearest", "linear", "cubic", "solar", "optical_flow", "auto", "drawn"]
)
def test_parts_are_the_same_however_many_are_made_at_once(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = of_periods()
    method = registry.build("optical_flow" if name == "drawn" else name, series)
    if name == "drawn":
        method = Realisation(method, 1, {"tp": 0.5})
    found = []
    for at_once in (10**6, 32, 5, 1):  # 72 parts of each period
        monkeypatch.setattr(stream, "TIMES_AT_ONCE", at_once)
        found.append(filled(series, method, "5min"))
    for one in found[1:]:
        for variable, values in found[0].items():
            np.testing.assert_allclose(one[variable], values, rtol=1e-13, atol=0)


def large(kind: str) -> Series:
    dataset = mixed(count=3, step_h=6)
    axes = {"lat": np.linspace(10, 50, SIDE), "lon": np.linspace(0, 40, SIDE)}
    wide = dataset[["tp", "time_bnds"]].interp(axes)
    wide["time_bnds"] = dataset["time_bnds"]
    wide["tp"] = (dataset["tp"].dims, np.random.default_rng(0).random((3, SIDE, SIDE)))
    said = {"units": "K", "standard_name": "air_temperature", "cell_methods": f"time: {kind}"}
    rain = {"units": "kg m-2", "standard_name": "precipitation_amount", "cell_methods": "time: sum"}
    wide["tp"].attrs = rain if kind == "sum" else said
    return in_memory(wide)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("sum", "linear"), ("sum", "cubic"), ("sum", "optical_flow"), ("maximum", "linear")],
)
def test_memory_does_not_grow_with_the_output_times_of_a_period(kind: str, name: str) -> None:
    series = large(kind)
    method = registry.build(name, series)
    peaks = []
    for step in ("5min", "30s"):  # 72 and 720 parts of each period
        tracemalloc.start()
        for _ in stream.fill(series, method, plan(series, step=step)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
    assert peaks[1] < 720 * SIDE * SIDE * 8  # what holds all parts of one period has more
