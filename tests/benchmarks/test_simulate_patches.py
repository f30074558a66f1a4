"""What is changed in the simulator is checked before, and put back after; no simulator needed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from benchmarks.simulate import patches
from benchmarks.simulate.errors import SimulationError

Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Shortwave:
    fsol: Array
    ozupp: Array
    ozone: Array
    zenit: Array
    stratz: Array

    copy = replace


@dataclass(frozen=True)
class Data:
    shortwave_rad: Shortwave
    speedy_coords: Any

    copy = replace


def daily_mean(state: Any, physics_data: Data, forcing: Any, terrain: Any) -> Data:  # noqa: ARG001
    """SPEEDY's sun: the same on a circle of latitude, none in the polar night of the last row."""
    mean = np.tile([400.0, 200.0, 0.0], (4, 1))
    return physics_data.copy(
        shortwave_rad=Shortwave(mean, 0.01 * mean, 0.02 * mean, 1 + 0 * mean, 6 - 0 * mean)
    )


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Modules of the simulator as far as they are changed."""
    modules: dict[str, Any] = {
        "jcm.physics.speedy.physical_constants": SimpleNamespace(nstrad=3),
        "jcm.physics.speedy.speedy_terms": SimpleNamespace(set_physics_flags=import_nstrad),
        "jcm.physics.forcing.speedy_forcing": SimpleNamespace(get_zonal_average_fields=daily_mean),
        "jcm.physics.radiation.speedy_shortwave": SimpleNamespace(
            get_zonal_average_fields=daily_mean
        ),
        "jcm.physics.speedy.physics_data": SimpleNamespace(SWRadiationData=Shortwave),
        "jax_solar": SimpleNamespace(
            OrbitalTime=lambda orbital_phase, synodic_phase: synodic_phase,  # noqa: ARG005
            radiation_flux=noon_sun,
        ),
        "jax.numpy": np,
    }
    monkeypatch.setattr(patches, "installed", modules.__getitem__)
    monkeypatch.setattr(metadata, "version", lambda _: "3.0.0")
    return modules


def import_nstrad() -> None:
    """Read late, as the simulator does: import nstrad."""


def noon_sun(time: float, longitude: Array, latitude: Array) -> Array:
    angle = np.deg2rad(longitude) + time
    return np.asarray(1361 * np.maximum(np.cos(angle) * np.cos(np.deg2rad(latitude)), 0))


def sunlight(fake: dict[str, Any]) -> Shortwave:
    forcing = SimpleNamespace(solar=SimpleNamespace(orbital_phase=0.0, synodic_phase=0.0))
    coordinates = SimpleNamespace(sia=np.sin(np.deg2rad([0.0, 60.0, 90.0])))
    empty = Data(Shortwave(*[np.zeros((4, 3))] * 5), coordinates)
    find: Callable[..., Data] = fake["jcm.physics.forcing.speedy_forcing"].get_zonal_average_fields
    return find(None, empty, forcing=forcing, terrain=None).shortwave_rad


def test_sunlight_is_computed_at_every_step_while_the_run_lasts(fake: dict[str, Any]) -> None:
    constants = fake["jcm.physics.speedy.physical_constants"]
    with patches.shortwave_every_step():
        assert constants.nstrad == 1
    assert constants.nstrad == 3


def test_the_sun_stands_where_it_is_noon_while_the_run_lasts(fake: dict[str, Any]) -> None:
    with patches.rising_sun():
        found = sunlight(fake)
    np.testing.assert_allclose(found.fsol[0], [1361, 680.5, 0], atol=1e-9)
    np.testing.assert_allclose(found.fsol[2], 0)  # midnight on the other side
    np.testing.assert_allclose(sunlight(fake).fsol[:, 0], 400)


def test_absorption_by_ozone_scales_with_the_sunlight(fake: dict[str, Any]) -> None:
    with patches.rising_sun():
        found = sunlight(fake)
    np.testing.assert_allclose(found.ozupp, 0.01 * found.fsol, atol=1e-9)
    np.testing.assert_allclose(found.ozone, 0.02 * found.fsol, atol=1e-9)
    np.testing.assert_array_equal(found.zenit, sunlight(fake).zenit)


def test_a_changed_simulator_is_refused_by_its_version(fake: dict[str, Any]) -> None:
    fake["jcm.physics.speedy.physical_constants"].nstrad = 4
    with (
        pytest.raises(SimulationError, match=r"jcm 3\.0\.0 is not as expected in how often"),
        patches.shortwave_every_step(),
    ):
        pass
    fake["jcm.physics.forcing.speedy_forcing"].get_zonal_average_fields = lambda state: state
    with (
        pytest.raises(SimulationError, match=r"jcm 3\.0\.0 is not as expected in how SPEEDY sets"),
        patches.rising_sun(),
    ):
        pass


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _: "3.1.0")
    with pytest.raises(SimulationError, match=r"jcm 3\.1\.0 is installed.*pip install jcm==3\.0"):
        patches.installed("jcm.runners")
