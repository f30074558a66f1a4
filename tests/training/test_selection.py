"""Do no harm: what is judged, and that nobody wins by a trick."""

import dataclasses
import itertools

import numpy as np
import pytest
from tests.training.making import series

from temdeep.fields.intervals import Interval
from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.protocol import Method
from temdeep.methods.registry import build
from temdeep.methods.simple import Linear
from temdeep.metric import Float32Array, Float64Array
from temdeep.training.callbacks import best
from temdeep.training.selection import chained, choose, sampled, withheld_errors


@dataclasses.dataclass(frozen=True)
class NotANumber(Linear):
    """A model that has blown up."""

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        return super().fill(interval, theta) * np.float32("nan")


@pytest.fixture(scope="module")
def block() -> Series:
    return series_from_dataset(series(24))


def coherence_loss(method: Method, block: Series, theta: float) -> float:
    """Mean square error of a frame rendered from two frames rendered on either side of it."""
    intervals = [one for _, one in block.intervals(0, block.instantaneous())]
    lead, back = np.array([theta]), np.array([1 - theta])
    squares = []
    for first, second in itertools.pairwise(intervals):
        made = dataclasses.replace(
            first, start=method.fill(first, lead)[0], end=method.fill(second, lead)[0]
        )
        squares.append((method.fill(made, back)[0] - first.end) ** 2)
    return float(np.mean(squares))


@pytest.mark.parametrize("theta", [0.1, 0.3, 0.7, 0.9])
def test_nearest_copy_is_perfectly_coherent_and_still_loses(block: Series, theta: float) -> None:
    nearest, linear = build("nearest", block), build("linear", block)
    assert coherence_loss(nearest, block, theta) == 0.0
    assert coherence_loss(linear, block, theta) > 1e-3
    errors = withheld_errors(block, {"nearest": nearest, "linear": linear})
    for channel in block.instantaneous():
        assert errors[channel.name]["nearest"] > errors[channel.name]["linear"]
    # a model that has learnt to copy is left out
    judged = withheld_errors(block, {"linear": linear, "cubic": build("cubic", block)})
    for channel in block.instantaneous():
        copied = {**judged[channel.name], "temdeep": errors[channel.name]["nearest"]}
        assert choose({channel.name: copied}, "temdeep")[channel.name] != "temdeep"


def test_errors_are_those_of_every_other_frame_by_hand() -> None:
    data = series(7)[["t2m"]]
    block = series_from_dataset(data)
    fields, area = data.t2m.values.astype(float), block.grid.metric.area_weights
    middles = [1, 3, 5, 2, 4]  # the odd frames hidden, then the even ones
    by_hand = sum(
        (((fields[i - 1] + fields[i + 1]) / 2 - fields[i]) ** 2 * area).sum() for i in middles
    )
    found = withheld_errors(block, {"linear": build("linear", block)})
    assert found["t2m"]["linear"] == pytest.approx(by_hand, rel=1e-5)


def test_periods_are_joined_in_pairs_by_hand() -> None:
    data = series(7)[["tp", "time_bnds"]]
    block = series_from_dataset(data)
    rates = data.tp.values.astype(float) / (3 * 3600)
    area = block.grid.metric.area_weights
    found = withheld_errors(block, {"nearest": build("nearest", block)})["tp"]["nearest"]
    # the mean of each two in a row, in place of both
    by_hand = sum(2 * (((rates[i] - rates[i + 1]) / 2) ** 2 * area).sum() for i in range(6))
    assert found == pytest.approx(by_hand, rel=1e-5)


def test_a_model_that_makes_no_numbers_is_never_taken(block: Series) -> None:
    methods = {"linear": build("linear", block), "temdeep": NotANumber()}
    errors = withheld_errors(block.select(["t2m", "u10", "v10"]), methods)
    assert set(choose(errors, "temdeep").values()) == {"linear"}


def test_a_method_that_is_clearly_better_is_taken() -> None:
    assert choose({"t": {"cubic": 1.0, "temdeep": 2.0}}, "temdeep") == {"t": "cubic"}
    assert choose({"t": {"cubic": 1.0, "temdeep": 0.9}}, "temdeep") == {"t": "temdeep"}


def test_the_best_epoch_has_the_highest_rate_at_the_narrowest_span() -> None:
    rates: dict[str, dict[str, float | None]] = {
        "1": {"span_2": 10.0, "span_4": 90.0},
        "2": {"span_2": 30.0, "span_4": 0.0},
        "3": {"span_2": 30.0, "span_4": 50.0},
        "10": {"span_2": None, "span_4": None},
    }
    assert best(rates) == 2  # the first of two that are equal; no numbers never win
    assert best({"1": {}, "2": {}}) == 2
    assert best({"1": {"span_2": None}, "2": {"span_2": -5.0}}) == 2


def test_a_network_is_judged_by_what_it_gains_over_where_it_began() -> None:
    """A short block on which all is hard does not turn it down, nor an easy one let it win."""
    whole = {"t": {"linear": 100.0, "solar": 50.0}}
    hard = {"t": {"solar": 400.0, "temdeep": 300.0}}
    assert chained(whole, hard, "temdeep", "solar")["t"]["temdeep"] == pytest.approx(37.5)
    assert choose(chained(whole, hard, "temdeep", "solar"), "temdeep") == {"t": "temdeep"}
    worse = {"t": {"solar": 4.0, "temdeep": 8.0}}
    assert choose(chained(whole, worse, "temdeep", "solar"), "temdeep") == {"t": "solar"}
    assert whole == {"t": {"linear": 100.0, "solar": 50.0}}


def test_a_long_series_is_looked_at_in_places_spread_over_it(block: Series) -> None:
    linear = {"linear": build("linear", block)}
    every, some = withheld_errors(block, linear), withheld_errors(block, linear, most=4)
    for channel in block.instantaneous():
        assert 0 < some[channel.name]["linear"] < every[channel.name]["linear"]
    assert withheld_errors(block, linear, most=1000) == every


@pytest.mark.parametrize("count", [24, 48, 92, 96, 185, 744])
@pytest.mark.parametrize("a_day", [2, 3, 4, 8])
def test_what_is_looked_at_is_not_always_at_the_same_hour(count: int, a_day: int) -> None:
    looked_at = sampled(count, 24)
    assert len(looked_at) == 24
    assert max(looked_at) < count
    assert {index % a_day for index in looked_at} == set(range(a_day))


def test_of_methods_that_are_as_good_the_nearest_time_is_not_taken() -> None:
    assert choose({"snow": {"nearest": 0.0, "linear": 0.0}}, "temdeep") == {"snow": "linear"}
