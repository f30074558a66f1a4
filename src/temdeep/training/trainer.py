"""Runs Lightning: devices, several processes, logs, and going on where a training stopped.

Knows: Lightning, the model store. Must not know: series, the command line.
"""

import logging
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.strategies import DDPStrategy, Strategy
from torch.distributed import DistError
from torch.utils.data import DataLoader, TensorDataset

from temdeep import model_store
from temdeep.errors import ModelError, RequestError
from temdeep.training.callbacks import EpochWriter, Images, Progress, Report
from temdeep.training.module import TrainingRun
from temdeep.training.processes import DesertedError, Processes
from temdeep.training.settings import Precision
from temdeep.training.together import Meeting, StartedByHand

DEVICES = ("auto", "cpu", "cuda")
LOUD = ("pytorch_lightning", "lightning.pytorch", "lightning_fabric", "lightning.fabric")
LIGHTNING: dict[Precision, Literal["32-true", "bf16-mixed", "16-mixed"]] = {
    "float32": "32-true",
    "bf16": "bf16-mixed",
    "fp16": "16-mixed",
}
"""What Lightning calls the precisions."""

EVENTS = "events.out.tfevents.*"


def uses_cuda(device: str) -> bool:
    """Whether a device, as a user names it, is a GPU here.

    Raises:
        RequestError: There is no such device.
    """
    if device not in DEVICES:
        raise RequestError(f"there is no device '{device}': say one of {', '.join(DEVICES)}.")
    if device == "cuda" and not torch.cuda.is_available():
        raise RequestError("no GPU can be seen here: say --device cpu, or auto.")
    return device != "cpu" and torch.cuda.is_available()


def check_precision(precision: Precision, *, cuda: bool) -> None:
    """Refuse a precision that is not to be had here.

    Raises:
        RequestError: It needs a GPU, or one that knows it.
    """
    if not cuda and precision == "fp16":
        raise RequestError(
            f"precision {precision} needs a GPU, and this trains on the CPU: say bf16, or float32."
        )
    if cuda and precision == "bf16" and not torch.cuda.is_bf16_supported():
        raise RequestError("this GPU does not compute in bfloat16: say precision fp16, or float32.")


def check_processes(count: int, *, cuda: bool) -> None:
    """Refuse a number of processes of this machine that is none, or more than it has GPUs.

    Raises:
        RequestError: See above.
    """
    if count < 1:
        raise RequestError(f"{count} is no number of processes: say 1 or more.")
    if cuda and count > torch.cuda.device_count():
        raise RequestError(
            f"{count} processes need a GPU each, and here are {torch.cuda.device_count()}: say as"
            " many, or device cpu."
        )


def run_trainer(
    module: TrainingRun,
    writer: EpochWriter,
    *,
    going_on: bool,
    meeting: Meeting,
    progress: Progress | None,
    logs: Path | None,
    device: str,
) -> None:
    """Train until the last epoch, or until nothing is gained any more.

    Args:
        module: What is trained.
        writer: Writes weights, description and state into the run's folder.
        going_on: Load the state that is there first.
        meeting: The processes that train together.
        progress: Told of each epoch.
        logs: Folder for TensorBoard; None: none.
        device: One of `DEVICES`.

    Raises:
        ModelError: The state that is there is broken.
        KeyboardInterrupt: The user has stopped it; what is written so far can be gone on with.
    """
    state = writer.run / model_store.RESUME if going_on else None
    if state is not None:
        check_state(state)
    callbacks: list[pl.Callback] = [writer]
    if logs is not None:
        callbacks.append(Images())
        if not going_on and meeting.processes.rank == 0:
            for old in logs.glob(EVENTS):  # of a run that is gone
                old.unlink()
    if progress is not None:
        callbacks.append(Report(progress))
    processes = meeting.processes
    cuda = uses_cuda(device)
    with _quietly():
        trainer = pl.Trainer(
            max_epochs=module.settings.epochs,
            accelerator="cuda" if cuda else "cpu",
            devices=1,
            num_nodes=processes.count,
            strategy=_strategy(processes, cuda=cuda),
            logger=TensorBoardLogger(logs, name="", version="") if logs is not None else False,
            callbacks=callbacks,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            gradient_clip_val=1.0,
            log_every_n_steps=1,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            accumulate_grad_batches=module.settings.accumulate,
            precision=LIGHTNING[module.settings.precision],
        )
        with _stoppable(writer.run), _deserted(meeting.processes, writer.run):
            trainer.fit(module, _numbers(module), ckpt_path=state, weights_only=True)
        if trainer.is_global_zero:  # once more, if death came between the state and this
            writer.describe()


