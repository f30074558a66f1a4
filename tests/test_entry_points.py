"""main.py and eval.py as their users start them: by the command line, in a folder of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file
from tests.training.making import series, weights

from temdeep import model_store
from temdeep.cli import start_evaluation

ROOT = Path(__file__).resolve().parents[1]
LAST = "epoch_0002.safetensors"
TINY = {"epochs": 2, "samples": 10, "batch_size": 5, "width": 8, "depth": 1, "wait": 60.0}


def set_up(folder: Path, **settings: object) -> Path:
    """The entry points, their configuration with other values, and small data of the same names."""
    for name in ("main.py", "eval.py"):
        shutil.copy(ROOT / name, folder)
    (folder / "config").mkdir()
    shipped = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    config = {**shipped, **TINY, **settings}
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "data").mkdir()
    series().to_netcdf(folder / "data" / "atlantic_6hourly.nc")
    fine = series(61, step_h=1, seed=1)
    fine.to_netcdf(folder / "data" / "atlantic_hourly_truth.nc")
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return set_up(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `python main.py` has been run."""
    folder = set_up(tmp_path_factory.mktemp("entry"))
    ended = run(folder, "python main.py")
    assert ended.returncode == 0, ended.stderr
    assert "training into logs/0" in ended.stderr
    assert "epoch 2 of 2: loss " in ended.stderr
    assert "logs/0: trained for 2 epochs" in ended.stdout
    return folder


def environment(**more: str) -> dict[str, str]:
    """One thread each, and this checkout's package."""
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path, **more}


Start = Callable[..., subprocess.Popen[str]]


def started(folder: Path, command: str, **more: str) -> subprocess.Popen[str]:
    """A command as printed, running."""
    words = command.split()
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        more[name] = value
    assert words.pop(0) == "python"
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """The same, when it has ended."""
    out, err = process.communicate(timeout=100)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(folder: Path, command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command as printed."""
    with started(folder, command, **more) as process:
        try:
            return ended(process)
        finally:
            process.kill()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts commands that run beside each other, and leaves none behind."""
    with ExitStack() as running:

        def one(folder: Path, command: str, **more: str) -> subprocess.Popen[str]:
            process = running.enter_context(started(folder, command, **more))
            running.callback(process.kill)
            return process

        yield one


def described(model: Path) -> dict[str, dict[str, dict[str, float]]]:
    """The description of a model."""
    told: dict[str, dict[str, dict[str, float]]] = json.loads(
        (model / "description.json").read_text()
    )
    return told


def free_port() -> str:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


# --- one process ------------------------------------------------------------------------------


@pytest.mark.slow
def test_main_trains_into_the_next_number_and_logs_beside_it(trained: Path) -> None:
    assert model_store.epochs(trained / "logs" / "0") == [1, 2]
    assert (trained / "logs" / "0" / "resume.ckpt").is_file()
    assert list((trained / "runs" / "0").glob("events.out.tfevents.*"))


@pytest.mark.slow
def test_eval_takes_the_model_and_epoch_of_the_configuration(trained: Path) -> None:
    tested = run(trained, "python eval.py")
    assert tested.returncode == 0, tested.stderr
    best = described(trained / "logs" / "0")["best_epoch"]
    assert f"logs/0, epoch {best}, against" in tested.stderr
    assert "Against withheld truth" in tested.stdout
    scores = json.loads((trained / "logs" / "0" / f"metrics_epoch_000{best}.json").read_text())
    assert {"linear", "cubic", "optical_flow", "temdeep"} <= {
        row["method"] for row in scores["records"]
    }
    assert scores["about"]["split"]["withhold"] == 3
    assert scores["about"]["split"]["trained_on"]["step_s"] == 3 * 3600


@pytest.mark.slow
def test_eval_takes_the_lines_that_are_printed(trained: Path) -> None:
    shutil.copytree(trained / "logs" / "0", trained / "save")
    shutil.copy(
        trained / "save" / "epoch_0001.safetensors", trained / "save" / "epoch_4000.safetensors"
    )
    tested = run(trained, "python eval.py --model_path=./save --epoch_num=4000")
    assert tested.returncode == 0, tested.stderr
    assert "save, epoch 4000, against" in tested.stderr
    assert (trained / "save" / "metrics_epoch_4000.json").is_file()
    tested = run(trained, "python eval.py --model_path=logs/0 --epoch_num=1 --metrics=one.json")
    assert tested.returncode == 0, tested.stderr
    assert (trained / "one.json").is_file()
    assert (trained / "one.csv").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--model_path=logs/0 --epoch_num=7", "logs/0 has no epoch 7; it has 1 to 2"),
        ("--model_path=logs/9", "there is no model logs/9"),
        ("--epoch_num=latest", "epoch_num is 'latest': say best, or the number"),
        ("--truth=none.nc", "none.nc"),
        ("--truth=data/atlantic_6hourly.nc", "say with --withhold"),
    ],
)
def test_a_mistake_in_evaluating_is_one_sentence(
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    words: str,
) -> None:
    monkeypatch.chdir(trained)
    assert start_evaluation.main(arguments.split(), config=Path("config/config.yaml")) == 2
    complaint = capsys.readouterr().err.splitlines()[-1]
    assert complaint.startswith("eval.py: ")
    assert words in complaint


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("python main.py --nodes 2 --nr 3", "--nr 3 is not below --nodes 2: ranks are 0 to 1"),
        ("python main.py --epoch=3", "there is no setting '--epoch': do you mean --epochs?"),
        ("MASTER_PORT=http python main.py --nodes 2 --nr 1", "MASTER_PORT is 'http'"),
        ("python eval.py", "there is no model in logs yet"),
    ],
)
def test_a_mistake_is_one_sentence(here: Path, command: str, words: str) -> None:
    refused = run(here, command)
    assert refused.returncode == 2
    assert words in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_the_help_of_both_names_every_setting(here: Path) -> None:
    for program in ("main.py", "eval.py"):
        told = run(here, f"python {program} --help")
        assert told.returncode == 0
        for name in ("--batch_size", "--losses.coherence", "--model_path", "--epoch_num"):
            assert name in told.stdout


