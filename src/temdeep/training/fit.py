"""Train a model on a coarse series: fit the sun, train the network, keep the best, do no harm.

Knows: series, training, the model store. Must not know: the command line.
"""

import dataclasses
import hashlib
import json
import logging
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from temdeep import model_store
from temdeep.errors import OutputError, RequestError
from temdeep.fields.made_before import refuse_made
from temdeep.fields.series import Series, as_series
from temdeep.methods.learnt import NAME, Learnt
from temdeep.methods.protocol import Method
from temdeep.methods.registry import CLASSICAL_NAMES, fitted
from temdeep.methods.solar import Solar
from temdeep.methods.spread_fitting import fit_learnt_spread
from temdeep.training.callbacks import EpochWriter, Progress, Trying
from temdeep.training.coarse import CoarseData, learnable
from temdeep.training.held import Store
from temdeep.training.launching import started
from temdeep.training.module import TrainingRun
from temdeep.training.parts import Part, parts_of, placeless, splits
from temdeep.training.processes import Processes
from temdeep.training.runs import (
    State,
    choose_run,
    kept_to_ourselves,
    plan_of,
    plan_of_several,
    state_of,
)
from temdeep.training.scales import measured
from temdeep.training.selection import added, chained, choose, withheld_errors
from temdeep.training.settings import TrainingSettings
from temdeep.training.together import Meeting, Tell, meet, nothing_left
from temdeep.training.trainer import (
    check_precision,
    check_processes,
    run_trainer,
    run_trial,
    uses_cuda,
)
from temdeep.training.transfer import resolved, trial, trust
from temdeep.wording import worded

__all__ = ["Meeting", "Processes", "Trained", "TrainingSettings", "meet", "train", "train_run"]

MOST_INTERVALS = 24
"""Wide intervals, of each half of the frames, on which classical methods are compared."""

FEWEST_HELD_OUT = 5
"""Frames of the held-out block at least: the middle of 2τ, twice."""


@dataclass(frozen=True, eq=False)
class One:
    """A series that is learnt from alone.

    Attributes:
        series: The coarse series.
        held_out_from: Index of the first frame of the held-out block.
    """

    series: Series
    held_out_from: int

    @property
    def all(self) -> list[Series]:
        """What is learnt from, with what is held out of it."""
        return [self.series]

    @property
    def blocks(self) -> list[Series]:
        """What is held out."""
        return [self.series.take(slice(self.held_out_from, None))]

    def plan(self, settings: TrainingSettings) -> dict[str, Any]:
        """What the run is about."""
        return plan_of(self.series, settings, self.held_out_from)

    def solar(self, settings: TrainingSettings) -> Solar:
        """The solar method for it."""
        solar = Solar.fitted_to(self.series, settings.spans)
        return replace(solar, responses={}) if "sun" in settings.without else solar

    def parts(self, solar: Solar, settings: TrainingSettings, store: Store) -> tuple[Part, ...]:
        """What is trained on, held in a store."""
        data = CoarseData.of(self.series, solar, settings, self.held_out_from, store)
        return (Part.of(measured(data, self.held_out_from), self.held_out_from),)


@dataclass(frozen=True, eq=False)
class Several:
    """Series that are learnt from together; attributes and methods as of `One`."""

    series: tuple[Series, ...]
    held_out_from: tuple[int, ...]

    @property
    def all(self) -> list[Series]:
        """See `One`."""
        return list(self.series)

    @property
    def blocks(self) -> list[Series]:
        """What is held out, of those of which anything is."""
        each = zip(self.series, self.held_out_from, strict=True)
        return [one.take(slice(first, None)) for one, first in each if first < len(one.time)]

    def plan(self, settings: TrainingSettings) -> dict[str, Any]:
        """What the run is about."""
        return plan_of_several(self.series, settings, self.held_out_from)

    def solar(self, settings: TrainingSettings) -> Solar:  # noqa: ARG002 - as of One
        """The solar method for any place."""
        return placeless(self.series[0])

    def parts(self, solar: Solar, settings: TrainingSettings, store: Store) -> tuple[Part, ...]:
        """What is trained on, held in a store."""
        return parts_of(self.series, solar, settings, self.held_out_from, store)


@dataclass(frozen=True, eq=False)
class Trained:
    """What a training leaves.

    Attributes:
        folder: Where the model is.
        model: The model of the best epoch.
        found: Whether there was nothing in the folder, a training to go on with, or this model.
    """

    folder: Path
    model: Learnt
    found: State


