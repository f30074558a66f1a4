"""Folders of runs: what a run is about, whether it may be written or gone on with, and numbering.

Knows: series, settings, the model store. Must not know: torch's trainers, the command line.
"""

import dataclasses
import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import Any

from temdeep import model_store
from temdeep._version import __version__
from temdeep.errors import ModelError, OutputError
from temdeep.fields.series import Series
from temdeep.fields.time_axis import show
from temdeep.training.settings import TrainingSettings

TURN = 64
"""Frames of instants, and then as many of periods: the order in which they are summed up."""

AT_ONCE = 2**25
"""Bytes of fields that are read at a time to tell one series from another, about."""

SAID = ("title", "institution", "source", "license", "references")
"""Global attributes (CF, ACDD) that a model keeps of its data."""


class State(Enum):
    """What a folder holds for a training that is about to start."""

    NEW = auto()
    UNFINISHED = auto()
    FINISHED = auto()


def plan_of(series: Series, settings: TrainingSettings, held_out_from: int) -> dict[str, Any]:
    """What a run is about, known before it starts.

    Args:
        series: The coarse series.
        settings: How it is learnt from.
        held_out_from: Index of the first frame of the held-out block.
    """
    return {
        "trained_on": _trained_on(series, held_out_from),
        "settings": dataclasses.asdict(settings),
        "data": [_what_it_says(series)],
    }


def plan_of_several(
    several: Sequence[Series], settings: TrainingSettings, held_out_from: Sequence[int]
) -> dict[str, Any]:
    """The same for several series: what each is, and of what all have in common.

    Args:
        several: Coarse series.
        settings: How they are learnt from.
        held_out_from: For each the index of the first frame that is held out.
    """
    each = [_trained_on(one, first) for one, first in zip(several, held_out_from, strict=True)]
    return {
        "trained_on": {
            "source": ", ".join(one["source"] for one in each),
            "step_s": min(one["step_s"] for one in each),
            "times": sum(one["times"] for one in each),
            "variables": each[0]["variables"],
            "held_out_from": ", ".join(one["held_out_from"] for one in each),
            "sha256": hashlib.sha256("".join(one["sha256"] for one in each).encode()).hexdigest(),
            "series": each,
        },
        "settings": dataclasses.asdict(settings),
        "data": [_what_it_says(one) for one in several],
    }


def _trained_on(series: Series, held_out_from: int) -> dict[str, Any]:
    """One of the series of a run."""
    times, grid = series.time.values, series.grid
    held_out = show(times[held_out_from]) if held_out_from < len(times) else "none"
    return {
        "source": series.source,
        "first": show(times[0]),
        "last": show(times[-1]),
        "held_out_from": held_out,
        "step_s": series.time.step_us / 1e6,
        "times": len(times),
        "variables": [one.name for one in series.channels],
        "grid": {
            "rows": grid.shape[0],
            "columns": grid.shape[1],
            "latitude_deg": [float(grid.latitude.min()), float(grid.latitude.max())],
            "longitude_deg": [float(grid.longitude.min()), float(grid.longitude.max())],
        },
        "sha256": fingerprint(series),
    }


def _what_it_says(series: Series) -> dict[str, str]:
    """What the data say of themselves: for the model's card, not for telling series apart."""
    attributes = series.dataset.attrs
    said = {name: str(attributes[name]) for name in SAID if name in attributes}
    if "license" not in said and "licence" in attributes:
        said["license"] = str(attributes["licence"])
    return said


