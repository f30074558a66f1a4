"""Fills a series and writes it: piece by piece, so that a run that was stopped can be gone on with.

Knows: spools, pieces of work. Must not know: how a method fills, the command line.
"""

from __future__ import annotations

import errno
import itertools
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import xarray as xr

from temdeep.engine.beside import parents
from temdeep.engine.describing import describe, draw_up
from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.layout import AS_USUAL, Layout
from temdeep.engine.origin import Older, Origin
from temdeep.engine.pieces import Frames
from temdeep.engine.plan import Plan
from temdeep.engine.record import Made, Stamp, named
from temdeep.engine.running_totals import passes
from temdeep.engine.spool import SUFFIXES, Spool, settle
from temdeep.engine.stores import ZARR_SUFFIX, StoreError, storing
from temdeep.engine.stream import variables_of
from temdeep.engine.template import treatments
from temdeep.engine.unchanged import changed, doubtful, told
from temdeep.engine.work import Begun, Filling, Unit, Work
from temdeep.engine.workers import Progress, Workers, here
from temdeep.errors import InputError, OutputError, VariableError
from temdeep.fields.made_before import MADE, flags_in
from temdeep.fields.series import Series
from temdeep.fields.time_axis import show
from temdeep.methods.protocol import Method
from temdeep.outputs import check_free, check_place

ZARR_MARKS = ("zarr.json", ".zgroup")

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NEARLY_FULL_BYTES = 2**20

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        target: The file.
        given: How many output times are given.
        made: How many are made.
        treatments: What was done to each variable, as `template.treatments`.
        notes: What the user should know, a sentence each.
    """

    target: Path
    given: int
    made: int
    treatments: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Manner:
    """How an output is written, whatever is in it.

    Attributes:
        overwrite: Replace an existing target, once the new one is complete.
        origin: What it is made of: a run of the same goes on where one was stopped. None: it does
            not, and a run that fails leaves nothing.
        restart: Begin anew where unfinished work is there.
        workers: Who makes the pieces; None: this process.
        layout: How fields lie in the output.
    """

    overwrite: bool = False
    origin: Origin | None = None
    restart: bool = False
    workers: Workers | None = None
    layout: Layout = AS_USUAL


def check_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that cannot be written, before any work is done.

    Raises:
        OutputError: An unknown suffix, a URL, no such folder, an existing file that is not to be
            replaced, or a folder of something else.
    """
    if target.suffix not in SUFFIXES:
        raise OutputError(f"{target} is neither NetCDF (.nc) nor Zarr (.zarr) by its suffix.")
    check_place(target)
    settle(target)
    check_free(target, overwrite=overwrite)
    if target.is_file() and target.suffix == ZARR_SUFFIX:
        raise OutputError(f"{target} is a file and no Zarr store, and is not replaced.")
    if target.is_dir() and not any((target / name).exists() for name in ZARR_MARKS):
        raise OutputError(f"{target} is a folder but no Zarr store, and is not replaced.")


