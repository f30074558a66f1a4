"""What happens after each epoch: weights written, progress told, pictures for TensorBoard.

Knows: Lightning, the model store. Must not know: the command line.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from temdeep import model_store
from temdeep.methods.solar import Solar
from temdeep.training.module import TrainingRun

Progress = Callable[[int, int, str], None]
"""Told the epoch that ended, how many there are at most, and what it brought."""


class EpochWriter(pl.Callback):
    """Writes weights, description and resume state; stops when nothing is gained any more.

    The best epoch is the one with the highest restoration rate on the held-out block at twice the
    series' step, the narrowest span whose truth the coarse series holds.
    """

    def __init__(self, run: Path, about: Mapping[str, Any], solar: Solar, patience: int) -> None:
        super().__init__()
        self.run, self._about, self._solar, self._patience = run, about, solar, patience
        self.rates: dict[str, dict[str, float]] = {}
        self.best_epoch = 0

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Judge the averaged weights on the held-out block and write everything."""
        module = _run_of(pl_module)
        epoch = trainer.current_epoch + 1
        rates = {f"span_{k}": module.held_out_rate(k) for k in module.held_out_multiples}
        for name, rate in rates.items():
            module.log(f"restoration_rate/{name}", rate, rank_zero_only=True)
        self.rates[str(epoch)] = {name: round(rate, 4) for name, rate in rates.items()}
        narrow = next(iter(rates), None)
        if narrow is not None:
            self.best_epoch = int(max(self.rates, key=lambda one: self.rates[one][narrow]))
        else:
            self.best_epoch = epoch
        if epoch - self.best_epoch >= self._patience:
            trainer.should_stop = True
        if trainer.is_global_zero:
            model_store.save_weights(self.run, epoch, module.averaged, self._solar)
        # every process takes part in saving the state
        beside = self.run / f"{model_store.RESUME}.partial"
        trainer.save_checkpoint(beside)
        if trainer.is_global_zero:
            beside.replace(self.run / model_store.RESUME)
            model_store.write_description(
                self.run,
                {**self._about, "best_epoch": self.best_epoch, "epochs": self.rates},
            )

    def state_dict(self) -> dict[str, Any]:
        """For going on later."""
        return {"rates": self.rates, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the training stopped."""
        self.rates, self.best_epoch = state_dict["rates"], state_dict["best_epoch"]


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
        told = f"loss {loss:.3f}" + (f", held-out restoration {rates[0]}" if rates else "")
        self._progress(trainer.current_epoch + 1, _run_of(pl_module).settings.epochs, told)


class Images(pl.Callback):
    """Draws the first hidden time of the held-out block: truth, straight line, model."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """One row of pictures for each channel."""
        module = _run_of(pl_module)
        if trainer.logger is None or not module.held_out_multiples:
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
