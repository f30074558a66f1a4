"""Titles of the panels and the table of numbers, as text and HTML.

Knows: a scene. Must not know: Bokeh, files.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping

from temdeep.fields.time_axis import difference_us, format_duration, show
from temdeep.metric import FloatArray
from temdeep.viewer import words
from temdeep.viewer.scene import DIFFERENCES, LINEAR, OUTPUT, TRUTH, PlaceSeries, Scene
from temdeep.viewer.truth import NONE

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
        needs = TRUTH in DIFFERENCES[name] and not _truth_is_there(scene, time)
        told = f"no {'truth' if needs else 'value'} at this time"
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


def lack(scene: Scene, time: int) -> str:
    """Why maps that need the truth are empty at a moment; nothing where they are not."""
    if scene.truth is None or _truth_is_there(scene, time):
        return ""
    axis, of_output = scene.truth.opened.time, scene.output.opened.time
    since = int(difference_us(of_output.values[time : time + 1], axis.origin)[0])
    if not 0 <= since <= axis.offset_us[-1]:
        why = f"it runs from {show(axis.values[0])} to {show(axis.values[-1])}"
    else:
        why = f"its times are {format_duration(axis.step_us)} apart"
    return f"the truth has no field at this time, {why}: what needs it is grey"


def _truth_is_there(scene: Scene, time: int) -> bool:
    """Whether the truth has a field at a moment, or there is none to have one."""
    return scene.truth is None or not scene.compared or int(scene.truth.index[time]) != NONE


def _truth_line(scene: Scene, found: Mapping[str, FloatArray]) -> str:
    if scene.truth is None:
        return ""
    return scene.truth.opened.source if TRUTH in found else "no field at this time"
