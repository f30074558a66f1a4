"""What a model can be tested on: days of its own series that it has not learnt from.

Knows: series, the settings of a training. Must not know: methods, files, the command line.
"""

from dataclasses import dataclass

import numpy as np

from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.fields.time_axis import Int64Array, show
from temdeep.training.fit import split
from temdeep.training.settings import TrainingSettings

FEWEST_INTERVALS = 2
"""Intervals of the test at least, one after the other."""


@dataclass(frozen=True, eq=False)
class Apart:
    """A part of a series to test on.

    Attributes:
        series: Whole days that the training has not learnt from, with all their times.
        withhold: One time in so many is kept.
    """

    series: Series
    withhold: int


def apart(whole: Series, learnt: Series, settings: TrainingSettings, every: int = 1) -> Apart:
    """Choose what a training is tested on; no day of it is one that was learnt from.

    What lies after the part that is given to the training, or before it, was never seen: the longer
    of both is taken, if it is long enough. Otherwise the test is on the held-out block, from which
    no weight was learnt; but on it the best epoch is chosen, which an evaluation notes.

    Where the training is given one time in so many, those between are what is withheld, and the
    intervals are those of use. Otherwise every other time is, and intervals are twice as wide.

    Args:
        whole: All that there is.
        learnt: The part of it that is given to the training, thinned.
        settings: Of the training.
        every: The training is given one time in so many.

    Raises:
        RequestError: No part is long enough, or the series is too short to be learnt from.
    """
    withhold = max(every, 2)
    stamps, days = whole.time.offset_us, whole.time.days(whole.time.offset_us)
    begin, last_learnt, end = (
        whole.time.days(whole.time.offset_of(learnt.time.values[i]))
        for i in (0, split(learnt, settings) - 1, -1)
    )
    outside = sorted((days > end, days < begin), key=np.sum, reverse=True)
    held_out = (days > last_learnt) & (stamps <= whole.time.offset_of(learnt.time.values[-1]))
    parts = [np.flatnonzero(part) for part in (*outside, held_out)]
    found = next((part for part in parts if _suffices(whole, part, withhold)), None)
    if found is None:
        raise RequestError(_too_short(whole, parts[-1], withhold))
    return Apart(whole.take(slice(int(found[0]), int(found[-1]) + 1)), withhold)


def _suffices(whole: Series, part: Int64Array, withhold: int) -> bool:
    """Whether times hold enough intervals without a gap."""
    if len(part) <= FEWEST_INTERVALS * withhold:
        return False
    runs = whole.time.take(part).segments()
    longest: int = max(run.stop - run.start for run in runs)
    return longest > FEWEST_INTERVALS * withhold


def _too_short(whole: Series, part: Int64Array, withhold: int) -> str:
    since = f" from {show(whole.time.values[part[0]])} on" if len(part) else ""
    return (
        f"{whole.source} has {len(part)} times{since} on days that are not learnt from, and a"
        f" report needs {FEWEST_INTERVALS * withhold + 1} in a row, of which one in {withhold} is"
        " kept: hold out more with --held-out, or end the training earlier with --to."
    )
