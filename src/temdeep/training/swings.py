"""What wandering responses to the sun add at hidden times: known beforehand, not to be learnt.

Knows: series, the solar method, torch. Must not know: files, the command line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from temdeep.fields.series import Series
from temdeep.fields.solar import sun_features
from temdeep.fields.variables import Channel
from temdeep.methods.solar import DAY, Solar
from temdeep.methods.wandering import CONTEXT, Wandering
from temdeep.training.held import Frames, Held, Store, parts

PART, MEAN, ANOMALY = PLACES = (0, 1, 2)
"""Where in what is held of a swing its parts stand."""


@dataclass(frozen=True, eq=False)
class Swing:
    """One channel whose response wanders.

    Attributes:
        channel: Index of the channel.
        wandering: How much.
        held: At all frames the sun's part, its mean over the day that begins with each, and the
            fields without it, shape (time, 3, cell).
    """

    channel: int
    wandering: Wandering
    held: Frames


@dataclass(frozen=True, eq=False)
class Swings:
    """All channels of a series whose responses wander.

    Attributes:
        each: One for each such channel.
        spread: By which the network's fields are divided, shape (channel,).
        step_s: Of the series.
        shape: Of the grid.
    """

    each: tuple[Swing, ...]
    spread: tuple[float, ...]
    step_s: float
    shape: tuple[int, int]

    @classmethod
    def of(
        cls,
        series: Series,
        channels: Sequence[Channel],
        solar: Solar,
        spread: tuple[float, ...],
        without: Sequence[int],
        store: Store | None = None,
    ) -> Self:
        """Read what is needed of a series.

        Args:
            series: The coarse series.
            channels: The network's.
            solar: With its responses.
            spread: Of each channel.
            without: Indices of channels that keep the sun's part in the network.
            store: What holds it; None: a new one.
        """
        store = store or Store()
        grid, times = series.grid, series.time.sun_time
        found = []
        for i, channel in enumerate(channels):
            amplitudes, wandering = solar.amplitudes(channel.name, grid), solar.swing(channel.name)
            if amplitudes is None or not wandering or i in without:
                continue
            held = Held((len(PLACES), amplitudes[0].size), store)
            for some in parts((len(times), *held.shape[1:])):
                fields = series.read([channel], some)[:, 0]
                for time, field in zip(times[some], fields, strict=True):
                    of_day = sun_features(
                        np.concatenate([time[None], time + DAY]), grid.latitude, grid.longitude
                    )
                    swing = np.einsum("lyx,ltyx->tyx", amplitudes, of_day)
                    rows = (swing[0], swing[1:].mean(axis=0), field - swing[0])
                    held.add(np.stack([one.ravel() for one in rows])[None])
            found.append(Swing(i, wandering, held))
        return cls(tuple(found), spread, series.time.step_us / 1e6, grid.shape)

    def added(self, first: int, multiple: int, before: int, after: int) -> Tensor:
        """What is added to the spline at the hidden times of an interval.

        Args:
            first: Index of the interval's start.
            multiple: Its span in steps.
            before: Frames of context before it, at that span.
            after: Frames after it.

        Returns:
            Normalised, shape (hidden time, channel, y, x).
        """
        hidden = first + np.arange(1, multiple)
        theta = np.arange(1, multiple) / multiple
        before, after = min(before, CONTEXT), min(after, CONTEXT)
        total = np.zeros((len(hidden), len(self.spread), *self.shape), np.float32)
        if not len(hidden) or before + after == 0:
            return torch.from_numpy(total)
        frames = first + multiple * np.arange(-before, after + 2)
        for one in self.each:
            part, anomalies = (one.held[frames, at].numpy() for at in (PART, ANOMALY))
            mean, wanted = one.held[first, MEAN].numpy(), one.held[hidden, PART].numpy()
            swung = one.wandering.departure(
                anomalies.astype(np.float64),
                (part - mean).astype(np.float64),
                (wanted - mean).astype(np.float64),
                before,
                theta,
                multiple * self.step_s,
            )
            total[:, one.channel] = swung.reshape(-1, *self.shape) / self.spread[one.channel]
        return torch.from_numpy(total)
