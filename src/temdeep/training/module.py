"""One training run as Lightning sees it: steps, validation, schedule, and the averaged weights.

Knows: torch, Lightning. Must not know: xarray, files.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from temdeep.metric import Float64Array
from temdeep.network import losses
from temdeep.network.architecture import Coefficients, InterpolationNetwork
from temdeep.network.rendering import render
from temdeep.network.settings import CONTEXT
from temdeep.network.window import Window
from temdeep.training.coarse import CoarseData, context
from temdeep.training.parts import Part, draw_turns
from temdeep.training.samples import (
    Batch,
    Cutter,
    Sample,
    View,
    draw_view,
    epoch_samples,
    held_out_samples,
    whole_view,
)
from temdeep.training.scales import anchor
from temdeep.training.settings import TrainingSettings
from temdeep.training.sharing import EVERY_COHERENT, divided

NEAR_END = 0.02
"""Lead fraction over which slopes are measured where intervals meet."""

LEAST_ERROR = 0.03
"""Mean square error, in units of the usual one, below which there is little to learn."""

VALIDATION_BATCH = 4
"""Intervals at once on small grids: few, so that processes can share them evenly."""

VALIDATION_CELLS = 2**20
"""Cells at once on large ones."""


@dataclass(frozen=True, eq=False)
class _Pass:
    """What a process computes at once.

    Attributes:
        step: Its step in the epoch.
        turn: Which of the series the step is cut from.
        of: How many intervals the step has, over all processes and passes.
        view: The part of the grid.
        hidden: Intervals whose hidden times are filled in.
        coherent: Intervals that are used for coherence, by place in the step.
    """

    step: int
    turn: int
    of: int
    view: View
    hidden: list[Sample]
    coherent: dict[int, Sample]


class TrainingRun(pl.LightningModule):
    """Trains a network on what is hidden inside wide intervals of a coarse series.

    There may be several series, on grids of their own: each batch is cut from one of them.
    Passes are numbers: in each pass each process cuts its own share of the global batch, which is
    the same whatever the number of processes and passes, and losses are sums over it.
    """

    def __init__(
        self,
        data: CoarseData,
        settings: TrainingSettings,
        held_out_from: int,
        index: Float64Array,
        others: Sequence[Part] = (),
    ) -> None:
        super().__init__()
        self.settings = settings
        self.held_out_from = held_out_from
        self.network = InterpolationNetwork(data.settings)
        self.averaged = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        self._parts = (Part(data, held_out_from, index), *others)
        self._cutters = [Cutter(part.data) for part in self._parts]
        self._samples: list[list[Sample]] = []
        self._turns: list[int] = []
        self._levels = data.settings.levels
        # A rendered frame of rain has lost details: from two of them it would be learnt that
        # details last. Unless there is nothing else to learn from, rain takes no part.
        apart = data.settings.carried if settings.losses.withheld else ()
        self._coherent_channels = [i for i in range(len(self.channel_names)) if i not in apart]

    @property
    def batches(self) -> int:
        """Steps in an epoch."""
        return -(-self.settings.samples // self.settings.batch_size)

    @property
    def passes(self) -> int:
        """Shares of batches in an epoch, each computed at once in each process."""
        return self.batches * self.settings.accumulate

    @property
    def held_out_multiples(self) -> tuple[int, ...]:
        """Spans that fit into the held-out block, or one of them."""
        fitting = {k for part in self._parts for k in part.data.multiples if _held_out(part, k)}
        return tuple(sorted(fitting))

    def on_train_epoch_start(self) -> None:
        """Draw the epoch's intervals: rapid changes only at first, then all."""
        rapid = self.current_epoch < self.settings.pretrain * self.settings.epochs
        self._samples = [
            epoch_samples(
                part.data,
                self.settings,
                self.current_epoch,
                part.held_out_from,
                part.index if rapid else None,
            )
            for part in self._parts
        ]
        self._turns = draw_turns(self._parts, self.settings, self.current_epoch, self.batches)

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """The loss of a share of a batch: of this process, and of one of the passes it takes.

        Scaled so that its mean over processes and passes, which is what gradients are, is the sum
        over the global batch divided by its size.
        """
        del batch
        self._read_ahead(batch_index + 1)
        world, weights = self.trainer.world_size, self.settings.losses
        own, shares = self._own(batch_index), self.settings.accumulate * world
        if own.hidden:
            cut = self._cutters[own.turn].cut(own.hidden, own.view, self.device)
            terms = self._supervised(cut)
            sums = {name: term.sum() / own.of for name, term in terms.items()}
        else:
            rough = [name for name in ("spatial", "temporal") if getattr(weights, name)]
            sums = dict.fromkeys(("withheld", *rough), self._nothing())
        if weights.coherence or weights.kink:
            for name, term in self._coherent(own).items():
                sums[name] = term.sum() / len(range(0, own.of, EVERY_COHERENT))
        for name, term in sums.items():
            total = term.detach() * shares
            self.log(f"loss/{name}", total, on_step=False, on_epoch=True, sync_dist=world > 1)
        factors = {
            "withheld": weights.withheld,
            "spatial": weights.spatial,
            "temporal": weights.temporal,
            "coherence": weights.coherence,
            "kink": weights.kink,
        }
        loss = sum((factors[name] * term for name, term in sums.items()), torch.zeros(()))
        self.log(
            "loss/total",
            loss.detach() * shares,
            on_step=self.logger is not None,  # for which all processes wait for each other
            on_epoch=True,
            sync_dist=world > 1,
        )
        return loss * shares  # Lightning takes the mean over passes

    def _own(self, batch_index: int) -> _Pass:
        """What this process computes in a pass."""
        size, world = self.settings.batch_size, self.trainer.world_size
        step, number = divmod(batch_index, self.settings.accumulate)
        share, shares = number * world + self.global_rank, self.settings.accumulate * world
        turn = self._turns[step]
        whole = self._samples[turn][step * size : (step + 1) * size]
        weights = self.settings.losses
        own = divided(whole, shares, coherence=bool(weights.coherence or weights.kink))[share]
        view = draw_view(self._parts[turn].data, self.settings, self.current_epoch, step)
        coherent = {place: whole[place] for place in own.coherent}
        return _Pass(step, turn, len(whole), view, [whole[i] for i in own.hidden], coherent)

    def _read_ahead(self, batch_index: int) -> None:
        """Have a pass's fields read from disk while the one before it is computed."""
        if batch_index < self.passes:
            own = self._own(batch_index)
            rows = (self._row(own.turn, one) for one in own.coherent.values())
            self._cutters[own.turn].read_ahead(chain(own.hidden, *rows), own.view)

    def _row(self, turn: int, sample: Sample) -> list[Sample]:
        """Four intervals in a row, of the series' own step, from a sample's start on; or none."""
        part = self._parts[turn]
        run = next(r for r in part.data.runs if r.start <= sample.first < r.stop)
        stop = min(run.stop, part.held_out_from)
        first = min(sample.first, stop - 5)
        if first < run.start:
            return []
        most, given = part.data.settings.context, slice(run.start, stop)
        return [Sample(i, 1, *context(given, i, 1, most)) for i in range(first, first + 4)]

    def _nothing(self) -> Tensor:
        """0, with gradients of 0: for who has no share, and takes part all the same."""
        nothing = torch.zeros((), device=self.device)
        return sum((0 * one.sum() for one in self.network.parameters()), nothing)

    def _supervised(self, cut: Batch) -> dict[str, Tensor]:
        """Errors at hidden times and, where it counts, roughness, each (batch,)."""
        coefficients = self.network(cut.window)
        scale = self._scale(cut.window.span_s)
        rendered = self._fields(cut.window, coefficients, cut.theta)
        error = losses.withheld_error(rendered, cut.truth, scale, cut.area, cut.counted)
        if len(self._parts) > 1:
            error = error / self._usual(cut, scale)
        terms = {"withheld": error}
        if self.settings.losses.spatial:
            terms["spatial"] = losses.spatial_roughness(coefficients, scale)
        if self.settings.losses.temporal:
            terms["temporal"] = losses.temporal_roughness(coefficients, scale)
        return terms

    @torch.no_grad()
    def _usual(self, cut: Batch, scale: Tensor) -> Tensor:
        """The untrained network's error in each interval, so that all weather counts alike."""
        settings = self._parts[0].data.settings
        untrained = anchor(cut.window, settings.channels, settings.carried)
        rendered = self._fields(cut.window, untrained, cut.theta)
        error = losses.withheld_error(rendered, cut.truth, scale, cut.area, cut.counted)
        return error.clamp_min(LEAST_ERROR)

    def _coherent(self, own: _Pass) -> dict[str, Tensor]:
        """Temporal coherence at the series' own step, and kinks where intervals meet.

        From four intervals in a row, frames at one lead fraction; from these, the real frames
        between them.
        """
        nothing = torch.zeros(1, device=self.device)
        terms: dict[str, list[Tensor]] = {"coherence": [], "kink": []}
        part, cutter, view = self._parts[own.turn], self._cutters[own.turn], own.view
        most = part.data.settings.context
        for place, sample in own.coherent.items():
            row = self._row(own.turn, sample)
            if not row:
                continue
            key = [self.settings.seed, 3, self.current_epoch, own.step, place]
            lead = float(torch.rand((), generator=_generator(key)))
            frames = torch.stack([cutter.window_frames(one, view) for one in row])
            window = Window(
                frames.to(self.device),
                torch.tensor([one.before for one in row]),
                torch.tensor([one.after for one in row]),
                torch.full((4,), part.data.step_s, device=self.device),
                torch.stack([cutter.motion(one, view) for one in row]).to(self.device),
                cutter.ground(view, self.device),
            )
            coefficients = self.network(window)
            meeting_leads = torch.tensor([lead, 1 - NEAR_END, NEAR_END, lead])
            leads = torch.stack([torch.full((4,), lead), meeting_leads], dim=1).to(self.device)
            fields = self._fields(window, coefficients, leads)
            scale, area = self._scale(window.span_s[:1]), cutter.area(view).to(self.device)
            if used := self._coherent_channels:
                between, inside = _between(window, fields[:, 0], most)
                back = torch.full((len(inside), 1), 1 - lead, device=self.device)
                again = self._fields(between, self.network(between), back)
                given = [cutter.fields(torch.tensor([row[i + 1].first]), view) for i in inside]
                truth = torch.stack(given).to(self.device)
                of_used = (again[:, :, used], truth[:, :, used], scale[:, used])
                errors = losses.withheld_error(*of_used, area, torch.ones_like(back))
                terms["coherence"].append(errors.mean(dim=0, keepdim=True))
            meeting = window.frames[1, CONTEXT + 1]
            slope_before = (meeting - fields[1, 1])[None] / NEAR_END
            slope_after = (fields[2, 1] - meeting)[None] / NEAR_END
            terms["kink"].append(losses.kink(slope_before, slope_after, scale, area))
        return {name: torch.cat(found) if found else nothing for name, found in terms.items()}

    def _fields(self, window: Window, coefficients: Coefficients, theta: Tensor) -> Tensor:
        """Rendered fields, (batch, time, channel, y, x), normalised."""
        lead = theta[:, :, None, None, None]
        line = (1 - lead) * window.start[:, None] + lead * window.end[:, None]
        return line + render(window, coefficients, theta, self._levels)

    def _scale(self, span_s: Tensor) -> Tensor:
        scales = self.network.features.scales
        return scales.at(scales.error, span_s)

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_index: int) -> None:
        """Keep a running mean of the weights after each step, a short one at first."""
        del outputs, batch
        if (batch_index + 1) % self.settings.accumulate:
            return
        decay = min(self.settings.averaging, (self.global_step + 1) / (self.global_step + 10))
        with torch.no_grad():
            for kept, new in zip(
                self.averaged.parameters(), self.network.parameters(), strict=True
            ):
                kept.lerp_(new, 1 - decay)

    def held_out_rates(self) -> dict[int, float]:
        """What is gained over straight lines on the held-out block, in %, pooled, for each span.

        1 - the geometric mean over channels of RMSE(model)/RMSE(linear), with the averaged weights,
        on frames from which the sun's part is taken: less than the restoration rate of the whole.
        Processes share the work; all come to the same numbers, which are those of one process.
        """
        if not self.held_out_multiples:
            return {}
        own = self.held_out_squares(self.global_rank, self.trainer.world_size).to(self.device)
        squares: Tensor = self.trainer.strategy.reduce(own, reduce_op="sum")
        return self.rates_of(squares.cpu())

    def held_out_squares(self, share: int, shares: int) -> Tensor:
        """Summed square errors on the held-out block, shape (piece, 2, channel), float64.

        Of the model and of straight lines, in pieces that are the same whatever the number of
        shares; 0 for pieces of other shares, so that their sum is that of all to the bit.
        """
        pieces = self._held_out_pieces()
        squares = torch.zeros(len(pieces), 2, len(self.channel_names), dtype=torch.float64)
        self.averaged.eval()
        for place in range(share, len(pieces), shares):
            _, turn, samples = pieces[place]
            view = whole_view(self._parts[turn].data)
            cut = self._cutters[turn].cut(samples, view, self.device)
            straight, made = self._averaged_fields(cut)
            squares[place, 0], squares[place, 1] = _squares(made, cut), _squares(straight, cut)
        return squares

    def rates_of(self, squares: Tensor) -> dict[int, float]:
        """The rate for each span, in %, from `held_out_squares` of all."""
        spans = torch.tensor([multiple for multiple, *_ in self._held_out_pieces()])
        rates = {}
        for multiple in self.held_out_multiples:
            model, line = squares[spans == multiple].sum(dim=0)
            ratio = torch.sqrt(model / line.clamp_min(1e-12)).clamp_min(1e-6)
            rates[multiple] = float(100 * (1 - ratio.log().mean().exp()))
        return rates

    def _held_out_pieces(self) -> list[tuple[int, int, list[Sample]]]:
        """Span, number of the part and samples: all that is held out, as many as go at once."""
        pieces = []
        for multiple in self.held_out_multiples:
            for turn, part in enumerate(self._parts):
                samples = _held_out(part, multiple)
                size = max(min(VALIDATION_BATCH, VALIDATION_CELLS // part.data.area.numel()), 1)
                firsts = range(0, len(samples), size)
                pieces += [(multiple, turn, samples[i : i + size]) for i in firsts]
        return pieces

    @torch.no_grad()
    def _averaged_fields(self, cut: Batch) -> tuple[Tensor, Tensor]:
        """The straight line, and what the averaged weights make, (batch, time, channel, y, x)."""
        lead = cut.theta[:, :, None, None, None]
        straight = (1 - lead) * cut.window.start[:, None] + lead * cut.window.end[:, None]
        departure = render(cut.window, self.averaged(cut.window), cut.theta, self._levels)
        return straight, straight + departure

    def held_out_example(self) -> tuple[Tensor, Tensor, Tensor]:
        """Truth, straight line and model at the first hidden time of the block, (channel, y, x)."""
        _, turn, samples = self._held_out_pieces()[0]
        view = whole_view(self._parts[turn].data)
        cut = self._cutters[turn].cut(samples, view, self.device)
        straight, made = self._averaged_fields(cut)
        return torch.nan_to_num(cut.truth[0, 0]).cpu(), straight[0, 0].cpu(), made[0, 0].cpu()

    @property
    def channel_names(self) -> list[str]:
        """Names of the channels."""
        return [one.name for one in self._parts[0].data.channels]

    def configure_optimizers(self) -> Any:
        """AdamW on a one-cycle schedule."""
        optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            self.settings.learning_rate,
            total_steps=self.batches * self.settings.epochs + 1,
            pct_start=0.1,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def _between(window: Window, made: Tensor, most: int) -> tuple[Window, tuple[int, ...]]:
    """Intervals between frames rendered in intervals that follow each other.

    Each has the other frames beside it. Where none are looked at, all would be alike: then the
    middle one alone, as in the paper.

    Args:
        window: The four intervals that they were rendered in.
        made: The frames, shape (4, channel, y, x).
        most: Frames on each side that are looked at.

    Returns:
        The intervals, and the place in the row of the given one whose end lies inside each.
    """
    inside = (0, 1, 2) if most else (1,)
    frames = torch.zeros_like(window.frames[: len(inside)])
    for place, i in enumerate(inside):
        frames[place, CONTEXT - i : CONTEXT - i + len(made)] = made
    between = Window(
        frames,
        torch.tensor([min(most, i) for i in inside]),
        torch.tensor([min(most, 2 - i) for i in inside]),
        window.span_s[: len(inside)],
        torch.stack([window.motion[i : i + 2].mean(dim=0) for i in inside]),
        window.ground,
    )
    return between, inside


def _held_out(part: Part, multiple: int) -> list[Sample]:
    """Intervals of a span whose hidden times are held out."""
    if multiple not in part.data.multiples:
        return []
    return held_out_samples(part.data, part.held_out_from, multiple)


def _squares(fields: Tensor, cut: Batch) -> Tensor:
    """Summed square errors of each channel."""
    known = torch.isfinite(cut.truth) * cut.counted[:, :, None, None, None]
    square = (fields - torch.nan_to_num(cut.truth)) ** 2 * known * cut.area
    return square.sum(dim=(0, 1, 3, 4)).cpu()


def _generator(key: list[int]) -> torch.Generator:
    """A stream of random numbers of its own for each key."""
    seed = 0
    for part in key:
        seed = (seed * 1_000_003 + part) % (2**63 - 1)
    return torch.Generator().manual_seed(seed)
