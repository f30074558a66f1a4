"""Who fills in: the classical methods, `temdeep downscale` by default, and two common tools.

What others do is done to whole files. Their results, and those of `temdeep downscale`, are looked
up interval by interval behind the protocol of methods, so that all are scored alike.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

from temdeep.engine.dataset import fill_dataset
from temdeep.engine.plan import plan
from temdeep.engine.provenance import choose
from temdeep.engine.template import treatments
from temdeep.fields.grids import Grid
from temdeep.fields.intervals import Interval, PeriodInterval
from temdeep.fields.series import Series, series_from_dataset, sun_time_of
from temdeep.fields.time_axis import format_duration
from temdeep.fields.variables import Channel, Kind
from temdeep.methods.consistent import keep_consistent
from temdeep.methods.protocol import Method
from temdeep.methods.registry import build_all
from temdeep.metric import Float32Array, Float64Array
from temdeep.verification.precipitation import mm_per_hour
from temdeep.verification.withholding import Withheld

CLASSICAL = ("nearest", "linear", "cubic", "solar", "optical_flow")
OURS, DRAW = "temdeep", "temdeep_draw"
XARRAY, CDO = "xarray_interp", "cdo_inttime"
OPPONENTS = (XARRAY, CDO)

SEED = 0
"""Of the drawn course of rain."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Fields that were made for all times beforehand, behind the protocol of methods.

    Attributes:
        name: In tables.
        series: What was made, with the times of the withheld series.
        said: What was done to each variable.
    """

    name: str
    series: Series
    said: Mapping[str, str]
    context = 0

    def treatment(self, channel: Channel, grid: Grid) -> str:  # noqa: ARG002 - of the protocol
        """See `Method.treatment`."""
        return self.said.get(channel.variable, self.name)

    def fill(self, interval: Interval, theta: Float64Array) -> Float32Array:
        """See `Method.fill`."""
        stamps = _later(interval.valid_time, theta * interval.span_s)
        filled = self.series.read(interval.channels, _places(self.series.time.sun_time, stamps))
        filled = np.array(filled)
        filled[theta == 0], filled[theta == 1] = interval.start, interval.end
        return filled

    def fill_periods(self, interval: PeriodInterval, edges: Float64Array) -> Float64Array:
        """See `Method.fill_periods`; even division where nothing was made (the first period)."""
        stamps = _later(interval.valid_time, edges[:-1] * interval.span_s)
        known = self.series.period_edges(interval.channels[0])
        begins = np.array(sun_time_of(self.series.time, known[:, 0]))
        begins[known[:, 1] == known[:, 0]] = np.datetime64("NaT")
        rates = self.series.read_rates(interval.channels, _places(begins, stamps))
        return np.where(np.isnan(rates), interval.rate, rates)


def _later(start: np.datetime64, seconds: Float64Array) -> np.ndarray:
    return start + np.rint(seconds * 1e6).astype("timedelta64[us]")


def _places(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Indices of times among others, to a millisecond."""
    apart = np.abs(known[None, :] - wanted[:, None])
    nearest = np.argmin(np.where(np.isnat(apart), np.timedelta64(1, "D"), apart), axis=1)
    if (apart[np.arange(len(wanted)), nearest] > np.timedelta64(1, "ms")).any():
        raise LookupError(f"nothing was made for one of {wanted}")
    return np.asarray(nearest)


def contenders(withheld: Withheld, totals: Mapping[str, xr.DataArray]) -> dict[str, Method]:
    """All who fill in a withheld series.

    Args:
        withheld: The series.
        totals: Running totals as the file has them.
    """
    coarse = withheld.coarse
    made: dict[str, Method] = {
        name: keep_consistent(method, coarse.channels)
        for name, method in build_all(CLASSICAL, coarse).items()
    }
    made[OURS] = downscaled(OURS, withheld, choose(coarse, method=None, model=None).method)
    if any(mm_per_hour(channel) is not None for channel in coarse.channels):
        drawn = choose(coarse, method=None, model=None, draw=SEED).method
        made[DRAW] = downscaled(DRAW, withheld, drawn)
    file = _thinned_file(withheld, totals)
    stamps = withheld.fine.dataset[withheld.fine.time_name].values
    by_xarray = file.interp({withheld.fine.time_name: stamps})
    made[XARRAY] = _as_method(XARRAY, by_xarray, withheld, totals)
    if has_cdo():
        made[CDO] = _as_method(CDO, _by_cdo(file, withheld), withheld, totals)
    return made


