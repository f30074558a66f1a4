"""Costs of methods from times of processes: what was put in comes out, however busy the machine."""

import numpy as np
import pytest
from benchmarks.speed.costs import Work, fit

POINTS = 65_160
WORKS = [Work(intervals, made) for intervals in (1, 24, 96) for made in (1, 5, 23)]


def seconds(work: Work, start_s: float, interval_ns: float, output_ns: float) -> float:
    each = interval_ns + work.outputs * output_ns
    return start_s + work.intervals * POINTS * each * 1e-9


@pytest.mark.parametrize("costs", [(2.3, 120.0, 40.0), (4.8, 4800.0, 450.0), (0.5, 0.0, 30.0)])
def test_costs_come_back_from_exact_times(costs: tuple[float, float, float]) -> None:
    *found, misfit = fit({work: seconds(work, *costs) for work in WORKS}, POINTS)
    np.testing.assert_allclose(found, costs, rtol=1e-9, atol=1e-9)
    assert misfit < 1e-9


def test_nothing_costs_less_than_nothing_and_a_bad_fit_is_told() -> None:
    taken = {work: seconds(work, 2.0, 100.0, 20.0) for work in WORKS}
    taken[WORKS[3]] *= 1.9  # a process that was disturbed every time
    *found, misfit = fit(taken, POINTS)
    assert min(found) >= 0
    assert misfit > 0.1
