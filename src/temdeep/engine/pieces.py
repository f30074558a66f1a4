"""Cuts a plan into pieces that can be made each on its own, in any order, by anyone.

A piece is some neighbouring intervals and the input times that they need. What it holds depends on
nothing but these: pieces made one by one, again, or by many workers are the same to the bit.

Knows: series, plans. Must not know: how a method fills, output files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.engine.plan import Int64Array, Plan
from temdeep.fields.reading_frames import load
from temdeep.fields.series import Series

PIECE_BYTES = 32 * 2**20
"""What a piece writes, in single precision, if it needs no more: a second of straight lines, some
seconds of a model."""

LEAST_BYTES, LEAST_SHARE = 2**20, 8
"""The first pieces write so much, and any later one an eighth of all that is before it: a short
output is divided too, and where it is does not depend on how long it will be."""

LEAST_INTERVALS = 4
"""Intervals of a piece, as most pieces begin inside one, which is then made twice."""

FEWEST_INTERVALS = 8
"""Neighbouring intervals share their context: together they read less than one by one."""

WINDOW_BYTES = 16 * 2**20
"""What a piece's input may hold, if it needs no more."""

LONGEST_LEAD = 512
"""How many output times a piece may go back to where nothing is carried over."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Some successive output times.

    Attributes:
        times: Their positions in the output.
        lead: How many output times before these are made with them and not kept.
        window: The input times that are needed.
        used: Those of them whose values decide on what is made.
        part: The plan of all that is made, counted from the begin of the window.
    """

    times: slice
    lead: int
    window: slice
    used: slice
    part: Plan

    def same_as(self, other: Piece) -> bool:
        """Whether both are made of the same input times in the same way."""
        here = (self.times, self.lead, self.window)
        if here != (other.times, other.lead, other.window):
            return False
        return all(
            np.array_equal(getattr(self.part, name), getattr(other.part, name))
            for name in ("offset_us", "given", "interval", "theta", "periods_us", "cuts_us")
        )


