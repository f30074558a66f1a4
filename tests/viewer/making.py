"""Outputs to be looked at: coarse fields, filled and saved as a user would."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from tests.engine.making import save

from temdeep.cli.main import main
from temdeep.fields.time_axis import Int64Array
from temdeep.viewer.output import Output, open_output
from temdeep.viewer.reading import Reader
from temdeep.viewer.runs import open_runs
from temdeep.viewer.scene import Scene


def filled(
    coarse: xr.Dataset, folder: Path, *options: str, name: str = "out.nc", step: str = "1h"
) -> Path:
    """What `temdeep downscale --method cubic` writes of a dataset."""
    source, target = save(coarse, folder, f"coarse_of_{name}"), folder / name
    arguments = ["downscale", str(source), "-o", str(target), "--step", step, "--quiet"]
    assert main([*arguments, *(options or ("--method", "cubic"))]) == 0
    return target


def scene(
    output: Path, name: str, truth: Path | None = None
) -> tuple[Scene, Reader, Reader | None]:
    """One field of an output, with what reads it and its truth."""
    run = open_runs(output, truth)[0]
    field = run.output.opened.fields[name]
    return Scene(run.output, field, run.truth), run.reader, run.true_reader


def only(path: Path) -> Output:
    """An output of one run."""
    (output,) = open_output(path)
    return output


def given_times(path: Path) -> Int64Array:
    """Which times of an output its flag says were given at instants."""
    with xr.open_dataset(path) as found:
        return np.flatnonzero(found["temdeep_provenance"].values != 1)


def stored(path: Path, name: str) -> Any:
    """All values of a variable, as xarray reads them."""
    with xr.open_dataset(path, decode_timedelta=False) as found:
        return found[name].load()
