"""Cut the shipped North Atlantic series from the simulator's hourly output.

    python data/make_atlantic.py speedy_t63_atlantic_train.nc data

writes `atlantic_6hourly.nc`, as a modelling centre would store the series (instantaneous variables
every six hours, fluxes as six-hour means), and `atlantic_hourly_truth.nc`, the hours of eight later
days. Packed numbers of instantaneous variables and of all hourly values are the source's own.
"""

import argparse
from pathlib import Path

import netCDF4
import numpy as np
import numpy.typing as npt

HOURS = 6
COARSE = ("2000-03-04T06", "2000-04-01T00")
TRUTH = ("2000-04-03T00", "2000-04-11T00")
POINTS = ("t2m", "ps", "u10", "v10", "t850", "q850", "u850", "v850")
MEANS = ("pr", "ssrd")
FIXED = ("orog", "lsm")
TITLE = "North Atlantic simulated with JAX-GCM (SPEEDY physics, T63), {}"


def main() -> None:
    """Read the command line and write both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="speedy_t63_atlantic_train.nc")
    parser.add_argument("folder", type=Path, help="where the two files go")
    arguments = parser.parse_args()
    with netCDF4.Dataset(arguments.source) as source:
        source.set_auto_maskandscale(False)
        hours = np.asarray(source["time"][:])
        cut(source, arguments.folder / "atlantic_6hourly.nc", select(source, hours, COARSE, HOURS))
        cut(source, arguments.folder / "atlantic_hourly_truth.nc", select(source, hours, TRUTH, 1))


def select(
    source: netCDF4.Dataset, hours: npt.NDArray[np.float64], ends: tuple[str, str], every: int
) -> npt.NDArray[np.int64]:
    """Positions of every so-many-th hour between two times, both included, shape (time,)."""
    units = source["time"].units
    first, last = (netCDF4.date2num(np.datetime64(end, "s").astype(object), units) for end in ends)
    return np.flatnonzero((hours >= first) & (hours <= last) & ((hours - first) % every == 0))


def cut(source: netCDF4.Dataset, target: Path, kept: npt.NDArray[np.int64]) -> None:
    """Write the kept times, with means over the hours since the time before."""
    every = int(kept[1] - kept[0])
    with netCDF4.Dataset(target, "w", format="NETCDF4_CLASSIC") as out:
        out.Conventions = "CF-1.8"
        out.title = TITLE.format("6-hourly" if every > 1 else "hourly, the truth of later days")
        for name in ("source", "comment", "license"):
            out.setncattr(name, source.getncattr(name))
        out.history = "cut from speedy_t63_atlantic_train.nc by data/make_atlantic.py"
        sizes = {"time": len(kept), "lat": None, "lon": None, "bnds": 2}
        for name, size in sizes.items():
            out.createDimension(name, size if size else len(source.dimensions[name]))
        for name in ("time", "time_bnds", "lat", "lon", "p850", *FIXED, *POINTS, *MEANS):
            old = source[name]
            values = old[:] if "time" not in old.dimensions else old[kept]
            if name == "time_bnds":
                values[:, 0] = old[kept - every + 1, 0]
            elif name in MEANS:
                windows = kept[:, None] + np.arange(1 - every, 1)
                values = np.rint(old[:][windows].mean(axis=1)).astype(old.dtype)
            copy(old, out, values)


def copy(old: netCDF4.Variable, out: netCDF4.Dataset, values: npt.NDArray[np.generic]) -> None:
    """Create a variable with the old one's attributes and packing, holding new values."""
    attributes = {name: old.getncattr(name) for name in old.ncattrs()}
    fields = old.ndim >= 2 and "bnds" not in old.dimensions
    chunks = (min(values.shape[0], 24), *values.shape[1:]) if old.ndim == 3 else None
    new = out.createVariable(
        old.name, old.dtype, old.dimensions, fill_value=attributes.pop("_FillValue", None),
        compression="zlib" if fields else None, complevel=9, shuffle=True, chunksizes=chunks,
    )  # fmt: skip
    new.set_auto_maskandscale(False)
    if old.name in MEANS:
        attributes["comment"] = "mean over the model steps in time_bnds"
    new.setncatts(attributes)
    new[...] = values


if __name__ == "__main__":
    main()
