"""Series whose truth is a formula, and methods that know more, or less, of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from benchmarks.science.diagnostics.filled import Filled, fill_in

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.series import Series, series_from_dataset
from temdeep.fields.variables import Channel
from temdeep.methods import by_nature
from temdeep.methods.cubic import Cubic
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear, Nearest
from temdeep.metric import Float32Array, Float64Array
from temdeep.verification.withholding import thin_out

Formula = Callable[[Float64Array, Float64Array, Float64Array], Float64Array]
"""A field of hours since the first time, latitude and longitude (degrees)."""

BEGIN = np.datetime64("2001-05-04T00", "us")
ATTRIBUTES = {
    "u10": {"units": "m s-1", "standard_name": "eastward_wind"},
    "v10": {"units": "m s-1", "standard_name": "northward_wind"},
    "t2m": {"units": "K", "standard_name": "air_temperature"},
    "q": {"units": "kg kg-1", "standard_name": "specific_humidity"},
}


def make_series(
    formulas: Mapping[str, Formula],
    *,
    hours: int,
    latitude: Float64Array,
    longitude: Float64Array,
) -> Series:
    """Hourly fields of formulas."""
    t, lat, lon = np.meshgrid(np.arange(hours + 1.0), latitude, longitude, indexing="ij")
    dims = ("time", "lat", "lon")
    point = {"cell_methods": "time: point"}
    return series_from_dataset(
        xr.Dataset(
            {
                name: (dims, formula(t, lat, lon) + 0 * t, {**ATTRIBUTES[name], **point})
                for name, formula in formulas.items()
            },
            coords={
                "time": BEGIN + np.arange(hours + 1) * np.timedelta64(1, "h"),
                "lat": ("lat", latitude, {"units": "degrees_north", "standard_name": "latitude"}),
                "lon": ("lon", longitude, {"units": "degrees_east", "standard_name": "longitude"}),
            },
        )
    )


@dataclass(frozen=True)
class Beside:
    """Linear, and a share of what it lacks to a formula for every channel.

    Attributes:
        formulas: In the order of the channels.
        share: 1 knows the truth.
        name: In tables.
    """

    formulas: tuple[Formula, ...]
    share: float = 1.0
    name: str = "known"
    context: int = 0

    def treatment(self, channel: Channel, grid: Grid) -> str:  # noqa: ARG002 - of the protocol
        """See `Method.treatment`."""
        return self.name

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        line = Linear().fill(interval, theta).astype(np.float64)
        begin = (interval.valid_time - BEGIN) / np.timedelta64(1, "h")
        hour = (begin + theta * interval.span_s / 3600)[:, None, None]
        places = interval.grid.latitude, interval.grid.longitude
        true = np.stack([one(hour, *places) + 0 * hour for one in self.formulas], axis=1)
        inside = ((theta > 0) & (theta < 1))[:, None, None, None]
        return (line + np.where(inside, self.share * (true - line), 0.0)).astype(np.float32)

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return by_nature.even_division(interval, edges)


def filled_by(series: Series, every: int, methods: Mapping[str, Method]) -> Filled:
    """A series filled in by some methods; the usual ones have their own names."""
    return fill_in(thin_out(series, every), methods, "made")


USUAL: Mapping[str, Method] = {"linear": Linear(), "cubic": Cubic(), "nearest": Nearest()}


def usual_and(*others: Beside) -> dict[str, Method]:
    """The usual methods and some more."""
    return {**USUAL, **{one.name: one for one in others}}
