"""Learning from several series: rain events on grids of their own, for use on yet another."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from scipy.ndimage import gaussian_filter
from tests.training.making import TINY, weights
from tests.training.test_fit import stop_after

from temdeep import model_store
from temdeep.errors import OutputError, RequestError
from temdeep.fields.series import series_from_dataset
from temdeep.methods.learnt import Learnt
from temdeep.methods.optical_flow import OpticalFlow
from temdeep.methods.simple import Linear
from temdeep.training.fit import Several, _source, train
from temdeep.training.held import Store
from temdeep.training.module import TrainingRun
from temdeep.training.parts import draw_turns, splits
from temdeep.training.samples import held_out_samples

RATE = {"units": "mm h-1", "standard_name": "rainfall_rate", "cell_methods": "time: point"}
SETTINGS = dataclasses.replace(TINY, crop=20, mirror=0.5)


def event(
    count: int,
    shape: tuple[int, int],
    *,
    step_min: int = 20,
    seed: int = 0,
    flicker: float = 0.0,
) -> xr.Dataset:
    """Rain that moves eastwards by two cells a step; `flicker` is of cells that do not last."""
    rng = np.random.default_rng(seed)
    wide = gaussian_filter(rng.normal(size=(shape[0], shape[1] + 2 * count)), 2)
    rate = np.maximum(np.exp(2 * wide / wide.std()) - 1, 0)
    lefts = [2 * (count - i) for i in range(count)]
    frames = np.stack([rate[:, left : left + shape[1]] for left in lefts])
    frames *= np.exp(flicker * rng.normal(size=frames.shape))
    times = np.datetime64("2019-06-01", "ns") + np.arange(count) * np.timedelta64(step_min, "m")
    coordinates = {
        "time": ("time", times, {"standard_name": "time"}),
        "lat": ("lat", 50.0 - 0.02 * np.arange(shape[0]), {"units": "degrees_north"}),
        "lon": ("lon", 5.0 + 0.03 * np.arange(shape[1]), {"units": "degrees_east"}),
    }
    made = xr.Dataset({"rr": (("time", "lat", "lon"), frames, dict(RATE))}, coords=coordinates)
    made["time"].encoding["units"] = "minutes since 2000-01-01"
    return made.astype(np.float32)


def two_events() -> list[xr.Dataset]:
    """One short on a small grid, one long on a wide one with a shorter step."""
    return [event(8, (20, 24)), event(14, (26, 22), step_min=10, seed=1)]


def test_the_same_events_make_the_same_model_and_a_stopped_training_goes_on(
    tmp_path: Path,
) -> None:
    longer = dataclasses.replace(SETTINGS, epochs=3)
    train(two_events(), tmp_path / "whole", settings=longer)
    with pytest.raises(KeyboardInterrupt):
        train(two_events(), tmp_path / "run", settings=longer, progress=stop_after(1))
    assert len(weights(tmp_path / "run")) == 1
    train(two_events(), tmp_path / "run", settings=longer)
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")
    told = json.loads((tmp_path / "run" / "description.json").read_text())
    assert [one["step_s"] for one in told["trained_on"]["series"]] == [1200, 600]
    assert told["network"]["spans_s"] == [600, 1200, 1800, 2400, 3600]
    with pytest.raises(OutputError, match="another series"):
        train(two_events()[::-1], tmp_path / "run", settings=longer)


def test_a_model_of_two_events_fills_a_third_on_another_grid(tmp_path: Path) -> None:
    model = train(two_events(), tmp_path / "run", settings=SETTINGS)
    learnt = model_store.learnt_only(tmp_path / "run")
    assert set(model.instead) <= {"rr"}
    third = series_from_dataset(event(6, (30, 28), seed=2).isel(time=slice(None, None, 2)))
    for _, whole in third.intervals(learnt.context):
        start = whole.start.copy()
        start[0, 3, 4] = np.nan
        interval = dataclasses.replace(whole, start=start)
        filled = learnt.fill(interval, np.array([0.0, 0.3, 1.0]))
        np.testing.assert_array_equal(filled[0], interval.start)
        np.testing.assert_array_equal(filled[2], interval.end)
        assert np.nanmin(filled) >= 0
        missing = np.isnan(interval.start) | np.isnan(interval.end)
        np.testing.assert_array_equal(np.isnan(filled[1]), missing)
        assert missing.sum() == 1


def untrained(tmp_path: Path) -> Learnt:
    """The model of two events before its first step, with rain far below the logarithm's bend."""
    train(two_events(), tmp_path / "run", settings=dataclasses.replace(SETTINGS, epochs=1))
    learnt = model_store.learnt_only(tmp_path / "run")
    network = learnt.network
    network.settings = dataclasses.replace(network.settings, rain=(1e4,))
    for head in (network.residual, network.gate, network.motion, network.fading):
        for parameter in head.parameters():
            torch.nn.init.zeros_(parameter)
    return learnt


