"""Starts processes on this machine that train with this one, and ends them when it ends.

Knows: processes. Must not know: what they do, series, torch.
"""

import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from temdeep.errors import RequestError, TemdeepError
from temdeep.training.processes import DesertedError, Processes, see_one_gpu

Join = Callable[[Processes], object]

PATIENCE_S = 10.0
"""How long to wait for what has to end, before it is killed."""

START = "from temdeep.training.launching import be_one; be_one()"


@dataclass(frozen=True, eq=False)
class Started:
    """This process, the first, and those that it has started.

    Attributes:
        processes: Which one this is, and where they meet.
        others: The others, from the second.
        said: What each of these says.
    """

    processes: Processes
    others: Sequence["subprocess.Popen[bytes]"]
    said: Sequence[IO[bytes]]

    def check(self) -> None:
        """Look whether all are there.

        Raises:
            DesertedError: One has ended.
        """
        if any(one.poll() for one in self.others):
            raise DesertedError(
                "another process has ended", "the same command again goes on with what is kept"
            )

    def told(self, error: DesertedError) -> str:
        """Which one has ended, how, and what is kept, in a sentence."""
        until = time.monotonic() + PATIENCE_S / 10
        while not any(one.poll() for one in self.others) and time.monotonic() < until:
            time.sleep(0.05)
        for rank, (one, said) in enumerate(zip(self.others, self.said, strict=True), 1):
            if one.poll():
                who = f"process {rank} of {self.processes.count}"
                if one.returncode < 0:
                    how = f"was ended by {signal.Signals(-one.returncode).name}"
                else:
                    said.seek(0)
                    last = said.read().decode(errors="replace").strip().splitlines()[-1:]
                    how = f"has ended ({''.join(last) or f'exit code {one.returncode}'})"
                return f"{who} {how}, and the others with it: {error.kept}."
        return str(error)


@contextmanager
def started(count: int, join: Join) -> Iterator[Started]:
    """Processes that train together; none outlives this block, nor this process.

    Args:
        count: How many, with this one.
        join: What each of the others does, told which one it is. It goes to them as a pickle.

    Raises:
        RequestError: Not a positive number; or one of them has ended.
    """
    first = Processes(count, 0, port=_free_port())
    others: list[subprocess.Popen[bytes]] = []
    said: list[IO[bytes]] = []
    try:
        for rank in range(1, count):
            said.append(tempfile.TemporaryFile())  # noqa: SIM115 - as long as the process lives
            others.append(_start(Processes(count, rank, port=first.port), join, said[-1]))
        ours = Started(first, others, said)
        try:
            yield ours
        except DesertedError as error:
            raise RequestError(ours.told(error)) from error
        for one in others:
            _ended(one, 6 * PATIENCE_S)
    finally:
        for one in others:
            one.terminate()
        for one in others:
            if not _ended(one, PATIENCE_S):
                one.kill()
                one.wait()
            if one.stdin is not None:
                with suppress(BrokenPipeError):
                    one.stdin.close()
        for file in said:
            file.close()


def _start(processes: Processes, join: Join, said: IO[bytes]) -> "subprocess.Popen[bytes]":
    """One process: deaf to the terminal's Ctrl-C, which is for the first, and with its own GPU."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(one or "." for one in sys.path)}
    see_one_gpu(processes.rank, environment)
    process = subprocess.Popen(  # noqa: S603 - this very Python
        [sys.executable, "-c", START],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=said,
        env=environment,
        start_new_session=True,
    )
    if process.stdin is not None:
        with suppress(BrokenPipeError):  # it has ended, and is missed where they meet
            pickle.dump((join, processes), process.stdin)
            process.stdin.flush()  # and left open: when it closes, this process is gone
    return process


def be_one() -> None:
    """Be one of the processes, as told on the standard input; end when who started it ends."""
    join, processes = pickle.load(sys.stdin.buffer)  # noqa: S301 - of who started this process
    threading.Thread(target=_end_with_first, daemon=True).start()
    try:
        join(processes)
    except TemdeepError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


def _end_with_first() -> None:
    while os.read(sys.stdin.fileno(), 1):  # not by Python's buffer, whose lock it would die with
        pass
    os._exit(1)  # where the main thread waits for the first, nothing else ends it


def _ended(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Whether a process ends in time."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
