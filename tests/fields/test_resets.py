"""Running totals without bounds: recognised where values prove it, refused where they do not."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fields.making import SUM, dataset, hours

from temdeep.errors import VariableKindError
from temdeep.fields.series import Series, series_from_dataset

HOUR_US = 3_600_000_000
RAINNC = {"units": "mm"}


def rain(count: int, seed: int = 0) -> np.ndarray:
    """Hourly amounts, dry here and there."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.gamma(1.0, 2.0, (count, 4, 5)) * (rng.random((count, 4, 5)) < 0.6))


def totals(hourly: np.ndarray, emptied: list[int]) -> np.ndarray:
    """Totals that begin anew with the amounts at some indices."""
    parts = np.split(hourly, emptied)
    return np.concatenate([np.cumsum(part, axis=0) for part in parts])


def series(values: np.ndarray, times: Any, attributes: dict[str, str], **options: Any) -> Series:
    data = dataset(times, name="tp", attributes=attributes)
    return series_from_dataset(data.assign(tp=data.tp.copy(data=values)), **options)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    bucket=st.sampled_from([3, 6, 12, 24]),
    first=st.integers(1, 30),
)
def test_a_bucket_that_the_user_names_is_taken_apart(seed: int, bucket: int, first: int) -> None:
    times = hours(first + 50)[first:]
    emptied = [i for i in range(1, 50) if (first + i - 1) % bucket == 0]
    hourly = rain(50, seed)
    kinds = {"tp": f"accumulated:{bucket}h"}
    made = series(totals(hourly, emptied), times, RAINNC, kinds=kinds)
    got = made.read_rates(made.channels, slice(1, None))[:, 0] * 3600
    np.testing.assert_allclose(got, hourly[1:], atol=1e-4)
    begins = (made.totals["tp"].edges[:, 0] + first * HOUR_US) // HOUR_US
    np.testing.assert_array_equal(begins, (np.arange(first, first + 50) - 1) // bucket * bucket)


def test_resets_at_midnight_are_found_and_named() -> None:
    """As in ERA5-Land: the value at 00 is the whole day's."""
    hourly = rain(60)
    values = totals(hourly, [24, 48])
    times = hours(61)[1:]
    for options in ({"kinds": {"tp": "accumulated"}}, {}):
        made = series(values, times, SUM, **options)
        got = made.read(made.channels, slice(None))[:, 0]
        np.testing.assert_allclose(got, hourly, atol=1e-4)
        assert "begins anew at 2019-03-02T00:00, 2019-03-03T00:00" in made.notes[0]


def test_a_reset_at_any_hour_must_repeat() -> None:
    hourly, times = rain(40), hours(45)[5:]
    regular = series(totals(hourly, [7, 19, 31]), times, RAINNC, kinds={"tp": "accumulated"})
    np.testing.assert_allclose(
        regular.read(regular.channels, slice(1, None))[:, 0], hourly[1:], atol=1e-4
    )
    for emptied in ([7], [7, 19, 26]):
        with pytest.raises(VariableKindError, match=r"falls by .* not where it regularly begins"):
            series(totals(hourly, emptied), times, RAINNC, kinds={"tp": "accumulated"})


def test_a_bucket_that_is_not_emptied_is_refused() -> None:
    values = totals(rain(40), [])
    with pytest.raises(VariableKindError, match="should begin anew every 12h at 2019-03-01T12:00"):
        series(values, hours(41)[1:], RAINNC, kinds={"tp": "accumulated:12h"})
    emptied = totals(rain(40), [6, 18, 30])
    with pytest.raises(VariableKindError, match="falls by"):
        series(emptied, hours(41)[1:], RAINNC, kinds={"tp": "accumulated:12h"})


def test_a_place_that_falls_alone_is_no_reset() -> None:
    values = totals(rain(60), [])
    values[24:, 2, 2] -= values[23, 2, 2]
    with pytest.raises(VariableKindError, match=r"falls by .* at 2019-03-02T01:00"):
        series(values, hours(61)[1:], RAINNC, kinds={"tp": "accumulated"})


def test_a_total_emptied_at_the_stamp_lacks_its_last_step() -> None:
    hourly = rain(60)
    values = totals(hourly, [24, 48])
    values[[23, 47]] = 0.0
    made = series(values, hours(61)[1:], RAINNC, kinds={"tp": "accumulated"})
    got = made.read(made.channels, slice(None))[:, 0]
    assert np.isnan(got[[23, 47]]).all()
    rest = np.setdiff1d(np.arange(60), [23, 47])
    np.testing.assert_allclose(got[rest], hourly[rest], atol=1e-4)


@pytest.mark.parametrize("kept", [True, False], ids=["a total", "sums per hour"])
def test_forecast_sums_without_bounds_are_what_they_behave_as(kept: bool) -> None:
    """GRIB stepType accum may stand for either."""
    hourly = rain(12)
    values = totals(hourly, []) if kept else hourly
    data = xr.Dataset(
        {"tp": (("step", "lat", "lon"), values, {"units": "kg m-2", "GRIB_stepType": "accum"})},
        coords={
            "time": ((), hours(1)[0], {"standard_name": "forecast_reference_time"}),
            "step": ("step", (np.arange(12) + 1) * np.timedelta64(1, "h").astype("m8[ns]")),
            "lat": ("lat", 50.0 - 0.5 * np.arange(4), {"units": "degrees_north"}),
            "lon": ("lon", -4.0 + 0.5 * np.arange(5), {"units": "degrees_east"}),
        },
    )
    if not kept:
        with pytest.raises(VariableKindError, match=r"no bounds .* kinds=.*accumulated.* if it is"):
            series_from_dataset(data)
        return
    made = series_from_dataset(data)
    assert (made.totals["tp"].edges[:, 0] == -HOUR_US).all()
    np.testing.assert_allclose(made.read(made.channels, slice(None))[:, 0], hourly, atol=1e-4)
    assert any("taken for a running total" in note for note in made.notes)


def test_sunlight_summed_per_hour_in_the_morning_is_no_total() -> None:
    """It rises all morning, as a total does; nothing stays, so nothing proves it."""
    morning = np.arange(1.0, 7.0)[:, None, None] * np.linspace(90, 110, 20).reshape(4, 5)
    said = {"units": "J m-2", "cell_methods": "time: sum", "standard_name": ""}
    data = dataset(hours(7)[1:], name="ssrd", attributes=said)
    data = data.assign(ssrd=data.ssrd.copy(data=morning))
    with pytest.raises(VariableKindError, match="no bounds"):
        series_from_dataset(data)


def test_a_total_whose_start_nothing_tells_is_refused_or_named() -> None:
    values = totals(rain(20), []) + 5.0
    with pytest.raises(VariableKindError, match="nothing says since when they count"):
        series(values, hours(20), SUM)
    made = series(values, hours(20), SUM, kinds={"tp": "accumulated"})
    assert any("nothing says since when it counts" in note for note in made.notes)


def test_a_missing_value_hides_the_steps_on_both_sides() -> None:
    hourly = rain(12)
    values = totals(hourly, [])
    values[5, 1, 1] = np.nan
    made = series(values, hours(13)[1:], RAINNC, kinds={"tp": "accumulated:1d"})
    got = made.read(made.channels, slice(None))[:, 0]
    assert np.isnan(got[5:7, 1, 1]).all()
    np.testing.assert_allclose(got[7:, 1, 1], hourly[7:, 1, 1], atol=1e-4)
    assert np.isnan(got).sum() == 2


def test_what_may_fall_is_not_levelled() -> None:
    """Heat that leaves the ground at night makes its total fall."""
    heat = np.random.default_rng(0).normal(0.0, 100.0, (12, 4, 5))
    values = totals(heat, [])
    said = {"units": "J m-2", "standard_name": "surface_upward_sensible_heat_flux"}
    data = dataset(hours(13)[1:], name="sshf", attributes=said)
    data = data.assign(sshf=data.sshf.copy(data=values))
    made = series_from_dataset(data, kinds={"sshf": "accumulated:1d"})
    np.testing.assert_allclose(made.read(made.channels, slice(None))[:, 0], heat, atol=1e-3)
    assert not made.totals["sshf"].rising
