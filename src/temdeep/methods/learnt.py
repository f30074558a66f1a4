"""The learnt model: the solar method's anchor, and what a network adds to it.

Knows: intervals as arrays, torch. Must not know: files, training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from temdeep.errors import ModelError
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.solar import TimeArray, sun_features
from temdeep.fields.variables import Channel
from temdeep.methods import by_nature
from temdeep.methods.context import trim_context
from temdeep.methods.daily import HourMeans
from temdeep.methods.motion import estimate
from temdeep.methods.normalising import normalised, rain_of
from temdeep.methods.places import PlaceBasis
from temdeep.methods.protocol import (
    Division,
    Method,
    Rendering,
    all_parts,
    division,
    rendering,
)
from temdeep.methods.rain_motion import estimate_rain, is_rain
from temdeep.methods.solar import Solar
from temdeep.metric import Float32Array, Float64Array
from temdeep.network.architecture import InterpolationNetwork
from temdeep.network.motion import members
from temdeep.network.rendering import render
from temdeep.network.settings import CONTEXT, FRAMES, NetworkSettings
from temdeep.network.trust import shrunk
from temdeep.network.window import Ground, Window, without_missing
from temdeep.spline import spline_weights

NAME = "temdeep"

SINGLE = "float32"
PRECISIONS = (SINGLE, "bf16")
"""How a network's layers can be computed in use; given times are exact in both."""

