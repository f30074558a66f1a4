"""The page: what was chosen, and what it shows of it.

Knows: Bokeh documents, scenes. Must not know: files, servers.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.events import ButtonClick, DocumentReady, Tap
from bokeh.model import Model

from temdeep.errors import TemdeepError
from temdeep.fields.time_axis import show
from temdeep.metric import FloatArray
from temdeep.verification.coastlines import coastlines
from temdeep.viewer import words
from temdeep.viewer.controls import Controls
from temdeep.viewer.drawing import Maps, Series
from temdeep.viewer.layout import Texts, laid_out
from temdeep.viewer.output import Output
from temdeep.viewer.path import path_of
from temdeep.viewer.places import NO_CELL, Raster, raster_of
from temdeep.viewer.runs import Run
from temdeep.viewer.scene import DIFFERENCES, LINEAR, OUTPUT, TRUTH, Limits, PlaceSeries, Scene
from temdeep.viewer.telling import lack, numbers, remark, titles

PLAY_MS = 200
"""Between two moments that are played, where they are drawn as fast."""


class Page:
    """One person's view of an output."""

    def __init__(self, document: Document, runs: Sequence[Run]) -> None:
        self._document, self._runs = document, runs
        self._run = runs[0]
        self._time, self._cell = 0, NO_CELL
        self._waiting = self._setting = False
        self._playing: Any = None
        self._series: PlaceSeries | None = None
        self._limits = Limits(0.0, 1.0, 1.0)
        self._rasters: dict[int, Raster] = {}
        has_truth = runs[0].truth is not None
        self._controls = Controls(
            [one.output.label or "the only one" for one in runs],
            _variables(self._run.output),
        )
        fields = (TRUTH, LINEAR, OUTPUT) if has_truth else (LINEAR, OUTPUT)
        differences = tuple(DIFFERENCES) if has_truth else ("output_linear",)
        self._maps = Maps(fields, differences)
        self._show_times()
        self._plot = Series(fields[::-1], "linear" if self._x_label else "datetime")
        self._texts = Texts()
        self._listen()  # before: a document asks its figures for events as it takes them in
        document.add_root(laid_out(self._controls, self._texts, self._maps, self._plot))
        document.title = f"{self._run.output.opened.source} – temdeep view"
        self._tried(self._choose)

    def _listen(self) -> None:
        controls = self._controls
        _on_change(controls.run, "value", self._switch)
        _on_change(controls.variable, "value", self._new_variable)
        _on_change(controls.level, "value", self._new_level)
        _on_change(controls.colours, "active", lambda: self._later(self._draw))
        _on_change(controls.slider, "value", lambda: self._go(int(controls.slider.value)))
        controls.before.on_event(ButtonClick, lambda _: self._go(self._given(-1)))
        controls.back.on_event(ButtonClick, lambda _: self._go(self._time - 1))
        controls.on.on_event(ButtonClick, lambda _: self._go(self._time + 1))
        controls.after.on_event(ButtonClick, lambda _: self._go(self._given(1)))
        _on_change(controls.play, "active", lambda: self._play(running=controls.play.active))
        for spinner in (controls.latitude, controls.longitude):
            _on_change(spinner, "value", self._say_place)
        for one in self._maps.figures.values():
            one.on_event(Tap, lambda event: self._pick(event.x, event.y))
        self._plot.figure.on_event(Tap, lambda event: self._go(self._nearest_time(event.x)))
        self._document.js_on_event(DocumentReady, controls.keys())

    def _later(self, draw: Callable[[], None]) -> None:
        """Draw once all that has been asked meanwhile is known, and tell what goes wrong."""
        if self._waiting and draw == self._draw:
            return
        self._waiting = True

        def drawn() -> None:
            self._waiting = False
            self._tried(draw)

        self._document.add_next_tick_callback(drawn)

    def _tried(self, draw: Callable[[], None]) -> None:
        try:
            draw()
        except TemdeepError as error:
            self._texts.trouble.update(text=html.escape(str(error)), visible=True)
        else:
            self._texts.trouble.visible = False

    def _show_times(self) -> None:
        axis = self._run.output.opened.time
        self._x, self._x_label = words.time_numbers(axis)
        self._controls.show_times(len(axis), show(axis.values[0]), show(axis.values[-1]))

    def _switch(self) -> None:
        labels = self._controls.run.options
        self._run = self._runs[labels.index(self._controls.run.value)]
        self._show_times()
        self._later(self._choose)

    def _new_variable(self) -> None:
        self._offer_levels()
        self._later(self._choose)

    def _new_level(self) -> None:
        if not self._setting:
            self._later(self._choose)

    def _offer_levels(self) -> None:
        fields = self._run.output.opened.fields.values()
        names = [
            one.channel.name
            for one in fields
            if one.channel.variable == self._controls.variable.value
        ]
        level = self._controls.level
        if level.options != names:
            self._setting = True
            level.update(options=names, value=names[0], visible=len(names) > 1)
            self._setting = False

    def _choose(self) -> None:
        """Show another field."""
        self._offer_levels()
        run = self._run
        field = run.output.opened.fields[self._controls.level.value]
        self._scene = Scene(run.output, field, run.truth)
        key = id(field.grid)
        if key not in self._rasters:
            self._rasters[key] = raster_of(field.grid)
        self._raster = self._rasters[key]
        box = self._raster.places.box
        self._maps.lay_out(box, _shore(box))
        self._limits = self._scene.limits(run.reader, run.true_reader)
        text = html.escape(words.with_units(field.title, field))
        source = html.escape(run.output.opened.source)
        self._texts.heading.text = f"<h1 style='font-size:20px;margin:0'>{text}, {source}</h1>"
        self._maps.name_colours(
            words.with_units(field.channel.name, field), words.with_units("difference", field)
        )
        if not 0 <= self._cell < field.grid.latitude.size:
            rows, columns = self._raster.cells.shape
            middle = self._raster.cells[rows // 2, columns // 2]
            self._cell = int(middle if middle != NO_CELL else self._raster.cells.max())
        if self._time == 0:
            self._time = self._first_made()
            self._setting = True
            self._controls.slider.value = self._time
            self._setting = False
        self._series = None
        self._draw()

    def _go(self, time: int) -> None:
        """Go to a moment."""
        time = int(np.clip(time, 0, len(self._run.output.flag) - 1))
        if self._setting or time == self._time:
            return
        self._time = time
        self._setting = True
        self._controls.slider.value = time
        self._setting = False
        self._later(self._draw)

    def _given(self, way: int) -> int:
        """The next given time that way."""
        given = np.flatnonzero(self._run.output.given)
        beyond = given[given > self._time] if way > 0 else given[given < self._time][::-1]
        return int(beyond[0]) if len(beyond) else self._time

    def _first_made(self) -> int:
        """The middle of the first interval that was filled; the first time if none was."""
        made = np.flatnonzero(~self._run.output.given)
        ends = self._scene.straight.at(int(made[0])) if len(made) else None
        return int(made[0] if len(made) else 0) if ends is None else sum(ends) // 2

    def _play(self, *, running: bool) -> None:
        self._controls.play.label = "⏸ Pause" if running else "▶ Play"
        if running and self._playing is None:
            self._playing = self._document.add_periodic_callback(self._advance, PLAY_MS)
        elif not running and self._playing is not None:
            self._document.remove_periodic_callback(self._playing)
            self._playing = None

    def _advance(self) -> None:
        if not self._waiting:
            self._go((self._time + 1) % len(self._run.output.flag))

    def _pick(self, longitude: float, latitude: float) -> None:
        """Take the place that was clicked."""
        cell = self._raster.cell_at(longitude, latitude)
        if cell != NO_CELL:
            self._cell, self._series = cell, None
            self._later(self._draw)

    def _say_place(self) -> None:
        latitude, longitude = self._controls.latitude.value, self._controls.longitude.value
        if not self._setting and latitude is not None and longitude is not None:
            self._pick(float(longitude), float(latitude))

    def _nearest_time(self, x: float) -> int:
        return int(np.abs(self._x - x).argmin())

    def _draw(self) -> None:
        """Show the present moment and place."""
        run, scene, time = self._run, self._scene, self._time
        found = scene.fields(run.reader, run.true_reader, time)
        self._colour(found)
        pictures = {name: self._raster.show(values) for name, values in found.items()}
        self._maps.show(pictures, self._raster.cells.shape)
        self._maps.entitle(titles(scene, found, time))
        stamp = words.stamp(run.output.opened.time.values[time])
        said = words.status(run.output, scene.field, scene.straight, time)
        told = " · ".join(filter(None, (said, lack(scene, time))))
        self._texts.moment.text = f"<b>{stamp}</b> · {html.escape(told)}"
        times = scene.window(run.reader, time)
        if self._series is None or self._series.times != times:
            self._series = scene.at_place(run.reader, run.true_reader, self._cell, time)
            self._draw_series(self._series)
        self._plot.point_at(float(self._x[time]))
        near = scene.near(time)
        self._plot.look_at(float(self._x[near.start]), float(self._x[near.stop - 1]))
        self._texts.numbers.text = numbers(scene, found, self._series, self._cell, time)
        remarks = remark(scene)
        self._texts.remark.update(text=html.escape(remarks), visible=bool(remarks))

    def _colour(self, found: dict[str, FloatArray]) -> None:
        limits = self._limits
        if self._controls.colours.active == 1:
            limits = self._scene.limits_of(found)
        self._maps.field_colours.update(low=limits.low, high=limits.high)
        self._maps.difference_colours.update(low=-limits.largest, high=limits.largest)

    def _draw_series(self, series: PlaceSeries) -> None:
        """Lines of the present place, and where it is."""
        field = self._scene.field
        row_index, column_index = divmod(self._cell, field.grid.shape[1])
        latitude = float(field.grid.latitude[row_index, column_index])
        longitude = self._raster.on_map(float(field.grid.longitude[row_index, column_index]))
        path = path_of(self._run.output, field, series.times, self._x)
        x, true_path = self._x[series.times], path.among(series.compared)
        lines = {
            OUTPUT: (path.x, path.along(series.output)),
            LINEAR: (path.x, path.along(series.linear)),
            TRUTH: (true_path.x, true_path.along(series.truth)),
        }
        band = None
        if series.band is not None and field.band is not None:
            edges = [path.along(edge) for edge in series.band]
            band = (path.x, edges[0], edges[1], field.band.words)
        self._plot.show(lines, (x[series.given], series.output[series.given]), band)
        self._plot.entitle(
            f"{field.title} at {words.place(latitude, longitude)}",
            self._x_label or "valid time (UTC)",
            words.with_units(field.channel.name, field),
        )
        self._maps.mark(longitude, latitude)
        self._setting = True
        self._controls.show_place(latitude, longitude, self._raster.places.box, self._raster.step)
        self._setting = False


def _on_change(model: Model, name: str, act: Callable[[], None]) -> None:
    """Do something when a property of a widget changes."""

    def changed(_name: str, _old: object, _new: object) -> None:
        act()

    model.on_change(name, changed)


def _variables(output: Output) -> list[tuple[str, str]]:
    """Names of the variables and how the chooser calls them."""
    called: dict[str, str] = {}
    for one in output.opened.fields.values():
        name = one.channel.variable
        called.setdefault(name, name if one.title == name else f"{name}: {one.title}")
    return list(called.items())


def _shore(box: tuple[float, float, float, float]) -> FloatArray:
    """Coastlines as fine as a map shows them."""
    west, east, south, north = box
    dot = max(east - west, north - south) / 150.0
    return coastlines(west, east, south, north, minimum_km2=(dot * 60.0) ** 2)
