"""An interrupted run, and the command where the simulator is absent."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from benchmarks.simulate import model
from benchmarks.simulate.__main__ import main
from benchmarks.simulate.errors import SimulationError
from benchmarks.simulate.fields import Hours
from benchmarks.simulate.model import Surface, noise
from benchmarks.simulate.presets import PRESETS
from benchmarks.simulate.run import Work, simulate

needs_jcm = pytest.mark.skipif(find_spec("jcm") is None, reason="the simulator jcm is absent")


def test_noise_is_that_of_its_seed_and_of_half_a_kelvin() -> None:
    shape = (8, 96, 48)
    np.testing.assert_array_equal(noise(7, shape), noise(7, shape))
    assert abs(np.corrcoef(noise(7, shape).ravel(), noise(8, shape).ravel())[0, 1]) < 0.02
    assert noise(7, shape).std() == pytest.approx(0.5, rel=0.01)


def test_days_kept_are_found_again_by_the_same_request_only(tmp_path: Path) -> None:
    request = PRESETS["globe"]
    target = tmp_path / "out.nc"
    work = Work(target, request)
    work.open()
    day = {"t2m": np.arange(6, dtype=np.int16).reshape(1, 2, 3)}
    work.keep(request.spin_up_days - 1, day)
    again = Work(target, request)
    again.open()
    np.testing.assert_array_equal(next(again.days())["t2m"], day["t2m"])
    with pytest.raises(SimulationError, match=r"out\.nc\.days holds days of another request"):
        Work(target, PRESETS["smooth"]).open()


class Clock:
    """A simulator whose near-surface temperature is its hour: 0.1 K an hour from 200 K on."""

    surface = Surface(np.zeros(2), np.zeros(3), *[np.zeros((2, 3))] * 3)

    def __init__(self, *, breaks_on_day: int = -1) -> None:
        self.day = -1
        self.breaks_on_day = breaks_on_day
        self.run: list[int] = []

    def begin(self, seed: int) -> None:  # noqa: ARG002 - of the simulator
        self.day = 0

    def resume(self, checkpoint: Path) -> int:
        self.day = int(checkpoint.read_text())
        return self.day

    def save(self, checkpoint: Path) -> None:
        checkpoint.write_text(str(self.day))

    def skip_day(self) -> None:
        if self.day == self.breaks_on_day:
            raise SimulationError("broken")
        self.run.append(self.day)
        self.day += 1

    def record_day(self) -> Iterator[Hours]:
        first = 24 * self.day
        self.skip_day()
        for hour in (first, first + 12):
            time = np.arange(hour + 1, hour + 13, dtype=float)[:, None, None]
            field = 200 + 0.1 * time * np.ones((12, 2, 3))
            yield Hours(np.ones(8), *[field[:, None]] * 5, *[field] * 6)


def test_an_interrupted_run_goes_on_and_misses_no_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = replace(PRESETS["globe"], spin_up_days=3, days=2, variables=("t2m",))
    target = tmp_path / "out.nc"

    def run_with(clock: Clock) -> None:
        monkeypatch.setattr(model, "simulator", lambda _: nullcontext(clock))
        monkeypatch.setattr(model, "versions", lambda: {"jcm": "3.0.0", "dinosaur": "1.5.1"})
        simulate(
            request,
            target,
            name="globe",
            overwrite=False,
            command="a test",
            show_done=lambda _: None,
        )

    with pytest.raises(SimulationError, match="broken"):
        run_with(Clock(breaks_on_day=4))
    assert not target.exists()
    again = Clock()
    run_with(again)
    assert again.run == [4]
    with xr.open_dataset(target) as found:
        hours = np.arange(3 * 24, 5 * 24 + 1)
        np.testing.assert_allclose(found.t2m[:, 1, 2], 200 + 0.1 * hours, atol=0.0051)
        start = np.datetime64("2000-01-01")
        np.testing.assert_array_equal((found.time.values - start) / np.timedelta64(1, "h"), hours)
    assert [one.name for one in tmp_path.iterdir()] == ["out.nc"]


@pytest.mark.skipif(find_spec("jcm") is not None, reason="the simulator jcm is installed")
def test_without_the_simulator_one_sentence_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["smooth", "-o", str(tmp_path / "out.nc")]) == 2
    told = capsys.readouterr().err
    assert "pip install jcm==3.0.0" in told
    assert len(told.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@needs_jcm
@pytest.mark.slow
def test_a_day_of_the_simulator_has_the_suns_cycle_and_its_seeds_weather(tmp_path: Path) -> None:
    target = tmp_path / "out.nc"
    assert main(["globe", "--spin-up", "1", "--days", "1", "-o", str(target), "--quiet"]) == 0
    with xr.open_dataset(target) as found:
        noon_at_greenwich = found.ssrd.sel(lon=0).isel(lat=slice(20, 28)).mean("lat")
        assert noon_at_greenwich.sel(time="2000-01-02T12:00") > 400
        assert noon_at_greenwich.sel(time="2000-01-02T23:00") == 0
        assert 280 < found.t2m.mean() < 295
    assert [one.name for one in tmp_path.iterdir()] == ["out.nc"]
