"""How wrong made values may be: nothing at given times, and elsewhere as much as they are."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import laplace, norm

from temdeep.errors import RequestError
from temdeep.fields.series import Series, series_from_dataset
from temdeep.methods.activity import activity
from temdeep.methods.scale_fitting import fit_scale
from temdeep.methods.simple import Linear
from temdeep.methods.space_for_time import exponent_at_step
from temdeep.methods.spread import FLOOR_EXPONENT, ChannelSpread, Spread
from temdeep.methods.spread_fitting import (
    SURE_FROM,
    fit_learnt_spread,
    fit_spread,
    spread_in_use,
)
from temdeep.methods.trials import hidden_spans
from temdeep.methods.uncertain import Beside, Uncertain, asked_beside
from temdeep.metric import Float64Array
from temdeep.verification.uncertainty import SpreadSums, crps
from temdeep.verification.withholding import thin_out

STEP = np.timedelta64(1, "h")


def series_of(values: Float64Array, units: str = "K", **attributes: str) -> Series:
    """Hourly fields of one variable at an instant, shape (time, y, x)."""
    count, rows, columns = values.shape
    times = np.datetime64("2019-03-01", "ns") + np.arange(count) * STEP
    own = {"units": units, "cell_methods": "time: point", **attributes}
    dataset = xr.Dataset(
        {"x": (("time", "lat", "lon"), values.astype(np.float32), own)},
        coords={
            "time": times,
            "lat": ("lat", np.linspace(0, 5, rows), {"units": "degrees_north"}),
            "lon": ("lon", np.linspace(0, 12, columns), {"units": "degrees_east"}),
        },
    )
    return series_from_dataset(dataset)


def moving_weather(hours: int, seed: int, roughness: float = 1.5) -> Float64Array:
    """Patterns that drift eastward by a third of a cell an hour, livelier in the east."""
    rng = np.random.default_rng(seed)
    rows, columns = 12, 40
    waves = np.arange(1, 14)
    x = np.arange(columns) / columns
    shift = np.arange(hours)[:, None, None] / (3 * columns)
    phase = rng.uniform(0, 2 * np.pi, (len(waves), rows))
    field = np.zeros((hours, rows, columns))
    for wave, own in zip(waves, phase, strict=True):
        size = wave**-roughness
        field += size * np.cos(2 * np.pi * wave * (x - shift) + own[:, None])
    lively: Float64Array = 280 + field * (0.2 + 2 * x)
    return lively


def normal_spread(units: str = "K") -> ChannelSpread:
    """σ = 2 (4θ(1-θ)) whatever the weather, Z of the normal law."""
    middles = norm.ppf(0.5 + (np.arange(50) + 0.5) / 100)
    return ChannelSpread(
        units, (3600.0, 7200.0), (np.log(2), np.log(2)), ((0.0,) * 4,) * 2, (0.0,) * 4, 1.0,
        tuple(middles.tolist()),
    )  # fmt: skip


def test_nothing_is_wrong_at_given_times_and_most_in_between() -> None:
    series = series_of(moving_weather(40, 0))
    spread = fit_spread(series, Linear())
    _, interval = next(series.intervals(3))
    theta = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    told = spread.deviations(interval, theta)[:, 0]
    assert (told[[0, -1]] == 0).all()
    assert (told[2] > told[1]).all()
    assert (told[1] > 0).all()
    np.testing.assert_allclose(told[1], told[3], rtol=1e-6)


def test_intervals_hold_as_much_truth_as_they_say_at_a_span_that_was_never_hidden() -> None:
    fine = series_of(moving_weather(481, 1))
    withheld = thin_out(fine, 6)
    spread = fit_spread(withheld.coarse, Linear())
    sums = SpreadSums((5, 1))
    for hidden in withheld.times(3):
        filled = Linear().fill(hidden.interval, hidden.theta)
        error = (filled - hidden.truth).astype(np.float64)[:, 0]
        told = spread.deviations(hidden.interval, hidden.theta)[:, 0]
        sums.add(np.arange(5), 0, error, told, np.ones_like(error), spread.of_channel["x"])
    found = sums.scores(0, slice(None))
    assert 80 < found["coverage_90"] < 98
    assert 0.6 < found["spread_over_rmse"] < 1.6
    said, true = sums.skill(0)
    assert true[-1] > 3 * true[0]  # it knows where the weather is lively
    np.testing.assert_allclose(np.log(said), np.log(true), atol=0.8)


def test_the_level_at_the_step_is_found_in_space() -> None:
    """A drift of a third of a cell an hour: an hour's error is that of a third of a cell."""
    for roughness, curved in ((1.0, False), (1.5, False), (2.5, True)):
        frames = moving_weather(60, 3, roughness)[::6]  # two cells a step
        told = exponent_at_step(frames - frames.mean(axis=0), curved=curved)
        fine = moving_weather(60, 3, roughness)
        errors = []
        for half in (6, 3):
            if curved:
                inner = fine[3 * half : -3 * half]
                near = fine[2 * half : -4 * half] + fine[4 * half : -2 * half]
                far = fine[: -6 * half] + fine[6 * half :]
                errors.append(np.std(inner - (9 * near - far) / 16))
            else:
                ends = fine[2 * half :] + fine[: -2 * half]
                errors.append(np.std(fine[half:-half] - ends / 2))
        true = np.log2(errors[0] / errors[1])
        assert told == pytest.approx(true, abs=0.35)


