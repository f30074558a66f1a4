"""Decides whether a sum without bounds of its own is a running total, and since when it counts.

Knows: arrays, the time axis. Must not know: xarray, files.
"""

import numpy as np

from temdeep.fields import resets
from temdeep.fields.kinds import without_period
from temdeep.fields.resets import Question
from temdeep.fields.time_axis import Int64Array, format_duration, show
from temdeep.fields.variables import Kind
from temdeep.metric import FloatArray


def total_edges(
    totals: FloatArray, bounds: Int64Array | None, asked: Question, *, told: bool
) -> tuple[Int64Array, list[str]]:
    """Begin of the total and time of each value of a running total.

    Bounds that all begin at common starts say it themselves. What the user calls a running total,
    and what behaves as one and has a known start, counts from there, with the resets that its
    values show.

    Args:
        totals: Values, shape (time, …).
        bounds: Time bounds from the file, shape (time, 2), if it has any.
        asked: About what.
        told: Whether the user says that it is a running total.

    Returns:
        Shape (time, 2), and what was assumed, in sentences.

    Raises:
        VariableKindError: The file does not say enough, or the values contradict it.
    """
    if bounds is not None and not told:
        return bounds, []
    if bounds is not None and asked.bucket_us is None and (np.diff(bounds[:, 0]) == 0).any():
        return bounds, []
    if not told:
        step = format_duration(asked.axis.step_us)
        if not resets.is_running(totals, asked):
            raise without_period(asked.name, Kind.SUM, asked.source, step)
        begins = resets.find_begins(totals, asked)
        if not resets.origin_is_known(totals, begins, asked):
            seen = " (its values never fall, but nothing says since when they count)"
            raise without_period(asked.name, Kind.SUM, asked.source, step, seen)
        found = "never fall but there" if len(np.unique(begins)) > 1 else "never fall"
        assumed = [
            f"'{asked.name}' has no time bounds: its values {found} and stay where it is dry or"
            " dark, so they are taken for a running total."
        ]
    else:
        begins, assumed = resets.find_begins(totals, asked), []
    if not resets.origin_is_known(totals, begins, asked):
        assumed.append(
            f"'{asked.name}' is more than nothing at {show(asked.axis.values[0])} and nothing says"
            " since when it counts: its bounds begin there, what fell before stays in it."
        )
    return np.stack([begins, asked.axis.offset_us], axis=1), assumed
