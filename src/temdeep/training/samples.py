"""Which intervals are learnt from, and how a batch of them is cut; all keyed by seed and epoch.

Knows: torch. Must not know: files, xarray.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from temdeep.methods.learnt import classical_motion
from temdeep.metric import Float64Array
from temdeep.network.settings import CONTEXT
from temdeep.network.window import Ground, Window, without_missing
from temdeep.training.coarse import CoarseData, context
from temdeep.training.held import Held
from temdeep.training.settings import TrainingSettings


@dataclass(frozen=True)
class Sample:
    """An interval of the coarse series that is wider than its step.

    Attributes:
        first: Index of t0.
        multiple: k, the span in steps.
        before, after: Frames of context.
    """

    first: int
    multiple: int
    before: int
    after: int


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows, and what is hidden inside them.

    Attributes:
        window: The intervals.
        theta: Lead fractions of the hidden times, shape (batch, time), filled up with ½.
        truth: Shape (batch, time, channel, y, x), normalised, without all that the sun adds.
        counted: 1 for hidden times, 0 for filling up, shape (batch, time).
        area: Relative cell areas, shape (y, x).
    """

    window: Window
    theta: Tensor
    truth: Tensor
    counted: Tensor
    area: Tensor


@dataclass(frozen=True)
class View:
    """How a batch looks at the grid: part of it, perhaps in a mirror.

    Attributes:
        rows, columns: First row and column, and how many.
        mirrored: Whether east and west are exchanged.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    mirrored: bool = False


def epoch_samples(
    data: CoarseData, settings: TrainingSettings, epoch: int, last: int, index: Float64Array | None
) -> list[Sample]:
    """The intervals of an epoch, in order, the same for every process.

    Args:
        data: The coarse series.
        settings: How many, which spans, the seed.
        epoch: Which epoch.
        last: Frames from here on are held out.
        index: Composite index of each interval, to take the rapid ones only; None: all.
    """
    rng = np.random.default_rng([settings.seed, 1, epoch])
    found = {k: intervals(data, last, k) for k in data.multiples}
    found = {k: of_span for k, of_span in found.items() if of_span}
    if index is not None:
        found = {k: _rapid(of_span, index, settings.rapid) for k, of_span in found.items()}
    multiples = np.array(sorted(found))
    chance = multiples.astype(float) ** -settings.span_power
    drawn = rng.choice(multiples, settings.samples, p=chance / chance.sum())
    samples = []
    for k in drawn.tolist():
        one = found[k][int(rng.integers(len(found[k])))]
        if rng.random() < settings.fewer_context:
            before, after = int(rng.integers(one.before + 1)), int(rng.integers(one.after + 1))
            one = replace(one, before=before, after=after)
        samples.append(one)
    return samples


def intervals(data: CoarseData, last: int, multiple: int) -> list[Sample]:
    """All intervals of a span that end before a frame, with no context from there on."""
    found = []
    for whole in data.runs:
        run = slice(whole.start, min(whole.stop, last))
        firsts = range(run.start, run.stop - multiple)
        most = data.settings.context
        found += [Sample(i, multiple, *context(run, i, multiple, most)) for i in firsts]
    return found


def held_out_samples(data: CoarseData, first: int, multiple: int) -> list[Sample]:
    """All intervals of a span whose hidden times lie in the held-out block."""
    found = []
    for run in data.runs:
        firsts = range(max(run.start, first), run.stop - multiple)
        most = data.settings.context
        found += [Sample(i, multiple, *context(run, i, multiple, most)) for i in firsts]
    return found


def draw_view(data: CoarseData, settings: TrainingSettings, epoch: int, batch: int) -> View:
    """The part of the grid that a batch sees."""
    rng = np.random.default_rng([settings.seed, 2, epoch, batch])
    rows, columns = data.frames.shape[-2:]
    height, width = min(rows, settings.crop), min(columns, settings.crop)
    return View(
        (int(rng.integers(rows - height + 1)), height),
        (int(rng.integers(columns - width + 1)), width),
        bool(rng.random() < settings.mirror),
    )


def whole_view(data: CoarseData) -> View:
    """All of the grid."""
    rows, columns = data.frames.shape[-2:]
    return View((0, rows), (0, columns))


class Cutter:
    """Cuts batches out of a coarse series on a device."""

    def __init__(self, data: CoarseData) -> None:
        self.data = data
        rows, columns = data.frames.shape[-2:]
        self._motions = Held((data.settings.level_count, 2, rows, columns), data.store)
        self._motion_of: dict[tuple[int, int, int, int], int] = {}
        self._swings = Held((len(data.channels), rows, columns), data.store)
        self._swing_of: dict[Sample, int] = {}
        signs = torch.ones(len(data.channels))
        shifts = torch.zeros(len(data.channels))
        for i, channel in enumerate(data.channels):
            if channel.component == "x":
                signs[i] = -1
                shifts[i] = -2 * data.settings.mean[i] / data.settings.spread[i]
        self._signs, self._shifts = signs[:, None, None], shifts[:, None, None]

    def cut(self, samples: list[Sample], view: View, device: torch.device | str) -> Batch:
        """Windows and hidden times of some samples."""
        most = max(max(one.multiple for one in samples) - 1, 1)
        theta = torch.full((len(samples), most), 0.5)
        counted = torch.zeros(len(samples), most)
        frames, truths = [], []
        for row, one in enumerate(samples):
            hidden = torch.arange(1, one.multiple)
            theta[row, : len(hidden)] = hidden / one.multiple
            counted[row, : len(hidden)] = 1
            padding = torch.zeros(most - len(hidden), dtype=torch.long)
            places = one.first + torch.cat([hidden, padding])
            truth = self.fields(places, view)
            if len(hidden):
                truth[: len(hidden)] -= self.swing(one, view)
            truths.append(truth)
            frames.append(self.window_frames(one, view))
        window = Window(
            torch.stack(frames).to(device),
            torch.tensor([one.before for one in samples]),
            torch.tensor([one.after for one in samples]),
            torch.tensor([one.multiple * self.data.step_s for one in samples]).to(device),
            torch.stack([self.motion(one, view) for one in samples]).to(device),
            self.ground(view, device),
        )
        return Batch(
            window,
            theta.to(device),
            torch.stack(truths).to(device),
            counted.to(device),
            self.area(view).to(device),
        )

    def window_frames(self, sample: Sample, view: View) -> Tensor:
        """The frames of a sample's window, 0 where there are none or values are missing."""
        step = torch.arange(-CONTEXT, CONTEXT + 2)
        known = (step >= -sample.before) & (step <= sample.after + 1)
        places = sample.first + step * sample.multiple
        fields = self.fields(torch.where(known, places, sample.first), view)
        return without_missing(fields) * known[:, None, None, None]

    def read_ahead(self, samples: Iterable[Sample], view: View) -> None:
        """Have the system read what `cut` and `motion` will need of some samples."""
        frames = self.data.frames
        if not isinstance(frames, Held):
            return
        rows, whole, part = _part(view)[0], set[int](), set[int]()
        for one in samples:
            inside = range(one.first + 1, one.first + one.multiple)
            steps = range(-one.before, one.after + 2)
            part |= {*inside, *(one.first + step * one.multiple for step in steps)}
            known = self._motion_of.get(_motion_key(one))
            if known is None:
                whole |= set(_motion_places(one))
            else:
                self._motions.read_ahead([known], rows)
            if one in self._swing_of:
                first = self._swing_of[one]
                self._swings.read_ahead(range(first, first + len(inside)), rows)
        frames.read_ahead(sorted(whole))
        frames.read_ahead(sorted(part - whole), rows)

    def motion(self, sample: Sample, view: View) -> Tensor:
        """The classical motion of an interval as a view shows it, shape (level, 2, y, x)."""
        key = _motion_key(sample)
        if key not in self._motion_of:
            places = torch.tensor(_motion_places(sample))
            frames = torch.nan_to_num(self.data.frames[places]).numpy()
            span_s = sample.multiple * self.data.step_s
            before = min(sample.before, 1)
            found = classical_motion(frames, before, self.data.settings, span_s, self.data.grid)
            self._motion_of[key] = self._motions.add(found[None])
        motion = self._motions[self._motion_of[key], ..., *_part(view)]
        if view.mirrored:
            motion = motion.flip(-1) * torch.tensor([-1.0, 1.0])[:, None, None]
        return motion

    def swing(self, sample: Sample, view: View) -> Tensor | float:
        """What wandering responses to the sun add at the hidden times, as a view shows it."""
        swings = self.data.swings
        if swings is None or not swings.each:
            return 0.0
        if sample not in self._swing_of:
            made = swings.added(sample.first, sample.multiple, sample.before, sample.after)
            self._swing_of[sample] = self._swings.add(made.numpy())
        first = self._swing_of[sample]
        added = self._swings[first : first + sample.multiple - 1, ..., *_part(view)]
        return added.flip(-1) * self._signs if view.mirrored else added

    def fields(self, times: Tensor, view: View) -> Tensor:
        """Frames as a view shows them, shape (time, channel, y, x)."""
        fields = self.data.frames[times, :, *_part(view)]
        if view.mirrored:
            fields = fields.flip(-1) * self._signs + self._shifts
        return fields

    def ground(self, view: View, device: torch.device | str) -> Ground:
        """The grid as a view shows it."""
        whole = self.data.ground
        part = _part(view)
        seen = Ground(
            whole.dx_m[part],
            whole.dy_m[part],
            whole.cyclic and view.columns[1] == self.data.frames.shape[-1],
            whole.place[:, *part],
        )
        if view.mirrored:
            seen = replace(
                seen,
                dx_m=seen.dx_m.flip(-1),
                dy_m=seen.dy_m.flip(-1),
                place=seen.place.flip(-1),
            )
        return seen.to(device)

    def area(self, view: View) -> Tensor:
        """Relative cell areas as a view shows them."""
        area = self.data.area[_part(view)]
        return area.flip(-1) if view.mirrored else area


def _motion_key(sample: Sample) -> tuple[int, int, int, int]:
    """What the classical motion of a sample depends on."""
    return sample.first, sample.multiple, min(sample.before, 1), min(sample.after, 1)


def _motion_places(sample: Sample) -> list[int]:
    """The frames from which it is estimated."""
    first, multiple, before, after = _motion_key(sample)
    return [first + multiple * step for step in range(-before, 2 + after)]


def _part(view: View) -> tuple[slice, slice]:
    """The rows and columns of a view."""
    (top, height), (left, width) = view.rows, view.columns
    return slice(top, top + height), slice(left, left + width)


def _rapid(samples: list[Sample], index: Float64Array, share: float) -> list[Sample]:
    """The intervals in which the composite index is highest on average."""
    level = np.array([index[one.first : one.first + one.multiple].mean() for one in samples])
    least = np.quantile(level, 1 - share)
    return [one for one, own in zip(samples, level, strict=True) if own >= least]