def test_an_untrained_network_is_optical_flow(tmp_path: Path) -> None:
    learnt = untrained(tmp_path)
    series = series_from_dataset(event(6, (30, 28), seed=2))
    theta = np.array([0.25, 0.5])
    for _, interval in series.intervals(learnt.context):
        expected = OpticalFlow().fill(interval, theta)
        inside = np.s_[..., 6:-6, 6:-6]  # beyond an edge the two go on in ways of their own
        filled = learnt.fill(interval, theta)
        scale = float(expected.max())
        np.testing.assert_allclose(filled[inside], expected[inside], atol=2e-3 * scale)
        assert np.abs(expected - Linear().fill(interval, theta)).max() > 0.1 * scale


def test_what_does_not_last_is_learnt_to_fade(tmp_path: Path) -> None:
    events = [event(16, (20, 24), flicker=0.8), event(16, (24, 20), flicker=0.8, seed=1)]
    settings = dataclasses.replace(
        SETTINGS, epochs=3, samples=64, learning_rate=1e-2, spans=(2,), averaging=0.9
    )
    train(events, tmp_path / "run", settings=settings)
    told = json.loads((tmp_path / "run" / "description.json").read_text())
    rates = told["held_out_restoration_rate"]["rr"]
    assert 100 - rates["temdeep"] < 0.85 * (100 - rates["optical_flow"])


def test_frames_that_are_held_out_are_not_learnt_from(tmp_path: Path) -> None:
    """Altering them changes which epoch is best, and how good, but no weight."""
    events = two_events()
    altered = [one.copy(deep=True) for one in events]
    first = [5, 11]
    for one, begin in zip(altered, first, strict=True):
        one["rr"][begin:] = one["rr"][begin:].values[..., ::-1]
    train(events, tmp_path / "one", settings=SETTINGS)
    train(altered, tmp_path / "two", settings=SETTINGS)
    assert list(splits([series_from_dataset(one) for one in events], SETTINGS)) == first
    assert weights(tmp_path / "one") == weights(tmp_path / "two")


def test_each_series_is_drawn_with_the_root_of_its_length(tmp_path: Path) -> None:
    events = [event(8, (20, 24)), event(40, (20, 24), seed=1)]
    source = _source([series_from_dataset(one) for one in events], SETTINGS)
    assert isinstance(source, Several)
    parts = source.parts(source.solar(SETTINGS), SETTINGS, Store(tmp_path))
    turns = draw_turns(parts, SETTINGS, 0, 4000)
    lengths = [part.held_out_from for part in parts]
    assert lengths == [5, 34]
    share = np.sqrt(34) / (np.sqrt(5) + np.sqrt(34))
    assert np.mean(turns) == pytest.approx(share, abs=0.03)
    run = TrainingRun(parts[0].data, SETTINGS, 5, parts[0].index, parts[1:])
    assert run.held_out_multiples[0] == 2
    assert len(held_out_samples(parts[1].data, 34, 2)) == 4


def test_series_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    one, two = two_events()
    other = two.rename(rr="rate")
    with pytest.raises(RequestError, match="alone"):
        train([one, other], tmp_path / "run", settings=SETTINGS)
    two["rr"].attrs["units"] = "m s-1"
    with pytest.raises(RequestError, match=r"'rr' is in 'mm h-1' in .* and in 'm s-1'"):
        train([one, two], tmp_path / "run", settings=SETTINGS)
    with pytest.raises(RequestError, match="at most 2 times"):
        train([one, event(2, (20, 24))], tmp_path / "run", settings=SETTINGS)
    with pytest.raises(RequestError, match=r"none of .* has 7 times"):
        train([event(6, (20, 24)), event(5, (20, 24))], tmp_path / "run", settings=SETTINGS)
    with pytest.raises(RequestError, match="no series"):
        train([], tmp_path / "run", settings=SETTINGS)


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        ((2, 5), "01T01:20 and 2019-06-01T02:00, which leaves less than 3 times in a row of"),
        ((9,), "and an end without a gap \\(the dataset has a gap between 2019-06-01T02:40 and"),
    ],
)
def test_a_gap_that_leaves_too_little_is_named_before_anything_is_learnt(
    tmp_path: Path, left_out: tuple[int, ...], told: str
) -> None:
    broken = event(11, (20, 24)).isel(time=[i for i in range(11) if i not in left_out])
    with pytest.raises(RequestError, match=told):
        train([event(6, (20, 24)), broken], tmp_path / "run", settings=SETTINGS)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("left_out", "held_out_from"), [(3, 10), (11, 13)])
def test_of_a_series_with_a_gap_at_its_end_nothing_is_held_out(
    left_out: int, held_out_from: int
) -> None:
    broken = event(14, (20, 24)).isel(time=[i for i in range(14) if i != left_out])
    both = [series_from_dataset(one) for one in (event(14, (20, 24)), broken)]
    assert splits(both, SETTINGS) == (11, held_out_from)