@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_to_the_very_same_model(
    here: Path, start: Start
) -> None:
    command = "python main.py --epochs=8 --patience=8 --model_path=./save"
    whole = start(here, command.replace("./save", "./whole"))
    killed = start(here, command)
    deadline = time.monotonic() + 60
    while not (here / "save" / "epoch_0003.safetensors").exists():
        assert time.monotonic() < deadline
        assert killed.poll() is None
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    assert ended(killed).returncode == -signal.SIGKILL
    assert ended(whole).returncode == 0
    last = model_store.last_epoch(here / "save")
    assert 2 <= last < 8
    resumed = run(here, command)
    assert resumed.returncode == 0, resumed.stderr
    assert f"going on after epoch {last} of 8 in save" in resumed.stderr
    assert weights(here / "save") == weights(here / "whole")
    assert described(here / "save") == described(here / "whole")


@pytest.mark.slow
def test_stopping_with_ctrl_c_says_how_to_go_on(here: Path, start: Start) -> None:
    # a shell makes what it starts in the background deaf to it, and what that starts as well
    signal.signal(signal.SIGINT, signal.default_int_handler)
    stopped = start(here, "python main.py --epochs=40 --patience=40 --model_path=./save")
    deadline = time.monotonic() + 60
    while not (here / "save" / "epoch_0002.safetensors").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    stopped.send_signal(signal.SIGINT)
    told = ended(stopped)
    assert told.returncode == 130
    assert "main.py: stopped: the same command again goes on after epoch" in told.stderr
    assert "Traceback" not in told.stderr


# --- several processes ------------------------------------------------------------------------


@pytest.fixture
def port() -> str:
    return free_port()