def train(
    series: Series | xr.Dataset | Sequence[Series | xr.Dataset],
    run: Path | str,
    *,
    settings: TrainingSettings | None = None,
    overwrite: bool = False,
    resume: bool = True,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: xr.Dataset | None = None,
    processes: int | Processes | Meeting | None = None,
    progress: Progress | None = None,
    logs: Path | str | None = None,
    device: str = "auto",
    tell: Tell | None = None,
) -> Learnt:
    """Learn from a coarse series, or several, and from nothing else.

    Several series may lie in other regions, on other grids, at other times and steps, as of rain
    events. Of them all one network is learnt, to be used on yet another. They hold the same
    variables in the same units. The end of each that has seven times or more is held out. What
    belongs to a place is not learnt: nothing of the sun, of latitude or of height. There is no
    trial at wider spans either: few are long enough.

    Args:
        series: The coarse series, as a `Series` or a dataset that is understood as one; or a list
            of such.
        run: Folder for the model; made if it is not there. A last part `N` stands for a number:
            that of an unfinished training of the same series and settings, else the next free one.
        settings: How to train; the defaults suit a few weeks of 3- to 6-hourly fields on a CPU.
        overwrite: Replace a model that is there.
        resume: Go on with a training of the same series and settings that was stopped.
        variables: Which variables of datasets; all that they hold if not given.
        kinds: What variables of datasets are where these do not say, such as `{"tp": "sum:1h"}`.
        static: Elevation and land fraction, where datasets have none.
        processes: Train data-parallel: how many processes of this machine, which are started and
            end with this one; or which one this is among others, which are waited for; or a meeting
            of these.
        progress: Told of each epoch.
        logs: Folder for TensorBoard; a last part `N` stands for the name of the run's folder. None:
            none.
        device: `cpu`, `cuda`, or `auto` for a GPU where there is one.
        tell: Told what is going on where it is not what was asked for, in sentences; None: it is
            logged.

    Returns:
        The model of the best epoch.

    Raises:
        RequestError: The series is too short, or holds nothing that can be learnt; or the other
            processes do not come.
        OutputError: There is a model of something else in the folder.
    """
    trained = train_run(
        series,
        run,
        settings=settings,
        overwrite=overwrite,
        resume=resume,
        variables=variables,
        kinds=kinds,
        static=static,
        processes=processes,
        progress=progress,
        logs=logs,
        device=device,
        tell=tell,
    )
    return trained.model


def train_run(
    series: Series | xr.Dataset | Sequence[Series | xr.Dataset],
    run: Path | str,
    *,
    settings: TrainingSettings | None = None,
    overwrite: bool = False,
    resume: bool = True,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: xr.Dataset | None = None,
    processes: int | Processes | Meeting | None = None,
    progress: Progress | None = None,
    logs: Path | str | None = None,
    device: str = "auto",
    tell: Tell | None = None,
) -> Trained:
    """As `train`, telling also where the model is and what was found there."""
    settings = settings or TrainingSettings()
    tell = _worded(logging.getLogger(__name__).info if tell is None else tell)
    cuda = uses_cuda(device)
    check_precision(settings.precision, cuda=cuda)
    several = [series] if isinstance(series, Series | xr.Dataset) else series
    given = [as_series(one, variables=variables, kinds=kinds, static=static) for one in several]
    common = _Asked(settings, overwrite=overwrite, resume=resume, logs=logs, device=device)
    if isinstance(processes, Meeting):
        return _train(given, run, common, processes, progress, tell)
    if not isinstance(processes, int) or processes == 1:
        alone = processes if isinstance(processes, Processes) else Processes()
        return _train(given, run, common, meet(alone, tell, cuda=cuda), progress, tell)
    check_processes(processes, cuda=cuda)
    source = _source(given, settings)  # refused before any process is started
    join = partial(_join, source.all, run, common)
    with nothing_left(), started(processes, join) as ours:
        meeting = meet(ours.processes, tell, cuda=cuda, check=ours.check)
        return _train(source.all, run, common, meeting, progress, tell)


@dataclass(frozen=True)
class _Asked:
    """What is asked of a training, as of `train`."""

    settings: TrainingSettings
    overwrite: bool
    resume: bool
    logs: Path | str | None
    device: str


def _join(series: Sequence[Series], run: Path | str, asked: _Asked, processes: Processes) -> None:
    """Be one of the processes that the first has started."""
    meeting = meet(processes, _silent, cuda=uses_cuda(asked.device))
    _train(series, run, asked, meeting, None, _silent)


def _silent(_: str) -> None:
    """The first process tells all."""


