"""What a training can be told.

Knows: nothing else. Must not know: torch, files.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

from temdeep.errors import RequestError

PARTS = ("context", "sun", "daily", "residual", "gate", "scaling", "trial", "fallback")
"""What of a model can be left out, to see what it is worth.

context: frames beside the interval; sun: sun responses; daily: taking the hours' means out;
residual: what is added that no frame shows; gate: learning how much of the spline's bend to take;
scaling: sizes that follow the span by a power law; trial: trusting corrections by a trial at wider
spans; fallback: a classical method where that is better on withheld frames.
"""

POSITIVE = (
    "epochs",
    "samples",
    "batch_size",
    "accumulate",
    "crop",
    "width",
    "depth",
    "patience",
)
"""Settings that count something."""

Precision = Literal["float32", "bf16", "fp16"]
"""How the network's layers are computed. Weights, positions, rendering, losses and all sums are in
single precision in any case."""


@dataclass(frozen=True)
class LossWeights:
    """How much each part of the loss counts; 0 leaves it out.

    What is 0 unless it is said did not make fields better on any data set.

    Attributes:
        withheld: Frames hidden inside wider intervals.
        coherence: Frames rendered in intervals of the series' own step, and from these the given
            frames between them: what wide spans teach, tried at the span of use.
        spatial: Roughness in space of flow and residual.
        temporal: Second derivative in time of the residual.
        kink: Jumps of the slope where intervals meet.
    """

    withheld: float = 1.0
    coherence: float = 1.0
    spatial: float = 0.0
    temporal: float = 0.0
    kink: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            RequestError: A weight is negative or no number.
        """
        for name, weight in vars(self).items():
            if not 0 <= weight < float("inf"):
                raise RequestError(f"losses.{name} must be 0 or more, got {weight}.")
        if not self.withheld and not self.coherence:
            raise RequestError(
                "losses.withheld and losses.coherence are both 0, and there is nothing else to"
                " learn from: give one of them weight."
            )


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained.

    Attributes:
        epochs: Passes of `samples` intervals each.
        samples: Intervals in an epoch.
        batch_size: Intervals in a step, over all processes together.
        accumulate: Parts into which a step's intervals are divided, one after the other: the same
            step, with as much less held at once.
        precision: float32; or bf16 or, on a GPU alone, fp16, in which the network's layers are
            computed, and nothing else.
        learning_rate: Highest of the one-cycle schedule.
        weight_decay: Of AdamW.
        spans: Multiples k of the series' step in which times are hidden.
        span_power: k is drawn with probability k to minus this: narrow spans are nearest to use.
        pretrain: Share of the epochs that see only intervals of rapid change; 0 unless it is said,
            for the same reason.
        rapid: Share of the intervals that counts as rapid change, by composite index.
        held_out: Share of the series, its end, on which the best epoch is chosen.
        patience: Epochs without gain on the held-out block before stopping.
        fewer_context: Probability that an interval loses some of its context.
        mirror: Probability that a batch is mirrored in east and west.
        crop: Rows and columns of a batch at most.
        width: Channels inside the network.
        depth: Blocks of the network.
        fold: Cells to a side that are one place inside the network; 0: 2 on grids of half a million
            cells or more, else 1.
        flow: Whether anything is moved along a motion.
        averaging: Decay of the running mean of the weights, which is what is kept.
        without: Parts of the model that are left out, of `PARTS`; motion is left out by `flow`. Two
            of them are left out unless it is said: they did not make fields better on any data set.
        losses: Weights of the parts of the loss.
        seed: Of all that is random.
    """

    epochs: int = 12
    samples: int = 128
    batch_size: int = 4
    accumulate: int = 1
    precision: Precision = "float32"
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    spans: tuple[int, ...] = (2, 3, 4)
    span_power: float = 4.0
    pretrain: float = 0.0
    rapid: float = 0.5
    held_out: float = 0.15
    patience: int = 8
    fewer_context: float = 0.15
    mirror: float = 0.0
    crop: int = 128
    width: int = 32
    depth: int = 3
    fold: int = 0
    flow: bool = True
    averaging: float = 0.99
    without: tuple[str, ...] = ("daily", "gate")
    losses: LossWeights = field(default_factory=LossWeights)
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            RequestError: A value lies outside its range.
        """
        _check_parts(self.without)
        for name in POSITIVE:
            if getattr(self, name) < 1:
                raise RequestError(f"{name} must be at least 1, got {getattr(self, name)}.")
        _check_steps(self.batch_size, self.accumulate, self.precision)
        if not 0 < self.learning_rate < float("inf"):
            raise RequestError(f"learning_rate must be above 0, got {self.learning_rate}.")
        if not self.spans or min(self.spans) < 2 or len(set(self.spans)) < len(self.spans):
            raise RequestError(f"spans must be whole numbers from 2 on, each once: {self.spans}.")
        shares = ("pretrain", "rapid", "fewer_context", "mirror", "averaging")
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise RequestError(f"{name} must lie in [0, 1], got {getattr(self, name)}.")
        for name in ("weight_decay", "span_power", "fold", "seed"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise RequestError(f"{name} must be 0 or more, got {getattr(self, name)}.")
        if not 0 < self.held_out <= 0.5:
            raise RequestError(f"held_out must lie in (0, 0.5], got {self.held_out}.")


def _check_steps(batch_size: int, accumulate: int, precision: str) -> None:
    if accumulate > batch_size:
        raise RequestError(
            f"accumulate is {accumulate} and batch_size {batch_size}: a step of {batch_size}"
            " intervals has at most so many parts."
        )
    if precision not in (known := get_args(Precision)):
        raise RequestError(f"there is no precision '{precision}': say one of {', '.join(known)}.")


def _check_parts(without: tuple[str, ...]) -> None:
    if unknown := set(without) - set(PARTS):
        raise RequestError(
            f"without names {', '.join(sorted(unknown))}: choose among {', '.join(PARTS)}."
        )
