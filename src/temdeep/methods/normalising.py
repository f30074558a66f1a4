"""Fields as a network sees them: of one size, and rain in logarithms.

    z = (x - mean)/spread        rain: z = log(1 + r/r₀)/spread

Knows: arrays, the settings of a network. Must not know: torch, files.
"""

import numpy as np

from temdeep.metric import Float32Array, FloatArray
from temdeep.network.settings import NetworkSettings


def normalised(fields: FloatArray, settings: NetworkSettings) -> Float32Array:
    """Fields (..., channel, y, x) in their units as a network sees them; NaN stays.

    Computed in the precision that the fields have.
    """
    seen = fields
    if settings.carried:
        seen = fields.copy()
        for i in settings.carried:
            seen[..., i, :, :] = logarithm(fields[..., i, :, :], _rate(settings, i))
    mean, spread = (
        np.array(one, fields.dtype)[:, None, None] for one in (settings.mean, settings.spread)
    )
    z: Float32Array = ((seen - mean) / spread).astype(np.float32)
    return z


def logarithm(rates: FloatArray, rate: float) -> FloatArray:
    """log(1 + r/r₀), where a rate below 0 counts as 0."""
    seen: FloatArray = np.log1p(np.maximum(rates, 0) / rates.dtype.type(rate))
    return seen


def rain_of(z: Float32Array, settings: NetworkSettings, channel: int) -> Float32Array:
    """Rates of rain from what a network sees of it, none below 0.

    Args:
        z: Normalised, any shape.
        settings: Of the network.
        channel: Which of its channels.
    """
    logs = settings.mean[channel] + settings.spread[channel] * z
    rates: Float32Array = np.float32(_rate(settings, channel)) * np.expm1(np.maximum(logs, 0))
    return rates


def _rate(settings: NetworkSettings, channel: int) -> float:
    rate = settings.rain[channel]
    if rate is None:
        raise ValueError(f"channel {channel} is no rain")
    return rate