def test_waves_of_an_hour_are_found_in_pressure_and_not_sought_in_wind() -> None:
    amplitude = 0.05
    waves = np.random.default_rng(2).normal(0, amplitude, (301, 12, 40))
    values = moving_weather(301, 1, roughness=2.5) + waves
    near_given = np.array([0.02])
    told = {}
    for name in ("surface_air_pressure", "eastward_wind"):
        coarse = thin_out(series_of(values, standard_name=name), 6).coarse
        spread = fit_spread(coarse, Linear())
        told[name] = spread.of_channel["x"].floors
        _, interval = next(coarse.intervals(3))
        told[f"{name} soon"] = spread.deviations(interval, near_given)[..., :8].mean()
    at_step, *wider = told["surface_air_pressure"]
    np.testing.assert_allclose(np.exp(wider), amplitude, rtol=0.3)
    assert at_step == pytest.approx(wider[0] - np.log(2))
    assert told["eastward_wind"] == ()
    assert told["surface_air_pressure soon"] > 2 * told["eastward_wind soon"]


def test_a_floor_is_found_where_there_is_one_and_not_where_there_is_none() -> None:
    rng = np.random.default_rng(0)
    loud = rng.normal(0, 1.5, 40_000)
    design = np.stack([np.ones_like(loud), loud], axis=1)
    size = np.abs(laplace.rvs(size=len(loud), random_state=rng))
    scale = np.hypot(np.exp(loud), 0.5)
    found = fit_scale(design, scale * size, 0.0, 1, np.zeros_like(loud))
    assert found.floor == pytest.approx(np.log(0.5), abs=0.05)
    np.testing.assert_allclose(found.coefficients, [0.0, 1.0], atol=0.05)
    np.testing.assert_allclose(found.scale, scale, rtol=0.1)
    alone = fit_scale(design, np.exp(loud) * size, 0.0, 1, np.zeros_like(loud))
    np.testing.assert_allclose(alone.scale, np.exp(loud), rtol=0.1)
    assert alone.floor is None or alone.floor < -3.0


def test_short_rows_tell_nothing() -> None:
    assert exponent_at_step(np.random.default_rng(0).normal(size=(20, 5, 5)), curved=False) is None
    assert exponent_at_step(np.ones((20, 5, 40)), curved=False) is None


