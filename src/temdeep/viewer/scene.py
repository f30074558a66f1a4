"""What the page shows of one moment and of one place, as numbers.

Knows: an output, its straight line and its truth. Must not know: web pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from temdeep.metric import Float32Array, Float64Array, FloatArray
from temdeep.scores import circular_difference
from temdeep.viewer.opened import Field
from temdeep.viewer.output import Output
from temdeep.viewer.reading import Reader, window
from temdeep.viewer.straight import Straight, straight
from temdeep.viewer.truth import NONE, Truth

LINEAR, OUTPUT, TRUTH = "linear", "output", "truth"
DIFFERENCES = {
    "output_linear": (OUTPUT, LINEAR),
    "linear_truth": (LINEAR, TRUTH),
    "output_truth": (OUTPUT, TRUTH),
}
"""What is taken from what."""

INTERVALS = 16
"""How many intervals of a series are looked at together."""

SAMPLES = 8
"""How many moments the colours are taken from."""

GOLDEN = (5**0.5 - 1) / 2
"""Steps of this share of a whole, round and round, come to all its parts."""

DAY_US = 86_400_000_000


@dataclass(frozen=True, eq=False)
class PlaceSeries:
    """A field at one place.

    Attributes:
        times: Which of the output's times.
        output, linear, truth: Shape (time,), NaN where there is none.
        given: Which values are given, shape (time,).
        band: Edges of where the truth may lie, each of shape (time,); None if the file has no word.
        compared: At which times there is a truth, shape (time,).
    """

    times: slice
    output: Float32Array
    linear: Float32Array
    truth: Float32Array
    given: npt.NDArray[np.bool_]
    band: tuple[Float32Array, Float32Array] | None
    compared: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Limits:
    """Ends of the colour scales.

    Attributes:
        low, high: Of fields: of truth, linear and output alike.
        largest: Of all differences, on either side of 0.
    """

    low: float
    high: float
    largest: float


class Scene:
    """One field of an output beside its straight line and its truth."""

    def __init__(self, output: Output, field: Field, truth: Truth | None) -> None:
        self.output, self.field, self.truth = output, field, truth
        self.straight: Straight = straight(output, field)
        self.true_field = None if truth is None else truth.field(field.channel.name)

    @property
    def compared(self) -> bool:
        """Whether there is a truth for this field."""
        return self.true_field is not None

    def fields(self, reader: Reader, true: Reader | None, time: int) -> dict[str, FloatArray]:
        """Fields and differences at one time, each of shape (y, x); what there is.

        Raises:
            InputError: A file cannot be read there.
        """

        def read(at: int) -> Float32Array:
            return reader.frame(self.field, at)

        found: dict[str, FloatArray] = {OUTPUT: read(time)}
        line = self.straight.field(self.field, time, read)
        if line is not None:
            found[LINEAR] = line
        if true is not None and self.true_field is not None and self.truth is not None:
            at = int(self.truth.index[time])
            if at != NONE:
                found[TRUTH] = true.frame(self.true_field, at)
        return found | self._differences(found)

    def rms(self, difference: FloatArray) -> float:
        """Root of the area's mean square; NaN where nothing is known."""
        known = np.isfinite(difference)
        weights = self.field.grid.metric.area_weights[known]
        if not weights.sum() > 0:
            return float("nan")
        return float(
            np.sqrt((weights * difference[known].astype(np.float64) ** 2).sum() / weights.sum())
        )

    def limits(self, reader: Reader, true: Reader | None) -> Limits:
        """Colour scales for all moments, from some that are spread over the output.

        Raises:
            InputError: A file cannot be read there.
        """
        return self._limits([self.fields(reader, true, time) for time in self._sample()])

    def limits_of(self, found: Mapping[str, FloatArray]) -> Limits:
        """Colour scales for the fields of one moment."""
        return self._limits([found])

    def _limits(self, moments: list[Mapping[str, FloatArray]]) -> Limits:
        values = [one[name].ravel() for one in moments for name in (OUTPUT, TRUTH) if name in one]
        gaps = [np.abs(one[name]).ravel() for one in moments for name in DIFFERENCES if name in one]
        low, high = (0.0, 360.0) if self.field.is_direction else _range(values)
        largest = float(_percentiles(gaps, [99.7])[0]) if gaps else 0.0
        return Limits(low, high, largest if largest > 0 else (high - low) / 10)

    def at_place(self, reader: Reader, true: Reader | None, cell: int, moment: int) -> PlaceSeries:
        """The series of one place around a moment.

        Raises:
            InputError: A file cannot be read there.
        """
        times = self.window(reader, moment)
        values = reader.series(self.field, cell, times)
        given = self.output.given[times]
        if self.field.edges is not None and self.straight.parts:
            given = self.output.flag[times] == 0
        return PlaceSeries(
            times,
            values,
            self.straight.series(self.field, values, times.start),
            self._true_series(true, cell, times),
            given,
            reader.band(self.field, cell, times),
            self._compared_times(times),
        )

    def window(self, reader: Reader, moment: int) -> slice:
        """The times of a place's series around a moment, whole intervals where they are known."""
        count = len(self.output.flag)
        around = window(count, moment, reader.longest_series(self.field))
        first, stop = around.start, around.stop
        ends = self.straight.at(first), self.straight.at(stop - 1)
        reach = stop - first
        if ends[0] is not None and first - ends[0][0] < reach:
            first = ends[0][0]
        if ends[1] is not None and ends[1][1] - stop < reach:
            stop = ends[1][1] + 1
        return slice(first, stop)

    def near(self, moment: int) -> slice:
        """The part of a place's series that is looked at first: some intervals around a moment."""
        given = np.flatnonzero(self.output.given)
        count = len(self.output.flag)
        usual = int(np.median(np.diff(given))) if len(given) > 1 else INTERVALS
        return window(count, moment, INTERVALS * usual + 1)

    def _true_series(self, true: Reader | None, cell: int, times: slice) -> Float32Array:
        series = np.full(times.stop - times.start, np.nan, np.float32)
        known = self._compared_times(times)
        if true is not None and self.true_field is not None and self.truth and known.any():
            index = self.truth.index[times]
            span = slice(int(index[known].min()), int(index[known].max()) + 1)
            values = true.series(self.true_field, cell, span)
            series[known] = values[index[known] - span.start]
        return series

    def _compared_times(self, times: slice) -> npt.NDArray[np.bool_]:
        if self.truth is None or self.true_field is None:
            return np.zeros(times.stop - times.start, bool)
        return np.asarray(self.truth.index[times] != NONE)

    def _sample(self) -> list[int]:
        """Moments of all hours from all over the output: made ones, with a truth, if there are."""
        made = ~self.output.given
        if self.truth is not None and self.compared and (made & (self.truth.index != NONE)).any():
            made &= self.truth.index != NONE
        chosen = np.flatnonzero(made) if made.any() else np.arange(len(made))
        hour = self.output.opened.time.offset_us[chosen] % DAY_US
        by_hour = chosen[np.argsort(hour, kind="stable")]
        turn = np.arange(SAMPLES)
        places = (turn + turn * GOLDEN % 1.0) / SAMPLES * len(chosen)
        return sorted({int(one) for one in by_hour[places.astype(int)]})

    def _differences(self, found: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        minus = circular_difference if self.field.is_direction else np.subtract
        return {
            name: minus(found[one], found[other])
            for name, (one, other) in DIFFERENCES.items()
            if one in found and other in found
        }


def _range(values: list[FloatArray]) -> tuple[float, float]:
    low, high = _percentiles(values, [0.2, 99.8])
    if not np.isfinite(low):
        return 0.0, 1.0
    if high > low:
        return float(low), float(high)
    largest = _percentiles(values, [100.0])[0]
    return float(low), float(largest if largest > low else low + max(abs(low), 1.0) * 1e-3)


def _percentiles(values: list[FloatArray], wanted: list[float]) -> Float64Array:
    together = np.concatenate(values).astype(np.float64)
    together = together[np.isfinite(together)]
    if not together.size:
        return np.full(len(wanted), np.nan)
    return np.percentile(together, wanted)
