"""Hidden times stay hidden, and come along as the truth."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from temdeep.errors import RequestError
from temdeep.fields.series import Series, series_from_dataset
from temdeep.verification.withholding import thin_out, window

Maker = Callable[..., xr.Dataset]


def test_truth_is_what_lies_between_the_kept_times(series: Series) -> None:
    withheld = thin_out(series, 6)
    channels = series.instantaneous()
    seen = list(withheld.times(context=2))
    assert len(seen) == 28
    for number, hidden in enumerate(seen):
        first = 6 * number
        np.testing.assert_allclose(hidden.theta, np.arange(1, 6) / 6, rtol=1e-12)
        np.testing.assert_array_equal(hidden.offset_us // 3_600_000_000, first + np.arange(1, 6))
        frames = series.read(channels, slice(first, first + 7))
        np.testing.assert_array_equal(hidden.truth, frames[1:6])
        np.testing.assert_array_equal(hidden.interval.start, frames[0])
        np.testing.assert_array_equal(hidden.interval.end, frames[6])
        assert len(hidden.interval.before) == min(number, 2)


def test_joined_periods_hold_the_mean_of_the_hidden_rates(series: Series) -> None:
    withheld = thin_out(series, 6)
    seen = list(withheld.periods(series.periods(), context=1))
    assert len(seen) == 28
    for number, hidden in enumerate(seen):
        np.testing.assert_allclose(hidden.edges, np.arange(7) / 6, rtol=1e-12)
        np.testing.assert_array_equal(hidden.edges_us // 3_600_000_000, 6 * number + np.arange(7))
        np.testing.assert_allclose(hidden.truth.mean(axis=0), hidden.interval.rate, rtol=1e-6)


def test_hidden_values_do_not_reach_the_methods(make_dataset: Maker) -> None:
    dataset = make_dataset()
    altered = dataset.copy(deep=True)
    hidden = np.arange(73) % 6 != 0
    for name in ("t2m", "u10", "v10"):
        altered[name].values[hidden] += np.random.default_rng(0).normal(
            size=altered[name][hidden].shape
        )
    tp = altered["tp"].values
    for first in range(1, 73, 6):  # shuffled within their joined period: the total stays
        tp[first : first + 6] = tp[first : first + 6][::-1]
    given, other = (thin_out(series_from_dataset(each), 6) for each in (dataset, altered))
    for one, two in zip(given.times(12), other.times(12), strict=True):
        np.testing.assert_array_equal(one.interval.frames, two.interval.frames)
        assert (one.truth != two.truth).any()
    channels = given.fine.periods()
    parts = zip(given.periods(channels, 12), other.periods(channels, 12), strict=True)
    for part, again in parts:
        np.testing.assert_allclose(part.interval.rate, again.interval.rate, rtol=1e-12)
        np.testing.assert_allclose(part.interval.before, again.interval.before, rtol=1e-12)
        assert (part.truth != again.truth).any()


def test_nothing_is_scored_across_a_gap(make_dataset: Maker) -> None:
    gap = make_dataset().isel(time=[i for i in range(73) if not 20 <= i < 30])
    withheld = thin_out(series_from_dataset(gap), 6)
    starts = [int(hidden.offset_us[0] // 3_600_000_000) for hidden in withheld.times(3)]
    assert starts == [1, 7, 13, 31, 37, 43, 49, 55, 61, 67]
    ends = [
        int(h.edges_us[-1] // 3_600_000_000) for h in withheld.periods(withheld.fine.periods(), 3)
    ]
    assert 24 not in ends
    assert 30 not in ends
    assert {6, 12, 18, 36, 42} <= set(ends)


def test_a_window_is_filled_in_as_in_the_whole(series: Series) -> None:
    whole = thin_out(series, 6)
    hour = 3_600_000_000
    part = window(whole, 75 * hour, 80 * hour, context=3)
    shift = series.time.offset_of(part.fine.time.values[0])
    wanted = {int(h.offset_us[0]): h for h in whole.times(3)}
    seen = {int(h.offset_us[0]) + shift: h for h in part.times(3)}
    for start in (73 * hour, 79 * hour):
        np.testing.assert_array_equal(seen[start].interval.frames, wanted[start].interval.frames)
    periods = {int(h.edges_us[0]): h for h in whole.periods(series.periods(), 3)}
    again = {int(h.edges_us[0]) + shift: h for h in part.periods(series.periods(), 3)}
    for start in (72 * hour, 78 * hour):
        np.testing.assert_array_equal(again[start].interval.before, periods[start].interval.before)
        np.testing.assert_array_equal(again[start].interval.after, periods[start].interval.after)


@pytest.mark.parametrize("hour", [0, 1, 80, 166, 168])
def test_a_window_without_context_holds_its_interval_also_at_the_ends(
    series: Series, hour: int
) -> None:
    whole = thin_out(series, 6)
    offset = hour * 3_600_000_000
    part = window(whole, offset, offset, context=0)
    shift = series.time.offset_of(part.fine.time.values[0])
    starts = [int(h.edges_us[0]) + shift for h in part.periods(series.periods(), 0)]
    wanted = max(hour - 1, 0) // 6 * 6 * 3_600_000_000
    assert wanted in starts


@pytest.mark.parametrize(("every", "words"), [(1, "hides nothing"), (60, "too few")])
def test_withholding_too_little_or_too_much_is_refused(
    series: Series, every: int, words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        thin_out(series.between("2001-05-04", "2001-05-07"), every)
