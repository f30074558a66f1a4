"""Opens GRIB files through cfgrib: several hypercubes merged, periods from step ranges.

Knows: cfgrib, xarray. Must not know: torch.
"""

import logging
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import xarray as xr

from temdeep.errors import InputError, TimeAxisError
from temdeep.extras import need
from temdeep.fields.time_axis import Times

_STEP_RANGE = re.compile(r"(\d+)([smhD]?)(?:-(\d+)([smhD]?))?")
REFERENCE = "forecast_reference_time"
"""What the start of a forecast is called beside valid times."""

_PERIOD_TYPES = ("accum", "avg", "max", "min")


def open_grib(path: Path) -> tuple[xr.Dataset, dict[str, Times]]:
    """Open a GRIB file as one dataset, lazily; no index file is left beside it.

    Returns:
        The dataset, its time dimension `time` holding valid times, and the time bounds of
        variables that hold for periods.

    Raises:
        InputError: The file is truncated, or its messages do not make fields of one series.
        TimeAxisError: It holds several forecast runs.
    """
    cubes = _cubes(path)
    runs = _run_count(cubes)
    if runs > 1:
        raise TimeAxisError(
            f"{path.name} holds several forecast runs ({runs} of them), and nothing is filled from"
            " one run into the next: extract one run first, for instance with"
            " 'grib_copy -w dataDate=...,dataTime=...'."
        )
    return _one_series(cubes, path.name)


def open_grib_runs(path: Path) -> list[tuple[xr.Dataset, dict[str, Times]]]:
    """Open each forecast run of a GRIB file, as `open_grib`; of several, with lead times `step`.

    Raises:
        InputError: As `open_grib`.
    """
    cubes = _cubes(path)
    count = _run_count(cubes)
    if count == 1:
        return [_one_series(cubes, path.name)]
    return [
        _one_series([_run_of(cube, i) for cube in cubes], path.name, keep=("step",))
        for i in range(count)
    ]


def _run_count(cubes: list[xr.Dataset]) -> int:
    return max(cube.sizes["time"] if {"time", "step"} <= set(cube.dims) else 1 for cube in cubes)


def _run_of(cube: xr.Dataset, index: int) -> xr.Dataset:
    return cube.isel(time=index) if "time" in cube.dims else cube


def _one_series(
    cubes: list[xr.Dataset], source: str, keep: tuple[str, ...] = ()
) -> tuple[xr.Dataset, dict[str, Times]]:
    bounds: dict[str, Times] = {}
    timed = []
    for cube in cubes:
        one, its_bounds = _by_valid_time(cube, keep)
        timed.append(one)
        bounds |= its_bounds
    return _merge(timed, bounds, source)


def _cubes(path: Path) -> list[xr.Dataset]:
    """Hypercubes of a GRIB file.

    Raises:
        MissingExtraError: The GRIB library is not installed.
        InputError: As `open_grib`.
    """
    need("grib")
    import cfgrib  # noqa: PLC0415  (loads the GRIB library: only where there is GRIB)
    from gribapi.errors import GribInternalError  # type: ignore[import-untyped]  # noqa: PLC0415

    _refuse_truncated(path)
    logging.getLogger("cfgrib").addFilter(_quiet)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            cubes = cfgrib.open_datasets(
                str(path),
                backend_kwargs={
                    "indexpath": "",
                    "extra_coords": {"stepRange": "step"},
                    "read_keys": ["level"],
                },
            )
    except (EOFError, OSError, ValueError, KeyError, GribInternalError) as error:
        raise InputError(
            f"{path.name} begins like GRIB but cannot be opened ({error}): it is truncated,"
            " damaged, or its messages do not make fields of one series."
        ) from error
    finally:
        logging.getLogger("cfgrib").removeFilter(_quiet)
    if not any(cube.data_vars for cube in cubes):
        raise InputError(f"{path.name} holds no GRIB field.")
    _refuse_repeated(path, cubes)
    return list(cubes)


def decoding_errors() -> tuple[type[Exception], ...]:
    """What the GRIB library raises for a damaged message, where it is loaded at all."""
    loaded = sys.modules.get("gribapi.errors")
    return () if loaded is None else (loaded.GribInternalError,)


def _quiet(record: logging.LogRecord) -> bool:
    """Keep cfgrib's account of hypercubes that do not fit out of the log: we merge them."""
    return "skipping variable" not in record.getMessage()


