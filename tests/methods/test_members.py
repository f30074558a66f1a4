"""Members are fields around an estimate: it is their mean, and given times are theirs as well."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from temdeep.errors import RequestError
from temdeep.fields.intervals import Interval
from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.coherent_noise import Smoother
from temdeep.methods.error_length import error_length_m
from temdeep.methods.members import Draw, Drawn
from temdeep.methods.simple import Linear
from temdeep.methods.spread import ChannelSpread, Spread
from temdeep.methods.spread_fitting import fit_spread
from temdeep.methods.uncertain import Uncertain, asked_beside
from temdeep.metric import Float32Array, Float64Array, GridMetric

THETA = np.array([0.0, 0.1, 0.5, 0.8, 1.0])


def series(rows: int = 16, columns: int = 24, count: int = 12) -> Series:
    """Temperature, and cloud cover that is nearly nothing or nearly all."""
    rng = np.random.default_rng(0)
    dims, shape = ("time", "lat", "lon"), (count, rows, columns)
    cover = np.where(rng.random(shape) < 0.5, 0.01, 0.99)
    told = {"cell_methods": "time: point"}
    values = {
        "t2m": (dims, 280 + rng.normal(0, 3, shape), {"units": "K", **told}),
        "clt": (dims, cover, {"units": "1", "standard_name": "cloud_area_fraction", **told}),
    }
    hours = np.arange(count) * 6 * np.timedelta64(1, "h")
    return series_from_dataset(
        xr.Dataset(
            values,
            coords={
                "time": np.datetime64("2019-03-01", "ns") + hours,
                "lat": ("lat", np.linspace(50, 57.5, rows), {"units": "degrees_north"}),
                "lon": ("lon", np.linspace(0, 15, columns), {"units": "degrees_east"}),
            },
        )
    )


def spread(length_m: float = 150_000.0) -> Spread:
    """σ = 2 K, or 0.2 of the sky, times 4θ(1-θ); Z of the normal law."""
    middles = tuple(norm.ppf(0.5 + (np.arange(50) + 0.5) / 100).tolist())

    def own(units: str, deviation: float) -> ChannelSpread:
        level, nothing = float(np.log(deviation)), (0.0,) * 4
        return ChannelSpread(
            units, (21_600.0,), (level,), (nothing,), nothing, 1.0, middles, length_m=length_m
        )

    return Spread({"t2m": own("K", 2.0), "clt": own("1", 0.2)})


def made(interval: Interval, draw: Draw, theta: Float64Array = THETA) -> Float32Array:
    """Members around straight lines, shape (member, time, channel, y, x)."""
    filled, told = Linear().fill(interval, theta), spread().deviations(interval, theta)
    return Drawn.of(interval, spread(), draw).fields(theta, filled, told)


def test_their_mean_is_the_estimate_and_given_times_are_kept_to_the_bit() -> None:
    _, interval = next(series().intervals(3))
    filled = Linear().fill(interval, THETA)
    for count in (2, 5, 20):
        members = made(interval, Draw(count))
        np.testing.assert_allclose(members.mean(axis=0, dtype=np.float64), filled, atol=2e-5)
        for end in (0, -1):
            kept = np.broadcast_to(filled[end], members[:, end].shape)
            np.testing.assert_array_equal(members[:, end], kept)


def test_each_departs_by_the_standard_deviation() -> None:
    told = []
    for _, interval in series(count=30).intervals(3):
        apart = made(interval, Draw(4))[:, :, 0] - Linear().fill(interval, THETA)[:, 0]
        told.append((apart.astype(np.float64) ** 2).mean(axis=(0, 2, 3)))
    expected = 2.0 * 4 * THETA * (1 - THETA)
    np.testing.assert_allclose(np.sqrt(np.mean(told, axis=0)), expected, rtol=0.06)


def test_neighbours_depart_together_and_far_places_do_not() -> None:
    """Of white noise all these but the first would be 0."""
    _, interval = next(series(count=3).intervals(3))
    apart = made(interval, Draw(60))[:, 2, 0] - Linear().fill(interval, THETA)[2, 0]
    cell_m = float(np.abs(interval.grid.metric.dy_m).mean())
    for cells in (0, 1, 2, 4, 10):
        here, there = apart[:, : apart.shape[1] - cells], apart[:, cells:]
        found = (here * there).mean() / (apart**2).mean()
        expected = np.exp(-0.5 * (cells * cell_m / 150_000.0) ** 2)
        assert found == pytest.approx(expected, abs=0.09), cells


@pytest.mark.parametrize("cyclic", [False, True])
def test_noise_is_as_large_at_the_edges_and_wraps_only_where_the_grid_does(cyclic: bool) -> None:
    rows, columns = 6, 30
    width = np.linspace(5e4, 2e5, rows)[:, None] * np.ones((rows, columns))  # as towards a pole
    smoother = Smoother.of(GridMetric(width, np.full((rows, columns), 1e5), cyclic), 3e5)
    random = np.random.default_rng(4)
    fields = np.stack([smoother.draw(random) for _ in range(4000)])
    np.testing.assert_allclose(fields.mean(axis=0), 0.0, atol=0.08)
    np.testing.assert_allclose(fields.std(axis=0), 1.0, atol=0.06)
    around = (fields[:, :, 0] * fields[:, :, -1]).mean(axis=0)
    expected = np.exp(-0.5 * (width[:, 0] / 3e5) ** 2) if cyclic else np.zeros(rows)
    np.testing.assert_allclose(around, expected, atol=0.08)


def test_the_distance_over_which_errors_go_together_is_found() -> None:
    rng = np.random.default_rng(1)
    latitude, longitude = np.meshgrid(np.linspace(-4, 4, 25), np.linspace(0, 12, 40), indexing="ij")
    metric = GridMetric.uniform(8 / 24 * 111_200.0, shape=(25, 40))
    places = rng.choice(latitude.size, 300, replace=False)
    for length_m in (60_000.0, 200_000.0):
        smoother = Smoother.of(metric, length_m)
        errors = np.stack([smoother.draw(rng).ravel()[places] for _ in range(60)])
        errors[rng.random(errors.shape) < 0.1] = np.nan
        found = error_length_m(errors, latitude.ravel()[places], longitude.ravel()[places])
        assert found == pytest.approx(length_m, rel=0.2)
    assert error_length_m(errors[:, :5], latitude.ravel()[:5], longitude.ravel()[:5]) is None
    assert error_length_m(0 * errors, latitude.ravel()[places], longitude.ravel()[places]) is None


def test_no_member_is_what_nothing_can_be_and_the_mean_stays() -> None:
    _, interval = next(series(count=3).intervals(3))
    cover = made(interval, Draw(9))[:, :, 1]
    assert 0.0 <= cover.min() < 0.005
    assert 0.995 < cover.max() <= 1.0
    estimate = Linear().fill(interval, THETA)[:, 1]
    np.testing.assert_allclose(cover.mean(axis=0, dtype=np.float64), estimate, atol=1e-6)


def test_a_draw_is_the_same_whatever_is_asked_for_and_another_with_another_seed() -> None:
    given = series()
    intervals = dict(given.intervals(3))
    alone = dict(given.take(slice(4, 7)).intervals(0))
    whole = made(intervals[4], Draw(3))
    one = np.array([0.5])
    np.testing.assert_array_equal(made(intervals[4], Draw(3), one)[:, 0], whole[:, 2])
    np.testing.assert_array_equal(made(replace(alone[0]), Draw(3))[:, :, 0], whole[:, :, 0])
    middle = whole[:, 2, 0] - whole[:, 2, 0].mean(axis=0)
    for interval, draw in ((intervals[4], Draw(3, seed=1)), (intervals[5], Draw(3))):
        other = made(interval, draw)[:, 2, 0]
        together = np.corrcoef((other - other.mean(axis=0)).ravel(), middle.ravel())[0, 1]
        assert abs(together) < 0.5


def test_variables_and_members_are_drawn_apart() -> None:
    _, interval = next(series().intervals(3))
    ends = Drawn.of(interval, spread(), Draw(6)).ends
    of_t2m, of_clt = ends["t2m"].ravel(), ends["clt"].ravel()
    assert abs(np.corrcoef(of_t2m, of_clt)[0, 1]) < 0.2
    each = np.corrcoef(ends["t2m"][0].reshape(6, -1))
    assert np.abs(each - np.eye(6)).max() < 0.6


def test_a_member_goes_through_a_given_time_without_a_kink() -> None:
    intervals = [one for _, one in series().intervals(3)]
    near = 1e-3
    before = made(intervals[3], Draw(4), np.array([1 - near])) - Linear().fill(
        intervals[3], np.array([1 - near])
    )
    after = made(intervals[4], Draw(4), np.array([near])) - Linear().fill(
        intervals[4], np.array([near])
    )
    np.testing.assert_allclose(after[:, 0, 0], -before[:, 0, 0], atol=1e-3)
    assert np.abs(after).max() > 0.01


def test_a_fitted_spread_knows_the_distance() -> None:
    found = fit_spread(series(), Linear()).of_channel["t2m"]
    assert 0 < found.length_m < 60_000  # independent cells, 50 km apart


def test_what_cannot_be_drawn_is_refused() -> None:
    for members, seed, sentence in (
        (1, None, "say 2 or more"),
        (0, None, "say 2 or more"),
        (3, -1, "say 0 or more"),
        (None, 4, "a seed of 4 for what"),
    ):
        with pytest.raises(RequestError, match=sentence):
            asked_beside(deviation=False, quantiles=[], members=members, seed=seed)
    (field,) = asked_beside(deviation=False, quantiles=[], members=3)
    assert field.name("t2m") == "t2m_members"
    assert Uncertain(Linear(), spread(), (field,)).members == 3
