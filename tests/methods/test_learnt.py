"""The learnt model as a method: what it promises whatever was learnt, and where it starts from."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from tests.export import making as with_rain
from tests.network import making
from tests.network.making import CHANNELS, HUMIDITY, MOVING, SPAN_S, STILL

from temdeep.errors import ModelError
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.variables import Channel, Kind
from temdeep.methods.consistent import keep_consistent
from temdeep.methods.cubic import Cubic
from temdeep.methods.daily import HourMeans
from temdeep.methods.learnt import Learnt
from temdeep.methods.places import PlaceBasis
from temdeep.methods.protocol import Method, rendering
from temdeep.methods.responses import Response
from temdeep.methods.simple import Linear, Nearest
from temdeep.methods.spread import Spread
from temdeep.methods.uncertain import Uncertain
from temdeep.metric import Float64Array
from temdeep.network.settings import NetworkSettings

SMALL, LARGE = (4, 5), (18, 20)
SPREAD = np.array([8.0, 5.0, 4.0, 900.0])[:, None, None]
THETA = np.array([0.1, 0.5, 0.8])


def noisy(seed: int, before: int = 3, after: int = 3, shape: tuple[int, int] = LARGE) -> Interval:
    return making.interval_of(making.fields(seed, before + 2 + after, shape), before)


def responses(seed: int) -> dict[str, Response]:
    """Answers of temperature and pressure to the sun, of some kelvin and hectopascals."""
    rng = np.random.default_rng(seed)
    basis = PlaceBasis.of(making.grid(LARGE))
    size = (8, len(basis.roughness))
    falling = 1 / basis.roughness
    return {
        "t": Response(3 * falling * rng.normal(size=size)),
        "ps": Response(100 * falling * rng.normal(size=size)),
    }


def hour_means(channels: int) -> HourMeans:
    """A day's cycle known at 0, 3, … 21 UTC."""
    where = making.grid(LARGE)
    basis = PlaceBasis.of(where)
    hours = np.arange(0, 24, 3) * 3_600_000_000
    maps = np.random.default_rng(1).normal(size=(8, channels, len(basis.roughness)))
    return HourMeans(basis, hours, maps / basis.roughness)


def worked(size: float, *, seed: int = 0, levels: tuple[int, ...] = MOVING) -> Learnt:
    """A model with every part at work."""
    return making.learnt(
        making.grid(LARGE),
        levels=levels,
        size=size,
        seed=seed,
        responses=responses(seed),
        daily=hour_means(len(CHANNELS)),
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [0.0, 0.3, 30.0])
def test_ends_are_returned_bit_for_bit(seed: int, size: float) -> None:
    interval = noisy(seed)
    filled = worked(size, seed=seed).fill(interval, np.array([0.0, 0.4, 1.0]))
    assert filled.dtype == np.float32
    np.testing.assert_array_equal(filled[[0, 2]], np.stack([interval.start, interval.end]))
    assert (filled[1] != interval.start).mean() > 0.99


@pytest.mark.parametrize("size", [0.0, 0.3])
def test_the_formula_itself_meets_the_ends_without_being_pinned_to_them(size: float) -> None:
    interval = noisy(4)
    made = worked(size)._look(interval)(np.array([0.0, 1.0]))
    np.testing.assert_array_equal(made, np.stack([interval.start, interval.end]))


def test_an_untrained_model_is_the_cubic_where_nothing_moves() -> None:
    model = making.learnt(making.grid(LARGE), levels=STILL)
    for before, after in [(3, 3), (0, 3), (2, 0), (0, 0)]:
        interval = noisy(5, before, after)
        difference = model.fill(interval, THETA) - Cubic().fill(interval, THETA)
        assert (np.abs(difference) <= 1e-5 * SPREAD + 1e-6 * np.abs(interval.start)).all()


def test_an_untrained_model_is_the_solar_method_where_the_sun_is_at_work() -> None:
    model = making.learnt(making.grid(LARGE), levels=STILL, responses=responses(0))
    interval = noisy(6)
    solar = model.solar.fill(interval, THETA)
    assert np.abs(solar - Cubic().fill(interval, THETA))[:, 0].max() > 0.3  # kelvin
    difference = np.abs(model.fill(interval, THETA) - solar)
    assert (difference <= 2e-5 * SPREAD + 1e-6 * np.abs(interval.start)).all()


