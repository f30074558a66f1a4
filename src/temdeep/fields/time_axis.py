"""The time axis: valid times as exact microseconds, gaps, durations written as text.

Knows: NumPy datetimes, cftime. Must not know: files, fields.
"""

import datetime
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cftime
import numpy as np
import numpy.typing as npt

from temdeep.errors import RequestError, TimeAxisError

Int64Array = npt.NDArray[np.int64]
Times = npt.NDArray[Any]
"""Valid times: datetime64 or an object array of cftime."""

SAME_STEP = 1e-3
"""Two steps are equal where they differ by no more than this share of the usual step."""

GREGORIAN = ("standard", "gregorian", "proleptic_gregorian")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(days?|d|hours?|h|minutes?|min|seconds?|sec|s)(?![a-z])")
_UNIT_US = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}
_STAMP = re.compile(
    r"(-?\d{1,6})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?)?Z?"
)


def parse_duration(text: str) -> int:
    """Microseconds in a duration such as `15min`, `1h`, `90s`, `1d` or `1h30min`.

    Raises:
        RequestError: The text is not a positive duration.
    """
    compact = text.strip()
    parts = _DURATION.findall(compact)
    total = round(sum(float(number) * _UNIT_US[unit[0]] for number, unit in parts))
    if not parts or _DURATION.sub("", compact).strip():
        raise RequestError(
            f"'{text}' is not a duration: write a number and d, h, min or s, such as 15min or 3h."
        )
    if total <= 0:
        raise RequestError(f"'{text}' is no time at all: it must be longer than nothing.")
    return total


def format_duration(duration_us: int) -> str:
    """Write microseconds the way `parse_duration` reads them: `1h30min`, `15min`, `90.5s`."""
    rest, words = int(duration_us), []
    for unit, size in (("d", "d"), ("h", "h"), ("min", "m")):
        count, rest = divmod(rest, _UNIT_US[size])
        words.append(f"{count}{unit}" if count else "")
    words.append(f"{rest / 1e6:.6f}".rstrip("0").rstrip(".") + "s" if rest else "")
    return "".join(words) or "0s"


