"""Processes that look for each other: seen, not for ever, and refused by name if they do not fit.

Threads stand for processes here; two real ones train in `test_entry_points.py`.
"""

import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import torch
from torch.distributed import HashStore, TCPStore  # type: ignore[attr-defined]

from temdeep.errors import RequestError
from temdeep.training import together
from temdeep.training.processes import Processes
from temdeep.training.together import Meeting, meet


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refused(processes: Processes, opened: threading.Event | None = None) -> tuple[str, list[str]]:
    """Why a process may not take part, and what it was told before."""
    told: list[str] = []

    def tell(sentence: str) -> None:
        told.append(sentence)
        if opened is not None:
            opened.set()

    with pytest.raises(RequestError) as error:
        meet(processes, tell, cuda=False)
    return str(error.value), told


def beside(*calls: Callable[[], str]) -> list[str]:
    """Run calls beside each other, each to its end."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [one.result() for one in [pool.submit(call) for call in calls]]


def test_one_process_waits_for_nobody() -> None:
    told: list[str] = []
    meeting = meet(Processes(), told.append, cuda=False)
    assert told == []
    assert meeting.decided("run", lambda: "logs/0") == "logs/0"
    meeting.check_same("settings", "any")
    meeting.close()


@pytest.mark.parametrize(("said", "threads"), [(None, 3), ("5", 6)])
def test_processes_share_the_cores_of_their_machine(
    monkeypatch: pytest.MonkeyPatch, said: str | None, threads: int
) -> None:
    if said is None:
        monkeypatch.setenv("OMP_NUM_THREADS", "")  # so that it is put back after the test
        monkeypatch.delenv("OMP_NUM_THREADS")
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    store, before = HashStore(), torch.get_num_threads()
    store.set("host/1", socket.gethostname())
    store.set("host/2", "another machine")
    torch.set_num_threads(6)
    try:
        together._share_cores(Processes(3, 0), store)
        assert torch.get_num_threads() == threads
        assert os.environ["OMP_NUM_THREADS"] == (said or str(threads))  # as Lightning looks it up
    finally:
        torch.set_num_threads(before)


def test_who_waits_for_others_says_so_and_gives_up() -> None:
    port = free_port()
    why, told = refused(Processes(3, 0, wait_s=0.5, port=port))
    assert told == [f"waiting for 2 of 3 processes at 127.0.0.1:{port}"]
    assert why == (
        f"2 of 3 processes did not come to 127.0.0.1:{port} within 0.5 s: start those with rank=1,"
        " 2, or say fewer with count=."
    )


def test_who_waits_for_process_0_says_so_and_gives_up() -> None:
    port = free_port()
    why, told = refused(Processes(2, 1, wait_s=0.5, port=port))
    assert told == [f"waiting for process 0 of 2 at 127.0.0.1:{port}"]
    assert f"process 0 did not come to 127.0.0.1:{port} within 0.5 s" in why
    assert "MASTER_ADDR and MASTER_PORT" in why


def test_a_port_of_another_program_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        why, _ = refused(Processes(2, 0, wait_s=2, port=port))
    assert f"127.0.0.1:{port} is taken by another program: set MASTER_PORT" in why


def test_other_numbers_and_a_rank_twice_are_refused() -> None:
    port, opened = free_port(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        host = pool.submit(refused, Processes(2, 0, wait_s=4, port=port), opened)
        assert opened.wait(10)
        many, _ = refused(Processes(3, 1, wait_s=4, port=port))
        assert f"with count=3 and another at 127.0.0.1:{port} with count=2" in many
        twin = refused_twice(port)
        assert f"rank=0 was started twice at 127.0.0.1:{port}" in twin
        assert "1 of 2 processes did not come" in host.result()[0]


def refused_twice(port: int) -> str:
    """A second process 0 cannot open the port; one that finds it open counts itself in twice."""
    processes = Processes(2, 1, wait_s=4, port=port)
    store = together._find(processes, lambda _: None, float("inf"))
    with pytest.raises(RequestError) as error:
        together._count_in(Processes(2, 0, wait_s=4, port=port), store, lambda _: None, 0.0)
    return str(error.value)


def met() -> list[Meeting]:
    """Two that have met."""
    port = free_port()

    def one(rank: int) -> Meeting:
        store = TCPStore(
            "127.0.0.1", port, 2, rank == 0, timedelta(seconds=20), wait_for_workers=False
        )
        return Meeting(Processes(2, rank, port=port), store)

    return [one(0), one(1)]


def test_process_0_decides_for_all() -> None:
    host, guest = met()
    decided = beside(
        lambda: host.decided("run", lambda: "logs/7"),
        lambda: guest.decided("run", lambda: "logs/8"),
    )
    assert decided == ["logs/7", "logs/7"]


def test_other_data_or_settings_are_refused_in_all_processes() -> None:
    host, guest = met()

    def differ(meeting: Meeting, value: str) -> str:
        with pytest.raises(RequestError) as error:
            meeting.check_same("series or settings", value)
        return str(error.value)

    for why in beside(lambda: differ(host, "a"), lambda: differ(guest, "b")):
        assert why.startswith(
            "process 1 was started with another series or settings than process 0"
        )


def test_a_process_0_that_is_gone_is_one_sentence() -> None:
    guest = met()[1]  # the other is gone, and the store with it
    with pytest.raises(RequestError, match=r"process 0 at .* has ended or does not answer"):
        guest.decided("run", lambda: "logs/0")
