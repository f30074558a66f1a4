"""A period filled in at its own native step by every method, beside the truth.

Filled once, for all diagnostics that look at whole fields.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from temdeep.errors import RequestError
from temdeep.fields.time_axis import Int64Array, show
from temdeep.fields.variables import Channel, Nature
from temdeep.methods.context import trim_context
from temdeep.methods.protocol import Method
from temdeep.metric import Float32Array
from temdeep.verification.bootstrap import cut_blocks
from temdeep.verification.withholding import Withheld

Record = dict[str, Any]
TRUTH = "truth"
REFERENCE = "linear"
HOUR_US = 3_600_000_000


@dataclass(frozen=True, eq=False)
class Filled:
    """Instantaneous fields at all native times from the first given one to the last.

    Attributes:
        dataset: Name of the data in records.
        withheld: The series and its thinned self.
        offset_us: Native times, microseconds since the fine series' first, shape (time,).
        hidden: Which of them the methods were not given, shape (time,).
        truth: Shape (time, channel, y, x), in the file's units.
        made: What each method made; given fields at given times. Linear is among them.
    """

    dataset: str
    withheld: Withheld
    offset_us: Int64Array
    hidden: npt.NDArray[np.bool_]
    truth: Float32Array
    made: Mapping[str, Float32Array]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Those of `truth`, in order."""
        return self.withheld.fine.instantaneous()

    @property
    def step_us(self) -> int:
        """The native step."""
        return self.withheld.fine.time.step_us

    @property
    def span_hours(self) -> float:
        """τ of the intervals that were filled in."""
        return self.withheld.span_us / HOUR_US

    @cached_property
    def since_midnight_us(self) -> Int64Array:
        """Native times since a midnight (UTC) of the series' calendar, shape (time,)."""
        first = self.withheld.fine.time.sun_time[0]
        shift = (first - first.astype("datetime64[D]")) // np.timedelta64(1, "us")
        return self.offset_us + int(shift)

    @cached_property
    def blocks(self) -> Int64Array:
        """Block of the bootstrap of each native time (that of its interval), shape (time,)."""
        given = np.flatnonzero(~self.hidden)
        of_interval = cut_blocks(self.since_midnight_us[given[:-1]]).of_interval
        place = np.searchsorted(given, np.arange(len(self.hidden)), side="right") - 1
        blocks: Int64Array = of_interval[np.minimum(place, len(of_interval) - 1)]
        return blocks

    def record(
        self,
        method: str,
        diagnostic: str,
        variable: str,
        value: float,
        units: str,
        **further: float | str | None,
    ) -> Record:
        """A flat record; null where a number is not finite."""
        return make_record(
            self.dataset, self.span_hours, method, diagnostic, variable, value, units, **further
        )


def make_record(
    dataset: str,
    span_hours: float,
    method: str,
    diagnostic: str,
    variable: str,
    value: float | None,
    units: str,
    **further: float | str | None,
) -> Record:
    """A flat record of plain values; null where a number is not finite."""
    told: dict[str, Any] = {
        "dataset": dataset,
        "span_hours": span_hours,
        "method": method,
        "diagnostic": diagnostic,
        "variable": variable,
        "value": value,
        "units": units,
        **further,
    }
    return {key: _plain(one) for key, one in told.items()}


def fill_in(withheld: Withheld, methods: Mapping[str, Method], dataset: str) -> Filled:
    """Fill in every interval at the native times inside it.

    Args:
        withheld: A series without gaps and its thinned self.
        methods: By name, linear among them; they see the thinned series alone.
        dataset: Name of the data in records.

    Raises:
        RequestError: Linear is missing, nothing is instantaneous, or times are missing.
    """
    fine, coarse = withheld.fine, withheld.coarse
    if REFERENCE not in methods:
        raise RequestError(f"diagnostics are told against '{REFERENCE}': have it among methods.")
    if not fine.instantaneous():
        raise RequestError(f"{fine.source} has no instantaneous variable to diagnose.")
    gaps = fine.time.breaks()
    if len(gaps):
        raise RequestError(
            f"{fine.source} lacks times after {show(fine.time.values[int(gaps[0])])}: diagnose a"
            " period without gaps."
        )
    first, last = coarse.time.offset_us[[0, -1]] + withheld.shift_us()
    inside = np.flatnonzero((fine.time.offset_us >= first) & (fine.time.offset_us <= last))
    stamps = fine.time.offset_us[inside]
    truth = fine.read(fine.instantaneous(), slice(int(inside[0]), int(inside[-1]) + 1))
    hidden = ~np.isin(stamps, coarse.time.offset_us + withheld.shift_us())
    given = np.where(hidden[:, None, None, None], np.float32(np.nan), truth)
    made = {name: given.copy() for name in methods}
    context = max(method.context for method in methods.values())
    for piece in withheld.times(context):
        places = np.searchsorted(stamps, piece.offset_us)
        for name, method in methods.items():
            interval = trim_context(piece.interval, method.context)
            made[name][places] = method.fill(interval, piece.theta)
    return Filled(dataset, withheld, stamps, hidden, truth, made)


def on_a_line(channel: Channel) -> bool:
    """Whether a channel's values can be averaged: no directions, no flags."""
    return channel.nature not in (Nature.DIRECTION, Nature.FLAG)


def winds(channels: tuple[Channel, ...]) -> list[tuple[str, int, int]]:
    """Name of each wind, as `u10/v10`, and the places of its x and y components."""
    places = {channel.name: place for place, channel in enumerate(channels)}
    return [
        (f"{channel.name}/{channel.partner}", place, places[channel.partner])
        for place, channel in enumerate(channels)
        if channel.component == "x" and channel.partner in places
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    number = float(value)
    return number if math.isfinite(number) else None
