"""Processes and passes share a batch and the validation: all of it, evenly, to the same numbers."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.test_several import SETTINGS, two_events

from temdeep.fields.series import series_from_dataset
from temdeep.training.fit import Several, _source
from temdeep.training.held import Store
from temdeep.training.module import TrainingRun
from temdeep.training.samples import Sample
from temdeep.training.sharing import COHERENT_COST, EVERY_COHERENT, Share, divided


def batch(count: int, seed: int = 0) -> list[Sample]:
    """Intervals anywhere in a series of sixty."""
    firsts = np.random.default_rng(seed).integers(60, size=count)
    return [Sample(int(first), 2, 3, 3) for first in firsts]


@pytest.mark.parametrize("shares", [1, 2, 3, 8, 11])
@pytest.mark.parametrize("count", [1, 4, 5, 8, 9])
def test_every_interval_is_in_one_share_and_no_share_costs_much_more(
    count: int, shares: int
) -> None:
    found = divided(batch(count), shares, coherence=True)
    coherent = list(range(0, count, EVERY_COHERENT))
    assert len(found) == shares
    assert sorted(place for one in found for place in one.hidden) == list(range(count))
    assert sorted(place for one in found for place in one.coherent) == coherent
    costs = [len(one.hidden) + COHERENT_COST * len(one.coherent) for one in found]
    even = -(-sum(costs) // shares)
    assert max(costs) <= max(even, COHERENT_COST * -(-len(coherent) // shares))


def test_one_share_is_all_in_order() -> None:
    assert divided(batch(8), 1, coherence=True) == [Share(tuple(range(8)), (0, 4))]
    assert divided(batch(3), 1, coherence=False) == [Share((0, 1, 2), ())]


def test_of_four_intervals_one_process_takes_the_coherent_one_and_the_other_all_hidden_times() -> (
    None
):
    assert divided(batch(4), 2, coherence=True) == [Share((), (0,)), Share((0, 1, 2, 3), ())]
    alone = divided(batch(4), 2, coherence=False)
    assert [len(one.hidden) for one in alone] == [2, 2]


def test_a_process_keeps_to_its_stretch_of_the_series() -> None:
    """Whose intervals' motion it makes: of sixty the two have few in common after many batches."""
    seen: list[set[int]] = [set(), set()]
    for number in range(40):
        drawn = batch(8, number)
        for own, share in zip(seen, divided(drawn, 2, coherence=True), strict=True):
            own |= {drawn[place].first for place in share.hidden}
    assert len(seen[0] | seen[1]) == 60
    assert len(seen[0]) + len(seen[1]) < 60 + 40  # all sixty twice, were they dealt in turns
    dealt = [{one.first for number in range(40) for one in batch(8, number)[i::2]} for i in (0, 1)]
    assert len(dealt[0]) + len(dealt[1]) > 110


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    """Before its first step, of two events, weights that are not 0."""
    store: Path = tmp_path_factory.mktemp("held")
    settings = dataclasses.replace(SETTINGS, held_out=0.5)
    source = _source([series_from_dataset(one) for one in two_events()], settings)
    assert isinstance(source, Several)
    first, *others = source.parts(source.solar(settings), settings, Store(store))
    torch.manual_seed(0)
    made = TrainingRun(first.data, settings, first.held_out_from, first.index, others)
    for weight in made.averaged.parameters():
        torch.nn.init.normal_(weight, std=0.05)
    return made


@pytest.mark.parametrize("shares", [2, 3, 100])
def test_rates_do_not_depend_on_how_many_share_the_validation(
    run: TrainingRun, shares: int
) -> None:
    alone = run.held_out_squares(0, 1)
    together = sum(run.held_out_squares(share, shares) for share in range(shares))
    assert isinstance(together, torch.Tensor)
    assert torch.equal(together, alone)
    assert (alone > 0).all()
    assert not torch.equal(alone, run.held_out_squares(0, 2))
    rates = run.rates_of(alone)
    assert rates == run.rates_of(together)
    assert list(rates) == list(run.held_out_multiples)
    assert any(abs(rate) > 0.1 for rate in rates.values())


def test_a_rate_is_that_of_all_errors_of_its_span_by_hand(run: TrainingRun) -> None:
    squares = run.held_out_squares(0, 1)
    multiple = run.held_out_multiples[0]
    own = [i for i, piece in enumerate(run._held_out_pieces()) if piece[0] == multiple]
    model, line = squares[own].sum(dim=0).sqrt().numpy()
    by_hand = 100 * (1 - np.exp(np.log(model / line).mean()))
    assert run.rates_of(squares)[multiple] == pytest.approx(by_hand, rel=1e-9)
    assert len(own) > 1


def test_without_a_share_a_process_takes_part_with_gradients_of_zero(run: TrainingRun) -> None:
    nothing = run._nothing()
    assert float(nothing.detach()) == 0
    found = torch.autograd.grad(nothing, list(run.network.parameters()))
    assert not any(one.any() for one in found)
