"""What the page is worked with: choosers, the time slider, buttons, and the keys.

Knows: Bokeh. Must not know: files, how anything is computed.
"""

from __future__ import annotations

from bokeh.layouts import column, row
from bokeh.models import (
    Button,
    Column,
    CustomJS,
    Div,
    RadioButtonGroup,
    Row,
    Select,
    Slider,
    Spinner,
    Toggle,
)

KEYS = """
const {slider, before, after, play, latitude, longitude} = this_page
const {ButtonClick} = Bokeh.require("core/bokeh_events")
const clip = (value) => Math.min(Math.max(value, slider.start), slider.end)
const to = (value) => { slider.value = clip(value) }
const move = (spinner, steps) => {
  const value = spinner.value + steps * spinner.step
  spinner.value = Math.min(Math.max(value, spinner.low), spinner.high)
}
document.addEventListener("keydown", (event) => {
  const target = event.composedPath()[0]
  if (event.ctrlKey || event.altKey || event.metaKey) return
  if (target.closest && target.closest("input, select, textarea, .noUi-handle")) return
  if (event.key == " " && target.closest && target.closest("button")) return
  const act = {
    ArrowLeft: () => event.shiftKey ? move(longitude, -1) : to(slider.value - 1),
    ArrowRight: () => event.shiftKey ? move(longitude, 1) : to(slider.value + 1),
    ArrowUp: () => event.shiftKey && move(latitude, 1),
    ArrowDown: () => event.shiftKey && move(latitude, -1),
    PageUp: () => before.trigger_event(new ButtonClick()),
    PageDown: () => after.trigger_event(new ButtonClick()),
    Home: () => to(slider.start),
    End: () => to(slider.end),
    " ": () => { play.active = !play.active },
  }[event.key]
  if (act === undefined || (event.key.endsWith("Up") || event.key.endsWith("Down")) &&
      event.key.startsWith("Arrow") && !event.shiftKey) return
  event.preventDefault()
  act()
})
"""

HELP = (
    "Click a map for the series there, the series for that moment. Keys: ← → one time on, Page Up"
    " and Page Down to the given times, Home and End, space to play; with Shift the arrows move the"
    " place. Wheel and box zoom are in the tools beside each map. Grey: no value."
)


class Controls:
    """The widgets of the page."""

    def __init__(self, runs: list[str], variables: list[tuple[str, str]]) -> None:
        self.run = Select(title="Forecast run", options=runs, value=runs[0], visible=len(runs) > 1)
        self.variable = Select(
            title="Variable",
            name="variable",
            options=list(variables),
            value=variables[0][0],
            width=330,
        )
        self.level = Select(title="Level or member", name="level", width=200)
        self.colours = RadioButtonGroup(
            labels=["same at all times", "of this moment"], active=0, name="colours"
        )
        self.slider = Slider(
            title=None, name="time", start=0, end=1, value=0, step=1, show_value=False,
            tooltips=False, sizing_mode="stretch_width",
        )  # fmt: skip
        self._first, self._last = Div(), Div()
        self.before = Button(label="⇤ given", name="before", width=80)
        self.back = Button(label="←", name="back", width=45)
        self.play = Toggle(label="▶ Play", name="play", width=90)
        self.on = Button(label="→", name="on", width=45)
        self.after = Button(label="given ⇥", name="after", width=80)
        self.latitude = Spinner(
            title="Latitude (°N)", name="latitude", width=120, format="0.[0000]"
        )
        self.longitude = Spinner(
            title="Longitude (°E)", name="longitude", width=120, format="0.[0000]"
        )

    def keys(self) -> CustomJS:
        """Listens to the keyboard."""
        names = ("slider", "before", "after", "play", "latitude", "longitude")
        return CustomJS(
            args={"this_page": {name: getattr(self, name) for name in names}}, code=KEYS
        )

    def show_times(self, count: int, first: str, last: str) -> None:
        """Say how many times there are, and the outermost ones."""
        self.slider.end = count - 1
        self._first.text, self._last.text = first, last

    def show_place(
        self, latitude: float, longitude: float, box: tuple[float, float, float, float], step: float
    ) -> None:
        """Show where the place is, within the box of the map; a step is about a cell."""
        west, east, south, north = box
        self.latitude.update(low=south, high=north, step=step, value=round(latitude, 4))
        self.longitude.update(low=west, high=east, step=step, value=round(longitude, 4))

    def choosing(self) -> Row:
        """The row in which fields are chosen."""
        colours = column(Div(text="Colours", margin=(5, 5, 0, 5)), self.colours)
        return row(
            self.run, self.variable, self.level, colours,
            sizing_mode="stretch_width", styles={"flex-wrap": "wrap"},
        )  # fmt: skip

    def timing(self, moment: Div) -> Column:
        """Slider and buttons, and what they lead to."""
        buttons = row(
            self.before, self.back, self.play, self.on, self.after, moment,
            sizing_mode="stretch_width", styles={"flex-wrap": "wrap", "align-items": "center"},
        )  # fmt: skip
        ends = row(self._first, self.slider, self._last, sizing_mode="stretch_width")
        return column(ends, buttons, sizing_mode="stretch_width")

    def placing(self) -> Row:
        """Where a place is said in numbers."""
        return row(self.latitude, self.longitude)
