"""A model's card: what it learnt from, how, how good it was, and whose the data are.

Knows: descriptions of models as plain values. Must not know: weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

OWN = "temdeep"
"""What the network is called among the methods that it is compared with."""

PART_WORDS = {
    "context": "frames beside the interval",
    "sun": "responses to the sun",
    "daily": "means of each sampled hour taken out first",
    "residual": "a residual",
    "gate": "a learnt share of the spline's bend",
    "scaling": "sizes that follow the span",
    "trial": "a trial of corrections at wider spans",
    "fallback": "classical methods where these are better",
}
"""Parts of a model in words, by their names in the setting `without`."""


def card_lines(told: Mapping[str, Any], sha256: str) -> list[str]:
    """A description for people.

    Args:
        told: As `model_store.description` gives it.
        sha256: Hash of the weights.
    """
    trained_on, settings = told["trained_on"], told["settings"]
    series = trained_on.get("series", [trained_on])
    step_h = trained_on["step_s"] / 3600
    spans = ", ".join(f"{span * step_h:g} h" for span in settings["spans"])
    epoch = f"epoch {told['epoch']} of {max(map(int, told.get('epochs', {})), default=0)}"
    chosen = "the best" if told["epoch"] == told.get("best_epoch") else f"{told['best_epoch']} best"
    lines = [
        f"made by   temdeep {told['version']}; {epoch}, {chosen}; seed {settings['seed']}",
        f"weights   sha256 {sha256}",
    ]
    for one, says in zip(series, _data(told, len(series)), strict=True):
        lines += [
            f"data      {_first(one['source'], says.get('title'))}",
            *(f"          {says[name]}" for name in ("institution", "source") if name in says),
            f"licence   {says.get('license', 'the data do not say')}",
            f"period    {one['first']} to {one['last']}, {one['times']} times every"
            f" {one['step_s'] / 3600:g} h; held out from {one['held_out_from']}",
            f"grid      {_grid(one['grid'])}",
        ]
    lines.append(f"spans     learnt at {spans}, for use at {step_h:g} h")
    lines.append(f"network   {_network(told['network'])}")
    if settings.get("without"):
        parts = (f"{PART_WORDS.get(one, 'a part')} ({one})" for one in settings["without"])
        lines.append(f"without   {', '.join(parts)}")
    return [*lines, "", *_skill(told)]


def _data(told: Mapping[str, Any], count: int) -> Sequence[Mapping[str, str]]:
    """What each series says of itself; nothing in descriptions of before it was kept."""
    says: Sequence[Mapping[str, str]] = told.get("data") or [{}] * count
    return says


def _first(source: str, title: str | None) -> str:
    return f"{source}: {title}" if title else source


def _grid(grid: Mapping[str, Any]) -> str:
    south, north = grid["latitude_deg"]
    west, east = grid["longitude_deg"]
    cells = f"{grid['rows']} x {grid['columns']} cells"
    return f"{cells}, {south:.2f} to {north:.2f} °N, {west:.2f} to {east:.2f} °E"


def _network(shape: Mapping[str, Any]) -> str:
    """Its size; models of before it could fold cells do not say that it does not."""
    size, fold = f"{shape['width']} channels, {shape['depth']} blocks", shape.get("fold", 1)
    return size if fold == 1 else f"{size}; sees {fold} x {fold} cells as one place"


def _skill(told: Mapping[str, Any]) -> list[str]:
    """How each variable is filled in, and how well that did on what was held out."""
    instead = told.get("instead")
    if instead is None:
        return ["The training has not finished: run the same command again, and it goes on."]
    rates = told.get("held_out_restoration_rate", {})
    units = {one["name"]: f" ({one['units']})" for one in told["channels"] if one["units"]}
    shown_as = {name: name + units.get(name, "") for name in dict.fromkeys([*rates, *instead])}
    width = max(map(len, shown_as.values()), default=0)
    lines = ["% of linear's RMSE taken away on held-out frames, every other one hidden:"]
    for name, label in shown_as.items():
        method = instead[name]["method"] if name in instead else OWN
        found = rates.get(name, {})
        others = {one: rate for one, rate in found.items() if one != method and rate is not None}
        best = max(others, key=others.__getitem__, default=None)
        rate = found.get(method)
        shown = "    –" if rate is None else f"{rate:5.1f}"
        why = f": {instead[name]['reason']}" if name in instead else ""
        then = f" (next {best} {others[best]:.1f})" if best else ""
        lines.append(f"  {label:{width}} {shown}  {method}{then}{why}")
    return lines
