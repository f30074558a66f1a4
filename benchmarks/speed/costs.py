"""What each method costs: seconds for an interval and for an output time, by the point.

    seconds = start + intervals · points · (interval + outputs · output)

fitted to whole processes on one grid: few intervals and many, with few outputs and with many. The
least time of some rounds counts: whatever else a machine does only adds to it. `start` also holds
what a method fits to the whole series once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

STEPS = {"3h": 1, "1h": 5, "15min": 23}
"""Output times inside an interval of 6 hours."""


@dataclass(frozen=True)
class Work:
    """What one process is given to do.

    Attributes:
        intervals: How many.
        made: Output times inside each.
    """

    intervals: int
    made: int

    @property
    def outputs(self) -> int:
        """Output times that each interval counts for: those inside, and one that is given."""
        return self.made + 1


def fit(taken: Mapping[Work, float], points: int) -> tuple[float, float, float, float]:
    """Least squares of shares of the least times; nothing costs less than nothing.

    Args:
        taken: Least seconds.
        points: Of a field.

    Returns:
        Start in seconds; an interval, and an output time, in nanoseconds by the point; and the
        largest departure of a least time from the formula, as a share of it.
    """
    least = np.array(list(taken.values()))
    terms = np.array(
        [
            [1.0, work.intervals * points * 1e-9, work.intervals * points * 1e-9 * work.outputs]
            for work in taken
        ]
    )
    shares = terms / least[:, None]
    found, _ = nnls(shares, np.ones(len(least)))
    start_s, interval_ns, output_ns = map(float, found)
    return start_s, interval_ns, output_ns, float(np.abs(shares @ found - 1).max())
