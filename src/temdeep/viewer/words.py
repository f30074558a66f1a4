"""What the page says of times, units and numbers.

Knows: an output. Must not know: web pages.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from temdeep.fields.made_before import GIVEN, PERIODS_MADE
from temdeep.fields.time_axis import GREGORIAN, TimeAxis, format_duration, sun_times
from temdeep.fields.variables import Kind
from temdeep.metric import Float64Array
from temdeep.viewer.opened import Field
from temdeep.viewer.output import Output
from temdeep.viewer.straight import Straight

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """A number to three figures; a dash where there is none."""
    return _signed(f"{value:.3g}") if np.isfinite(value) else "–"


def numbers(values: Sequence[float]) -> list[str]:
    """Numbers of one unit to as many decimals as the largest has in seven figures."""
    known = [abs(one) for one in values if np.isfinite(one)]
    largest = max(known, default=0.0)
    form = ".6g"
    if 1e-3 <= largest < 1e7:
        form = f".{max(0, 6 - int(np.floor(np.log10(largest))))}f"
    return [_signed(f"{one:{form}}") if np.isfinite(one) else "–" for one in values]


def units(text: str) -> str:
    """Units with powers raised; nothing for a pure number."""
    words = []
    for word in text.replace("**", "").replace("^", "").split():
        stem = word.rstrip("-0123456789")
        words.append(stem + word[len(stem) :].translate(_RAISED) if stem else word)
    return "" if words == ["1"] else " ".join(words)


def with_units(text: str, field: Field) -> str:
    """A text with the field's units behind it, in brackets."""
    unit = units(field.channel.units)
    return f"{text} ({unit})" if unit else text


def place(latitude: float, longitude: float) -> str:
    """A place such as `52.1°N 13.4°W`."""
    east = (longitude + 180.0) % 360.0 - 180.0
    north_south = f"{abs(latitude):.4g}°{'N' if latitude >= 0 else 'S'}"
    return f"{north_south} {abs(east):.4g}°{'E' if east >= 0 else 'W'}"


def stamp(time: Any) -> str:
    """A valid time such as `Sat 4 March 2000, 03:00 UTC`; without the day where months differ."""
    if isinstance(time, np.datetime64):
        moment = time.astype("datetime64[s]").astype(datetime.datetime)
        day = f"{moment:%a} {moment.day} {moment:%B %Y}"
    else:
        moment, day = time, f"{time.year:04d}-{time.month:02d}-{time.day:02d}"
    seconds = f":{moment.second:02d}" if moment.second else ""
    return f"{day}, {moment.hour:02d}:{moment.minute:02d}{seconds} UTC"


def clock(time: Any) -> str:
    """The hour of a valid time, such as `03:00`."""
    if isinstance(time, np.datetime64):
        time = time.astype("datetime64[s]").astype(datetime.datetime)
    return f"{time.hour:02d}:{time.minute:02d}"


def status(output: Output, field: Field, line: Straight, time: int) -> str:
    """What a moment is: given or made, by what, and where between which given times."""
    return f"{_origin(output, field, time)}{_between(output, field, line, time)}"


def period(output: Output, field: Field, time: int) -> str:
    """For which period a field holds, such as `mean from 02:00 to 03:00`; nothing for instants."""
    if field.edges is None:
        return ""
    begin, end = output.opened.time.at(field.edges[time])
    what = {Kind.SUM: "total"}.get(field.channel.kind, str(field.channel.kind))
    return f"{what} from {clock(begin)} to {clock(end)}"


def line_title(output: Output, line: Straight, time: int) -> str:
    """What the straight line is drawn between."""
    ends = line.at(time)
    if ends is None:
        return "none here"
    axis = output.opened.time
    if line.parts:
        return f"period of {ends[1] - ends[0] + 1} parts divided evenly"
    if ends[0] == ends[1]:
        return f"given at {clock(axis.values[ends[0]])}"
    return f"between {clock(axis.values[ends[0]])} and {clock(axis.values[ends[1]])}"


def time_numbers(axis: TimeAxis) -> tuple[Float64Array, str]:
    """Valid times as numbers for an axis, and what they count.

    Returns:
        Milliseconds since 1970 in UTC and an empty text; days since the first time, and a label
        that says so, in calendars with other months.
    """
    if axis.calendar in GREGORIAN:
        times = sun_times(axis.values, axis.calendar).astype("datetime64[us]")
        return times.astype(np.int64) / 1e3, ""
    return axis.offset_us / 86_400e6, f"days since {axis.values[0]} ({axis.calendar} calendar)"


def _signed(text: str) -> str:
    return text.replace("-", "−")


def is_given(output: Output, field: Field, time: int) -> bool:
    """Whether a field is the input's own; of what holds for periods only where these are."""
    flag = int(output.flag[time])
    return flag == GIVEN or (flag == PERIODS_MADE and field.edges is None)


def _origin(output: Output, field: Field, time: int) -> str:
    if is_given(output, field, time):
        return "given"
    by = re.split("[:;]", field.treatment or output.method)[0]
    return f"made by {by}" if by else "made"


def _between(output: Output, field: Field, line: Straight, time: int) -> str:
    ends = line.at(time)
    axis = output.opened.time
    if ends is None or line.parts or ends[0] == ends[1]:
        held = period(output, field, time)
        return f" · {held}" if held else ""
    span = int(axis.offset_us[ends[1]] - axis.offset_us[ends[0]])
    after = int(axis.offset_us[time] - axis.offset_us[ends[0]])
    return (
        f" · {format_duration(after)} into the {format_duration(span)} from"
        f" {clock(axis.values[ends[0]])} to {clock(axis.values[ends[1]])}"
        f" (θ = {line.weight[time]:.3g})"
    )
