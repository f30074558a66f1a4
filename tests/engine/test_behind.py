"""What is done behind is done in order, and not at all once something went wrong."""

import subprocess
import sys
import threading
from functools import partial

import pytest

from temdeep.engine.behind import Behind


def test_tasks_are_done_in_order_in_one_other_thread() -> None:
    done: list[tuple[int, int]] = []

    def note(number: int) -> None:
        done.append((number, threading.get_ident()))

    with Behind() as behind:
        for number in range(9):
            behind(partial(note, number))
    assert [number for number, _ in done] == list(range(9))
    assert len({thread for _, thread in done} - {threading.get_ident()}) == 1


def test_after_a_failure_nothing_is_done_and_who_waits_is_told() -> None:
    done: list[int] = []

    def fail() -> None:
        raise OSError("full")

    def one_after_the_other() -> None:
        with Behind() as behind:
            behind(lambda: done.append(1))
            behind(fail)
            behind(lambda: done.append(2))
            with pytest.raises(OSError, match="full"):
                behind.wait()

    with pytest.raises(OSError, match="full"):
        one_after_the_other()
    assert done == [1]


def test_what_is_ordered_is_done_though_who_ordered_it_fails() -> None:
    done: list[int] = []

    def fail() -> None:
        with Behind() as behind:
            behind(lambda: done.append(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert done == [1]


def test_what_one_orders_of_another_is_done_after_it_and_its_failure_is_told() -> None:
    done: list[str] = []

    def fail() -> None:
        raise OSError("full")

    def written_then_kept() -> None:
        with Behind() as syncing, Behind() as writing:
            for number in range(9):
                writing(partial(done.append, f"write {number}"))
                writing(partial(syncing, partial(done.append, f"keep {number}")))
            writing(partial(syncing, fail))

    with pytest.raises(OSError, match="full"):
        written_then_kept()
    kept = [one for one in done if one.startswith("keep")]
    assert kept == [f"keep {number}" for number in range(9)]
    assert all(done.index(f"write {n}") < done.index(f"keep {n}") for n in range(9))


INTERRUPTED_AGAIN = """
from temdeep.engine.behind import Behind

def interrupted(task):
    raise KeyboardInterrupt

try:
    with Behind() as behind:
        behind._tasks.put = interrupted
except KeyboardInterrupt:
    print("stopped")
"""


def test_a_process_that_is_interrupted_while_it_leaves_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AGAIN],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "stopped\n"
