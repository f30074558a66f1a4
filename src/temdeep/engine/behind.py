"""Has things done behind the one who orders them, in order, while that one goes on.

Knows: threads. Must not know: what is done.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

Task = Callable[[], None]

MOST_WAITING = 2
"""Tasks that wait: what they hold is in memory."""


class Doer(Protocol):
    """Does what it is told to, in order."""

    def __call__(self, task: Task) -> None:
        """Do something now or later; raise what went wrong before."""


def at_once(task: Task) -> None:
    """Do it now."""
    task()


class Behind:
    """One thread that does tasks in the order in which they come.

    Once a task fails, no later one is done, and its error is raised to whoever orders the next
    task, waits, or leaves without an error of another kind. Who is interrupted again while leaving
    need not wait for it: the process ends all the same, so tasks must be safe from being killed.
    """

    def __init__(self) -> None:
        self._tasks: queue.Queue[Task | None] = queue.Queue(MOST_WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="temdeep-behind", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let all that is ordered be done, and end."""
        self._tasks.put(None)
        self._thread.join()
        if error is None:
            self._check()

    def __call__(self, task: Task) -> None:
        """Order a task; waits while too many do.

        Raises:
            BaseException: What an earlier one failed with.
        """
        self._check()
        self._tasks.put(task)

    def wait(self) -> None:
        """Wait until all that is ordered is done.

        Raises:
            BaseException: What a task failed with.
        """
        self._tasks.join()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                if self._error is None:
                    task()
            except BaseException as error:  # noqa: BLE001 - raised to who ordered it
                self._error = error
            finally:
                self._tasks.task_done()