def pieces(
    series: Series,
    context: int,
    plan: Plan,
    *,
    align: int = 1,
    carried: Sequence[str] = (),
    frame_bytes: int | None = None,
) -> Iterator[Piece]:
    """Cut a plan; who makes the pieces, and how long the plan goes on, changes none of them.

    Args:
        series: The coarse series.
        context: How many frames on each side the method uses.
        plan: What is to be made.
        align: Pieces begin at multiples of so many output times: that of a chunk.
        carried: Period variables of which something is carried from one output period to the next:
            what rounding left, how high a total has come. A piece then begins early enough for it.
        frame_bytes: What is written of one output time, in single precision; None: pieces write as
            much as comes of what they may read.

    Yields:
        Pieces in time order; together they hold each output time once.
    """
    cutter = Cutter(series, context, plan, carried)
    begins = np.flatnonzero(np.diff(plan.interval)) + 1
    aligned = -(-begins // align) * align
    cuts = np.unique([*aligned[aligned < len(plan)], len(plan)])
    most = _intervals_at_once(series, context)
    begin = 0
    while begin < len(plan):
        end = _end(plan, begin, cuts, most, _worth(begin, context, frame_bytes))
        yield cutter.piece(slice(begin, end))
        begin = end


def _worth(begin: int, context: int, frame_bytes: int | None) -> int | None:
    """How many output times are worth a piece; None: as many as it may have.

    At least twice as many as it reads input times beside its intervals, on both sides.

    Args:
        begin: Where it begins.
        context: How many frames on each side the method uses.
        frame_bytes: What is written of one output time.
    """
    if frame_bytes is None:
        return None
    before = begin * frame_bytes
    written = min(max(before // LEAST_SHARE, LEAST_BYTES), PIECE_BYTES)
    return max(written // max(frame_bytes, 1), 4 * (context + 1))


def _end(plan: Plan, begin: int, cuts: Int64Array, most: int, worth: int | None) -> int:
    """Where a piece ends: once it is worth it, and before it needs too many intervals.

    Args:
        plan: What is to be made.
        begin: Where the piece begins.
        cuts: Output times at which pieces may end, ascending, the last the plan's end.
        most: How many intervals a piece may have.
        worth: How many output times are worth a piece, if it also has some intervals.
    """
    first = plan.interval[begin]
    some, far = np.searchsorted(plan.interval, [first + LEAST_INTERVALS, first + most])
    wanted = far if worth is None else min(max(begin + worth, some), far)
    return int(cuts[min(int(np.searchsorted(cuts, wanted)), len(cuts) - 1)])


class Cutter:
    """Cuts single pieces out of a plan, as `pieces` says."""

    def __init__(
        self, series: Series, context: int, plan: Plan, carried: Sequence[str] = ()
    ) -> None:
        if plan.periods_us is not None:
            plan = replace(plan, cuts_us=np.unique(plan.periods_us))
        self._series, self._context, self._plan = series, context, plan
        self._clean = _clean(series, plan, carried)

    def piece(self, times: slice) -> Piece:
        """The piece of some output times."""
        lead = _lead(self._clean, times.start)
        part = _part(self._series, self._plan, slice(times.start - lead, times.stop))
        window = _window(self._series, part, self._context + 1)
        used = _window(self._series, part, max(self._context, 1))
        shift = int(self._series.time.offset_us[window.start])
        return Piece(times, lead, window, used, _moved(part, window.start, shift))

    def clean(self, begin: int, end: int) -> Int64Array:
        """Output positions, both bounds included, at which nothing is carried over."""
        if self._clean is None:
            return np.arange(begin, end + 1)
        return self._clean[(self._clean >= begin) & (self._clean <= end)]


def windowed(series: Series, window: slice, fields: xr.Dataset) -> Series:
    """The part of a series that a piece needs.

    Args:
        series: The whole.
        window: The input times.
        fields: Its fields at these.
    """
    return replace(series.take(window), dataset=fields)


class Frames:
    """Input fields in memory: a window that moves forward, each frame read once."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._names = list(dict.fromkeys(channel.variable for channel in series.channels))
        self._held = slice(0, 0)
        self._fields: dict[str, xr.Variable] = {}
        self._hashes: dict[int, bytes] = {}

    def read(self, window: slice) -> xr.Dataset:
        """The fields of a window.

        Raises:
            InputError: The file breaks off or cannot be decoded.
        """
        dim = self._series.time_name
        if not self._held.start <= window.start <= self._held.stop:
            self._held, self._fields = slice(window.start, window.start), {}
        whole = self._series.dataset[self._names].isel({dim: window})
        fresh = slice(self._held.stop, max(window.stop, self._held.stop))
        kept = slice(window.start - self._held.start, window.stop - self._held.start)
        for name in self._names:
            array = self._series.dataset[name]
            parts = [self._fields[name].isel({dim: kept})] if name in self._fields else []
            if fresh.stop > fresh.start:
                values = load(array.isel({dim: fresh}), self._series.source)
                parts.append(xr.Variable(array.dims, values))
            held = parts[0] if len(parts) == 1 else xr.Variable.concat(parts, dim)  # type: ignore[no-untyped-call]
            self._fields[name] = held
            whole[name] = whole[name].copy(data=held.values)
        self._held = window
        self._hashes = {i: one for i, one in self._hashes.items() if i >= window.start}
        return whole

    def fingerprint(self, piece: Piece) -> str:
        """Hash of the times and of all values that a piece is made of, each field hashed once.

        Raises:
            InputError: The file breaks off or cannot be decoded.
        """
        if self._held != piece.window:
            self.read(piece.window)
        found = hashlib.sha256()
        for index in range(piece.used.start, piece.used.stop):
            if index not in self._hashes:
                self._hashes[index] = self._hash(index)
            found.update(self._hashes[index])
        return found.hexdigest()[:32]

    def empty(self, piece: Piece) -> dict[str, list[int]]:
        """At which of the input times that a piece is made of a variable is missing everywhere."""
        if self._held != piece.window:
            self.read(piece.window)
        dim, found = self._series.time_name, {}
        for name, held in self._fields.items():
            there = [
                index
                for index in range(piece.used.start, piece.used.stop)
                if _nothing(held.isel({dim: index - self._held.start}).values)
            ]
            if there:
                found[name] = there
        return found

    def _hash(self, index: int) -> bytes:
        dim = self._series.time_name
        found = hashlib.sha256(str(self._series.time.values[index]).encode())
        for name, held in self._fields.items():
            values = np.ascontiguousarray(held.isel({dim: index - self._held.start}).values)
            found.update(f"{name} {values.dtype} {values.shape}".encode())
            found.update(values.view(np.uint8).data if values.size else b"")
        return found.digest()


def _nothing(values: npt.NDArray[Any]) -> bool:
    """Whether all of a field is missing."""
    first = values.ravel()[:1]
    return bool(np.isnan(first).any() and np.isnan(values).all())


def _intervals_at_once(series: Series, context: int) -> int:
    """As many intervals as fit beside their context, and not much fewer than these are."""
    frame = sum(
        series.dataset[name].nbytes // max(len(series.time), 1)
        for name in dict.fromkeys(channel.variable for channel in series.channels)
    )
    fit = WINDOW_BYTES // max(frame, 1) - 2 * context
    return max(FEWEST_INTERVALS, context, min(fit, 64 * FEWEST_INTERVALS))


def _clean(series: Series, plan: Plan, carried: Sequence[str]) -> Int64Array | None:
    """Output positions at which nothing is carried over; None: all of them."""
    if not carried:
        return None
    begins = np.concatenate([[plan.offset_us[0]], plan.offset_us[:-1]])
    if plan.periods_us is not None:
        begins = plan.periods_us[:, 0]
    clean = np.ones(len(plan), dtype=bool)
    for name in carried:
        edges = series.edges[name]
        known = edges[:, 1] > edges[:, 0]
        clean &= np.isin(begins, edges[known, 0])
    clean[0] = True
    return np.flatnonzero(clean)


def _lead(clean: Int64Array | None, begin: int) -> int:
    """How far to go back; nowhere if it is too far: rounding then begins anew."""
    if clean is None:
        return 0
    last = int(clean[np.searchsorted(clean, begin, side="right") - 1])
    return begin - last if begin - last <= LONGEST_LEAD else 0


def _part(series: Series, plan: Plan, times: slice) -> Plan:
    """Some times of a plan, whose periods divide the input's as those of the whole plan do."""
    part = Plan(
        plan.offset_us[times], plan.given[times], plan.interval[times], plan.theta[times], None, ()
    )
    if plan.periods_us is None or plan.cuts_us is None:
        return part
    periods = plan.periods_us[times]
    touched = [_touched(edges, periods) for edges in series.edges.values()]
    begin = min([int(periods[0, 0]), *(int(one[0, 0]) for one in touched if len(one))])
    end = max([int(periods[-1, 1]), *(int(one[-1, 1]) for one in touched if len(one))])
    near = slice(*np.searchsorted(plan.cuts_us, [begin, end + 1]))
    return replace(part, periods_us=periods, cuts_us=plan.cuts_us[near])


def _touched(edges: Int64Array, periods: Int64Array) -> Int64Array:
    """Input periods, shape (time, 2), that share time with successive output periods."""
    shared: Int64Array = edges[(edges[:, 0] < periods[-1, 1]) & (edges[:, 1] > periods[0, 0])]
    return shared


def _window(series: Series, part: Plan, beside: int) -> slice:
    """Input times that some output times need, at least two, and so many on both sides."""
    last = int(part.interval[-1]) + (2 if part.given[-1] < 0 else 1)
    needed = [int(part.interval[0]), last]
    if part.periods_us is not None:
        begin, end = part.periods_us[0, 0], part.periods_us[-1, 1]
        for edges in series.edges.values():
            touched = np.flatnonzero((edges[:, 0] < end) & (edges[:, 1] > begin))
            needed += [int(touched[0]), int(touched[-1]) + 1] if len(touched) else []
    first, stop = max(min(needed) - beside, 0), max(needed) + beside
    return slice(first, min(stop, len(series.time)))


def _moved(part: Plan, first: int, shift_us: int) -> Plan:
    """A plan counted from a later time of the series."""
    given: Int64Array = np.where(part.given >= 0, part.given - first, -1)
    return replace(
        part,
        offset_us=part.offset_us - shift_us,
        given=given,
        interval=part.interval - first,
        periods_us=None if part.periods_us is None else part.periods_us - shift_us,
        cuts_us=None if part.cuts_us is None else part.cuts_us - shift_us,
    )
