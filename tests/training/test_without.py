"""What is left out of a model is out, in training and in use."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.making import TINY, series

from temdeep.errors import RequestError
from temdeep.fields.series import series_from_dataset
from temdeep.methods.learnt import Learnt
from temdeep.training.fit import train
from temdeep.training.settings import PARTS, LossWeights

THETA = np.array([0.25, 0.5])


def trained(tmp_path: Path, *without: str) -> Learnt:
    data = series(48)[["t2m", "u10", "v10"]]
    settings = replace(TINY, without=(*without, "trial", "fallback"), learning_rate=0.05)
    return train(data, tmp_path / "run", settings=settings)


def interval(context: int):  # type: ignore[no-untyped-def]
    data = series_from_dataset(series(48)[["t2m", "u10", "v10"]])
    intervals = list(data.intervals(context, data.instantaneous()))
    return intervals[20][1]


def test_without_context_frames_beside_the_interval_change_nothing(tmp_path: Path) -> None:
    model = trained(tmp_path, "context")
    near, far = interval(0), interval(3)
    np.testing.assert_array_equal(model.fill(near, THETA), model.fill(far, THETA))


def test_with_context_they_do(tmp_path: Path) -> None:
    model = trained(tmp_path)
    assert np.abs(model.fill(interval(0), THETA) - model.fill(interval(3), THETA)).max() > 1e-3


@pytest.mark.parametrize(("part", "head"), [("residual", "residual"), ("gate", "gate")])
def test_a_head_that_is_left_out_learns_nothing(tmp_path: Path, part: str, head: str) -> None:
    own = getattr(trained(tmp_path, part).network, head).weight
    other = getattr(trained(tmp_path / "other").network, head).weight
    assert not torch.any(own)
    assert torch.any(other)


def test_without_scaling_sizes_at_the_step_are_those_at_twice_the_step(tmp_path: Path) -> None:
    kept = trained(tmp_path).network.settings
    same = trained(tmp_path / "other", "scaling").network.settings
    for table in ("change", "bend", "error"):
        assert getattr(same, table)[0] == getattr(same, table)[1] == getattr(kept, table)[1]
        assert getattr(kept, table)[0] != getattr(kept, table)[1]


def test_without_the_sun_and_hour_means_there_are_none(tmp_path: Path) -> None:
    model = trained(tmp_path, "sun", "daily")
    assert not model.solar.responses
    assert not len(model.daily.hours_us)


def test_without_trial_and_fallback_the_network_is_believed(tmp_path: Path) -> None:
    model = trained(tmp_path)
    assert set(model.network.settings.trust) == {1.0}
    assert not model.instead


def test_where_nothing_is_left_to_learn_from_that_is_said() -> None:
    with pytest.raises(RequestError, match="nothing else to learn from"):
        LossWeights(withheld=0, coherence=0)


def test_a_part_that_there_is_not_is_named() -> None:
    with pytest.raises(RequestError, match="wings") as raised:
        replace(TINY, without=("wings",))
    assert all(part in str(raised.value) for part in PARTS)
