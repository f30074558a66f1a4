"""What a trained model does with an interval, as one module of tensors from end to end.

The same as `Learnt.fill` for the channels that the network fills, on one grid, with two
differences: the motion is given (dense optical flow is not PyTorch's), and a frame that is not
there is one without any number.

Knows: torch, models, grids as arrays. Must not know: files, series.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from temdeep.export.sun import Sun
from temdeep.export.swing import Swing, finite_context
from temdeep.fields.grids import Grid
from temdeep.fields.limits import NEVER_NEGATIVE, upper_limit
from temdeep.fields.solar import DAY_US
from temdeep.fields.variables import Channel, Nature
from temdeep.methods.learnt import Learnt, ground_of
from temdeep.methods.rain_motion import is_rain
from temdeep.methods.solar import DAY
from temdeep.network.rendering import render
from temdeep.network.settings import CONTEXT, FRAMES
from temdeep.network.trust import shrunk
from temdeep.network.window import Ground, Window, known_frames, spline, without_missing


@dataclass(frozen=True, eq=False)
class Calmed:
    """Frames of an interval and what the time of day has to do with them.

    Attributes:
        sun: What the sun drives at each frame, in the channels' units, shape (frame, channel, y,
            x).
        daily: What is left of the day's cycle, likewise.
        seen: Frames without both, normalised, NaN where missing.
        before, after: How many frames of context there are, shape (1,).
    """

    sun: Tensor
    daily: Tensor
    seen: Tensor
    before: Tensor
    after: Tensor

    @property
    def calm(self) -> Tensor:
        """As the network sees the frames: 0 where there are none, and no hole."""
        known = known_frames(self.before, self.after)[0]
        return without_missing(torch.where(known[:, None, None, None], self.seen, 0))


class Calm(nn.Module):
    """Takes the sun and the hours of the day out of frames, and normalises them.

    What the motion is estimated from.
    """

    amplitudes: Tensor
    hours_us: Tensor
    hour_means: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, model: Learnt, grid: Grid) -> None:
        super().__init__()
        self.settings = model.network.settings
        self.shape = grid.shape
        self.sun = Sun(grid.latitude, grid.longitude)
        found = [
            None if is_rain(one) else model.solar.amplitudes(one.name, grid)
            for one in model.channels
        ]
        self.sunny = [i for i, one in enumerate(found) if one is not None]
        shown = [torch.from_numpy(one.copy()) for one in found if one is not None]
        if shown:
            self.register_buffer("amplitudes", torch.stack(shown))
        self.knows_hours = len(model.daily.hours_us) > 0
        if self.knows_hours:
            self.register_buffer("hours_us", torch.from_numpy(model.daily.hours_us.copy()))
            self.register_buffer("hour_means", torch.from_numpy(model.daily.on_grid(grid)))
        for name in ("mean", "spread"):
            table = torch.tensor(getattr(self.settings, name))[:, None, None]
            self.register_buffer(name, table)

    def forward(self, frames: Tensor, valid_time: Tensor, span_s: Tensor) -> Tensor:
        """Calm frames, normalised, shape (frame, channel, y, x), without any hole.

        Args:
            frames: Three before, both ends, three after, shape (frame, channel, y, x), in the
                channels' units, NaN where missing and where there is no frame.
            valid_time: t0 in seconds since 1970, UTC, a whole number without dimensions.
            span_s: τ in seconds, double precision, likewise.
        """
        return self.taken_apart(frames, valid_time, span_s).calm

    def taken_apart(self, frames: Tensor, valid_time: Tensor, span_s: Tensor) -> Calmed:
        """The same with all that was taken out."""
        there = frames.isfinite().flatten(1).any(dim=1, keepdim=True)
        before, after = (
            one.clamp(max=self.settings.context)
            for one in finite_context(torch.where(there, 0.0, torch.nan))
        )
        lead = torch.arange(-CONTEXT, CONTEXT + 2, dtype=torch.float64)
        known = known_frames(before, after)[0]
        times = times_us(valid_time, span_s, lead)
        sun, daily = self.sun_part(times), self._daily(times, known)
        seen = frames - sun - daily
        for i in self.settings.carried:
            logs = torch.log1p(seen[:, i].clamp_min(0) / self.rate(i))
            seen = torch.index_copy(seen, 1, torch.tensor([i]), logs[:, None])
        return Calmed(sun, daily, (seen - self.mean) / self.spread, before, after)

    def rate(self, channel: int) -> float:
        """r₀ of a channel that is rain."""
        return self.settings.rain[channel] or 1.0

    def sun_part(self, times: Tensor) -> Tensor:
        """What the sun drives, shape (time, channel, y, x)."""
        part = torch.zeros(times.shape[0], self.settings.channels, *self.shape)
        if self.sunny:
            driven = torch.einsum("clyx,ltyx->tcyx", self.amplitudes, self.sun(times))
            part[:, self.sunny] = driven
        return part

    def _daily(self, times: Tensor, known: Tensor) -> Tensor:
        """As `HourMeans.at`: nothing if any frame that is there is at an hour that was not sampled.

        Args:
            times: Of the frames, shape (frame,).
            known: Which frames there are.
        """
        if not self.knows_hours:
            return torch.zeros(FRAMES, self.settings.channels, *self.shape)
        same = times.remainder(DAY_US)[:, None] == self.hours_us
        sampled = (same.any(dim=1) | ~known).all()
        chosen = (same & known[:, None] & sampled).to(self.hour_means)
        return torch.einsum("th,hcyx->tcyx", chosen, self.hour_means)


class Program(nn.Module):
    """From the frames of an interval to fields at any lead fractions."""

    dx_m: Tensor
    dy_m: Tensor
    place: Tensor

    def __init__(self, model: Learnt, grid: Grid) -> None:
        super().__init__()
        self.settings = model.network.settings
        self.channels = model.channels
        self.filled = [i for i, one in enumerate(model.channels) if one.name not in model.instead]
        self.network = model.network
        self.calm = Calm(model, grid)
        ground = ground_of(grid, model.solar.basis)
        self.cyclic = ground.cyclic
        for name in ("dx_m", "dy_m", "place"):
            self.register_buffer(name, getattr(ground, name))
        self.swings = nn.ModuleDict(
            {
                str(i): Swing(swing)
                for i in self.calm.sunny
                if (swing := model.solar.swing(model.channels[i].name))
            }
        )

    @property
    def outputs(self) -> tuple[Channel, ...]:
        """The channels that it fills, in its order."""
        return tuple(self.channels[i] for i in self.filled)

    def forward(
        self,
        frames: Tensor,
        valid_time: Tensor,
        span_s: Tensor,
        theta: Tensor,
        motion: Tensor | None = None,
    ) -> Tensor:
        """Fields at lead fractions, shape (time, channel, y, x), in their units.

        Args:
            frames: As for `Calm`.
            valid_time: Likewise.
            span_s: Likewise.
            theta: Lead fractions, double precision, shape (time,); NaN comes back outside [0, 1].
            motion: Eastward and northward velocity of each level, m s⁻¹, shape (level, 2, y, x);
                None where nothing moves.
        """
        parts = self.calm.taken_apart(frames, valid_time, span_s)
        departure = self._departure(parts, span_s, theta, motion)
        ends = frames[CONTEXT : CONTEXT + 2]
        t = theta.float()[:, None, None, None]
        fields = (1 - t) * ends[0] + t * ends[1] + self.calm.spread * departure
        smooth, line = (
            spline(parts.before, parts.after, theta[None], most)[0] for most in (CONTEXT, 0)
        )
        fields = fields + torch.einsum("tf,fcyx->tcyx", (smooth - line).float(), parts.daily)
        sun = parts.sun[CONTEXT : CONTEXT + 2]
        wanted = self.calm.sun_part(times_us(valid_time, span_s, theta))
        fields = fields + wanted - ((1 - t) * sun[0] + t * sun[1])
        fields = self._swung(fields, frames, valid_time, span_s, theta)
        seen = parts.seen[CONTEXT : CONTEXT + 2]
        whole = []
        for i in self.filled:
            field = fields[:, i]
            if i in self.settings.carried:
                line = (1 - t[:, 0]) * seen[0, i] + t[:, 0] * seen[1, i]
                logs = self.settings.mean[i] + self.settings.spread[i] * (line + departure[:, i])
                field = self.calm.rate(i) * torch.expm1(logs.clamp_min(0))
            whole.append(_limited(field, ends[:, i], self.channels[i]))
        made = torch.stack(whole, dim=1)
        given = ends[:, self.filled]
        lead = theta[:, None, None, None]
        made = torch.where((lead >= 0) & (lead <= 1), made, torch.nan)
        made = torch.where(lead == 0, given[0], made)
        return torch.where(lead == 1, given[1], made)

    def _departure(
        self, parts: Calmed, span_s: Tensor, theta: Tensor, motion: Tensor | None
    ) -> Tensor:
        """What the network adds to the straight line, normalised, shape (time, channel, y, x)."""
        if motion is None:
            motion = self.dx_m.new_zeros(0, 2, *self.dx_m.shape)
        window = Window(
            parts.calm[None],
            parts.before,
            parts.after,
            span_s[None],
            motion[None],
            Ground(self.dx_m, self.dy_m, self.cyclic, self.place),
        )
        coefficients = shrunk(self.network(window), window, self.settings)
        return render(window, coefficients, theta.float()[None], self.settings.levels)[0]

    def _swung(
        self, fields: Tensor, frames: Tensor, valid_time: Tensor, span_s: Tensor, theta: Tensor
    ) -> Tensor:
        """With what `Solar.wandering` adds."""
        if not self.swings:
            return fields
        lead = torch.arange(-CONTEXT, CONTEXT + 2, dtype=torch.float64)
        day = torch.from_numpy((DAY / np.timedelta64(1, "us")).astype(np.int64))
        times = [times_us(valid_time, span_s, one) for one in (lead, theta)]
        times.append(times_us(valid_time, span_s, torch.zeros(())) + day)
        features = self.calm.sun(torch.cat(times)).double()
        most = torch.tensor(self.settings.context)
        within = torch.where(known_frames(most, most), 0.0, torch.nan)[:, None]
        added = torch.zeros_like(fields)
        for name, swing in self.swings.items():
            i = int(name)
            own = self.calm.amplitudes[self.calm.sunny.index(i)].double()
            part = (own[:, None] * features).sum(dim=0).flatten(1)
            mean = part[-len(day) :].mean(dim=0)
            anomalies = frames[:, i].flatten(1) + within - part[:FRAMES]
            response = part[: -len(day)] - mean
            there = swing(anomalies, response[:FRAMES], response[FRAMES:], theta, span_s)
            added[:, i] = there.float().reshape(added[:, i].shape)
        return fields + added


def times_us(valid_time: Tensor, span_s: Tensor, lead: Tensor) -> Tensor:
    """Valid times at lead fractions, in microseconds since 1970.

    In double precision, as whole numbers that are given in 32 bits would run over.
    """
    return (valid_time.double() * 1e6).long() + (lead * span_s * 1e6).round().long()


def _limited(field: Tensor, ends: Tensor, channel: Channel) -> Tensor:
    """A channel (time, y, x) within what its nature allows, as `by_nature.fill_each` keeps it."""
    if channel.nature is Nature.FRACTION:
        least = torch.fmin(torch.fmin(ends[0], ends[1]), torch.zeros_like(ends[0]))
        field = torch.maximum(field, least)
        whole = upper_limit(channel)
        if whole is not None:
            most = torch.fmax(torch.fmax(ends[0], ends[1]), torch.full_like(ends[0], whole))
            field = torch.minimum(field, most)
        return field
    return field.clamp_min(0) if channel.nature in NEVER_NEGATIVE else field