def test_the_day_that_is_kept_from_the_network_comes_back() -> None:
    """The spline of the rest and the spline of the day's cycle are the spline of both."""
    model = worked(0.0, levels=STILL)
    plain = replace(model, daily=making.no_hours(making.grid(LARGE), len(CHANNELS)))
    interval = noisy(7)
    difference = np.abs(model.fill(interval, THETA) - plain.fill(interval, THETA))
    assert (difference <= 2e-5 * SPREAD + 1e-6 * np.abs(interval.start)).all()
    trained = worked(0.3, levels=STILL)
    other = replace(trained, daily=plain.daily)
    assert np.abs(trained.fill(interval, THETA) - other.fill(interval, THETA)).max() > 1e-2


def test_a_pattern_that_travels_is_followed() -> None:
    """Three and a half cells per span; temperature and humidity share what moves them."""
    lead = np.arange(-3.0, 5.0)
    pattern = making.waves((32, 40), 3.5 * lead, -1.0 * lead)
    hidden_at = np.array([0.25, 0.5, 0.75])
    hidden = making.waves((32, 40), 3.5 * hidden_at, -1.0 * hidden_at)
    frames = making.fields(0, 8, (32, 40)) * np.float32(0)
    frames[:, 0] = 280 + 8 * pattern
    interval = making.interval_of(frames, 3)
    model = making.learnt(interval.grid)
    inner = (slice(None), slice(6, -6), slice(8, -8))

    def error(method: Method) -> float:
        filled = method.fill(interval, hidden_at)[:, 0]
        return float(np.sqrt(((filled - 280 - 8 * hidden)[inner] ** 2).mean()))

    moving, curved, straight = (error(one) for one in (model, Cubic(), Linear()))
    assert moving < 0.1 * curved
    assert moving < 0.02 * straight


@pytest.mark.parametrize("size", [0.0, 0.3])
def test_times_asked_for_do_not_see_each_other(size: float) -> None:
    model, interval = worked(size), noisy(8)
    tens, hours = np.arange(19) / 18, np.arange(4) / 3  # ten minutes and one hour of three
    every_ten = model.fill(interval, tens)
    hourly = model.fill(interval, hours)
    backwards = model.fill(interval, hours[::-1].copy())[::-1]
    alone = np.concatenate([model.fill(interval, hours[i : i + 1]) for i in range(4)])
    for other in (every_ten[::6], backwards, alone):
        assert (np.abs(other - hourly) <= 2e-5 * SPREAD + 1e-6 * np.abs(interval.start)).all()


@pytest.mark.parametrize("size", [0.0, 0.3])
def test_paths_of_neighbouring_intervals_meet_without_a_jump(size: float) -> None:
    """Ten times nearer, ten times less away from it; and no minute stands out there."""
    frames = making.fields(9, 9, LARGE)
    where = making.grid(LARGE)
    first = making.interval_of(frames[:8], 3, where=where)
    second = making.interval_of(frames[1:], 3, where=where, start="2019-03-05T09:00")
    model = worked(size)
    frame = frames[4]
    near = np.array([10.0, 1.0]) / SPAN_S
    before, after = model.fill(first, 1 - near), model.fill(second, near)
    rounding = 2e-5 * SPREAD + 1e-6 * np.abs(frame)
    for path in (before, after):
        ten, one = np.abs(path - frame).mean(axis=(2, 3))
        assert (one <= 0.11 * ten + rounding.mean(axis=(1, 2))).all()
    minutes = 60 * np.arange(11) / SPAN_S
    path = np.concatenate([model.fill(first, 1 - minutes[:0:-1]), model.fill(second, minutes)])
    steps = np.abs(np.diff(path, axis=0)).mean(axis=(1, 2, 3))
    assert steps[8:12].max() < 1.5 * steps.mean()


@pytest.mark.parametrize(("before", "after"), [(0, 0), (0, 3), (1, 2), (3, 1), (3, 3)])
@pytest.mark.parametrize("shape", [(1, 1), SMALL, LARGE])
def test_any_context_and_any_grid_works(before: int, after: int, shape: tuple[int, int]) -> None:
    interval = noisy(10, before, after, shape)
    filled = making.learnt(interval.grid, size=0.3).fill(interval, THETA)
    assert filled.shape == (3, 4, *shape)
    assert np.isfinite(filled).all()