def write(
    series: Series,
    method: Method,
    plan: Plan,
    target: Path,
    *,
    manner: Manner | None = None,
    provenance: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Written:
    """Fill a series and write it; on any failure nothing is left under the target's name.

    Args:
        series: The coarse series.
        method: What fills it.
        plan: What to write.
        target: File with suffix .nc or .zarr.
        manner: How; None: as `Manner` is of itself.
        provenance: Global attributes that say how it came about.
        progress: Is told how many of `steps(series, method, plan, target)` are done.

    Raises:
        OutputError: The target exists, or cannot be written.
        TemdeepError: The input turns out to be damaged.
    """
    manner = manner or Manner()
    filling = Filling(series, method, plan)
    drawn = draw_up(filling, target.suffix, manner.layout, provenance or {})
    if manner.origin is not None:
        about = describe(filling, drawn.specs, manner.origin.request)
        manner = replace(manner, origin=replace(manner.origin, about=about))
    return write_fillings(
        [filling], drawn.frame, drawn.specs, drawn.notes, target, manner=manner, progress=progress
    )


def write_fillings(
    fillings: Sequence[Filling],
    frame: xr.Dataset,
    specs: Mapping[str, FieldSpec],
    notes: Sequence[str],
    target: Path,
    *,
    manner: Manner | None = None,
    progress: Progress | None = None,
    older: Older | None = None,
    begun: Begun | None = None,
) -> Written:
    """Fill one series, or the runs of a forecast one after the other, and write them to one file.

    Args:
        fillings: One for each run, all with as many output times.
        frame: The output without its fields.
        specs: How each field is stored.
        notes: What the user should know of the frame.
        target: File with suffix .nc or .zarr.
        manner: How; None: as `Manner` is of itself.
        progress: Is told how many steps are done.
        older: The target as it is, if it is appended to, and what of it stays.
        begun: What can be taken of the piece after that.

    Raises:
        OutputError: The target exists, or cannot be written.
        TemdeepError: The input turns out to be damaged.
    """
    manner = manner or Manner()
    check_target(target, overwrite=manner.overwrite)
    if manner.layout.unlimited:
        frame = _unlimited(frame, {spec.dims[spec.time_axis] for spec in specs.values()})
    specs = _with_coordinates(specs, frame, target.suffix)
    shared = manner.workers is not None and manner.workers.elsewhere
    spool = Spool(target, frame, specs, manner.origin, older, shared=shared)
    count = _Count(progress)
    before = 0
    try:
        with storing():
            spool.open(restart=manner.restart)
        check_free(target, overwrite=manner.overwrite)  # another run may have ended meanwhile
        before = len(spool.done()) - spool.taken
        growing = spool.growing
        work = Work(tuple(fillings), growing.specs, growing.open, begun, growing.placed)
        if manner.origin is not None and spool.doubted is not None:
            _refuse_changed(work, spool, spool.doubted, manner.origin)
        (manner.workers or here)(work, _missing(work, spool, count), spool, count)
        with storing():
            spool.finish(count)
    except BaseException as error:
        if isinstance(error, InputError | VariableError):
            spool.add_damage(str(error))
        kept = spool.leave()
        hint = (
            f" What is done is kept in {spool.path}: run the same again to go on." if kept else ""
        )
        if isinstance(error, StoreError):
            raise _told(error, target, hint) from error
        if isinstance(error, KeyboardInterrupt) and kept:
            raise type(error)(f"stopped.{hint}") from error
        if isinstance(error, InputError | VariableError) and kept:
            raise type(error)(f"{error}{hint}") from error
        raise
    given = sum(_given(one) for one in fillings)
    empty = _empty(fillings, spool.done())
    resumed = (f"{before} pieces had been done before, and were kept.",) if before else ()
    return Written(
        target,
        given,
        sum(len(one.plan) for one in fillings) - given,
        treatments(fillings[0].series, fillings[0].method),
        (*notes, *empty, *spool.notes(), *resumed),
    )


def _empty(fillings: Sequence[Filling], done: Mapping[tuple[int, int], Made]) -> list[str]:
    """Which variables are missing everywhere at some input times, a sentence each."""
    at: dict[str, set[tuple[int, int]]] = {}
    for (run, _), made in done.items():
        for name, indices in (made.empty or {}).items():
            at.setdefault(name, set()).update((run, index) for index in indices)
    least = "at least " if any(made.empty is None for made in done.values()) else ""
    told = []
    for name, times in at.items():
        run, index = min(times)
        when = show(fillings[run].series.time.values[index])
        plural = "" if len(times) == 1 else "s"
        told.append(
            f"'{name}' is missing everywhere at {least}{len(times)} input time{plural}, such as"
            f" {when}: so is what needs it there."
        )
    return told


def steps(series: Series, method: Method, plan: Plan, target: Path) -> int:
    """How many steps `write` counts."""
    fields = len(variables_of(series.channels)) + len(parents(series, method))
    copies = 0 if target.suffix == ZARR_SUFFIX else fields
    return (passes(series) + copies) * len(plan)


def _unlimited(frame: xr.Dataset, dims: set[str]) -> xr.Dataset:
    able = frame.copy()
    able.encoding["unlimited_dims"] = dims | set(frame.encoding.get("unlimited_dims", ()))
    return able


def _with_coordinates(
    specs: Mapping[str, FieldSpec], frame: xr.Dataset, suffix: str
) -> dict[str, FieldSpec]:
    """Have each field name the coordinates along its time, such as valid times of lead times.

    Those of a Zarr store are named by xarray, but where a field names some itself.
    """
    named = {}
    for name, spec in specs.items():
        said = str(spec.attributes.get("coordinates") or "").split()
        along = [
            str(one)
            for one, array in frame.coords.items()
            if one not in array.dims
            and spec.dims[spec.time_axis] in array.dims
            and set(array.dims) <= set(spec.dims)
        ]
        new = [one for one in along if one not in said]
        if new and (said or suffix != ZARR_SUFFIX):
            attributes = {**spec.attributes, "coordinates": " ".join([*said, *new])}
            named[name] = replace(spec, attributes=attributes)
    return {**specs, **named}


class _Count:
    """Counts steps, and tells of all of them at once."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._done = progress, 0

    def __call__(self, more: int) -> None:
        self._done += more
        if self._progress is not None:
            self._progress(self._done)


def _refuse_changed(work: Work, spool: Spool, known: Mapping[str, Stamp], origin: Origin) -> None:
    """Compare what is done with its input, where that may have changed.

    Raises:
        OutputError: It has.
        InputError: It is damaged.
    """
    done = spool.done()
    for run, units in itertools.groupby(work.units(), key=lambda unit: unit.run):
        series = work.fillings[run].series
        doubted, frames = doubtful(series, named(known), origin.files), Frames(series)
        for unit in units:
            made, piece = done.get(unit.key), unit.piece
            if made and doubted[piece.used].any() and changed(frames, piece, made):
                raise OutputError(
                    f"{told(series, piece)} have changed since {spool.path} was begun: say"
                    " --restart to begin anew."
                )
    spool.accept()


def _missing(work: Work, spool: Spool, count: _Count) -> Iterable[Unit]:
    """What is not done yet, in time order."""
    done = spool.done()
    for unit in work.units():
        if unit.key in done:
            count(work.steps(unit))
        else:
            yield unit


def _given(filling: Filling) -> int:
    series, given = filling.series, filling.plan.given
    before = flags_in(series.dataset, series.time_name)[given] == MADE
    at_stamps = series.instantaneous() or series.totals
    return int(((given >= 0) & ~before).sum()) if at_stamps else 0


def _told(error: StoreError, target: Path, hint: str) -> OutputError:
    """A failure of the file system and its libraries in one sentence."""
    full = error.code in _FULL
    if error.code is None:  # a library has hidden it
        full = shutil.disk_usage(target.parent).free < _NEARLY_FULL_BYTES
    if full:
        return OutputError(
            f"the disk is full: {target} was not written; free some space and run this again.{hint}"
        )
    return OutputError(f"{target} cannot be written: {error}.{hint}")