def test_hidden_spans_hide_what_lies_inside_equal_steps() -> None:
    values = np.arange(30.0)[:, None, None] + np.zeros((30, 2, 3))
    series = series_of(values).take(np.array([*range(12), *range(14, 30)]))
    for steps in (1, 2, 3, 4):
        found = list(hidden_spans(series, series.channels, steps, 3))
        assert found
        for one in found:
            inside = (
                one.interval.start
                + (one.interval.end - one.interval.start) * one.theta[:, None, None, None]
            )
            np.testing.assert_array_equal(one.truth, inside.astype(np.float32))
            assert one.interval.span_s == 3600 * steps
            apart = np.diff(one.interval.frames[:, 0, 0, 0])
            assert (apart == steps).all()  # none reaches across the gap


def test_where_weather_is_lively_errors_are_larger() -> None:
    series = series_of(moving_weather(40, 0))
    _, interval = next(series.intervals(3))
    logs = activity(interval)[:, 0]
    assert (logs[:, :, -5:].mean(axis=(1, 2)) > logs[:, :, :5].mean(axis=(1, 2)) + 1).all()


def test_missing_cells_and_lone_intervals() -> None:
    values = moving_weather(40, 0)
    values[:, 0, 0] = np.nan
    spread = fit_spread(series_of(values), Linear())
    _, interval = next(series_of(values[:2]).intervals(3))
    told = spread.deviations(interval, np.array([0.5]))[0, 0]
    assert np.isnan(told[0, 0])
    assert np.isfinite(told.ravel()[1:]).all()
    assert (told.ravel()[1:] > 0).all()


def test_quantiles_respect_what_a_quantity_can_be() -> None:
    share = series_of(0.5 + 0 * moving_weather(5, 0), "1", standard_name="cloud_area_fraction")
    (channel,) = share.channels
    spread = Spread({channel.name: normal_spread("1")})
    fields, told = np.array([0.5, 1.0, 0.0], np.float32), np.array([0.1, 0.1, 0.0], np.float32)
    high = spread.quantile(channel, fields, told, 0.95)
    low = spread.quantile(channel, fields, told, 0.05)
    np.testing.assert_allclose(high, [0.5 + 0.1 * norm.ppf(0.95), 1.0, 0.0], rtol=2e-2)
    np.testing.assert_allclose(low, [0.5 - 0.1 * norm.ppf(0.95), 0.8355, 0.0], rtol=2e-2)
    np.testing.assert_allclose(spread.quantile(channel, fields, told, 0.5), fields)


def test_crps_is_the_normal_law_s_and_the_absolute_error_without_spread() -> None:
    error, sigma = np.array([0.0, 0.7, -3.0]), 2.0
    u = error / sigma
    closed = sigma * (u * (2 * norm.cdf(u) - 1) + 2 * norm.pdf(u) - 1 / np.sqrt(np.pi))
    np.testing.assert_allclose(crps(error, np.full(3, sigma), normal_spread()), closed, rtol=0.02)
    np.testing.assert_array_equal(crps(error, np.zeros(3), normal_spread()), np.abs(error))


def test_waves_add_to_weather_in_squares_and_vanish_at_given_times() -> None:
    waves = replace(normal_spread("Pa"), floors=(np.log(0.5), np.log(1.0)))
    theta = np.array([0.0, 0.02, 0.5, 1.0])
    told = waves.deviation(np.zeros((4, 1, 1)), theta, 3600.0).ravel()
    between = 4 * theta * (1 - theta)
    np.testing.assert_allclose(told, np.hypot(2 * between, 0.5 * between**FLOOR_EXPONENT))
    assert told[0] == told[-1] == 0
    assert told[1] > 0.35  # already as wrong as waves make it


def test_heavy_tails_are_kept() -> None:
    """Errors of Laplace's law: the 99 % interval is wider than the normal law's."""
    rng = np.random.default_rng(0)
    values = 280 + laplace.rvs(size=(60, 12, 40), random_state=rng)
    own = fit_spread(series_of(values), Linear()).of_channel["x"]
    assert own.quantile(0.995) > 1.03 * norm.ppf(0.995)
    assert own.quantile(0.5) == 0
    assert own.quantile(0.05) == pytest.approx(-own.quantile(0.95))


