"""Arguments that several commands share, and what they mean.

Light to import: the series is opened, and all that needs loaded, only when a command runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from temdeep.errors import InputError, OutputError, RequestError

if TYPE_CHECKING:
    from temdeep.fields.forecasts import Forecasts
    from temdeep.fields.series import Series


def add_series_arguments(parser: argparse.ArgumentParser) -> None:
    """Add SOURCE, --variable, --kind, --static, --quiet and --json."""
    series = parser.add_argument_group("input series")
    series.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="NetCDF files (one, many, or a quoted pattern), a GRIB file, or a Zarr store;"
        " or URLs of them, such as s3://bucket/era5.zarr",
    )
    series.add_argument(
        "--variable",
        action="append",
        default=[],
        metavar="NAME",
        help="take this variable only (repeatable, or NAME,NAME); all of them if not given",
    )
    series.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="NAME=KIND",
        help="what NAME's numbers stand for, where the file does not say: instantaneous, sum,"
        " mean, maximum or minimum, the last four with the length of a period that ends at the"
        " stamp, such as tp=sum:1h; accumulated for a running total, accumulated:1d for one that is"
        " emptied every day at 00 UTC (repeatable)",
    )
    series.add_argument(
        "--static",
        type=Path,
        metavar="FILE",
        help="file with orography and land-sea mask on the same grid",
    )
    report = parser.add_argument_group("reporting")
    report.add_argument("--quiet", action="store_true", help="no progress bars, no summary")
    report.add_argument("--json", action="store_true", help="print the summary as JSON")


def add_output(group: argparse._ArgumentGroup, told: str) -> None:
    """Add --output, of a kind of file."""
    group.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help=f"{told}; appears only when complete",
    )


def add_post_conditions(group: argparse._ArgumentGroup) -> None:
    """Add --post-conditions."""
    group.add_argument(
        "--post-conditions",
        default="all",
        metavar="NAMES",
        help="what made values keep: all, none, or some of fraction, extremes, dew-point,"
        " wind-speed, wind-direction (default all; `temdeep info` tells which variables these tie)",
    )


def open_from(arguments: argparse.Namespace) -> Series:
    """Open the series that `add_series_arguments` describes.

    Raises:
        TemdeepError: The series cannot be opened or understood.
        RequestError: `--kind` is not of the form NAME=KIND.
    """
    from temdeep.fields.series import open_series

    return open_series(
        arguments.sources,
        variables=names(arguments.variable) or None,
        kinds=kinds(arguments.kind) or None,
        static=arguments.static,
    )


def forecasts_from(arguments: argparse.Namespace) -> Forecasts:
    """Open the series that `add_series_arguments` describes, or one for each forecast run.

    Raises:
        TemdeepError: The series cannot be opened or understood.
        RequestError: `--kind` is not of the form NAME=KIND.
    """
    from temdeep.fields.forecasts import open_forecasts

    return open_forecasts(
        arguments.sources,
        variables=names(arguments.variable) or None,
        kinds=kinds(arguments.kind) or None,
        static=arguments.static,
    )


def thinned(series: Series, every: int) -> Series:
    """One time in so many of a series, the rest unseen.

    Raises:
        RequestError: `every` is no such number.
    """
    if every < 1:
        raise RequestError(f"one time in {every} cannot be taken: say 1 for all, or more.")
    return series if every == 1 else series.thin(every)


def refuse_inputs(
    outputs: Iterable[Path], sources: Iterable[str], others: Iterable[Path | str | None]
) -> None:
    """Refuse to write over what is read, or into it, whether to overwrite was said or not.

    Args:
        outputs: What is to be written.
        sources: The series.
        others: What else is read, None where nothing is.

    Raises:
        OutputError: One of the outputs is an input, or lies in an input store.
    """
    from temdeep.fields.opening import find_files
    from temdeep.fields.remote import is_url

    read = [Path(one) for one in others if one]
    for source in sources:
        with suppress(InputError):  # what is not there is told where it is opened
            read += [] if is_url(source) else [Path(str(one)) for one in find_files(source)]
    real = {one.resolve(): one for one in read}
    for output in outputs:
        place = output.resolve()
        if place in real:
            raise OutputError(f"{output} is the input itself: choose another name.")
        for folder in place.parents:
            if folder in real:
                raise OutputError(
                    f"{output} lies in the input {real[folder]}: choose a place outside of it."
                )


def names(values: list[str]) -> list[str]:
    """Split repeated and comma-separated names, keeping their order.

    Raises:
        RequestError: There are values, and no name in them.
    """
    parts = [part.strip() for value in values for part in value.split(",")]
    found = [part for part in parts if part]
    if values and not found:
        raise RequestError(f"'{values[0]}' names nothing: say a name, or leave the option out.")
    return found


def numbers(values: list[str], option: str) -> list[float]:
    """Numbers given one by one or with commas between them.

    Raises:
        RequestError: One of them is none.
    """
    try:
        return [float(one) for one in names(values)]
    except ValueError as error:
        raise RequestError(
            f"{option} {' '.join(values)}: say numbers, such as {option} 0.05 0.95 or {option}"
            " 0.05,0.95."
        ) from error


def kinds(values: list[str]) -> dict[str, str]:
    """Split NAME=KIND.

    Raises:
        RequestError: There is no `=`, or nothing on one side of it.
    """
    pairs: dict[str, str] = {}
    for value in names(values):
        name, _, kind = (part.strip() for part in value.partition("="))
        if not name or not kind:
            raise RequestError(f"--kind {value} is not understood: say it as --kind tp=sum.")
        pairs[name] = kind
    return pairs
