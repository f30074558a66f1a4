"""A model says where and of what it was told nothing."""

from dataclasses import replace

import numpy as np
import xarray as xr
from tests.export.making import SHAPE as DRIVEN
from tests.export.making import worked
from tests.network import making

from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.learnt import Learnt, sun_part
from temdeep.methods.unfamiliar import unfamiliar
from temdeep.metric import Float32Array

SHAPE = (4, 5)


def model() -> Learnt:
    """It learnt from 45 to 45.75 °N and 0 to 1 °E, of temperatures of 280 ± 8 K."""
    return making.learnt(making.grid(SHAPE))


def series(value: float | Float32Array = 283.0, *, north: float = 0.0, east: float = 0.0) -> Series:
    """The region that was learnt from, moved by some degrees."""
    shape = np.shape(value) or SHAPE
    places = making.grid(shape)
    attributes = {"units": "K", "standard_name": "air_temperature"}
    values = np.broadcast_to(np.float32(value), (3, *shape))
    data = xr.Dataset(
        {"t": (("time", "lat", "lon"), values, attributes)},
        coords={
            "time": np.datetime64("2019-03-01", "ns") + np.arange(3) * np.timedelta64(3, "h"),
            "lat": ("lat", places.latitude[:, 0] + north, {"units": "degrees_north"}),
            "lon": ("lon", places.longitude[0] + east, {"units": "degrees_east"}),
        },
    )
    return series_from_dataset(data)


def test_of_the_region_and_the_values_that_were_learnt_from_nothing_is_said() -> None:
    assert unfamiliar(series(), model()) == ()
    assert unfamiliar(series(north=0.5, east=360), model()) == ()


def test_places_outside_the_region_are_counted() -> None:
    (told,) = unfamiliar(series(north=-1.25), model())
    assert told.startswith("25% of the places of the dataset lie outside the region")
    assert "45 to 45.75 °N, 0 to 1 °E" in told
    (told,) = unfamiliar(series(east=-20), model())
    assert told.startswith("100% of the places")


def test_values_in_another_unit_than_said_are_noticed() -> None:
    (told,) = unfamiliar(series(9.85), model())
    assert told == (
        "'t' has values of about 9.85 K, and the model learnt from 280 ± 8: is the unit right?"
    )


def test_what_a_classical_method_fills_needs_no_model() -> None:
    left = making.learnt(making.grid(SHAPE))
    left = Learnt(
        left.network, left.channels, left.solar, left.daily, {"t": ("cubic", "better")}, {}
    )
    assert unfamiliar(series(9.85, north=-40), left) == ()


def test_what_the_sun_and_the_hour_do_is_no_other_unit() -> None:
    """The network is given fields without both: from these it has its mean and spread."""
    driven = worked()
    calm = replace(driven.network.settings, spread=(0.01, 5.0, 4.0, 900.0))
    model = replace(driven, network=making.network(calm))
    times, grid = np.array(["2019-03-01T00"], "datetime64[us]"), making.grid(DRIVEN)
    sun = sun_part(model.solar, model.channels[:1], grid, times)[0, 0]
    hour = model.daily.at(times, grid)[0, 0]
    assert abs(float((sun + hour).mean())) > 0.2
    assert unfamiliar(series(280 + sun + hour), model) == ()
    assert unfamiliar(series(np.full(DRIVEN, 280.0)), model) != ()


def test_rain_whose_logarithm_is_learnt_is_not_measured_by_it() -> None:
    model = worked(rain=True)
    rain = replace(model.channels[3], name="t", units="K")
    model = replace(model, channels=(*model.channels[1:3], model.channels[0], rain))
    assert unfamiliar(series(np.full(DRIVEN, 50.0)), model) == ()
