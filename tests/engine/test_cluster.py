"""Several workers make what one process makes, to the byte, also where one of them dies."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.test_restart import assert_same, source, uninterrupted

from temdeep.engine import cluster

__all__ = ["source", "uninterrupted"]  # fixtures

RUN = """
import sys
from temdeep.engine import growing, layout, pieces, work
pieces.WINDOW_BYTES = growing.CHUNK_BYTES = work.WRITTEN_BYTES = 1  # small pieces
layout.CHUNK_BYTES, layout.MOST_SHARD_TIMES = 320, 1
from temdeep.cli.main import main
if __name__ == "__main__":
    sys.argv.insert(1, "downscale")
    sys.exit(main())
"""


@pytest.fixture
def place(source: Path, tmp_path: Path) -> Path:
    (tmp_path / "in.nc").write_bytes(source.read_bytes())
    (tmp_path / "run.py").write_text(RUN)
    return tmp_path


def start(place: Path, target: str, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "run.py", "in.nc", "-o", target, "--step", "1h"]
    return subprocess.Popen(
        [*command, "--method", "cubic", *options], cwd=place, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("target", "options"), [("out.zarr", ()), ("out.nc", ()), ("out.nc", ("--compress", "0"))]
)
def test_two_workers_write_the_same_bytes(
    place: Path, uninterrupted: Path, target: str, options: tuple[str, ...]
) -> None:
    run = start(place, target, "--workers", "2", *options)
    _, told = run.communicate(timeout=120)
    assert run.returncode == 0, told
    assert "'t2m' is stored as int32 instead of int16" in told
    assert_same(place / target, uninterrupted / target)
    assert sorted(os.listdir(place)) == ["in.nc", target, "run.py"]  # noqa: PTH208 - hidden too


def workers_of(process: int) -> list[int]:
    """Processes that were started by a process, or by those, and run a worker of Dask's."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == process:
            found += [int(folder.name)] if b"spawn_main" in command else []
            found += workers_of(int(folder.name))
    return found


def test_a_worker_that_is_killed_is_replaced_and_the_bytes_are_the_same(
    place: Path, uninterrupted: Path
) -> None:
    run = start(place, "out.zarr", "--workers", "2")
    journal = place / ".out.zarr.partial" / "temdeep_journal.jsonl"
    until = time.monotonic() + 100
    while time.monotonic() < until and not (journal.is_file() and journal.stat().st_size):
        time.sleep(0.01)
    os.kill(workers_of(run.pid)[0], signal.SIGKILL)
    _, told = run.communicate(timeout=120)
    assert run.returncode == 0, told
    assert_same(place / "out.zarr", uninterrupted / "out.zarr")


@pytest.fixture
def attentive() -> Iterator[None]:
    """Hearing Ctrl-C: a shell makes what it starts in the background deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("attentive")
def test_an_interrupt_while_workers_start_is_acted_upon_once_they_have(place: Path) -> None:
    run = start(place, "out.zarr", "--workers", "2")
    until = time.monotonic() + 100
    while time.monotonic() < until and not workers_of(run.pid):
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=120)
    assert (run.returncode, told) == (130, "temdeep: interrupted.\n")


@pytest.mark.usefixtures("attentive")
def test_what_is_started_with_the_workers_is_deaf_and_this_process_hears_at_the_end() -> None:
    ended = threading.Event()
    states: list[str] = []

    def replace_a_worker() -> None:  # later and from a thread, as Dask does
        ended.wait()
        state = [sys.executable, "-c", "print(open('/proc/self/status').read())"]
        states.append(subprocess.check_output(state, text=True))

    thread = threading.Thread(target=replace_a_worker)

    def begin() -> None:
        with cluster._started_deaf():
            thread.start()
            os.kill(os.getpid(), signal.SIGINT)
            ended.set()

    try:
        with pytest.raises(KeyboardInterrupt):
            begin()
        assert ended.is_set()
    finally:
        ended.set()
        thread.join()
    (blocked,) = re.findall(r"SigBlk:\s*(\w+)", states[0])
    assert int(blocked, 16) >> (signal.SIGINT - 1) & 1
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_a_run_that_is_told_to_stop_says_what_is_kept(
    place: Path, options: tuple[str, ...]
) -> None:
    run = start(place, "out.zarr", *options)
    journal = place / ".out.zarr.partial" / "temdeep_journal.jsonl"
    until = time.monotonic() + 100
    while time.monotonic() < until and not (journal.is_file() and '"done"' in journal.read_text()):
        time.sleep(0.01)
    run.terminate()
    _, told = run.communicate(timeout=120)
    assert run.returncode == 143, told
    kept = "stopped. What is done is kept in .out.zarr.partial: run the same again to go on."
    assert told.splitlines()[-1] == f"temdeep: {kept}" if not options else kept in told
    assert journal.is_file()


def test_an_address_that_nobody_answers_at_is_told(place: Path) -> None:
    run = start(place, "out.zarr", "--dask", "tcp://127.0.0.1:9")
    _, told = run.communicate(timeout=120)
    assert run.returncode == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in told
    assert not (place / "out.zarr").exists()