def _train(
    series: Sequence[Series],
    run: Path | str,
    asked: _Asked,
    meeting: Meeting,
    progress: Progress | None,
    tell: Tell,
) -> Trained:
    """Train with those that have met."""
    settings, logs, first = asked.settings, asked.logs, meeting.processes.rank == 0
    source = _source(series, settings)
    plan = source.plan(settings)
    meeting.check_same("series or settings", _digest(plan))
    beside = Path(logs).parent if logs is not None and Path(logs).name == "N" else None
    folder = Path(meeting.decided("run", lambda: str(choose_run(Path(run), plan, beside=beside))))
    with ExitStack() as ours:
        # the caller's random numbers stay the caller's
        ours.enter_context(torch.random.fork_rng(devices=[]))
        if first:
            ours.enter_context(kept_to_ourselves(folder))
        found = State[meeting.decided("found", lambda: _prepare(folder, plan, asked).name)]
        tell(_told(folder, found))
        if found is not State.FINISHED:
            if progress is not None:
                progress(0, settings.epochs, "fitting what the sun drives")
            solar = source.solar(settings)
            module, writer = _run(
                source, plan, folder, solar, settings, found=found, tell=tell, progress=progress
            )
            run_trainer(
                module,
                writer,
                going_on=found is State.UNFINISHED,
                meeting=meeting,
                progress=progress,
                logs=beside / folder.name if beside is not None else _path(logs),
                device=asked.device,
            )
            if first:
                _do_no_harm(source.all, source.blocks, folder, solar, settings)
        meeting.close()
    return Trained(folder, model_store.load_method(folder), found)


def _worded(tell: Tell) -> Tell:
    """Tell in the words of whoever reads it."""
    return lambda sentence: tell(worded(sentence))


def _source(read: Sequence[Series], settings: TrainingSettings) -> One | Several:
    """What is learnt from, and where its held-out part begins.

    Raises:
        RequestError: It is too short, holds nothing that can be learnt, or temdeep has made it.
    """
    if not read:
        raise RequestError("there is no series to learn from: give one or more.")
    for one in read:
        refuse_made(one, "learn from")
    if len(read) == 1:
        return One(read[0], split(read[0], settings))
    return Several(tuple(read), splits(read, settings))


def _run(
    source: "One | Several",
    plan: Mapping[str, Any],
    folder: Path,
    solar: Solar,
    settings: TrainingSettings,
    *,
    found: State,
    tell: Tell,
    progress: Progress | None,
) -> tuple[TrainingRun, EpochWriter]:
    """What is trained, and what writes it down."""
    if progress is not None:
        progress(0, settings.epochs, "estimating motion")
    first, *others = source.parts(solar, settings, Store(folder))
    data = first.data
    if isinstance(source, One):
        data = _with_trust(first, settings, folder, found=found, tell=tell, progress=progress)
    torch.manual_seed(settings.seed)
    module = TrainingRun(data, settings, first.held_out_from, first.index, others)
    about = {
        **plan,
        "network": dataclasses.asdict(data.settings),
        "channels": [model_store.describe_channel(one) for one in data.channels],
        "solar": model_store.describe_solar(solar),
        "hours_us": data.daily.hours_us.tolist(),
        "instead": None,
    }
    return module, EpochWriter(folder, about, solar, data.daily, settings.patience)


def _with_trust(
    part: Part,
    settings: TrainingSettings,
    folder: Path,
    *,
    found: State,
    tell: Tell,
    progress: Progress | None,
) -> CoarseData:
    """The same data with the trust in each channel, found by a trial or read from the run."""
    data, last, index = part.data, part.held_out_from, part.index
    if found is State.UNFINISHED:
        trusted = tuple(model_store.read(folder)["network"]["trust"])
    elif "trial" in settings.without:
        trusted = (1.0,) * len(data.channels)
    else:
        trusted = tuple(resolved(data).tolist())
        torch.manual_seed(settings.seed)
        attempt = trial(data, settings, last, index)
        if attempt is not None:
            tell("first a trial at wider spans, to see how far what is learnt there holds")
            run_trial(attempt, folder, [Trying(progress, settings.epochs)] if progress else [])
            trusted = trust(attempt, data, last)
    return replace(data, settings=replace(data.settings, trust=trusted))


def _path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)


def _digest(plan: Mapping[str, Any]) -> str:
    """Of what has to be the same in all processes: all but where the series lies."""
    paths = ("source", "series")
    trained_on = {name: one for name, one in plan["trained_on"].items() if name not in paths}
    return hashlib.sha256(json.dumps([trained_on, plan["settings"]]).encode()).hexdigest()


