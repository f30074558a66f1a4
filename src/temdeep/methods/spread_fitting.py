"""Fits how wrong a method may be to frames of a coarse series that are hidden from it.

Of a series with step τ what lies inside spans of 2τ, 3τ and 4τ is hidden and filled in. The errors
e tell all of `spread` but the level at τ itself, where nothing is hidden: there

    l(τ) = l(2τ) - s log 2,   s = ¾ (what space tells) + ¼ (slope of l from 2τ to 4τ)

with what space tells from `space_for_time`. What waves add to pressure and heights is the same at
all spans, and half of it at τ. All but Z follows from the scale of |e|, by least
Σ log σ + |e|/σ (the likelihood of Laplace's law, which few large errors do not rule; Koenker and
Machado 1999, doi:10.1080/01621459.1999.10473882), Z then from e/σ.

Knows: series, methods. Must not know: files, any one method.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from temdeep.errors import RequestError
from temdeep.fields.natures import holds_fast_waves
from temdeep.fields.series import Series
from temdeep.fields.time_axis import Int64Array
from temdeep.fields.variables import Channel, Nature
from temdeep.methods.activity import activity
from temdeep.methods.error_length import error_length_m
from temdeep.methods.hidden_errors import (
    CONTEXT,
    MOST,
    STEPS,
    Errors,
    at_cells,
    hidden_errors,
    sampled_cells,
)
from temdeep.methods.protocol import Method
from temdeep.methods.scale_fitting import fit_scale
from temdeep.methods.space_for_time import exponent_at_step
from temdeep.methods.spread import FLOOR_EXPONENT, LOUDEST, ChannelSpread, Spread
from temdeep.methods.trials import hidden_spans
from temdeep.metric import Float64Array

MOST_LEARNT = 12
"""Intervals of each span in each part of a series, for a method that takes its time."""

TWICE = 2
"""Span in steps at which a series in use is compared with what was learnt."""

FRAMES = 96
"""Frames that space is looked at in."""

SPACE_WEIGHT = 0.75
"""Of what space tells of the level at the step itself, against what wider spans tell."""

UNTOLD_EXPONENT = 0.3
"""What is added to the slope of wider spans where space tells nothing: errors fall the faster the
narrower the span."""

LEFT_AT_STEP = 0.5
"""Of what waves add to errors at wider spans, at the step itself."""

EXPONENTS = (0.25, 3.0)
"""Least and largest q: above 0, so that σ vanishes at both ends."""

PARTS = 50
"""Parts of the probability that |Z| is known in."""

RAREST = 0.999
"""Larger errors count as this quantile in the variance."""

SURE_FROM = 8
"""So many hidden intervals of a series in use count as much as what was learnt of errors before."""

SMALLEST = 0.01
"""Share of the median error that smaller ones count as: where nothing ever happens, as at night to
sunlight, errors are exactly 0, and no scale is likelier than one of nothing."""

MOST_ZEROS = 0.1
"""Share of errors that are exactly 0 beyond which their sizes say how often nothing happens."""

MOST_APART = 3.0
"""So many times larger or smaller than was learnt are errors of a series in use at most."""

DAY_US = 86_400_000_000


def has_spread(channel: Channel) -> bool:
    """Whether an error can be told for a channel: an instant's, on a line."""
    special = (Nature.DIRECTION, Nature.FLAG)
    return not channel.kind.is_period and channel.nature not in special


def fit_spread(series: Series, method: Method) -> Spread:
    """Fit a spread to a coarse series; nothing between its times is looked at.

    Args:
        series: The coarse series.
        method: What fills it, as it will be used.

    Raises:
        RequestError: The series is too short to hide anything in, or holds nothing with a spread.
    """
    channels = series.instantaneous()
    if not any(map(has_spread, channels)):
        raise RequestError(
            f"{series.source} holds nothing that a standard deviation can be told of, which is"
            " numbers on a line that hold at an instant."
        )
    cells = sampled_cells(series)
    found = hidden_errors(series, method, channels, cells)
    if not found:
        raise RequestError(
            f"{series.source} has {len(series.time)} times: too few to hide some and learn how"
            " wrong filling them in is; at least three at equal steps are needed."
        )
    return _fitted(series, method, channels, cells, found)


