"""Parcels that drift with filled-in winds against parcels that drift with the true ones.

What trajectory and dispersion models feel: they take winds a few hours apart and interpolate. Here
a method fills in each native step, and between these the wind is linear in time for all, truth too.
Vertical motion is left out: parcels stay on their level.
"""

from collections.abc import Iterator

import numpy as np
from benchmarks.science.diagnostics.advection import Wind, advect, is_regular, substeps
from benchmarks.science.diagnostics.filled import HOUR_US, REFERENCE, Filled, Record, winds
from benchmarks.science.diagnostics.ratios import ratio_interval, sum_by_block

from temdeep.fields.grids import Grid, distance_m
from temdeep.metric import Float64Array

LONGEST_H = 24
START_EVERY_H = 12
MARGIN = 1 / 6
"""Share of rows, and of columns that do not go round the globe, without parcels at each edge."""
MOST_PARCELS = 400
ROUNDING_KM = 0.001
"""Where linear is no further off in the mean, no ratio to it is told: winds are float32."""

Path = tuple[Float64Array, Float64Array]
"""Latitudes and longitudes, degrees, shape (frame, parcel)."""


def trajectory_records(
    filled: Filled, *, start_every_h: int = START_EVERY_H, seed: int = 0
) -> list[Record]:
    """Mean great-circle distance between parcels, up to 24 h after they start.

    A parcel that leaves the region in the truth's wind or in any method's counts for none from
    then on; `lost` says which share that is. Distances are weighted with the area of the cell that
    a parcel starts in. `lead_h` is the time since the start.

    Args:
        filled: Winds of all methods and of the truth.
        start_every_h: Hours between starts, the first at the first given time.
        seed: Of the bootstrap over days of starts.

    Returns:
        Per wind, method and native step: `trajectory_error` in km, with `path_km`, the true
        parcels' mean way, and `lost`, a share; and `trajectory_ratio`, the error over linear's,
        with `low` and `high`. Nothing on grids that are not of latitudes and longitudes, or for
        periods shorter than a step.
    """
    if not is_regular(filled.withheld.fine.grid):
        return []
    return [
        record
        for wind in winds(filled.channels)
        for record in _of_wind(filled, wind, start_every_h, seed)
    ]


def seeds(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns where parcels start: every so many cells, away from edges."""
    rows, columns = grid.shape
    top = round(rows * MARGIN)
    side = 0 if grid.metric.cyclic else round(columns * MARGIN)
    inner = (rows - 2 * top) * (columns - 2 * side)
    stride = max(1, int(np.ceil(np.sqrt(inner / MOST_PARCELS))))
    spare = (rows - 2 * top - 1) % stride // 2  # left in the south as in the north
    y, x = np.meshgrid(
        np.arange(top + spare, rows - top, stride),
        np.arange(side, columns - side, stride),
        indexing="ij",
    )
    return y.ravel(), x.ravel()


def _of_wind(
    filled: Filled, wind: tuple[str, int, int], start_every_h: int, seed: int
) -> Iterator[Record]:
    name, x, y = wind
    grid, step_us = filled.withheld.fine.grid, filled.step_us
    frames = min(LONGEST_H * HOUR_US // step_us, len(filled.offset_us) - 1)
    every = max(1, start_every_h * HOUR_US // step_us)
    starts = np.arange(0, len(filled.offset_us) - frames, every)
    rows, columns = seeds(grid)
    first = np.repeat(starts, len(rows)).astype(np.float64)
    latitude, longitude = (
        np.tile(places[rows, columns], len(starts)) for places in (grid.latitude, grid.longitude)
    )
    weights = np.tile(grid.metric.area_weights[rows, columns], len(starts))
    blocks = filled.blocks[first.astype(np.int64)]
    fields = {"": filled.truth, **filled.made}
    moved = {
        method: Wind(made[:, x], made[:, y], step_us / 1e6, grid) for method, made in fields.items()
    }
    steps = substeps(moved[""])
    paths = {
        method: advect(one, first, latitude, longitude, frames=frames, steps_per_frame=steps)
        for method, one in moved.items()
    }
    lat, lon = paths[""]
    way_km = np.cumsum(_apart_km((lat[1:], lon[1:]), (lat[:-1], lon[:-1])), axis=0)
    apart_km = {method: _apart_km(paths[method], paths[""]) for method in filled.made}
    for frame in range(1, frames + 1):
        followed = np.all([np.isfinite(one[frame]) for one in apart_km.values()], axis=0)
        share = weights[followed]
        total = float(share.sum())
        further = {
            "lead_h": frame * step_us / HOUR_US,
            "starts": len(starts),
            "parcels": int(followed.sum()),
        }
        lost = 1 - total / float(weights.sum())
        path_km = _mean(way_km[frame - 1][followed], share)
        sums = {
            method: sum_by_block(share * distance[frame][followed], blocks[followed])
            for method, distance in apart_km.items()
        }
        told = _mean(apart_km[REFERENCE][frame][followed], share) > ROUNDING_KM
        for method in filled.made:
            error = _mean(apart_km[method][frame][followed], share)
            yield filled.record(
                method, "trajectory_error", name, error, "km",
                **further, path_km=path_km, lost=lost,
            )  # fmt: skip
            if told:
                low, high = ratio_interval(sums[method], sums[REFERENCE], seed=seed)
                ratio = sums[method].sum() / sums[REFERENCE].sum()
                yield filled.record(
                    method, "trajectory_ratio", name, ratio, "1", **further, low=low, high=high
                )


def _apart_km(one: Path, other: Path) -> Float64Array:
    return distance_m(*one, *other) / 1000


def _mean(values: Float64Array, weights: Float64Array) -> float:
    total = float(weights.sum())
    return float((values * weights).sum()) / total if total > 0 else np.nan
