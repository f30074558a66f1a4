"""Sigma layers to pressure levels.

Knows: arrays. Must not know: the model, files.

Arrays have shape (time, level, y, x), levels downwards; surface pressure (time, y, x), in Pa. As
p_k = σ_k ps, all is a function of ln(p/ps), in which the layers do not move:

    ξ = ln(p/ps),   ξ_k = ln σ_k
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]

GAS_CONSTANT = 287.04  # of dry air, J kg-1 K-1
VAPOUR_GAS_CONSTANT = 461.51  # J kg-1 K-1
GRAVITY = 9.80665  # m s-2
LAPSE_RATE = 0.0065  # below the lowest layer, K m-1


def held_below(field: Array, sigma: Array, surface_pressure: Array, pressure: float) -> Array:
    """Field on a pressure level, linear in ln p; constant below the lowest and above the top layer.

    Returns:
        Shape (time, y, x), in the field's unit.
    """
    upper, weight = _place(sigma, surface_pressure, pressure)
    above, below = _neighbours(field, upper)
    return above + np.clip(weight, 0, 1) * (below - above)


def temperature_at(
    temperature: Array, sigma: Array, surface_pressure: Array, pressure: float
) -> Array:
    """Temperature on a pressure level, in K: linear in ln p, below the lowest layer at 6.5 K km-1.

        T(p) = T_low (p / p_low)^(R Γ / g)   for p > p_low

    where p_low is the lowest layer's pressure.
    """
    within = held_below(temperature, sigma, surface_pressure, pressure)
    return within * _below(sigma, surface_pressure, pressure) ** (
        GAS_CONSTANT * LAPSE_RATE / GRAVITY
    )


def height_at(
    geopotential: Array,
    virtual_temperature: Array,
    sigma: Array,
    surface_pressure: Array,
    pressure: float,
) -> Array:
    """Geopotential height on a pressure level, in m.

    Cubic Hermite in ln p through the layers' geopotential (m2 s-2) with hydrostatic slopes
    dΦ/dln p = -R Tv; below the lowest layer hydrostatic with Tv rising by Γ = 6.5 K km-1:

        z(p) = z_low + (1 - (p / p_low)^(R Γ / g)) Tv_low / Γ   for p > p_low
    """
    upper, weight = _place(sigma, surface_pressure, pressure)
    step = _between(np.diff(np.log(sigma)), upper)
    t = np.clip(weight, 0, 1)
    above, below = _neighbours(geopotential, upper)
    slope_above, slope_below = (
        -GAS_CONSTANT * one * step for one in _neighbours(virtual_temperature, upper)
    )
    inside = (1 + 2 * t) * (1 - t) ** 2 * above + t**2 * (3 - 2 * t) * below
    inside = inside + t * (1 - t) ** 2 * slope_above - t**2 * (1 - t) * slope_below
    ratio = _below(sigma, surface_pressure, pressure) ** (GAS_CONSTANT * LAPSE_RATE / GRAVITY)
    return inside / GRAVITY + (1 - ratio) * virtual_temperature[:, -1] / LAPSE_RATE


def virtual_temperature(temperature: Array, specific_humidity: Array) -> Array:
    """Tv = T (1 + (Rv/R - 1) q), q in kg kg-1, as the model's core has it."""
    return temperature * (1 + (VAPOUR_GAS_CONSTANT / GAS_CONSTANT - 1) * specific_humidity)


def _place(
    sigma: Array, surface_pressure: Array, pressure: float
) -> tuple[npt.NDArray[np.intp], Array]:
    """The layer above each point, at least one from the lowest, and how far below it: 0 to 1."""
    levels = np.log(sigma)
    xi = np.log(pressure / surface_pressure)
    upper = np.clip(np.searchsorted(levels, xi) - 1, 0, len(levels) - 2)
    return upper, (xi - levels[upper]) / _between(np.diff(levels), upper)


def _between(steps: Array, upper: npt.NDArray[np.intp]) -> Array:
    return np.asarray(steps[upper])


def _neighbours(field: Array, upper: npt.NDArray[np.intp]) -> tuple[Array, Array]:
    """The field in the layers above and below, shape (time, y, x) each."""
    index = upper[:, None]
    above = np.take_along_axis(field, index, axis=1)[:, 0]
    return above, np.take_along_axis(field, index + 1, axis=1)[:, 0]


def _below(sigma: Array, surface_pressure: Array, pressure: float) -> Array:
    """Ratio p / p_low where the level lies below the lowest layer, 1 elsewhere."""
    return np.asarray(np.maximum(pressure / (sigma[-1] * surface_pressure), 1.0))
