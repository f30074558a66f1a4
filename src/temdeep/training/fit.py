"""Train a model on a coarse series: fit the sun, train the network, keep the best, do no harm.

Knows: series, training, the model store. Must not know: the command line.
"""

import dataclasses
import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
import xarray as xr
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.strategies import DDPStrategy, Strategy
from torch.utils.data import DataLoader, TensorDataset

from temdeep import model_store
from temdeep.errors import OutputError, RequestError
from temdeep.fields.series import Series, series_from_dataset
from temdeep.fields.time_axis import show
from temdeep.methods.learnt import NAME, Learnt
from temdeep.methods.registry import METHOD_NAMES, fitted
from temdeep.methods.solar import Solar
from temdeep.training.callbacks import EpochWriter, Images, Progress, Report
from temdeep.training.coarse import CoarseData, vectors
from temdeep.training.composite_index import composite_index
from temdeep.training.module import TrainingRun
from temdeep.training.scales import measured
from temdeep.training.selection import choose, withheld_errors
from temdeep.training.settings import TrainingSettings

FEWEST_HELD_OUT = 5
"""Frames of the held-out block at least: the middle of 2τ, twice."""


@dataclass(frozen=True)
class Processes:
    """Where this process stands among those that train together.

    Attributes:
        count: How many there are, each started by hand.
        rank: Which one this is, from 0.
        wait_s: How long to wait for the others.
    """

    count: int = 1
    rank: int = 0
    wait_s: float = 300.0

    def __post_init__(self) -> None:
        """Refuse a rank that does not exist.

        Raises:
            RequestError: The rank is not below the number of processes.
        """
        if self.count < 1 or not 0 <= self.rank < self.count:
            raise RequestError(
                f"--nr {self.rank} is not one of --nodes {self.count} processes: ranks run from 0"
                f" to {max(self.count - 1, 0)}."
            )


def train(
    series: Series | xr.Dataset,
    run: Path | str,
    *,
    settings: TrainingSettings | None = None,
    overwrite: bool = False,
    resume: bool = True,
    processes: Processes | None = None,
    progress: Progress | None = None,
    logs: Path | str | None = None,
) -> Learnt:
    """Learn from a coarse series, and from nothing else.

    Args:
        series: The coarse series, as a `Series` or a dataset that is understood as one.
        run: Folder for the model; made if it is not there.
        settings: How to train; the defaults suit a few weeks of 3- to 6-hourly fields on a CPU.
        overwrite: Replace a model that is there.
        resume: Go on with a training of the same series and settings that was stopped.
        processes: Train data-parallel with others.
        progress: Told of each epoch.
        logs: Folder for TensorBoard; None: none.

    Returns:
        The model of the best epoch.

    Raises:
        RequestError: The series is too short, or holds nothing that can be learnt.
        OutputError: There is a model of something else in the folder.
    """
    settings = settings or TrainingSettings()
    processes = processes or Processes()
    if isinstance(series, xr.Dataset):
        series = series_from_dataset(series)
    folder = Path(run)
    held_out_from = split(series, settings)
    plan = _description(series, settings, held_out_from)
    going_on = _prepare(folder, plan, overwrite=overwrite, resume=resume, processes=processes)
    if going_on and model_store.description(folder).get("instead") is not None:
        return model_store.load_method(folder)
    early = series.take(slice(0, held_out_from))
    solar = Solar.fitted_to(early)
    data = measured(CoarseData.of(series, solar, settings), held_out_from)
    known = data.frames[:held_out_from].numpy()
    index = composite_index(known, data.area.numpy(), vectors(data.channels))
    pl.seed_everything(settings.seed, verbose=False)
    module = TrainingRun(data, settings, held_out_from, index)
    about = {
        **plan,
        "network": dataclasses.asdict(data.settings),
        "channels": [model_store.describe_channel(one) for one in data.channels],
        "solar": model_store.describe_solar(solar),
        "instead": None,
    }
    writer = EpochWriter(folder, about, solar, settings.patience)
    _fit(module, writer, going_on=going_on, processes=processes, progress=progress, logs=logs)
    if processes.rank == 0:
        _do_no_harm(series, folder, held_out_from, solar)
    if processes.count > 1:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
    return model_store.load_method(folder)


def split(series: Series, settings: TrainingSettings) -> int:
    """Index of the first frame of the held-out block.

    Raises:
        RequestError: The series is too short to hold anything out.
    """
    count = len(series.time)
    held_out = max(round(count * settings.held_out), FEWEST_HELD_OUT)
    if count - held_out < 2 * FEWEST_HELD_OUT:
        raise RequestError(
            f"{series.source} has {count} times, and {3 * FEWEST_HELD_OUT} is the least that can be"
            " learnt from: give a longer series, or use --method cubic."
        )
    return count - held_out