RENDERED_VALUES = 2**18
"""Values that are rendered at once: some times that number are held on the way."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """A trained network with its sun responses, and classical methods where these are better.

    Attributes:
        network: In evaluation mode, on the device where it is to run.
        channels: The channels that it was trained on, in its order.
        solar: Sun responses, fitted to the same coarse series.
        daily: What else of the day's cycle is kept from the network.
        instead: By channel name, the classical method to use and why, where the network is not
            better on withheld frames or was not trained.
        classical: Those methods by name.
        precision: In which the network's layers are computed, of `PRECISIONS`; all else is in
            float32 in any case.
    """

    network: InterpolationNetwork
    channels: tuple[Channel, ...]
    solar: Solar
    daily: HourMeans
    instead: Mapping[str, tuple[str, str]]
    classical: Mapping[str, Method]
    precision: str = SINGLE

    name = NAME

    @property
    def context(self) -> int:
        """See `Method.context`."""
        used = [self.classical[name].context for name, _ in self.instead.values()]
        return max([CONTEXT, *used])

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """See `Method.treatment`."""
        if channel.name in self.instead:
            name, reason = self.instead[channel.name]
            if name == self.solar.name:
                self._check_ground(grid)
            told = self.classical[name].treatment(channel, grid)
            return told if ":" in told else f"{told}: {reason}"
        self._check([channel])
        self._check_ground(grid)
        return self.name if self.precision == SINGLE else f"{self.name}: layers in {self.precision}"

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return self.rendering(interval)(theta)

    def rendering(self, interval: Interval) -> Rendering:
        """See `Looking.rendering`: the network looks at the interval once."""
        classical: dict[str, list[int]] = {}
        for i, channel in enumerate(interval.channels):
            if channel.name in self.instead:
                classical.setdefault(self.instead[channel.name][0], []).append(i)
        parts: list[tuple[list[int], Rendering]] = []
        for name, indices in classical.items():
            if name == self.solar.name:
                self._check_ground(interval.grid)
            own = by_nature.select_channels(interval, indices)
            parts.append((indices, rendering(self.classical[name], own)))
        learnt = [i for i, one in enumerate(interval.channels) if one.name not in self.instead]
        if learnt:
            self._check([interval.channels[i] for i in learnt])
            self._check_ground(interval.grid)
            # the network looks at all its channels, whichever of them it fills
            inputs = self.places(interval.channels)
            known = trim_context(
                by_nature.select_channels(interval, inputs), self.network.settings.context
            )
            everything = by_nature.render_each(known, self._look)
            if learnt == inputs == list(range(len(interval.channels))):
                return everything
            wanted = [inputs.index(i) for i in learnt]
            parts.append((learnt, lambda theta: everything(theta)[:, wanted]))

        def fill(theta: Float64Array) -> Float32Array:
            filled = np.empty((len(theta), *interval.start.shape), np.float32)
            for indices, part in parts:
                filled[:, indices] = part(theta)
            return filled

        return fill

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return all_parts(self, interval, edges)

    def division(self, interval: PeriodInterval, edges: Float64Array) -> Division:
        """See `Dividing.division`: each channel by the classical method that it is left to."""
        each: list[Division] = []
        for i, channel in enumerate(interval.channels):
            if channel.name not in self.instead:
                raise _unknown([channel.name], self._names())
            method = self.classical[self.instead[channel.name][0]]
            own = by_nature.select_period_channels(interval, [i])
            each.append(division(method, own, edges))
        return lambda some: np.concatenate([divide(some) for divide in each], axis=1)

    def _names(self) -> list[str]:
        return list(dict.fromkeys([one.name for one in self.channels] + list(self.instead)))

    def _check(self, channels: Sequence[Channel]) -> None:
        """Refuse variables and units that the network was not trained on."""
        own = {one.name: one for one in self.channels}
        strange = [one.name for one in channels if one.name not in own]
        if strange:
            raise _unknown(strange, self._names())
        for one in channels:
            if one.units != own[one.name].units:
                raise ModelError(
                    f"'{one.name}' is in '{one.units}' and the model was trained on"
                    f" '{own[one.name].units}': convert it, or train on these data."
                )

    def _check_ground(self, grid: Grid) -> None:
        """Refuse a grid without the static fields that the model was trained with."""
        basis = self.solar.basis
        absent = [
            name
            for name, known, given in (
                ("elevation", basis.elevation, grid.elevation_m),
                ("land fraction", basis.land, grid.land_fraction),
            )
            if known is not None and given is None
        ]
        if absent:
            raise ModelError(
                f"the model was trained with {' and '.join(absent)} of each place, which this"
                " series does not have: give a file with it as --static FILE."
            )

    def places(self, channels: Sequence[Channel]) -> list[int]:
        """Where the network's channels are among others, in the network's order.

        Raises:
            ModelError: One is not there, or in another unit.
        """
        place = {one.name: i for i, one in enumerate(channels)}
        absent = [one.name for one in self.channels if one.name not in place]
        if absent:
            raise ModelError(
                f"the model also needs {', '.join(absent)}, which it was trained with: give all of"
                f" {', '.join(one.name for one in self.channels)}, or train on these data."
            )
        self._check([channels[place[one.name]] for one in self.channels])
        return [place[one.name] for one in self.channels]

    def _look(self, interval: Interval) -> Rendering:
        """The straight line and all that is added to it; channels in the network's order."""
        settings = self.network.settings
        grid, own = interval.grid, len(interval.before)
        given = times_of(interval, interval.lead_fractions)
        sun = sun_part(self.solar, interval.channels, grid, given)
        daily = self.daily.at(given, grid)
        frames = np.zeros((FRAMES, *interval.start.shape), np.float32)
        inside = slice(CONTEXT - own, CONTEXT + 2 + len(interval.after))
        frames[inside] = normalised(interval.frames - sun - daily, settings)
        ends = frames[CONTEXT : CONTEXT + 2]
        depart = self._departing(interval, frames)

        def fill(theta: Float64Array) -> Float32Array:
            departure = depart(theta)
            filled = by_nature.linear(interval, theta)
            spread = np.array(settings.spread, np.float32)[:, None, None]
            for i, added in enumerate(departure):  # one by one, which stay in the cache
                filled[i] += spread * added
            if daily.any():
                filled += _bend(daily, own, len(interval.after), theta)
            wanted = sun_part(self.solar, interval.channels, grid, times_of(interval, theta))
            t = theta[:, None, None, None].astype(np.float32)
            if wanted.any() or sun.any():
                filled += wanted - ((1 - t) * sun[own] + t * sun[own + 1])
            for i in range(settings.channels):
                filled[:, i] += self.solar.wandering(interval, i, theta)
            for i in settings.carried:
                line = (1 - t[:, 0]) * ends[0, i] + t[:, 0] * ends[1, i]
                filled[:, i] = rain_of(line + departure[:, i], settings, i)
            return filled

        return fill

    def _departing(self, interval: Interval, frames: Float32Array) -> Rendering:
        """What the network adds to the straight line, normalised as the frames are."""
        settings, grid = self.network.settings, interval.grid
        before, after = len(interval.before), len(interval.after)
        calm = without_missing(torch.from_numpy(frames))
        known = calm[CONTEXT - before : CONTEXT + 2 + after].numpy()
        motion = classical_motion(known, before, settings, interval.span_s, grid)
        device = next(self.network.parameters()).device
        window = Window(
            calm[None].to(device),
            torch.tensor([before]),
            torch.tensor([after]),
            torch.tensor([interval.span_s]).to(device),
            torch.from_numpy(motion)[None].to(device),
            ground_of(grid, self.solar.basis).to(device),
        )
        with torch.inference_mode():
            with torch.autocast(device.type, torch.bfloat16, enabled=self.precision != SINGLE):
                found = self.network(window)
            coefficients = shrunk(found, window, settings)

        def depart(theta: Float64Array) -> Float32Array:
            at_once = max(RENDERED_VALUES // interval.start.size, 1)
            leads = torch.split(torch.from_numpy(theta).float()[None].to(device), at_once, dim=1)
            with torch.inference_mode():
                rendered = [render(window, coefficients, one, settings.levels)[0] for one in leads]
                departure: Float32Array = torch.cat(rendered).cpu().numpy()
            return departure

        return depart


def _bend(frames: Float32Array, before: int, after: int, theta: Float64Array) -> Float32Array:
    """The natural spline minus the straight line, shape (time, channel, y, x)."""
    weights = spline_weights(before, after, theta)
    weights[:, before] -= 1 - theta
    weights[:, before + 1] -= theta
    bend: Float32Array = np.tensordot(weights.astype(np.float32), frames, axes=1)
    return bend


def classical_motion(
    frames: Float32Array,
    before: int,
    settings: NetworkSettings,
    span_s: float,
    grid: Grid,
) -> Float32Array:
    """The motion of each level between two fields, by dense optical flow.

    Args:
        frames: Normalised fields without the sun's part, shape (frame, channel, y, x): both ends,
            and the context, which rain's motion uses.
        before: How many of them are before t0.
        settings: Says which channels share a motion.
        span_s: τ.
        grid: The grid.

    Returns:
        Shape (level, 2, y, x), eastward and northward, m s⁻¹.
    """
    motion = np.zeros((settings.level_count, 2, *grid.shape), np.float32)
    for level in range(settings.level_count):
        own = members(settings.levels, level)
        if own:
            if own[0] in settings.carried:
                rates = np.stack([rain_of(frames[:, i], settings, i) for i in own], axis=1)
                found = estimate_rain(rates, before, span_s, grid)
            else:
                start, end = frames[before, own], frames[before + 1, own]
                found = estimate(start, end, span_s, grid.metric)
            motion[level] = np.stack([found.u_m_s, found.v_m_s])
    return motion


def sun_part(
    solar: Solar, channels: Sequence[Channel], grid: Grid, times: TimeArray
) -> Float32Array:
    """What the sun drives of each channel at some times, in its own unit.

    Returns:
        Shape (time, channel, y, x); 0 for channels without a response, and for rain, which is no
        sum of parts.
    """
    part = np.zeros((len(times), len(channels), *grid.shape), np.float32)
    amplitudes = [None if is_rain(one) else solar.amplitudes(one.name, grid) for one in channels]
    if any(one is not None for one in amplitudes):
        features = sun_features(times, grid.latitude, grid.longitude)
        for i, one in enumerate(amplitudes):
            if one is not None:
                part[:, i] = np.einsum("lyx,ltyx->tyx", one, features)
    return part


def times_of(interval: Interval, lead: Float64Array) -> TimeArray:
    """Valid times at lead fractions, for the position of the sun."""
    offset_us = np.rint(lead * interval.span_s * 1e6).astype("timedelta64[us]")
    times: TimeArray = interval.valid_time.astype("datetime64[us]") + offset_us
    return times


def ground_of(grid: Grid, basis: PlaceBasis) -> Ground:
    """A grid as tensors, with the static inputs of its places: those that the basis knows.

    Latitudes outside the region that was learnt from are taken for the nearest inside.
    """
    latitude = np.deg2rad(basis.latitude_inside(grid.latitude))
    nothing = np.zeros(grid.shape)
    land = nothing if basis.land is None or grid.land_fraction is None else grid.land_fraction
    elevation_m = grid.elevation_m
    height = nothing if basis.elevation is None or elevation_m is None else elevation_m / 1000
    place = np.nan_to_num(np.stack([np.sin(latitude), np.cos(latitude), land, height]))
    return Ground(
        torch.from_numpy(_never_zero(grid.metric.dx_m)),
        torch.from_numpy(_never_zero(grid.metric.dy_m)),
        grid.metric.cyclic,
        torch.from_numpy(place.astype(np.float32)),
    )


def _never_zero(size_m: Float64Array) -> Float32Array:
    """Cell sizes of at least a metre: a pole's row has no length."""
    sized: Float32Array = np.where(np.abs(size_m) < 1, 1.0, size_m).astype(np.float32)
    return sized


def _unknown(strange: list[str], known: list[str]) -> ModelError:
    return ModelError(
        f"the model knows {', '.join(known)}, not {', '.join(strange)}: choose with --variable, or"
        " train on these data."
    )
