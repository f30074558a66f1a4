"""What methods know of their own errors, drawn: reliability, and spread beside skill."""

from collections.abc import Callable, Collection, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from temdeep.verification.figure_style import (
    RC,
    TRUTH_COLOUR,
    label,
    look,
    panels,
    shared_legend,
    unit_text,
)
from temdeep.verification.tally import Tally
from temdeep.verification.uncertainty import LEVELS, SpreadSums

Scored = Sequence[tuple[Tally, int]]
"""Channels, each as its tally and its place in it."""


def told_of(scored: Scored) -> list[tuple[Tally, int]]:
    """Channels of which some method said how wrong it may be."""
    return [(tally, index) for tally, index in scored if sums_of(tally, index)]


def draw_reliability(scored: Scored) -> Figure:
    """Draw how much of the truth lies inside each central interval, a panel per variable."""
    titles = [tally.channels[index].name for tally, index in scored]
    heading = "Reliability: above the line the intervals are too wide, below it too narrow"
    return _drawn(scored, plot_reliability, titles, "truth inside (%)", heading)


def _drawn(
    scored: Scored,
    plot: Callable[[Axes, Tally, int], None],
    titles: Sequence[str],
    side: str,
    heading: str,
) -> Figure:
    """A figure with a panel for each channel, and one legend."""
    figure, axes = panels(len(scored))
    with mpl.rc_context(RC):
        for panel, (tally, index), title in zip(axes, scored, titles, strict=True):
            plot(panel, tally, index)
            panel.set_title(title)
        axes[0].set_ylabel(side)
        figure.suptitle(heading)
        shared_legend(figure, axes[0])
    return figure


def plot_reliability(
    panel: Axes, tally: Tally, index: int, methods: Collection[str] | None = None
) -> None:
    """Draw how much of the truth lies inside each central interval into a panel.

    Args:
        panel: Where.
        tally: Of the channel.
        index: Its place there.
        methods: Which, of those that say how wrong they may be; None: all.
    """
    percent = 100 * np.array([0.0, *LEVELS, 1.0])
    panel.plot(percent, percent, color=TRUTH_COLOUR, linewidth=0.8, label="as it should be")
    for name, sums in sums_of(tally, index, methods).items():
        here = look(name)
        inside = 100 * np.array([0.0, *sums.coverage(index), 1.0])
        panel.plot(
            percent, inside, color=here.colour, linestyle=here.line, marker=here.marker,
            markersize=3.5, linewidth=here.width, label=label(name),
        )  # fmt: skip
    panel.set_xlim(0, 100)
    panel.set_ylim(0, 100)
    panel.set_xticks([0, 50, 90])
    panel.set_yticks([0, 50, 90])
    panel.set_xlabel("interval said to hold (%)")


def draw_spread_skill(scored: Scored) -> Figure:
    """Draw the RMSE where a method said one standard deviation or another, on log axes."""
    channels = [tally.channels[index] for tally, index in scored]
    units = [unit_text(one.units) for one in channels]
    each = zip(channels, units, strict=True)
    titles = [f"{one.name} ({unit})" if unit else one.name for one, unit in each]
    heading = "Spread and skill: above the line errors are larger than was said"
    return _drawn(scored, plot_spread_skill, titles, "RMSE there", heading)


def plot_spread_skill(
    panel: Axes, tally: Tally, index: int, methods: Collection[str] | None = None
) -> None:
    """Draw the RMSE where a method said one standard deviation or another into a panel.

    Args:
        panel: Where.
        tally: Of the channel.
        index: Its place there.
        methods: Which, of those that say how wrong they may be; None: all.
    """
    ends: list[float] = []
    for name, sums in sums_of(tally, index, methods).items():
        spread, skill = sums.skill(index)
        positive = (spread > 0) & (skill > 0)
        ends += [*spread[positive], *skill[positive]]
        here = look(name)
        panel.plot(
            spread[positive], skill[positive], color=here.colour, linestyle=here.line,
            marker=here.marker, markersize=3.5, linewidth=here.width, label=label(name),
        )  # fmt: skip
    if ends:
        both = [min(ends) / 1.3, max(ends) * 1.3]
        panel.plot(both, both, color=TRUTH_COLOUR, linewidth=0.8, label="as it should be")
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlim(*both)
        panel.set_ylim(*both)
        panel.minorticks_off()
        ticks = _decades(*both)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    panel.set_xlabel("standard deviation said")


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten in a range, with their doubles and fives where there are few."""
    tens = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    inside = [float(one) for one in tens if low <= one <= high]
    if len(inside) >= 2:
        return inside
    finer = np.sort(np.concatenate([tens, 2 * tens, 5 * tens]))
    return [float(one) for one in finer if low <= one <= high]


def sums_of(
    tally: Tally, index: int, methods: Collection[str] | None = None
) -> dict[str, SpreadSums]:
    """Of each method that said something of a channel; of some methods, or of all."""
    every = {name: counts.spread for name, counts in tally.of_method.items()}
    return {
        name: sums
        for name, sums in every.items()
        if sums is not None
        and sums.weight[:, index].sum() > 0
        and (methods is None or name in methods)
    }
