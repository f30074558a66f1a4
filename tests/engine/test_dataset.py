"""Lazy output equals eager output, and nothing is computed before it is asked for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import dask.array as da
import numpy as np
import pytest
import torch
import xarray as xr
from tests.engine.making import Failing, in_memory, mixed

from temdeep.engine import lazy
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
    eager, made = both(mixed(count=43), method, chunks, **request_)
    assert made["t2m"].chunks is not None
    assert eager["t2m"].chunks is None
    xr.testing.assert_identical(eager, made.compute())
    for name in ("t2m", "sp", "tp"):
        assert made[name].dtype == eager[name].dtype == made[name].compute().dtype


@pytest.mark.parametrize("method", [Linear(), Cubic()], ids=lambda one: one.name)
@pytest.mark.parametrize("request_", [{"step": "20min"}, {"step": "50min"}])
def test_parts_of_intervals_equal_the_whole(
    method: Any, request_: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three output times at most of the three variables."""
    monkeypatch.setattr(lazy, "BLOCK_BYTES", 1)
    monkeypatch.setattr(lazy, "PART_BYTES", 3 * 4 * 5 * (8 + 8 + 8))
    eager, made = both(mixed(count=12), method, {"time": 5, "lon": 3}, **request_)
    lengths = made["t2m"].chunksizes["time"]
    assert max(lengths) == 3 < len(eager["time"]) / 10
    xr.testing.assert_identical(eager, made.compute())


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
    eager, made = both(dataset, method, {"time": 5}, **request_)
    xr.testing.assert_identical(eager, made.compute())


def test_nothing_is_computed_until_asked() -> None:
    series = in_memory(mixed().chunk({"time": 1}))
    method = Failing(ValueError("computed"), after=0)
    made, _ = fill_dataset(series, method, plan(series, step="1h"))
    assert method.calls == []
    with pytest.raises(ValueError, match="computed"):
        made["t2m"][1].compute()


def test_the_graph_has_a_bounded_number_of_tasks_per_interval() -> None:
    sizes = []
    for step in ("1h", "5min"):
        for count in (800, 3200):
            series = in_memory(mixed(count=count).chunk({"time": 10}))
            made, _ = fill_dataset(series, Cubic(), plan(series, step=step))
            sizes.append(len(dict(made["t2m"].data.dask)) / count)
    assert max(sizes) < 2
    np.testing.assert_allclose(sizes, sizes[0], rtol=0.05)


def test_and_so_it_has_where_a_task_makes_one_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that makes it, one that takes a variable out of it, and the input's chunk."""
    monkeypatch.setattr(lazy, "BLOCK_BYTES", 1)
    for count in (100, 800):
        series = in_memory(mixed(count=count).chunk({"time": 1}))
        made, _ = fill_dataset(series, Cubic(), plan(series, step="1h"))
        assert made["t2m"].data.npartitions >= count - 1
        assert len(dict(made["t2m"].data.dask)) < 6 * count


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
    monkeypatch.setattr(lazy, "MOST_INTERVALS", 8)
    dataset = mixed(count=40 * tasks)[["t2m"]]
    series = in_memory(dataset.chunk({"time": 8}))
    method = Meeting(tasks)
    made, _ = fill_dataset(series, method, plan(series, step="1h"))
    first = made["t2m"].data.blocks[:tasks]
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


def large(count: int) -> xr.Dataset:
    """Two variables of 4 bytes on as many cells as there are at a degree."""
    shape = (count, 181, 360)
    dims, fields = ("time", "lat", "lon"), da.zeros(shape, dtype=np.float32, chunks=(1, -1, -1))
    times = np.datetime64("2019-03-01", "ns") + 6 * np.arange(count) * np.timedelta64(1, "h")
    return xr.Dataset(
        {
            "t2m": (dims, fields, {"units": "K", "standard_name": "air_temperature"}),
            "u10": (dims, fields, {"units": "m s-1", "standard_name": "eastward_wind"}),
        },
        {"time": times, "lat": np.linspace(90, -90, 181), "lon": np.arange(360.0)},
    )


@pytest.mark.parametrize(
    ("step", "limit", "least"),
    [("3h", lazy.BLOCK_BYTES, 2 * 30), ("5min", lazy.BLOCK_BYTES, 72), ("20s", lazy.PART_BYTES, 1)],
)
def test_a_task_makes_a_bounded_number_of_bytes(step: str, limit: int, least: int) -> None:
    """Of all variables; whole intervals where these are not much more."""
    series = in_memory(large(200 if step == "3h" else 9))
    made, _ = fill_dataset(series, Linear(), plan(series, step=step))
    lengths = made["t2m"].chunksizes["time"]
    assert least <= max(lengths) <= limit / (2 * 4 * 181 * 360)


def test_who_reads_a_time_makes_few_intervals() -> None:
    series = in_memory(mixed(count=1000).chunk({"time": 1})[["t2m"]])
    method = Failing(ValueError(), after=1000)
    made, _ = fill_dataset(series, method, plan(series, step="1h"))
    made["t2m"][500].compute()
    assert 1 <= len(method.calls) <= lazy.MOST_INTERVALS


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
