"""`temdeep view`: mistakes are told in one sentence; the page itself is tested in a browser."""

import socket
from pathlib import Path

import pytest
from tests.engine.making import save, temperature
from tests.viewer.making import filled

from temdeep.cli.main import main


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(temperature([280.0, 283.0, 281.0]), tmp_path_factory.mktemp("view"))


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The sentence with which the command ends."""
    assert main(["view", *map(str, arguments), "--no-browser"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_port_in_use_is_told(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = told(capsys, output, "--host", "127.0.0.1", "--port", str(port))
    assert sentence == (
        f"temdeep: port {port} is in use: say another with --port, or --port 0 for any that is"
        " free.\n"
    )


def test_a_port_or_a_host_that_is_none_is_told(
    output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "there is no port 99999: say one between 1024" in told(capsys, output, "--port", "99999")
    sentence = told(capsys, output, "--host", "203.0.113.7", "--port", "0")
    assert "nothing can listen at 203.0.113.7: say --host localhost" in sentence


def test_files_that_cannot_be_looked_at_are_told(
    output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "there is no file" in told(capsys, tmp_path / "none.nc")
    coarse = save(temperature([280.0, 283.0]), tmp_path)
    assert "in.nc was not written by temdeep downscale" in told(capsys, coarse)
    assert "there is no file" in told(capsys, output, "--truth", tmp_path / "none.nc")
    other = temperature([280.0, 283.0]).isel(lat=slice(1, None))
    other.to_netcdf(tmp_path / "other.nc")
    assert "lies on another grid" in told(capsys, output, "--truth", tmp_path / "other.nc")
    assert "--kind names 'rain'" in told(capsys, output, "--kind", "rain=sum:1h")
