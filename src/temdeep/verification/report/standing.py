"""How a method stands with each variable, beside straight lines and the best of the others.

Knows: records and comparisons. Must not know: sentences of the verdict, HTML.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ALIKE = 0.05
"""Gains below this, in %, print as 0.0."""


class Standing(StrEnum):
    """How a method stands with a variable; the value is the heading of its group."""

    BEST = "Better than every other method here"
    LEVEL = "As good as the best other method"
    BEHIND = "Better than straight lines, but another method does better"
    NO_USE = "No better than straight lines"


@dataclass(frozen=True)
class Finding:
    """What is found for one variable.

    Attributes:
        variable: Its name in the records.
        title: Its name in words.
        standing: How the method stands.
        text: The evidence, in half a sentence.
    """

    variable: str
    title: str
    standing: Standing
    text: str


def standing_of(row: Mapping[str, Any], comparison: Mapping[str, Any] | None) -> Standing:
    """How a method stands with one variable.

    Where there is an interval, it decides; a difference whose interval covers zero is none.

    Args:
        row: Its record over all lead fractions.
        comparison: The method beside the best of the others, if there are others.
    """
    if low_end(row) < ALIKE:
        return Standing.NO_USE
    if comparison is None or comparison["gain"] is None:
        return Standing.BEST
    if is_behind(comparison):
        return Standing.BEHIND
    gain, low = comparison["gain"], comparison["gain_low"]
    ahead = gain >= ALIKE and (low is None or low > 0.0)
    return Standing.BEST if ahead else Standing.LEVEL


def is_behind(comparison: Mapping[str, Any]) -> bool:
    """Whether another method is better, and an interval, where there is one, says so too."""
    gain, high = comparison["gain"], comparison["gain_high"]
    return gain is not None and gain <= -ALIKE and (high is None or high < 0.0)


def low_end(row: Mapping[str, Any]) -> float:
    """The lower end of a rate, or the rate where there is no interval."""
    low = row["restoration_rate_low"]
    return float(row["restoration_rate"] if low is None else low)


def comparison_of(
    scores: Mapping[str, Any], variable: str, subject: str
) -> Mapping[str, Any] | None:
    """A method beside the best of the others; None without others."""
    for one in scores["comparisons"]:
        if one["variable"] == variable and one["method"] == subject:
            found: Mapping[str, Any] = one
            return found
    return None


def parts_of(scores: Mapping[str, Any], subject: str, variable: str, by: str) -> dict[str, float]:
    """Restoration rates by part of the day or by region, those that are known."""
    return {
        one["part"]: one["restoration_rate"]
        for one in scores["breakdown"]
        if one["by"] == by
        and one["method"] == subject
        and one["variable"] == variable
        and one["restoration_rate"] is not None
    }
