"""Where the sun stands, and what remembers where it stood, in closed form.

The declination δ and the equation of time come from earthkit-meteo; at latitude φ and hour angle h
(0 at local noon) the cosine of the zenith angle, 0 at night, is

    μ = max(0, a + b cos h),   a = sin δ sin φ,   b = cos δ cos φ,

positive for |h| < h₀ = arccos(-a/b) (h₀ = 0 in polar night, π on a polar day).

Knows: NumPy, times as datetime64 in UTC. Must not know: files, torch.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from earthkit.meteo.solar.array import solar_declination_angle

from temdeep.metric import Float32Array, Float64Array

TimeArray = npt.NDArray[np.datetime64]

MEMORIES_H = (1.5, 4.0, 12.0)
"""Time scales of the exponential memories, hours."""

SHORTEST_MEMORY_H = 0.25
"""Below this, exp(12 h / memory) leaves single precision."""

DAY_US = 86_400_000_000


def feature_names(memories_h: tuple[float, ...] = MEMORIES_H) -> tuple[str, ...]:
    """Names of the rows of `sun_features` and `sun_feature_means`."""
    memories = (f"cos_zenith_memory_{memory:g}h" for memory in memories_h)
    return ("cos_zenith", *memories, "cos_hour", "sin_hour", "cos_2hour", "sin_2hour")


SUN_FEATURES = feature_names()


def declination_and_time_equation(times: TimeArray) -> tuple[Float64Array, Float64Array]:
    """Declination of the sun and equation of time (apparent minus mean sun), both in radians.

    Args:
        times: UTC, any shape.

    Returns:
        Two arrays of the shape of `times`.
    """
    distinct, place = np.unique(times.astype("datetime64[us]"), return_inverse=True)
    angles = np.array([solar_declination_angle(time) for time in distinct.astype(object)])
    declination, time_equation = np.deg2rad(angles.reshape(-1, 2).T)[:, place.reshape(times.shape)]
    return declination, time_equation


def cos_zenith(times: TimeArray, latitude: Float64Array, longitude: Float64Array) -> Float32Array:
    """Cosine of the sun's zenith angle μ, 0 at night.

    Args:
        times: UTC, shape (time,).
        latitude: Degrees north, shape (y, x).
        longitude: Degrees east, shape (y, x).

    Returns:
        Shape (time, y, x).
    """
    sky = _Sky.at(times, latitude, longitude)
    return _full(sky.cos_zenith(_hour_angle(times, sky.noon_shift)), latitude)


def mean_cos_zenith(
    begin: TimeArray, end: TimeArray, latitude: Float64Array, longitude: Float64Array
) -> Float32Array:
    """Mean of μ over periods: exact integral between sunrise and sunset, over any number of days.

    The declination is that of the middle of each period.

    Args:
        begin: Starts of the periods, UTC, shape (time,).
        end: Their ends, likewise.
        latitude: Degrees north, shape (y, x).
        longitude: Degrees east, shape (y, x).

    Returns:
        Shape (time, y, x).

    Raises:
        ValueError: A period does not end after it begins.
    """
    middle, length_us = _middle(begin, end)
    sky = _Sky.at(middle, latitude, longitude)
    return _full(_mean_cos_zenith(sky, begin, length_us), latitude)


def sun_features(
    times: TimeArray,
    latitude: Float64Array,
    longitude: Float64Array,
    memories_h: tuple[float, ...] = MEMORIES_H,
) -> Float32Array:
    """What the sun does to the atmosphere at a place, as functions of time.

    In the order of `feature_names`: μ; for each memory T the answer y of T dy/dt = μ - y after many
    days alike (a mean of the past μ with weights exp(-age/T)); the cosine and sine of the hour
    angle, and of twice the hour angle (the tides).

    Args:
        times: UTC, shape (time,).
        latitude: Degrees north, shape (y, x).
        longitude: Degrees east, shape (y, x).
        memories_h: Memories T in hours.

    Returns:
        Shape (feature, time, y, x).

    Raises:
        ValueError: A memory is shorter than `SHORTEST_MEMORY_H`.
    """
    _check_memories(memories_h)
    sky = _Sky.at(times, latitude, longitude)
    hour = _hour_angle(times, sky.noon_shift)
    rows = [sky.cos_zenith(hour)]
    rows += [sky.memory(hour, memory) for memory in memories_h]
    rows += [np.cos(hour), np.sin(hour), np.cos(2 * hour), np.sin(2 * hour)]
    return _stack(rows, len(times), latitude)


def sun_feature_means(
    begin: TimeArray,
    end: TimeArray,
    latitude: Float64Array,
    longitude: Float64Array,
    memories_h: tuple[float, ...] = MEMORIES_H,
) -> Float32Array:
    """Means of `sun_features` over periods, exact for the declination of each period's middle.

    A memory's mean follows from its own equation: mean y = mean μ - T (y(end) - y(begin)) / length.

    Args:
        begin: Starts of the periods, UTC, shape (time,).
        end: Their ends, likewise.
        latitude: Degrees north, shape (y, x).
        longitude: Degrees east, shape (y, x).
        memories_h: Memories T in hours.

    Returns:
        Shape (feature, time, y, x).

    Raises:
        ValueError: A memory is shorter than `SHORTEST_MEMORY_H`, or a period does not end after it
            begins.
    """
    _check_memories(memories_h)
    middle, length_us = _middle(begin, end)
    sky = _Sky.at(middle, latitude, longitude)
    mean = _mean_cos_zenith(sky, begin, length_us)
    rows = [mean]
    first, last = _hour_angle(begin, sky.noon_shift), _hour_angle(end, sky.noon_shift)
    length_h = (length_us / 3.6e9)[:, None, None]
    for memory in memories_h:
        change = sky.memory(last, memory) - sky.memory(first, memory)
        rows.append(mean - memory * change / length_h)
    hour = _hour_angle(middle, sky.noon_shift)
    half = np.pi * (length_us / DAY_US)[:, None, None]
    for harmonic in (1, 2):
        damping = np.sinc(harmonic * half / np.pi)
        rows += [damping * np.cos(harmonic * hour), damping * np.sin(harmonic * hour)]
    return _stack(rows, len(begin), latitude)


@dataclass(frozen=True, eq=False)
class _Sky:
    """The sun's path over each place on the day of each time.

    Arrays broadcast to (time, y, x); on grids of latitudes and longitudes they stay (time, y, 1) or
    (time, 1, x), so that whole globes cost little.

    Attributes:
        noon_shift: What is added to UTC's angle of day to get the hour angle, radians.
        a: sin δ sin φ.
        b: cos δ cos φ.
        sunset: h₀, radians.
    """

    noon_shift: Float64Array
    a: Float64Array
    b: Float64Array
    sunset: Float64Array

    @classmethod
    def at(cls, times: TimeArray, latitude: Float64Array, longitude: Float64Array) -> "_Sky":
        declination, time_equation = (
            angle[:, None, None] for angle in declination_and_time_equation(times)
        )
        phi, lam = np.deg2rad(one_column(latitude)), np.deg2rad(one_column(longitude.T).T)
        a = np.sin(declination) * np.sin(phi)
        b = np.maximum(np.cos(declination) * np.cos(phi), 1e-12)  # the poles: 1e-12 of a day's arc
        sunset = np.arccos(np.clip(-a / b, -1, 1))
        return cls(lam + time_equation, a, b, sunset)

    def cos_zenith(self, hour: Float64Array) -> Float64Array:
        return np.maximum(_single(self.a) + _single(self.b) * _single(np.cos(hour)), 0)

    def memory(self, hour: Float64Array, memory_h: float) -> Float64Array:
        """Solve dy/dh = κ (μ - y), κ = 24 h / (2π T), periodic in h.

        By day y = p(h) + (y(-h₀) - p(-h₀)) exp(-κ(h + h₀)), p = a + κb (κ cos h + sin h)/(1 + κ²),
        by night y = y(h₀) exp(-κ(h - h₀)), and both meet at sunrise and sunset.
        """
        kappa = 24 / (2 * np.pi * memory_h)
        swing = kappa * self.b / (1 + kappa**2)
        dusk = self.a + swing * (kappa * np.cos(self.sunset) + np.sin(self.sunset))
        dawn = self.a + swing * (kappa * np.cos(self.sunset) - np.sin(self.sunset))
        day_decay = np.exp(-2 * kappa * self.sunset)
        at_sunset = (dusk - dawn * day_decay) / -np.expm1(-2 * np.pi * kappa)
        at_sunrise = at_sunset * np.exp(-2 * kappa * (np.pi - self.sunset))
        day_rest = _single((at_sunrise - dawn) * np.exp(-kappa * self.sunset))
        night = _single(at_sunset * np.exp(kappa * self.sunset))
        before_dawn = _single(np.exp(-2 * np.pi * kappa))
        decay = _single(np.exp(-kappa * hour))
        forced = _single(kappa * np.cos(hour) + np.sin(hour))
        by_day = _single(self.a) + _single(swing) * forced + day_rest * decay
        by_night = night * decay * np.where(hour < 0, before_dawn, np.float32(1))
        return np.where(np.abs(hour) <= self.sunset, by_day, by_night)

    def integral(self, hour: Float64Array) -> Float64Array:
        """Integral of μ over the hour angle from local noon, for |hour| ≤ π."""
        lit = np.clip(hour, -self.sunset, self.sunset)
        return self.a * lit + self.b * np.sin(lit)


def _mean_cos_zenith(sky: _Sky, begin: TimeArray, length_us: npt.NDArray[np.int64]) -> Float64Array:
    """Mean of μ over periods that begin at `begin`, in the sky of their middle."""
    length = 2 * np.pi * (length_us / DAY_US)[:, None, None]
    first = _hour_angle(begin, sky.noon_shift)
    days, last = np.divmod(first + length + np.pi, 2 * np.pi)
    whole_day = 2 * (sky.a * sky.sunset + sky.b * np.sin(sky.sunset))
    total = days * whole_day + sky.integral(last - np.pi) - sky.integral(first)
    return np.maximum(total, 0) / length


def _hour_angle(times: TimeArray, noon_shift: Float64Array) -> Float64Array:
    """Hour angle in [-π, π), 0 at local noon."""
    day_us = times.astype("datetime64[us]").astype(np.int64) % DAY_US
    turned = 2 * np.pi * (day_us / DAY_US)[:, None, None] + noon_shift  # hour angle + π
    return np.mod(turned, 2 * np.pi) - np.pi


def _middle(begin: TimeArray, end: TimeArray) -> tuple[TimeArray, npt.NDArray[np.int64]]:
    """Middles of periods, and their lengths in microseconds."""
    first = begin.astype("datetime64[us]")
    length = end.astype("datetime64[us]") - first
    length_us = length.astype(np.int64)
    if not (length_us > 0).all():
        raise ValueError(f"periods must end after they begin, got {begin} to {end}")
    return first + length // 2, length_us


def _check_memories(memories_h: tuple[float, ...]) -> None:
    if any(memory < SHORTEST_MEMORY_H for memory in memories_h):
        raise ValueError(f"memories must be at least {SHORTEST_MEMORY_H} h, got {memories_h}")


def one_column(coordinate: Float64Array) -> Float64Array:
    """The first column alone where all columns are equal."""
    same = bool((coordinate == coordinate[:, :1]).all())
    return coordinate[:, :1] if same else coordinate


def _single(values: Float64Array) -> Float64Array:
    """Single precision, for what is multiplied out over the whole grid."""
    return values.astype(np.float32)


def _full(values: Float64Array, latitude: Float64Array) -> Float32Array:
    shape = (values.shape[0], *latitude.shape)
    return np.ascontiguousarray(np.broadcast_to(values, shape), np.float32)


def _stack(rows: list[Float64Array], times: int, latitude: Float64Array) -> Float32Array:
    stacked = np.empty((len(rows), times, *latitude.shape), np.float32)
    for feature, row in enumerate(rows):
        stacked[feature] = row
    return stacked
