"""Steps of 15 min become full hours."""

import numpy as np
from benchmarks.simulate.hours import hourly_means, physics_at_labels, states_at_labels

HOURS = 6
STEPS = np.arange(2.0, 4 * HOURS + 2)  # after each step of a chunk that begins at H + 15 min


def test_states_are_those_at_full_hours() -> None:
    state_time = STEPS / 4  # a state after step n holds at n
    np.testing.assert_array_equal(states_at_labels(state_time), np.arange(1, HOURS + 1))


def test_physics_at_a_label_is_that_of_the_step_that_begins_there() -> None:
    physics_time = (STEPS - 1) / 4  # what step n gives, physics found at n - 1
    np.testing.assert_array_equal(physics_at_labels(physics_time), np.arange(1, HOURS + 1))


def test_a_mean_is_over_the_four_steps_that_begin_in_the_hour_that_ends_at_the_label() -> None:
    begins = (STEPS - 1) / 4
    means = hourly_means(np.array(0.0), begins)
    np.testing.assert_allclose(means, np.arange(HOURS) + (0 + 0.25 + 0.5 + 0.75) / 4)


def test_means_over_the_hours_keep_the_total_rain() -> None:
    rain = np.random.default_rng(1).gamma(0.2, size=(4 * HOURS + 1, 3, 2)).astype(np.float32)
    means = hourly_means(rain[0], rain[1:])
    np.testing.assert_allclose(means.sum(axis=0), rain[:-1].sum(axis=0) / 4, rtol=1e-6)
