"""What becomes of each real file, in numbers to hold later versions against.

    python -m tests.engine.golden

reads the folder TEMDEEP_DATA and writes golden.json anew: look at what changed before committing.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from temdeep.engine.dataset import fill_dataset
from temdeep.engine.plan import plan
from temdeep.fields.opening import open_file
from temdeep.fields.series import Series, series_from_dataset
from temdeep.fields.time_axis import format_duration
from temdeep.methods.consistent import keep_consistent
from temdeep.methods.registry import build

GOLDEN = Path(__file__).with_name("golden.json")

TIMES, CELLS = 9, 24
"""Of each file this much from its middle, so that all of them together take seconds."""

PARTS = 3
"""Into which each step is divided."""

FILES = (
    "colpex_theta_2009-09-09.nc",
    "era5-2mt-2019-03-uk.grib",
    "era5_davos_levels_2020-01a.nc",
    "era5_davos_surface_2020-01a.nc",
    "era5_finse_surface_2018-10_11.nc",
    "era5_global_toa_radiation_2019-01-05.nc",
    "era5_uk_t2m_2019-03.nc",
    "fmi_suomi_20160928.nc",
    "knmi_20100826.nc",
    "mch_20170131.nc",
    "meteonet_nw_arome_msl_20180501.nc",
    "meteonet_nw_arome_tp_20180501.nc",
    "meteonet_nw_arpege_10m_20180501.grib",
    "meteonet_nw_arpege_precip_20180501.grib",
    "meteonet_nw_arpege_surface_20180501.nc",
    "meteonet_nw_arpege_tp_20180501.nc",
    "meteonet_nw_radar_gaps_201608.nc",
    "mrms_event_a.nc",
    "nsrdb_clearsky_denver_2018-01a.nc",
    "speedy_t31_diurnal_train.nc",
    "speedy_t31_train.nc",
    "speedy_t63_atlantic_train.nc",
    "speedy_t63_diurnal_train.nc",
    "vic_stehekin_194901.nc",
)


def outcome(path: Path, method: str = "cubic") -> dict[str, Any]:
    """How a part of a file is understood, and what a method makes of it."""
    series = _cut(path)
    step = format_duration(series.time.step_us // PARTS)
    wanted = plan(series, step=step, max_gap="1d")
    made_by = keep_consistent(build(method, series), series.channels)
    filled, _ = fill_dataset(series, made_by, wanted)
    return {
        "grid": str(series.grid),
        "times": len(wanted),
        "variables": {
            one.variable: {
                "kind": one.kind.value,
                "nature": one.nature.value,
                "running total": one.variable in series.totals,
                "treatment": filled[one.variable].attrs["temdeep_method"],
                **_numbers(filled[one.variable].values),
            }
            for one in series.channels
        },
    }


def _cut(path: Path) -> Series:
    dataset, bounds = open_file(path)
    whole = series_from_dataset(dataset, source=path.name, bounds=bounds)
    cells = {
        dim: slice((size - CELLS) // 2, (size + CELLS) // 2)
        for dim in whole.grid.dims
        if (size := dataset.sizes[dim]) > CELLS
    }
    part = dataset.isel(cells).load()
    series = series_from_dataset(part, source=path.name, bounds=bounds)
    middle = max((len(series.time) - TIMES) // 2, 0)
    return series.take(slice(middle, middle + TIMES)) if not series.totals else series


def _numbers(values: np.ndarray) -> Mapping[str, float]:
    known = values[np.isfinite(values)].astype(np.float64)
    return {
        "missing": int(values.size - known.size),
        "mean": _digits(known.mean()),
        "spread": _digits(known.std()),
        "least": _digits(known.min()),
        "most": _digits(known.max()),
        # the order of values counts as well
        "moment": _digits(float(known @ np.cos(np.arange(known.size)))),
    }


def _digits(value: float) -> float:
    return float(f"{value:.7g}")


def main() -> None:
    """Write what is held against."""
    folder = Path(os.environ["TEMDEEP_DATA"])
    found = {name: outcome(folder / name) for name in FILES}
    told = {"made by": "python -m tests.engine.golden", "files": found}
    GOLDEN.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
