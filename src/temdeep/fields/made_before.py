"""Times that temdeep made, in a file that it wrote: they are no observation of anything.

Knows: the flag of outputs. Must not know: methods, files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

from temdeep.errors import RequestError

if TYPE_CHECKING:
    from temdeep.fields.series import Series

PROVENANCE = "temdeep_provenance"
"""Name of the flag of an output: which of its times are given, and which are made."""

GIVEN, MADE, PERIODS_MADE = 0, 1, 2
"""Its values; the last is of times that are given but for what holds for periods."""


def flags_in(dataset: xr.Dataset, time_name: str) -> npt.NDArray[np.int8]:
    """The flag of each time, shape (time,); all are given where there is no such flag.

    Means of flags, and what else became of them, count as made; where one is missing, as where raw
    data were joined, the time is given.
    """
    found = dataset.get(PROVENANCE)
    if found is None or time_name not in found.dims or found.dtype.kind not in "iuf":
        return np.full(dataset.sizes[time_name], GIVEN, dtype=np.int8)
    flags = np.moveaxis(np.nan_to_num(found.values), found.dims.index(time_name), 0)
    flags = flags.reshape(len(flags), -1)
    known = np.isin(flags, (GIVEN, PERIODS_MADE)).all(axis=1)
    return np.where(known, flags.max(axis=1), MADE).astype(np.int8)


def made_in(dataset: xr.Dataset, time_name: str, *, periods: bool) -> npt.NDArray[np.bool_]:
    """Which times were made by temdeep, shape (time,).

    Args:
        dataset: A series' dataset.
        time_name: Its time dimension.
        periods: Whether there are variables that hold for periods and are no running totals.
    """
    flags = flags_in(dataset, time_name)
    made: npt.NDArray[np.bool_] = (flags == MADE) | ((flags == PERIODS_MADE) & periods)
    return made


def note(made: npt.NDArray[np.bool_], source: str) -> str:
    """What should be known of a series with times that were made before; empty if none were."""
    if not made.any():
        return ""
    return (
        f"{int(made.sum())} of {len(made)} times of {source} were filled in by temdeep before and"
        f" not given, as its '{PROVENANCE}' says: they are taken as they are, and stay flagged."
    )


def refuse_made(series: Series, purpose: str) -> None:
    """Refuse to take what temdeep made for what was observed.

    Args:
        series: The series.
        purpose: What its times would be used to do, in words.

    Raises:
        RequestError: Some of the times were made.
    """
    periods = any(one.variable not in series.totals for one in series.periods())
    made = made_in(series.dataset, series.time_name, periods=periods)
    if not made.any():
        return
    dim = series.file_dim or series.time_name
    kept = f"ds.isel({dim}=ds.{PROVENANCE}.values {'== 0' if periods else '!= 1'})"
    given = "" if made.sum() > len(made) - 2 else f", or only its given times, in xarray {kept}"
    raise RequestError(
        f"{int(made.sum())} of {len(made)} times of {series.source} were filled in by temdeep and"
        f" not given, as its '{PROVENANCE}' says, and are nothing to {purpose}: take the series"
        f" that it was made of{given}."
    )
