"""How a method stands with each variable, beside straight lines and the best of the others.

Knows: records and comparisons. Must not know: sentences of the verdict, HTML.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from temdeep.verification.breakdown import BY_PART_OF_DAY
from temdeep.verification.records import REFERENCE
from temdeep.verification.tables import is_exact

ALIKE = 0.05
"""Gains below this, in %, print as 0.0."""


class Standing(StrEnum):
    """How a method stands with a variable; the value is the heading of its group."""

    BEST = "Better than every other method here"
    LEVEL = "As good as the best other method"
    BEHIND = "Better than straight lines, but another method does better"
    NO_USE = "No better than straight lines"
    HARM = "Worse than straight lines, which are exact here"


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

    Where there is an interval, it decides; a difference whose interval covers zero is none. Where
    straight lines are exact but for rounding, there is no rate, and what is more than that is harm.

    Args:
        row: Its record over all lead fractions.
        comparison: The method beside the best of the others, if there are others.
    """
    if row.get("rounding") is not None:
        return Standing.LEVEL if is_exact(row) else Standing.HARM
    if low_end(row) < ALIKE:
        return Standing.NO_USE
    if comparison is None:
        return Standing.BEST
    if comparison["gain"] is None:
        return Standing.BEHIND
    if is_behind(comparison):
        return Standing.BEHIND
    gain, low = comparison["gain"], comparison["gain_low"]
    ahead = gain >= ALIKE and (low is None or low > 0.0)
    return Standing.BEST if ahead else Standing.LEVEL


def is_behind(comparison: Mapping[str, Any]) -> bool:
    """Whether another method is better, and an interval, where there is one, says so too."""
    gain, high = comparison["gain"], comparison["gain_high"]
    if gain is None:  # no ratio: only the other is without error, or this one left holes
        return True
    return bool(gain <= -ALIKE and (high is None or high < 0.0))


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


def missed_by_part(scores: Mapping[str, Any], variables: Sequence[str]) -> dict[str, float]:
    """Straight lines' RMSE in each part of the day over that of all parts; 0 where they miss none.

    Of several variables the geometric mean, as rates are pooled.
    """
    shares: dict[str, list[float]] = {}
    for variable in variables:
        rmse = {
            one["part"]: one["rmse"]
            for one in scores["breakdown"]
            if (one["by"], one["variable"]) == (BY_PART_OF_DAY, variable)
            and one["method"] == REFERENCE
            and one["restoration_rate"] is not None
        }
        whole = math.sqrt(math.fsum(error**2 for error in rmse.values()) / max(len(rmse), 1))
        for part, error in rmse.items():
            shares.setdefault(part, []).append(error / whole)
    return {
        part: math.prod(each) ** (1 / len(each))
        for part, each in shares.items()
        if len(each) == len(variables)
    }
