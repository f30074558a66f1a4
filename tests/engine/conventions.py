"""One atmosphere on many grids, as centres and models write them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyproj
import xarray as xr

from temdeep.fields import healpix

COUNT, STEP_H = 5, 6
TIMES = np.datetime64("2019-03-01", "ns") + np.arange(COUNT) * np.timedelta64(STEP_H, "h")
POINT = {"units": "K", "standard_name": "air_temperature", "cell_methods": "time: point"}
NORTH, EAST = {"units": "degrees_north"}, {"units": "degrees_east"}

Float64Array = npt.NDArray[np.float64]


def temperature(latitude: Float64Array, longitude: Float64Array) -> Float64Array:
    """A warm blob that goes east by 2 degrees an hour past the date line, (time, …), in K."""
    phi, centre = np.radians(latitude), np.radians(25)
    fields = []
    for hour in np.arange(COUNT) * STEP_H:
        apart = np.radians(longitude - 160 - 2.0 * hour)
        cosine = np.sin(phi) * np.sin(centre) + np.cos(phi) * np.cos(centre) * np.cos(apart)
        fields.append(270 + 10 * np.cos(phi) + 20 * np.exp((cosine - 1) / 0.05))
    return np.stack(fields)


def regular(latitude: Float64Array, longitude: Float64Array) -> xr.Dataset:
    """Rows of equal latitude, columns of equal longitude."""
    rows, columns = np.meshgrid(latitude, longitude, indexing="ij")
    return xr.Dataset(
        {"t": (("time", "lat", "lon"), temperature(rows, columns), dict(POINT))},
        {"time": TIMES, "lat": ("lat", latitude, NORTH), "lon": ("lon", longitude, EAST)},
    )


def globe() -> xr.Dataset:
    """All around, from Greenwich eastward and from the north."""
    return regular(np.arange(80.0, -81, -5), np.arange(0.0, 360, 5))


def gaussian() -> xr.Dataset:
    """Gaussian latitudes, from the south."""
    sines = np.polynomial.legendre.leggauss(32)[0]
    return regular(np.degrees(np.arcsin(sines)), np.arange(-180, 180, 5.625))


def mercator(*, unit: str = "m", mapping: bool = True, places: bool = False) -> xr.Dataset:
    """x and y of a Mercator plane about the date line."""
    crs = pyproj.CRS.from_proj4("+proj=merc +lon_0=180 +R=6371229")
    x, y = np.arange(-10, 11) * 300_000.0, np.arange(0, 18) * 300_000.0
    to_degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, lat = to_degrees.transform(*np.meshgrid(x, y))
    scale = {"m": 1.0, "km": 1000.0}[unit]
    made = xr.Dataset(
        {"t": (("time", "y", "x"), temperature(lat, lon), dict(POINT))},
        {
            "time": TIMES,
            "y": ("y", y / scale, {"standard_name": "projection_y_coordinate", "units": unit}),
            "x": ("x", x / scale, {"standard_name": "projection_x_coordinate", "units": unit}),
        },
    )
    if mapping:
        made = made.assign(crs=((), 0, crs.to_cf()))
        made["t"].attrs["grid_mapping"] = "crs"
    if places:
        made = made.assign_coords(lat=(("y", "x"), lat, NORTH), lon=(("y", "x"), lon, EAST))
    return made


def rotated() -> xr.Dataset:
    """Latitude and longitude about another pole."""
    pole = {
        "grid_mapping_name": "rotated_latitude_longitude",
        "grid_north_pole_latitude": 60.0,
        "grid_north_pole_longitude": 10.0,
    }
    crs = pyproj.CRS.from_cf(pole)
    rows, columns = np.arange(-20.0, 21, 2.5), np.arange(-25.0, 26, 2.5)
    to_degrees = pyproj.Transformer.from_crs(crs, crs.source_crs, always_xy=True)
    lon, lat = to_degrees.transform(*np.meshgrid(columns, rows))
    said = {"units": "degrees"}
    return xr.Dataset(
        {
            "t": (("time", "rlat", "rlon"), temperature(lat, lon), POINT | {"grid_mapping": "p"}),
            "p": ((), 0, pole),
        },
        {
            "time": TIMES,
            "rlat": ("rlat", rows, said | {"standard_name": "grid_latitude"}),
            "rlon": ("rlon", columns, said | {"standard_name": "grid_longitude"}),
        },
    )


def wrf(*, times: str = "XTIME", repeated: bool = True) -> xr.Dataset:
    """As WRF writes: no coordinate variables, places at every time, times as text or XTIME."""
    plane = mercator(places=True)
    dims = ("Time", "south_north", "west_east")
    made = xr.Dataset({"T2": (dims, plane.t.values, {"units": "K", "description": "TEMP at 2 M"})})
    for name, values, units in (
        ("XLAT", plane.lat.values, "degree_north"),
        ("XLONG", plane.lon.values, "degree_east"),
    ):
        again = np.repeat(values[None], COUNT, axis=0) if repeated else values
        made[name] = (dims if repeated else dims[1:], again, {"units": units})
    if times == "XTIME":
        made = made.assign_coords(XTIME=("Time", TIMES))
        return made.set_coords(["XLAT", "XLONG"])
    text = [str(one.astype("datetime64[s]")).replace("T", "_") for one in TIMES]
    made["Times"] = ("Time", np.array(text, dtype="S19"))
    return made


def nemo() -> xr.Dataset:
    """As NEMO writes: y and x without values, the globe's columns all around."""
    data = globe()
    lat, lon = np.meshgrid(data.lat, data.lon, indexing="ij")
    return xr.Dataset(
        {"t": (("time_counter", "y", "x"), data.t.values, dict(POINT))},
        {
            "time_counter": TIMES,
            "nav_lat": (("y", "x"), lat.astype(np.float32), NORTH),
            "nav_lon": (("y", "x"), (lon + 180) % 360 - 180, EAST),
        },
    )


