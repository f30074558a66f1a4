"""What the sun drives, told from where it stands: sunlight by clearness, the rest by responses.

Knows: series and intervals as arrays. Must not know: files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import numpy as np
import numpy.typing as npt

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.series import Series
from temdeep.fields.solar import (
    cos_zenith,
    mean_cos_zenith,
    sun_feature_means,
    sun_features,
)
from temdeep.fields.variables import Channel, Nature
from temdeep.methods import by_nature, sunlight
from temdeep.methods.context import finite_runs, trim_context
from temdeep.methods.cubic import fill_totals, spline, total_weights
from temdeep.methods.hidden import WINDOW
from temdeep.methods.places import PlaceBasis
from temdeep.methods.protocol import Division, Rendering, all_parts, with_ends
from temdeep.methods.responses import SPANS, Response
from temdeep.methods.sun_fitting import fit_to_series, responds
from temdeep.methods.sunlight import LightLaw
from temdeep.methods.wandering import CONTEXT, Wandering
from temdeep.metric import Float32Array, Float64Array
from temdeep.spline import spline_slope_weights, spline_weights

NO_RESPONSE = Response(None, reason="not among the variables it was fitted to")

DAY = np.arange(0, 24, 3) * np.timedelta64(1, "h")
"""Times after an interval's start over which the daily mean of a response is taken."""

