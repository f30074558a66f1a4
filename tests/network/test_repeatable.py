"""However many threads a network is given, what it makes is the same."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from tests.network.making import MOVING, STILL, network, settings, window
from torch import Tensor, nn

from temdeep.network.rendering import render
from temdeep.network.repeatable import heads_of, weighted


@pytest.fixture
def threads() -> Iterator[list[int]]:
    """Numbers of threads to try, the first of them one; as many as there were afterwards."""
    before = torch.get_num_threads()
    yield [1, 2, 3, 4]
    torch.set_num_threads(before)


@pytest.mark.parametrize("levels", [MOVING, STILL], ids=["moving", "still"])
@pytest.mark.parametrize("fold", [1, 2])
@pytest.mark.parametrize("half", [False, True], ids=["float32", "bf16"])
def test_the_number_of_threads_changes_no_bit(
    threads: list[int], levels: tuple[int, ...], fold: int, *, half: bool
) -> None:
    shape = replace(settings(levels, width=24), fold=fold)
    used = network(shape, size=0.1)
    like = window(1, levels, shape=(67, 93), before=(3,), after=(3,), decades=(-0.5, 0.5))
    theta = torch.tensor([[0.1, 0.3, 0.5, 0.8, 0.9]])
    found = []
    for count in threads:
        torch.set_num_threads(count)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            found.append(render(like, used(like), theta, levels))
    assert found[0].std() > 0.1
    assert [torch.equal(one, found[0]) for one in found] == [True] * len(threads)


@pytest.mark.parametrize("bias", [True, False])
def test_heads_are_those_of_pytorch(threads: list[int], *, bias: bool) -> None:
    """To rounding; and the very same where something is learnt."""
    torch.manual_seed(0)
    heads = [nn.Conv2d(33, size, 1, bias=bias) for size in (10, 3)]
    fields = torch.randn(2, 33, 41, 57)
    theirs = [head(fields) for head in heads]
    assert all(map(torch.equal, heads_of(heads, fields), theirs))
    for count in threads:
        torch.set_num_threads(count)
        with torch.inference_mode():
            for ours, wanted in zip(heads_of(heads, fields), theirs, strict=True):
                torch.testing.assert_close(ours, wanted.detach(), rtol=1e-5, atol=1e-5)


def test_weighted_sums_are_those_of_einsum() -> None:
    torch.manual_seed(0)
    weights, fields = torch.randn(2, 5, 8), torch.randn(2, 8, 3, 7, 11)

    def theirs() -> Tensor:
        return torch.einsum("btk,bkcyx->btcyx", weights, fields)

    assert torch.equal(weighted(weights, fields), theirs())
    with torch.inference_mode():
        torch.testing.assert_close(weighted(weights, fields), theirs(), rtol=1e-5, atol=1e-5)