def difference_us(times: Times, origin: Any) -> Int64Array:
    """Whole microseconds from an origin to each time, exact; not-a-time is not allowed."""
    if times.dtype.kind == "M":
        difference = (times - np.asarray(origin).astype(times.dtype)).astype("timedelta64[ns]")
        whole: Int64Array = (difference.astype(np.int64) + 500) // 1000
        return whole
    micro = datetime.timedelta(microseconds=1)
    flat = [(time - origin) // micro for time in times.ravel()]
    return np.array(flat, dtype=np.int64).reshape(times.shape)


def usual_step_us(offset_us: Int64Array) -> int:
    """Most frequent step, steps within 0.1 % of each other counted as one; the shorter of two."""
    steps = np.sort(np.diff(offset_us))
    starts = [0]
    for i, step in enumerate(steps):
        if step > steps[starts[-1]] * (1 + 2 * SAME_STEP):
            starts.append(i)
    groups = np.split(steps, starts[1:])
    largest = max(groups, key=len)
    if largest[0] == largest[-1]:
        return int(largest[0])
    median = int(np.median(largest))
    whole_s = round(median / 1e6) * 1_000_000
    return whole_s if abs(whole_s - median) <= SAME_STEP * median else median


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """Strictly increasing valid times.

    Attributes:
        values: Valid times as in the file, datetime64 or an object array of cftime.
        calendar: CF name of the calendar.
        offset_us: Microseconds since the first valid time, exact, shape (time,).
        step_us: The usual step: the most frequent difference.
        note: What was assumed about the stamps, in words; empty if nothing.
        runs: Begin of the forecast run that each time belongs to, microseconds since the first
            valid time, shape (time,); None where one run or none passes through all times.
    """

    values: Times
    calendar: str
    offset_us: Int64Array
    step_us: int
    note: str = ""
    runs: Int64Array | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def origin(self) -> Any:
        """The time that offsets count from: the first stamp, freed of its jitter if it has one."""
        first = self.values[0]
        if not self.note:
            return first
        if isinstance(first, np.datetime64):
            whole = (first + np.timedelta64(500, "ms")).astype("datetime64[s]").astype(first.dtype)
            near = abs((whole - first) / np.timedelta64(1, "us")) <= SAME_STEP * self.step_us
            return whole if near else first
        rounded = first + datetime.timedelta(microseconds=500_000)
        return rounded.replace(microsecond=0)

    @property
    def midnight_us(self) -> int:
        """The midnight (UTC) at or before the first time, microseconds since that time."""
        first = self.at(0)
        if isinstance(first, np.datetime64):
            since = first - first.astype("datetime64[D]").astype(first.dtype)
            return -int(since / np.timedelta64(1, "us"))
        seconds = first.hour * 3600 + first.minute * 60 + first.second
        return -int(seconds * 1_000_000 + first.microsecond)

    def days(self, offset_us: int | Int64Array) -> Any:
        """Which day (UTC) times at offsets belong to, that of the first time being 0."""
        return (np.asarray(offset_us) - self.midnight_us) // _UNIT_US["d"]

    def at(self, offset_us: int | Int64Array | Sequence[int]) -> Any:
        """Valid times at offsets, in the axis' own type; given times come back bit for bit."""
        wanted = np.asarray(offset_us, dtype=np.int64)
        flat = np.atleast_1d(wanted)
        nearest = np.clip(np.searchsorted(self.offset_us, flat), 0, len(self) - 1)
        given = self.offset_us[nearest] == flat
        if self.values.dtype.kind == "M":
            made = (self.origin + flat.astype("timedelta64[us]")).astype(self.values.dtype)
        else:
            origin = self.origin
            made = np.array(
                [origin + datetime.timedelta(microseconds=int(one)) for one in flat], dtype=object
            )
        made[given] = self.values[nearest[given]]
        return made[0] if wanted.ndim == 0 else made

    def offset_of(self, time: Any) -> int:
        """Microseconds from the first valid time to a time in this calendar.

        Args:
            time: Text such as `2019-03-05T07:20`, or a datetime of any usual type, in UTC.

        Raises:
            TimeAxisError: It is not a time, or not one of this calendar.
        """
        if isinstance(time, cftime.datetime):
            self._refuse_other_calendar(time)
        if isinstance(time, str | datetime.date) or hasattr(time, "isoformat"):
            time = self._parse(time if isinstance(time, str) else time.isoformat())
        elif isinstance(time, np.datetime64) and self.values.dtype.kind != "M":
            time = self._parse(str(time.astype("datetime64[us]")))
        known = isinstance(time, np.datetime64 | cftime.datetime)
        if not known or (isinstance(time, np.datetime64) and np.isnat(time)):
            raise TimeAxisError(f"{time!r} is not a time: write it as 2019-03-05T07:20 (UTC).")
        as_given = np.array([time]) if isinstance(time, np.datetime64) else _object_array([time])
        exact = self.values == as_given[0]
        if np.any(exact):
            return int(self.offset_us[int(np.argmax(exact))])
        return int(difference_us(as_given, self.origin)[0])

    def inside(self, first: str, last: str) -> npt.NDArray[np.bool_]:
        """Which times lie between two, both included: none if this calendar has no such days."""
        try:
            ends = self.offset_of(first), self.offset_of(last)
        except TimeAxisError:
            return np.zeros(len(self), np.bool_)
        return (self.offset_us >= ends[0]) & (self.offset_us <= ends[1])

    def _refuse_other_calendar(self, time: cftime.datetime) -> None:
        """A day of another calendar is not the day of the same name in this one."""
        first = self.values[0]
        own = "standard" if isinstance(first, np.datetime64) else first.calendar
        if time.calendar and time.calendar != own and not {time.calendar, own} <= set(GREGORIAN):
            raise TimeAxisError(
                f"{time} is a time of the {time.calendar} calendar, those of the series are of the"
                f" {own} calendar: give it as text or in that calendar."
            )

    def _parse(self, text: str) -> Any:
        match = _STAMP.fullmatch(text.strip().removesuffix("+00:00"))
        if match is None:
            raise TimeAxisError(f"'{text}' is not a time: write it as 2019-03-05T07:20 (UTC).")
        *numbers, fraction = match.groups()
        year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
        micro = int((fraction or "0").ljust(6, "0")[:6])
        try:
            parsed = cftime.datetime(
                year, month, day, hour, minute, second, micro, calendar=self.calendar
            )
        except ValueError as error:
            what = "day"
            if not 1 <= month <= 12:
                what = "month: months go from 01 to 12"
            elif hour > 23:
                what = "hour: hours go from 00 to 23"
            elif max(minute, second) > 59:
                what = "minute or second: both go from 00 to 59"
            raise TimeAxisError(
                f"'{text}' is not a time of the {self.calendar} calendar, which has no such {what}."
            ) from error
        if self.values.dtype.kind == "M":
            return np.datetime64(parsed.isoformat(), "us")
        return parsed

    def steps_us(self) -> Int64Array:
        """Differences between neighbours, shape (time - 1,)."""
        return np.diff(self.offset_us)

    def breaks(self, max_gap_us: int | None = None) -> Int64Array:
        """Indices i where the step from i to i + 1 is not to be filled.

        A step from one forecast run into the next never is.

        Args:
            max_gap_us: Longest step that is filled; None: only the usual step is.
        """
        return np.union1d(self.gaps(max_gap_us), self.run_ends()).astype(np.int64)

    def gaps(self, max_gap_us: int | None = None) -> Int64Array:
        """Indices i where times are missing between i and i + 1, as `breaks`."""
        steps = self.steps_us()
        if max_gap_us is None:
            broken = np.abs(steps - self.step_us) > SAME_STEP * self.step_us
        else:
            broken = steps > max_gap_us
        return np.setdiff1d(np.flatnonzero(broken), self.run_ends())

    def run_ends(self) -> Int64Array:
        """Indices i after which another forecast run begins."""
        if self.runs is None:
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(np.diff(self.runs) != 0)

    def linked_steps_us(self) -> Int64Array:
        """Differences between neighbours; -1 from one forecast run into the next."""
        steps = self.steps_us().copy()
        steps[self.run_ends()] = -1
        return steps

    def segments(self, max_gap_us: int | None = None) -> list[slice]:
        """Runs of times without a break, as slices; a lone time between two breaks is one too."""
        edges = [0, *(self.breaks(max_gap_us) + 1).tolist(), len(self)]
        return [slice(a, b) for a, b in itertools.pairwise(edges)]

    def irregularity(self, max_gap_us: int | None = None) -> str:
        """Say in one sentence where the steps stop being regular, and the way out; or nothing."""
        broken = self.gaps(max_gap_us)
        if not len(broken):
            return ""
        steps, first = self.steps_us(), int(broken[0])
        usual = format_duration(self.step_us)
        where = f"between {show(self.values[first])} and {show(self.values[first + 1])}"
        found = format_duration(int(steps[first]))
        ways = (
            f"say --max-gap {format_duration(int(steps.max()))} to fill steps up to that,"
            " or cut the series there"
        )
        if max_gap_us is not None:
            limit = format_duration(max_gap_us)
            return f"the step of {found} {where} is longer than {limit}: {ways}."
        others = steps[broken]
        if len(others) > 1 and len(others) >= 0.05 * len(steps) and np.ptp(others) == 0:
            return f"the steps are mixed, {usual} and {found} (as {where}): {ways}."
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        return f"the step is {usual}, but {found} {where}{more}: {ways}."

    def positions(self) -> Int64Array:
        """Number of usual steps from the first time to each; -1 where it is not a whole number."""
        whole = np.round(self.offset_us / self.step_us).astype(np.int64)
        off = np.abs(self.offset_us - whole * self.step_us) > SAME_STEP * self.step_us
        return np.where(off, -1, whole)

    def every(self, count: int, offset: int = 0) -> Int64Array:
        """Indices of the times that lie a multiple of `count` usual steps from the `offset`-th."""
        positions = self.positions()
        kept = (positions >= offset) & ((positions - offset) % count == 0)
        return np.flatnonzero(kept)

    def take(self, indices: Int64Array | slice) -> "TimeAxis":
        """Some of the times as an axis of their own."""
        offsets = self.offset_us[indices]
        step = usual_step_us(offsets) if len(offsets) > 1 else self.step_us
        runs = None if self.runs is None else self.runs[indices] - offsets[0]
        return TimeAxis(
            self.values[indices], self.calendar, offsets - offsets[0], step, self.note, runs
        )

    @property
    def sun_time(self) -> npt.NDArray[np.datetime64]:
        """Valid times as datetime64[us] for the position of the sun.

        Other calendars are mapped to the same fraction of the year and the same time of day.
        """
        return sun_times(self.values, self.calendar)


def sun_times(values: Times, calendar: str) -> npt.NDArray[np.datetime64]:
    """Times of any calendar as datetime64[us], as `TimeAxis.sun_time`."""
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]")
    if calendar in GREGORIAN:
        return np.array([time.isoformat() for time in values], dtype="datetime64[us]")
    return np.array([_same_season(time) for time in values], dtype="datetime64[us]")


