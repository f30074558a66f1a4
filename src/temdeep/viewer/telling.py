"""Titles of the panels and the table of numbers, as text and HTML.

Knows: a scene. Must not know: Bokeh, files.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping

from temdeep.metric import FloatArray
from temdeep.viewer import words
from temdeep.viewer.scene import DIFFERENCES, LINEAR, OUTPUT, TRUTH, PlaceSeries, Scene

CALLED = {
    TRUTH: "Truth",
    LINEAR: "Linear",
    OUTPUT: "Output",
    "output_linear": "Output − linear",
    "linear_truth": "Error of linear (linear − truth)",
    "output_truth": "Error of output (output − truth)",
}


def titles(scene: Scene, found: Mapping[str, FloatArray], time: int) -> dict[str, tuple[str, str]]:
    """Title of each panel and the line under it."""
    unit = words.units(scene.field.channel.units)
    is_given = words.is_given(scene.output, scene.field, time)
    under = {
        TRUTH: _truth_line(scene, found),
        LINEAR: words.line_title(scene.output, scene.straight, time),
        OUTPUT: "given" if is_given else scene.field.treatment or scene.output.method,
    }
    for name in DIFFERENCES:
        told = "no value at this time"
        if name in found:
            told = f"RMS over the map {words.number(scene.rms(found[name]))} {unit}".rstrip()
        under[name] = told
    return {
        name: (CALLED[name], textwrap.shorten(text, 62, placeholder=" …"))
        for name, text in under.items()
    }


def numbers(
    scene: Scene, found: Mapping[str, FloatArray], series: PlaceSeries, cell: int, time: int
) -> str:
    """The values of a place at a moment, as a table."""
    row, column = divmod(cell, scene.field.grid.shape[1])
    grid = scene.field.grid
    where = words.place(float(grid.latitude[row, column]), float(grid.longitude[row, column]))
    named = [
        name for name in CALLED if scene.compared or TRUTH not in (name, *DIFFERENCES.get(name, ()))
    ]
    values = [float(found[name].flat[cell]) if name in found else float("nan") for name in named]
    at = time - series.times.start
    band = [] if series.band is None else [float(edge[at]) for edge in series.band]
    texts = words.numbers([*values, *band])
    if band:
        texts[named.index(OUTPUT)] += f" ({texts[-2]} … {texts[-1]})"
    lines = [
        f"<tr><th scope='row'>{CALLED[name]}</th><td class='{name}'>{text}</td></tr>"
        for name, text in zip(named, texts, strict=False)
    ]
    caption = html.escape(words.with_units(f"Here: {where}", scene.field))
    return f"<table><caption>{caption}</caption>{''.join(lines)}</table>"


def remark(scene: Scene) -> str:
    """What cannot be shown of a field, and why; empty if all can."""
    told = [scene.straight.reason] if scene.straight.reason else []
    if scene.truth is not None and not scene.compared:
        why = scene.truth.notes.get(scene.field.channel.name, "")
        told.append(f"no comparison: {why}.")
    text = " ".join(told)
    return text[:1].upper() + text[1:]


def _truth_line(scene: Scene, found: Mapping[str, FloatArray]) -> str:
    if scene.truth is None:
        return ""
    return scene.truth.opened.source if TRUTH in found else "none at this time"
