"""What a network sees of fields, and what becomes of it again."""

from dataclasses import replace

import numpy as np
import pytest
from tests.network.making import settings

from temdeep.methods.normalising import normalised, rain_of
from temdeep.network.settings import NetworkSettings


def shape(rate: float = 3.0) -> NetworkSettings:
    """Four channels, the second of them rain."""
    made = settings()
    mean = tuple(0.0 if i == 1 else one for i, one in enumerate(made.mean))
    return replace(made, mean=mean, rain=(None, rate, None, None))


def test_rain_comes_back_and_dry_stays_dry() -> None:
    rates = np.array([0, 1e-4, 0.3, 4, 250], np.float32)
    fields = np.broadcast_to(rates, (1, 4, 2, 5)).copy()
    seen = normalised(fields, shape())
    assert (seen[0, 1, :, 0] == 0).all()
    back = rain_of(seen[:, 1], shape(), 1)
    np.testing.assert_allclose(back, fields[:, 1], rtol=2e-5, atol=1e-6)


def test_a_rate_below_r0_counts_as_it_is_and_one_above_as_a_share() -> None:
    fields = np.zeros((1, 4, 1, 4), np.float32)
    fields[0, 1, 0] = [0.01, 0.02, 1000, 2000]
    made = shape()
    logs = normalised(fields, made)[0, 1, 0] * made.spread[1]
    assert logs[1] / logs[0] == pytest.approx(2, rel=0.01)
    assert logs[3] - logs[2] == pytest.approx(np.log(2), abs=0.01)


def test_what_a_network_makes_of_rain_is_never_negative_and_missing_stays_missing() -> None:
    fields = np.full((1, 4, 2, 2), 1.0, np.float32)
    fields[0, 1, 0, 0] = np.nan
    seen = normalised(fields, shape())
    assert np.isnan(seen[0, 1, 0, 0])
    assert np.isfinite(seen[0, 0]).all()
    assert rain_of(np.array([-3.0, 0.0, 0.1], np.float32), shape(), 1).tolist()[:2] == [0, 0]
