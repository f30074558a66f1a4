"""Says which chunks of a Zarr store have no file: readers take their values for missing.

Knows: Zarr stores in folders, xarray. Must not know: series, the command line.
"""

import itertools
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

MOST_FILES = 20_000
"""Files of a variable that are looked for: more would take seconds on a network file system."""


def absent_note(
    store: Path, dataset: xr.Dataset, names: Iterable[str], time_dim: str
) -> str | None:
    """A sentence on chunks without a file, of variables whose fill value reads as missing.

    Chunks of nothing but missing values may have no file either. Those of places that never have
    one, such as land in a field of the ocean, are therefore not told.

    Args:
        store: The folder.
        dataset: As xarray opened it.
        names: Variables that are looked at; those that the store does not have are not.
        time_dim: Name of the dimension of time.
    """
    import zarr  # noqa: PLC0415 - slow to load, and here only for stores

    group: Any = zarr.open_group(store, mode="r")
    told = []
    for name in names:
        if name not in dataset or time_dim not in dataset[name].dims or name not in group:
            continue
        array, variable = group[name], dataset[name]
        gone, count = _absent(store / name, array, variable.dims.index(time_dim))
        if gone and _is_missing(variable, array.fill_value):
            told.append(f"{gone} of {count} chunks of '{name}'")
    if not told:
        return None
    return (
        f"{', '.join(told)} are not in {store.name}, and their values are read as missing: fetch it"
        " again if they should be there."
    )


def _absent(folder: Path, array: Any, time_axis: int) -> tuple[int, int]:
    """How many files are not there though they are at other times, and how many may be."""
    lengths = array.shards or array.chunks
    counts = [-(-size // length) for size, length in zip(array.shape, lengths, strict=True)]
    if math.prod(counts) > MOST_FILES:
        return 0, 0
    there = np.zeros(counts, dtype=bool)
    for index in itertools.product(*map(range, counts)):
        there[index] = (folder / array.metadata.encode_chunk_key(index)).is_file()
    gone = ~there & there.any(axis=time_axis, keepdims=True)
    return int(gone.sum()), math.prod(counts)


def _is_missing(variable: xr.DataArray, fill: Any) -> bool:
    said = variable.encoding.get("_FillValue")
    return said is not None and bool(np.array_equal([said], [fill], equal_nan=True))