Times = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Solar:
    """The natural spline plus fitted sun responses; sunlight by its clearness.

    Attributes:
        basis: Functions of place of the amplitudes.
        responses: By name of the channel.
        light: How sunlight follows the sun, by name of the channel.
    """

    basis: PlaceBasis
    responses: Mapping[str, Response]
    light: Mapping[str, LightLaw] = field(default_factory=dict)
    _maps: dict[tuple[str, Grid], Float32Array] = field(
        default_factory=dict, init=False, repr=False
    )

    name = "solar"
    context = WINDOW

    @classmethod
    def fitted_to(cls, series: Series, spans: tuple[int, ...] = SPANS) -> Self:
        """Fit to a coarse series, all of it and nothing else.

        Args:
            series: The series.
            spans: Multiples of its step inside which times are hidden.
        """
        basis = PlaceBasis.of(series.grid)
        responses, light = fit_to_series(series, basis, spans)
        return cls(basis, responses, light)

    def amplitudes(self, name: str, grid: Grid) -> Float32Array | None:
        """How much of each of the sun's features a channel shows at each cell of a grid.

        Args:
            name: The channel's name.
            grid: The grid, or a part of the one it was fitted on.

        Returns:
            Shape (feature, y, x), features as in `SUN_FEATURES`, in the channel's unit; None where
            the sun does not help. Not to be changed.
        """
        found = self.responses.get(name, NO_RESPONSE).amplitudes
        if found is None:
            return None
        if self._maps and next(iter(self._maps))[1] is not grid:
            self._maps.clear()
        if (name, grid) not in self._maps:
            functions = self.basis.at(
                grid.latitude, grid.longitude, grid.land_fraction, grid.elevation_m
            )
            on_grid = np.tensordot(found, functions, axes=1).astype(np.float32)
            on_grid.flags.writeable = False
            self._maps[name, grid] = on_grid
        return self._maps[name, grid]

    def treatment(self, channel: Channel, grid: Grid) -> str:  # noqa: ARG002 - of the protocol
        """See `Method.treatment`."""
        response = self.responses.get(channel.name, NO_RESPONSE)
        if channel.nature is Nature.SUNLIGHT:
            by_night = self.light.get(channel.name, LightLaw()).by_night
            if by_night > sunlight.MOST_BY_NIGHT:
                return (
                    f"{self.name}: {by_night:.0%} of its light falls while the sun is down (are its"
                    " times UTC?)"
                )
            return self.name
        if response.amplitudes is not None:
            return self.name
        if channel.nature is Nature.DIRECTION:
            return "cubic: directions turn with the wind, not with the sun"
        instead = "linear" if response.even else "cubic"
        return by_nature.fallback(channel) or f"{instead}: {response.reason}"

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return self.rendering(interval)(theta)

    def rendering(self, interval: Interval) -> Rendering:
        """See `Looking.rendering`: where the sun stands at given times is worked out once."""
        near = trim_context(interval, self.context)
        where = near.grid.latitude, near.grid.longitude
        render = by_nature.render_each(near, self._look)
        sunny = [i for i, one in enumerate(near.channels) if one.nature is Nature.SUNLIGHT]
        if not sunny:
            return render
        sun = cos_zenith(_times(near, near.lead_fractions), *where)

        def fill(theta: Float64Array) -> Float32Array:
            filled = render(theta)
            inside = (theta > 0) & (theta < 1)
            if inside.any():
                wanted = cos_zenith(_times(near, theta[inside]), *where)
                for i in sunny:
                    law = self.light.get(near.channels[i].name, LightLaw())
                    light = sunlight.fill_instants(
                        near.frames[:, i], sun, len(near.before), wanted, theta[inside], law
                    )
                    filled[inside, i] = np.maximum(light, 0)
            return filled

        return fill

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return all_parts(self, interval, edges)

    def division(self, interval: PeriodInterval, edges: Float64Array) -> Division:
        """See `Dividing.division`.

        Light is divided by whole cells, in which it is conserved; what responds to the sun is
        conserved and kept within its limits over all parts, and is made for all of them at once.
        """
        by_nature.check_edges(edges)
        near = trim_context(interval, self.context)
        responding = {}
        for i, channel in enumerate(near.channels):
            if channel.nature is not Nature.SUNLIGHT and not self._is_even(channel):
                amplitudes = self.amplitudes(channel.name, near.grid)
                if amplitudes is not None:
                    responding[i] = self._respond_in_parts(near, edges, i, amplitudes)

        def parts(some: slice) -> Float64Array:
            bounds, own = with_ends(edges, some)
            made = fill_totals(near, bounds, spline_slope_weights)[own]
            for i, channel in enumerate(near.channels):
                if channel.nature is Nature.SUNLIGHT:
                    made[:, i] = _light(near, edges, some, i)
                elif i in responding:
                    made[:, i] = responding[i][some]
                elif self._is_even(channel):
                    made[:, i] = near.rate[i]
            return made

        return parts

    def _is_even(self, channel: Channel) -> bool:
        return self.responses.get(channel.name, NO_RESPONSE).even

    def _look(self, interval: Interval) -> Rendering:
        """The spline, and what it misses of the sun's features times their amplitudes."""
        found = {
            i: amplitudes
            for i, one in enumerate(interval.channels)
            if responds(one)
            and (amplitudes := self.amplitudes(one.name, interval.grid)) is not None
        }
        if not found:
            return partial(spline, interval)
        where = interval.grid.latitude, interval.grid.longitude
        given = sun_features(_times(interval, interval.lead_fractions), *where)

        def fill(theta: Float64Array) -> Float32Array:
            filled = spline(interval, theta)
            weights = spline_weights(len(interval.before), len(interval.after), theta)
            missed = sun_features(_times(interval, theta), *where)
            missed = missed - np.einsum("tf,lfyx->ltyx", weights.astype(np.float32), given)
            for i, amplitudes in found.items():
                filled[:, i] += np.einsum("lyx,ltyx->tyx", amplitudes, missed)
                filled[:, i] += self.wandering(interval, i, theta)
            return filled

        return fill

    def swing(self, name: str) -> Wandering:
        """How much a channel's response wanders."""
        return self.responses.get(name, NO_RESPONSE).wandering

    def wandering(self, interval: Interval, i: int, theta: Float64Array) -> Float32Array:
        """What a response that wanders with the weather adds to a channel, shape (time, y, x)."""
        shape = len(theta), *interval.grid.shape
        channel = interval.channels[i]
        wandering = self.swing(channel.name)
        amplitudes = self.amplitudes(channel.name, interval.grid)
        inside = (theta > 0) & (theta < 1)
        added = np.zeros(shape, np.float32)
        near = trim_context(interval, CONTEXT)
        if not wandering or amplitudes is None or not inside.any() or len(near.frames) < 3:
            return added
        grid, lead = near.grid, near.lead_fractions
        day = near.valid_time + DAY
        times = np.concatenate([_times(near, theta[inside]), _times(near, lead), day])
        features = sun_features(times, grid.latitude, grid.longitude)
        part = np.einsum("lyx,ltyx->tyx", amplitudes, features, dtype=np.float64)
        asked, frames = int(inside.sum()), len(lead)
        part, mean = part[: asked + frames], part[asked + frames :].mean(axis=0)
        anomalies = near.frames[:, i] - part[asked:]
        response = (part - mean).reshape(len(part), -1)
        flat, own = anomalies.reshape(frames, -1), len(near.before)
        there = np.zeros((asked, flat.shape[1]))
        for before, after, mask in finite_runs(near.before[:, i], near.after[:, i]):
            if before + after:  # two frames tell of no amplitude
                cells, window = mask.ravel(), slice(own - before, own + 2 + after)
                there[:, cells] = wandering.departure(
                    flat[window][:, cells],
                    response[asked:][window][:, cells],
                    response[:asked, cells],
                    before,
                    theta[inside],
                    near.span_s,
                )
        added[inside] = there.reshape(asked, *grid.shape)
        return added

    def _respond_in_parts(
        self, interval: PeriodInterval, edges: Float64Array, i: int, amplitudes: Float32Array
    ) -> Float64Array:
        """The same for the parts of a period: conserved, and within the channel's limits."""
        grid, n_before, n_after = interval.grid, len(interval.before), len(interval.after)
        weights = total_weights(n_before, n_after, edges, spline_slope_weights)
        bounds = np.arange(-n_before, n_after + 2, dtype=np.float64)
        where = grid.latitude, grid.longitude
        given_times, part_times = _times(interval, bounds), _times(interval, edges)
        given = sun_feature_means(given_times[:-1], given_times[1:], *where)
        wanted = sun_feature_means(part_times[:-1], part_times[1:], *where)
        missed = wanted - np.einsum("tf,lfyx->ltyx", weights, given)
        added = np.einsum("lyx,ltyx->tyx", amplitudes, missed, dtype=np.float64)
        lengths = np.diff(edges)[:, None, None]
        own = by_nature.select_period_channels(interval, [i])
        rate = own.rate[0]
        changed = fill_totals(own, edges, spline_slope_weights)[:, 0] - rate + added
        changed -= (changed * lengths).sum(axis=0)
        least, most = by_nature.limits_of_rate(own.channels[0], rate)
        departures = -changed.min(axis=0), changed.max(axis=0)
        damping = by_nature.damping(departures, (rate - least, most - rate))
        parts: Float64Array = np.clip(rate + damping * changed, least, most)
        return parts


