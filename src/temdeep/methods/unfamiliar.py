"""What a series has that a model has not seen: places outside its region, values far from its own.

Knows: series, models as methods. Must not know: files, torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from temdeep.fields.series import Series

if TYPE_CHECKING:
    from temdeep.methods.learnt import Learnt

FAR = 10.0
"""Standard deviations between the mean of a field and that of what was learnt from."""

NEAR_DEG = 1.0
"""Places this near to the region that was learnt from count as inside."""


def unfamiliar(series: Series, model: Learnt) -> tuple[str, ...]:
    """Say what a model is asked that nothing has told it, a sentence each.

    Args:
        series: What it will fill; the first of its times is read.
        model: The model.
    """
    return (*_places(series, model), *_values(series, model))


def _places(series: Series, model: Learnt) -> list[str]:
    """Places outside the region; of several series nothing of a place is learnt."""
    basis, grid = model.solar.basis, series.grid
    learnt = [one for one in series.channels if one.name not in model.instead]
    if not model.network.settings.place or not learnt:
        return []
    apart = np.hypot(
        grid.latitude - basis.latitude_inside(grid.latitude), basis.beyond_deg(grid.longitude)
    )
    share = float(np.mean(apart > NEAR_DEG))
    if not share:
        return []
    south, north = basis.south_deg, basis.south_deg + basis.height_deg
    west = round(basis.centre_deg + basis.west_deg, 6)
    around = "" if basis.cyclic else f", {west:.4g} to {west + basis.width_deg:.4g} °E"
    return [
        f"{max(share, 0.01):.0%} of the places of {series.source} lie outside the region that the"
        f" model learnt from ({south:.4g} to {north:.4g} °N{around}): there it does as at the"
        " nearest place inside, and nobody has measured how well; `temdeep evaluate` does."
    ]


def _values(series: Series, model: Learnt) -> list[str]:
    """Channels whose values are so far from what was learnt from that units may differ.

    Both without what the sun drives; rain is no sum of parts, and left out.
    """
    from temdeep.methods.learnt import sun_part  # noqa: PLC0415 - loads torch, as the model has

    settings, told = model.network.settings, []
    at = {one.name: i for i, one in enumerate(model.channels)}
    for channel in series.instantaneous():
        index = at.get(channel.name)
        if channel.name in model.instead or index is None or index in settings.carried:
            continue
        field = series.read([channel], slice(0, 1))
        time = series.time.sun_time[:1]
        field = field - sun_part(model.solar, [channel], series.grid, time)
        field = field - model.daily.at(time, series.grid)[:, [index]]
        if not np.isfinite(field).any():
            continue
        mean, usual = float(np.nanmean(field)), settings.mean[index]
        spread = settings.spread[index]
        if abs(mean - usual) > FAR * spread:
            told.append(
                f"'{channel.name}' has values of about {mean:.3g} {channel.units}, and the model"
                f" learnt from {usual:.3g} ± {spread:.2g}: is the unit right?"
            )
    return told
