"""Intervals are filled one by one, the same whatever is asked for beside them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import HOUR, Failing, in_memory, mixed, temperature

from temdeep.engine.dataset import fill_dataset
from temdeep.engine.plan import plan
from temdeep.engine.stream import TIMES_AT_ONCE, fill
from temdeep.methods.cubic import Cubic
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear


def filled(dataset: xr.Dataset, method: Method, **request: object) -> xr.Dataset:
    series = in_memory(dataset)
    return fill_dataset(series, method, plan(series, **request))[0]  # type: ignore[arg-type]


def test_a_line_in_time_comes_back_at_any_times() -> None:
    dataset = temperature([0, 3, 6, 9])
    asked = ["2019-03-01T00:20", "2019-03-01T01:17:13", "2019-03-01T03:00", "2019-03-01T08:59:59"]
    for method in (Linear(), Cubic()):
        found = filled(dataset, method, at=asked)
        hours = (found["time"] - dataset["time"][0]) / HOUR
        np.testing.assert_allclose(found["t2m"][:, 1, 1], hours, rtol=1e-6)


def test_few_times_equal_those_of_a_full_output() -> None:
    dataset = mixed(count=40)
    full = filled(dataset, Cubic(), step="1h")
    for when in (1, 50, 117):
        time = full["time"].values[when]
        one = filled(dataset, Cubic(), at=[time], period="1h")
        xr.testing.assert_equal(
            one.drop_vars("temdeep_provenance"),
            full.isel(time=[when]).drop_vars("temdeep_provenance"),
        )


def test_many_times_in_one_interval_equal_few() -> None:
    dataset = temperature([0, 1, 5, 2])
    fine = filled(dataset, Cubic(), step="1min")
    assert 2 * TIMES_AT_ONCE < 180
    coarse = filled(dataset, Cubic(), step="30min")
    np.testing.assert_array_equal(fine["t2m"][::30], coarse["t2m"])


def test_only_intervals_with_something_to_make_are_filled() -> None:
    method = Failing(ValueError("asked too often"), after=1)
    found = filled(temperature(range(30)), method, at=["2019-03-01T00:00", "2019-03-02T04:00"])
    assert method.calls == [3 * 3600.0]
    np.testing.assert_allclose(found["t2m"][:, 0, 0], [0, 28 / 3], rtol=1e-6)


def test_a_gap_that_is_filled_has_no_context_and_is_none() -> None:
    hours = np.array([0, 3, 6, 15, 18, 21])
    dataset = temperature(hours**2, np.datetime64("2019-03-01", "ns") + hours * HOUR)
    found = filled(dataset, Cubic(), step="1h", max_gap="9h")
    inside = found["t2m"].sel(time=slice("2019-03-01T06", "2019-03-01T15"))[:, 0, 0]
    np.testing.assert_allclose(inside, np.linspace(36, 225, 10), rtol=1e-6)


@pytest.mark.parametrize(("method", "step"), [("maximum", "1h"), ("minimum", "70min")])
def test_extremes_of_parts_give_back_the_extreme(method: str, step: str) -> None:
    dataset = mixed()[["sp", "time_bnds"]]
    dataset["sp"].attrs["cell_methods"] = f"time: {method}"
    found = filled(dataset, Linear(), step=step)
    given = dataset["sp"].values.astype(np.float32)
    parts = found["sp"].values.astype(np.float32)
    if step == "1h":
        joined = parts.reshape(9, 3, 4, 5)
        np.testing.assert_array_equal(
            joined.max(axis=1) if method == "maximum" else joined.min(axis=1), given
        )
    else:
        assert parts.min() >= given.min()
        assert parts.max() <= given.max()
    assert found["sp"].attrs["temdeep_method"].startswith("linear: parts of a")


def test_sums_across_two_given_periods_are_conserved() -> None:
    dataset = mixed()[["tp", "time_bnds"]]
    found = filled(dataset, Cubic(), step="2h15min")
    assert len(found["time"]) == 12
    np.testing.assert_allclose(found["tp"].sum("time"), dataset["tp"].sum("time"), rtol=1e-12)


def test_periods_without_cover_are_missing_and_no_others() -> None:
    hours = np.array([0, 3, 6, 15, 18])
    dataset = mixed(count=5)
    times = np.datetime64("2019-03-01", "ns") + hours * HOUR
    dataset = dataset.assign_coords(time=times)
    dataset["time_bnds"] = (("time", "bnds"), np.stack([times - 3 * HOUR, times], axis=1))
    dataset["time"].attrs["bounds"] = "time_bnds"
    found = filled(dataset, Linear(), step="1h", max_gap="9h")
    missing = np.isnan(found["tp"].values).all(axis=(1, 2))
    since = ((found["time"] - times[0]) / HOUR).values
    np.testing.assert_array_equal(missing, (since > 6) & (since <= 12))
    assert not np.isnan(found["t2m"]).any()


def test_blocks_come_in_time_order_each_variable_once() -> None:
    series = in_memory(mixed())
    wanted = plan(series, step="30min")
    seen: dict[str, list[int]] = {}
    for block in fill(series, Linear(), wanted):
        for name in block.fields:
            seen.setdefault(name, []).extend(range(block.times.start, block.times.stop))
    assert seen == {name: list(range(len(wanted))) for name in ("t2m", "sp", "tp")}


PEAK = """
import sys
from pathlib import Path
import numpy as np, xarray as xr
from temdeep.engine import pieces, stream
from temdeep.engine.plan import plan
from temdeep.engine.writers import write
from temdeep.fields import reading_frames
from temdeep.fields.series import open_series
from temdeep.methods.cubic import Cubic
few = 2**20  # far less than the short series
pieces.WINDOW_BYTES = stream.READ_AHEAD_BYTES = reading_frames.BLOCK_BYTES = few
source, target = map(Path, sys.argv[1:])
series = open_series([source])
write(series, Cubic(), plan(series, step="30min"), target)
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_peak_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    peaks = []
    for count in (60, 1200):
        y, x = 100, 120
        values = np.random.default_rng(0).normal(280, 9, (60, y, x)).astype("f4")
        base = temperature(np.zeros(count))
        dataset = xr.Dataset(
            {
                "t2m": (
                    ("time", "lat", "lon"),
                    np.tile(values, (count // 60, 1, 1)),
                    base["t2m"].attrs,
                )
            },
            coords={
                "time": base["time"],
                "lat": ("lat", 60 - np.arange(y) / 4, {"units": "degrees_north"}),
                "lon": ("lon", np.arange(x) / 4, {"units": "degrees_east"}),
            },
        )
        source = tmp_path / f"in{count}.nc"
        dataset.to_netcdf(source, engine="netcdf4")
        command = [sys.executable, "-c", PEAK, str(source), str(tmp_path / f"out{count}.nc")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    short, long = peaks
    assert long <= 1.1 * short, f"{short} kB, twenty times the length: {long} kB"
