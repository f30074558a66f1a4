"""The fields of an output as arrays that dask makes when asked.

Knows: xarray, dask. Must not know: files.
"""

from __future__ import annotations

import itertools
import math
import operator
import uuid
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.engine import cores
from temdeep.engine.arrays import Values, filled, made_as
from temdeep.engine.beside import members_of, parents
from temdeep.engine.pieces import FEWEST_INTERVALS, Cutter, Piece, windowed
from temdeep.engine.plan import Plan
from temdeep.engine.stream import variables_of
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

if TYPE_CHECKING:
    import dask.array as da

BLOCK_BYTES = 128 * 2**20
"""What a task makes at most, of all variables, where that is an interval or more."""

PART_BYTES = 4 * BLOCK_BYTES
"""Of an interval of which there is more, a task makes such a part; what all of an interval's times
share, such as a network's pass, is made for each part."""

MOST_INTERVALS = 4 * FEWEST_INTERVALS
"""So many a task makes at most, however small they are: not much more than was asked for."""


def lazy_arrays(series: Series, method: Method, plan: Plan) -> dict[str, da.Array]:
    """One task for some neighbouring intervals, or a part of one, from the chunks these need.

    The graph is written down here: put together of dask's own operations it takes as much time for
    each interval as there are intervals.

    Args:
        series: The coarse series, some of its variables dask's.
        method: What fills it.
        plan: What to make.
    """
    import dask.array as da  # noqa: PLC0415 - slow to load: only where there is dask
    from dask.highlevelgraph import HighLevelGraph  # noqa: PLC0415

    dim = series.time_name
    inputs = [_Input.of(series.dataset[name], dim) for name in variables_of(series.channels)]
    times_only = xr.Dataset(coords={dim: series.dataset[dim].variable})
    shared = _Shared(
        replace(series, dataset=times_only),
        method,
        {one.name: (one.dims, one.attributes) for one in inputs},
    )
    base = f"filled-{uuid.uuid4().hex}"
    layer: dict[Any, Any] = {f"shared-{base}": shared}
    lengths: list[int] = []
    for number, piece in enumerate(_blocks(series, method, plan)):
        near = [one.near(piece.window) for one in inputs]
        keys = [list(one) for one in near]
        block = _Block(piece, [list(one.values()) for one in near])
        layer[base, number] = (_fill_block, f"shared-{base}", block, keys)
        lengths.append(len(piece.part))
    made = HighLevelGraph.from_collections(base, layer, dependencies=[one.array for one in inputs])  # type: ignore[misc]
    arrays: dict[str, da.Array] = {}
    for name in (*variables_of(series.channels), *parents(series, method)):
        own, axis = f"{name}-{base}", _time_axis(series, method, name)
        shape, dtype = made_as(series, method, plan, name)
        pick = operator.itemgetter(name)
        picked = {_key(own, i, axis, len(shape)): (pick, (base, i)) for i in range(len(lengths))}
        layers: dict[str, Mapping[Any, Any]] = {**made.layers, own: picked}
        graph = HighLevelGraph(layers, {**made.dependencies, own: {base}})
        chunks = [tuple(lengths) if i == axis else (size,) for i, size in enumerate(shape)]
        arrays[name] = da.Array(graph, own, chunks, dtype)  # type: ignore[no-untyped-call]
    return arrays


