"""Training from a coarse series alone: what it leaves, what it may not see, how it goes on."""

import dataclasses
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from tensorboard.backend.event_processing import (  # type: ignore[import-untyped]
    event_accumulator,
)
from tests.training.making import TINY, series, weights

from temdeep import model_store
from temdeep.errors import ModelError, OutputError, RequestError, TemdeepError
from temdeep.fields.series import open_series, series_from_dataset
from temdeep.training import runs
from temdeep.training.fit import train, train_run
from temdeep.training.runs import State, kept_to_ourselves
from temdeep.training.selection import MARGIN
from temdeep.training.settings import LossWeights

LONGER = dataclasses.replace(TINY, epochs=4)


class Told(list[str]):
    """Sentences that were told."""

    def __call__(self, sentence: str) -> None:
        self.append(sentence)


def stop_after(epoch: int) -> Callable[[int, int, str], None]:
    """A user who stops a training."""

    def progress(done: int, most: int, brought: str) -> None:
        del most, brought
        if done == epoch:
            raise KeyboardInterrupt

    return progress


def finished(run: Path) -> dict[str, Any]:
    """A description as strict JSON, which knows no NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    text = (run / "description.json").read_text()
    told: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return told


def test_a_training_leaves_what_is_needed_and_no_more(tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    learnt = train(series(), tmp_path / "run", settings=TINY)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "description.json",
        "epoch_0001.safetensors",
        "epoch_0002.safetensors",
        "resume.ckpt",
    }
    told = finished(tmp_path / "run")
    assert told["trained_on"]["first"] == "2019-03-01T00:00"
    assert told["trained_on"]["step_s"] == 10800
    assert told["trained_on"]["variables"] == ["t2m", "u10", "v10", "tp"]
    assert told["settings"]["epochs"] == 2
    assert set(told["epochs"]) == set(told["losses"]) == {"1", "2"}
    assert set(told["losses"]["1"]) == {"withheld", "coherence", "kink", "total"}
    rates = {epoch: one["span_2"] for epoch, one in told["epochs"].items()}
    assert told["best_epoch"] == int(max(rates, key=rates.__getitem__))
    treated = series_from_dataset(series())
    assert learnt.treatment(treated.channel("tp"), treated.grid) != "temdeep"


# --- no truth ---------------------------------------------------------------------------------


def hourly(seed: int, hidden: int) -> xr.Dataset:
    """Every hour, the rain in quarters so that totals are exact; `hidden` alters what is hidden."""
    fine = series(121, step_h=1, seed=seed)
    fine["tp"] = np.round(fine.tp * 4) / 4
    fine["tp"].attrs = series(2).tp.attrs
    if hidden:
        between = np.arange(121) % 3 != 0
        for name in ("t2m", "u10", "v10"):
            fine[name][between] += np.float32(hidden)
        rain = fine.tp.values.copy()
        rain[1:] = rain[1:].reshape(40, 3, *rain.shape[1:])[:, ::-1].reshape(120, *rain.shape[1:])
        fine["tp"][:] = rain
    return fine


def trained_on_every_third(data: xr.Dataset, folder: Path) -> Path:
    """Train on one time in three of a file."""
    folder.mkdir()
    data.to_netcdf(folder / "fine.nc")
    train(open_series([folder / "fine.nc"]).thin(3), folder / "run", settings=TINY)
    return folder / "run"


def test_altering_the_withheld_hours_changes_nothing_in_training(tmp_path: Path) -> None:
    true, altered = hourly(0, hidden=0), hourly(0, hidden=40)
    assert not np.allclose(true.t2m, altered.t2m)
    assert not np.allclose(true.tp, altered.tp)
    one = trained_on_every_third(true, tmp_path / "one")
    two = trained_on_every_third(altered, tmp_path / "two")
    assert weights(one) == weights(two)
    assert finished(one) == finished(two)
    # and the test has teeth: one coarse value makes another model
    seen = true.copy(deep=True)
    seen["t2m"][60, 3, 4] += 1
    three = trained_on_every_third(seen, tmp_path / "three")
    assert weights(one).keys() == weights(three).keys()
    assert weights(one) != weights(three)


def test_a_total_is_seen_and_its_hours_are_not(tmp_path: Path) -> None:
    true = hourly(0, hidden=0)
    wetter = true.copy(deep=True)
    wetter["tp"][61] += 1
    one = open_series_of(true, tmp_path / "one.nc")
    two = open_series_of(wetter, tmp_path / "two.nc")
    rain = [one.channel("tp")]
    assert not np.array_equal(
        one.read_rates(rain, slice(1, None)), two.read_rates(rain, slice(1, None))
    )


def open_series_of(data: xr.Dataset, path: Path) -> Any:
    """One time in three of a file."""
    data.to_netcdf(path)
    return open_series([path]).thin(3)


# --- seeds, stopping, going on ----------------------------------------------------------------


def test_the_same_seed_makes_the_same_model_and_another_another(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(series(), tmp_path / name, settings=dataclasses.replace(TINY, seed=seed))
    a, b, c = (weights(tmp_path / name) for name in "abc")
    assert a == b
    assert a != c


def test_a_stopped_training_goes_on_to_the_very_same_model(tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(series(), whole, settings=LONGER)
    with pytest.raises(KeyboardInterrupt, match="goes on after epoch 2"):
        train(series(), stopped, settings=LONGER, progress=stop_after(2))
    with pytest.raises(ModelError, match="has not finished: run the same command again"):
        model_store.load_method(stopped)
    told = Told()
    again = train_run(series(), stopped, settings=LONGER, tell=told)
    assert again.found is State.UNFINISHED
    assert told[0] == f"going on after epoch 2 of 4 in {stopped}"
    assert weights(whole) == weights(stopped)
    assert finished(whole) == finished(stopped)


def test_what_died_between_state_and_description_is_written_after_all(tmp_path: Path) -> None:
    whole, dead = tmp_path / "whole", tmp_path / "dead"
    train(series(), whole, settings=TINY)
    with pytest.raises(KeyboardInterrupt):
        train(series(), dead, settings=TINY, progress=stop_after(1))
    early = (dead / "description.json").read_text()
    with pytest.raises(KeyboardInterrupt):
        train(series(), dead, settings=TINY, progress=stop_after(2))
    (dead / "description.json").write_text(early)  # the state is of epoch 2, this of epoch 1
    train(series(), dead, settings=TINY)
    assert finished(dead) == finished(whole)


def test_a_training_that_stopped_by_itself_is_not_driven_on(tmp_path: Path) -> None:
    impatient = dataclasses.replace(TINY, epochs=30, patience=1, learning_rate=3.0, averaging=0.0)
    train(series(), tmp_path / "run", settings=impatient)
    told = finished(tmp_path / "run")
    last = model_store.last_epoch(tmp_path / "run")
    assert last < 30
    assert last == told["best_epoch"] + 1
    # as if it had died before it was decided which method each variable gets
    unfinished = json.dumps({**told, "instead": None})
    (tmp_path / "run" / "description.json").write_text(unfinished)
    train(series(), tmp_path / "run", settings=impatient)
    assert model_store.last_epoch(tmp_path / "run") == last
    assert finished(tmp_path / "run") == told


def test_a_finished_training_is_used_as_it_is(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(series(), run, settings=TINY)
    before, told = weights(run), Told()
    stamps = {path: path.stat().st_mtime_ns for path in run.iterdir()}
    found = train_run(series(), run, settings=TINY, tell=told)
    assert found.found is State.FINISHED
    assert "holds this very model already, trained for 2 epochs" in told[0]
    assert {path: path.stat().st_mtime_ns for path in run.iterdir()} == stamps
    assert weights(run) == before


def test_another_series_or_setting_is_refused_by_name_and_replaced_if_told(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(series(), run, settings=TINY)
    with pytest.raises(OutputError, match=r"other settings \(epochs 2, not 4\).*overwrite=True"):
        train(series(), run, settings=LONGER)
    with pytest.raises(OutputError, match=r"another series \(the dataset with other values\)"):
        train(series(seed=5), run, settings=TINY)
    with pytest.raises(OutputError, match=r"another series \(the dataset; not the same last\)"):
        train(series(44), run, settings=TINY)
    with pytest.raises(OutputError, match=r"another series \(.*\) and other settings \(epochs 2, "):
        train(series(seed=5), run, settings=LONGER)
    (run / "notes.txt").write_text("mine")
    train(series(seed=5), run, settings=dataclasses.replace(TINY, epochs=1), overwrite=True)
    assert {path.name for path in run.iterdir()} == {
        "description.json",
        "epoch_0001.safetensors",
        "notes.txt",
        "resume.ckpt",
    }


def test_two_trainings_do_not_write_into_one_folder(tmp_path: Path) -> None:
    with (
        kept_to_ourselves(tmp_path / "run"),
        pytest.raises(OutputError, match="another training is writing into"),
    ):
        train(series(), tmp_path / "run", settings=TINY)


def test_numbered_runs_take_the_next_number_or_go_on(tmp_path: Path) -> None:
    pattern, logs = tmp_path / "logs" / "N", tmp_path / "runs" / "N"
    (tmp_path / "runs" / "3").mkdir(parents=True)  # pictures of a run that is gone
    first = train_run(series(), pattern, settings=TINY, logs=logs)
    assert first.folder == tmp_path / "logs" / "4"
    assert list((tmp_path / "runs" / "4").glob("events*"))
    with pytest.raises(KeyboardInterrupt):
        train(series(), pattern, settings=TINY, progress=stop_after(1))
    with pytest.raises(KeyboardInterrupt):
        train(series(seed=5), pattern, settings=TINY, progress=stop_after(1))
    second = train_run(series(), pattern, settings=TINY)
    assert (second.folder, second.found) == (tmp_path / "logs" / "5", State.UNFINISHED)
    assert weights(second.folder) == weights(first.folder)


@pytest.mark.parametrize("content", [b"", b"no state at all"])
def test_a_broken_state_is_refused(tmp_path: Path, content: bytes) -> None:
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(series(), run, settings=TINY, progress=stop_after(1))
    (run / "resume.ckpt").write_bytes(content)
    with pytest.raises(ModelError, match=r"resume\.ckpt is broken.*overwrite=True"):
        train(series(), run, settings=TINY)
    (run / "resume.ckpt").unlink()
    with pytest.raises(OutputError, match=r"resume\.ckpt is gone"):
        train(series(), run, settings=TINY)


def test_nothing_in_a_state_is_ever_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(series(), run, settings=TINY, progress=stop_after(1))
    torch.save({"state_dict": Trap(tmp_path / "sprung")}, run / "resume.ckpt")
    with pytest.raises(ModelError, match="is broken"):
        train(series(), run, settings=TINY)
    assert not (tmp_path / "sprung").exists()


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


# --- do no harm -------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [3.0, 1e12])
def test_a_bad_network_is_replaced_and_that_is_said(tmp_path: Path, rate: float) -> None:
    bad = dataclasses.replace(TINY, learning_rate=rate, averaging=0.0)
    learnt = train(series(), tmp_path / "run", settings=bad)
    told, known = finished(tmp_path / "run"), series_from_dataset(series())
    for channel in known.instantaneous():
        rates = told["held_out_restoration_rate"][channel.name]
        errors = {name: 1 - one / 100 for name, one in rates.items() if one is not None}
        said = learnt.treatment(channel, known.grid)
        method = said.split(":")[0].split(" ")[0]
        assert errors[method] <= min(errors.values()) * (1 + MARGIN) ** 2
        assert method == "temdeep" or ":" in said  # and why
    interval = next(iter(known.intervals(learnt.context, known.instantaneous())))[1]
    assert np.isfinite(learnt.fill(interval, np.array([0.0, 0.3, 1.0]))).all()


# --- telling one series from another ----------------------------------------------------------


def test_how_much_is_read_at_once_does_not_change_what_a_series_is_known_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """70 times of instants and of periods: more than are summed up in one turn."""
    read, frame = series_from_dataset(series(70, shape=(24, 30))), 4 * 24 * 30 * 3
    found, peaks = [], []
    for at_once in (2**40, 2**40, 2 * frame, 1):  # the first for what stays loaded
        monkeypatch.setattr(runs, "AT_ONCE", at_once)
        tracemalloc.start()
        found.append(runs.fingerprint(read))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert len(set(found)) == 1
    assert peaks[1] > 64 * frame
    assert peaks[2] < 32 * frame


# --- what is written for TensorBoard ----------------------------------------------------------


def test_tensorboard_gets_every_loss_the_rates_of_each_span_and_pictures(tmp_path: Path) -> None:
    rough = dataclasses.replace(TINY, losses=LossWeights(spatial=1e-3, temporal=1e-3))
    train(series(), tmp_path / "run", settings=rough, logs=tmp_path / "runs")
    events = event_accumulator.EventAccumulator(str(tmp_path / "runs"))
    events.Reload()
    tags = events.Tags()
    for term in ("withheld", "coherence", "spatial", "temporal", "kink"):
        assert f"loss/{term}" in tags["scalars"]
        assert len(events.Scalars(f"loss/{term}")) == 2
    for span in (2, 3, 4):
        values = [one.value for one in events.Scalars(f"restoration_rate/span_{span}")]
        told = finished(tmp_path / "run")["epochs"]
        assert values == pytest.approx([one[f"span_{span}"] for one in told.values()], abs=1e-3)
    assert len(events.Scalars("loss/total_step")) == 4  # two steps in each of two epochs
    assert "truth, linear, model/t2m" in tags["images"]
    picture = events.Images("truth, linear, model/t2m")[0]
    assert (picture.height, picture.width) == (8, 30)


# --- bad input --------------------------------------------------------------------------------


BAD: dict[str, tuple[Callable[[], xr.Dataset], type[TemdeepError], str]] = {
    "too short": (lambda: series(12), RequestError, "has 12 times, and 15 is the least"),
    "only periods": (
        lambda: series()[["tp", "time_bnds"]],
        RequestError,
        'nothing that can be learnt.*method="cubic" or "solar"',
    ),
    "constant": (
        lambda: series().assign(t2m=series().t2m * 0 + np.float32(280.1)).assign_coords(),
        RequestError,
        "'t2m' in the dataset never changes",
    ),
    "gaps everywhere": (
        lambda: series(60).isel(time=[i for i in range(60) if i % 9 != 8]),
        RequestError,
        "at most 8 times without a gap",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_series_that_cannot_be_learnt_from_is_refused(tmp_path: Path, name: str) -> None:
    make, error, words = BAD[name]
    data = make()
    for one, original in series().data_vars.items():
        if one in data:
            data[one].attrs = original.attrs
    with pytest.raises(error, match=words):
        train(data, tmp_path / "run", settings=TINY)
    assert not model_store.is_model(tmp_path / "run")


def test_a_file_in_place_of_a_folder_and_a_device_that_is_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(OutputError, match="run"):
        train(series(), tmp_path / "run", settings=TINY)
    with pytest.raises(RequestError, match="there is no device 'tpu'"):
        train(series(), tmp_path / "other", settings=TINY, device="tpu")
