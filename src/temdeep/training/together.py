"""Several processes, started by hand or by whatever, that find each other and train as one.

Knows: torch's process groups, Lightning's notion of a cluster. Must not know: series, models, the
command line.
"""

import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from torch.distributed import DistError, PrefixStore, Store, TCPStore  # type: ignore[attr-defined]

from temdeep.errors import RequestError
from temdeep.training.processes import DesertedError, Processes

Tell = Callable[[str], None]
"""Told what a person should know while waiting."""

LOOK_S = 0.1
"""How often to look whether the others have come."""

STEP_S = 1800.0
"""How long a step may take in another process."""


class Meeting:
    """Processes that have found each other; made by `meet`."""

    def __init__(self, processes: Processes, store: Store | None) -> None:
        self.processes = processes
        self._store = store

    def decided(self, name: str, value: Callable[[], str]) -> str:
        """What process 0 decides, for all.

        Args:
            name: Of the decision, once each.
            value: Called in process 0 alone.

        Raises:
            RequestError: Process 0 has ended, or took longer than it may.
        """
        if self._store is None:
            return value()
        with _Lost(self.processes, "process 0"):
            if self.processes.rank == 0:
                self._store.set(f"decided/{name}", value())
            return str(self._store.get(f"decided/{name}"), "utf-8")

    def check_same(self, name: str, value: str) -> None:
        """Refuse to go on, in all processes, where one differs from process 0.

        Raises:
            RequestError: One differs, or has ended.
        """
        if self._store is None:
            return
        with _Lost(self.processes, "another process"):
            self._store.set(f"same/{name}/{self.processes.rank}", value)
            keys = [f"same/{name}/{rank}" for rank in range(self.processes.count)]
            values = [self._store.get(key).decode() for key in keys]
            self._store.add(f"read/{name}", 1)
        if differing := [rank for rank, one in enumerate(values) if one != values[0]]:
            if self.processes.rank == 0:  # the store is here: stay until all have read it
                self._stay(f"read/{name}")
            raise RequestError(
                f"process {differing[0]} was started with another {name} than process 0: start all"
                " with the same data and settings, but for --nr."
            )

    def close(self) -> None:
        """Wait until all have come here, and part."""
        if self._store is not None and torch.distributed.is_initialized():
            torch.distributed.barrier()
            torch.distributed.destroy_process_group()

    def _stay(self, key: str) -> None:
        deadline = time.monotonic() + 10
        while (
            self._store is not None
            and self._store.add(key, 0) < self.processes.count
            and time.monotonic() < deadline
        ):
            time.sleep(LOOK_S)


def meet(
    processes: Processes, tell: Tell, *, cuda: bool, check: Callable[[], None] | None = None
) -> Meeting:
    """Wait for the other processes, visibly and not for ever, and join them into one group.

    Args:
        processes: How many, which one this is, where to meet.
        tell: Told who is being waited for.
        cuda: Whether they train on GPUs, and talk by NCCL; else by Gloo.
        check: Called while others are waited for.

    Raises:
        RequestError: The others do not come, were started with other numbers, or the port is taken.
    """
    if processes.count == 1:
        return Meeting(processes, None)
    deadline = time.monotonic() + processes.wait_s
    with _Lost(processes, "process 0"):
        here = processes.rank == 0 and not processes.opened
        found = _host(processes) if here else _find(processes, tell, deadline)
        # another start of the same is another meeting
        store = PrefixStore(processes.opened, found) if processes.opened else found
        _count_in(processes, store, tell, deadline, check)
        _share_cores(processes, store)
        if processes.address in ("127.0.0.1", "localhost"):  # else Gloo asks for the host's name
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        torch.distributed.init_process_group(
            "nccl" if cuda else "gloo",
            store=PrefixStore("group", store),
            rank=processes.rank,
            world_size=processes.count,
            timeout=timedelta(seconds=max(processes.wait_s, STEP_S)),
        )
    return Meeting(processes, store)


@contextmanager
def nothing_left() -> Iterator[None]:
    """Have no group afterwards, however it ended, and as many threads as before."""
    threads, said = torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")
    try:
        yield
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        torch.set_num_threads(threads)
        if said is None:
            os.environ.pop("OMP_NUM_THREADS", None)


def _host(processes: Processes) -> TCPStore:
    """Open the meeting place."""
    try:
        return _store(processes)
    except DistError as error:
        known = "EADDRINUSE" in str(error) or os.strerror(errno.EADDRINUSE) in str(error)
        reason = "is taken by another program" if known else "cannot be opened"
        raise RequestError(
            f"{processes.place} {reason}: set MASTER_PORT to a free port, the same for all"
            " processes."
        ) from error


