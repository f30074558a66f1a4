"""Sentences name options at the command line, and arguments in Python."""

import ast
import copy
import inspect
import re
import warnings
from pathlib import Path

import pytest
import xarray as xr
from tests.training.making import series

import temdeep
from temdeep.cli.main import main
from temdeep.errors import RequestError, TemdeepError
from temdeep.training.processes import Processes
from temdeep.wording import ARGUMENTS, command_line, in_python, worded

PACKAGE = Path(temdeep.__file__).parent
COMMANDS_ONLY = {
    "append", "chunks", "compress", "dask", "held-out", "host", "model_path", "port", "restart",
    "shards", "to", "truth", "unlimited", "workers",
}  # fmt: skip
"""Options of what only commands do: write outputs, share work, show pages, read configurations."""


def test_options_become_arguments_with_their_values() -> None:
    said = {
        "say --kind tp=sum:6h, or --kind tp=accumulated.": (
            'say kinds={"tp": "sum:6h"}, or kinds={"tp": "accumulated"}.'
        ),
        "leave it out with --variable.": "leave it out with variables=.",
        "choose with --variable t2m.": 'choose with variables=["t2m"].',
        "take others with --variable to have it filled": (
            "take others with variables= to have it filled"
        ),
        "say --max-gap 1d6h to fill": 'say max_gap="1d6h" to fill',
        "use --method cubic or solar, which": 'use method="cubic" or "solar", which',
        "with --method, or a model with --model.": "with method=, or a model with model=.",
        "it as --static FILE.": "it as static=.",
        "leave out --draw, or --uncertainty, --quantiles 0.05 and": (
            "leave out draw=, or uncertainty=True, quantiles=[0.05] and"
        ),
        "ask for --quantiles instead.": "ask for quantiles= instead.",
        "such as --quantiles 0.05 0.95.": "such as quantiles=[0.05, 0.95].",
        "or name one with --model_path.": "or name one with --model_path.",
        "say --overwrite, or go": "say overwrite=True, or go",
        "--append goes with --step": "--append goes with step=",
    }
    for sentence, told in said.items():
        assert in_python(sentence) == told
        assert in_python(told) == told
        with command_line():
            assert worded(sentence) == sentence
        assert worded(sentence) == told


def test_an_error_is_worded_where_it_is_read() -> None:
    error = RequestError("say --draw 3.")
    assert str(error) == "say draw=3."
    with command_line():
        assert str(error) == str(copy.copy(error)) == "say --draw 3."


def sentences() -> list[str]:
    """All texts of the package, but for what commands themselves say, and but for docstrings."""
    found: list[str] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.is_relative_to(PACKAGE / "cli") or path.name == "wording.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        alone = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
        found += [
            one.value
            for one in ast.walk(tree)
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in alone
        ]
    return found


def test_no_sentence_names_an_option_that_python_does_not_have_a_word_for() -> None:
    named = {option for text in sentences() for option in re.findall(r"--([a-z][a-z_-]*)", text)}
    assert {"kind", "max-gap", "method", "overwrite"} <= named
    assert named <= set(ARGUMENTS) | COMMANDS_ONLY


def test_every_argument_that_is_named_is_there() -> None:
    callables = (temdeep.downscale, temdeep.evaluate, temdeep.train, Processes)
    known = {name for one in callables for name in inspect.signature(one).parameters}
    assert set(ARGUMENTS.values()) <= known


@pytest.fixture
def undeclared() -> xr.Dataset:
    made = series(24).drop_vars("time_bnds")
    made["time"].attrs.pop("bounds")
    made["tp"].attrs.pop("cell_methods")
    return made


def test_what_python_is_told_to_say_can_be_said(undeclared: xr.Dataset, tmp_path: Path) -> None:
    for ask in (
        lambda **said: temdeep.downscale(undeclared, "1h", method="linear", **said),
        lambda **said: undeclared.temdeep.downscale("1h", method="linear", **said),
        lambda **said: temdeep.evaluate(undeclared, withhold=2, methods="linear", **said),
    ):
        with pytest.raises(TemdeepError) as caught:
            ask()
        told = str(caught.value)
        assert "--" not in told
        kinds = ast.literal_eval(re.search(r"kinds=(\{[^}]*sum[^}]*\})", told).group(1))  # type: ignore[union-attr]
        assert kinds == {"tp": "sum:3h"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", temdeep.api.TemdeepWarning)
            ask(kinds=kinds)
    with pytest.raises(TemdeepError, match=r'kinds=\{"tp": "sum:3h"\}'):
        temdeep.train(undeclared, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    undeclared.to_netcdf(tmp_path / "in.nc")


def test_a_command_is_told_options(
    undeclared: xr.Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undeclared.to_netcdf(tmp_path / "in.nc")
    command = ["downscale", str(tmp_path / "in.nc"), "-o", str(tmp_path / "out.nc"), "--step", "1h"]
    assert main(command) == 2
    assert "--kind tp=sum:3h" in capsys.readouterr().err
    assert main(["info", str(tmp_path / "in.nc")]) == 0
    assert "--kind tp=sum:3h" in " ".join(capsys.readouterr().out.split())
