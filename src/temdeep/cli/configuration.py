"""Settings from a YAML file and from `--name=value`, checked against a dataclass.

The dataclass holds names, types, defaults and, in its docstring, what each setting means.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from argparse import ArgumentError
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from temdeep.errors import RequestError

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser, Namespace

Settings = TypeVar("Settings")
HELPING = ("config", "help", "print_config")


def read_settings(
    kind: type[Settings],
    *,
    file: Path | None = None,
    said: Mapping[str, object] | None = None,
    arguments: Sequence[str] = (),
    program: str = "",
    description: str = "",
) -> Settings:
    """Read settings; the command line is stronger than the file, the file than the defaults.

    Args:
        kind: A dataclass, whose fields may be dataclasses themselves.
        file: YAML, with the names of the fields as keys.
        said: Values that a command's own options gave.
        arguments: `--name=value` each, `--outer.inner=value` for what is inside another;
            `--config=FILE` takes another file, `--help` tells all names.
        program: For the help.
        description: For the help.

    Raises:
        RequestError: A name is unknown, a value cannot be what it should, or the file is no YAML.
    """
    names = list(_names(kind))
    file, arguments = _other_file(file, arguments)
    arguments = _checked(kind, names, arguments)
    parser = _parser(kind, program, description)
    flat = {**(_read(file, names) if file is not None else {}), **(said or {})}
    try:
        defaults = parser.parse_object(_nested(flat))
        told = parser.parse_args(list(arguments), namespace=defaults)
    except ArgumentError as error:
        where = f" (command line or {file})" if file is not None else ""
        raise RequestError(f"{_problem(error)}{where}.") from error
    return _built(kind, told)


def _parser(kind: type, program: str, description: str) -> ArgumentParser:
    from jsonargparse import ArgumentParser

    parser = ArgumentParser(prog=program or None, description=description, exit_on_error=False)
    parser.add_argument("--config", help="another YAML file in place of config/config.yaml")
    parser.add_class_arguments(kind)
    return parser


def _built(kind: type[Settings], told: Namespace) -> Settings:
    """A dataclass of the values, with dataclasses in it in place of namespaces."""
    inner = _inner(kind)
    values = {
        one.name: inner[one.name](**vars(told[one.name])) if one.name in inner else told[one.name]
        for one in dataclasses.fields(kind)  # type: ignore[arg-type]
    }
    return kind(**values)


def _inner(kind: Any) -> dict[str, type]:
    """The fields that are dataclasses themselves."""
    made = {
        one.name: one.default_factory()
        for one in dataclasses.fields(kind)
        if one.default_factory is not dataclasses.MISSING
    }
    return {name: type(one) for name, one in made.items() if dataclasses.is_dataclass(one)}


def _names(kind: Any) -> Iterator[str]:
    """Names of fields; those inside others joined by dots, in place of these."""
    inner = _inner(kind)
    for one in dataclasses.fields(kind):
        if one.name in inner:
            yield from (f"{one.name}.{name}" for name in _names(inner[one.name]))
        else:
            yield one.name


def _checked(kind: Any, names: Sequence[str], arguments: Sequence[str]) -> list[str]:
    """Refuse names that are unknown; what is either so or not needs no value."""
    switches = [f"--{one.name}" for one in dataclasses.fields(kind) if one.type in (bool, "bool")]
    for argument in arguments:
        if argument.startswith("--"):
            _check_name(argument[2:].split("=", 1)[0], [*names, *HELPING], "--", "")
    return [f"{one}=true" if one in switches else one for one in arguments]


def _other_file(file: Path | None, arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Take `--config=FILE` or `--config FILE` out of the arguments."""
    rest = list(arguments)
    for i, argument in enumerate(rest):
        if argument.startswith("--config="):
            del rest[i]
            return Path(argument.removeprefix("--config=")), rest
        if argument == "--config" and i + 1 < len(rest):
            file = Path(rest[i + 1])
            del rest[i : i + 2]
            return file, rest
    return file, rest


def _read(file: Path, names: Sequence[str]) -> dict[str, Any]:
    """Values in a file by name, those inside others joined by dots.

    Raises:
        RequestError: It cannot be read, is no YAML, or holds a name that is unknown.
    """
    import yaml

    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(f"the settings in {file} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise RequestError(f"{file} is not YAML{where}: {_problem(error)}.") from error
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise RequestError(f"{file} holds no settings: each line is a name, a colon and a value.")
    flat: dict[str, Any] = {}
    outer = {name.split(".")[0] for name in names if "." in name}
    for name, value in told.items():
        if name not in outer:
            _check_name(str(name), [*names, *outer], "", f" in {file}")
            flat[str(name)] = value
            continue
        if not isinstance(value, dict):
            inside = ", ".join(one for one in names if one.startswith(f"{name}."))
            raise RequestError(f"'{name}' in {file} holds other settings: {inside}.")
        for own, one in value.items():
            _check_name(f"{name}.{own}", names, "", f" in {file}")
            flat[f"{name}.{own}"] = one
    return flat


def _check_name(name: str, names: Sequence[str], dashes: str, where: str) -> None:
    """Refuse a name that is not known, and say which is meant."""
    if name in names:
        return
    near = difflib.get_close_matches(name, names, 1, 0.5)
    meant = f"do you mean {dashes}{near[0]}?" if near else "--help lists all that there are."
    raise RequestError(f"there is no setting '{dashes}{name}'{where}: {meant}")


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Names with dots as values within values."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *outer, last = name.split(".")
        place = nested
        for one in outer:
            place = place.setdefault(one, {})
        place[last] = value
    return nested


def _problem(error: Exception) -> str:
    """What a parser says, in one line."""
    said = " ".join(str(getattr(error, "problem", None) or error).split())
    said = re.sub(
        r"Parser key \"([^\"]*)\": Expected an? (.*)\. Got value: ", r"\1 takes \2, got ", said
    )
    said = re.sub(r"typing\.Literal\[([^]]*)\]", r"one of \1", said)
    return re.sub(r"<class '(\w+)'>", r"\1", said).rstrip(".")