def test_frames_beyond_the_third_are_not_looked_at() -> None:
    longer, model = noisy(11, 5, 6), worked(0.3)
    near = replace(longer, before=longer.before[-3:], after=longer.after[:3])
    np.testing.assert_array_equal(model.fill(longer, THETA), model.fill(near, THETA))


def test_missing_context_changes_nothing_far_away_and_leaves_no_hole() -> None:
    interval = noisy(12, shape=(20, 60))
    model = making.learnt(interval.grid, size=0.1, levels=STILL)
    before = interval.before.copy()
    before[1, 0, 4, 5] = np.nan
    before[:, 2, 4, 5] = np.nan
    holed = model.fill(replace(interval, before=before), THETA)
    whole = model.fill(interval, THETA)
    assert np.isfinite(holed).all()
    changed = (holed != whole).any(axis=(0, 1))
    assert changed[4, 5]
    before[1, 0, 4, 5] = interval.before[2, 0, 4, 5]  # the next frame towards the interval
    before[:, 2, 4, 5] = interval.start[2, 4, 5]
    near = model.fill(replace(interval, before=before), THETA)
    np.testing.assert_array_equal(holed, near)
    # two convolutions at full resolution, five at half of it, one more for the stem
    assert not changed[:, 5 + 2 * 5 + 3 + 2 :].any()


def test_missing_values_at_an_end_stay_where_they_are() -> None:
    interval, model = noisy(13), worked(0.3)
    start, end = interval.start.copy(), interval.end.copy()
    start[0, 3, 4] = np.nan
    end[1, 7, 8] = np.nan
    start[3] = np.nan  # a whole field
    filled = model.fill(replace(interval, start=start, end=end), THETA)
    np.testing.assert_array_equal(np.isnan(filled), np.isnan(start + end)[None].repeat(3, axis=0))


def test_the_mirrored_atmosphere_of_an_untrained_model_is_the_mirror_of_its_answer() -> None:
    """East and west exchanged: columns run westward, and the same motion is met from the other."""
    interval = noisy(14)
    model = making.learnt(interval.grid, levels=STILL, responses=responses(1))
    metric = interval.grid.metric
    there = replace(
        interval,
        start=interval.start[..., ::-1],
        end=interval.end[..., ::-1],
        before=interval.before[..., ::-1],
        after=interval.after[..., ::-1],
        grid=replace(
            interval.grid,
            latitude=interval.grid.latitude[:, ::-1],
            longitude=interval.grid.longitude[:, ::-1],
            metric=replace(metric, dx_m=-metric.dx_m),
        ),
    )
    mirrored = model.fill(there, THETA)[..., ::-1]
    difference = np.abs(mirrored - model.fill(interval, THETA))
    assert (difference <= 2e-5 * SPREAD + 1e-6 * np.abs(interval.start)).all()


def test_the_order_of_channels_and_others_beside_them_do_not_matter() -> None:
    interval, model = noisy(15), worked(0.3)
    order = [2, 0, 3, 1]
    shuffled = replace(
        interval,
        start=interval.start[order],
        end=interval.end[order],
        before=interval.before[:, order],
        after=interval.after[:, order],
        channels=tuple(CHANNELS[i] for i in order),
    )
    wanted = model.fill(interval, THETA)
    np.testing.assert_array_equal(model.fill(shuffled, THETA), wanted[:, order])

    extra = Channel("flag", "flag", "1", Kind.INSTANTANEOUS)
    more = replace(
        shuffled,
        start=np.concatenate([interval.start[:1] * 0 + 7, shuffled.start]),
        end=np.concatenate([interval.start[:1] * 0 + 9, shuffled.end]),
        before=np.concatenate([shuffled.before[:, :1], shuffled.before], axis=1),
        after=np.concatenate([shuffled.after[:, :1], shuffled.after], axis=1),
        channels=(extra, *shuffled.channels),
    )
    wider = replace(
        model, instead={"flag": ("nearest", "not learnt")}, classical={"nearest": Nearest()}
    )
    filled = wider.fill(more, THETA)
    np.testing.assert_array_equal(filled[:, 1:], wanted[:, order])
    np.testing.assert_array_equal(filled[:, 0, 0, 0], [7, 7, 9])