@dataclass(frozen=True, eq=False)
class _Input:
    """A variable whose fields are not cut.

    Attributes:
        name, dims, attributes: Of the variable.
        array: As dask has it.
        axis: Which dimension is time.
        edges: Where its chunks begin and end along it.
    """

    name: str
    dims: tuple[Hashable, ...]
    attributes: dict[str, Any]
    array: da.Array
    axis: int
    edges: npt.NDArray[np.int64]

    @classmethod
    def of(cls, variable: xr.DataArray, dim: str) -> Self:
        """A variable, whether dask has it already or not."""
        whole = variable if variable.chunks is not None else variable.chunk()
        array = whole.chunk({other: -1 for other in variable.dims if other != dim}).data
        axis = variable.dims.index(dim)
        edges = np.cumsum([0, *array.chunks[axis]])
        return cls(str(variable.name), variable.dims, dict(variable.attrs), array, axis, edges)

    def near(self, window: slice) -> dict[tuple[Any, ...], slice]:
        """The chunks that a window lies in, by their key, each with its part of the chunk."""
        first = int(np.searchsorted(self.edges, window.start, side="right")) - 1
        last = int(np.searchsorted(self.edges, window.stop, side="left"))
        found = {}
        for i in range(first, last):
            begin, end = int(self.edges[i]), int(self.edges[i + 1])
            part = slice(max(window.start - begin, 0), min(window.stop, end) - begin)
            found[_key(self.array.name, i, self.axis, self.array.ndim)] = part
        return found


def _key(name: str, number: int, axis: int, rank: int) -> tuple[Any, ...]:
    """What dask calls a chunk of an array that has several along one axis alone."""
    return (name, *(number if i == axis else 0 for i in range(rank)))


def _time_axis(series: Series, method: Method, name: str) -> int:
    """Which dimension of a variable of the output, or of what stands beside one, is time."""
    parent = parents(series, method).get(name, name)
    axis = series.dataset[parent].dims.index(series.time_name)
    return axis + int(name in members_of(series, method))


@dataclass(frozen=True, eq=False)
class _Shared:
    """What all tasks need: a series without its fields, what they are like, and what fills it."""

    bare: Series
    method: Method
    empty: Mapping[str, tuple[tuple[Hashable, ...], dict[str, Any]]]


@dataclass(frozen=True, eq=False)
class _Block:
    """What a task makes, and of each chunk of each variable the part that it needs."""

    piece: Piece
    parts: Sequence[Sequence[slice]]


def _blocks(series: Series, method: Method, plan: Plan) -> Iterator[Piece]:
    """A plan in pieces of which each is made in memory, for whoever reads a part of it."""
    each = 0  # bytes of an output time
    for name in (*variables_of(series.channels), *parents(series, method)):
        shape, dtype = made_as(series, method, plan, name)
        each += math.prod(shape) * dtype.itemsize // max(len(plan), 1)
    most, part = max(BLOCK_BYTES // max(each, 1), 1), max(PART_BYTES // max(each, 1), 1)
    changes = np.flatnonzero(np.diff(plan.interval)) + 1
    bounds, intervals = [0], 0
    for start, stop in itertools.pairwise([0, *changes.tolist(), len(plan)]):
        full = intervals == MOST_INTERVALS or stop - bounds[-1] > most
        if full and start > bounds[-1]:
            bounds.append(start)
            intervals = 0
        intervals += 1
        parts = math.ceil((stop - start) / part)
        bounds += np.linspace(start, stop, parts + 1).astype(int)[1:-1].tolist()
    cutter = Cutter(series, method.context, plan)
    for begin, end in itertools.pairwise([*bounds, len(plan)]):
        yield cutter.piece(slice(begin, end))


def _fill_block(
    shared: _Shared, block: _Block, chunks: Sequence[Sequence[Values]]
) -> dict[str, Values]:
    """A task: all variables of a block, from the chunks of each input."""
    dim, window = shared.bare.time_name, block.piece.window
    coordinates = shared.bare.dataset.isel({dim: window}).coords
    fields = xr.Dataset(coords=coordinates)
    each = zip(shared.empty.items(), chunks, block.parts, strict=True)
    for (name, (dims, attributes)), given, parts in each:
        axis = dims.index(dim)
        taken = [
            one[(slice(None),) * axis + (part,)] for one, part in zip(given, parts, strict=True)
        ]
        values = taken[0] if len(taken) == 1 else np.concatenate(taken, axis=axis)
        fields[name] = (dims, values, attributes)
    with cores.shared() as take_share:
        near = windowed(shared.bare, window, fields)
        return filled(near, shared.method, block.piece.part, take_share)