@pytest.mark.slow
def test_two_processes_give_the_losses_of_one(here: Path, port: str, start: Start) -> None:
    alone = start(here, "python main.py --model_path=./one")
    second = start(
        here,
        "CUDA_VISIBLE_DEVICES=1 python main.py --nodes 2 --nr 1 --model_path=./two",
        MASTER_PORT=port,
    )
    first = run(
        here,
        "CUDA_VISIBLE_DEVICES=0 python main.py --nodes 2 --nr 0 --model_path=./two",
        MASTER_PORT=port,
    )
    told = ended(second)
    assert first.returncode == told.returncode == ended(alone).returncode == 0, first.stderr
    assert f"waiting for 1 of 2 processes at 127.0.0.1:{port}" in first.stderr + told.stderr or (
        f"waiting for process 0 of 2 at 127.0.0.1:{port}" in told.stderr
    )
    assert "epoch 2 of 2" in first.stderr
    assert "epoch 2 of 2" not in told.stderr
    one, two = described(here / "one"), described(here / "two")
    for part, within in (("losses", 1e-5), ("epochs", 1e-3)):
        for epoch, values in one[part].items():
            assert two[part][epoch] == pytest.approx(values, rel=within, abs=within)
    weights_of_one = load_file(here / "one" / "epoch_0002.safetensors")
    weights_of_two = load_file(here / "two" / "epoch_0002.safetensors")
    for name, tensor in weights_of_one.items():
        np.testing.assert_allclose(weights_of_two[name], tensor, rtol=1e-3, atol=1e-5)


TEMDEEP = "python -m temdeep train data/atlantic_6hourly.nc --config tiny.yaml"


def tiny(folder: Path, **more: object) -> None:
    """The settings of `main.py` here, for the command `temdeep`."""
    said = {name: one for name, one in TINY.items() if name != "wait"}
    (folder / "tiny.yaml").write_text(yaml.safe_dump({**said, **more}))


@pytest.mark.slow
def test_two_started_processes_learn_what_two_learn_that_are_started_by_hand(
    here: Path, port: str, start: Start
) -> None:
    """By `--processes`, and by torchrun."""
    tiny(here)
    by_hand = [
        start(here, f"python main.py --nodes 2 --nr {rank} --model_path=./hand", MASTER_PORT=port)
        for rank in (1, 0)
    ]
    told = [ended(one) for one in by_hand]
    told.append(run(here, f"{TEMDEEP} -o started --processes 2"))
    torchrun = f"python -m torch.distributed.run --nproc-per-node 2 --master-port {free_port()}"
    told.append(run(here, f"{torchrun} -m temdeep {TEMDEEP.partition(' temdeep ')[2]} -o torchrun"))
    assert [one.returncode for one in told] == [0] * 4, [one.stderr for one in told]
    assert told[2].stdout.startswith("started: trained for 2 epochs")
    assert told[3].stdout.count("trained for 2 epochs") == 1
    wanted, weights_wanted = described(here / "hand"), load_file(here / "hand" / LAST)
    for name in ("started", "torchrun"):
        assert described(here / name)["epochs"] == wanted["epochs"]
        for key, tensor in load_file(here / name / LAST).items():
            np.testing.assert_allclose(tensor, weights_wanted[key], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_a_started_process_that_dies_ends_all_and_the_same_command_goes_on(
    here: Path, start: Start
) -> None:
    tiny(here, epochs=40, patience=40)
    first = start(here, f"{TEMDEEP} -o run --processes 2")
    deadline = time.monotonic() + 60
    while not (here / "run" / "epoch_0002.safetensors").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    children = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    told = ended(first)
    assert told.returncode == 2
    last = told.stderr.strip().splitlines()[-1]
    assert last.startswith(
        "temdeep: process 1 of 2 was ended by SIGKILL, and the others with it: the same command"
        " again goes on after epoch "
    )
    assert "Traceback" not in told.stderr
