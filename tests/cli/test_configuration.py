"""Settings from a file and the command line: typos are named, with what was meant."""

import dataclasses
from pathlib import Path

import pytest

from temdeep.cli.config_file import SHIPPED, Config
from temdeep.cli.configuration import read_settings
from temdeep.errors import RequestError
from temdeep.training.settings import TrainingSettings
from temdeep.wording import command_line


def test_the_shipped_file_says_the_defaults_and_all_of_them() -> None:
    assert read_settings(Config, file=SHIPPED) == Config()
    text = SHIPPED.read_text()
    for field in dataclasses.fields(Config):
        assert f"\n{field.name}:" in text


def test_the_command_line_is_stronger_than_the_file_and_the_file_than_defaults(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("epochs: 7\nbatch_size: 2\nlearning_rate: 1e-3\nlosses: {kink: 0.5}\n")
    config = read_settings(
        Config,
        file=file,
        arguments=[
            "--epochs=3",
            "--losses.coherence=0.2",
            "--spans=[2,4]",
            "--variables=t2m,u10",
            "--overwrite",
            "--kinds={tp: 'sum:1h'}",
        ],
    )
    assert (config.epochs, config.batch_size, config.learning_rate) == (3, 2, 1e-3)
    assert (config.losses.kink, config.losses.coherence) == (0.5, 0.2)
    assert config.spans == (2, 4)
    assert config.variables == "t2m,u10"
    assert config.overwrite
    assert config.kinds == {"tp": "sum:1h"}
    assert config.training == TrainingSettings(
        epochs=3, batch_size=2, learning_rate=1e-3, spans=(2, 4), losses=config.losses
    )


def test_another_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("seed: 5")
    for arguments in ([f"--config={tmp_path}/mine.yaml"], ["--config", f"{tmp_path}/mine.yaml"]):
        assert read_settings(Config, file=SHIPPED, arguments=arguments).seed == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--epoch=3", "there is no setting '--epoch': do you mean --epochs?"),
        ("--losses.kick=1", "there is no setting '--losses.kick': do you mean --losses.kink?"),
        ("--batchsize=1", "do you mean --batch_size?"),
        ("--qqq=1", "--help lists all that there are"),
        ("--epochs=many", "epochs takes int, got many"),
        ("--precision=8", "precision takes one of 'float32', 'bf16', 'fp16', got 8"),
        ("--epochs=0", "epochs must be at least 1, got 0"),
        ("--losses.kink=-1", "losses.kink must be 0 or more"),
        ("more", "unrecognized arguments: more"),
    ],
)
def test_a_slip_on_the_command_line_is_one_sentence(arguments: str, words: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_settings(Config, arguments=arguments.split())
    with command_line():
        told = str(refused.value)
    assert words in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch: 3", "there is no setting 'epoch' in bad.yaml: do you mean epochs?"),
        ("losses: {kick: 3}", "there is no setting 'losses.kick' in bad.yaml"),
        ("losses: 3", "'losses' in bad.yaml holds other settings: losses.withheld"),
        ("epochs: [3", "bad.yaml is not YAML in line 1"),
        ("- epochs", "bad.yaml holds no settings"),
        ("epochs: x", "epochs takes int, got x"),
        ("seed: -3", "seed must be 0 or more, got -3"),
    ],
)
def test_a_slip_in_the_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(text)
    with pytest.raises(RequestError) as refused:
        read_settings(Config, file=Path("bad.yaml"))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(RequestError, match=r"none\.yaml cannot be read: No such file"):
        read_settings(Config, file=Path("none.yaml"))
