"""The verdict: what an evaluation shows, in sentences, the bad news as plainly as the good.

Every number comes from the records, comparisons and breakdown that stand in the JSON of scores.

Knows: those. Must not know: fields, figures, HTML.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from temdeep.verification.breakdown import BY_PART_OF_DAY
from temdeep.verification.figure_style import label
from temdeep.verification.records import POOLED, POOLED_PERIOD, REFERENCE
from temdeep.verification.report.cautions import not_for, untested, warnings_of
from temdeep.verification.report.standing import (
    ALIKE,
    Finding,
    Standing,
    comparison_of,
    low_end,
    missed_by_part,
    parts_of,
    standing_of,
)
from temdeep.verification.report.words import (
    TIED,
    cadence,
    capital,
    compared,
    interval_of,
    listed,
    quantity,
    units,
    whole_percent,
)
from temdeep.verification.tables import is_exact, whole_rows

MISSED = 0.5
"""Hours count for the largest gain from this share of straight lines' RMSE of all hours on."""

POOLED_NOUNS = {POOLED: "variables", POOLED_PERIOD: "variables over periods"}
POOLED_TITLES = {
    POOLED: "Variables at an instant, pooled",
    POOLED_PERIOD: "Variables over a period, pooled",
}


@dataclass(frozen=True)
class Verdict:
    """All that is said before any table.

    Attributes:
        headline: The result in one sentence.
        summary: What stands behind it, a sentence each.
        findings: A variable each, the best standing first.
        warnings: What makes the numbers doubtful: a short test, a test on what was learnt from.
        not_for: What not to use the method for, as these records show.
        untested: What this test says nothing about.
    """

    headline: str
    summary: tuple[str, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    not_for: tuple[str, ...]
    untested: tuple[str, ...]

    def groups(self) -> Iterator[tuple[Standing, list[Finding]]]:
        """Findings by standing, without empty groups."""
        for standing in Standing:
            found = [one for one in self.findings if one.standing is standing]
            if found:
                yield standing, found


def judge(scores: Mapping[str, Any], subject: str, titles: Mapping[str, str]) -> Verdict:
    """Say in words what an evaluation shows of one method.

    Args:
        scores: The object that is written as JSON.
        subject: The method.
        titles: Each variable in words.
    """
    records, about = scores["records"], scores["about"]
    found, unjudged = [], []
    for variable, title in titles.items():
        row = whole_rows(records, variable)[subject]
        if row["restoration_rate"] is None and not _is_beside_exact(row):
            unjudged.append(title)
        else:
            found.append(_finding(row, title, comparison_of(scores, variable, subject)))
    found.sort(key=lambda one: list(Standing).index(one.standing))
    return Verdict(
        headline=_headline(scores, subject, titles),
        summary=tuple(_summary(scores, subject, titles)),
        findings=tuple(found),
        warnings=tuple(warnings_of(about)),
        not_for=tuple(not_for(scores, subject, found)),
        untested=tuple(untested(about, unjudged)),
    )


def _is_beside_exact(row: Mapping[str, Any]) -> bool:
    """Whether a method is scored where straight lines are exact but for rounding."""
    return row.get("rounding") is not None and row["rmse"] is not None


def _finding(row: Mapping[str, Any], title: str, comparison: Mapping[str, Any] | None) -> Finding:
    text = against_exact(row) if _is_beside_exact(row) else against_linear(row)
    if _is_other(comparison):
        text += f"; {_against_rival(row, comparison)}"
    return Finding(str(row["variable"]), title, standing_of(row, comparison), text)


def against_linear(row: Mapping[str, Any]) -> str:
    """Errors beside those of straight lines, with the interval; a rate's own sentence."""
    rate, low, high = (row[f"restoration_rate{end}"] for end in ("", "_low", "_high"))
    if abs(rate) < ALIKE:
        return f"errors as large as those of straight lines{_bracket(rate, low, high)}"
    return f"errors {compared(rate)} straight lines{_bracket(rate, low, high)}"


def against_exact(row: Mapping[str, Any]) -> str:
    """Errors beside straight lines that are exact but for rounding."""
    who = label(str(row["method"]))
    if is_exact(row):
        return f"straight lines are exact there but for rounding, and so is {who}"
    off = quantity(row["rmse"], units(row["units"]))
    return f"straight lines are exact there but for rounding; {who} is off by {off} (RMSE)"


def _against_rival(row: Mapping[str, Any], comparison: Mapping[str, Any]) -> str:
    rival = label(comparison["against"])
    gain, low, high = (comparison[name] for name in ("gain", "gain_low", "gain_high"))
    if abs(gain) < ALIKE:
        used = str(row["treatment"]).partition(":")[0] == comparison["against"]
        return f"as large as those of {rival}" + (", which it uses here" if used else "")
    return f"{compared(gain)} {rival}{_bracket(gain, low, high)}"


def _bracket(gain: float, low: float | None, high: float | None) -> str:
    """The interval in brackets, and plainly where it leaves the sign open."""
    if low is None or high is None:
        return ""
    told = interval_of(gain, low, high)
    if low <= 0.0 <= high and abs(gain) >= ALIKE:
        told += ", which covers zero: no clear difference"
    return f" ({told})" if told else ""


def _is_other(comparison: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    """Whether there is something to compare with besides straight lines."""
    return (
        comparison is not None
        and comparison["gain"] is not None
        and comparison["against"] != REFERENCE
    )


def _headline(scores: Mapping[str, Any], subject: str, titles: Mapping[str, str]) -> str:
    about = scores["about"]
    hours = about["split"]["span_hours"]
    pace = f"{cadence(hours)} to {cadence(about['data']['step_s'] / 3600)}"
    pooled, row = next(_pooled_rows(scores, subject), ("", None))
    if row is None:
        also = all(map(is_exact, _exact_rows(scores, subject, titles)))
        told = "" if also else f"; {label(subject)} is not"
        return f"{capital(pace)}: straight lines are exact here but for rounding{told}."
    what = _pooled_title(scores, subject, pooled, titles)
    when = _best_part(scores, subject, pooled, _pooled_names(scores, subject, pooled, titles))
    gain = f", largest gain {when}" if when and low_end(row) > 0 else ""
    return f"{capital(pace)}, {what}: {against_linear(row)}{gain}."


def _pooled_rows(
    scores: Mapping[str, Any], subject: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What was scored, pooled: instants first."""
    for pooled in (POOLED, POOLED_PERIOD):
        row = whole_rows(scores["records"], pooled).get(subject)
        if row is not None and row["restoration_rate"] is not None:
            yield pooled, row


def _pooled_title(
    scores: Mapping[str, Any], subject: str, pooled: str, titles: Mapping[str, str]
) -> str:
    """How many variables were pooled; the variable itself if it is but one."""
    names = _pooled_names(scores, subject, pooled, titles)
    if len(names) == 1:
        return titles[names[0]]
    return f"{len(names)} {POOLED_NOUNS[pooled]}"


def _pooled_names(
    scores: Mapping[str, Any], subject: str, pooled: str, titles: Mapping[str, str]
) -> list[str]:
    """Which variables were pooled."""
    rows = {name: whole_rows(scores["records"], name)[subject] for name in titles}
    return [
        name
        for name, row in rows.items()
        if (row["kind"] != "instantaneous") == (pooled == POOLED_PERIOD)
        and row["restoration_rate"] is not None
    ]


def _exact_rows(
    scores: Mapping[str, Any], subject: str, titles: Mapping[str, str]
) -> Iterator[Mapping[str, Any]]:
    """Records of variables for which straight lines are exact but for rounding."""
    for name in titles:
        row = whole_rows(scores["records"], name)[subject]
        if _is_beside_exact(row):
            yield row


def _best_part(scores: Mapping[str, Any], subject: str, pooled: str, names: Sequence[str]) -> str:
    """When of the day the gain is largest, of the hours in which straight lines miss something.

    Nothing where the parts hardly differ.
    """
    missed = missed_by_part(scores, names)
    rates = {
        part: rate
        for part, rate in parts_of(scores, subject, pooled, BY_PART_OF_DAY).items()
        if missed.get(part, 0.0) >= MISSED
    }
    if len(rates) < 2 or max(rates.values()) - min(rates.values()) < 1.0:
        return ""
    begin, end = max(rates, key=rates.__getitem__).split("-")
    return f"between {begin} and {end}{TIED}h local solar time"


def _summary(scores: Mapping[str, Any], subject: str, titles: Mapping[str, str]) -> Iterator[str]:
    """What the headline leaves out: the best other method, squares, variables over periods."""
    for number, (pooled, row) in enumerate(_pooled_rows(scores, subject)):
        comparison = comparison_of(scores, pooled, subject)
        told = [against_linear(row)] if number else []
        if _is_other(comparison):
            text = _against_rival({"treatment": ""}, comparison)
            told.append(text if number else f"errors {text}, the best other method")
        if row["restoration_rate_mse"] > ALIKE:
            told.append(
                f"{whole_percent(row['restoration_rate_mse'])} of the squared error is gone"
            )
        if told:
            title = capital(_pooled_title(scores, subject, pooled, titles))
            yield f"{title}: {'; '.join(told)}."
    harmed = [
        titles[row["variable"]] for row in _exact_rows(scores, subject, titles) if not is_exact(row)
    ]
    if harmed:
        yield (
            f"{capital(listed(harmed))}: straight lines are exact there but for rounding;"
            f" {label(subject)} is WORSE."
        )