def _prepare(folder: Path, plan: Mapping[str, Any], asked: _Asked) -> State:
    """Make the folder ready.

    Raises:
        OutputError: There is a model that is not to be replaced.
    """
    if asked.overwrite:
        model_store.remove(folder)
    found = state_of(folder, plan)
    if found is State.UNFINISHED and not asked.resume:
        raise OutputError(
            f"{folder} holds a training that was stopped: go on with it, or say to overwrite it."
        )
    return found


def _told(folder: Path, found: State) -> str:
    """What a person should know before the training starts."""
    if found is State.NEW:
        return f"training into {folder}"
    told = model_store.read(folder)
    last, most = model_store.last_epoch(folder), told["settings"]["epochs"]
    if found is State.UNFINISHED:
        return f"going on after epoch {last} of {most} in {folder}"
    return (
        f"{folder} holds this very model already, trained for {last} epochs: it is used as it is;"
        " --overwrite trains it anew"
    )


def split(series: Series, settings: TrainingSettings) -> int:
    """Index of the first frame of the held-out block.

    Raises:
        RequestError: The series is too short to hold anything out, or holds nothing to learn.
    """
    if not learnable(series):
        raise RequestError(
            f"{series.source} holds nothing that can be learnt, which is plain numbers that hold at"
            " an instant: use --method cubic or solar, which keep totals."
        )
    count = len(series.time)
    held_out = max(round(count * settings.held_out), FEWEST_HELD_OUT)
    if count - held_out < 2 * FEWEST_HELD_OUT:
        raise RequestError(
            f"{series.source} has {count} times, and {3 * FEWEST_HELD_OUT} is the least that can be"
            " learnt from: give a longer series, or use --method cubic."
        )
    return count - held_out


def _do_no_harm(
    series: Sequence[Series],
    blocks: Sequence[Series],
    folder: Path,
    solar: Solar,
    settings: TrainingSettings,
) -> None:
    """Decide for each variable which method it gets, and write that down.

    Args:
        series: What was learnt from, and what was held out of it.
        blocks: What was held out of each series.
        folder: Of the run.
        solar: The solar method, which is a candidate.
        settings: Of the training.
    """
    told = model_store.read(folder)
    candidates = {name: fitted(name, solar) for name in CLASSICAL_NAMES}
    model = model_store.learnt_only(folder)
    learnt = {one.name for one in model.channels}
    errors = added(withheld_errors(one, candidates, MOST_INTERVALS) for one in series)
    if learnt:
        variables = list(dict.fromkeys(one.variable for one in model.channels))
        compared: dict[str, Method] = {NAME: model, solar.name: solar}
        in_blocks = added(withheld_errors(one.select(variables), compared) for one in blocks)
        errors = chained(errors, in_blocks, NAME, solar.name)
    chosen = choose(errors, NAME)
    idle = _idle(model)
    chosen |= {name: solar.name for name in idle if chosen.get(name) == NAME}
    rates = {
        channel: {name: _rate(square, found["linear"]) for name, square in found.items()}
        for channel, found in errors.items()
    }
    instead = {}
    for channel in blocks[0].channels:
        method = chosen.get(channel.name, "linear")
        if "fallback" in settings.without and channel.name in learnt:
            method = NAME
        if method != NAME:
            instead[channel.name] = {
                "method": method,
                "reason": _reason(channel.name, learnt, idle, rates),
            }
    decided = {**told, "instead": instead, "held_out_restoration_rate": rates}
    if len(series) == 1:  # several have steps and spans of their own
        whole, unseen_from = series[0], len(series[0].time) - len(blocks[0].time)
        used = {name: (one["method"], one["reason"]) for name, one in instead.items()}
        final = replace(model, instead=used, classical=candidates)
        spread = fit_learnt_spread(whole, unseen_from, final, solar, learnt - set(instead))
        decided["spread"] = spread.as_plain()
    model_store.write_description(folder, decided)


def _idle(model: Learnt) -> set[str]:
    """Channels to which the network adds nothing, so that the sun's part is all there is."""
    settings = model.network.settings
    each = zip(model.channels, settings.trust, settings.levels, strict=True)
    return {one.name for one, trusted, level in each if trusted == 0 and level < 0}


def _rate(square: float, linear: float) -> float | None:
    """Restoration rate in %, None where a method's fields are no numbers."""
    ratio = float(np.sqrt(square / max(linear, 1e-300)))
    return round(100 * (1 - ratio), 3) if math.isfinite(ratio) else None


def _reason(name: str, learnt: set[str], idle: set[str], rates: Mapping[str, Any]) -> str:
    if name in idle:
        return "what wide spans teach of it does not hold at narrower ones"
    if name in learnt and name in rates:
        return "the model is not better on withheld frames"
    if name in rates:
        return "best of the classical methods on withheld frames"
    return "not judged on withheld frames"
