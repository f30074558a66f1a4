"""What happens after each epoch: weights written, progress told, pictures for TensorBoard.

Knows: Lightning, the model store. Must not know: the command line.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from temdeep import model_store
from temdeep.methods.daily import HourMeans
from temdeep.methods.solar import Solar
from temdeep.training.module import TrainingRun

Progress = Callable[[int, int, str], None]
"""Told the epoch that ended, how many there are at most, and what it brought."""


class EpochWriter(pl.Callback):
    """Writes weights, description and resume state; stops when nothing is gained any more.

    The best epoch is the one with the highest restoration rate on the held-out block at twice the
    series' step, the narrowest span whose truth the coarse series holds.
    """

    def __init__(
        self, run: Path, about: Mapping[str, Any], solar: Solar, daily: HourMeans, patience: int
    ) -> None:
        super().__init__()
        self.run, self._about, self._solar, self._daily = run, about, solar, daily
        self._patience = patience
        self.rates: dict[str, dict[str, float | None]] = {}
        self.losses: dict[str, dict[str, float | None]] = {}
        self.best_epoch = 0

    @property
    def last_epoch(self) -> int:
        """The last epoch that was trained."""
        return max(map(int, self.rates), default=0)

    @property
    def gains_nothing(self) -> bool:
        """Whether nothing was gained for as long as patience lasts."""
        return self.last_epoch - self.best_epoch >= self._patience

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stay stopped where a training that is gone on with had stopped by itself."""
        del pl_module
        trainer.should_stop = self.gains_nothing

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Judge the averaged weights on the held-out block and write everything."""
        module = _run_of(pl_module)
        epoch = trainer.current_epoch + 1
        rates = {f"span_{k}": rate for k, rate in module.held_out_rates().items()}
        for name, rate in rates.items():
            module.log(f"restoration_rate/{name}", rate, rank_zero_only=True)
        self.rates[str(epoch)] = {name: _number(rate) for name, rate in rates.items()}
        self.losses[str(epoch)] = {
            name.removeprefix("loss/"): _number(float(one), digits=8)
            for name, one in sorted(trainer.callback_metrics.items())
            if name.startswith("loss/") and not name.endswith(("_step", "_epoch"))
        }
        self.best_epoch = best(self.rates)
        # in all processes or in none, even if their last digits differ
        if trainer.strategy.reduce_boolean_decision(self.gains_nothing, all=False):
            trainer.should_stop = True
        if trainer.is_global_zero:
            model_store.save_weights(self.run, epoch, module.averaged, self._solar, self._daily)
        # every process takes part in saving the state
        beside = self.run / f"{model_store.RESUME}.partial"
        trainer.save_checkpoint(beside)
        if trainer.is_global_zero:
            beside.replace(self.run / model_store.RESUME)
            self.describe()

    def describe(self) -> None:
        """Write what is known so far."""
        model_store.write_description(
            self.run,
            {
                **self._about,
                "best_epoch": self.best_epoch,
                "epochs": self.rates,
                "losses": self.losses,
            },
        )

    def state_dict(self) -> dict[str, Any]:
        """For going on later."""
        return {"rates": self.rates, "losses": self.losses, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the training stopped."""
        self.rates, self.losses = state_dict["rates"], state_dict["losses"]
        self.best_epoch = state_dict["best_epoch"]


def best(rates: Mapping[str, Mapping[str, float | None]]) -> int:
    """The first epoch with the highest restoration rate at the narrowest span that was judged.

    Without a held-out interval the last one; an epoch whose fields are no numbers is none.

    Args:
        rates: By epoch and span, narrow spans first.
    """

    def rate(epoch: str) -> float:
        found = next(iter(rates[epoch].values()), None)
        return -math.inf if found is None else found

    if not any(rates.values()):
        return max(map(int, rates))
    return int(max(rates, key=rate))


def _number(value: float, digits: int = 4) -> float | None:
    """As JSON has it: there is no NaN and no infinity."""
    return round(value, digits) if math.isfinite(value) else None


class Report(pl.Callback):
    """Tells of each epoch."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """One sentence."""
        found = {name: float(one) for name, one in trainer.callback_metrics.items()}
        loss = found.get("loss/withheld", float("nan"))
        rates = [f"{one:.1f} %" for name, one in found.items() if name.endswith("span_2")]
        told = f"loss {loss:.3f}"
        if rates:
            told += f", {rates[0]} under the line through held-out frames without the sun's part"
        self._progress(trainer.current_epoch + 1, _run_of(pl_module).settings.epochs, told)


class Trying(pl.Callback):
    """Tells of each epoch of the trial, before the first epoch of the training."""

    def __init__(self, progress: Progress, epochs: int) -> None:
        super().__init__()
        self._progress, self._epochs = progress, epochs

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """How far the trial is."""
        most = _run_of(pl_module).settings.epochs
        self._progress(0, self._epochs, f"trial, {trainer.current_epoch + 1} of {most}")


class Images(pl.Callback):
    """Draws the first hidden time of the held-out block: truth, straight line, model."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """One row of pictures for each channel."""
        module = _run_of(pl_module)
        if not (trainer.is_global_zero and trainer.logger and module.held_out_multiples):
            return
        truth, line, model = module.held_out_example()
        row = torch.cat([truth, line, model], dim=-1)
        low, high = row.amin(dim=(-1, -2), keepdim=True), row.amax(dim=(-1, -2), keepdim=True)
        shown = ((row - low) / (high - low).clamp_min(1e-6)).clamp(0, 1)
        experiment = getattr(trainer.logger, "experiment")  # noqa: B009 - of TensorBoard's logger
        for name, picture in zip(module.channel_names, shown, strict=True):
            experiment.add_image(
                f"truth, linear, model/{name}", picture[None], trainer.current_epoch
            )


def _run_of(module: pl.LightningModule) -> TrainingRun:
    if not isinstance(module, TrainingRun):
        raise TypeError(f"this callback is for a TrainingRun, not for a {type(module).__name__}")
    return module
