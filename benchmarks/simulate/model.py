"""The simulator: JAX-GCM with SPEEDY physics, run a day at a time.

Knows: `jcm`, arrays. Must not know: where files lie.

A day here runs from 00:15 to 00:15 UTC, so that its steps hold what its full hours need (`hours`).
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.simulate.errors import SimulationError
from benchmarks.simulate.fields import Hours
from benchmarks.simulate.hours import hourly_means, physics_at_labels, states_at_labels
from benchmarks.simulate.patches import installed, rising_sun, shortwave_every_step
from benchmarks.simulate.presets import Request

Array = npt.NDArray[np.floating]

START = "2000-01-01T00:15:00"
STEP_MINUTES = 15
CHUNK_HOURS = 6  # at T63 every field of SPEEDY at every step of a day would take 8 GB
NOISE_K = 0.5
REFERENCE_PRESSURE = 1e5  # Pa, of the model's surface pressure
GRAMS = 1e3


@dataclass(frozen=True, eq=False)
class Surface:
    """The ground, shape (y, x), south to north and from 0 degrees eastwards.

    Attributes:
        latitude, longitude: In degrees, shapes (y,) and (x,).
        altitude: m.
        geopotential: As the model has it, truncated to its waves, m2 s-2.
        land: Fraction, 0 to 1.
    """

    latitude: Array
    longitude: Array
    altitude: Array
    geopotential: Array
    land: Array


def noise(seed: int, shape: tuple[int, ...]) -> Array:
    """Gaussian noise of 0.5 K, the same for the same seed and shape."""
    return np.random.default_rng(seed).normal(0.0, NOISE_K, shape).astype(np.float32)


class Simulator:
    """A run of the model, at some day since its start."""

    def __init__(self, model: Any, forcing: Any, *, diurnal: bool) -> None:
        self._model = model
        self._forcing = forcing
        self._diurnal = diurnal

    @property
    def surface(self) -> Surface:
        """The ground of the model."""
        horizontal = self._model.coords.horizontal
        terrain = self._model.terrain
        return Surface(
            latitude=np.rad2deg(np.asarray(horizontal.latitudes, dtype=np.float64)),
            longitude=np.rad2deg(np.asarray(horizontal.longitudes, dtype=np.float64)),
            altitude=np.asarray(terrain.orog).T,
            geopotential=np.asarray(terrain.phis0).T,
            land=np.asarray(terrain.fmask).T,
        )

    def begin(self, seed: int) -> None:
        """At rest on the first day, with noise in temperature."""
        self._model.bootstrap_state()
        rest = self._model.dycore.to_physics_state(self._model.dycore_state)
        temperature = rest.temperature + noise(seed, rest.temperature.shape)
        self._model.bootstrap_state(rest.copy(temperature=temperature))

    def resume(self, checkpoint: Path) -> int:
        """Go on where a checkpoint was taken; how many days lie behind it."""
        self._model.bootstrap_state()
        days: float = installed("jcm.checkpoint").load_checkpoint(self._model, checkpoint)
        return round(days)

    def save(self, checkpoint: Path) -> None:
        """Take a checkpoint, whole or not at all."""
        installed("jcm.checkpoint").save_checkpoint(self._model, checkpoint)

    def skip_day(self) -> None:
        """Run a day of which nothing is kept."""
        self._run(hours=24, every="86400 seconds")

    def record_day(self) -> Iterator[Hours]:
        """Run a day; its 24 full hours from 01 UTC on, some at a time."""
        for _ in range(24 // CHUNK_HOURS):
            before = _physics(self._model.physics_carry)
            steps = self._run(hours=CHUNK_HOURS, every=f"{STEP_MINUTES * 60} seconds")
            self._check(steps)
            yield self._hours(before, steps)

    def _run(self, *, hours: int, every: str) -> Any:
        return self._model.resume(
            forcing=self._forcing, save_interval=every, total_time=f"{hours * 3600} seconds"
        )

    def _check(self, steps: Any) -> None:
        """Refuse steps in which the model did not do what the patches ask."""
        shortwave = steps.physics["_shortwave_rad"]
        if not np.asarray(shortwave.compute_shortwave).all():
            raise SimulationError("jcm did not compute sunlight at every step; please report this.")
        turns = bool(np.ptp(np.asarray(shortwave.fsol), axis=1).max() > 1.0)  # along longitude
        if turns != self._diurnal:
            raise SimulationError("jcm did not take the sun asked for; please report this.")

    def _hours(self, before: dict[str, Array], steps: Any) -> Hours:
        state, physics = steps.dynamics, _physics(steps.physics)
        on_layers = {
            "eastward_wind": state.u_wind,
            "northward_wind": state.v_wind,
            "temperature": state.temperature,
            "specific_humidity": state.specific_humidity,
            "geopotential": state.geopotential,
            "surface_pressure": REFERENCE_PRESSURE * state.normalized_surface_pressure,
        }
        at_labels = {
            name: _rows_first(states_at_labels(np.asarray(field)))
            for name, field in on_layers.items()
        }
        for name in ("near_surface_temperature", "skin_temperature"):
            at_labels[name] = _rows_first(physics_at_labels(physics[name]))
        for name in ("precipitation", "sunlight", "cloud_cover"):
            at_labels[name] = _rows_first(hourly_means(before[name], physics[name]))
        sigma = np.asarray(self._model.coords.vertical.centers, dtype=np.float64)
        return Hours(sigma=sigma, **at_labels)


@contextmanager
def simulator(request: Request) -> Iterator[Simulator]:
    """Build the model as asked, with its patches for as long as the block runs.

    Raises:
        SimulationError: `jcm` is absent or not as expected.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # all it reads comes with the package
    with ExitStack() as patches:
        patches.enter_context(shortwave_every_step())
        if request.diurnal:
            patches.enter_context(rising_sun())
        logging.getLogger("jcm").setLevel(logging.ERROR)  # it warns that its ozone is analytic
        runners = installed("jcm.runners")
        settings = _settings(request.truncation)
        model = runners.build_model(settings)
        forcing = runners.build_forcing(settings, model.coords, dycore=model.dycore)
        yield Simulator(model, forcing, diurnal=request.diurnal)


