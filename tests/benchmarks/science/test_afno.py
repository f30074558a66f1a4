"""The AFNO learns from the truth, and refuses what it was not taught."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from benchmarks.science.opponents.afno import Afno, build

from temdeep.errors import ModelError, RequestError
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.simple import Linear
from temdeep.verification.evaluate import evaluate

EVERY = 6
ROWS, COLUMNS = 7, 12


def toy(days: int = 12) -> Series:
    """Hourly waves that travel 90 degrees in six hours, on 7 x 12 cells around the globe."""
    rng = np.random.default_rng(0)
    times = np.datetime64("2000-03-01", "ns") + np.arange(24 * days) * np.timedelta64(1, "h")
    longitude = np.arange(COLUMNS) * 30.0
    height = np.repeat(rng.normal(1, 0.3, days), 24)[:, None, None]
    phase = np.radians(longitude - 15.0 * np.arange(len(times))[:, None])[:, None, :]
    place = np.linspace(0.5, 1, ROWS)[:, None]
    dims, point = ("time", "lat", "lon"), {"cell_methods": "time: point"}
    degrees = rng.uniform(0, 360, (len(times), ROWS, COLUMNS))
    data = xr.Dataset(
        {
            "t": (dims, 280 + 5 * height * place * np.cos(phase), {"units": "K", **point}),
            "u": (dims, 3 * height * place * np.sin(phase), {"units": "m s-1", **point}),
            "wdir": (dims, degrees, {"units": "degree", **point}),
        },
        coords={"time": times, "lat": np.linspace(-30, 30, ROWS), "lon": longitude},
    )
    data.lat.attrs["units"], data.lon.attrs["units"] = "degrees_north", "degrees_east"
    return series_from_dataset(data)


@pytest.fixture(scope="module")
def taught() -> Afno:
    return build(toy(), EVERY, seed=0, steps=50)


def first(series: Series) -> Interval:
    return next(interval for _, interval in series.thin(EVERY).intervals(0))


def test_it_learns_what_moves_better_than_the_straight_line(taught: Afno) -> None:
    later = toy(16).between("2000-03-13T00", None)
    found = evaluate(later, withhold=EVERY, methods={"afno": taught})
    rates = {
        each["variable"]: each["restoration_rate"]
        for each in found.records
        if each["method"] == "afno" and each["lead_fraction"] is None
    }
    assert rates["t"] > 25
    assert rates["u"] > 25
    assert rates["wdir"] == 0


def test_ends_are_exact_and_lead_fractions_apart(taught: Afno) -> None:
    interval = first(toy())
    theta = np.array([0.0, 0.3, 0.8, 1.0])
    filled = taught.fill(interval, theta)
    np.testing.assert_array_equal(filled[[0, 3]], np.stack([interval.start, interval.end]))
    alone = taught.fill(interval, theta[1:2])[0]
    np.testing.assert_allclose(filled[1, :2], alone[:2], rtol=0, atol=1e-4)
    np.testing.assert_array_equal(filled[:, 2], Linear().fill(interval, theta)[:, 2])


def test_missing_is_only_what_an_end_lacks(taught: Afno) -> None:
    whole = first(toy())
    holes = np.random.default_rng(2).uniform(size=(2, *whole.start.shape)) < 0.1
    start, end = np.where(holes, np.float32(np.nan), np.stack([whole.start, whole.end]))
    filled = taught.fill(replace(whole, start=start, end=end), np.array([0.4]))
    np.testing.assert_array_equal(np.isnan(filled[0]), holes.any(axis=0))


def test_missing_truth_is_not_learnt_from() -> None:
    series = toy()
    holed = series.dataset.copy()
    holed["t"] = holed.t.where(np.random.default_rng(3).uniform(size=holed.t.shape) > 0.2)
    network = build(series_from_dataset(holed), EVERY, seed=0, steps=3).network
    assert all(torch.isfinite(weight).all() for weight in network.parameters())


def test_the_same_seed_gives_the_same_network() -> None:
    interval, theta = first(toy()), np.array([0.5])
    same, again, other = (
        build(toy(), EVERY, seed=seed, steps=4).fill(interval, theta) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(same, again)
    assert (same != other).any()


def test_periods_are_divided_evenly(taught: Afno) -> None:
    rate = np.random.default_rng(4).normal(size=(1, ROWS, COLUMNS))
    interval = first(toy())
    none = np.empty((0, *rate.shape))
    period = PeriodInterval(
        rate, 21_600.0, interval.valid_time, (), taught.grid, before=none, after=none
    )
    np.testing.assert_array_equal(
        taught.fill_periods(period, np.array([0, 0.3, 1])), np.stack([rate] * 2)
    )


def test_what_it_was_not_taught_is_refused_in_one_sentence(taught: Afno) -> None:
    interval, theta = first(toy()), np.array([0.5])
    elsewhere = replace(interval.grid, longitude=interval.grid.longitude + 1)
    with pytest.raises(ModelError, match=r"was trained on 7 x 12 cells.*train one there"):
        taught.fill(replace(interval, grid=elsewhere), theta)
    with pytest.raises(ModelError, match="intervals of 6 h and cannot fill in 12 h"):
        taught.fill(replace(interval, span_s=43_200.0), theta)
    with pytest.raises(ModelError, match="needs 'u', which the interval does not have"):
        taught.fill(first(toy().select(["t"])), theta)
    with pytest.raises(RequestError, match="more than 36 times without a gap"):
        build(toy(1), EVERY, seed=0)


def test_it_says_what_it_does_to_each_channel(taught: Afno) -> None:
    series = toy()
    words = [taught.treatment(channel, series.grid) for channel in series.channels]
    assert words == ["afno", "afno", "linear: no channel that the network was taught"]