def fit_learnt_spread(
    series: Series, unseen_from: int, method: Method, anchor: Method, learnt: Collection[str]
) -> Spread:
    """Fit the spread of a method that has learnt from the first part of a series.

    There its errors are smaller than they will be: they count as so much larger as they are in the
    part that it has not seen, beside those of a method that has learnt next to nothing.

    Args:
        series: The coarse series.
        unseen_from: Index of the first frame that was not learnt from.
        method: What has learnt.
        anchor: What has not.
        learnt: Names of the channels that are learnt.

    Returns:
        Of no channel where nothing can be hidden.
    """
    channels = series.instantaneous()
    if not any(map(has_spread, channels)):
        return Spread({})
    cells = sampled_cells(series)
    seen, block = (
        [hidden_errors(part, one, channels, cells, MOST_LEARNT) for one in (method, anchor)]
        for part in (series.take(slice(0, unseen_from)), series.take(slice(unseen_from, None)))
    )
    if not seen[0] or not block[0]:
        found = seen[0] or block[0]
        return _fitted(series, method, channels, cells, found) if found else Spread({})
    found = []
    for i, channel in enumerate(channels):
        gain = 1.0
        if channel.name in learnt:
            sizes = [[float(np.nanmean(np.abs(one[i].error))) for one in part]
                     for part in (block, seen)]  # fmt: skip
            tiny = 1e-300
            gain = max(sizes[0][0] * sizes[1][1] / max(sizes[0][1] * sizes[1][0], tiny), 1.0)
        found.append(Errors.join([seen[0][i].scaled(gain), block[0][i]]))
    return _fitted(series, method, channels, cells, found)


def spread_in_use(
    spread: Spread, series: Series, seen: npt.NDArray[np.bool_], method: Method
) -> Spread:
    """The spread of a method that has learnt, on a series that it has not learnt from.

    Weather is not everywhere and always as easy as where the spread was learnt. Let r be the median
    of |e|/σ at hidden frames of this series over the median of |Z|. σ is multiplied by r to the
    power n / (n + `SURE_FROM`) with n hidden intervals. Not so for pressure and heights, whose
    errors at twice the step tell little of those at the step, nor where many errors are exactly 0,
    as those of rain are, and tell of how dry it is.

    Args:
        spread: As it was learnt.
        series: What is filled in.
        seen: Which of its frames the method may have learnt from, shape (time,).
        method: What fills it.
    """
    channels, cells = series.instantaneous(), sampled_cells(series)
    edges = np.flatnonzero(np.diff(np.concatenate([[True], seen, [True]]))).reshape(-1, 2)
    unseen = [series.take(slice(*edge)) for edge in edges.tolist() if edge[1] - edge[0] > TWICE]
    every = [hidden_errors(one, method, channels, cells, steps=(TWICE,)) for one in unseen]
    found = dict(spread.of_channel)
    for i, channel in enumerate(channels):
        if not spread.knows(channel) or holds_fast_waves(channel.variable, channel.standard_name):
            continue
        own = found[channel.name]
        sizes = []
        for part, errors in zip(unseen, every, strict=True):
            if errors:
                known, span_s = errors[i].known(), TWICE * part.time.step_us / 1e6
                expected = own.deviation(known.logs[:, None, :], np.array([1 / TWICE]), span_s)
                sizes.append(np.abs(known.error) / expected.ravel())
        size = np.concatenate(sizes) if sizes else np.zeros(0)
        usual = float(np.median(own.magnitudes))
        if not len(size) or not usual > 0 or np.mean(size == 0) > MOST_ZEROS:
            continue
        ratio = float(np.clip(np.median(size) / usual, 1 / MOST_APART, MOST_APART))
        count = len(size) / len(cells)
        found[channel.name] = own.scaled(ratio ** (count / (count + SURE_FROM)))
    return Spread(found)


def _fitted(
    series: Series,
    method: Method,
    channels: Sequence[Channel],
    cells: Int64Array,
    found: Sequence["Errors"],
) -> Spread:
    """The spread that errors of some channels tell of."""
    usual = _usual_at_step(series, channels, cells)
    step_s, grid = series.time.step_us / 1e6, series.grid
    fitted = {}
    for i, channel in enumerate(channels):
        if not has_spread(channel):
            continue
        told = exponent_of(series, channel, curved=method.context > 0)
        one, standard = _fit(found[i], usual[:, i], told, step_s, channel)
        if one is not None:
            places = (field.ravel()[cells] for field in (grid.latitude, grid.longitude))
            length_m = error_length_m(standard.reshape(-1, len(cells)), *places)
            fitted[channel.name] = replace(one, length_m=length_m or 0.0)
    return Spread(fitted)