def _find(processes: Processes, tell: Tell, deadline: float) -> TCPStore:
    """Go to the meeting place as soon as process 0 has opened it."""
    waiting = False
    while True:
        try:
            socket.create_connection((processes.address, processes.port), timeout=2).close()
            return _store(processes)
        except OSError as error:
            if time.monotonic() > deadline:
                raise RequestError(
                    f"process 0 did not come to {processes.place} within {processes.wait_s:g} s:"
                    f" start it with --nodes {processes.count} --nr 0, or say with MASTER_ADDR and"
                    " MASTER_PORT where it is."
                ) from error
        if not waiting:
            tell(f"waiting for process 0 of {processes.count} at {processes.place}")
            waiting = True
        time.sleep(LOOK_S)


def _store(processes: Processes) -> TCPStore:
    return TCPStore(
        processes.address,
        processes.port,
        processes.count,
        is_master=processes.rank == 0 and not processes.opened,
        timeout=timedelta(seconds=processes.wait_s),
        wait_for_workers=False,
    )


def _count_in(
    processes: Processes,
    store: Store,
    tell: Tell,
    deadline: float,
    check: Callable[[], None] | None = None,
) -> None:
    """Wait until all are there; each rank once, all with the same count."""
    count = processes.count
    nodes = store.compare_set("nodes", "", str(count)).decode()
    if nodes != str(count):
        raise RequestError(
            f"this process was started with --nodes {count} and another at {processes.place} with"
            f" --nodes {nodes}: start all with the same."
        )
    if store.add(f"rank/{processes.rank}", 1) > 1:
        raise RequestError(
            f"--nr {processes.rank} was started twice at {processes.place}: each of the {count}"
            f" processes has its own, from 0 to {count - 1}."
        )
    arrived, told = store.add("arrived", 1), 0
    while arrived < count:
        if arrived != told:
            tell(f"waiting for {count - arrived} of {count} processes at {processes.place}")
            told = arrived
        if time.monotonic() > deadline:
            absent = [str(rank) for rank in range(count) if not store.check([f"rank/{rank}"])]
            raise RequestError(
                f"{count - arrived} of {count} processes did not come to {processes.place} within"
                f" {processes.wait_s:g} s: start those with --nr {', '.join(absent)}, or say"
                " fewer with --nodes."
            )
        if check is not None:
            check()
        time.sleep(LOOK_S)
        arrived = store.add("arrived", 0)
    tell(f"all {count} processes are there")


def _share_cores(processes: Processes, store: Store) -> None:
    """Give each process its part of its machine's cores, unless OMP_NUM_THREADS says how many.

    Lightning would give all of them to each: two processes on two cores then train four times
    slower than one does.
    """
    here = socket.gethostname()
    store.set(f"host/{processes.rank}", here)
    hosts = [store.get(f"host/{rank}").decode() for rank in range(processes.count)]
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(torch.get_num_threads() // hosts.count(here), 1))
        os.environ["OMP_NUM_THREADS"] = str(torch.get_num_threads())  # which Lightning heeds


class _Lost:
    """Tells in a sentence that another process is gone, which torch tells in a stack of C++."""

    def __init__(self, processes: Processes, who: str) -> None:
        self._place, self._who = processes.place, who

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, DistError):
            raise DesertedError(
                f"{self._who} at {self._place} has ended or does not answer",
                "the same command again goes on with what is kept",
            ) from error


class StartedByHand(ClusterEnvironment):
    """Tells Lightning that the processes are there already, one device each."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    @property
    def creates_processes_externally(self) -> bool:
        """They are started by hand."""
        return True

    @property
    def main_address(self) -> str:
        """Where they meet."""
        return self._processes.address

    @property
    def main_port(self) -> int:
        """Where they meet."""
        return self._processes.port

    @staticmethod
    def detect() -> bool:
        """Never by itself."""
        return False

    def world_size(self) -> int:
        """How many processes there are."""
        return self._processes.count

    def set_world_size(self, size: int) -> None:
        """Known already."""

    def global_rank(self) -> int:
        """Which one this is."""
        return self._processes.rank

    def set_global_rank(self, rank: int) -> None:
        """Known already."""

    def local_rank(self) -> int:
        """Each process sees one device, its first."""
        return 0

    def node_rank(self) -> int:
        """Each process counts as a node of its own."""
        return self._processes.rank
