"""Models on disk: read back to the bit, and refused in a sentence where they cannot be."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.training.making import TINY, series

import temdeep
from temdeep import model_store
from temdeep.cli.main import main
from temdeep.errors import ModelError
from temdeep.fields.series import series_from_dataset
from temdeep.methods.learnt import Learnt
from temdeep.metric import Float32Array
from temdeep.training.fit import train
from temdeep.training.settings import PARTS

SAYS = {"title": "Noise", "licence": "CC-BY-4.0", "history": "made today"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("store") / "run"
    train(series().assign_attrs(SAYS), run, settings=TINY)
    return run


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy, to be broken."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def filled(model: Learnt) -> Float32Array:
    """All hidden frames of another series."""
    known = series_from_dataset(series(seed=3))
    theta = np.array([0.0, 0.31, 0.5, 1.0])
    each = known.intervals(model.context, known.instantaneous())
    return np.stack([model.fill(interval, theta) for _, interval in each])


def test_a_model_is_read_back_to_the_bit(run: Path) -> None:
    first, again = model_store.load_method(run), model_store.load_method(run)
    np.testing.assert_array_equal(filled(first), filled(again))
    moved = Path(shutil.move(run, run.with_name("elsewhere")))
    np.testing.assert_array_equal(filled(model_store.load_method(moved)), filled(first))


def test_weights_written_again_are_the_same_file(run: Path) -> None:
    model, epoch = model_store.learnt_only(run), model_store.description(run)["epoch"]
    before = model_store.epoch_file(run, epoch).read_bytes()
    model_store.save_weights(run, epoch, model.network, model.solar, model.daily)
    assert model_store.epoch_file(run, epoch).read_bytes() == before
    assert model_store.digest(run, epoch) == hashlib.sha256(before).hexdigest()
    assert not list(run.glob("*.partial"))


def test_whoever_may_read_a_models_description_may_read_its_weights(run: Path) -> None:
    weights = model_store.epoch_file(run, model_store.description(run)["epoch"])
    assert weights.stat().st_mode == (run / model_store.DESCRIPTION).stat().st_mode


def test_a_model_needs_no_state(run: Path) -> None:
    expected = filled(model_store.load_method(run))
    (run / model_store.RESUME).unlink()
    np.testing.assert_array_equal(filled(model_store.load_method(run)), expected)


def test_the_description_says_what_the_model_is(run: Path) -> None:
    told = model_store.description(run)
    assert told["epoch"] == told["best_epoch"]
    assert told["version"] == temdeep.__version__
    assert [one["name"] for one in told["channels"]] == ["t2m", "u10", "v10"]
    assert told["instead"]["tp"]["method"] in temdeep.methods.registry.METHOD_NAMES
    assert model_store.epochs(run) == [1, 2]
    assert model_store.last_epoch(run) == 2
    assert model_store.description(run, 1)["epoch"] == 1


def test_removing_leaves_what_is_not_ours(run: Path) -> None:
    for name in ("notes.txt", "plan.partial", "epoch_0003.partial", "resume.ckpt.partial"):
        (run / name).write_text("")
    model_store.remove(run)
    assert {path.name for path in run.iterdir()} == {"notes.txt", "plan.partial"}


def rewritten(run: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change the description."""
    path = run / model_store.DESCRIPTION
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


def each_weights(run: Path, breaking: Callable[[Path], None]) -> None:
    """Break the weights of all epochs."""
    for path in run.glob("epoch_*"):
        breaking(path)


