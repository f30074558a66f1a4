"""Pieces made by the workers of a Dask cluster, each written where it belongs by who made it.

Knows: dask.distributed, pieces of work. Must not know: how a piece is made.
"""

from __future__ import annotations

import importlib
import itertools
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from types import FrameType
from typing import Any

from temdeep.engine.encoding import NarrowError
from temdeep.engine.record import Made
from temdeep.engine.spool import Spool
from temdeep.engine.work import Unit, Work, do
from temdeep.engine.workers import Progress
from temdeep.errors import OutputError, RequestError
from temdeep.extras import need

PIECES_AHEAD = 2
"""How many pieces are given to a thread of a worker before the first is done."""

PATIENCE_S = 10


@contextmanager
def local(count: int) -> Iterator[Any]:
    """Workers on this machine, in processes of one thread each.

    Raises:
        RequestError: Not a positive number.
        MissingExtraError: Dask's scheduler is not installed.
    """
    if count < 1:
        raise RequestError(f"--workers {count}: say 1 or more.")
    distributed = _distributed()
    with ExitStack() as started:
        with _started_deaf():
            cluster = distributed.LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",  # any free port, unseen from outside
                scheduler_kwargs={"dashboard": False},
                silence_logs="CRITICAL",
            )
            started.enter_context(cluster)
        yield started.enter_context(distributed.Client(cluster))


@contextmanager
def _started_deaf() -> Iterator[None]:
    """What is started here does not hear the interrupts that a terminal sends to all.

    A terminal's Ctrl-C is for this process, which then ends the others. The signal is blocked, as
    it then is in new threads and processes; also in those that replace a lost worker, which a
    thread of here starts. An interrupt that comes meanwhile is acted upon at the end, lest it
    leave a cluster half started.
    """
    resource_tracker.ensure_running()  # by the first process otherwise, and unblocks the signal
    heard: list[tuple[int, FrameType | None]] = []
    own = threading.current_thread() is threading.main_thread()  # which alone may have handlers
    # a thread from before does not block the signal and may be given it, for the main one to handle
    before = signal.signal(signal.SIGINT, lambda *one: heard.append(one)) if own else None
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        if own:
            signal.signal(signal.SIGINT, before)
    if heard and callable(before):
        before(*heard[0])


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A cluster that runs already.

    Raises:
        RequestError: It cannot be reached.
        MissingExtraError: Dask's scheduler is not installed.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=PATIENCE_S)
    except (OSError, ValueError) as error:
        raise RequestError(
            f"no Dask scheduler answers at {address}: start one with dask scheduler, or say"
            " --workers N for processes on this machine."
        ) from error
    with client:
        yield client


@dataclass(frozen=True)
class ByClient:
    """The workers of a client make pieces.

    Attributes:
        client: Of Dask.
        elsewhere: Whether its workers may be on other machines.
    """

    client: Any
    elsewhere: bool

    def __call__(
        self, work: Work, todo: Iterable[Unit], spool: Spool, progress: Progress, /
    ) -> None:
        """See `Workers`."""
        _make(self.client, work, todo, spool, progress)


def _distributed() -> Any:
    need("cluster")
    return importlib.import_module("distributed")


def _make(client: Any, work: Work, todo: Iterable[Unit], spool: Spool, progress: Progress) -> None:
    """Give out pieces, some ahead; the store is widened while none is being made."""
    distributed = _distributed()
    shared = client.submit(_itself, work, pure=False)  # unlike what is scattered, made anew if lost
    most = PIECES_AHEAD * max(sum(client.nthreads().values()), 1)
    running: dict[Any, Unit] = {}
    waiting: Iterator[Unit] = iter(todo)
    narrow: list[tuple[Unit, NarrowError]] = []
    try:
        while True:
            while not narrow and len(running) < most and (unit := next(waiting, None)) is not None:
                future = client.submit(_do, shared, unit, dict(spool.levels), pure=False)
                running[future] = unit
            if not running:
                return
            finished, _ = distributed.wait(list(running), return_when="FIRST_COMPLETED")
            for future in finished:
                unit, found = running.pop(future), _result(future)
                if isinstance(found, NarrowError):
                    narrow.append((unit, found))
                else:
                    spool.add(unit.key, found)
                    progress(work.steps(unit))
            if narrow and not running:
                waiting = itertools.chain([_widened(spool, *one) for one in narrow], waiting)
                narrow = []
    finally:
        client.cancel(list(running))


def _itself(work: Work) -> Work:
    return work


def _do(work: Work, unit: Unit, levels: Mapping[str, int]) -> Made | NarrowError:
    """Runs on a worker; a storage too narrow is a result, not a failure."""
    _leave_cores_to_others()
    try:
        return do(work, unit, levels)
    except NarrowError as narrow:
        return narrow


def _leave_cores_to_others() -> None:
    """One thread for each piece: a worker has as many pieces as it has threads."""
    import cv2  # noqa: PLC0415 - only where a piece is made

    cv2.setNumThreads(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def _result(future: Any) -> Made | NarrowError:
    """What a worker found.

    Raises:
        OutputError: The workers were lost, again and again.
        TemdeepError: The input turns out to be damaged.
    """
    try:
        found: Made | NarrowError = future.result()
    except _distributed().scheduler.KilledWorker as error:
        raise OutputError(
            "a piece was given up after the workers that made it had died several times: they may"
            " have too little memory."
        ) from error
    return found


def _widened(spool: Spool, unit: Unit, narrow: NarrowError) -> Unit:
    if narrow.level > spool.levels[narrow.name]:
        spool.widen(narrow.name, narrow.level, narrow.why)
    return unit.needing(narrow)
