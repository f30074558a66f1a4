"""From the model's steps of 15 min to full hours.

Knows: arrays of steps. Must not know: the model, files.

A chunk begins one step after a full hour, H + 15 min. The model gives, after each step, the state
at its end and what physics found at its beginning. So, counting from H in steps, n = 2, 3, … :

    state after step n             holds at n
    physics given with step n      holds at n - 1, and drives the model from n - 1 to n
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]

STEPS_PER_HOUR = 4


def states_at_labels(states: Array) -> Array:
    """States at the full hours H+1, H+2, … of a chunk's states after each step."""
    return states[STEPS_PER_HOUR - 2 :: STEPS_PER_HOUR]


def physics_at_labels(physics: Array) -> Array:
    """What physics found at H+1, H+2, …: given with the step that begins there."""
    return physics[STEPS_PER_HOUR - 1 :: STEPS_PER_HOUR]


def hourly_means(before: Array, physics: Array) -> Array:
    """Means over the hours that end at H+1, H+2, …: over the four steps that begin in each.

    Args:
        before: What physics gave with the step before the chunk, which begins at H.
        physics: Likewise of the chunk's steps, shape (step, …); whole hours of them.
    """
    beginning = np.concatenate([before[None], physics[:-1]]).astype(np.float64)
    grouped = beginning.reshape(-1, STEPS_PER_HOUR, *beginning.shape[1:])
    return np.asarray(grouped.mean(axis=1))