def test_what_was_learnt_from_counts_as_wrong_as_what_was_not() -> None:
    """A method that knows the first half by heart is as wrong as it is in the second."""
    values = moving_weather(80, 4)

    class ByHeart(Linear):
        name = "by_heart"

        def fill(self, interval, theta):  # type: ignore[no-untyped-def]
            line = super().fill(interval, theta)
            known = interval.valid_time < np.datetime64("2019-03-02T16")
            own = np.float32(0.05) if known else np.float32(1.0)
            hour = (interval.valid_time - np.datetime64("2019-03-01")) / STEP
            inside = np.rint(hour + theta * interval.span_s / 3600).astype(int)
            truth = values[np.minimum(inside, 79)][:, None].astype(np.float32)
            return truth + own * (line - truth)

    series = series_of(values)
    _, interval = next(series.intervals(3))
    half = np.array([0.5])
    told = [
        one.deviations(interval, half).mean()
        for one in (
            fit_learnt_spread(series, 40, ByHeart(), Linear(), {"x"}),
            fit_spread(series, Linear()),
            fit_learnt_spread(series, 40, ByHeart(), Linear(), set()),
        )
    ]
    assert told[0] == pytest.approx(told[1], rel=0.2)
    assert told[2] < 0.8 * told[1]


def in_use(spread: Spread, series: Series, first_seen: int, last_seen: int) -> float:
    """How many times as large σ is on a series of which some frames were learnt from."""
    seen = np.zeros(len(series.time), np.bool_)
    seen[first_seen:last_seen] = True
    found = spread_in_use(spread, series, seen, Linear())
    _, interval = next(series.intervals(3))
    before, now = (one.deviations(interval, np.array([0.5])) for one in (spread, found))
    ratio = now[before > 0] / before[before > 0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)
    return float(ratio[0])


def test_in_other_weather_errors_are_as_much_larger_as_hidden_frames_say() -> None:
    first, other = (series_of(moving_weather(80, seed)) for seed in (4, 5))
    learnt = fit_spread(first, Linear())
    small = Spread({name: one.scaled(0.5) for name, one in learnt.of_channel.items()})
    same = in_use(learnt, other, 0, 0)
    assert same == pytest.approx(1, abs=0.15)
    assert in_use(small, other, 0, 0) == pytest.approx(same * 2 ** (24 / (24 + SURE_FROM)))
    few = in_use(small, other, 5, 80)  # three hidden intervals
    assert 1 < few == pytest.approx(same * 2 ** (3 / (3 + SURE_FROM)), rel=0.15)


def test_what_was_learnt_from_tells_nothing_of_other_weather() -> None:
    series = series_of(moving_weather(40, 4))
    learnt = fit_spread(series, Linear())
    small = Spread({name: one.scaled(0.5) for name, one in learnt.of_channel.items()})
    assert in_use(small, series, 0, 40) == 1
    assert in_use(small, series, 2, 38) == 1
    assert in_use(small, series, 3, 37) > 1


def test_a_damaged_frame_hardly_moves_what_is_said_of_all_others() -> None:
    first, values = series_of(moving_weather(80, 4)), moving_weather(80, 5)
    learnt = fit_spread(first, Linear())
    sound = in_use(learnt, series_of(values), 0, 0)
    values[30] += 300
    assert in_use(learnt, series_of(values), 0, 0) == pytest.approx(sound, rel=0.25)
    constant = series_of(np.full((20, 12, 40), 280.0))
    assert in_use(learnt, constant, 0, 0) == 1


def test_how_dry_it_is_tells_nothing_of_errors_of_rain() -> None:
    wet, dry = (np.maximum(moving_weather(60, seed) - 280.5, 0) for seed in (4, 5))
    learnt = fit_spread(series_of(wet, "mm h-1"), Linear())
    dry[:, :, :25] = 0
    assert in_use(learnt, series_of(dry, "mm h-1"), 0, 0) == 1


