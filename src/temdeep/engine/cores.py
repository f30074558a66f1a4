"""Tasks of one process that run at the same time share its cores, and do not each take all.

Only libraries that are loaded already are told: none is loaded for this.

Knows: how many threads PyTorch and OpenCV use. Must not know: what a task does.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def shared() -> Iterator[Callable[[], None]]:
    """A task that leaves cores to those that run beside it, in other threads of this process.

    Numbers of threads are afterwards what they were. What is computed does not depend on them.

    Yields:
        To be called now and then: it takes what is this task's share at that time.
    """
    _SHARES.enter()
    try:
        yield _SHARES.take
    finally:
        _SHARES.leave()


class _Shares:
    """How many tasks run, and how many threads there were before the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._before: dict[str, int] = {}

    def enter(self) -> None:
        with self._lock:
            self._running += 1
            self._take()

    def take(self) -> None:
        with self._lock:
            self._take()

    def leave(self) -> None:
        with self._lock:
            self._running -= 1
            self._set("torch", self._before.get("torch"))  # this thread's, and that of new ones
            if self._running == 0:
                self._set("cv2", self._before.get("cv2"))
                self._before = {}

    def _take(self) -> None:
        for name in _COUNTS:
            if name in sys.modules and name not in self._before:
                self._before[name] = getattr(sys.modules[name], _COUNTS[name][0])()
            if name in self._before:
                self._set(name, max(self._before[name] // self._running, 1))

    @staticmethod
    def _set(name: str, count: int | None) -> None:
        if count is not None:
            getattr(sys.modules[name], _COUNTS[name][1])(count)


_COUNTS = {
    "torch": ("get_num_threads", "set_num_threads"),
    "cv2": ("getNumThreads", "setNumThreads"),
}
"""How a library tells and takes the number of threads: PyTorch for each thread, OpenCV for all."""

_SHARES = _Shares()
