"""What is changed in `jcm` while it runs, each change checked before it is made.

Knows: the insides of `jcm` 3.0.0. Must not know: files.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from importlib import import_module, metadata
from types import ModuleType
from typing import Any

from benchmarks.simulate.errors import SimulationError

JCM_VERSION = "3.0.0"
SPEEDY_INTERVAL = 3  # steps from one shortwave computation to the next, as SPEEDY has it
SUN_ARGUMENTS = ["state", "physics_data", "forcing", "terrain"]
SUNLIT = ("fsol", "ozupp", "ozone", "zenit", "stratz")
LEAST_SUNLIGHT = 1e-3  # W m-2 of the day's mean, under which absorption by ozone is left out


def installed(name: str) -> ModuleType:
    """Import a module of `jcm` or of what it brings along.

    Raises:
        SimulationError: `jcm` is absent, or not the version that is known here.
    """
    try:
        version = metadata.version("jcm")
    except metadata.PackageNotFoundError:
        raise SimulationError(
            f"the simulator jcm is not installed here: make a virtual environment for it and run"
            f" `pip install jcm=={JCM_VERSION}` in it, then start this command with its python."
        ) from None
    if version != JCM_VERSION:
        raise SimulationError(
            f"jcm {version} is installed, but the changes made to it here fit {JCM_VERSION}:"
            f" run `pip install jcm=={JCM_VERSION}`."
        )
    return import_module(name)


@contextmanager
def shortwave_every_step() -> Iterator[None]:
    """Clouds and sunlight at every step: every third gives a staircase of 45 min."""
    constants = installed("jcm.physics.speedy.physical_constants")
    terms = installed("jcm.physics.speedy.speedy_terms")
    _require(
        getattr(constants, "nstrad", None) == SPEEDY_INTERVAL
        and "import nstrad" in inspect.getsource(terms.set_physics_flags),
        "how often SPEEDY computes sunlight",
    )
    constants.nstrad = 1  # type: ignore[attr-defined]
    try:
        yield
    finally:
        constants.nstrad = SPEEDY_INTERVAL  # type: ignore[attr-defined]


@contextmanager
def rising_sun() -> Iterator[None]:
    """The sun of the instant and place at the top of the atmosphere, not the day's mean.

    Absorption by ozone, which SPEEDY takes as proportional to that sunlight, scales with it.
    """
    place = installed("jcm.physics.forcing.speedy_forcing")
    origin = installed("jcm.physics.radiation.speedy_shortwave")
    data = installed("jcm.physics.speedy.physics_data")
    solar = installed("jax_solar")
    numpy = installed("jax.numpy")
    daily_mean: Any = getattr(place, "get_zonal_average_fields", None)
    _require(
        daily_mean is not None
        and daily_mean is origin.get_zonal_average_fields
        and list(inspect.signature(daily_mean).parameters) == SUN_ARGUMENTS
        and set(SUNLIT) <= {field.name for field in fields(data.SWRadiationData)},
        "how SPEEDY sets the sun",
    )

    def instantaneous(state: Any, physics_data: Any, forcing: Any, terrain: Any) -> Any:
        found = daily_mean(state, physics_data, forcing=forcing, terrain=terrain)
        shortwave = found.shortwave_rad
        columns = shortwave.fsol.shape[0]
        longitude = numpy.arange(columns) * (360.0 / columns)
        latitude = numpy.rad2deg(numpy.arcsin(physics_data.speedy_coords.sia))
        time = solar.OrbitalTime(forcing.solar.orbital_phase, forcing.solar.synodic_phase)
        sunlight = solar.radiation_flux(time, longitude[:, None], latitude[None, :])
        mean = shortwave.fsol
        share = numpy.where(
            mean > LEAST_SUNLIGHT, sunlight / numpy.maximum(mean, LEAST_SUNLIGHT), 0.0
        )
        return found.copy(
            shortwave_rad=shortwave.copy(
                fsol=sunlight, ozupp=shortwave.ozupp * share, ozone=shortwave.ozone * share
            )
        )

    place.get_zonal_average_fields = instantaneous  # type: ignore[attr-defined]
    try:
        yield
    finally:
        place.get_zonal_average_fields = daily_mean  # type: ignore[attr-defined]


def _require(as_expected: bool, what: str) -> None:
    if not as_expected:
        raise SimulationError(
            f"jcm {metadata.version('jcm')} is not as expected in {what}, so it cannot be changed:"
            f" run `pip install --force-reinstall jcm=={JCM_VERSION}`."
        )
