"""Processes that a training starts: none outlives it, and what ends one is told in a sentence."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from temdeep.errors import RequestError
from temdeep.training.launching import Started, started
from temdeep.training.processes import DesertedError, Processes, see_one_gpu

STAYS = """
import signal, sys
from tests.training.test_launching import stays
from temdeep.training.launching import started
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background has none
with started(3, stays) as ours:
    print(*[one.pid for one in ours.others], flush=True)
    sys.stdin.read()
"""


def stays(_: Processes) -> None:
    time.sleep(60)


def refuses(processes: Processes) -> None:
    raise RequestError(f"number {processes.rank} has no room")


def breaks(_: Processes) -> None:
    sys.stderr.write("on the way\n")
    raise ZeroDivisionError("by nothing")


def killed(_: Processes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def writes(processes: Processes) -> None:
    Path(f"{processes.rank} of {processes.count}").write_text(processes.place)


def missed(ours: Started) -> None:
    """As where the others are waited for."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        ours.check()
        time.sleep(0.01)


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone(processes: list[int]) -> bool:
    until = time.monotonic() + 20
    while any(map(alive, processes)) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(map(alive, processes))


def test_each_knows_which_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with started(3, writes) as ours:
        first = ours.processes
    assert (first.count, first.rank) == (3, 0)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["1 of 3", "2 of 3"]
    assert {one.read_text() for one in tmp_path.iterdir()} == {first.place}


@pytest.mark.parametrize(
    ("join", "told"),
    [
        (refuses, "process 1 of 2 has ended (number 1 has no room)"),
        (breaks, "process 1 of 2 has ended (ZeroDivisionError: by nothing)"),
        (killed, "process 1 of 2 was ended by SIGKILL"),
    ],
)
def test_one_that_ends_ends_all_in_a_sentence(join: Callable[[Processes], None], told: str) -> None:
    with pytest.raises(RequestError) as error, started(2, join) as ours:
        missed(ours)
    kept = "the same command again goes on with what is kept"
    assert str(error.value) == f"{told}, and the others with it: {kept}."


def test_what_another_process_says_of_it_is_replaced() -> None:
    def lose() -> None:
        with started(2, stays) as ours:
            ours.others[0].kill()
            raise DesertedError("another has ended", "the same command again goes on after epoch 3")

    with pytest.raises(RequestError, match=r"was ended by SIGKILL, .* goes on after epoch 3"):
        lose()


def test_none_outlives_what_is_raised() -> None:
    with pytest.raises(KeyboardInterrupt), started(3, stays) as ours:
        raise KeyboardInterrupt
    assert [one.returncode for one in ours.others] == [-signal.SIGTERM] * 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_none_outlives_the_first(number: signal.Signals) -> None:
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-c", STAYS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as first:
        assert first.stdout is not None
        others = [int(one) for one in first.stdout.readline().split()]
        assert all(map(alive, others))
        first.send_signal(number)
        assert len(others) == 2
        assert gone(others)


def test_what_torchrun_tells_is_understood() -> None:
    said = {
        "TORCHELASTIC_RUN_ID": "7",
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "TORCHELASTIC_RESTART_COUNT": "2",
        "WORLD_SIZE": "4",
        "RANK": "3",
        "MASTER_ADDR": "there",
        "MASTER_PORT": "1234",
    }
    found = Processes.started_by_others(said)
    assert found == Processes(4, 3, address="there", port=1234, opened="start 2")
    assert Processes.started_by_others({"RANK": "1", "WORLD_SIZE": "2"}) is None  # of others


def test_a_step_of_slurm_is_understood() -> None:
    """A job's script has the number of tasks as well, and is none of them."""
    job = {"SLURM_JOB_ID": "54321", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"}
    assert Processes.started_by_others(job) is None
    step = {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "2", "SLURM_NODELIST": "node[07-09]"}
    found = Processes.started_by_others({**job, **step})
    assert found == Processes(4, 2, address="node07", port=19321)


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [(None, 1, "1"), ("4,5", 1, "5"), ("GPU-ab", 0, "GPU-ab"), ("3", 1, "3")],
)
def test_a_process_sees_one_gpu(before: str | None, number: int, after: str) -> None:
    said = {} if before is None else {"CUDA_VISIBLE_DEVICES": before}
    see_one_gpu(number, said)
    assert said == {"CUDA_VISIBLE_DEVICES": after}
