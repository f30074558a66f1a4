"""What an exported program takes, returns and leaves out, as plain values that travel with it.

Knows: models, series. Must not know: torch's way of exporting, files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from temdeep._version import __version__
from temdeep.checkout import checkout_commit
from temdeep.export.sun import YEARS
from temdeep.fields.grids import Grid
from temdeep.fields.series import Series
from temdeep.fields.variables import Channel
from temdeep.methods.consistent import ALL, PostCondition, promises
from temdeep.methods.learnt import Learnt
from temdeep.methods.unfamiliar import unfamiliar
from temdeep.network.motion import members
from temdeep.network.settings import CONTEXT, FRAMES

FORMAT = 1
CARD = ("trained_on", "data", "settings", "epoch", "best_epoch", "held_out_restoration_rate")
"""What a model's description says of where it comes from and how good it was."""


def describe(model: Learnt, series: Series, told: Mapping[str, Any], sha256: str) -> dict[str, Any]:
    """All that somebody needs who has the program and not this package.

    Args:
        model: What is exported.
        series: On whose grid.
        told: The model's description.
        sha256: Of its weights.
    """
    filled = [one for one in model.channels if one.name not in model.instead]
    kept = promises(series.channels, ALL - {PostCondition.FRACTION})  # a fraction is kept whole
    return {
        "format": FORMAT,
        "version": __version__,
        "commit": checkout_commit(),
        "arguments": _arguments(model, series),
        "inputs": [_input(model, i) for i in range(len(model.channels))],
        "outputs": [{"name": one.name, "units": one.units} for one in filled],
        "not_filled_in": {
            one.name: {"method": model.instead[one.name][0], "reason": model.instead[one.name][1]}
            for one in series.channels
            if one.name in model.instead
        },
        "not_kept": {one.name: list(kept[one.name].values()) for one in filled if one.name in kept},
        "levels": [
            [model.channels[i].name for i in members(model.network.settings.levels, level)]
            for level in range(model.network.settings.level_count)
        ],
        "unfamiliar": list(unfamiliar(series, model)),
        "grid": _grid(series.grid),
        "step_s": series.time.step_us / 1e6,
        "years": f"{YEARS[0]} to {int(YEARS[1]) - 1}, UTC; another calendar by its fraction of the"
        " year and time of day",
        "model": {"sha256": sha256, **{name: told[name] for name in CARD if name in told}},
    }


def moves(model: Learnt) -> bool:
    """Whether a model's program asks for a motion."""
    return model.network.settings.level_count > 0


def _arguments(model: Learnt, series: Series) -> list[dict[str, Any]]:
    rows, columns = series.grid.shape
    told: list[dict[str, Any]] = [
        {
            "name": "frames",
            "shape": [FRAMES, len(model.channels), rows, columns],
            "dtype": "float32",
            "meaning": f"fields of `inputs` in their units at t0 {-CONTEXT:+d} to {CONTEXT + 1:+d}"
            " steps, one span apart: three frames before the interval, both of its ends, three"
            " after; NaN where a value is missing, and all NaN where there is no frame",
        },
        {
            "name": "valid_time",
            "shape": [],
            "dtype": "int64",
            "meaning": "time of the interval's start t0, seconds since 1970-01-01T00:00 UTC",
        },
        {
            "name": "span_s",
            "shape": [],
            "dtype": "float64",
            "meaning": "span of the interval t1 - t0, seconds",
        },
        {
            "name": "theta",
            "shape": ["time"],
            "dtype": "float64",
            "meaning": "lead fractions (t - t0)/(t1 - t0), 0 at the start and 1 at the end, any"
            " number of them; outside of 0 to 1 the fields are NaN",
        },
    ]
    if moves(model):
        told.append(
            {
                "name": "motion",
                "shape": [model.network.settings.level_count, 2, rows, columns],
                "dtype": "float32",
                "meaning": "velocity of the patterns of each of `levels` between both ends, m s-1,"
                " first along rows, eastward where columns run eastward, then along columns,"
                " northward",
            }
        )
    return told


def _input(model: Learnt, i: int) -> dict[str, Any]:
    channel: Channel = model.channels[i]
    settings = model.network.settings
    return {
        "name": channel.name,
        "units": channel.units,
        "standard_name": channel.standard_name,
        "kind": channel.kind.value,
        "nature": channel.nature.value,
        "mean": settings.mean[i],
        "spread": settings.spread[i],
        "rain": settings.rain[i] if settings.rain else None,
    }


def _grid(grid: Grid) -> dict[str, Any]:
    rows, columns = grid.shape
    told: dict[str, Any] = {
        "description": str(grid),
        "rows": rows,
        "columns": columns,
        "cyclic": grid.metric.cyclic,
    }
    regular = np.ptp(grid.latitude, axis=1).max() == 0 == np.ptp(grid.longitude, axis=0).max()
    if regular:
        told["latitude_deg"] = grid.latitude[:, 0].tolist()
        told["longitude_deg"] = grid.longitude[0].tolist()
    else:
        told["corners_deg"] = [
            [float(grid.latitude[y, x]), float(grid.longitude[y, x])]
            for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1))
        ]
    return told