@pytest.mark.parametrize("every", [1, 3])
def test_where_nothing_ever_happens_at_night_errors_by_day_are_not_taken_for_monstrous(
    every: int,
) -> None:
    days = np.arange(120)[:, None, None] / 8 + np.linspace(0, 0.1, 12)
    light = 500 * np.maximum(np.sin(2 * np.pi * days) - 0.3, 0) * np.ones((1, 6, 1))
    series = series_of(np.round(light), "W m-2")
    own = fit_spread(series, Linear()).of_channel["x"]
    free = Spread({"x": replace(own, largest=np.inf)})
    for span in hidden_spans(series, series.channels, every, 3):
        found = free.deviations(span.interval, np.linspace(0, 1, 7))
        assert np.isfinite(found).all()
        assert found.max() < 2 * light.max()
        capped = Spread({"x": own}).deviations(span.interval, np.linspace(0, 1, 7))
        np.testing.assert_array_equal(capped, np.minimum(found, np.float32(own.largest)))


def test_each_stretch_in_use_is_compared_at_its_own_step() -> None:
    series, other = series_of(moving_weather(160, 4)), series_of(moving_weather(160, 5))
    learnt = fit_spread(series, Linear())
    hours = np.concatenate([np.arange(0, 90, 2), np.arange(90, 130)])
    mixed = other.take(hours)
    assert in_use(learnt, mixed, 0, 46) == pytest.approx(
        in_use(learnt, other.take(np.arange(90, 130)), 0, 0), rel=0.1
    )


def test_pressure_in_use_stays_as_it_was_learnt() -> None:
    series = series_of(moving_weather(40, 4), "Pa", standard_name="surface_air_pressure")
    small = Spread({n: o.scaled(0.5) for n, o in fit_spread(series, Linear()).of_channel.items()})
    assert in_use(small, series, 0, 0) == 1


def test_a_spread_comes_back_from_json() -> None:
    series = series_of(moving_weather(30, 0))
    spread = fit_spread(series, Linear())
    again = Spread.from_plain(json.loads(json.dumps(spread.as_plain())))
    assert again.of_channel == spread.of_channel
    waves = replace(normal_spread("Pa"), floors=(-1.0, 0.5))
    told = json.loads(json.dumps(Spread({"ps": waves}).as_plain()))
    assert Spread.from_plain(told).of_channel == {"ps": waves}
    del told["ps"]["floors"]  # as an earlier version wrote it
    assert Spread.from_plain(told).of_channel == {"ps": normal_spread("Pa")}


def test_another_unit_has_no_spread() -> None:
    series = series_of(moving_weather(30, 0))
    spread = fit_spread(series, Linear())
    (channel,) = series.channels
    assert spread.knows(channel)
    assert not spread.knows(replace(channel, units="degC"))
    assert Uncertain(Linear(), spread).variables([replace(channel, units="degC")]) == []


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(RequestError, match="at least three at equal steps"):
        fit_spread(series_of(moving_weather(2, 0)), Linear())
    degrees = series_of(moving_weather(30, 0), "degree", standard_name="wind_from_direction")
    with pytest.raises(RequestError, match="numbers on a line"):
        fit_spread(degrees, Linear())
    with pytest.raises(RequestError, match="no probability"):
        asked_beside(deviation=False, quantiles=[1.5])
    with pytest.raises(RequestError, match="twice"):
        asked_beside(deviation=False, quantiles=[0.1, 0.1])


def test_names_of_the_fields_beside() -> None:
    fields = asked_beside(deviation=True, quantiles=[0.95, 0.025])
    assert [one.name("t2m") for one in fields] == [
        "t2m_standard_deviation", "t2m_percentile_2_5", "t2m_percentile_95"
    ]  # fmt: skip
    assert asked_beside(deviation=False, quantiles=[]) == ()
    assert Beside().probability is None