def cut(path: Path) -> None:
    """Lose the second half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "there is no model .*run: name the folder of a training run"),
    "no description": (
        lambda run: (run / "description.json").unlink(),
        r"holds no model: it has no description\.json",
    ),
    "truncated description": (
        lambda run: cut(run / "description.json"),
        r"description\.json is broken or no description of a model",
    ),
    "another JSON": (
        lambda run: (run / "description.json").write_text("[]"),
        "does not say its format",
    ),
    "a later format": (
        lambda run: rewritten(run, lambda told: told.update(format=9)),
        f"is of format 9 and this version reads {model_store.FORMAT}",
    ),
    "no weights": (
        lambda run: each_weights(run, Path.unlink),
        r"has no epoch \d; it has none",
    ),
    "truncated weights": (
        lambda run: each_weights(run, cut),
        r"epoch_000\d\.safetensors is broken or not of the model",
    ),
    "weights of another network": (
        lambda run: rewritten(run, lambda told: told["network"].update(width=16)),  # type: ignore[attr-defined]
        "is broken or not of the model that",
    ),
    "a part that is gone": (
        lambda run: rewritten(run, lambda told: told.pop("solar")),
        "is broken or not of the model that",
    ),
    "no methods": (
        lambda run: rewritten(run, lambda told: told.update(instead={"t2m": "cubic"})),
        "does not say which method each variable gets",
    ),
    "unfinished": (
        lambda run: rewritten(run, lambda told: told.update(instead=None)),
        "has not finished: run the same command again",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_model_that_cannot_be_used_is_refused_in_one_sentence(run: Path, name: str) -> None:
    breaking, words = BROKEN[name]
    breaking(run)
    with pytest.raises(ModelError, match=words) as refused:
        model_store.load_method(run)
    assert "\n" not in str(refused.value)


def test_an_epoch_that_is_not_there_lists_those_that_are(run: Path) -> None:
    weights = model_store.epoch_file(run, 2)
    for epoch in (3, 4, 4000):
        shutil.copy(weights, model_store.epoch_file(run, epoch))
    with pytest.raises(ModelError, match="has no epoch 7; it has 1 to 4, 4000"):
        model_store.load_method(run, 7)


OTHER: dict[str, tuple[Callable[[xr.Dataset], xr.Dataset], str]] = {
    "another variable": (
        lambda data: data.rename(t2m="d2m"),
        "the model knows t2m, u10, v10, not d2m",
    ),
    "a variable less": (
        lambda data: data.drop_vars("v10"),
        "the model also needs v10, which it was trained with",
    ),
    "another unit": (
        lambda data: data.assign(t2m=data.t2m.assign_attrs(units="degC")),
        "'t2m' is in 'degC' and the model was trained on 'K'",
    ),
}


@pytest.mark.parametrize("name", OTHER)
def test_a_model_of_other_data_is_refused_by_name(trained: Path, name: str) -> None:
    change, words = OTHER[name]
    with pytest.raises(ModelError, match=words):
        used_throughout(trained, change(series()))


def used_throughout(run: Path, data: xr.Dataset) -> None:
    """Fill with the network whatever a held-out block of a day thought of it."""
    model = model_store.learnt_only(run)
    known = series_from_dataset(data)
    for _, interval in known.intervals(model.context, known.instantaneous()):
        model.fill(interval, np.array([0.5]))


def test_the_card_says_what_was_learnt_from_and_how_good_it_was(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(run)]) == 0
    told = capsys.readouterr().out
    described = model_store.description(run)
    one = described["trained_on"]
    assert described["data"] == [{"title": "Noise", "license": "CC-BY-4.0"}]
    for words in (
        "data      the dataset: Noise",
        "licence   CC-BY-4.0",
        f"period    {one['first']} to {one['last']}, {one['times']} times every",
        f"sha256 {model_store.digest(run)}",
        f"; seed {TINY.seed}",
        f"network   {TINY.width} channels, {TINY.depth} blocks\n",
    ):
        assert words in told
    for name, rates in described["held_out_restoration_rate"].items():
        (line,) = (line for line in told.splitlines() if line.strip().startswith(f"{name} "))
        method = described["instead"].get(name, {}).get("method", "temdeep")
        assert f"{rates[method]:.1f}  {method} (next " in line
    assert main(["info", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {**described, "sha256": model_store.digest(run)}


def test_a_card_of_before_the_data_were_kept_says_so(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described = model_store.read(run)
    del described["data"]
    model_store.write_description(run, described)
    assert main(["info", str(run)]) == 0
    assert "licence   the data do not say" in capsys.readouterr().out


def test_a_card_says_that_cells_are_seen_together(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described = model_store.read(run)
    described["network"]["fold"] = 2
    model_store.write_description(run, described)
    assert main(["info", str(run)]) == 0
    assert "blocks; sees 2 x 2 cells as one place" in capsys.readouterr().out


def test_a_card_says_in_words_what_a_model_was_trained_without(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described = model_store.read(run)
    described["settings"]["without"] = list(PARTS)
    model_store.write_description(run, described)
    assert main(["info", str(run)]) == 0
    (line,) = (one for one in capsys.readouterr().out.splitlines() if one.startswith("without "))
    assert "means of each sampled hour taken out first (daily)" in line
    assert "a learnt share of the spline's bend (gate)" in line
    assert "a part (" not in line


def test_a_model_knows_how_wrong_it_may_be(run: Path) -> None:
    told = model_store.spread(run)
    assert told is not None
    known = series_from_dataset(series(seed=3))
    assert sorted(told.of_channel) == ["t2m", "u10", "v10"]
    assert model_store.spread(run, model_store.read(run)["best_epoch"] + 1) is None
    moment = known.time.values[3] + np.timedelta64(90, "m")
    instants = known.dataset[["t2m", "u10", "v10"]]
    filled = temdeep.downscale(instants, times=[moment], model=run, uncertainty=True)
    assert (filled["t2m_standard_deviation"] > 0).all()
    description = json.loads((run / model_store.DESCRIPTION).read_text())
    del description["spread"]["t2m"]["levels"]
    model_store.write_description(run, without_head(description))
    with pytest.raises(ModelError, match=r"of the model's errors is broken \('levels'\)"):
        model_store.spread(run)
    del description["spread"]
    model_store.write_description(run, without_head(description))
    assert model_store.spread(run) is None


def without_head(description: dict[str, object]) -> dict[str, object]:
    return {name: one for name, one in description.items() if name not in ("format", "version")}
