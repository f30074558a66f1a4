"""The file is what the shipped simulated series are, and complete or absent."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from benchmarks.simulate.errors import SimulationError
from benchmarks.simulate.fields import FIELDS, Hours
from benchmarks.simulate.file import Ground, check_target, global_attributes, write
from benchmarks.simulate.presets import PRESETS, Request
from benchmarks.simulate.variables import VARIABLES, Packed, packed

SHIPPED = {
    "atlantic": "speedy_t63_atlantic_train.nc",
    "globe": "speedy_t31_diurnal_train.nc",
    "smooth": "speedy_t31_train.nc",
}
GROUND = Ground(
    np.array([10.0, 20.0]),
    np.array([0.0, 10.0, 20.0]),
    {"orog": np.full((2, 3), 100.0), "zs": np.full((2, 3), 981.0), "lsm": np.ones((2, 3))},
)
REQUEST = Request(
    truncation=31,
    diurnal=True,
    region="globe",
    spin_up_days=2,
    days=1,
    variables=("t2m", "u850", "pr"),
)
ABOUT = global_attributes(
    REQUEST, name="try", versions={"jcm": "3.0.0", "dinosaur": "1.5.1"}, history="a test"
)


def values(name: str) -> np.ndarray:
    variable = VARIABLES[name]
    steps = np.random.default_rng(1).uniform(0, 3000, (REQUEST.labels, 2, 3))
    return variable.offset + variable.scale * steps


def blocks() -> Iterator[Mapping[str, Packed]]:
    for hours in (slice(0, 1), slice(1, None)):
        yield {name: packed(name, values(name)[hours]) for name in REQUEST.variables}


def test_values_come_back_to_half_a_step_of_the_packing(tmp_path: Path) -> None:
    write(tmp_path / "out.nc", REQUEST, GROUND, blocks(), ABOUT)
    with xr.open_dataset(tmp_path / "out.nc") as found:
        for name in REQUEST.variables:
            off = np.abs(found[name].values - values(name)).max()
            assert 0 < off <= 0.5001 * VARIABLES[name].scale


def test_labels_follow_the_spin_up_and_periods_end_at_them(tmp_path: Path) -> None:
    write(tmp_path / "out.nc", REQUEST, GROUND, blocks(), ABOUT)
    with xr.open_dataset(tmp_path / "out.nc") as found:
        assert found.time.values[0] == np.datetime64("2000-01-03T00:00")
        assert found.time.values[-1] == np.datetime64("2000-01-04T00:00")
        np.testing.assert_array_equal(found.time_bnds[:, 1], found.time)
        np.testing.assert_array_equal(found.time_bnds[:, 1] - found.time_bnds[:, 0], 3600 * 10**9)
        assert found.pr.attrs["cell_methods"] == "time: mean"
        assert found.u850.p850 == 85_000


@pytest.mark.parametrize("value", [np.nan, np.inf, 1000.0])
def test_what_the_packing_cannot_hold_is_refused(value: float) -> None:
    broken = values("t2m")
    broken[3, 1, 2] = value
    with pytest.raises(SimulationError, match=r"'t2m' .*try another --seed\.$"):
        packed("t2m", broken)


def test_a_broken_run_leaves_nothing_behind(tmp_path: Path) -> None:
    def breaking() -> Iterator[Mapping[str, Packed]]:
        yield from blocks()
        raise SimulationError("broken")

    with pytest.raises(SimulationError, match="broken"):
        write(tmp_path / "out.nc", REQUEST, GROUND, breaking(), ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    target = tmp_path / "out.nc"
    target.write_text("mine")
    with pytest.raises(SimulationError, match=r"out\.nc exists already: say --overwrite"):
        check_target(target, overwrite=False)
    check_target(target, overwrite=True)


def test_every_variable_has_a_field_and_presets_name_only_those() -> None:
    assert FIELDS.keys() == VARIABLES.keys()
    for preset in PRESETS.values():
        assert set(preset.variables) <= VARIABLES.keys()


def test_near_surface_wind_is_0_95_of_the_lowest_layers() -> None:
    wind = np.random.default_rng(2).normal(0, 10, (2, 8, 3, 4))
    other = np.zeros((2, 3, 4))
    hours = Hours(np.ones(8), wind, -wind, wind, wind, wind, *[other] * 6)
    np.testing.assert_allclose(FIELDS["u10"](hours), 0.95 * wind[:, 7])
    np.testing.assert_allclose(FIELDS["v10"](hours), -0.95 * wind[:, 7])


@pytest.mark.real
@pytest.mark.parametrize("name", list(SHIPPED))
def test_a_preset_is_what_the_shipped_series_is(name: str, real_data: Path) -> None:
    preset = PRESETS[name]
    with netCDF4.Dataset(real_data / SHIPPED[name]) as shipped:
        series = [key for key, found in shipped.variables.items() if found.ndim == 3]
        assert tuple(series) == preset.variables
        assert shipped["time"][0] == preset.first_hour
        assert len(shipped["time"]) == preset.labels
        for key in series:
            found = {one: shipped[key].getncattr(one) for one in shipped[key].ncattrs()}
            del found["_FillValue"]
            assert found == VARIABLES[key].attributes
        assert f"SPEEDY physics, {preset.resolution}L8" in shipped.source
        assert ("instantaneous" in shipped.source) == preset.diurnal