def versions() -> dict[str, str]:
    """Versions of the model and its core."""
    metadata = installed("importlib.metadata")
    return {name: metadata.version(name) for name in ("jcm", "dinosaur")}


def _settings(truncation: int) -> Any:
    hydra = installed("hydra")
    boundary: Any = resources.files("jcm") / "data" / "bc" / "t63"
    changes = [
        "+configuration=speedy-t31",
        f"terrain.file={boundary / 'terrain.nc'}",
        f"forcing.file={boundary / 'forcing.nc'}",
        f"run.time_step={STEP_MINUTES}",
        f"run.start_time='{START}'",
        f"grid.spectral_truncation={truncation}",
    ]
    initialize: Callable[..., Any] = hydra.initialize_config_module
    with initialize("jcm.config", version_base=None):
        return hydra.compose("config", overrides=changes)


def _physics(carry: Any) -> dict[str, Array]:
    """What is kept of SPEEDY's fields, shape (…, x, y)."""
    surface, sunlight = carry["_surface_flux"], carry["_shortwave_rad"]
    rain = carry["_convection"].precnv + carry["_condensation"].precls
    kept = {
        "near_surface_temperature": surface.t0,
        "skin_temperature": surface.tskin,
        "precipitation": rain / GRAMS,
        "sunlight": sunlight.rsds,
        "cloud_cover": sunlight.cloudc,
    }
    return {name: np.asarray(field) for name, field in kept.items()}


def _rows_first(field: Array) -> Array:
    """From the model's (…, x, y) to (…, y, x)."""
    return np.swapaxes(field, -1, -2)
