"""Motion of rain: imposed ones are found again, all of them, whatever a few heavy cells do."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from tests.methods.test_optical_flow import CELL_M, SPAN_S, interval

from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.optical_flow import OpticalFlow
from temdeep.methods.rain_motion import estimate_rain, is_rain, shared_motion, typical_rate
from temdeep.methods.simple import Linear
from temdeep.metric import Float32Array, GridMetric

SHAPE = (64, 72)
RAIN = Channel("rr", "rr", "mm h-1", Kind.INSTANTANEOUS, Nature.NON_NEGATIVE, "rainfall_rate")


def rain(rows: float, columns: float, count: int, seed: int = 0) -> Float32Array:
    """Cells of rain that move by so many grid cells from frame to frame, (frame, y, x)."""
    rng = np.random.default_rng(seed)
    wide = gaussian_filter(rng.normal(size=(SHAPE[0] + 80, SHAPE[1] + 80)), 3)
    rate = 2 * np.maximum(np.exp(2 * wide / wide.std()) - 3, 0)
    frames = []
    for i in range(count):
        top, left = (round(40 - i * by) for by in (rows, columns))
        frames.append(rate[top : top + SHAPE[0], left : left + SHAPE[1]])
    return np.stack(frames).astype(np.float32)


@pytest.mark.parametrize("way", [(0, 6), (-4, 3), (5, -5)])
def test_an_imposed_motion_is_found_again(way: tuple[int, int]) -> None:
    frames = rain(*way, count=2)
    grid = interval(frames[:1], frames[1:], GridMetric.uniform(CELL_M, SHAPE)).grid
    found = estimate_rain(frames[:, None], 0, SPAN_S, grid)
    wet = frames[0] > 0.5
    cells = np.stack([found.v_m_s[wet], found.u_m_s[wet]]) * SPAN_S / CELL_M
    np.testing.assert_allclose(np.median(cells, axis=1), way, atol=0.3)


def test_one_cloudburst_does_not_hide_the_motion_of_the_rest() -> None:
    frames = rain(0, 6, count=2)
    frames[:, 2:6, 2:6] = 5000 * frames.mean()
    grid = interval(frames[:1], frames[1:], GridMetric.uniform(CELL_M, SHAPE)).grid
    found = estimate_rain(frames[:, None], 0, SPAN_S, grid)
    wet = frames[0] > 0.5
    wet[:20, :20] = False
    assert np.median(found.u_m_s[wet]) * SPAN_S / CELL_M == pytest.approx(6, abs=0.5)


def test_frames_beside_the_interval_help_where_its_own_have_nothing_in_common() -> None:
    frames = rain(0, 6, count=4)
    grid = interval(frames[:1], frames[1:2], GridMetric.uniform(CELL_M, SHAPE)).grid
    rng = np.random.default_rng(1)
    clutter = np.where(rng.random((2, *SHAPE)) < 0.3, 20, 0)  # of the ends, another in each
    noisy = frames.copy()
    noisy[1:3] += gaussian_filter(clutter, (0, 1.5, 1.5))
    alone = estimate_rain(noisy[1:3, None], 0, SPAN_S, grid)
    helped = estimate_rain(noisy[:, None], 1, SPAN_S, grid)
    wet = frames[1] > 0.5
    error = [float(np.abs(one.u_m_s[wet] * SPAN_S / CELL_M - 6).mean()) for one in (alone, helped)]
    assert error[1] < error[0]


def test_optical_flow_moves_rates_of_rain_and_keeps_them_non_negative() -> None:
    frames = rain(2, 6, count=3)
    ends = interval(frames[:1], frames[2:], GridMetric.uniform(CELL_M, SHAPE))
    ends = type(ends)(**{**vars(ends), "channels": (RAIN,)})
    error = [
        float(np.sqrt(np.mean((method.fill(ends, np.array([0.5]))[0, 0] - frames[1]) ** 2)))
        for method in (Linear(), OpticalFlow())
    ]
    assert error[1] < 0.6 * error[0]
    assert OpticalFlow().fill(ends, np.array([0.3])).min() >= 0


def test_rain_has_a_motion_of_its_own_and_sums_have_none() -> None:
    wind = Channel("u", "u", "m s-1", Kind.INSTANTANEOUS)
    total = Channel("tp", "tp", "mm", Kind.SUM, Nature.NON_NEGATIVE, "precipitation_amount")
    assert is_rain(RAIN)
    assert not is_rain(total)
    assert not is_rain(wind)
    assert shared_motion(RAIN) != shared_motion(wind)


def test_the_typical_rate_is_that_of_the_typical_drop() -> None:
    rates = np.array([[0, 1, np.nan], [0, 3, 0]], np.float32)
    assert typical_rate([rates]) == pytest.approx((1 + 9) / (1 + 3))
    assert typical_rate([rates[:1], rates[1:]]) == typical_rate([rates])
    assert typical_rate([np.zeros((2, 2), np.float32)]) == 1
