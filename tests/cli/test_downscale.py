"""`temdeep downscale` as it is run."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from tests.engine.making import mixed, save, temperature

from temdeep.cli import downscale
from temdeep.cli import main as command_line
from temdeep.cli.main import main
from temdeep.engine import forecast_runs
from temdeep.engine.writers import Manner
from temdeep.errors import TemdeepError
from temdeep.fields.grids import Grid
from temdeep.fields.variables import Channel
from temdeep.methods.simple import Linear

ROOT = Path(__file__).resolve().parents[2]


def temdeep(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "temdeep", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


def test_a_file_is_filled_and_told_of(tmp_path: Path) -> None:
    source, target = save(mixed(), tmp_path), tmp_path / "out.nc"
    done = temdeep("downscale", str(source), "-o", str(target), "--step", "1h")
    assert done.returncode == 0, done.stderr
    assert "9 given times, 16 made" in done.stdout
    assert "tp   linear: periods are divided evenly" in done.stdout  # noise: nothing is better
    assert "note: tp: 2019-02-28T21:00 to 2019-02-28T23:00 is given but not" in done.stderr
    with xr.open_dataset(target) as found:
        assert len(found["time"]) == 25
        assert (
            found.attrs["history"]
            .splitlines()[0]
            .endswith(f"temdeep downscale {source} -o {target} --step 1h")
        )


def test_mistakes_are_one_sentence_on_stderr_and_exit_code_2(tmp_path: Path) -> None:
    source, target = save(mixed(), tmp_path), tmp_path / "out.nc"
    done = temdeep("downscale", str(source), "-o", str(target), "--step", "soon")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("temdeep: step: 'soon' is not a duration")
    assert done.stderr.count("\n") == 1
    assert not target.exists()


def test_quiet_says_nothing_and_json_is_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = str(save(temperature([0, 3, 6]), tmp_path)), str(tmp_path / "out.zarr")
    assert main(["downscale", source, "-o", target, "--step", "25min", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    again = ["downscale", source, "-o", target, "--step", "25min", "--overwrite", "--json"]
    assert main(again) == 0
    output = capsys.readouterr()
    assert output.err == ""
    told = json.loads(output.out)
    assert told["output"] == target
    assert told["method"] == "auto"
    assert told["variables"] == {
        "t2m": "cubic: usual for continuous instantaneous variables, with nothing to judge on"
    }
    assert (told["times_given"], told["times_made"]) == (1, 14)
    assert "ends 10min before the input" in told["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--step", "1h"], "exists already"),
        (["--step", "4h", "--overwrite"], "step: 4h is coarser than the 3h"),
        (["--at", "2020-01-01", "--overwrite"], "lies outside"),
        (["--times", "nowhere.txt", "--overwrite"], "no file of times"),
        (["--step", "1h", "--overwrite", "--max-gap", "long"], "max gap: 'long' is not a duration"),
        (["--step", "1h", "--overwrite", "--method", "magic"], "there is no method 'magic'"),
        (["--step", "1h", "--overwrite", "--variable", "t3m"], "no variable 't3m'"),
        (["--step", "1h", "--overwrite", "--kind", "t2m"], "--kind t2m is not understood"),
        (["--step", "1h", "--overwrite", "--epoch", "3"], "epoch 3 of what"),
    ],
)
def test_refusals_leave_the_old_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    source, target = save(temperature([0, 3, 6]), tmp_path), tmp_path / "out.nc"
    target.write_text("old")
    assert main(["downscale", str(source), "-o", str(target), *arguments]) == 2
    output = capsys.readouterr()
    assert told in output.err
    assert output.err.count("\n") == 1
    assert target.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["in.nc", "out.nc"]  # noqa: PTH208 - hidden ones count


def test_an_input_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "broken.nc"
    source.write_bytes(save(temperature([0, 3]), tmp_path).read_bytes()[:700])
    for name in (str(source), str(tmp_path / "absent.nc")):
        assert main(["downscale", name, "-o", str(tmp_path / "out.nc"), "--step", "1h"]) == 2
        assert capsys.readouterr().err.startswith("temdeep: ")


def test_one_way_of_asking_for_times_is_needed(tmp_path: Path) -> None:
    source = str(save(temperature([0, 3]), tmp_path))
    for times in ([], ["--step", "1h", "--at", "2019-03-01T01:00"]):
        with pytest.raises(SystemExit) as stopped:
            main(["downscale", source, "-o", str(tmp_path / "out.nc"), *times])
        assert stopped.value.code == 2


def test_what_differs_from_level_to_level_is_said_of_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_level(_: Linear, channel: Channel, __: Grid) -> str:
        number = float(channel.level.split()[0]) // 100
        return f"way {number:g}" if number > 2 else "the high way"

    monkeypatch.setattr(Linear, "treatment", by_level)
    levels = temperature(range(3)).expand_dims(level=np.arange(100.0, 1300.0, 100.0), axis=1)
    levels["level"].attrs = {"units": "hPa", "standard_name": "air_pressure"}
    source = str(save(levels, tmp_path))
    asked = [source, "-o", str(tmp_path / "out.nc"), "--step", "1h", "--method", "linear"]
    assert main(["downscale", *asked]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines[0] == "  t2m  at level=100 and level=200: the high way"
    assert lines[1] == "       at level=300: way 3"
    assert len(lines) == 1 + downscale.MOST_TOLD
    assert lines[-1] == "       and so on: --json names all 11"
    assert main(["downscale", *asked, "--overwrite", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["variables"]["t2m"]
    assert told.endswith("at level=1100: way 11; at level=1200: way 12")
    with xr.open_dataset(tmp_path / "out.nc") as made:
        assert made["t2m"].attrs["temdeep_method"] == told


def test_bugs_keep_their_traceback_and_interrupts_their_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def raising(error: BaseException) -> None:
        def run(_: object) -> int:
            raise error

        class Parser:
            def parse_args(self, _: object) -> object:
                return type("Arguments", (), {"func": staticmethod(run)})()

        monkeypatch.setattr(command_line, "build_parser", Parser)

    raising(KeyboardInterrupt())
    assert main([]) == 130
    raising(OSError(28, "No space left on device", "out.nc"))
    assert main([]) == 2
    assert "the disk is full while writing out.nc" in capsys.readouterr().err
    raising(OSError(28, "No space left on device", "copied", None, "run/resume.ckpt"))
    assert main([]) == 2
    assert "the disk is full while writing run/resume.ckpt" in capsys.readouterr().err
    raising(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main([])


def test_being_told_to_stop_leaves_nothing(tmp_path: Path) -> None:
    times = 2000
    source = save(temperature(range(times)), tmp_path)
    command = [sys.executable, "-m", "temdeep", "downscale", str(source)]
    command += ["-o", str(tmp_path / "out.nc"), "--step", "1min"]
    running = subprocess.Popen(command)
    try:
        until = time.monotonic() + 30
        while not list(tmp_path.glob(".out.nc.*")) and time.monotonic() < until:
            time.sleep(0.05)
        running.terminate()
        assert running.wait(timeout=30) == 143
    finally:
        running.kill()
    assert os.listdir(tmp_path) == ["in.nc"]  # noqa: PTH208 - hidden files count


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    began = time.perf_counter()
    done = temdeep("downscale", "--help")
    seconds = time.perf_counter() - began
    assert done.returncode == 0
    assert "examples" in done.stdout
    assert seconds < 2.0  # a loaded machine; 0.1 s on a free one
    code = (
        "import sys; from temdeep.cli.main import build_parser; build_parser();"
        "print([m for m in ('torch', 'xarray', 'numpy', 'rich') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_examples_in_the_help_are_understood_and_run(tmp_path: Path) -> None:
    lines = [line.strip() for line in downscale.EPILOG.splitlines() if line.startswith("  temdeep")]
    examples = [line.split()[1:] for line in lines]
    (tmp_path / "data").symlink_to(ROOT / "data")
    run = 0
    for example in examples:
        command_line.build_parser().parse_args(example)
        if "--variable" in example:  # those of all variables take long
            done = temdeep(*example, "--quiet", cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            assert (tmp_path / example[example.index("-o") + 1]).exists()
            run += 1
    assert run >= 2


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_the_input_is_never_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    source = tmp_path / f"in{suffix}"
    made = temperature([0, 3, 6, 9])
    made.to_netcdf(source) if suffix == ".nc" else made.to_zarr(source, consolidated=False)
    asked = ["downscale", str(source), "-o", str(source), "--step", "1h", "--method", "linear"]
    assert main([*asked, "--overwrite", "--quiet"]) == 2
    assert "is the input itself: choose another name" in capsys.readouterr().err
    how = {"engine": "netcdf4"} if suffix == ".nc" else {"engine": "zarr", "consolidated": False}
    with xr.open_dataset(source, **how) as found:
        assert len(found["time"]) == 4


@pytest.mark.parametrize("output", ["in.nc", "t2m/c/new.zarr", "../in.zarr/in.nc"])
def test_nothing_is_written_into_an_input_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    source = save(temperature([0, 3, 6, 9]), tmp_path, "in.zarr")
    before = sorted(source.rglob("*"))
    asked = [str(source), "-o", str(source / output)]
    assert main(["downscale", *asked, "--step", "1h", "--method", "linear"]) == 2
    assert f"lies in the input {source}: choose a place outside" in capsys.readouterr().err
    assert main(["train", *asked]) == 2
    assert "lies in the input" in capsys.readouterr().err
    assert sorted(source.rglob("*")) == before


def test_chunks_longer_than_the_output_are_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = save(temperature([0, 3, 6, 9]), tmp_path), str(tmp_path / "out.zarr")
    asked = ["downscale", str(source), "-o", target, "--step", "1h", "--method", "linear"]
    assert main([*asked, "--chunks", "time=99999"]) == 0
    told = "chunks of 99999 times are longer than the output, which has 10"
    assert told in capsys.readouterr().err
    assert main([*asked, "--chunks", "time=9", "--overwrite"]) == 0
    assert "longer than the output" not in capsys.readouterr().err


def test_the_default_method_is_auto_whether_it_is_said_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a run that was stopped would not be gone on with, and be told of no method."""
    source, target = save(temperature(range(8)), tmp_path), str(tmp_path / "out.nc")
    requests = []

    def caught(*_: object, manner: Manner, **__: object) -> None:
        assert manner.origin is not None
        requests.append(manner.origin.request)
        raise TemdeepError("seen")

    monkeypatch.setattr(forecast_runs, "write_runs", caught)
    for said in ([], ["--method", "auto"]):
        assert main(["downscale", str(source), "-o", target, "--step", "1h", *said]) == 2
    assert requests[0] == requests[1]
    assert requests[0]["method"] == "auto"


def test_what_a_link_leads_to_is_replaced_and_a_plain_file_is_no_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, real, link = save(temperature([0, 3, 6, 9]), tmp_path), tmp_path / "r.zarr", "l.zarr"
    asked = ["downscale", str(source), "--step", "1h", "--method", "linear", "--quiet"]
    assert main([*asked, "-o", str(real)]) == 0
    (tmp_path / link).symlink_to(real)
    assert main([*asked, "-o", str(tmp_path / link), "--overwrite"]) == 0
    assert (tmp_path / link).is_symlink()
    with xr.open_zarr(real, consolidated=False) as found:
        assert len(found["time"]) == 10
    (tmp_path / "plain.zarr").write_text("hello")
    assert main([*asked, "-o", str(tmp_path / "plain.zarr"), "--overwrite"]) == 2
    assert "is a file and no Zarr store" in capsys.readouterr().err