def _usual_at_step(series: Series, channels: Sequence[Channel], cells: Int64Array) -> Float64Array:
    """Mean activity of the intervals as they will be filled, shape (feature, channel)."""
    logs = [
        at_cells(activity(one.interval), cells)
        for one in hidden_spans(series, channels, 1, CONTEXT, 2 * MOST)
    ]
    gathered = np.moveaxis(np.stack(logs), 0, -1)
    return np.array([[_mean(one) for one in row] for row in gathered])


def _mean(logs: Float64Array) -> float:
    known = logs[np.isfinite(logs)]
    return float(known.mean()) if len(known) else 0.0


def exponent_of(series: Series, channel: Channel, *, curved: bool) -> float | None:
    """What space tells of the exponent at the step, if anything, as `exponent_at_step`."""
    if not series.grid.uniform:
        return None
    longest = max(series.time.segments(), key=lambda run: run.stop - run.start)
    run = slice(longest.start, min(longest.stop, longest.start + FRAMES))
    if run.stop - run.start < 3:
        return None
    frames = series.read([channel], run)[:, 0].astype(np.float64)
    time_of_day = series.time.offset_us[run] % DAY_US
    for one in np.unique(time_of_day):
        here = time_of_day == one
        if here.sum() > 1:
            frames[here] -= frames[here].mean(axis=0)
        else:
            frames[here] -= frames.mean(axis=0)
    return exponent_at_step(frames, curved=curved)


def _fit(
    each: Errors, usual: Float64Array, told: float | None, step_s: float, channel: Channel
) -> tuple[ChannelSpread | None, Float64Array]:
    """The spread of one channel, and e/σ of each error, NaN where that is unknown.

    None where it is never wrong, or nothing is known.
    """
    errors = each.known()
    size = np.abs(errors.error)
    in_order = np.full(each.error.shape, np.nan)
    if not (size > 0).any():
        return None, in_order
    spans = [k for k in STEPS if (errors.steps == k).any()]
    usual_at = {k: np.array([_mean(one[errors.steps == k]) for one in errors.logs]) for k in spans}
    loud = errors.logs - np.stack([usual_at[int(k)] for k in errors.steps], axis=1)
    loud = np.nan_to_num(loud, nan=0.0, posinf=LOUDEST, neginf=-LOUDEST)
    shape = np.log(4 * errors.theta * (1 - errors.theta))
    columns = [*(np.float64(errors.steps == k) for k in spans), *np.clip(loud, -LOUDEST, LOUDEST)]
    waves = holds_fast_waves(channel.variable, channel.standard_name)
    floor = FLOOR_EXPONENT * shape if waves else None
    counted = np.maximum(size, SMALLEST * np.median(size[size > 0]))
    first = fit_scale(np.stack([*columns, shape], axis=1), counted, 0.0, len(spans), floor)
    exponent = float(np.clip(first.coefficients[-1], *EXPONENTS))
    found = fit_scale(np.stack(columns, axis=1), counted, exponent * shape, len(spans), floor)
    in_order[np.isfinite(each.error)] = errors.error / found.scale
    standard = np.sort(size / found.scale)
    rare = standard[int(RAREST * (len(standard) - 1))]
    unit = float(np.sqrt((np.minimum(standard, rare) ** 2).mean()))
    middles = (np.arange(PARTS) + 0.5) / PARTS
    levels = found.coefficients[: len(spans)] + np.log(unit)
    slope = _slope(np.log(spans), levels)
    exponent_here = slope + UNTOLD_EXPONENT
    if told is not None:
        exponent_here = SPACE_WEIGHT * told + (1 - SPACE_WEIGHT) * slope
    at_step = levels[0] - exponent_here * np.log(spans[0])
    floors: tuple[float, ...] = ()
    if found.floor is not None:
        wide = float(found.floor + np.log(unit))
        floors = (wide + float(np.log(LEFT_AT_STEP)), *(wide for _ in spans))
    fitted = ChannelSpread(
        channel.units,
        tuple(step_s * k for k in (1, *spans)),
        (float(at_step), *map(float, levels)),
        (tuple(usual.tolist()), *(tuple(usual_at[k].tolist()) for k in spans)),
        tuple(found.coefficients[len(spans) :].tolist()),
        exponent,
        tuple((np.quantile(standard, middles) / unit).tolist()),
        floors,
        largest=float(size.max()),
    )
    return fitted, in_order


def _slope(spans: Float64Array, levels: Float64Array) -> float:
    """Of a line through levels; 1 where there is but one."""
    if len(spans) < 2:
        return 1.0
    apart = spans - spans.mean()
    return float(apart @ levels / (apart @ apart))
