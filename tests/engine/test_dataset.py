"""Lazy output equals eager output, and nothing is computed before it is asked for."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import Failing, in_memory, mixed

from temdeep.engine.dataset import fill_dataset
from temdeep.engine.plan import plan
from temdeep.methods.cubic import Cubic, CubicLocal
from temdeep.methods.simple import Linear
from temdeep.methods.solar import Solar


def both(dataset: xr.Dataset, method: Any, chunks: Any, **request: Any) -> list[xr.Dataset]:
    made = []
    for one in (dataset, dataset.chunk(chunks)):
        series = in_memory(one)
        made.append(fill_dataset(series, method, plan(series, **request))[0])
    return made


@pytest.mark.parametrize("method", [Linear(), CubicLocal(), Cubic()], ids=lambda one: one.name)
@pytest.mark.parametrize("chunks", [{"time": 1}, {"time": 7, "lat": 2}, {"time": -1}], ids=str)
@pytest.mark.parametrize(
    "request_", [{"step": "1h"}, {"step": "50min"}, {"at": ["2019-03-02T05:10"], "period": "5h"}]
)
def test_lazy_equals_eager(method: Any, chunks: Any, request_: Any) -> None:
    eager, lazy = both(mixed(count=43), method, chunks, **request_)
    assert lazy["t2m"].chunks is not None
    assert eager["t2m"].chunks is None
    xr.testing.assert_identical(eager, lazy.compute())
    for name in ("t2m", "sp", "tp"):
        assert lazy[name].dtype == eager[name].dtype == lazy[name].compute().dtype


@pytest.mark.parametrize("request_", [{"step": "1h"}, {"step": "50min"}, {"step": "40min"}])
def test_lazy_sunlight_equals_eager(request_: Any) -> None:
    """How much of a period's light an hour gets depends on how the whole period is divided."""
    dataset = mixed(count=43)
    rng = np.random.default_rng(1)
    light = np.maximum(0, 500 * np.sin(np.arange(43) * np.pi / 4))[:, None, None]
    values = light * rng.uniform(0.3, 1, dataset["tp"].shape)
    attributes = {"units": "W m-2", "cell_methods": "time: mean"}
    dataset["ssrd"] = (dataset["tp"].dims, values, attributes)
    dataset["tmax"] = dataset["t2m"].assign_attrs(cell_methods="time: maximum")
    method = Solar.fitted_to(in_memory(dataset))
    eager, lazy = both(dataset, method, {"time": 5}, **request_)
    xr.testing.assert_identical(eager, lazy.compute())


def test_nothing_is_computed_until_asked() -> None:
    series = in_memory(mixed().chunk({"time": 1}))
    method = Failing(ValueError("computed"), after=0)
    lazy, _ = fill_dataset(series, method, plan(series, step="1h"))
    assert method.calls == []
    with pytest.raises(ValueError, match="computed"):
        lazy["t2m"][1].compute()


def test_the_graph_has_a_bounded_number_of_tasks_per_interval() -> None:
    sizes = []
    for step in ("1h", "5min"):
        for count in (800, 3200):
            series = in_memory(mixed(count=count).chunk({"time": 10}))
            lazy, _ = fill_dataset(series, Cubic(), plan(series, step=step))
            sizes.append(len(dict(lazy["t2m"].data.dask)) / count)
    assert max(sizes) < 2
    np.testing.assert_allclose(sizes, sizes[0], rtol=0.05)


def test_integers_stay_integers_where_nothing_is_missing() -> None:
    dataset = mixed()
    dataset["t2m"] = dataset["t2m"].round().astype(np.int32)
    dataset["t2m"].attrs = {"units": "K", "standard_name": "air_temperature"}
    series = in_memory(dataset)
    found, _ = fill_dataset(series, Linear(), plan(series, step="1h"))
    assert found["t2m"].dtype == np.int32
    np.testing.assert_array_equal(found["t2m"][::3], dataset["t2m"])


def test_the_input_is_not_changed() -> None:
    dataset = mixed()
    before = dataset.copy(deep=True)
    series = in_memory(dataset)
    found, _ = fill_dataset(series, Cubic(), plan(series, step="1h"))
    found["t2m"][:] = 0
    xr.testing.assert_identical(before, dataset)
    assert dataset["t2m"].encoding == before["t2m"].encoding
