"""What an evaluation adds up on its one way through the intervals, all methods on the same data.

Sums add up over intervals and are all that is kept of them: memory does not grow with the series.

Knows: arrays and what channels are. Must not know: files, how a method works.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from temdeep.fields.grids import Grid
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.spread import Spread
from temdeep.metric import Float64Array, FloatArray
from temdeep.scores import (
    NEGLIGIBLE,
    ROUNDING,
    ErrorSums,
    circular_difference,
    is_rounding,
    score,
)
from temdeep.verification.bootstrap import Blocks
from temdeep.verification.precipitation import WET_MM_PER_H, WetSums, mm_per_hour, wet_sums
from temdeep.verification.spectra import row_power
from temdeep.verification.strata import Regions, StratumSums, cut_regions
from temdeep.verification.uncertainty import SpreadSums

TRUTH = ""
"""Key of the truth's own spectra beside those of the methods."""


@dataclass(frozen=True, eq=False)
class Piece:
    """The truth of one interval, whatever fills it.

    Attributes:
        block: Block of the bootstrap that the interval belongs to.
        offset_us: Time of the hidden field nearest to the middle, for figures.
        slots: Which of the tally's lead fractions each hidden field has, shape (time,).
        truth: Hidden fields in the file's units, shape (time, channel, y, x).
        low, high: Smaller and larger of what is given of the interval, shape (channel, y, x).
        scored: Cells that count, shape (time, channel, y, x).
        part_of_day: Of each cell, counted from local midnight, shape (time, y, x).
    """

    block: int
    offset_us: int
    slots: npt.NDArray[np.int64]
    truth: FloatArray
    low: FloatArray
    high: FloatArray
    scored: npt.NDArray[np.bool_]
    part_of_day: npt.NDArray[np.int64]


@dataclass(eq=False)
class Counts:
    """Sums of one method.

    Attributes:
        errors: Shape (block, slot, channel).
        power: Spectra in the middle of intervals, shape (channel, wavenumber).
        missed: Σw of what lacks, or is too much, at intervals' maxima and minima, (channel,).
        wet: Wet areas, shape (channel,).
        end_error: Largest departure from the given ends, shape (channel,).
        conservation_error: Largest relative departure from given totals, shape (channel,).
        speed_error: Σw of the error in speed of vectors, at their x component, shape (channel,).
        speed_weight: Σw of the same.
        strata: Squared errors by part of the day and by region.
        seconds: Time spent filling in.
        spread: What of its own errors it knew; None where it says nothing.
    """

    errors: ErrorSums
    power: Float64Array
    missed: Float64Array
    wet: WetSums
    end_error: Float64Array
    conservation_error: Float64Array
    speed_error: Float64Array
    speed_weight: Float64Array
    strata: StratumSums
    seconds: float = 0.0
    spread: SpreadSums | None = None