def _same_season(time: Any) -> np.datetime64:
    first = type(time)(time.year, 1, 1, **_calendar_of(time))
    following = type(time)(time.year + 1, 1, 1, **_calendar_of(time))
    start = np.datetime64(f"{time.year:04d}-01-01", "us")
    length = np.datetime64(f"{time.year + 1:04d}-01-01", "us") - start
    days_here = int(length / np.timedelta64(1, "D"))
    days = (time.dayofyr - 1) * days_here // (following - first).days
    clock = (time.hour * 3600 + time.minute * 60 + time.second) * 1_000_000 + time.microsecond
    return start + np.timedelta64(days * _UNIT_US["d"] + clock, "us")


def _calendar_of(time: Any) -> dict[str, str]:
    return {"calendar": time.calendar} if type(time) is cftime.datetime else {}


def _object_array(items: Sequence[Any]) -> Times:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def show(time: Any) -> str:
    """A valid time as short text for messages: `2019-03-05T07:20`."""
    text = str(time.astype("datetime64[s]")) if isinstance(time, np.datetime64) else None
    text = text or time.isoformat().split(".")[0]
    return text.removesuffix(":00")


def build_time_axis(values: Times, source: str, calendar: str = "") -> TimeAxis:
    """Check valid times and measure them.

    Args:
        values: Valid times in file order, shape (time,).
        source: Name of the file, for messages.
        calendar: CF name; found from the values if empty.

    Raises:
        TimeAxisError: A single, missing, repeated or unsorted time, or numbers without units.
    """
    is_cftime = values.dtype == object and len(values) and isinstance(values[0], cftime.datetime)
    if values.dtype.kind != "M" and not is_cftime:
        raise TimeAxisError(
            f"the time axis of {source} holds plain values ({values.dtype}) that are not times:"
            " give it CF units such as 'hours since 2019-03-01'."
        )
    if len(values) < 2:
        held = f"a single time ({show(values[0])})" if len(values) else "no times"
        raise TimeAxisError(f"{source} holds {held}: filling in between needs at least two.")
    if values.dtype.kind == "M":
        if np.isnat(values).any():
            missing = int(np.flatnonzero(np.isnat(values))[0])
            raise TimeAxisError(
                f"the time axis of {source} has a missing value at position {missing}:"
                " remove that frame or give it its time."
            )
        coarse = np.datetime_data(values.dtype)[0] not in ("us", "ns")
        values = values.astype("datetime64[us]") if coarse else values
        calendar = calendar or "proleptic_gregorian"
    else:
        calendar = calendar or str(values[0].calendar)
    offset = difference_us(values, values[0])
    steps = np.diff(offset)
    if (steps == 0).any():
        i = int(np.flatnonzero(steps == 0)[0])
        raise TimeAxisError(
            f"the time {show(values[i])} stands twice in {source} (positions {i} and {i + 1}):"
            " remove one of them."
        )
    if (steps < 0).any():
        i = int(np.flatnonzero(steps < 0)[0])
        raise TimeAxisError(
            f"the times of {source} are not in ascending order: {show(values[i + 1])} follows"
            f" {show(values[i])}; sort the file by time."
        )
    step = usual_step_us(offset)
    return _snap(values, calendar, offset, step)


def _snap(values: Times, calendar: str, offset: Int64Array, step: int) -> TimeAxis:
    """Take stamps that miss a regular step by no more than 0.1 % of it for exact."""
    whole = np.round(offset / step).astype(np.int64) * step
    off = np.abs(offset - whole)
    merges = (np.diff(whole) <= 0).any()
    if off.max() == 0 or off.max() > SAME_STEP * step or merges:
        return TimeAxis(values, calendar, offset, step)
    note = (
        f"stamps miss a regular step of {format_duration(step)} by up to"
        f" {format_duration(int(off.max()))} and are taken as exact"
    )
    return TimeAxis(values, calendar, whole, step, note=note)
