"""Adds to a store what a longer series adds to a shorter one, as if it had all been made at once.

A new store takes the place of the old one when it is complete, and has in common with it, on disk,
the files of all pieces that the new times do not reach. So the old one stays whole until then, and
whoever reads it sees it as it was.

Knows: series, plans, pieces, records. Must not know: how a method fills, the command line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from temdeep._version import __version__
from temdeep.engine import record
from temdeep.engine.comparing import Comparing, refuse_other_channels
from temdeep.engine.describing import Drawn, describe, draw_up, stored
from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.layout import Layout
from temdeep.engine.origin import Origin, difference
from temdeep.engine.plan import Plan
from temdeep.engine.record import FORMAT, Record
from temdeep.engine.spool import settle
from temdeep.engine.stores import ZARR_SUFFIX
from temdeep.engine.work import Filling
from temdeep.engine.workers import Progress
from temdeep.engine.writers import Manner, Written, write_fillings
from temdeep.errors import OutputError, RequestError
from temdeep.fields.forecasts import Forecasts
from temdeep.fields.series import Series
from temdeep.fields.time_axis import show
from temdeep.methods.registry import FIXED

Planner = Callable[[Series], Plan]


def check_append(
    target: Path, *, step: str | None, method: str, draw: int | None, beside: bool
) -> None:
    """Refuse to append where it cannot be, before any work is done.

    Args:
        target: What is appended to.
        step: The output step; None: single times are asked for.
        method: Name of what fills in; empty for a trained model.
        draw: Seed of a draw.
        beside: Whether standard deviations, quantiles or members are asked for.

    Raises:
        OutputError: There is no such store.
        RequestError: Something that a new time would change everywhere.
    """
    if target.suffix != ZARR_SUFFIX:
        raise RequestError(
            f"--append goes with Zarr (.zarr): {target.name} would be lost if it were stopped while"
            " it grows; write the new times into a file of their own."
        )
    if target.parent.is_dir():
        settle(target)
    if not target.exists():
        raise OutputError(f"there is no {target} to append to: make it first, without --append.")
    if step is None:
        raise RequestError("--append goes with --step: single times go into a file of their own.")
    if method and method not in FIXED:
        raise RequestError(
            f"{method} is fitted to the whole series, so that a new time changes all that it makes:"
            f" --append goes with --method {', '.join(FIXED[:-1])} or {FIXED[-1]}, or with --model."
        )
    if draw is not None:
        raise RequestError(
            "--draw is fitted to the whole series, so that a new time changes all that it makes:"
            " it does not go with --append."
        )
    if beside:
        raise RequestError(
            "--uncertainty, --quantiles and --members do not go with --append: write the new times"
            " into a file of their own."
        )


def append(
    forecasts: Forecasts,
    fillings: Sequence[Filling],
    target: Path,
    *,
    planned: Planner,
    manner: Manner,
    provenance: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Written:
    """Add the times to a store that a longer series has; on any failure it is as it was.

    Args:
        forecasts: All of the coarse series, from the begin of what the store was made of.
        fillings: How it is filled, by a method that is the same for any series.
        target: The store.
        planned: Chooses the output times of a series.
        manner: How it is written, and of what.
        provenance: Global attributes that say how it came about.
        progress: Is told how many steps are done.

    Raises:
        RequestError: There are several forecast runs.
        OutputError: The store is not temdeep's, or of something else, or cannot be written.
        TemdeepError: The input turns out to be damaged.
    """
    filling, origin = fillings[0], manner.origin or Origin({}, {})
    series = filling.series
    if forecasts.run_dim:
        raise RequestError(
            f"{series.source} holds forecast runs, each filled on its own: write new runs into a"
            " file of their own, --append is for one series."
        )
    found = record.read(target)
    if found is None:
        raise OutputError(
            f"{target} does not say how it was made, and cannot be appended to: temdeep downscale"
            " makes stores that do."
        )
    drawn = draw_up(filling, target.suffix, manner.layout, provenance or {})
    before = _before(found, filling, planned, drawn, target, origin)
    drawn = replace(drawn, specs=_as_there(found, drawn.specs, manner.layout, target))
    comparing = Comparing(found, filling, before, drawn.specs)
    comparing.refuse_changed_values(origin, target)
    added = len(filling.plan) - len(before.plan)
    if len(series.time) == found.about.frames:
        told = f"{target} has all times of {series.source} already."
        return Written(target, 0, 0, {}, (told,))
    older, begun = comparing.kept(target)
    until = older.count if begun is None else begun.rest.times.start
    note = f"{until} output times are as they were, {len(before.plan) - until} are made anew"
    request = {**origin.request, "onto": _mark(found)}
    about = describe(filling, drawn.specs, origin.request)
    return write_fillings(
        [filling],
        drawn.frame,
        drawn.specs,
        (*drawn.notes, f"{note}, {added} are new."),
        target,
        manner=replace(manner, overwrite=True, origin=Origin(request, origin.files, about)),
        progress=progress,
        older=older,
        begun=begun,
    )


def _mark(found: Record) -> str:
    return hashlib.sha256(json.dumps(asdict(found), sort_keys=True).encode()).hexdigest()[:16]


def _before(
    found: Record,
    filling: Filling,
    planned: Planner,
    drawn: Drawn,
    target: Path,
    origin: Origin,
) -> Filling:
    """The part of a series that a store was made of.

    Raises:
        OutputError: The store was made of something else.
    """
    series = filling.series
    if found.temdeep != __version__:
        raise OutputError(
            f"{target} was made by temdeep {found.temdeep}, this is {__version__}, which may round"
            " otherwise: append with that version, or make it anew with --overwrite."
        )
    if found.form != FORMAT:
        raise OutputError(
            f"{target} was made by an earlier temdeep that divided it otherwise, and cannot be"
            " appended to: make it anew with --overwrite."
        )
    first, frames = found.about.made_of["first time"], found.about.frames
    if show(series.time.values[0]) != first or len(series.time) < frames:
        last = show(series.time.values[-1])
        raise OutputError(
            f"{target} was made of {frames} times from {first} on, {series.source} has"
            f" {len(series.time)} from {show(series.time.values[0])} to {last}: give all of them,"
            " and the new ones."
        )
    part = series.take(slice(0, frames))
    before = Filling(part, filling.method, planned(part))
    now = describe(before, drawn.specs, origin.request)
    refuse_other_channels(found.about.channels, now.channels, target, series.source)
    other = difference(found.about.made_of, now.made_of)
    if other:
        raise OutputError(
            f"{target} was made otherwise ({other}): append with the same command and the same"
            " input, or make it anew with --overwrite."
        )
    return before


def _as_there(
    found: Record, specs: Mapping[str, FieldSpec], layout: Layout, target: Path
) -> dict[str, FieldSpec]:
    """How fields are stored in a store that is there.

    Raises:
        OutputError: The input or the request would have them stored otherwise.
    """
    there = {}
    for name, spec in specs.items():
        said = found.about.layout[name]
        chunks, shards = spec.chunks, spec.shards
        if layout.chunks is None and layout.shards is None:
            chunks, shards = tuple(said["chunks"]), tuple(said["shards"]) or None
        there[name] = replace(spec, chunks=chunks, shards=shards)
        now = stored(there[name])
        other = [what for what in said if now[what] != said[what]]
        if other:
            raise OutputError(
                f"{target} has '{name}' in other {other[0]} ({said[other[0]]}) than would be"
                f" written ({now[other[0]]}): append with the same command and an input that is"
                " stored as before, or make it anew with --overwrite."
            )
    return there
