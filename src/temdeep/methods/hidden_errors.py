"""Errors of a method at frames of a coarse series that are hidden from it, at spans of some steps.

Knows: series, methods. Must not know: files, any one method.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from temdeep.fields.series import Series
from temdeep.fields.time_axis import Int64Array
from temdeep.fields.variables import Channel
from temdeep.methods.activity import activity
from temdeep.methods.context import trim_context
from temdeep.methods.protocol import Method
from temdeep.methods.trials import hidden_spans
from temdeep.metric import Float64Array

STEPS = (2, 3, 4)
"""Spans at which frames are hidden, in steps."""

MOST = 24
"""Intervals of each span."""

CONTEXT = 3
"""Frames on each side in a trial, as `auto` uses."""

CELLS = 600
"""Places of which errors are kept, drawn by area."""


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors at hidden frames of one channel, flat.

    Attributes:
        steps: Span in steps, shape (error,).
        theta: Lead fraction, likewise.
        error: Filled minus hidden, likewise.
        logs: Activity, shape (feature, error).
    """

    steps: Int64Array
    theta: Float64Array
    error: Float64Array
    logs: Float64Array

    @classmethod
    def join(cls, parts: Sequence["Errors"]) -> "Errors":
        """One after the other."""
        return cls(
            *(
                np.concatenate([getattr(one, name.name) for one in parts], axis=-1)
                for name in fields(cls)
            )
        )

    def known(self) -> "Errors":
        """Those that are numbers."""
        here = np.isfinite(self.error)
        return Errors(self.steps[here], self.theta[here], self.error[here], self.logs[:, here])

    def scaled(self, factor: float) -> "Errors":
        """The same, so many times as large."""
        return replace(self, error=factor * self.error)


def hidden_errors(
    series: Series,
    method: Method,
    channels: Sequence[Channel],
    cells: Int64Array,
    most: int = MOST,
    steps: Sequence[int] = STEPS,
) -> list[Errors]:
    """Errors at hidden frames, one for each channel; none where nothing can be hidden.

    Args:
        series: The coarse series.
        method: What fills it.
        channels: Which.
        cells: At which places, as indices into a flat field.
        most: Intervals of each span.
        steps: The spans.
    """
    parts: list[list[Errors]] = [[] for _ in channels]
    for span in steps:
        for hidden in hidden_spans(series, channels, span, CONTEXT, most):
            interval = hidden.interval
            filled = method.fill(trim_context(interval, method.context), hidden.theta)
            error = at_cells(filled.astype(np.float64) - hidden.truth, cells)
            logs = at_cells(activity(interval), cells)
            count, shape = len(cells), error[:, 0].shape
            for i, part in enumerate(parts):
                part.append(
                    Errors(
                        np.full(error[:, i].size, span),
                        np.repeat(hidden.theta, count),
                        error[:, i].ravel(),
                        np.broadcast_to(logs[:, None, i], (len(logs), *shape)).reshape(
                            len(logs), -1
                        ),
                    )
                )
    return [Errors.join(part) for part in parts if part]


def sampled_cells(series: Series) -> Int64Array:
    """Some places, those of large cells more often; always the same."""
    area = series.grid.metric.area_weights.ravel()
    count = min(CELLS, int((area > 0).sum()))
    chance = np.random.default_rng(0)
    return np.sort(chance.choice(len(area), count, replace=False, p=area / area.sum()))


def at_cells(fields: Float64Array, cells: Int64Array) -> Float64Array:
    """Values at places, shape (..., cell)."""
    values: Float64Array = fields.reshape(*fields.shape[:-2], -1)[..., cells]
    return values
