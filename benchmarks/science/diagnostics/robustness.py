"""Coarse series with noise, and shorter ones: how a method stands worse data, and fewer."""

import zlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from temdeep.errors import RequestError
from temdeep.fields.limits import lower_limit, upper_limit
from temdeep.fields.series import Series
from temdeep.fields.time_axis import show
from temdeep.fields.variables import Channel, Nature
from temdeep.metric import Float32Array, Float64Array
from temdeep.verification.bootstrap import DAY_US

STEADY = (Nature.DIRECTION, Nature.FLAG, Nature.SUNLIGHT)
"""Left as they are: noise is no direction or category, and the sun's night is no measurement."""


def change_over_step(series: Series) -> dict[str, float]:
    """Standard deviation of x(t + τ) - x(t) over places and times, τ the series' step.

    Returns:
        In the file's units, by name of the instantaneous channel.
    """
    steps = series.time.linked_steps_us()
    usual = np.abs(steps - series.time.step_us) < series.time.step_us / 2
    found = {}
    for channel in series.instantaneous():
        values = series.read([channel], slice(None))[:, 0].astype(np.float64)
        found[channel.name] = float(np.nanstd(np.diff(values, axis=0)[usual]))
    return found


def with_noise(series: Series, share: float, *, seed: int) -> Series:
    """Add noise that is normal, and white in space and time, to instantaneous variables.

    Its standard deviation is a share of that of each channel's change over the series' step. What
    cannot be negative or above a whole is cut off there. Directions, flags, sunlight and period
    variables stay as they are. A channel's noise depends on the seed and its name alone, not on
    which other variables there are.

    Args:
        series: The coarse series.
        share: Standard deviation of the noise over that of the change.
        seed: Of the noise.

    Raises:
        RequestError: The share is negative.
    """
    if not share >= 0:
        raise RequestError(f"noise of {share} times the change cannot be: say 0 or more.")
    sizes = change_over_step(series)
    made: dict[str, dict[str, Float32Array]] = {}
    for channel in series.instantaneous():
        values = series.read([channel], slice(None))[:, 0]
        if channel.nature not in STEADY:
            noise = _noise(channel, values.shape, seed) * (share * sizes[channel.name])
            values = _within_limits(channel, values + noise)
        made.setdefault(channel.variable, {})[channel.name] = values
    return _with_values(series, made)


def with_noise_where_given(fine: Series, every: int, share: float, *, seed: int) -> Series:
    """Add the same noise to a fine series at those times alone that `thin(every)` keeps.

    What is hidden stays without: an evaluation that withholds `every` then gives noisy fields to
    the methods and scores what they make against the clean truth.

    Args:
        fine: The part that is evaluated, from its first time on: kept times count from there.
        every: One time in so many is kept.
        share: As in `with_noise`, of the change over the span.
        seed: Likewise.
    """
    coarse = fine.thin(every)
    noisy = with_noise(coarse, share, seed=seed)
    given = np.isin(
        fine.time.offset_us, coarse.time.offset_us + fine.time.offset_of(coarse.time.values[0])
    )
    made: dict[str, dict[str, Float32Array]] = {}
    for channel in fine.instantaneous():
        values = fine.read([channel], slice(None))[:, 0].copy()
        values[given] = noisy.read([channel], slice(None))[:, 0]
        made.setdefault(channel.variable, {})[channel.name] = values
    return _with_values(fine, made)


def last_days(series: Series, days: float) -> Series:
    """The last part of a series: a training that has seen so many days.

    Raises:
        RequestError: The series is shorter.
        TimeAxisError: Fewer than two times would be left.
    """
    end_us = int(series.time.offset_us[-1])
    begin_us = end_us - round(days * DAY_US)
    if begin_us < 0:
        raise RequestError(
            f"{series.source} holds {end_us / DAY_US:g} days, from {show(series.time.values[0])}:"
            f" it has no last {days:g}."
        )
    return series.between(series.time.at(begin_us), None)


def _noise(channel: Channel, shape: tuple[int, ...], seed: int) -> Float64Array:
    own = np.random.default_rng([seed, zlib.crc32(channel.name.encode())])
    return own.standard_normal(shape)


def _within_limits(channel: Channel, values: Float64Array) -> Float32Array:
    limited: Float32Array = np.clip(values, lower_limit(channel), upper_limit(channel)).astype(
        np.float32
    )
    return limited


def _with_values(series: Series, made: Mapping[str, Mapping[str, Float32Array]]) -> Series:
    """A series with other values of whole variables."""
    arranged = {name: series.arrange(name, dict(values)) for name, values in made.items()}
    return replace(series, dataset=series.dataset.assign(arranged))
