"""Real files are read as their producers meant them."""

from pathlib import Path

import numpy as np
import pytest

from temdeep.fields.series import Series, open_series
from temdeep.fields.variables import Kind, Nature

pytestmark = pytest.mark.real

HOUR = 3_600_000_000


def kinds(series: Series) -> dict[str, Kind]:
    return {channel.name: channel.kind for channel in series.channels}


def test_era5_grib_and_netcdf_give_the_same_numbers(real_data: Path) -> None:
    grib = open_series(real_data / "era5-2mt-2019-03-uk.grib")
    netcdf = open_series(real_data / "era5_uk_t2m_2019-03.nc")
    assert kinds(grib) == kinds(netcdf) == {"t2m": Kind.INSTANTANEOUS}
    assert grib.grid.same_places(netcdf.grid)
    assert grib.time_name == netcdf.time_name == "time"
    assert grib.dataset["time"].attrs["standard_name"] == "time"
    np.testing.assert_array_equal(grib.time.values, netcdf.time.values)
    frames = grib.read(grib.channels, slice(None))
    np.testing.assert_array_equal(frames, netcdf.read(netcdf.channels, slice(None)))
    assert grib.channels[0].level == netcdf.channels[0].level == "surface"


def test_opening_grib_leaves_nothing_beside_it(real_data: Path, tmp_path: Path) -> None:
    name = "meteonet_nw_arpege_10m_20180501.grib"
    (tmp_path / name).write_bytes((real_data / name).read_bytes())
    series = open_series(tmp_path / name)
    series.read(series.channels, slice(0, 2))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert {one.name: one.nature for one in series.channels} == {
        "ws": Nature.NON_NEGATIVE,
        "u10": Nature.CONTINUOUS,
        "v10": Nature.CONTINUOUS,
        "wdir": Nature.DIRECTION,
    }
    assert series.channel("u10").partner == "v10"
    assert {one.level for one in series.channels} == {"surface"}
    assert series.time.step_us == HOUR


def test_arpege_totals_since_midnight_are_hourly_sums_in_both_formats(real_data: Path) -> None:
    grib = open_series(real_data / "meteonet_nw_arpege_precip_20180501.grib")
    netcdf = open_series(real_data / "meteonet_nw_arpege_tp_20180501.nc")
    for series in (grib, netcdf):
        assert kinds(series) == {"tp": Kind.SUM}
        np.testing.assert_array_equal(np.diff(series.edges["tp"], axis=1), HOUR)
        assert "running total since 2018-05-01T00:00" in series.notes[0]
    hourly = grib.read(grib.channels, slice(None))
    np.testing.assert_array_equal(hourly, netcdf.read(netcdf.channels, slice(None)))
    assert hourly.min() == 0


def test_grib_messages_of_instants_and_sums_stand_side_by_side(
    real_data: Path, tmp_path: Path
) -> None:
    both = tmp_path / "both.grib"
    parts = ("meteonet_nw_arpege_10m_20180501.grib", "meteonet_nw_arpege_precip_20180501.grib")
    both.write_bytes(b"".join((real_data / part).read_bytes() for part in parts))
    series = open_series(both)
    assert [one.name for one in series.periods()] == ["tp"]
    assert len(series.instantaneous()) == 4
    np.testing.assert_array_equal(series.edges["tp"][:2], [[0, 0], [0, HOUR]])
    alone = open_series(real_data / parts[1])
    np.testing.assert_array_equal(
        series.read(series.periods(), slice(1, None)), alone.read(alone.channels, slice(None))
    )


