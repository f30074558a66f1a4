"""Motion on the globe: across the date line, near and over the poles, in any order of cells."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.methods.spheres import Vortex, globe, polar_plane, reordered, rms

from temdeep.fields.grids import EARTH_RADIUS_M, Grid
from temdeep.fields.intervals import Interval
from temdeep.methods import by_nature
from temdeep.methods.facing import turning_of_north_per_m
from temdeep.methods.motion import Motion
from temdeep.methods.optical_flow import OpticalFlow

GLOBE, PLANE = globe(), polar_plane()
COARSE = globe(5.0)
MIDDLE = np.array([0.5])


def gain(vortex: Vortex, grid: Grid, *, north_of: float) -> npt.NDArray[np.float64]:
    """RMS error of the flow at mid-interval over linear's, by channel (t, u, v)."""
    interval, truth = vortex.interval(grid), vortex.fields(grid, 0.5)
    flow = OpticalFlow().fill(interval, MIDDLE)[0]
    linear = by_nature.linear(interval, MIDDLE)[0]
    assert np.isfinite(flow).all()
    return rms(flow - truth, grid, north_of) / rms(linear - truth, grid, north_of)


def filled(interval: Interval) -> npt.NDArray[np.float32]:
    return OpticalFlow().fill(interval, np.array([0.3, 0.5]))


def test_the_date_line_is_no_place_of_its_own() -> None:
    """The same vortex at 180 degrees and at Greenwich, on both conventions of longitude."""
    for west in (0.0, 180.0):
        grid = globe(west=west)
        assert grid.metric.cyclic
        for longitude in (0.0, 180.0):
            ratio = gain(Vortex(35, longitude, heading_deg=90), grid, north_of=0)
            assert (ratio < 0.15).all()


@pytest.mark.parametrize("heading", [0.0, 50.0])
@pytest.mark.parametrize("grid", [GLOBE, PLANE], ids=["globe", "plane"])
def test_a_vortex_that_crosses_the_pole_is_filled_about_as_well_as_linearly(
    grid: Grid, heading: float
) -> None:
    """On the globe rows end there, on the plane east and north turn around it.

    Without slowing, errors there are 2 to 4.5 times those of linear.
    """
    assert (gain(Vortex(90, 0, heading_deg=heading), grid, north_of=45) < 1.07).all()


@pytest.mark.parametrize("grid", [GLOBE, PLANE], ids=["globe", "plane"])
def test_beside_the_pole_motion_still_helps(grid: Grid) -> None:
    ratio = gain(Vortex(70, 40, heading_deg=90), grid, north_of=45)
    assert (ratio < 0.5).all()


def test_a_vortex_over_the_pole_is_the_same_in_both_hemispheres() -> None:
    """North and south exchanged: the mirrored temperature is filled in mirrored."""
    north = Vortex(90, 0).interval(GLOBE)
    south = Vortex(-90, 0).interval(GLOBE)
    error_north = OpticalFlow().fill(north, MIDDLE)[0] - Vortex(90, 0).fields(GLOBE, 0.5)
    error_south = OpticalFlow().fill(south, MIDDLE)[0] - Vortex(-90, 0).fields(GLOBE, 0.5)
    np.testing.assert_allclose(rms(error_south, GLOBE), rms(error_north, GLOBE), rtol=0.15)


def test_motion_fades_where_axes_turn_and_nowhere_else() -> None:
    """A third of a radian is a third of the way to the pole, nothing is left at two thirds."""
    step_m = EARTH_RADIUS_M * np.radians(5)
    for row in (1, 2, 4, 9):
        distance_m = EARTH_RADIUS_M * np.tan(np.radians(5 * row))
        for share, left in ((0.3, 1.0), (0.5, 0.5), (0.7, 0.0)):
            speed = (share * distance_m - step_m) / 3600
            if speed <= 0:
                continue
            moving = Motion(np.full(COARSE.shape, speed), np.zeros(COARSE.shape))
            for turning in (COARSE.metric.turning_per_m, turning_of_north_per_m(COARSE)):
                slowed = moving.slowed(turning, 3600, COARSE.metric).u_m_s / speed
                assert slowed[row, 0] == pytest.approx(left, abs=0.02)
    fast = Motion(np.full(PLANE.shape, 50.0), np.zeros(PLANE.shape))
    flat = fast.slowed(PLANE.metric.turning_per_m, 21_600, PLANE.metric)
    assert (flat.u_m_s == 50).all()


def test_the_turning_of_rows_is_that_of_east_and_north() -> None:
    turning, north = COARSE.metric.turning_per_m[2:-2], turning_of_north_per_m(COARSE)[2:-2]
    np.testing.assert_allclose(turning, north, rtol=0.003, atol=1e-12)


@settings(max_examples=8)
@given(
    latitude=st.floats(-60, 60),
    longitude=st.floats(-180, 180),
    heading=st.floats(0, 360),
    shift=st.integers(0, 71),
    north_first=st.booleans(),
    west_first=st.booleans(),
)
def test_the_order_of_rows_and_columns_decides_nothing(
    latitude: float,
    longitude: float,
    heading: float,
    shift: int,
    north_first: bool,
    west_first: bool,
) -> None:
    interval = Vortex(latitude, longitude, heading_deg=heading).interval(COARSE)
    rows, columns = (np.arange(count) for count in COARSE.shape)
    rows = rows if north_first else rows[::-1]
    columns = np.roll(columns if west_first else columns[::-1], shift)
    if abs(columns[1] - columns[0]) != 1:
        columns = np.roll(columns, 1)
    other = filled(reordered(interval, rows, columns))
    expected = filled(interval)[:, :, rows[:, None], columns]
    np.testing.assert_allclose(other, expected, atol=2e-4)
