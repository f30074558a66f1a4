"""What speaks against a method: doubts about the test, uses to keep away from, what was not tested.

Knows: what stands in the JSON of scores. Must not know: fields, HTML.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from temdeep.verification.breakdown import BY_PART_OF_DAY, BY_REGION
from temdeep.verification.figure_style import label
from temdeep.verification.records import REFERENCE
from temdeep.verification.report.standing import (
    Finding,
    Standing,
    comparison_of,
    is_behind,
    parts_of,
)
from temdeep.verification.report.words import (
    FAR_TOO_NARROW,
    TIED,
    capital,
    duration,
    fit_of,
    inside,
    listed,
    percent,
)
from temdeep.verification.tables import whole_rows

FEW_BLOCKS = 20
"""Below so many blocks of the bootstrap an interval is itself uncertain, and we say so."""

PEAKS_LOST = 50.0
"""Where less than this of the extremes is recovered, in %, a caution is due."""

FINE_SCALES = (0.8, 1.25)
"""Power of the finest waves over the truth's outside these is told."""

CLEARLY_WORSE = -1.0
"""Restoration rates of a region or an hour below this, in %, are told: they have no interval."""

FINEST_SCALES = (2 / 3, 4 / 3)
"""The same of waves of two to four cells, where all under six are right."""

SEEN = 1.0
"""Percent of the gradients' power that these waves must hold to be told.

On grids finer than their weather they hold next to none, and any ratio.
"""

WET = (0.8, 1.25)
"""Wet area over the truth's outside these is told."""


def warnings_of(about: Mapping[str, Any]) -> Iterator[str]:
    """What makes all numbers doubtful."""
    blocks = about["bootstrap"]["blocks"]
    if about["bootstrap"]["unit"].startswith("none"):
        yield (
            "The test is short: too few days for any interval. Each number below is one sample,"
            " and may be chance."
        )
    elif blocks < FEW_BLOCKS:
        unit = about["bootstrap"]["unit"]
        units = f"{unit}s" if unit == "day" else unit.replace("run", "runs", 1)
        yield (
            f"The test is short: intervals rest on {blocks} {units} that follow each other, and may"
            " be too narrow."
        )
    yield from map(capital, about["notes"])


def not_for(scores: Mapping[str, Any], subject: str, findings: Sequence[Finding]) -> Iterator[str]:
    """Uses that these very records speak against."""
    titles = {one.variable: one.title for one in findings}
    useless: dict[str, list[str]] = {}
    harmed = [one.title for one in findings if one.standing is Standing.HARM]
    if harmed:
        yield (
            f"{listed(harmed)}: straight lines are exact there but for rounding, and"
            f" {label(subject)} is not; use {label(REFERENCE)}."
        )
    for one in findings:
        rival = comparison_of(scores, one.variable, subject)
        if one.standing is Standing.NO_USE:
            instead = label(rival["against"]) if rival and is_behind(rival) else label(REFERENCE)
            useless.setdefault(instead, []).append(one.title)
        elif one.standing is Standing.BEHIND and rival is not None:
            yield f"{one.title}: use {label(rival['against'])} instead."
    for instead, names in useless.items():
        yield f"{listed(names)}: it brings nothing that a straight line does not; use {instead}."
    rows = {name: whole_rows(scores["records"], name)[subject] for name in titles}
    lost = {
        titles[name]: row["extremes_recovered"]
        for name, row in rows.items()
        if row.get("extremes_recovered") is not None and row["extremes_recovered"] < PEAKS_LOST
    }
    if lost:
        most = percent(max(lost.values()))
        yield (
            "Peaks and lows between the given times: of what the given values miss there, at most"
            f" {most}{TIED}% is recovered for {listed(lost)}."
        )
    yield from _texture(rows, titles)
    narrow = [
        f"{titles[name]} ({inside(row['coverage_90'])})"
        for name, row in rows.items()
        if row.get("coverage_90") is not None and fit_of(row["coverage_90"]) == FAR_TOO_NARROW
    ]
    if narrow:
        yield (
            f"Risks that rest on the standard deviation of {listed(narrow)}: far too little of the"
            f" truth is in the 90{TIED}% interval."
        )
    useful = [
        one.variable for one in findings if one.standing not in (Standing.NO_USE, Standing.HARM)
    ]
    for by, where in ((BY_PART_OF_DAY, "at {} local solar time"), (BY_REGION, "in {}")):
        worse = {
            titles[name]: [part for part, rate in parts.items() if rate < CLEARLY_WORSE]
            for name in useful
            if (parts := parts_of(scores, subject, name, by))
        }
        told = "; ".join(
            f"{name} {where.format(listed(map(_part_text, parts)))}"
            for name, parts in worse.items()
            if parts
        )
        if told:
            yield f"Where it is worse than a straight line: {told}."


def _hours(part: str) -> str:
    return f"{part.replace('-', '–')}{TIED}h"


def _part_text(part: str) -> str:
    return _hours(part) if part[:1].isdigit() and "°" not in part else part.replace("-", "–")


def _texture(rows: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str]) -> Iterator[str]:
    """Fields that are too smooth or too rough, too wet or too dry, winds too weak."""
    low, high = FINE_SCALES
    ratios = {name: row["spectrum_ratio"] for name, row in rows.items()}
    smooth = [name for name, ratio in ratios.items() if ratio is not None and ratio < low]
    rough = [name for name, ratio in ratios.items() if ratio is not None and ratio > high]
    for names, word in ((smooth, "smooth"), (rough, "rough")):
        if names:
            told = listed(f"{titles[name]} ({ratios[name]:.2f})" for name in names)
            yield (
                f"Gradients and fine structure of {told}: too {word} in the middle of intervals"
                " (power of the shortest waves over the truth's)."
            )
    finest = {name: row.get("spectrum_ratio_finest") for name, row in rows.items()}
    off = [
        name
        for name, ratio in finest.items()
        if ratio is not None
        and name not in (*smooth, *rough)
        and not FINEST_SCALES[0] <= ratio <= FINEST_SCALES[1]
        and rows[name]["gradient_finest"] >= SEEN
    ]
    if off:
        told = listed(f"{titles[name]} ({finest[name]:.2f})" for name in off)
        yield (
            f"Gradients from cell to cell (of winds: convergence and shear) of {told}: power of"
            " waves of two to four cells over the truth's, though all under six cells are right."
        )
    for name, row in rows.items():
        wet = row.get("wet_area_ratio")
        if wet is not None and not WET[0] <= wet <= WET[1]:
            yield (
                f"Where and how often it rains, from {titles[name]}: the wet area is {wet:.2f}"
                " times the truth's."
            )


def untested(about: Mapping[str, Any], unjudged: Sequence[str]) -> Iterator[str]:
    """What this test says nothing about.

    Args:
        about: Of an evaluation.
        unjudged: Variables without a restoration rate, in words.
    """
    if unjudged:
        yield f"{listed(unjudged)}: nothing was scored."
    split = about["split"]
    first, last = split["test_first"][:10], split["test_last"][:10]
    yield f"Other seasons and weather than {first} to {last}, and other regions than this one."
    yield f"Other spans than {duration(split['span_hours'])}: the wider, the less comes back."
    yield (
        "Finer detail than the test has: what happens within"
        f" {duration(about['data']['step_s'] / 3600)} or between its cells was not compared."
    )
    yield "Single events: these are averages over all cells and times."
