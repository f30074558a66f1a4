"""Which filled values cannot be: negative rain, light at night, a dew point above the temperature.

A value is held impossible only where it goes beyond its limit *and* beyond what the given fields of
its interval hold there: what a file already had wrong is the file's.

Knows: arrays and what channels are. Must not know: files, methods.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from temdeep.fields.limits import NEVER_NEGATIVE, upper_limit
from temdeep.fields.relations import dew_points, wind_speeds
from temdeep.fields.solar import cos_zenith, mean_cos_zenith
from temdeep.fields.variables import Channel, Nature
from temdeep.metric import Float64Array, FloatArray

BoolArray = npt.NDArray[np.bool_]
TimeArray = npt.NDArray[np.datetime64]

LIGHT_BY_NIGHT = 0.1
"""Sunlight above this at night is none of the file's packing; W m-2 or J m-2 each second."""

ROUNDING = 1e-5
"""Relative room for single precision where two variables are compared."""


def impossible(
    channels: Sequence[Channel],
    filled: FloatArray,
    given: FloatArray,
    dark: BoolArray,
) -> BoolArray:
    """Tell which values cannot be.

    Args:
        channels: What each channel is.
        filled: Values, sums as rates, shape (time, channel, y, x).
        given: What the interval's given fields hold: both ends, or the one mean rate of a period;
            shape (frame, channel, y, x).
        dark: Whether no sun shines, shape (time, y, x).

    Returns:
        Shape (time, channel, y, x); False where a value is missing.
    """
    beyond = np.zeros(filled.shape, np.bool_)
    low, high = given.min(axis=0), given.max(axis=0)
    for index, channel in enumerate(channels):
        values, least, most = filled[:, index], low[index], high[index]
        if channel.nature in NEVER_NEGATIVE:
            beyond[:, index] |= values < np.minimum(least, 0) * (1 + ROUNDING)
        full = upper_limit(channel)
        if full is not None:
            beyond[:, index] |= values > np.maximum(most, full) * (1 + ROUNDING)
        if channel.nature is Nature.DIRECTION:
            beyond[:, index] |= (values < 0) | (values >= 360)
        if channel.nature is Nature.SUNLIGHT:
            moonlight = np.where(dark.all(axis=0), least, 0)  # held by the file through the night
            beyond[:, index] |= dark & (values > np.maximum(moonlight, LIGHT_BY_NIGHT))
    for dew, air in dew_points(channels):
        beyond[:, dew] |= _exceeds(filled[:, dew], filled[:, air], given[:, dew], given[:, air])
    for speed, x, y in wind_speeds(channels):
        least_speed = np.hypot(filled[:, x], filled[:, y])
        given_least = np.hypot(given[:, x], given[:, y])
        beyond[:, speed] |= _exceeds(least_speed, filled[:, speed], given_least, given[:, speed])
    return beyond


def dark_at(times: TimeArray, latitude: Float64Array, longitude: Float64Array) -> BoolArray:
    """Whether the sun is below the horizon, shape (time, y, x).

    Args:
        times: UTC, shape (time,).
        latitude: Degrees north, shape (y, x).
        longitude: Degrees east, shape (y, x).
    """
    return np.asarray(cos_zenith(times, latitude, longitude) == 0)


def dark_throughout(
    bounds: TimeArray, latitude: Float64Array, longitude: Float64Array
) -> BoolArray:
    """Whether the sun stays below the horizon in each of successive periods, shape (period, y, x).

    Args:
        bounds: UTC, ascending, shape (period + 1,).
        latitude: Degrees north, shape (y, x).
        longitude: Degrees east, shape (y, x).
    """
    return np.asarray(mean_cos_zenith(bounds[:-1], bounds[1:], latitude, longitude) == 0)


def _exceeds(
    lower: FloatArray, upper: FloatArray, given_lower: FloatArray, given_upper: FloatArray
) -> BoolArray:
    """Where lower > upper by more than it does in the given fields, rounding aside."""
    room = np.maximum(given_lower - given_upper, 0).max(axis=0) + ROUNDING * np.abs(upper)
    return np.asarray(lower - upper > room)
