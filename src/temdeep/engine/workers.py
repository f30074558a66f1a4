"""Who makes the pieces of an output: this process, or others.

Knows: spools, pieces of work. Must not know: how a piece is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from temdeep.engine.behind import Behind
from temdeep.engine.encoding import NarrowError
from temdeep.engine.pieces import Frames
from temdeep.engine.spool import Spool
from temdeep.engine.work import Unit, Work, do

Progress = Callable[[int], None]


class Workers(Protocol):
    """Makes pieces in other processes.

    Attributes:
        elsewhere: Whether these may be on other machines.
    """

    @property
    def elsewhere(self) -> bool:
        """See above."""

    def __call__(
        self, work: Work, todo: Iterable[Unit], spool: Spool, progress: Progress, /
    ) -> None:
        """Make pieces, and write down in the spool what is done."""


def here(work: Work, todo: Iterable[Unit], spool: Spool, progress: Progress) -> None:
    """Make all pieces one after the other.

    While one is made the one before is written, and the disk is waited for to hold an earlier one.
    Input that several of them need is read once.
    """
    run, frames = -1, None
    with Behind() as syncing, Behind() as writing:
        for one in todo:
            unit = one
            if unit.run != run or frames is None:
                run, frames = unit.run, Frames(work.fillings[unit.run].series)
            made = None
            while made is None:
                try:
                    made = do(work, unit, spool.levels, frames, progress, writing, syncing)
                except NarrowError as narrow:
                    writing.wait()
                    syncing.wait()
                    spool.widen(narrow.name, narrow.level, narrow.why)
                    unit = unit.needing(narrow)
            writing(partial(syncing, partial(spool.add, unit.key, made)))
