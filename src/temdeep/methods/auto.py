"""Whatever suits each variable: a mixture of classical methods, weighted on hidden frames.

With x₁ the straight line and dₘ = xₘ - x₁ what method m adds to it, a channel is filled with

    x = x₁ + Σₘ gₘ dₘ,   gₘ ≥ 0,   Σₘ gₘ ≤ 1

where the weights g leave the least square error at frames of the coarse series itself that are
hidden and filled in from those around them (stacking; Breiman 1996, doi:10.1007/BF00117832). As a
mean of methods with weights that add up to 1 it keeps what all of them keep: given times, totals,
signs and limits.

Knows: series, methods. Must not know: files.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.natures import is_precipitation
from temdeep.fields.series import Series
from temdeep.fields.variables import Channel, Nature
from temdeep.methods import by_nature, trials
from temdeep.methods.context import trim_context
from temdeep.methods.protocol import (
    Division,
    Method,
    Rendering,
    all_parts,
    division,
    rendering,
)
from temdeep.metric import Float32Array, Float64Array

LINE = "linear"
CANDIDATES = ("cubic", "solar", "optical_flow")
"""What may be added to the straight line, in the order in which equals are preferred."""

TRIAL_CONTEXT = 3
"""Frames on each side in a trial: a spline through the whole series to about 1 %."""

PRIOR_TRIALS = 6
"""How many trials it takes to believe of a period what they say as much as what is usual for it.

Even division has jumps from period to period, which nothing in nature has; rain is rare, and a few
trials that it fell into say little.
"""

SUN_MARGIN = 0.2
"""Share of the RMSE by which the spline must be better to take sunlight from the solar method."""

LEAST_WEIGHT = 0.1
"""Weights below this are not worth the method's time."""

Weights = Mapping[str, float]
"""Weight of each method, adding up to 1."""


