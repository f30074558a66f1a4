"""What a training takes out of its targets is what the model adds in use."""

from dataclasses import replace

import numpy as np
import pytest
from tests.training.making import series

from temdeep.fields.series import series_from_dataset
from temdeep.fields.solar import SUN_FEATURES
from temdeep.methods.places import PlaceBasis
from temdeep.methods.responses import Response
from temdeep.methods.solar import Solar
from temdeep.methods.wandering import CONTEXT, Wandering
from temdeep.training.swings import Swings

COARSE = series_from_dataset(series(48)[["t2m", "u10", "v10"]])
SPREAD = (2.0, 3.0, 5.0)


def solar() -> Solar:
    """A response of one channel that wanders, and one of another that does not."""
    basis = PlaceBasis.of(COARSE.grid)
    functions = len(basis.roughness)
    amplitudes = np.random.default_rng(0).normal(size=(len(SUN_FEATURES), functions))
    amplitudes /= 1 + np.arange(functions)
    wandering = Wandering(0.1, 1e-13)
    return Solar(
        basis, {"t2m": Response(amplitudes, wandering=wandering), "u10": Response(amplitudes)}
    )


@pytest.mark.parametrize("multiple", [2, 3])
def test_targets_lack_what_the_solar_method_adds_in_use(multiple: int) -> None:
    swings = Swings.of(COARSE, COARSE.channels, solar(), SPREAD, without=())
    assert [one.channel for one in swings.each] == [0]
    wide = COARSE.thin(multiple)
    theta = np.arange(1, multiple) / multiple
    for i, interval in wide.intervals(CONTEXT, COARSE.channels):
        if i not in (0, 5):
            continue
        before, after = len(interval.before), len(interval.after)
        taken = swings.added(i * multiple, multiple, before, after)[:, 0].numpy() * SPREAD[0]
        added = solar().wandering(interval, 0, theta)
        assert np.abs(added).max() > 1e-3
        np.testing.assert_allclose(taken, added, rtol=1e-3, atol=1e-4)


def test_nothing_is_taken_where_nothing_wanders_or_nothing_is_beside() -> None:
    still = replace(solar(), responses={"t2m": Response(None)})
    assert not Swings.of(COARSE, COARSE.channels, still, SPREAD, without=()).each
    assert not Swings.of(COARSE, COARSE.channels, solar(), SPREAD, without=(0,)).each
    swings = Swings.of(COARSE, COARSE.channels, solar(), SPREAD, without=())
    assert not swings.added(4, 2, 0, 0).any()
    assert not swings.added(4, 1, 3, 3).numel()
