"""Courses of rain at instants, drawn at random around a best estimate."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from tests.methods.test_redistribution import SHAPE, grid, showers

from temdeep.fields.intervals import Interval
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.optical_flow import OpticalFlow
from temdeep.methods.rain_course import REACH
from temdeep.methods.realisation import Realisation
from temdeep.metric import Float32Array

RATE = Channel("rate", "rate", "mm h-1", Kind.INSTANTANEOUS, Nature.NON_NEGATIVE, "rainfall_rate")
LEADS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])


def interval(seed: int = 8, *, missing: bool = False) -> Interval:
    """Showers that do not move and are others at the end: an estimate is a blend."""
    both = np.stack([showers(seed)[0, 0], showers(seed + 1)[0, 0]]).astype(np.float32)[:, None]
    if missing:
        both[0, 0, :5, :7] = np.nan
        both[1, 0, -4:] = np.nan
    moment = np.datetime64("2020-06-01T12", "us")
    return Interval(both[0], both[1], 600.0, moment, (RATE,), grid(), both[:0], both[:0])


def drawn(one: Interval, theta: npt.NDArray[np.float64], seed: int = 5) -> Float32Array:
    return Realisation(OpticalFlow(), seed, {}).fill(one, theta)[:, 0]


def fine_power(rates: npt.NDArray[np.float32]) -> float:
    """Of waves shorter than eight cells."""
    down, along = np.fft.fftfreq(SHAPE[0])[:, None], np.fft.rfftfreq(SHAPE[1])
    power = np.abs(np.fft.rfft2(rates)) ** 2
    return float(power[..., np.hypot(down, along) > 1 / 8].sum())


def test_a_course_has_the_rates_of_both_ends() -> None:
    one = interval()
    made, estimate = drawn(one, LEADS), OpticalFlow().fill(one, LEADS)[:, 0]
    start, end = (np.sort(given.ravel()) for given in (one.start, one.end))
    for t, course in zip(LEADS, made, strict=True):
        np.testing.assert_allclose(np.sort(course.ravel()), (1 - t) * start + t * end, atol=1e-6)
    assert np.corrcoef(made[2].ravel(), estimate[2].ravel())[0, 1] > 0.9


def test_courses_have_nearer_to_the_power_of_both_ends_than_the_estimate() -> None:
    estimated, courses = [], []
    for seed in range(8, 24, 2):
        one, half = interval(seed), LEADS[2:3]
        usual = (fine_power(one.start[0]) + fine_power(one.end[0])) / 2
        estimated.append(fine_power(OpticalFlow().fill(one, half)[0, 0]) / usual)
        courses += [fine_power(drawn(one, half, other)[0]) / usual for other in range(4)]
    assert np.mean(estimated) < 0.7
    assert abs(np.mean(courses) - 1) < 0.8 * (1 - np.mean(estimated))


def test_a_course_leaves_the_given_rain_without_a_jump() -> None:
    one = interval()
    made = drawn(one, np.array([0.0, 0.002, 0.998, 1.0]))
    np.testing.assert_array_equal(made[[0, 3]], [one.start[0], one.end[0]])
    change = np.abs(one.end - one.start).mean()
    assert np.abs(made[1] - made[0]).mean() < 0.05 * change
    assert np.abs(made[2] - made[3]).mean() < 0.05 * change


def test_a_course_depends_on_its_seed_alone_and_not_on_the_times_asked_for() -> None:
    one = interval()
    made = drawn(one, LEADS)
    np.testing.assert_array_equal(drawn(one, LEADS[1:3]), made[1:3])
    assert (drawn(one, LEADS, seed=6)[1:-1] != made[1:-1]).any(axis=(1, 2)).all()


def test_a_course_is_missing_where_an_end_is() -> None:
    one = interval(missing=True)
    made = drawn(one, LEADS[1:-1])
    missing = np.isnan(one.start[0]) | np.isnan(one.end[0])
    np.testing.assert_array_equal(np.isnan(made), np.broadcast_to(missing, made.shape))
    assert (made[:, ~missing] >= 0).all()
    dry = Interval(
        one.start * 0, one.end * 0, 600.0, one.valid_time, (RATE,), grid(), one.before, one.after
    )
    assert not np.nan_to_num(drawn(dry, LEADS)).any()


def test_far_from_all_rain_a_course_stays_dry() -> None:
    one = interval()
    start, end = one.start.copy(), one.end.copy()
    start[:, :, 24:] = end[:, :, 24:] = 0
    half = replace(one, start=start, end=end)
    for seed in range(3):
        made = drawn(half, LEADS, seed)
        assert not made[:, :, 24 + REACH :].any()
        assert made[1:-1, :, :24].any()
