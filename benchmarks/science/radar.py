"""Radar events: learnt from the thinned series of the others, tested on the one left out.

Five-minute amounts (KNMI, MeteoSwiss) are taken as rates at the middle of their period, as radar
users take them; so all four events hold one variable, the rain rate in mm/h at instants.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from benchmarks.science.cases import DATA, Case

from temdeep.fields.grids import Grid
from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.protocol import Method
from temdeep.metric import Float64Array
from temdeep.verification.withholding import thin_out

RATE = "rainfall_rate"
EVENTS: Mapping[str, tuple[str, int]] = {
    "radar_mrms": ("mrms_event_a.nc", 2),
    "radar_fmi": ("fmi_suomi_20160928.nc", 5),
    "radar_knmi": ("knmi_20100826.nc", 5),
    "radar_mch": ("mch_20170131.nc", 5),
}
"""File and step in minutes."""

SPANS_MIN = (10, 20, 30)
COMMON_MIN = 10
"""A step that all events have."""

DEVELOPMENT = "radar_knmi"
"""The event on which choices were made: its own rows are no test."""

THRESHOLDS_MM_H = (1.0, 5.0)

FINE_KM = 10.0
"""Waves shorter than this are what a smooth estimate loses."""


@dataclass(frozen=True)
class RadarCase(Case):
    """An event at one span."""

    @property
    def paths(self) -> list[Path]:
        """The events' files."""
        return [DATA / file for file, _ in EVENTS.values()]

    @property
    def span_min(self) -> int:
        """Between kept times."""
        return self.every * EVENTS[self.dataset][1]

    def fine(self) -> Series:
        """The event with all its times."""
        return event(self.dataset)

    def coarse(self) -> Series:
        """The event itself, thinned: for methods that fit themselves to what they fill in."""
        return self.fine().thin(self.every)

    def trained_on(self) -> None:
        """Other events."""

    def lessons(self) -> list[Series]:
        """The other events, thinned to the same span; never the one that others are tested on."""
        return self._others(self.span_min)

    @property
    def taught_every(self) -> int:
        """In steps that all events have."""
        return self.span_min // COMMON_MIN

    def taught(self) -> list[Series]:
        """The other events at a step that all have; none where that is the span."""
        return self._others(COMMON_MIN) if self.taught_every > 1 else []

    def _others(self, step_min: int) -> list[Series]:
        return [
            event(name).thin(step_min // step)
            for name, (_, step) in EVENTS.items()
            if name != self.dataset
        ]

    def further_scores(self, tested: Series, method: Method) -> dict[str, float]:
        """Scores that radar users ask for, over all withheld times.

        Returns:
            `rmse_log`: of log(1 + R), R in mm/h; `csi_1`, `csi_5`: critical success index;
            `power_10km`: power of R in waves shorter than that, over the truth's.
        """
        square, count = 0.0, 0
        fine, power = _fine_waves(tested.grid), np.zeros(2)
        hits, unions = np.zeros(len(THRESHOLDS_MM_H)), np.zeros(len(THRESHOLDS_MM_H))
        for hidden in thin_out(tested, self.every).times(method.context):
            filled = method.fill(hidden.interval, hidden.theta)
            known = np.isfinite(filled) & np.isfinite(hidden.truth)
            for i, rates in enumerate((filled, hidden.truth)):
                waves = np.fft.rfft2(np.where(known, rates, 0).astype(np.float64))
                power[i] += (fine * np.abs(waves) ** 2).sum()
            made, true = filled[known].astype(np.float64), hidden.truth[known].astype(np.float64)
            square += float(((np.log1p(made) - np.log1p(true)) ** 2).sum())
            count += len(true)
            for i, threshold in enumerate(THRESHOLDS_MM_H):
                own, its = made >= threshold, true >= threshold
                hits[i] += (own & its).sum()
                unions[i] += (own | its).sum()
        scores = {"rmse_log": float(np.sqrt(square / max(count, 1)))}
        if power[1]:
            scores["power_10km"] = float(power[0] / power[1])
        for threshold, hit, union in zip(THRESHOLDS_MM_H, hits, unions, strict=True):
            if union:
                scores[f"csi_{threshold:g}"] = float(hit / union)
        return scores


def radar_cases() -> Iterator[RadarCase]:
    """Every event at every span."""
    for name, (file, step) in EVENTS.items():
        for span in SPANS_MIN:
            yield RadarCase(
                name, file, span // step, (None, None), (None, None), step_hours=step / 60
            )


def _fine_waves(grid: Grid) -> Float64Array:
    """How often each wave of `rfft2` counts: 2 where it stands for its mirror image too, 1, or 0.

    0 is for waves that are not fine.
    """
    rows, columns = grid.shape
    metric = grid.metric
    down = np.fft.fftfreq(rows, np.abs(metric.dy_m).mean() / 1000)[:, None]
    along = np.fft.rfftfreq(columns, np.abs(metric.dx_m).mean() / 1000)
    mirrored = np.where((np.arange(len(along)) % (columns / 2)) == 0, 1.0, 2.0)
    return np.where(np.hypot(down, along) > 1 / FINE_KM, mirrored, 0.0)


def event(name: str) -> Series:
    """An event as rain rates at instants."""
    with xr.open_dataset(DATA / EVENTS[name][0]) as opened:
        given = opened.load()
    if RATE in given:
        return series_from_dataset(given.drop_vars("dbz", errors="ignore"))
    begin, end = given["time_bnds"].values.T
    amount = given["precipitation_amount"]
    hours = (end - begin) / np.timedelta64(1, "h")
    rate = (amount / xr.DataArray(hours, dims="time")).astype(np.float32)
    mapping = {one: amount.attrs[one] for one in ("grid_mapping",) if one in amount.attrs}
    rate.attrs = {
        **mapping,
        "standard_name": RATE,
        "units": "mm h-1",
        "cell_methods": "time: point",
    }
    rate.encoding = {one: amount.encoding[one] for one in mapping if one in amount.encoding}
    rate.encoding |= {
        one: amount.encoding[one]
        for one in ("grid_mapping", "coordinates")
        if one in amount.encoding
    }
    attributes = {key: one for key, one in given.time.attrs.items() if key != "bounds"}
    made = given.drop_vars(["time_bnds", "precipitation_amount"]).assign({RATE: rate})
    return series_from_dataset(
        made.assign_coords(time=("time", begin + (end - begin) // 2, attributes))
    )