def run_trial(module: TrainingRun, run: Path, callbacks: list[pl.Callback]) -> None:
    """Train in this process alone, on the CPU, and write nothing: the same in every process.

    In single precision, which every CPU computes alike fast.

    Args:
        module: What is trained.
        run: Folder of the run that it is for.
        callbacks: Told of each epoch.
    """
    with _quietly():
        trainer = pl.Trainer(
            max_epochs=module.settings.epochs,
            accelerator="cpu",
            devices=1,
            logger=False,
            callbacks=callbacks,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            gradient_clip_val=1.0,
            num_sanity_val_steps=0,
            accumulate_grad_batches=module.settings.accumulate,
        )
        with _stoppable(run):
            trainer.fit(module, _numbers(module))


def _numbers(module: TrainingRun) -> DataLoader[tuple[torch.Tensor, ...]]:
    """A number for each pass: a module cuts its own share of a batch."""
    return DataLoader(TensorDataset(torch.arange(module.passes)), batch_size=1)


def check_state(path: Path) -> None:
    """Refuse a state that cannot be loaded; nothing in it is ever run.

    Raises:
        ModelError: It is broken, or holds more than numbers and names.
    """
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ModelError(
            f"{path} is broken, and the training cannot be gone on with: start it anew with"
            " --overwrite."
        ) from error


def _strategy(processes: Processes, *, cuda: bool) -> Strategy | str:
    """One process, or several that were started by hand."""
    if processes.count == 1:
        return "auto"
    return DDPStrategy(
        cluster_environment=StartedByHand(processes),
        process_group_backend="nccl" if cuda else "gloo",
        find_unused_parameters=True,  # such as a motion's where nothing moves
        broadcast_buffers=False,  # they never change, and to send them is to wait
    )


@contextmanager
def _stoppable(run: Path) -> Iterator[None]:
    """Say what is kept where a user stops a training, which Lightning makes an exit of."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as error:
        stop = error if isinstance(error, KeyboardInterrupt) else error.__context__
        if not isinstance(stop, KeyboardInterrupt):
            raise
        if not model_store.is_model(run):
            kept = "stopped before the first epoch ended: nothing is kept."
        else:
            last = model_store.last_epoch(run)
            kept = f"stopped: the same command again goes on after epoch {last}."
        raise type(stop)(kept) from error


@contextmanager
def _deserted(processes: Processes, run: Path) -> Iterator[None]:
    """Say in a sentence that another process has ended, for which Gloo has no class of its own."""
    try:
        yield
    except RuntimeError as error:
        lost = isinstance(error, DistError) or "onnection" in str(error)
        if processes.count == 1 or not lost:
            raise
        kept = "nothing is kept"
        if model_store.is_model(run):
            kept = f"the same command again goes on after epoch {model_store.last_epoch(run)}"
        raise DesertedError("another process has ended", kept) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Without Lightning's remarks, which are for programmers; logging is left as it was."""
    before = {name: logging.getLogger(name).level for name in LOUD}
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for module in ("pytorch_lightning", "lightning_fabric", "torch"):
                warnings.filterwarnings("ignore", module=module)
            yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
