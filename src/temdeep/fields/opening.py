"""Opens files as series: NetCDF, GRIB and Zarr, one or many, told apart by their first bytes.

Knows: files, xarray's engines. Must not know: torch.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

import numpy as np
import xarray as xr

from temdeep.errors import InputError, TimeAxisError
from temdeep.fields import combining, grib
from temdeep.fields.absent_chunks import absent_note
from temdeep.fields.remote import ZARR_MARKS, RemoteStore, found_at, is_url
from temdeep.fields.survey import Survey, survey
from temdeep.fields.time_axis import Times
from temdeep.fields.valid_times import undecoded_reason, with_valid_times

Sources = str | Path | Sequence[str | Path]

Found = Path | RemoteStore
"""A file or store on this machine, or a store that is elsewhere."""


def survey_files(
    sources: Sources,
    *,
    variables: Sequence[str] | None = None,
    kinds: Mapping[str, str] | None = None,
    static: str | Path | None = None,
) -> Survey:
    """Look over files, reading no more than coordinates; what is unclear is collected, not refused.

    Args:
        sources: NetCDF or GRIB files, Zarr stores or patterns such as `era5_*.nc`, or URLs of
            them; several are joined in time, or side by side where they hold different variables.
        variables: Which variables; None: all that have a time axis and a grid.
        kinds: What variables are where the files do not say, such as `{"tp": "sum:1h"}`.
        static: A file with elevation and land fraction, where the series has none.

    Raises:
        TemdeepError: The files cannot be opened or joined, or have no usable time axis.
    """
    paths = find_files(sources)
    opened = [open_file(path) for path in paths]
    dataset, bounds = combining.combine(opened, [path.name for path in paths])
    source = paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
    ground = None if static is None else open_file(find_files(static)[0])[0]
    found = survey(
        dataset, source=source, variables=variables, kinds=kinds, static=ground, bounds=bounds
    )
    names = dict.fromkeys(one.variable for one in found.channels)
    dim = found.file_dim or found.time_name
    notes = [
        absent_note(path, one, names, dim)
        for path, (one, _) in zip(paths, opened, strict=True)
        if isinstance(path, Path) and path.is_dir()
    ]
    return replace(found, notes=(*found.notes, *(note for note in notes if note)))


def find_files(sources: Sources) -> list[Found]:
    """What names, patterns and URLs stand for, each once, in the order given.

    Raises:
        InputError: A file is not there, or a pattern fits none.
        MissingExtraError: A package for a URL's protocol is not installed.
    """
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    if not given:
        raise InputError("no input file is given.")
    paths: list[Found] = []
    for one in given:
        if isinstance(one, str) and is_url(one):
            paths.extend(found_at(one))
            continue
        if Path(one).exists():
            paths.append(Path(one))
            continue
        is_pattern = any(sign in str(one) for sign in "*?[")
        pattern = Path(one)
        root = Path(pattern.anchor)
        found = sorted(root.glob(str(pattern.relative_to(root)))) if is_pattern else []
        if not found:
            what = "no file fits the pattern" if is_pattern else "there is no file"
            raise InputError(f"{what} '{one}'.")
        paths.extend(found)
    return list(dict.fromkeys(paths))


def open_file(path: Found) -> tuple[xr.Dataset, dict[str, Times]]:
    """Open one file lazily, whatever its format.

    Returns:
        The dataset, and time bounds of single variables that the format has elsewhere (GRIB).

    Raises:
        InputError: The file is empty, truncated, or of no known format.
    """
    form = _format(path)
    if form == "GRIB" and isinstance(path, Path):
        return grib.open_grib(path)
    try:
        if form == "Zarr" or isinstance(path, RemoteStore):
            place = path.url if isinstance(path, RemoteStore) else path
            with warnings.catch_warnings():  # a store without consolidated metadata is as good
                warnings.filterwarnings("ignore", "Failed to open Zarr store", RuntimeWarning)
                return xr.open_dataset(place, engine="zarr", decode_timedelta=False), {}
        if form == "NetCDF classic":
            _refuse_truncated_classic(path)
        return xr.open_dataset(path, engine="netcdf4", decode_timedelta=False), {}
    except (OSError, RuntimeError, KeyError) as error:
        raise InputError(
            f"{path.name} begins like {form} but cannot be opened ({_reason(error)}): it is"
            " truncated or damaged; fetch it again."
        ) from error
    except ValueError as error:
        raise InputError(f"{path.name} cannot be decoded: {undecoded_reason(error)}.") from error


def times_in(path: Path) -> Times | None:
    """Valid times of one of several files that make a series.

    Returns:
        Ascending; none where it has no time axis, None where it cannot be understood alone.

    Raises:
        InputError: The file cannot be opened.
    """
    dataset, _ = open_file(path)
    if not combining.has_time(dataset):
        return np.array([], dtype="datetime64[ns]")
    try:
        timed, name = with_valid_times(dataset, path.name)
    except TimeAxisError:
        return None
    return np.sort(timed[name].values)


def is_grib(path: Found) -> TypeGuard[Path]:
    """Whether it is a file that begins as GRIB does."""
    return _format(path) == "GRIB"


def _refuse_truncated_classic(path: Path) -> None:
    """The NetCDF library reads zeros beyond the end of a classic file; SciPy's reader does not."""
    from scipy.io import netcdf_file  # noqa: PLC0415 - only for files of this format

    try:
        with netcdf_file(path, mmap=True):
            pass
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        raise InputError(
            f"{path.name} is shorter than its header says: it is truncated; fetch it again."
        ) from error


def _reason(error: Exception) -> str:
    text = str(error).strip().strip("'\"").split("\n")[0].rstrip(".")
    code, _, rest = text.partition("] ")
    return (rest if code.startswith("[Errno") else text).split(": '")[0] or type(error).__name__


def _format(path: Found) -> str:
    if isinstance(path, RemoteStore):
        return "Zarr"
    if path.is_dir():
        if any((path / name).exists() for name in ZARR_MARKS):
            return "Zarr"
        raise InputError(f"{path.name or path} is a folder but no Zarr store.")
    try:
        with path.open("rb") as stream:
            head = stream.read(2048)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.") from error
    if not head:
        raise InputError(f"{path.name} is empty.")
    if head.startswith((b"CDF\x01", b"CDF\x02")):
        return "NetCDF classic"
    if head.startswith((b"CDF\x05", b"\x89HDF\r\n\x1a\n")):
        return "NetCDF"
    if b"GRIB" in head:
        return "GRIB"
    raise InputError(
        f"{path.name} is neither NetCDF nor GRIB nor a Zarr store: it begins with {head[:8]!r}."
    )
