"""The real files whose every variable is withheld and filled in, and which part of each.

Cut so that all cases together take minutes; `part` says how, and stands in the records.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xarray as xr

from temdeep.fields.opening import open_file
from temdeep.fields.series import Series, series_from_dataset

DATA = Path(os.environ.get("TEMDEEP_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Case:
    """One file, or part of one, withheld in one way.

    Attributes:
        file: Its name in the folder of real files.
        every: One time in so many is kept, or so many periods are joined.
        variables: Which; None: all.
        part: What is taken of the file, in words; empty: all of it.
        first, last: Times that it runs from and to; None: the file's.
        cells: Part of each grid dimension.
        running_totals: Variables that the file holds as totals since its start.
        extremes_of: A variable at instants that is made into maxima and minima over its steps.
    """

    file: str
    every: int
    variables: tuple[str, ...] | None = None
    part: str = ""
    first: str | None = None
    last: str | None = None
    cells: Mapping[str, slice] = field(default_factory=dict)
    running_totals: tuple[str, ...] = ()
    extremes_of: str = ""


@dataclass(frozen=True, eq=False)
class Opened:
    """A case with its data in memory.

    Attributes:
        series: What is withheld.
        totals: Running totals as the file has them, by variable, time first, at the series' times.
    """

    series: Series
    totals: Mapping[str, xr.DataArray]


def open_case(case: Case) -> Opened:
    """Read what a case takes of its file.

    Raises:
        TemdeepError: The file is not there or not understood.
    """
    dataset, bounds = open_file(DATA / case.file)
    dataset = dataset.isel(dict(case.cells)).load()
    if case.extremes_of:
        dataset = with_extremes(dataset, case.extremes_of)
    variables = None if case.variables is None else list(case.variables)
    series = series_from_dataset(dataset, source=case.file, variables=variables, bounds=bounds)
    totals = {}
    for name in case.running_totals:
        raw, understood = dataset[name], series.dataset[name]
        values = raw.transpose(*raw.dims[-3:]).values.reshape(understood.shape)
        totals[name] = understood.copy(data=values)
    if case.first is not None or case.last is not None:
        series = series.between(case.first, case.last)
    return Opened(series, totals)


def with_extremes(dataset: xr.Dataset, name: str) -> xr.Dataset:
    """Maxima and minima over the steps of a variable at instants.

    Args:
        dataset: Holds the variable at regular times.
        name: Of the variable.

    Returns:
        `<name>_max` and `<name>_min` of both ends of each step, with time bounds; without the
        first time, at which no step ends.
    """
    values = dataset[name].transpose("time", ...)
    both = {
        "max": np.maximum(values[:-1].values, values[1:].values),
        "min": np.minimum(values[:-1].values, values[1:].values),
    }
    stamps = values["time"].values
    made = values[1:].to_dataset(name=name).drop_vars(name)
    for short, word in (("max", "maximum"), ("min", "minimum")):
        attributes = {**values.attrs, "cell_methods": f"time: {word}"}
        made[f"{name}_{short}"] = (values.dims, both[short], attributes)
    made["time_bnds"] = (("time", "bnds"), np.stack([stamps[:-1], stamps[1:]], axis=1))
    made["time"].attrs["bounds"] = "time_bnds"
    return made


UK = Case("era5_uk_t2m_2019-03.nc", 3, part="days 24 to 31", first="2019-03-24T00")
FINSE = Case(
    "era5_finse_surface_2018-10_11.nc", 3, part="October", first="2018-10-01T00",
    last="2018-10-31T23",
)  # fmt: skip
SURFACE = Case("era5_davos_surface_2020-01a.nc", 3)
LEVELS = Case("era5_davos_levels_2020-01a.nc", 3)
MIDDLE = {"y": slice(80, 336), "x": slice(80, 336)}
KNMI = Case(
    "knmi_20100826.nc", 2, part="256 x 256 cells in the middle, 3 h from 03 UTC",
    first="2010-08-26T03:00", last="2010-08-26T06:00", cells=MIDDLE,
)  # fmt: skip
MCH = Case(
    "mch_20170131.nc", 2, part="256 x 256 cells in the middle",
    cells={"y": slice(192, 448), "x": slice(227, 483)},
)  # fmt: skip
FMI = Case(
    "fmi_suomi_20160928.nc", 2, part="256 x 256 cells in the middle, 13 times",
    last="2016-09-28T15:45", cells={"y": slice(128, 384), "x": slice(128, 384)},
)  # fmt: skip
MRMS = Case(
    "mrms_event_a.nc", 5, part="256 x 256 cells in the middle",
    cells={"latitude": slice(128, 384), "longitude": slice(128, 384)},
)  # fmt: skip
ATLANTIC = Case(
    "speedy_t63_atlantic_train.nc", 6, variables=("t850", "u850", "v850", "pr", "ssrd"),
    part="the last 8 days; t850, u850, v850, pr, ssrd", first="2000-04-03T00",
)  # fmt: skip
DIURNAL = Case(
    "speedy_t31_diurnal_train.nc", 6, variables=("t2m", "u10", "v10", "ssrd", "pr", "clt"),
    part="the last 8 days; t2m, u10, v10, ssrd, pr, clt", first="2000-03-24T00",
)  # fmt: skip

CASES: Mapping[str, Case] = {
    "arome_tp_3h": Case("meteonet_nw_arome_tp_20180501.nc", 3, running_totals=("tp",)),
    "arome_msl_3h": Case("meteonet_nw_arome_msl_20180501.nc", 3),
    "arpege_surface_3h": Case("meteonet_nw_arpege_surface_20180501.nc", 3),
    "arpege_tp_3h": Case("meteonet_nw_arpege_tp_20180501.nc", 3, running_totals=("tp",)),
    "arpege_grib_10m_3h": Case("meteonet_nw_arpege_10m_20180501.grib", 3),
    "arpege_grib_tp_3h": Case("meteonet_nw_arpege_precip_20180501.grib", 3, running_totals=("tp",)),
    "era5_uk_t2m_3h": UK,
    "era5_uk_t2m_6h": replace(UK, every=6),
    "era5_uk_extremes_6h": replace(
        UK, every=6, part="days 24 to 31, as hourly maxima and minima", extremes_of="t2m"
    ),
    "era5_finse_3h": FINSE,
    "era5_finse_6h": replace(FINSE, every=6),
    "era5_davos_surface_3h": SURFACE,
    "era5_davos_surface_6h": replace(SURFACE, every=6),
    "era5_davos_levels_3h": LEVELS,
    "era5_davos_levels_6h": replace(LEVELS, every=6),
    "era5_toa_2h": Case("era5_global_toa_radiation_2019-01-05.nc", 2),
    "nsrdb_2h": Case("nsrdb_clearsky_denver_2018-01a.nc", 4),
    "knmi_10min": KNMI,
    "knmi_20min": replace(KNMI, every=4),
    "knmi_30min": replace(KNMI, every=6),
    "mch_10min": MCH,
    "mch_20min": replace(MCH, every=4),
    "mch_30min": replace(MCH, every=6),
    "fmi_10min": FMI,
    "mrms_10min": MRMS,
    "vic_6h": Case(
        "vic_stehekin_194901.nc",
        6,
        variables=("pres", "tas", "dlwrf", "dswrf", "vp"),
        part="without wind and prcp, which are constant through each day; times are local",
    ),
    "atlantic_6h": ATLANTIC,
    "diurnal_6h": DIURNAL,
}
"""By name; in the name, the span that is filled in."""