def test_a_channel_that_gets_a_classical_method_is_filled_by_it_and_the_others_are_as_before() -> (
    None
):
    interval, model = noisy(16), worked(0.3)
    chosen = replace(model, instead={"u": ("cubic", "better")}, classical={"cubic": Cubic()})
    filled = chosen.fill(interval, THETA)
    np.testing.assert_array_equal(filled[:, 1], Cubic().fill(interval, THETA)[:, 1])
    np.testing.assert_array_equal(filled[:, [0, 2, 3]], model.fill(interval, THETA)[:, [0, 2, 3]])
    assert chosen.context == 12
    assert model.context == 3
    assert chosen.treatment(CHANNELS[1], interval.grid) == "cubic: better"
    assert chosen.treatment(CHANNELS[0], interval.grid) == "temdeep"


def test_variables_that_it_was_not_trained_on_are_refused() -> None:
    interval, model = noisy(17), worked(0.3)
    strange = replace(interval, channels=(*CHANNELS[:3], HUMIDITY))
    with pytest.raises(ModelError, match=r"the model knows t, u, v, ps, not q: choose with vari"):
        model.fill(strange, THETA)
    with pytest.raises(ModelError, match="the model knows t, u, v, ps, not q"):
        model.treatment(HUMIDITY, interval.grid)


def test_a_variable_that_it_needs_and_is_not_there_is_named() -> None:
    interval, model = noisy(18), worked(0.3)
    fewer = replace(
        interval,
        start=interval.start[:3],
        end=interval.end[:3],
        before=interval.before[:, :3],
        after=interval.after[:, :3],
        channels=CHANNELS[:3],
    )
    with pytest.raises(ModelError, match="the model also needs ps, which it was trained with"):
        model.fill(fewer, THETA)


def test_other_units_are_refused() -> None:
    interval, model = noisy(19), worked(0.3)
    celsius = replace(interval, channels=(replace(CHANNELS[0], units="degC"), *CHANNELS[1:]))
    with pytest.raises(ModelError, match="'t' is in 'degC' and the model was trained on 'K'"):
        model.fill(celsius, THETA)


def test_a_place_without_the_elevation_that_was_learnt_with_is_refused_not_taken_for_the_sea() -> (
    None
):
    flat = making.grid(LARGE)
    hilly = replace(flat, elevation_m=np.linspace(0, 900, 360).reshape(LARGE))
    model = making.learnt(hilly, size=0.3)
    one = replace(noisy(0), grid=hilly)
    model.fill(one, THETA)
    for asked in (lambda: model.fill(noisy(0), THETA), lambda: model.treatment(CHANNELS[0], flat)):
        with pytest.raises(ModelError, match=r"trained with elevation of each place, .* static="):
            asked()


def test_elevation_that_was_not_learnt_with_changes_nothing() -> None:
    hilly = replace(making.grid(LARGE), elevation_m=np.linspace(0, 900, 360).reshape(LARGE))
    model = making.learnt(making.grid(LARGE), size=0.3)
    np.testing.assert_array_equal(
        model.fill(replace(noisy(0), grid=hilly), THETA), model.fill(noisy(0), THETA)
    )


def test_periods_are_left_to_classical_methods() -> None:
    rain = Channel("r", "r", "kg m-2", Kind.SUM)
    rng = np.random.default_rng(0)
    rates: Float64Array = rng.gamma(2, 1, (3, 1, *LARGE))
    period = PeriodInterval(
        rate=rates[1],
        span_s=SPAN_S,
        valid_time=np.datetime64("2019-03-05T06:00", "us"),
        channels=(rain,),
        grid=making.grid(LARGE),
        before=rates[:1],
        after=rates[2:],
    )
    edges = np.array([0.0, 0.25, 1.0])
    model = worked(0.3)
    with pytest.raises(ModelError, match="not r"):
        model.fill_periods(period, edges)
    wider = replace(model, instead={"r": ("cubic", "sums")}, classical={"cubic": Cubic()})
    np.testing.assert_array_equal(
        wider.fill_periods(period, edges), Cubic().fill_periods(period, edges)
    )