@dataclass(frozen=True, eq=False)
class Auto:
    """A mixture of methods for each channel.

    Attributes:
        methods: By name; `LINE` and `CANDIDATES`.
        weights: By name of the channel, those that are not 0; what is usual for a channel that is
            not among them.
    """

    methods: Mapping[str, Method]
    weights: Mapping[str, Weights]

    name = "auto"

    @classmethod
    def judged_on(cls, series: Series, methods: Mapping[str, Method]) -> Self:
        """Weigh methods on hidden frames of a coarse series.

        Args:
            series: The coarse series; nothing between its times is looked at.
            methods: By name; `LINE` and `CANDIDATES`.
        """
        weights: dict[str, Weights] = {}
        for group in _groups(series):
            judged = [one for one in group if _is_judged(one)]
            for channel, sums in zip(judged, _sums(series, judged, methods), strict=True):
                if sums.tell:
                    weights[channel.name] = sums.weights(channel)
        return cls(methods, weights)

    @property
    def context(self) -> int:
        """See `Method.context`."""
        return max(method.context for method in self.methods.values())

    def treatment(self, channel: Channel, grid: Grid) -> str:
        """See `Method.treatment`."""
        weights = self._weights_of(channel)
        if len(weights) == 1:
            (name,) = weights
            told = self.methods[name].treatment(channel, grid)
            return told if ":" in told else f"{told}: {self._why(channel, name)}"
        mixture = " + ".join(f"{weight:.2f} {name}" for name, weight in weights.items())
        return f"{self.name}: {mixture}, which is best on hidden times of the series"

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        return self.rendering(interval)(theta)

    def rendering(self, interval: Interval) -> Rendering:
        """See `Looking.rendering`."""
        # all channels, whichever are used: those of a level share one motion
        mixed = [
            (
                np.flatnonzero(weights),
                weights[:, None, None],
                rendering(self.methods[name], interval),
            )
            for name, weights in self._table(interval.channels).items()
        ]

        def fill(theta: Float64Array) -> Float32Array:
            filled = np.zeros((len(theta), *interval.start.shape), np.float64)
            for used, weights, render in mixed:
                filled[:, used] += weights[used] * render(theta)[:, used]
            made: Float32Array = filled.astype(np.float32)
            made[theta == 0] = interval.start
            made[theta == 1] = interval.end
            return made

        return fill

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`."""
        return all_parts(self, interval, edges)

    def division(self, interval: PeriodInterval, edges: Float64Array) -> Division:
        """See `Dividing.division`."""
        by_nature.check_edges(edges)
        mixed: list[tuple[npt.NDArray[np.intp], Float64Array, Division]] = []
        for name, of_channels in self._table(interval.channels).items():
            used = np.flatnonzero(of_channels)
            own = by_nature.select_period_channels(interval, used.tolist())
            weights = of_channels[used, None, None]
            mixed.append((used, weights, division(self.methods[name], own, edges)))

        def parts(some: slice) -> Float64Array:
            made = np.zeros((some.stop - some.start, *interval.rate.shape))
            for used, weights, divide in mixed:
                made[:, used] += weights * divide(some)
            return made

        return parts

    def _weights_of(self, channel: Channel) -> Weights:
        return self.weights.get(channel.name) or _usual(channel)

    def _why(self, channel: Channel, name: str) -> str:
        """Why a method is all that a channel is filled with."""
        if channel.name not in self.weights:
            return f"usual for {channel.nature} {channel.kind} variables, with nothing to judge on"
        if channel.nature is Nature.SUNLIGHT and name != "solar":
            return "it does not follow the sun on hidden times of the series (are its times UTC?)"
        return "best on hidden times of the series"

    def _table(self, channels: Sequence[Channel]) -> dict[str, Float64Array]:
        """Weight of each channel, by method, those of use."""
        each = [self._weights_of(one) for one in channels]
        table = {
            name: np.array([weights.get(name, 0.0) for weights in each]) for name in self.methods
        }
        return {name: of_channels for name, of_channels in table.items() if of_channels.any()}


@dataclass(frozen=True, eq=False)
class _Sums:
    """Of one channel, over all hidden values e that the straight line leaves.

    Attributes:
        gram: Σ dₘ dₙ, shape (method, method).
        along: Σ dₘ e, shape (method,).
        square: Σ e².
        trials: How many.
    """

    gram: Float64Array
    along: Float64Array
    square: float
    trials: int

    @property
    def tell(self) -> bool:
        """Whether any method made something else than the straight line, rounding aside."""
        return bool((np.diag(self.gram) > 1e-12 * self.square).any())

    def weights(self, channel: Channel) -> Weights:
        """What a channel is filled with."""
        if channel.nature is Nature.SUNLIGHT:
            return self._of_sunlight()
        if channel.kind.is_period:
            return self._drawn_to(_usual(channel))._mixture()
        return self._mixture()

    def _of_sunlight(self) -> Weights:
        """The solar method, unless light does not follow the sun here; never a mixture."""
        cubic, solar = (CANDIDATES.index(name) for name in ("cubic", "solar"))
        left = self.square - 2 * self.along + np.diag(self.gram)  # Σ (e - d)²
        lost = left[cubic] < (1 - SUN_MARGIN) ** 2 * left[solar]
        return {"cubic": 1.0} if lost else {"solar": 1.0}

    def _drawn_to(self, usual: Weights) -> "_Sums":
        """As if `PRIOR_TRIALS` more trials had found what is usual to be the best."""
        share = PRIOR_TRIALS / self.trials
        expected = np.array([usual.get(name, 0.0) for name in CANDIDATES])
        prior = share * self.gram
        return _Sums(self.gram + prior, self.along + prior @ expected, self.square, self.trials)

    def _mixture(self) -> Weights:
        """The weights of least square error, without those that are hardly of use."""
        kept = [i for i in range(len(CANDIDATES)) if self._is_new(i)]
        while True:
            found = _least_squares(self.gram[np.ix_(kept, kept)], self.along[kept])
            worth = [i for i, weight in zip(kept, found, strict=True) if weight >= LEAST_WEIGHT]
            if worth == kept:
                break
            kept = worth
        named = {CANDIDATES[i]: float(one) for i, one in zip(kept, found, strict=True)}
        rest = 1 - sum(named.values())
        if rest >= LEAST_WEIGHT or not named:
            return {LINE: rest, **named}
        return {name: one / (1 - rest) for name, one in named.items()}

    def _is_new(self, i: int) -> bool:
        """Whether a method adds something, and not what one before it adds."""
        own = self.gram[i, i]
        others = [own + self.gram[j, j] - 2 * self.gram[i, j] for j in range(i)]
        return bool(own > 0 and all(one > 1e-9 * own for one in others))


def _least_squares(gram: Float64Array, along: Float64Array) -> Float64Array:
    """Minimise gᵀ G g - 2 gᵀ b with g ≥ 0 and Σ g ≤ 1, shape (method,)."""
    count = len(gram)
    if not count:
        return np.zeros(0)
    from scipy.optimize import nnls  # noqa: PLC0415 - slow to load, and not for other methods

    scale = np.trace(gram) / count
    ridge = np.eye(count) * 1e-6 * scale
    root = np.linalg.cholesky(gram + ridge)
    matrix = np.zeros((count + 1, count + 1))
    matrix[:count, :count] = root.T
    matrix[count] = 1e3 * np.sqrt(scale)  # with what is left for the straight line they make 1
    wanted = np.append(np.linalg.solve(root, along), matrix[count, 0])
    found: Float64Array = nnls(matrix, wanted)[0][:count]
    return found


def _groups(series: Series) -> Iterator[tuple[Channel, ...]]:
    """Channels that are judged together: those of a level and member, those of the same periods."""
    levels: dict[tuple[str, str], list[Channel]] = {}
    for channel in series.instantaneous():
        levels.setdefault((channel.level, channel.member), []).append(channel)
    yield from map(tuple, levels.values())
    yield from series.period_groups()


def _is_judged(channel: Channel) -> bool:
    """Whether squares of differences make sense."""
    return channel.nature not in (Nature.DIRECTION, Nature.FLAG)


def _usual(channel: Channel) -> Weights:
    """What is done where nothing can be judged, or nothing may be mixed."""
    if channel.nature is Nature.SUNLIGHT:
        return {"solar": 1.0}
    if channel.kind.is_period and is_precipitation(channel.variable, channel.standard_name):
        return {"optical_flow": 1.0}
    if channel.nature is Nature.DIRECTION:
        return {LINE: 1.0}
    return {"cubic": 1.0}


def _sums(
    series: Series, channels: Sequence[Channel], methods: Mapping[str, Method]
) -> list[_Sums]:
    """Sums over hidden frames or hidden halves, one for each channel."""
    count = len(CANDIDATES)
    gram = np.zeros((len(channels), count, count))
    along = np.zeros((len(channels), count))
    square = np.zeros(len(channels))
    area = series.grid.metric.area_weights
    tried = 0
    for truth, filled in _filled(series, channels, methods):
        tried += 1
        line = filled[LINE]
        error = truth - line
        added = np.stack([filled[name] - line for name in CANDIDATES])
        known = np.isfinite(error) & np.isfinite(added).all(axis=0)
        error, added = np.where(known, error, 0), np.where(known, added, 0)
        square += np.einsum("tcyx,yx->c", error**2, area)
        gram += np.einsum("mtcyx,ntcyx,yx->cmn", added, added, area, optimize=True)
        along += np.einsum("mtcyx,tcyx,yx->cm", added, error, area, optimize=True)
    return [_Sums(*one, tried) for one in zip(gram, along, square.tolist(), strict=True)]


def _filled(
    series: Series, channels: Sequence[Channel], methods: Mapping[str, Method]
) -> Iterator[tuple[Float64Array, dict[str, Float64Array]]]:
    """Hidden values (time, channel, y, x), and what each method makes of them."""
    if not channels:
        return
    if channels[0].kind.is_period:
        for halves in trials.hidden_halves(series, channels, TRIAL_CONTEXT):
            period = halves.interval
            yield (
                halves.truth.astype(np.float64),
                {
                    name: method.fill_periods(trim_context(period, method.context), trials.HALVES)
                    for name, method in methods.items()
                },
            )
        return
    half = np.array([0.5])
    for frame in trials.hidden_frames(series, channels, TRIAL_CONTEXT):
        one = frame.interval
        yield (
            frame.truth[None].astype(np.float64),
            {
                name: method.fill(trim_context(one, method.context), half).astype(np.float64)
                for name, method in methods.items()
            },
        )
