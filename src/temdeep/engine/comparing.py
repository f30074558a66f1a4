"""What a store was made of beside a longer series: whether it is the same, and what of it stays.

Knows: series, plans, pieces, records. Must not know: how a method fills, how a store is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from temdeep.engine.encoding import carried
from temdeep.engine.field_spec import FieldSpec, frame_bytes
from temdeep.engine.origin import Older, Origin
from temdeep.engine.packing import ladder
from temdeep.engine.pieces import Cutter, Frames, Piece, pieces
from temdeep.engine.record import Record, widest
from temdeep.engine.unchanged import changed, doubtful, told
from temdeep.engine.work import Begun, Filling
from temdeep.errors import OutputError


@dataclass(frozen=True, eq=False)
class Comparing:
    """A store's series beside the longer one, both cut into pieces alike.

    Attributes:
        found: What the store says of itself.
        now: The longer series.
        before: The store's.
        specs: How fields are stored.
    """

    found: Record
    now: Filling
    before: Filling
    specs: Mapping[str, FieldSpec]

    def refuse_changed_values(self, origin: Origin, target: Path) -> None:
        """Compare what was read with what is there now, as far as files have changed.

        Raises:
            OutputError: A value has changed, or the store's pieces are not as they were.
            InputError: The input is damaged.
        """
        doubted = doubtful(self.now.series, self.found.files, origin.files)
        frames = Frames(self.now.series)
        for piece in self._pieces(self.before):
            made = self.found.pieces.get(piece.times.start)
            if made is None or (doubted[piece.used].any() and changed(frames, piece, made)):
                raise OutputError(
                    f"{told(self.now.series, piece)} have changed since {target} was made of them:"
                    " make it anew with --overwrite."
                )

    def kept(self, target: Path) -> tuple[Older, Begun | None]:
        """What of the store stays as it is."""
        levels = self.found.levels()
        same: list[Piece] = []
        begun = None
        for before, now in zip(self._pieces(self.before), self._pieces(self.now), strict=False):
            if not before.same_as(now):
                begun = self._begun(before, now, levels, target)
                break
            same.append(now)
        made = {piece.times.start: self.found.pieces[piece.times.start] for piece in same}
        if widest(made.values(), self.specs) != levels:  # all of it would be stored narrower
            return Older(target, dict.fromkeys(self.specs, 0), {}, {}, 0), None
        count = same[-1].times.stop if same else 0
        return Older(target, levels, self.found.why, made, count), begun

    def _begun(
        self, before: Piece, now: Piece, levels: Mapping[str, int], target: Path
    ) -> Begun | None:
        """What the store has of the first piece that is not as it was."""
        if any(self.found.pieces[before.times.start].levels.values()):
            return None
        first, stop = now.times.start, min(before.times.stop, now.times.stop)
        cutters = [self._cutter(one) for one in (self.before, self.now)]
        for until in cutters[1].clean(first + 1, stop - 1)[::-1].tolist():
            one, other = (cutter.piece(slice(first, until)) for cutter in cutters)
            if one.same_as(other):
                rest = cutters[1].piece(slice(until, now.times.stop))
                at = {
                    name: replace(spec, storage=ladder(spec.storage)[levels[name]])
                    for name, spec in self.specs.items()
                }
                return Begun(target, at, rest) if rest.lead == 0 else None
        return None

    def _pieces(self, one: Filling) -> Iterator[Piece]:
        align = math.lcm(*(spec.held_times for spec in self.specs.values()))
        return pieces(
            one.series,
            one.method.context,
            one.plan,
            align=align,
            carried=self._carried(one),
            frame_bytes=frame_bytes(self.specs),
        )

    def _cutter(self, one: Filling) -> Cutter:
        return Cutter(one.series, one.method.context, one.plan, self._carried(one))

    def _carried(self, one: Filling) -> list[str]:
        return carried(one.series, {name: spec.storage for name, spec in self.specs.items()})


def refuse_other_channels(
    before: Mapping[str, str], now: Mapping[str, str], target: Path, source: str
) -> None:
    """Compare what a store has with what would be filled in.

    Args:
        before: What each variable, level and member was, in words by name.
        now: The same of the input.
        target: The store.
        source: Name of the input.

    Raises:
        OutputError: One is missing, new, or something else.
    """
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    alike = "append with the same --variable and an input of the same levels as before"
    if gone:
        told = f"{target} has {_listed(gone)}, not filled in from {source} now: {alike}"
    elif new:
        told = f"{target} has no {_listed(new)}, filled in from {source} now: {alike}"
    else:
        other = [name for name, words in now.items() if words != before[name]]
        if not other:
            return
        name = other[0]
        told = (
            f"'{name}' in {target} is {before[name]}, and now {now[name]} in {source}: append with"
            " an input that says of it what it said before, or say it with --kind as before"
        )
    raise OutputError(f"{told}, or make it anew with --overwrite.")


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