def test_what_cannot_be_negative_is_not() -> None:
    humid = (*CHANNELS[:3], HUMIDITY)
    frames = making.fields(20, 8, LARGE)
    frames[:, 3] = np.maximum(frames[:, 3] - 1e5, 0)
    interval = making.interval_of(frames, 3, channels=humid)
    model = making.learnt(interval.grid, size=1.0, channels=humid)
    assert (model.fill(interval, THETA)[:, 3] >= 0).all()
    assert (model._look(interval)(THETA)[:, 3] < 0).any()


def test_the_network_looks_at_an_interval_once_whatever_is_asked_of_it() -> None:
    interval, model = noisy(20), worked(0.3)
    looks: list[int] = []
    model.network.register_forward_hook(lambda *_: looks.append(1))
    kept = keep_consistent(model, interval.channels)
    uncertain = Uncertain(kept, Spread({}))
    render = rendering(uncertain, interval)
    made = np.concatenate([render(THETA[:1]), render(THETA[1:])])
    assert looks == [1]
    np.testing.assert_allclose(made, model.fill(interval, THETA), rtol=1e-6, atol=1e-4)


def test_what_was_given_is_not_changed() -> None:
    interval, model = noisy(21), worked(0.3)
    given = [interval.start, interval.end, interval.before, interval.after]
    copies = [array.copy() for array in given]
    for array in given:
        array.flags.writeable = False
    model.fill(interval, THETA)
    for array, copy in zip(given, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("theta", [-0.01, 1.01, np.nan])
def test_nothing_is_extrapolated(theta: float) -> None:
    with pytest.raises(ValueError, match="lead fractions must lie in"):
        worked(0.0).fill(noisy(22), np.array([theta]))


def test_channels_that_are_not_trusted_get_the_anchor() -> None:
    interval, model = noisy(23), worked(0.3, levels=STILL)
    settings: NetworkSettings = replace(model.network.settings, trust=(0.0, 1.0, 1.0, 0.0))
    network = making.network(settings, size=0.3)
    doubted = replace(model, network=network).fill(interval, THETA)
    anchor = worked(0.0, levels=STILL).fill(interval, THETA)
    np.testing.assert_array_equal(doubted[:, [0, 3]], anchor[:, [0, 3]])
    np.testing.assert_array_equal(doubted[:, [1, 2]], model.fill(interval, THETA)[:, [1, 2]])


@pytest.mark.cuda
def test_a_gpu_fills_as_the_processor_does() -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    interval, model = noisy(24), worked(0.3)
    wanted = model.fill(interval, THETA)
    there = replace(model, network=model.network.cuda())
    assert (np.abs(there.fill(interval, THETA) - wanted) <= 1e-2 * SPREAD).all()


def test_layers_in_bfloat16_round_corrections_and_neither_ends_nor_what_is_not_learnt() -> None:
    model, interval = worked(0.05), noisy(3)
    half = replace(model, precision="bf16")
    single, rounded = (one.fill(interval, THETA).astype(np.float64) for one in (model, half))
    added = single - worked(0.0).fill(interval, THETA)
    off = np.sqrt(((rounded - single) ** 2).mean(axis=(0, 2, 3)))
    size = np.sqrt((added**2).mean(axis=(0, 2, 3)))
    assert (off > 0).all()
    assert (off < 0.03 * size).all()
    ends = half.fill(interval, np.array([0.0, 1.0]))
    np.testing.assert_array_equal(ends, np.stack([interval.start, interval.end]))
    untrained = worked(0.0)
    np.testing.assert_array_equal(
        replace(untrained, precision="bf16").fill(interval, THETA), untrained.fill(interval, THETA)
    )
    assert half.treatment(CHANNELS[0], interval.grid) == "temdeep: layers in bf16"


@pytest.mark.parametrize("rain", [False, True])
def test_the_number_of_threads_changes_no_bit(*, rain: bool) -> None:
    """PyTorch's and OpenCV's: what a run on two cores began one on many can go on with."""
    model = with_rain.worked(rain=rain)
    frames = with_rain.smooth(3, 6)
    if rain:
        frames[:, 3] = np.maximum(frames[:, 3] - 1e5, 0) / 500
    interval = making.interval_of(frames, 2, channels=model.channels)
    before = torch.get_num_threads(), cv2.getNumThreads()
    made = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)
            made.append(model.fill(interval, THETA))
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
    np.testing.assert_array_equal(made[1], made[0])
    np.testing.assert_array_equal(made[2], made[0])