def _refuse_truncated(path: Path) -> None:
    """A whole GRIB file ends with the message terminator, perhaps padded with zeros."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4096))
        tail = stream.read().rstrip(b"\0\r\n ")
    if not tail.endswith(b"7777"):
        raise InputError(
            f"{path.name} breaks off inside its last GRIB message: it is truncated; fetch it again."
        )


def _refuse_repeated(path: Path, cubes: list[xr.Dataset]) -> None:
    """Refuse a file with more messages than fields: cfgrib drops what it meets twice in silence."""
    import eccodes  # noqa: PLC0415  (loads the GRIB library: only where there is GRIB)

    with path.open("rb") as stream:
        messages = eccodes.codes_count_in_file(stream)
    horizontal = {"latitude", "longitude", "y", "x", "values"}
    fields = sum(
        int(np.prod([size for dim, size in array.sizes.items() if dim not in horizontal]))
        for cube in cubes
        for array in cube.data_vars.values()
    )
    if messages > fields:
        raise InputError(
            f"{path.name} holds {messages} messages for {fields} fields: some stand twice, and"
            " which of them is right cannot be told; remove the others, for instance with"
            " 'grib_copy -w'."
        )


def _by_valid_time(cube: xr.Dataset, keep: tuple[str, ...]) -> tuple[xr.Dataset, dict[str, Times]]:
    """Give a hypercube the time dimension `time` of valid times, and find its periods."""
    bounds = {
        str(name): times
        for name in cube.data_vars
        if (times := _bounds(cube, str(name))) is not None
    }
    for name in cube.data_vars:
        cube[name].attrs["GRIB_level"] = cube[name].attrs.get("GRIB_level", "")
    dim = next((one for one in ("step", "time") if one in cube.dims), "")
    levels = [
        str(name)
        for name, one in cube.coords.items()
        if one.ndim == 0 and name not in ("time", "valid_time", "latitude", "longitude")
    ]
    cube = cube.drop_vars([*levels, *(["stepRange"] if "stepRange" in cube.coords else [])])
    if not dim:
        return cube.drop_vars(["time"]).rename(valid_time="time"), bounds
    if dim == "time" and (cube["valid_time"].values == cube["time"].values).all():
        attributes = cube["valid_time"].attrs
        cube = cube.drop_vars("valid_time")
    else:
        attributes = cube["valid_time"].attrs
        cube = cube.swap_dims({dim: "valid_time"})
        renamed = {"valid_time": "time"}
        if "time" in cube.coords:
            renamed["time"] = REFERENCE
        cube = cube.rename(renamed)
        cube = cube.drop_vars([one for one in ("step",) if one not in keep], errors="ignore")
    cube["time"].attrs = {**attributes, "standard_name": "time", "axis": "T"}
    return cube, bounds


def _bounds(cube: xr.Dataset, name: str) -> Times | None:
    """Begin and end of a variable's periods from its step ranges, shape (time, 2)."""
    if cube[name].attrs.get("GRIB_stepType") not in _PERIOD_TYPES or "stepRange" not in cube:
        return None
    ranges = [_step_range(str(text)) for text in np.atleast_1d(cube["stepRange"].values)]
    steps = np.array(ranges, dtype="timedelta64[s]").astype("timedelta64[ns]")
    reference = np.atleast_1d(cube["time"].values)
    return (
        reference[:, None] + steps
        if len(steps) in (1, len(reference)) or len(reference) == 1
        else None
    )


def _step_range(text: str) -> tuple[int, int]:
    """Seconds from the start of the forecast to a period's begin and end."""
    match = _STEP_RANGE.fullmatch(text)
    if match is None:
        return 0, 0
    seconds = {"s": 1, "m": 60, "h": 3600, "D": 86400}
    unit = match[4] or match[2] or "h"
    begin = int(match[1]) * seconds[match[2] or unit]
    return begin, int(match[3]) * seconds[unit] if match[3] else begin


def _merge(
    cubes: list[xr.Dataset], bounds: dict[str, Times], source: str
) -> tuple[xr.Dataset, dict[str, Times]]:
    """Put hypercubes with the same times side by side; forecasts may lack sums at step 0."""
    merged = cubes[0]
    for other in cubes[1:]:
        cube = other
        twice = sorted({str(name) for name in cube.data_vars} & set(map(str, merged.data_vars)))
        if twice:
            raise InputError(
                f"{source} holds '{twice[0]}' in several shapes (levels, step types) that do not"
                " make one variable: extract one of them first, for instance with 'grib_copy -w"
                " typeOfLevel=...'."
            )
        for dim in [str(one) for one in cube.dims if one in merged.dims and one != "time"]:
            if not np.array_equal(cube[dim].values, merged[dim].values):
                if dim in ("latitude", "longitude", "x", "y", "values"):
                    raise InputError(
                        f"{source} holds fields on two grids: extract one of them first."
                    )
                cube = cube.rename({dim: f"{dim}_{len(merged.data_vars)}"})
        merged = _with_cube(merged, cube, bounds, source)
    return merged, bounds


def _with_cube(
    merged: xr.Dataset, cube: xr.Dataset, bounds: dict[str, Times], source: str
) -> xr.Dataset:
    both = [
        np.atleast_1d(one["time"].values) if "time" in one.dims else None for one in (merged, cube)
    ]
    if both[0] is None or both[1] is None or np.array_equal(both[0], both[1]):
        return xr.merge([merged, cube], compat="override", join="override")
    shorter, longer = sorted((one for one in both if one is not None), key=len)
    if not np.isin(shorter, longer).all():
        names = [", ".join(map(str, one.data_vars)) for one in (merged, cube)]
        raise TimeAxisError(
            f"{source} holds {names[0]} and {names[1]} at different times: choose variables with"
            " --variable after splitting the file by them."
        )
    for one in (merged, cube):
        for name in map(str, one.data_vars):
            if name in bounds and len(bounds[name]) == len(shorter):
                filled = np.stack([longer, longer], axis=1)
                filled[np.isin(longer, shorter)] = bounds[name]
                bounds[name] = filled
    return xr.merge([merged, cube], compat="override", join="outer")
