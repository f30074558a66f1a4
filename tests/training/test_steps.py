"""How a step is computed: in one pass or several, in single precision or partly in half."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.training.making import TINY, series

from temdeep.errors import RequestError
from temdeep.training.fit import train
from temdeep.training.runs import State, state_of
from temdeep.training.settings import TrainingSettings
from temdeep.training.trainer import check_precision

SETTINGS = dataclasses.replace(
    TINY, samples=16, batch_size=8, learning_rate=0.02, averaging=0.0, without=("trial",)
)


def trained(folder: Path, settings: TrainingSettings) -> tuple[list[float], torch.Tensor]:
    """The losses of a training, and all its last weights."""
    train(series(), folder, settings=settings)
    losses = json.loads((folder / "description.json").read_text())["losses"]
    held = load_file(folder / f"epoch_{settings.epochs:04d}.safetensors")
    network = [one for name, one in held.items() if name != "daily.maps"]
    assert {one.dtype for one in network} == {torch.float32}
    return [one for epoch in losses.values() for one in epoch.values()], torch.cat(
        [one.flatten() for one in network]
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[float], torch.Tensor]:
    """Trained in one pass a step, in single precision."""
    return trained(tmp_path_factory.mktemp("whole") / "run", SETTINGS)


@pytest.mark.parametrize("parts", [3, 8])
def test_a_step_in_parts_is_the_same_step(
    tmp_path: Path, whole: tuple[list[float], torch.Tensor], parts: int
) -> None:
    """Of 8 intervals 3 and 3 and 2, or one by one: weights move by 0.03 and differ by 1e-6."""
    losses, weights = trained(tmp_path / "run", dataclasses.replace(SETTINGS, accumulate=parts))
    assert losses == pytest.approx(whole[0], rel=1e-5, abs=1e-7)
    torch.testing.assert_close(weights, whole[1], rtol=1e-4, atol=1e-5)


def test_a_last_batch_of_one_interval_leaves_passes_without_a_share(tmp_path: Path) -> None:
    nine = dataclasses.replace(SETTINGS, samples=9)
    losses, weights = trained(tmp_path / "whole", nine)
    shared, of_parts = trained(tmp_path / "run", dataclasses.replace(nine, accumulate=4))
    assert shared == pytest.approx(losses, rel=1e-5, abs=1e-7)
    torch.testing.assert_close(of_parts, weights, rtol=1e-4, atol=1e-5)


def test_layers_in_bfloat16_learn_nearly_the_same_and_leave_weights_in_float32(
    tmp_path: Path, whole: tuple[list[float], torch.Tensor]
) -> None:
    settings = dataclasses.replace(SETTINGS, precision="bf16")
    losses, weights = trained(tmp_path / "run", settings)
    assert losses == pytest.approx(whole[0], rel=0.02)
    assert not torch.equal(weights, whole[1])  # it has been another training
    assert torch.isfinite(weights).all()


def test_a_precision_that_is_not_to_be_had_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    half = dataclasses.replace(TINY, precision="fp16")
    with pytest.raises(RequestError, match="fp16 needs a GPU, and this trains on the CPU"):
        train(series(), tmp_path / "run", settings=half, device="cpu")
    assert not (tmp_path / "run").exists()
    check_precision("bf16", cuda=False)


def test_a_gpu_without_bfloat16_is_told_what_it_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    with pytest.raises(RequestError, match="say precision fp16, or float32"):
        check_precision("bf16", cuda=True)
    check_precision("fp16", cuda=True)


def test_a_model_from_before_a_setting_was_known_is_one_with_its_default(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(series(), run, settings=TINY)
    told = json.loads((run / "description.json").read_text())
    del told["settings"]["accumulate"], told["settings"]["precision"]
    (run / "description.json").write_text(json.dumps(told))
    # the series itself is not asked for: all else of the plan is as it is told
    plan = {"trained_on": told["trained_on"], "settings": dataclasses.asdict(TINY)}
    assert state_of(run, plan) is State.FINISHED