@dataclass(eq=False)
class Tally:
    """Sums for one family of channels: those at an instant, or those over periods.

    Attributes:
        channels: Which channels, in order.
        grid: Where the cells are.
        lead_fractions: Those scored: of hidden times, or of the hidden periods' middles, (slot,).
        blocks: Blocks of the bootstrap.
        reference: Fields that anomalies are taken from, shape (channel, y, x).
        period_s: Length of the hidden periods: sums are scored as sums over it; 0 for instants.
        methods: Names, in order; `linear` is one of them.
        packing_steps: Steps of the file's packing in its units, shape (channel,); 0 for none.
        of_method: Sums for each.
        truth_power: Spectra of the truth, shape (channel, wavenumber).
        truth_squares: Σw·t² of the truth itself, shape (channel,).
        missed_given: `Counts.missed` of what is given alone, shape (channel,).
        linear_squares: Σe² of linear over times, shape (channel, y, x).
        linear_largest: max|e| of linear, shape (channel,).
        regions: Parts of the domain that are scored apart.
        strata_weight: Σw by part of the day and by region, the same for all methods.
        hardest: For each channel, linear's largest mean square in the middle of an interval, and
            when.
    """

    channels: tuple[Channel, ...]
    grid: Grid
    lead_fractions: Float64Array
    blocks: Blocks
    reference: FloatArray
    period_s: float
    methods: Sequence[str]
    packing_steps: Float64Array
    of_method: dict[str, Counts] = field(init=False)
    truth_power: Float64Array = field(init=False)
    truth_squares: Float64Array = field(init=False)
    missed_given: Float64Array = field(init=False)
    linear_squares: Float64Array = field(init=False)
    linear_largest: Float64Array = field(init=False)
    regions: Regions = field(init=False)
    strata_weight: StratumSums = field(init=False)
    hardest: list[tuple[float, int]] = field(init=False)

    def __post_init__(self) -> None:
        count, waves = len(self.channels), self.grid.shape[1] // 2
        shape = (self.blocks.count, len(self.lead_fractions), count)
        self.regions = cut_regions(self.grid)
        self.of_method = {
            name: Counts(
                ErrorSums.zeros(shape),
                np.zeros((count, waves)),
                np.zeros(count),
                WetSums.zeros((count,)),
                np.zeros(count),
                np.zeros(count),
                np.zeros(count),
                np.zeros(count),
                StratumSums.zeros(self.regions, count),
            )
            for name in self.methods
        }
        self.strata_weight = StratumSums.zeros(self.regions, count)
        self.truth_power = np.zeros((count, waves))
        self.truth_squares = np.zeros(count)
        self.missed_given = np.zeros(count)
        self.linear_squares = np.zeros((count, *self.grid.shape))
        self.linear_largest = np.zeros(count)
        self.hardest = [(-1.0, -1)] * count

    @property
    def factors(self) -> Float64Array:
        """From mean rates to the file's units, shape (channel,): sums are over `period_s`."""
        is_sum = [channel.kind is Kind.SUM for channel in self.channels]
        return np.where(is_sum, self.period_s, 1.0)

    @property
    def plain(self) -> npt.NDArray[np.bool_]:
        """Channels whose values lie on a line: no directions, no flags; shape (channel,)."""
        special = (Nature.DIRECTION, Nature.FLAG)
        return np.array([channel.nature not in special for channel in self.channels], np.bool_)

    @property
    def vectors(self) -> list[tuple[int, int]]:
        """Places of the x and y components of each vector."""
        places = {channel.name: place for place, channel in enumerate(self.channels)}
        return [
            (place, places[channel.partner])
            for place, channel in enumerate(self.channels)
            if channel.component == "x" and channel.partner in places
        ]

    @property
    def truth_rms(self) -> Float64Array:
        """Root mean square of the truth itself, in the file's units, shape (channel,)."""
        weight = self.strata_weight.of_day.sum(axis=0)
        return np.sqrt(self.truth_squares / np.where(weight > 0, weight, np.nan))

    @property
    def change(self) -> Float64Array:
        """Root mean square of the truth's anomalies, in the file's units, shape (channel,)."""
        sums = self.of_method["linear"].errors.total((0, 1))
        return np.sqrt(sums.truth_square / np.where(sums.weight > 0, sums.weight, np.nan))

    @property
    def straight(self) -> npt.NDArray[np.bool_]:
        """Channels of which linear's errors are nothing but rounding, shape (channel,)."""
        rmse = self.of_method["linear"].errors.total((0, 1)).rmse
        return is_rounding(
            rmse, self.linear_largest, self.truth_rms, self.change, self.packing_steps
        )

    @property
    def rounding(self) -> Float64Array:
        """RMSE up to which errors are rounding, in the file's units, shape (channel,).

        What packing and larger values once left counts where straight lines make no error beyond
        it: half a step, a hundred-thousandth of the change, or theirs.
        """
        level = np.nan_to_num(ROUNDING * self.truth_rms)
        rmse = self.of_method["linear"].errors.total((0, 1)).rmse
        left = np.fmax(self.packing_steps / 2, NEGLIGIBLE * np.nan_to_num(self.change))
        return np.where(self.straight, np.fmax(level, np.fmax(rmse, left)), level)

    @property
    def wet_thresholds(self) -> Float64Array:
        """Wet at and above, in the file's units, shape (channel,); NaN where it is not rain."""
        per_hour = [mm_per_hour(channel) or np.nan for channel in self.channels]
        thresholds: Float64Array = WET_MM_PER_H / np.array(per_hour) * self.factors
        return thresholds

    def add_truth(self, piece: Piece) -> None:
        """Count what does not depend on a method."""
        self.truth_power += self._mid_power(piece, piece.truth)
        self.missed_given += self._missed(piece, piece.low, piece.high)
        weights = np.where(piece.scored, self.grid.metric.area_weights, 0.0)
        truth = np.where(piece.scored, piece.truth, 0.0).astype(np.float64)
        self.truth_squares += (weights * truth**2).sum(axis=(0, -2, -1))
        self.strata_weight.add(weights, piece.part_of_day, self.regions)

    def add(self, name: str, piece: Piece, filled: FloatArray) -> None:
        """Count what a method made of an interval, shape (time, channel, y, x)."""
        counts, weights = self.of_method[name], self.grid.metric.area_weights
        error = self.errors(filled, piece.truth)
        sums = score(
            error,
            weights,
            scored=piece.scored,
            filled_anomaly=filled - self.reference,
            truth_anomaly=piece.truth - self.reference,
        )
        counts.errors.accumulate((piece.block, piece.slots), sums)
        counts.power += self._mid_power(piece, filled)
        counts.missed += self._missed(piece, filled.min(axis=0), filled.max(axis=0))
        threshold = self.wet_thresholds[:, None, None]
        wet = wet_sums(filled, piece.truth, weights, scored=piece.scored, threshold=threshold)
        counts.wet.accumulate(wet.total(0))
        for x, y in self.vectors:
            speeds = (np.hypot(fields[:, x], fields[:, y]) for fields in (filled, piece.truth))
            both = (piece.scored[:, x] & piece.scored[:, y]) * weights
            difference = np.subtract(*speeds)
            counts.speed_error[x] += np.where(both > 0, both * difference, 0.0).sum()
            counts.speed_weight[x] += both.sum()
        squares = np.where(piece.scored, error**2, 0.0)
        counts.strata.add(squares * weights, piece.part_of_day, self.regions)
        if name == "linear":
            self.linear_squares += squares.sum(axis=0)
            largest = np.sqrt(squares.max(axis=(0, -2, -1), initial=0.0))
            self.linear_largest = np.maximum(self.linear_largest, largest)
            self._remember_hardest(piece, sums)

    def add_spread(
        self, name: str, piece: Piece, filled: FloatArray, deviations: FloatArray, spread: Spread
    ) -> None:
        """Count how wrong a method said that it may be, shape (time, channel, y, x)."""
        counts = self.of_method[name]
        if counts.spread is None:
            counts.spread = SpreadSums((len(self.lead_fractions), len(self.channels)))
        error, weights = self.errors(filled, piece.truth), self.grid.metric.area_weights
        for i, channel in enumerate(self.channels):
            if spread.knows(channel):
                w = np.where(piece.scored[:, i], weights, 0.0)
                own = spread.of_channel[channel.name]
                counts.spread.add(piece.slots, i, error[:, i], deviations[:, i], w, own)

    def errors(self, filled: FloatArray, truth: FloatArray) -> Float64Array:
        """Errors in float64: filled - truth, the short way round for directions, 0 or 1 for flags.

        Args:
            filled: Shape (..., channel, y, x).
            truth: Same shape.
        """
        error = np.asarray(filled, np.float64) - truth
        for index, channel in enumerate(self.channels):
            here = (..., index, slice(None), slice(None))
            if channel.nature is Nature.DIRECTION:
                error[here] = circular_difference(error[here], np.zeros(1))
            elif channel.nature is Nature.FLAG:
                error[here] = np.abs(np.sign(error[here]))
        return error

    def _remember_hardest(self, piece: Piece, sums: ErrorSums) -> None:
        middle = self._middle(piece)
        for index, square in enumerate(sums.rmse[middle] ** 2):
            if np.isfinite(square) and square > self.hardest[index][0]:
                self.hardest[index] = (float(square), piece.offset_us)

    def _middle(self, piece: Piece) -> int:
        """Which hidden field is nearest to the middle of the interval."""
        return int(np.abs(self.lead_fractions[piece.slots] - 0.5).argmin())

    def _mid_power(self, piece: Piece, fields: FloatArray) -> Float64Array:
        power = row_power(fields[self._middle(piece)], self.grid)
        return np.where(np.isfinite(power), power, 0.0)

    def _missed(self, piece: Piece, low: FloatArray, high: FloatArray) -> Float64Array:
        """Σw of |max - true max| + |min - true min| over the interval, its ends included."""
        true_low = np.minimum(piece.low, piece.truth.min(axis=0))
        true_high = np.maximum(piece.high, piece.truth.max(axis=0))
        lacking = np.abs(np.maximum(piece.high, high) - true_high)
        lacking = lacking + np.abs(np.minimum(piece.low, low) - true_low)
        whole = np.where(piece.scored.all(axis=0), lacking, 0.0).astype(np.float64)
        summed: Float64Array = (whole * self.grid.metric.area_weights).sum(axis=(-2, -1))
        return summed
