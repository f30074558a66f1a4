"""The model card: what a model was trained on, how, and by which code.

Knows: the description that the model store keeps. Must not know: HTML.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from temdeep.verification.report.words import cadence


def model_card(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A model's description as names and values; what it does not say is left out.

    Args:
        told: As `model_store.description` gives it.
    """
    return [(name, value) for name, value in _lines(told) if value]


def _lines(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    trained = told.get("trained_on", {})
    several = trained.get("series", [trained])
    for one in several:
        name = "Learnt from" if len(several) == 1 else f"Learnt from, {one['source']}"
        yield name, _series(one)
    yield "Variables", ", ".join(trained.get("variables", []))
    yield "Held out, to choose the best epoch", f"from {trained.get('held_out_from')} on"
    epochs = told.get("epochs", {})
    if "epoch" in told:
        yield "Epoch used", f"{told['epoch']} of {max(map(int, epochs), default=told['epoch'])}"
    for variable, one in (told.get("instead") or {}).items():
        yield f"{variable} is left to", f"{one['method']}: {one['reason']}"
    settings = told.get("settings", {})
    yield "Seed", str(settings.get("seed", ""))
    yield (
        "Settings",
        ", ".join(f"{name} {_short(value)}" for name, value in settings.items() if name != "seed"),
    )
    yield "Data's SHA-256", str(trained.get("sha256", ""))
    commit = f", commit {told['commit']}" if told.get("commit") else ""
    yield "Trained by", f"temdeep {told.get('version')}{commit}"


def _series(one: Mapping[str, Any]) -> str:
    source = Path(str(one.get("source", ""))).name
    text = f"{source}: {one.get('first')} to {one.get('last')}"
    if "step_s" in one:
        text += f", {cadence(one['step_s'] / 3600)}"
    if "times" in one:
        text += f", {one['times']} times"
    grid = one.get("grid")
    if grid:
        south, north = grid["latitude_deg"]
        west, east = grid["longitude_deg"]
        text += (
            f"; {grid['rows']} x {grid['columns']} cells, {south:g} to {north:g}° N,"
            f" {west:g} to {east:g}° E"
        )
    return text


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return "/".join(f"{name} {_short(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return "/".join(map(_short, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