def scattered(
    dim: str, names: tuple[str, str], said: tuple[dict[str, str], dict[str, str]]
) -> xr.Dataset:
    """One row of places all over the globe; in radians where the units say so."""
    rng = np.random.default_rng(0)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 150)))
    lon = rng.uniform(-180, 180, 150)
    written = (np.radians(lat), np.radians(lon)) if "radian" in said[0].values() else (lat, lon)
    return xr.Dataset(
        {"t": (("time", dim), temperature(lat, lon), dict(POINT))},
        {
            "time": TIMES,
            names[0]: (dim, written[0], said[0]),
            names[1]: (dim, written[1], said[1]),
        },
    )


def healpix_globe(order: str, *, attributes: dict[str, object] | None = None) -> xr.Dataset:
    """All 192 cells of a HEALPix grid, without latitude and longitude."""
    names = {"nest": "nested"}
    lat, lon = healpix.places(4, names.get(order, order), np.arange(192))
    said = attributes or {"healpix_nside": 4, "healpix_order": order}
    said = {"grid_mapping_name": "healpix"} | said
    return xr.Dataset(
        {
            "t": (("time", "cell"), temperature(lat, lon), POINT | {"grid_mapping": "crs"}),
            "crs": ((), 0, said),
        },
        {"time": TIMES},
    )


RADIANS = {"units": "radian"}
CF_HEALPIX: dict[str, object] = {"refinement_level": 2, "indexing_scheme": "nested"}

GRIDS: dict[str, Callable[[], xr.Dataset]] = {
    "regular, 0 to 360": globe,
    "regular, -180 to 180": lambda: globe().roll(lon=36, roll_coords=True).pipe(_west),
    "regular, with poles": lambda: regular(np.arange(90.0, -91, -10), np.arange(0.0, 360, 10)),
    "regional, from the south": lambda: regular(np.arange(0.0, 52, 3), np.arange(150.0, 211, 3)),
    "gaussian": gaussian,
    "projected": mercator,
    "projected, in kilometres": lambda: mercator(unit="km"),
    "projected, with places": lambda: mercator(places=True),
    "projected, with places alone": lambda: mercator(mapping=False, places=True),
    "rotated pole": rotated,
    "WRF": wrf,
    "WRF, places once": lambda: wrf(repeated=False),
    "WRF, times as text": lambda: wrf(times="Times"),
    "NEMO": nemo,
    "ICON": lambda: scattered("ncells", ("clat", "clon"), (RADIANS, RADIANS)),
    "reduced Gaussian": lambda: scattered("values", ("latitude", "longitude"), (NORTH, EAST)),
    "stations": lambda: scattered("station", ("lat", "lon"), (NORTH, EAST)),
    "HEALPix, nested": lambda: healpix_globe("nest"),
    "HEALPix, rings": lambda: healpix_globe("ring"),
    "HEALPix as in CF": lambda: healpix_globe("nest", attributes=CF_HEALPIX),
}
"""How to make each, by name."""


def _west(data: xr.Dataset) -> xr.Dataset:
    longitude = (data.lon.values + 180) % 360 - 180
    return data.assign_coords(lon=("lon", longitude, EAST))
