"""Wet areas and their units."""

import numpy as np
import pytest

from temdeep.fields.variables import Channel, Kind
from temdeep.verification.precipitation import WetSums, mm_per_hour, wet_sums


def rain(units: str, kind: Kind, standard_name: str = "precipitation_flux") -> Channel:
    return Channel("pr", "pr", units, kind, standard_name=standard_name)


@pytest.mark.parametrize(
    ("units", "kind", "factor"),
    [
        ("kg m-2 s-1", Kind.MEAN, 3600.0),
        ("mm h-1", Kind.INSTANTANEOUS, 1.0),
        ("mm/h", Kind.INSTANTANEOUS, 1.0),
        ("m s-1", Kind.MEAN, 3.6e6),
        ("m", Kind.SUM, 3.6e6),
        ("kg m-2", Kind.SUM, 3600.0),
        ("mm day-1", Kind.MEAN, 1 / 24),
        ("dBZ", Kind.INSTANTANEOUS, None),
    ],
)
def test_rates_come_in_mm_per_hour(units: str, kind: Kind, factor: float | None) -> None:
    assert mm_per_hour(rain(units, kind)) == (None if factor is None else pytest.approx(factor))


def test_other_variables_are_no_rain() -> None:
    assert mm_per_hour(rain("m s-1", Kind.MEAN, "eastward_wind")) is None


def test_drizzle_enlarges_the_wet_area_and_costs_hits() -> None:
    truth = np.array([[1.0, 0.0], [0.0, 0.0]])
    drizzle = np.full((2, 2), 0.25)
    weights = np.array([[1.0, 1.0], [2.0, 0.0]])
    scored = np.ones((2, 2), bool)
    sums = WetSums.zeros(())
    sums.accumulate(wet_sums(drizzle, truth, weights, scored=scored))
    assert sums.area_ratio == pytest.approx(4.0)
    assert sums.critical_success_index == pytest.approx(0.25)
    right = wet_sums(truth, truth, weights, scored=scored)
    assert right.area_ratio == right.critical_success_index == 1.0


def test_nothing_is_said_about_a_dry_time() -> None:
    dry = wet_sums(
        np.zeros((2, 2)), np.zeros((2, 2)), np.ones((2, 2)), scored=np.ones((2, 2), bool)
    )
    assert np.isnan(dry.area_ratio)
    assert np.isnan(dry.critical_success_index)