def test_the_simulator_has_winds_sums_and_ground(real_data: Path) -> None:
    series = open_series(real_data / "speedy_t63_atlantic_train.nc")
    assert kinds(series)["pr"] is kinds(series)["ssrd"] is Kind.MEAN
    assert {one.name: one.level for one in series.instantaneous()} == {
        "t2m": "surface",
        "ps": "surface",
        "u10": "surface",
        "v10": "surface",
        "t850": "850 hPa",
        "q850": "850 hPa",
        "u850": "850 hPa",
        "v850": "850 hPa",
    }
    assert series.channel("u850").partner == "v850"
    assert [one.name for one in series.channels if one.ground] == ["ps", "ssrd"]
    assert series.statics == {"orog": "elevation", "lsm": "land"}
    assert not series.grid.metric.cyclic
    globe = open_series(real_data / "speedy_t31_train.nc")
    assert globe.grid.metric.cyclic


def test_era5_at_finse_holds_sums_of_an_hour_that_end_at_the_stamp(real_data: Path) -> None:
    series = open_series(real_data / "era5_finse_surface_2018-10_11.nc")
    sums = {one.name: one for one in series.periods()}
    assert set(sums) == {"strd", "ssrd", "tisr", "tp"}
    assert {one.kind for one in sums.values()} == {Kind.SUM}
    assert sums["ssrd"].nature is sums["tisr"].nature is Nature.SUNLIGHT
    assert sums["strd"].nature is Nature.CONTINUOUS
    np.testing.assert_array_equal(series.edges["tp"][:2], [[-HOUR, 0], [0, HOUR]])
    assert series.grid.elevation_m is not None
    assert 500 < series.grid.elevation_m.mean() < 1600
    part = series.between("2018-10-01T00:00", "2018-10-04T00:00")
    thinned = part.thin(6)
    rain = thinned.read([sums["tp"]], slice(1, None))[:, 0].sum(axis=0)
    whole = part.read([sums["tp"]], slice(1, None))[:, 0].sum(axis=0)
    np.testing.assert_allclose(rain, whole, rtol=1e-4, atol=1e-9)


def test_levels_are_channels(real_data: Path) -> None:
    series = open_series(real_data / "era5_davos_levels_2020-01a.nc")
    assert len(series.channels) == 36
    assert series.channel("u[level=500]").partner == "v[level=500]"
    assert series.channel("t[level=500]").level == "500 hPa"


def test_stamps_off_by_microseconds_are_regular_on_a_rotated_grid(real_data: Path) -> None:
    series = open_series(real_data / "colpex_theta_2009-09-09.nc")
    assert series.time.step_us == HOUR // 6
    assert not series.time.irregularity()
    assert "taken as exact" in series.time.note
    assert series.grid.shape == (83, 83)
    assert 51 < series.grid.latitude.mean() < 53
    assert series.grid.elevation_m is not None  # stored transposed


@pytest.mark.parametrize(
    ("name", "position", "steps"),
    [
        ("vic_stehekin_194901.nc", "begin", (0, 1.0)),
        ("era5_global_toa_radiation_2019-01-05.nc", "around", (-0.5, 0.5)),
        ("knmi_20100826.nc", "end", (-1 / 12, 0)),
    ],
)
def test_periods_lie_where_their_bounds_say(
    name: str, position: str, steps: tuple[float, float], real_data: Path
) -> None:
    series = open_series(real_data / name)
    period = series.periods()[0]
    assert position in period.reason
    np.testing.assert_array_equal(series.period_edges(period)[0], np.array(steps) * HOUR)


def test_a_radar_archive_with_gaps_keeps_to_its_runs(real_data: Path) -> None:
    series = open_series(real_data / "meteonet_nw_radar_gaps_201608.nc")
    assert "45min between 2016-08-21T00:10 and 2016-08-21T00:55" in series.time.irregularity()
    first = next(iter(series.period_intervals(3)))[1]
    assert len(first.after) == 0


def test_projected_radar_has_cells_of_a_kilometre(real_data: Path) -> None:
    series = open_series(real_data / "fmi_suomi_20160928.nc")
    np.testing.assert_allclose(np.abs(series.grid.metric.dx_m), 1000, rtol=0.03)
    assert series.grid.metric.dy_m.max() < 0
    assert {one.level for one in series.channels} == {"column"}
