"""What `temdeep downscale` wrote, opened to be looked at: fields, and which times were given.

Knows: files through `opening`, the output's flag. Must not know: what is drawn, web pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from temdeep.errors import InputError
from temdeep.fields.made_before import MADE, PROVENANCE
from temdeep.fields.opening import find_files, open_file
from temdeep.fields.time_axis import show
from temdeep.fields.valid_times import decoded, run_dimension
from temdeep.viewer.opened import Opened, look_over


@dataclass(frozen=True, eq=False)
class Output:
    """An output, or one forecast run of it.

    Attributes:
        opened: Its fields.
        label: Which run it is; empty where the file has but one.
        flag: What the file says of each time, shape (time,).
        method: What made the rest, as the file says it.
    """

    opened: Opened
    label: str
    flag: npt.NDArray[np.int64]
    method: str

    @property
    def given(self) -> npt.NDArray[np.bool_]:
        """Which times the input had, shape (time,)."""
        return np.asarray(self.flag != MADE)


def open_output(path: str | Path, kinds: Mapping[str, str] | None = None) -> tuple[Output, ...]:
    """Open what `temdeep downscale` wrote, reading no more than coordinates and the flag.

    Args:
        path: NetCDF file or Zarr store.
        kinds: What variables stand for, where the file does not say.

    Returns:
        One for each forecast run, most often one.

    Raises:
        InputError: There is no such file, it cannot be read, or temdeep did not make it.
        TemdeepError: It has no usable time axis, or no field.
    """
    found = find_files(path)[0]
    dataset, _ = open_file(found)
    if PROVENANCE not in dataset:
        raise InputError(
            f"{found.name} was not written by temdeep downscale: it has no variable '{PROVENANCE}'"
            " that tells given times from made ones; give it what downscale wrote, and a series"
            " to compare with as --truth."
        )
    dataset = decoded(dataset, found.name)
    run_dim = run_dimension(dataset)
    if not run_dim:
        return (_output(look_over(dataset, found.name, kinds or {}), ""),)
    return tuple(
        _output(
            look_over(dataset.isel({run_dim: i}), found.name, kinds or {}),
            f"run of {show(dataset[run_dim].values[i])}",
        )
        for i in range(dataset.sizes[run_dim])
    )


def _output(opened: Opened, label: str) -> Output:
    flag = opened.dataset[PROVENANCE]
    if flag.dims != (opened.time_name,):
        raise InputError(
            f"'{PROVENANCE}' in {opened.source} lies along {', '.join(map(str, flag.dims))}, not"
            f" along the time axis '{opened.time_name}' alone: write the file anew."
        )
    method = str(opened.dataset.attrs.get("temdeep_method", ""))
    return Output(opened, label, flag.values.astype(np.int64), method)