def _light(interval: PeriodInterval, edges: Float64Array, some: slice, i: int) -> Float64Array:
    """Sunlight in some parts of a period, made with all others that share a cell with them."""
    wide = sunlight.whole_cells(edges, some)
    bounds, own = with_ends(edges, wide)
    rates = np.concatenate([interval.before[:, i], interval.rate[None, i], interval.after[:, i]])
    sun, here = _sun_inside(interval, bounds), len(interval.before)
    light = sunlight.fill_period(rates, _mean_sun(interval), here, *sun, bounds)[own]
    return light[some.start - wide.start : some.stop - wide.start]


def _mean_sun(interval: PeriodInterval) -> Float32Array:
    """Mean μ over the period and its context, shape (period, y, x)."""
    bounds = np.arange(-len(interval.before), len(interval.after) + 2, dtype=np.float64)
    times = _times(interval, bounds)
    return mean_cos_zenith(times[:-1], times[1:], interval.grid.latitude, interval.grid.longitude)


def _sun_inside(interval: PeriodInterval, edges: Float64Array) -> tuple[Float32Array, Float32Array]:
    """Mean μ over the period's cells, shape (cell, y, x), and over its pieces."""
    where = interval.grid.latitude, interval.grid.longitude
    cells = _times(interval, np.linspace(0, 1, sunlight.CELLS + 1))
    parts = _times(interval, sunlight.pieces(edges))
    return mean_cos_zenith(cells[:-1], cells[1:], *where), mean_cos_zenith(
        parts[:-1], parts[1:], *where
    )


def _times(interval: Interval | PeriodInterval, lead: Float64Array) -> Times:
    """Valid times at lead fractions."""
    offset_us = np.rint(lead * interval.span_s * 1e6).astype("timedelta64[us]")
    times: Times = interval.valid_time.astype("datetime64[us]") + offset_us
    return times
