"""Which intervals are learnt from, and that a view shows one and the same place everywhere."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.training.making import TINY, series

from temdeep.fields.series import series_from_dataset
from temdeep.methods.places import PlaceBasis
from temdeep.methods.solar import Solar
from temdeep.network.rendering import render
from temdeep.network.settings import CONTEXT
from temdeep.training.coarse import CoarseData
from temdeep.training.samples import (
    Cutter,
    Sample,
    View,
    draw_view,
    epoch_samples,
    held_out_samples,
    intervals,
    whole_view,
)
from temdeep.training.scales import anchor

LAST = 34
WHOLE, PART = View((0, 18), (0, 20)), View((3, 9), (5, 11))
SAMPLES = [Sample(6, 2, 3, 3), Sample(9, 4, 1, 2), Sample(2, 3, 0, 3)]


def coarse(shape: tuple[int, int] = (18, 20), *, gap: int | None = None) -> CoarseData:
    made = series(40, shape=shape)
    if gap is not None:
        made = made.isel(time=np.delete(np.arange(40), gap)).drop_vars("tp")
    read = series_from_dataset(made)
    solar = Solar(PlaceBasis.of(read.grid), {})
    return CoarseData.of(read, solar, replace(TINY, spans=(2, 3, 4)), LAST)


@pytest.fixture(scope="module")
def data() -> CoarseData:
    return coarse()


def places(sample: Sample) -> range:
    """Frames that a sample looks at, hidden ones included."""
    k = sample.multiple
    return range(sample.first - k * sample.before, sample.first + k * (1 + sample.after) + 1)


@pytest.mark.parametrize("gap", [None, 20])
def test_nothing_that_is_held_out_or_beyond_a_gap_is_ever_looked_at(gap: int | None) -> None:
    data = coarse((4, 5), gap=gap)
    settings = replace(TINY, samples=400, fewer_context=0.5)
    index = np.random.default_rng(0).normal(size=40)
    for epoch, of_index in ((0, None), (1, None), (2, index)):
        for sample in epoch_samples(data, settings, epoch, LAST, of_index):
            seen = places(sample)
            assert 0 <= seen[0] <= seen[-1] < LAST
            run = next(one for one in data.runs if one.start <= sample.first < one.stop)
            assert run.start <= seen[0] <= seen[-1] < run.stop


def test_every_interval_has_all_the_context_that_there_is(data: CoarseData) -> None:
    found = intervals(data, LAST, 3)
    assert [one.first for one in found] == list(range(LAST - 3))
    for one in found:
        assert one.before == min(CONTEXT, one.first // 3)
        assert one.after == min(CONTEXT, (LAST - 1 - one.first - 3) // 3)


def test_intervals_of_the_held_out_block_hide_nothing_outside_it(data: CoarseData) -> None:
    found = held_out_samples(data, LAST, 2)
    assert [one.first for one in found] == list(range(LAST, 38))
    assert found[0].before == CONTEXT  # what is known before the block is context


def test_an_epoch_is_the_same_each_time_and_another_is_not(data: CoarseData) -> None:
    settings = replace(TINY, samples=64)

    def drawn(epoch: int, seed: int = 0) -> list[Sample]:
        return epoch_samples(data, replace(settings, seed=seed), epoch, LAST, None)

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)
    assert drawn(3) != drawn(3, seed=1)
    views = [draw_view(data, replace(TINY, mirror=0.5), 3, batch) for batch in range(20)]
    assert views == [draw_view(data, replace(TINY, mirror=0.5), 3, batch) for batch in range(20)]
    assert len(set(views)) > 10
    assert {one.mirrored for one in views} == {False, True}


def test_spans_are_drawn_as_often_as_their_power_says(data: CoarseData) -> None:
    settings = replace(TINY, samples=4000, span_power=2.0)
    drawn = [one.multiple for one in epoch_samples(data, settings, 0, LAST, None)]
    weights = np.array([2.0, 3.0, 4.0]) ** -2
    shares = np.array([drawn.count(k) for k in (2, 3, 4)]) / 4000
    np.testing.assert_allclose(shares, weights / weights.sum(), atol=0.03)


def test_only_rapid_intervals_are_drawn_where_an_index_is_given(data: CoarseData) -> None:
    index = np.zeros(40)
    index[10:14] = 1.0
    settings = replace(TINY, samples=200, rapid=0.1)
    for one in epoch_samples(data, settings, 0, LAST, index):
        assert index[one.first : one.first + one.multiple].mean() > 0


def test_some_intervals_lose_context_and_none_gains_any(data: CoarseData) -> None:
    most = {(one.first, k): one for k in (2, 3, 4) for one in intervals(data, LAST, k)}

    def fewer(share: float) -> float:
        settings = replace(TINY, samples=500, fewer_context=share)
        drawn = epoch_samples(data, settings, 0, LAST, None)
        full = [most[one.first, one.multiple] for one in drawn]
        pairs = list(zip(drawn, full, strict=True))
        assert all(one.before <= own.before and one.after <= own.after for one, own in pairs)
        return float(np.mean([one != own for one, own in pairs]))

    assert fewer(0.0) == 0
    assert 0.7 < fewer(1.0) < 1


def test_hidden_times_are_the_frames_inside_and_their_lead_fractions(data: CoarseData) -> None:
    cut = Cutter(data).cut(SAMPLES, WHOLE, "cpu")
    torch.testing.assert_close(
        cut.theta,
        torch.tensor([[1 / 2, 0.5, 0.5], [1 / 4, 2 / 4, 3 / 4], [1 / 3, 2 / 3, 0.5]]),
    )
    assert cut.counted.tolist() == [[1, 0, 0], [1, 1, 1], [1, 1, 0]]
    for row, one in enumerate(SAMPLES):
        hidden = data.frames[one.first + 1 : one.first + one.multiple]
        assert torch.equal(cut.truth[row, : one.multiple - 1], hidden)
        assert torch.equal(cut.window.start[row], data.frames[one.first])
        assert torch.equal(cut.window.end[row], data.frames[one.first + one.multiple])
    assert cut.window.span_s.tolist() == [k * 10_800.0 for k in (2, 4, 3)]


def test_frames_that_are_not_there_are_zero_and_context_is_at_steps_of_the_span(
    data: CoarseData,
) -> None:
    frames = Cutter(data).window_frames(Sample(9, 4, 1, 2), WHOLE)
    wanted = [None, None, 5, 9, 13, 17, 21, None]
    for found, place in zip(frames, wanted, strict=True):
        own = torch.zeros_like(found) if place is None else data.frames[place]
        assert torch.equal(found, own)


@pytest.mark.parametrize("mirrored", [False, True])
def test_all_parts_of_a_batch_show_the_same_place(data: CoarseData, mirrored: bool) -> None:
    made = torch.manual_seed(0)
    place = torch.rand(data.ground.place.shape, generator=made)
    area = torch.rand(data.area.shape, generator=made)
    cutter = Cutter(replace(data, ground=replace(data.ground, place=place), area=area))
    whole = cutter.cut(SAMPLES, replace(WHOLE, mirrored=mirrored), "cpu")
    part = cutter.cut(SAMPLES, replace(PART, mirrored=mirrored), "cpu")
    left = 20 - 5 - 11 if mirrored else 5  # the mirror counts columns from the other side
    rows, columns = slice(3, 12), slice(left, left + 11)
    for of_whole, of_part in [
        (whole.window.frames, part.window.frames),
        (whole.window.motion, part.window.motion),
        (whole.truth, part.truth),
        (whole.area, part.area),
        (whole.window.ground.dx_m, part.window.ground.dx_m),
        (whole.window.ground.dy_m, part.window.ground.dy_m),
        (whole.window.ground.place, part.window.ground.place),
    ]:
        assert torch.equal(of_whole[..., rows, columns], of_part)
    assert torch.equal(whole.area, area.flip(-1) if mirrored else area)
    assert data.settings.level_count == 1
    assert (whole.window.motion != 0).any()


def test_the_mirror_of_the_mirror_is_the_atmosphere_itself(data: CoarseData) -> None:
    mirror = replace(WHOLE, mirrored=True)
    times = torch.arange(40)
    once = Cutter(data).fields(times, mirror)
    assert not torch.allclose(once, data.frames[:])
    twice = Cutter(replace(data, frames=once)).fields(times, mirror)
    torch.testing.assert_close(twice, data.frames[:], atol=1e-5, rtol=1e-5)


def test_in_the_mirror_winds_and_motion_blow_the_other_way(data: CoarseData) -> None:
    cutter, mirror = Cutter(data), replace(WHOLE, mirrored=True)
    spread = torch.tensor(data.settings.spread)[:, None, None]
    mean = torch.tensor(data.settings.mean)[:, None, None]
    names = [one.name for one in data.channels]
    assert names == ["t2m", "u10", "v10"]
    own = cutter.fields(torch.tensor([7]), WHOLE)[0] * spread + mean
    seen = cutter.fields(torch.tensor([7]), mirror)[0] * spread + mean
    for channel, sign in enumerate([1, -1, 1]):
        torch.testing.assert_close(seen[channel], sign * own[channel].flip(-1), atol=2e-4, rtol=0)
    motion = cutter.motion(SAMPLES[0], WHOLE)
    mirrored = cutter.motion(SAMPLES[0], mirror)
    assert torch.equal(mirrored[:, 0], -motion[:, 0].flip(-1))
    assert torch.equal(mirrored[:, 1], motion[:, 1].flip(-1))


def test_the_anchor_of_the_mirrored_atmosphere_is_the_mirrored_anchor(data: CoarseData) -> None:
    cutter = Cutter(data)
    rendered = []
    for mirrored in (False, True):
        window = cutter.cut(SAMPLES, replace(WHOLE, mirrored=mirrored), "cpu").window
        lead = torch.tensor([[0.3, 0.5]]).expand(3, -1)
        found = render(window, anchor(window, 3), lead, data.settings.levels)
        rendered.append(found)
    signs = torch.tensor([1.0, -1.0, 1.0])[:, None, None]
    torch.testing.assert_close(rendered[1], signs * rendered[0].flip(-1), atol=1e-4, rtol=1e-4)


def test_only_all_columns_go_around_the_globe(data: CoarseData) -> None:
    globe = replace(data, ground=replace(data.ground, cyclic=True))
    cutter = Cutter(globe)
    assert cutter.ground(whole_view(globe), "cpu").cyclic
    assert cutter.ground(View((3, 9), (0, 20)), "cpu").cyclic
    assert not cutter.ground(PART, "cpu").cyclic


def test_views_lie_on_the_grid_and_reach_its_edges(data: CoarseData) -> None:
    views = [draw_view(data, replace(TINY, crop=15), 0, batch) for batch in range(100)]
    assert {one.rows for one in views} == {(top, 15) for top in range(4)}
    assert {one.columns for one in views} == {(left, 15) for left in range(6)}


def test_missing_values_are_no_truth_and_no_input(data: CoarseData) -> None:
    frames = data.frames[:]
    frames[7, 0, 2, 3] = float("nan")
    frames[8, 1, 4, 4] = float("nan")
    cut = Cutter(replace(data, frames=frames)).cut(SAMPLES[:1], WHOLE, "cpu")
    assert cut.window.frames.isfinite().all()
    assert cut.window.motion.isfinite().all()
    assert torch.isnan(cut.truth[0, 0, 0, 2, 3])