def _description(series: Series, settings: TrainingSettings, held_out_from: int) -> dict[str, Any]:
    """What a run is about, known before it starts."""
    times, grid = series.time.values, series.grid
    return {
        "trained_on": {
            "source": series.source,
            "first": show(times[0]),
            "last": show(times[-1]),
            "held_out_from": show(times[held_out_from]),
            "step_s": series.time.step_us / 1e6,
            "times": len(times),
            "variables": [one.name for one in series.channels],
            "grid": {
                "rows": grid.shape[0],
                "columns": grid.shape[1],
                "latitude_deg": [float(grid.latitude.min()), float(grid.latitude.max())],
                "longitude_deg": [float(grid.longitude.min()), float(grid.longitude.max())],
            },
        },
        "settings": dataclasses.asdict(settings),
    }


def _prepare(
    folder: Path,
    plan: Mapping[str, Any],
    *,
    overwrite: bool,
    resume: bool,
    processes: Processes,
) -> bool:
    """Make the folder ready; whether there is a training to go on with.

    Raises:
        OutputError: There is a model of something else, or the folder cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: name a folder for the model.")
    if not model_store.is_model(folder):
        if processes.rank == 0:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"{folder} cannot be made: {error.strerror}.") from error
        return False
    if overwrite:
        if processes.rank == 0:
            model_store.remove(folder)
        return False
    told = model_store.read(folder)
    same = all(told.get(name) == _as_json(plan[name]) for name in plan)
    if resume and same and (folder / model_store.RESUME).is_file():
        return True
    raise OutputError(
        f"{folder} holds a model of another series or other settings: name another folder, or say"
        " --overwrite."
    )


def _as_json(value: Any) -> Any:
    """What a value is after it was written and read."""
    if isinstance(value, Mapping):
        return {name: _as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(one) for one in value]
    return value


def _fit(
    module: TrainingRun,
    writer: EpochWriter,
    *,
    going_on: bool,
    processes: Processes,
    progress: Progress | None,
    logs: Path | str | None,
) -> None:
    """Run Lightning, quietly."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logger = TensorBoardLogger(Path(logs), name="", version="") if logs is not None else False
    callbacks: list[pl.Callback] = [writer]
    if logs is not None:
        callbacks.append(Images())
    if progress is not None:
        callbacks.append(Report(progress))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")
        warnings.filterwarnings("ignore", module="lightning_fabric")
        warnings.filterwarnings("ignore", module="torch")
        trainer = pl.Trainer(
            max_epochs=module.settings.epochs,
            accelerator="auto",
            devices=1,
            num_nodes=processes.count,
            strategy=_strategy(processes),
            logger=logger,
            callbacks=callbacks,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            gradient_clip_val=1.0,
            log_every_n_steps=1,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
        )
        numbers = DataLoader(TensorDataset(torch.arange(module.batches)), batch_size=1)
        resume = str(writer.run / model_store.RESUME) if going_on else None
        trainer.fit(module, numbers, ckpt_path=resume, weights_only=True)


def _strategy(processes: Processes) -> Strategy | str:
    """One process, or several that were started by hand."""
    if processes.count == 1:
        return "auto"
    return DDPStrategy(
        process_group_backend="nccl" if torch.cuda.is_available() else "gloo",
        timeout=timedelta(seconds=processes.wait_s),
    )


def _do_no_harm(series: Series, folder: Path, held_out_from: int, solar: Solar) -> None:
    """Decide for each variable which method it gets, and write that down."""
    told = model_store.read(folder)
    block = series.take(slice(held_out_from, None))
    candidates = {name: fitted(name, solar) for name in METHOD_NAMES}
    model = model_store.learnt_only(folder)
    learnt = {one.name for one in model.channels}
    errors = withheld_errors(block, candidates)
    names = [name for name in errors if name in learnt]
    if names:
        variables = list(dict.fromkeys(one.variable for one in model.channels))
        for name, found in withheld_errors(block.select(variables), {NAME: model}).items():
            errors[name] |= found
    chosen = choose(errors, NAME)
    rates = {
        channel: {
            name: round(100 * (1 - float(np.sqrt(square / max(found["linear"], 1e-300)))), 3)
            for name, square in found.items()
        }
        for channel, found in errors.items()
    }
    instead = {}
    for channel in series.channels:
        method = chosen.get(channel.name, "linear")
        if method != NAME:
            instead[channel.name] = {
                "method": method,
                "reason": _reason(channel.name, learnt, rates),
            }
    model_store.write_description(
        folder, {**told, "instead": instead, "held_out_restoration_rate": rates}
    )


def _reason(name: str, learnt: set[str], rates: Mapping[str, Any]) -> str:
    if name in learnt and name in rates:
        return "the model is not better on withheld frames"
    if name in rates:
        return "best of the classical methods on withheld frames"
    return "not judged on withheld frames"
