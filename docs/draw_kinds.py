"""Draw a day of each kind of variable, docs/figures/kinds.png, on the series of the repository.

python docs/draw_kinds.py
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes

import temdeep
from temdeep.verification import figure_style as style

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "figures" / "kinds.png"

EVERY = 6
FIRST, LAST = np.datetime64("2000-04-06T00"), np.datetime64("2000-04-07T12")
SEED = 1
MARGIN = np.timedelta64(1, "h")
FALLS = ("dry", "rain", "snow")
TRUTH, GIVEN, MADE, DRAWN = "#000000", "#0072B2", "#D55E00", "#009E73"
Values = npt.NDArray[Any]


def main() -> None:
    """Draw and write the figure."""
    with xr.open_dataset(ROOT / "data" / "atlantic_hourly_truth.nc") as source:
        hourly = hourly_kinds(source.load())
    coarse = every_six_hours(hourly)
    kinds = {"total": "accumulated"}
    filled = temdeep.downscale(coarse, step="1h", kinds=kinds)
    drawn = temdeep.downscale(coarse[["pr", "time_bnds"]], step="1h", draw=SEED)
    place = liveliest_place(hourly)
    truth, given, made, draw = (
        one.isel(place).sel(time=slice(FIRST, LAST)) for one in (hourly, coarse, filled, drawn)
    )
    with mpl.rc_context(style.RC):
        figure, axes = style.panels(len(PANELS), width=3.3, height=2.35)
        for axis, (name, title, draw_panel) in zip(axes, PANELS, strict=True):
            draw_panel(axis, truth[name], given[name], made[name])
            if name == "pr":
                _stairs(axis, draw["pr"], 1, DRAWN, "one likely course (--draw)", 1.2)
            axis.set_title(title, loc="left")
            axis.set_ylabel(_unit(truth[name]))
            axis.xaxis.set_major_locator(mdates.HourLocator(byhour=(0, 12)))  # type: ignore[no-untyped-call]
            hours = mdates.DateFormatter("%-d Apr %H h")  # type: ignore[no-untyped-call]
            axis.xaxis.set_major_formatter(hours)
            axis.set_xlim(FIRST - MARGIN, LAST + MARGIN)  # type: ignore[arg-type]
            if name == "ptype":
                seen = range(int(truth[name].max()) + 1)
                axis.set_yticks(seen, [FALLS[one] for one in seen])
                axis.set_ylim(-0.3, max(seen) + 0.3)
        figure.suptitle(
            "Given every six hours, made every hour by the default method, and the truth (UTC)"
        )
        style.shared_legend(figure, axes[RAIN])
        style.save(figure, TARGET)


def hourly_kinds(source: xr.Dataset) -> xr.Dataset:
    """The hidden truth: one variable of each kind, every hour."""
    made = source[["t2m", "q850", "ssrd", "u10", "v10"]].copy()
    point = {"cell_methods": "time: point"}
    speed = (source["u10"] ** 2 + source["v10"] ** 2) ** 0.5
    made["ws"] = speed.assign_attrs(units="m s-1", standard_name="wind_speed", **point)
    turned = np.rad2deg(np.arctan2(-source["u10"].values, -source["v10"].values)) % 360
    made["wdir"] = speed.copy(data=turned).assign_attrs(
        units="degree", standard_name="wind_from_direction", **point
    )
    made["rh"] = relative_humidity(source).assign_attrs(
        units="%", standard_name="relative_humidity", **point
    )
    rain = source["pr"] * 3600
    made["pr"] = rain.assign_attrs(
        units="kg m-2", standard_name="precipitation_amount", cell_methods="time: sum"
    )
    made["total"] = rain.cumsum("time").assign_attrs(
        units="kg m-2", standard_name="precipitation_amount", cell_methods="time: sum"
    )
    falls = np.where(source["t2m"] > 274.15, 1, 2)
    kind = rain.copy(data=np.where(rain < 0.05, 0, falls).astype(np.int8))
    kind.attrs = {
        "units": "1",
        "flag_values": np.arange(len(FALLS), dtype=np.int8),
        "flag_meanings": " ".join(FALLS),
        **point,
    }
    made["ptype"] = kind
    for short, word in (("max", "maximum"), ("min", "minimum")):
        both = xr.concat([source["t2m"], source["t2m"].shift(time=1)], "end")
        extreme = getattr(both, short)("end")
        made[f"t2m_{short}"] = extreme.assign_attrs(units="K", cell_methods=f"time: {word}")
    return made


def relative_humidity(source: xr.Dataset) -> xr.DataArray:
    """At 850 hPa, in %, at most 100; saturation after Bolton (1980), equation 10."""
    celsius = source["t850"] - 273.15
    saturation_hpa = 6.112 * np.exp(17.67 * celsius / (celsius + 243.5))
    vapour_hpa = 850 * source["q850"] / (0.622 + 0.378 * source["q850"])
    percent: xr.DataArray = 100 * vapour_hpa / saturation_hpa
    return percent.clip(0, 100)


def every_six_hours(hourly: xr.Dataset) -> xr.Dataset:
    """What is given: instants thinned, periods joined."""
    kept = hourly.isel(time=slice(EVERY, None, EVERY))
    groups = hourly.isel(time=slice(1, None)).coarsen(time=EVERY)
    joins: dict[str, Callable[[], xr.Dataset]] = {
        "pr": groups.sum, "ssrd": groups.mean, "t2m_max": groups.max, "t2m_min": groups.min,
    }  # fmt: skip
    coarse = kept.copy()
    for name, join in joins.items():
        coarse[name] = (kept[name].dims, join()[name].values, hourly[name].attrs)
    stamps = kept["time"].values
    bounds = np.stack([stamps - np.timedelta64(EVERY, "h"), stamps], axis=1)
    coarse["time_bnds"] = (("time", "bnds"), bounds)
    coarse["time"].attrs["bounds"] = "time_bnds"
    return coarse


def liveliest_place(hourly: xr.Dataset) -> dict[str, int]:
    """The cell at which rain and snow come and go most while the figure looks."""
    seen = hourly["ptype"].sel(time=slice(FIRST, LAST))
    changes = (seen.diff("time") != 0).sum("time") * hourly["pr"].std("time")
    row, column = np.unravel_index(int(changes.values.argmax()), changes.shape)
    return dict(zip(map(str, changes.dims), (int(row), int(column)), strict=True))


def _curve(axis: Axes, truth: xr.DataArray, given: xr.DataArray, made: xr.DataArray) -> None:
    axis.plot(truth["time"], truth, color=TRUTH, lw=1, label="truth")
    axis.plot(made["time"], made, color=MADE, lw=1.6, label="made")
    axis.plot(given["time"], given, "o", color=GIVEN, ms=4.5, label="given")


def _points(axis: Axes, truth: xr.DataArray, given: xr.DataArray, made: xr.DataArray) -> None:
    axis.plot(truth["time"], truth, "_", color=TRUTH, ms=7, label="truth")
    axis.plot(made["time"], made, ".", color=MADE, ms=5, label="made")
    axis.plot(given["time"], given, "o", color=GIVEN, ms=4.5, label="given")


def _periods(axis: Axes, truth: xr.DataArray, given: xr.DataArray, made: xr.DataArray) -> None:
    per_hour = EVERY if "sum" in truth.attrs["cell_methods"] else 1
    _stairs(axis, given / per_hour, EVERY, GIVEN, "given", 2.2)
    _stairs(axis, truth, 1, TRUTH, "truth", 1.0)
    _stairs(axis, made, 1, MADE, "made", 1.6)


def _stairs(
    axis: Axes, values: xr.DataArray, hours: int, colour: str, label: str, width: float
) -> None:
    """One level a period, which ends at its stamp."""
    ends = values["time"].values
    edges = np.append(ends[:1] - np.timedelta64(hours, "h"), ends)
    axis.step(
        edges, np.append(values.values[:1], values.values), color=colour, lw=width, label=label
    )


def _unit(truth: xr.DataArray) -> str:
    """For the axis."""
    said: str = style.unit_text(truth.attrs["units"])
    return "degrees" if said == "degree" else said


Panel = Callable[[Axes, xr.DataArray, xr.DataArray, xr.DataArray], None]
PANELS: tuple[tuple[str, str, Panel], ...] = (
    ("t2m", "instantaneous: 2 m temperature", _curve),
    ("q850", "non-negative: humidity at 850 hPa", _curve),
    ("rh", "fraction: relative humidity", _curve),
    ("ws", "speed: not below its components'", _curve),
    ("wdir", "direction: through the circle", _points),
    ("ptype", "flag: what falls", _points),
    ("pr", "sum: rain (given: a sixth of 6 h)", _periods),
    ("total", "running total: rain since the start", _curve),
    ("ssrd", "mean, sunlight: follows the sun", _periods),
    ("t2m_max", "maximum of the period", _periods),
    ("t2m_min", "minimum of the period", _periods),
)
RAIN = [name for name, *_ in PANELS].index("pr")


if __name__ == "__main__":
    main()
