"""Lazy output equals eager output, and nothing is computed before it is asked for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import xarray as xr
from tests.engine.making import Failing, in_memory, mixed

from temdeep.engine import pieces
from temdeep.engine.dataset import fill_dataset
from temdeep.engine.plan import plan
from temdeep.fields.intervals import Interval
from temdeep.methods.cubic import Cubic, CubicLocal
from temdeep.methods.simple import Linear
from temdeep.methods.solar import Solar
from temdeep.metric import Float32Array, Float64Array


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


class Meeting(Linear):
    """Lets as many tasks as there are threads run at the same time, and looks at what they take."""

    def __init__(self, tasks: int) -> None:
        self._barrier = threading.Barrier(tasks)
        self._tasks = tasks
        self.taken: dict[int, list[int]] = {}

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        seen = self.taken.setdefault(threading.get_ident(), [])
        if len(seen) < 2:
            self._barrier.wait(timeout=20)
            seen.append(torch.get_num_threads())
            assert len(seen) < 2 or cv2.getNumThreads() == max(8 // self._tasks, 1)
            self._barrier.wait(timeout=20)
        return super().fill(interval, theta)


@pytest.mark.parametrize("tasks", [1, 3, 16])
def test_tasks_that_run_at_the_same_time_share_the_cores(
    tasks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From their second interval on; afterwards all is as it was, in old threads and new ones."""
    monkeypatch.setattr(pieces, "WINDOW_BYTES", 1)
    dataset = mixed(count=40 * tasks)[["t2m"]]
    series = in_memory(dataset.chunk({"time": 8}))
    method = Meeting(tasks)
    lazy, _ = fill_dataset(series, method, plan(series, step="1h"))
    first = lazy["t2m"].data.blocks[:tasks]
    before = torch.get_num_threads(), cv2.getNumThreads()
    with ThreadPoolExecutor(tasks) as pool, ThreadPoolExecutor(1) as another:
        try:
            torch.set_num_threads(8)
            cv2.setNumThreads(8)
            made = first.compute(scheduler="threads", pool=pool, num_workers=tasks)
            in_pool = set(pool.map(lambda _: torch.get_num_threads(), range(tasks)))
            new = another.submit(torch.get_num_threads).result()
            assert in_pool == {new} == {torch.get_num_threads()} == {cv2.getNumThreads()} == {8}
        finally:
            torch.set_num_threads(before[0])
            cv2.setNumThreads(before[1])
    assert [seen[1] for seen in method.taken.values()] == [max(8 // tasks, 1)] * tasks
    wanted, _ = fill_dataset(in_memory(dataset), Linear(), plan(series, step="1h"))
    np.testing.assert_array_equal(made, wanted["t2m"].values[: len(made)])


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