def fingerprint(series: Series) -> str:
    """SHA-256 of all that can be learnt from: times, values, places."""
    digest = hashlib.sha256(repr(series.channels).encode())
    digest.update(series.time.offset_us.tobytes())
    grid = series.grid
    for place in (grid.latitude, grid.longitude, grid.elevation_m, grid.land_fraction):
        if place is not None:
            digest.update(place.tobytes())
    instants, periods = series.instantaneous(), series.periods()
    for channel in periods:
        digest.update(series.period_edges(channel).tobytes())
    read_as = ((series.read, instants), (series.read_rates, periods))
    for first in range(0, len(series.time), TURN):
        stop = min(first + TURN, len(series.time))
        for read, channels in read_as:
            step = max(AT_ONCE // max(series.frame_bytes(channels), 1), 1)
            for begin in range(first, stop, step) if channels else ():
                some = slice(begin, min(begin + step, stop))
                digest.update(read(channels, some).tobytes())
    return digest.hexdigest()


def state_of(folder: Path, plan: Mapping[str, Any]) -> State:
    """What a folder holds for a plan.

    Raises:
        OutputError: It holds a model of something else, or is no folder.
        ModelError: What it holds cannot be read.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: name a folder for the model.")
    if not model_store.is_model(folder):
        return State.NEW
    told = model_store.read(folder)
    if different := _difference(told, plan):
        raise OutputError(
            f"{folder} holds a model of {different}: name another folder, or say --overwrite."
        )
    if told.get("instead") is not None:
        return State.FINISHED
    if told.get("version") != __version__:
        raise OutputError(
            f"{folder} holds a training that temdeep {told.get('version')} has not finished, and"
            f" this is {__version__}: name another folder, or say --overwrite."
        )
    if not (folder / model_store.RESUME).is_file():
        raise OutputError(
            f"{folder} holds a training that was not finished and cannot be gone on with, as its"
            f" {model_store.RESUME} is gone: name another folder, or say --overwrite."
        )
    return State.UNFINISHED


def choose_run(pattern: Path, plan: Mapping[str, Any], *, beside: Path | None = None) -> Path:
    """The folder that a new training is for.

    Args:
        pattern: A folder; or, with the last part `N`, one of the numbered folders of another: the
            one of an unfinished training of the same plan, or with nothing in it; else the next
            free number.
        plan: What the training is about.
        beside: Where logs are kept under the same numbers, which are then not free.
    """
    if pattern.name != "N":
        return pattern
    numbers = numbered(pattern.parent)
    for number in reversed(numbers):
        folder = pattern.with_name(str(number))
        if _waits_to_go_on(folder, plan):
            return folder
    taken = [*numbers, *(numbered(beside) if beside else ())]
    return pattern.with_name(str(max(taken, default=-1) + 1))


def last_run(pattern: Path) -> Path:
    """The folder of a trained model.

    Args:
        pattern: A folder; or, with the last part `N`, that of the highest number with a model.

    Raises:
        ModelError: There is none.
    """
    if pattern.name != "N":
        return pattern
    for number in reversed(numbered(pattern.parent)):
        folder = pattern.with_name(str(number))
        if model_store.is_model(folder):
            return folder
    raise ModelError(
        f"there is no model in {pattern.parent} yet: train one with python main.py, or name one"
        " with --model_path."
    )


def numbered(folder: Path) -> list[int]:
    """Numbers that folders inside a folder have for names, ascending."""
    if not folder.is_dir():
        return []
    names = [one.name for one in folder.iterdir()]
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


@contextmanager
def kept_to_ourselves(folder: Path) -> Iterator[None]:
    """Make a folder and keep other trainings out of it, until the end or the death of this one.

    Raises:
        OutputError: It cannot be made, or another training is writing into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}.") from error
    try:
        if not _locked(handle):
            raise OutputError(
                f"another training is writing into {folder}: wait for it, or name another folder."
            )
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Try to lock a folder; file systems that cannot, let everyone in."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def _waits_to_go_on(folder: Path, plan: Mapping[str, Any]) -> bool:
    """Whether a run of this plan was stopped, and nobody else goes on with it."""
    try:
        found = state_of(folder, plan)
        if found is State.FINISHED or (found is State.NEW and any(folder.iterdir())):
            return False
        with kept_to_ourselves(folder):
            return True
    except (OutputError, ModelError):
        return False


def _difference(told: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    """In what a run that is there differs from a plan, in words; nothing if it does not.

    Files may have moved: the same values are the same series.
    """
    return " and ".join(filter(None, (_other_series(told, plan), _other_settings(told, plan))))


def _other_settings(told: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    if names := _names_that_differ(told, plan, "settings"):
        there, here = (_flat(_as_json(one["settings"])) for one in (told, plan))
        one = names[0]
        return f"other settings ({one} {there.get(one)}, not {here.get(one)})"
    return ""


def _other_series(told: Mapping[str, Any], plan: Mapping[str, Any]) -> str:
    names = _names_that_differ(told, plan, "trained_on")
    names.sort(key=lambda name: name != "variables")  # which say most
    if not names:
        return ""
    source = told.get("trained_on", {}).get("source")
    if names == ["sha256"]:
        return f"another series ({source} with other values)"
    return f"another series ({source}; not the same {names[0].replace('.', ' ')})"


def _names_that_differ(told: Mapping[str, Any], plan: Mapping[str, Any], part: str) -> list[str]:
    there, here = _flat(told.get(part, {})), _flat(_as_json(plan[part]))
    if part == "settings":  # what an earlier version could not be told was as it is by default
        there = {**_flat(_as_json(dataclasses.asdict(TrainingSettings()))), **there}
    names = dict.fromkeys([*there, *here])
    moved = ("source", "series")  # several series are told apart by the SHA-256 of all
    return [name for name in names if name not in moved and there.get(name) != here.get(name)]


def _flat(told: Mapping[str, Any]) -> dict[str, Any]:
    """Values within values, their names joined by dots."""
    flat: dict[str, Any] = {}
    for name, value in told.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": one for inner, one in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _as_json(value: Any) -> Any:
    """What a value is after it was written and read."""
    if isinstance(value, Mapping):
        return {name: _as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    return value