def downscaled(name: str, withheld: Withheld, method: Method) -> Prepared:
    """What `temdeep downscale` writes, read again as any file."""
    fine, coarse = withheld.fine, withheld.coarse
    wanted = plan(coarse, step=format_duration(fine.time.step_us))
    filled, _ = fill_dataset(coarse, method, wanted)
    variables = list(dict.fromkeys(one.variable for one in coarse.channels))
    again = series_from_dataset(filled, source=f"what {name} made", variables=variables)
    told = {one: "; ".join(texts) for one, texts in treatments(coarse, method).items()}
    return Prepared(name, again, told)


def has_cdo() -> bool:
    """Whether there is a `cdo` to compare with."""
    return shutil.which("cdo") is not None


def _thinned_file(withheld: Withheld, totals: Mapping[str, xr.DataArray]) -> xr.Dataset:
    """The thinned series as the file would hold it: running totals as such, no bounds."""
    coarse = withheld.coarse
    names = dict.fromkeys(one.variable for one in coarse.channels)
    file = coarse.dataset[list(names)].reset_coords(drop=True).compute()
    kept = coarse.dataset[coarse.time_name].values
    for name, total in totals.items():
        file[name] = total.sel({coarse.time_name: kept}).reset_coords(drop=True)
    return file


def _by_cdo(file: xr.Dataset, withheld: Withheld) -> xr.Dataset:
    """What `cdo inttime` makes of a file, at the stamps of the withheld series."""
    plain = file.copy()
    dims = withheld.fine.grid.dims
    for name, array in file.data_vars.items():
        levels = [dim for dim in array.dims if dim not in (withheld.fine.time_name, *dims)]
        plain[name] = array.transpose(withheld.fine.time_name, *levels, *dims)
        plain[name].encoding = {}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.nc", Path(folder) / "out.nc"
        plain.to_netcdf(source)
        command = ["cdo", "-s", _cdo_times(withheld), str(source), str(target)]
        subprocess.run(command, check=True, capture_output=True)
        with xr.open_dataset(target) as made:
            return made.load()


def _cdo_times(withheld: Withheld) -> str:
    """The operator with its times: `cdo` gives none before the first that it knows."""
    stamps = withheld.fine.dataset[withheld.fine.time_name].values
    first = stamps[stamps >= withheld.coarse.dataset[withheld.fine.time_name].values[0]][0]
    date, _, clock = str(first.astype("datetime64[s]")).partition("T")
    return f"inttime,{date},{clock},{withheld.fine.time.step_us // 1_000_000}seconds"


def _as_method(
    name: str, made: xr.Dataset, withheld: Withheld, totals: Mapping[str, xr.DataArray]
) -> Prepared:
    """What a tool made of a thinned file, as a user would read it.

    Running totals are subtracted from one another. A sum that was interpolated between the sums of
    long periods is divided by how many steps such a period has; a mean is taken as it is.
    """
    fine, time = withheld.fine, withheld.fine.time_name
    fields = {}
    for variable in dict.fromkeys(one.variable for one in fine.channels):
        original = fine.dataset[variable]
        array = made[variable].reindex(
            {time: original[time].values},
            method="nearest",
            tolerance="1ms",
        )
        array = array.transpose(*original.dims)
        if variable in totals:
            array = array - array.shift({time: 1})
        elif any(one.kind is Kind.SUM for one in fine.channels if one.variable == variable):
            array = array / withheld.every
        fields[variable] = original.copy(data=array.values.astype(np.float32))
    series = replace(fine, dataset=fine.dataset.assign(fields))
    return Prepared(name, series, {})
