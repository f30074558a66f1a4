"""What a training can be told, and what it refuses to be told."""

import dataclasses
from typing import Any

import pytest

from temdeep.errors import RequestError
from temdeep.training.processes import Processes
from temdeep.training.settings import LossWeights, TrainingSettings


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": -1}, "batch_size must be at least 1"),
        ({"accumulate": 0}, "accumulate must be at least 1, got 0"),
        ({"accumulate": 5, "batch_size": 4}, "a step of 4 intervals has at most so many parts"),
        ({"precision": "half"}, "no precision 'half': say one of float32, bf16, fp16"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0"),
        ({"spans": ()}, "spans must be whole numbers from 2 on"),
        ({"spans": (1, 2)}, "spans must be whole numbers from 2 on"),
        ({"spans": (2, 2)}, "each once"),
        ({"pretrain": 1.5}, r"pretrain must lie in \[0, 1\], got 1.5"),
        ({"held_out": 0.0}, r"held_out must lie in \(0, 0.5\]"),
        ({"held_out": 0.6}, r"held_out must lie in \(0, 0.5\]"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"weight_decay": float("inf")}, "weight_decay must be 0 or more"),
    ],
)
def test_what_cannot_work_is_refused_by_name(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        TrainingSettings(**wrong)


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_weight_of_the_loss_is_a_number_from_0_on(weight: float) -> None:
    with pytest.raises(RequestError, match=r"losses\.kink must be 0 or more"):
        LossWeights(kink=weight)


def test_the_defaults_can_work() -> None:
    settings = TrainingSettings()
    weights = LossWeights(1, 0, 0, 0, 0)
    assert dataclasses.replace(settings, losses=weights).epochs == settings.epochs


@pytest.mark.parametrize(
    ("count", "rank", "words"),
    [
        (2, 3, "rank=3 is not below count=2: ranks are 0 to 1"),
        (2, 2, "rank=2 is not below count=2"),
        (1, 1, "rank=1 is not below count=1: the only rank is 0"),
        (2, -1, "rank=-1 is not below"),
        (0, 0, "count=0 is no number of processes"),
    ],
)
def test_a_rank_that_does_not_exist_is_refused(count: int, rank: int, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        Processes(count, rank)


def test_a_port_and_a_wait_that_cannot_be_are_refused() -> None:
    with pytest.raises(RequestError, match="MASTER_PORT 70000 is no port"):
        Processes(2, 0, port=70_000)
    with pytest.raises(RequestError, match="to wait 0 s"):
        Processes(2, 0, wait_s=0.0)
