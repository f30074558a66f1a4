"""Draws up an output before any field is made, and describes it so that it is known again.

Knows: series, methods, plans, how fields are stored. Must not know: files, values of fields.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from temdeep.engine.field_spec import FieldSpec
from temdeep.engine.layout import Layout, field_specs, without_new_fills
from temdeep.engine.record import About
from temdeep.engine.template import template
from temdeep.engine.work import Filling
from temdeep.fields.series import Series
from temdeep.fields.time_axis import format_duration, show
from temdeep.fields.variables import Channel

TOLD_OTHERWISE = ("output", "variable", "kind", "static", "chunks", "shards", "append")
"""Of a request: where it goes, and what is described by what became of it."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """An output without its fields.

    Attributes:
        frame: All but the fields.
        specs: How each field is stored.
        notes: What the user should know, a sentence each.
    """

    frame: xr.Dataset
    specs: Mapping[str, FieldSpec]
    notes: tuple[str, ...]


def draw_up(filling: Filling, suffix: str, layout: Layout, provenance: Mapping[str, str]) -> Drawn:
    """Draw up an output.

    Args:
        filling: What is to be made.
        suffix: Of the target.
        layout: How the user wants fields to lie.
        provenance: Global attributes that say how it came about.

    Raises:
        RequestError: The layout cannot be, or a field has the name of the flag that is added.
    """
    series, plan = filling.series, filling.plan
    frame = template(series, filling.method, plan, provenance)
    specs = field_specs(series, filling.method, plan, frame.variables, suffix=suffix, layout=layout)
    notes = frame.notes + _long_chunks(specs, layout)
    return Drawn(without_new_fills(series.in_file_dims(frame.dataset)), specs, notes)


def _long_chunks(specs: Mapping[str, FieldSpec], layout: Layout) -> tuple[str, ...]:
    """Say where chunks that were asked for are longer than the output is."""
    for spec in specs.values():
        axis = spec.time_axis
        asked = spec.chunks is not None and spec.dims[axis] in (layout.chunks or ())
        if asked and spec.chunks is not None and spec.chunks[axis] > spec.shape[axis]:
            return (
                f"chunks of {spec.chunks[axis]} times are longer than the output, which has"
                f" {spec.shape[axis]}: that suits a store that will be appended to, but each is"
                " held in memory as a whole.",
            )
    return ()


def describe(filling: Filling, specs: Mapping[str, FieldSpec], request: Mapping[str, str]) -> About:
    """Describe all that decides what comes out, but for the values of fields.

    Args:
        filling: What is made.
        specs: How each field is stored.
        request: All that was asked for, as text by name.
    """
    series, plan = filling.series, filling.plan
    periods = [] if plan.periods_us is None else [plan.periods_us]
    channels = {one.name: _words(one) for one in series.channels}
    asked = {name: text for name, text in request.items() if name not in TOLD_OTHERWISE}
    made_of = {
        "method": filling.method.name,
        **{name: text for name, text in asked.items() if name != "method"},
        "input step": format_duration(series.time.step_us),
        "grid": _marked(str(series.grid), *_ground(series)),
        "channels": _marked(
            f"{len(series.channels)} fields",
            *(str(replace(one, reason="")) for one in series.channels),
        ),
        "first time": show(series.time.values[0]),
        "input times": _marked(f"{len(series.time)}", series.time.offset_us, *_edges(series)),
        "output times": _marked(f"{len(plan)}", plan.offset_us, plan.given, plan.theta, *periods),
    }
    layout = {name: stored(spec) for name, spec in specs.items()}
    return About(made_of, channels, layout, len(series.time))


def _words(channel: Channel) -> str:
    """What a channel is, but for its name."""
    named = f" ({channel.standard_name})" if channel.standard_name else ""
    tied = f", with {channel.partner}" if channel.partner else ""
    return f"{channel.kind}, {channel.nature} in {channel.units or 'no unit'}{named}{tied}"


def _ground(series: Series) -> list[Any]:
    grid = series.grid
    known = (grid.latitude, grid.longitude, grid.elevation_m, grid.land_fraction)
    return [one for one in known if one is not None]


def _edges(series: Series) -> list[Any]:
    totals = [one.edges for _, one in sorted(series.totals.items())]
    return [*(one for _, one in sorted(series.edges.items())), *totals]


def stored(spec: FieldSpec) -> dict[str, Any]:
    """How a field is stored, whatever its length in time, as JSON has it."""
    storage = spec.storage
    sizes = [size for axis, size in enumerate(spec.shape) if axis != spec.time_axis]
    numbers = (storage.dtype, storage.scale, storage.offset, storage.fill, storage.missing)
    return {
        "dims": list(spec.dims),
        "sizes": sizes,
        "numbers": " ".join(map(str, numbers)),
        "compression": str(dict(spec.filters)),
        "chunks": list(spec.chunks or ()),
        "shards": list(spec.shards or ()),
    }


def _marked(words: str, *values: Any) -> str:
    """Words, and a short hash of what they stand for."""
    found = hashlib.sha256()
    for one in values:
        found.update(one.encode() if isinstance(one, str) else np.ascontiguousarray(one).tobytes())
    return f"{words} #{found.hexdigest()[:8]}"
