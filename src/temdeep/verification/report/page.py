"""One self-contained HTML page about an evaluation: words, tables, maps, curves, the model's card.

The page asks for nothing from outside: styles, script and pictures stand in it. Intervals are
filled in again one at a time for pictures; all numbers are those of the JSON of scores.

Knows: evaluations, the description of a model. Must not know: the command line.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from temdeep.errors import RequestError
from temdeep.verification.evaluate import Evaluation
from temdeep.verification.examples import title_of
from temdeep.verification.figure_style import label
from temdeep.verification.gallery import scored_channels
from temdeep.verification.outputs import write_text
from temdeep.verification.records import POOLED, POOLED_PERIOD, REFERENCE
from temdeep.verification.report.card import model_card
from temdeep.verification.report.charts import Charts
from temdeep.verification.report.judging import POOLED_TITLES, judge
from temdeep.verification.report.pictures import can_be_mapped
from temdeep.verification.report.sections import (
    Subject,
    draw_day_charts,
    draw_film,
    draw_lead_charts,
    draw_place_charts,
    draw_rate_chart,
    draw_spectra_charts,
    draw_variable_maps,
    tell_rough_waves,
)
from temdeep.verification.report.spread_section import draw_spread_section
from temdeep.verification.report.tabulating import (
    details_table,
    facts,
    rain_table,
    regions_table,
    scores_table,
)
from temdeep.verification.report.words import capital
from temdeep.verification.tables import best_classical, variables_of, whole_rows

PREFERRED = "auto"
"""Reported on where no model is: what `downscale` uses when nothing is said."""

METHODS = {
    "nearest": "the nearer given field",
    "linear": "the straight line between the given fields",
    "cubic": "a natural spline through the given fields around",
    "cubic_local": "a cubic curve through the four given fields around",
    "solar": "a spline and, on top of it, what the sun drives",
    "optical_flow": "both given fields moved along the motion between them",
    "auto": "for each variable the mixture of the classical methods that hidden times advise",
    "temdeep": "the learnt model: sun, motion, and corrections by a network",
}
"""The methods in half a sentence."""

Progress = Callable[[int, int], None]


def subject_of(evaluation: Evaluation, learnt: str | None) -> str:
    """The method that is reported on: the model, else the default method, else the best.

    Args:
        evaluation: Whose methods.
        learnt: Name of the model among them, if there is one.

    Raises:
        RequestError: Straight lines are all there is.
    """
    if learnt is not None:
        return learnt
    if PREFERRED in evaluation.methods:
        return PREFERRED
    others = [name for name in evaluation.methods if name != REFERENCE]
    best = best_classical(evaluation.records, REFERENCE) or next(iter(others), "")
    if not best:
        raise RequestError(
            "a report compares a method with straight lines, and linear is the only one here:"
            " name another with --method, or a model with --model."
        )
    return best


def write_report(
    evaluation: Evaluation,
    target: Path,
    *,
    subject: str,
    model: Mapping[str, Any] | None = None,
    command: str = "",
    progress: Progress | None = None,
) -> Path:
    """Write the page; it appears only when it is whole.

    Args:
        evaluation: What is reported.
        target: The HTML file; one that is there is replaced.
        subject: The method that is reported on.
        model: Description of the model, as the model store gives it, if `subject` is one.
        command: What made it, for the reader who wants to make it again.
        progress: Told of each part.

    Raises:
        OutputError: The file cannot be written.
    """
    scores = evaluation.as_json()
    records = evaluation.records
    titles = _titles(evaluation)
    drawn = {
        tally.channels[index].name: titles[tally.channels[index].name]
        for tally, index in scored_channels(evaluation)
    }
    shown = _shown(evaluation, titles)
    rival = best_classical(records, subject) or REFERENCE
    about = Subject(evaluation, subject, rival, drawn, Charts())
    context: dict[str, Any] = {
        "about": scores["about"],
        "subject": label(subject),
        "rival": label(rival),
        "intervals": any(row["restoration_rate_low"] is not None for row in records),
        "verdict": judge(scores, subject, titles),
        "scores": scores_table(records, shown, subject),
        "details": details_table(records, titles, subject, rival),
        "rain": rain_table(records, titles, subject, rival),
        "regions": regions_table(evaluation.breakdown, drawn, subject),
        "glossary": {
            label(name): told for name, told in METHODS.items() if name in evaluation.methods
        },
        "facts": list(facts(scores["about"], subject)),
        "card": model_card(model) if model else [],
        "command": command,
        "style": Markup(_text("style.css")),  # noqa: S704 - our own
        "script": Markup(_text("player.js")),  # noqa: S704 - our own
    }
    parts = list(_pictures(about, shown))
    for done, (name, draw) in enumerate(parts, start=1):
        context[name] = draw()
        if progress is not None:
            progress(done, len(parts))
    return write_text(target, _environment().get_template("report.html").render(context).lstrip())


def _pictures(
    about: Subject, titles: Mapping[str, str]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """The parts with pictures: the name in the template, and what draws it.

    One more part is one more line here, which yields None where there is nothing to show, and a
    section in `report.html`.
    """
    mapped = can_be_mapped(about.grid)
    shown = typical_variable(about)
    yield "rates", lambda: draw_rate_chart(about, titles)
    yield "film", lambda: draw_film(about, shown) if mapped else None
    yield "maps", lambda: [draw_variable_maps(about, one) for one in about.titles if mapped]
    yield "places", lambda: draw_place_charts(about)
    yield "lead", lambda: draw_lead_charts(about)
    yield "day", lambda: draw_day_charts(about)
    yield "spectra", lambda: draw_spectra_charts(about)
    yield "rough_waves", lambda: tell_rough_waves(about)
    yield "spread", lambda: draw_spread_section(about)


def typical_variable(about: Subject) -> str:
    """The variable whose gain is in the middle, of those at an instant if there are any.

    So the film shows neither the best nor the worst.
    """
    rows = {name: whole_rows(about.evaluation.records, name)[about.method] for name in about.titles}
    instants = {name for name, row in rows.items() if row["kind"] == "instantaneous"}
    judged = [name for name, row in rows.items() if row["restoration_rate"] is not None]
    rates = sorted(
        (rows[name]["restoration_rate"] or 0.0, name)
        for name in judged or rows
        if name in instants or not instants.intersection(judged or rows)
    )
    return rates[len(rates) // 2][1]


def _titles(evaluation: Evaluation) -> dict[str, str]:
    """Scored variables with their names in words; the plain name where words are not unique."""
    series = evaluation.withheld.fine
    channels = [one for tally in evaluation.tallies for one in tally.channels]
    words = {one.name: title_of(series, one) for one in channels}
    told = list(words.values())
    return {name: name if told.count(word) > 1 else word for name, word in words.items()}


def _shown(evaluation: Evaluation, titles: Mapping[str, str]) -> dict[str, str]:
    """Variables in the records' order, with what several are pooled to below them."""
    sizes = {POOLED: 0, POOLED_PERIOD: 0}
    for tally in evaluation.tallies:
        pooled = POOLED_PERIOD if tally.channels[0].kind.is_period else POOLED
        sizes[pooled] += len(tally.channels)
    told = {**titles} | {name: title for name, title in POOLED_TITLES.items() if sizes[name] > 1}
    return {name: told[name] for name in variables_of(evaluation.records) if name in told}


def _text(name: str) -> str:
    folder = Path(__file__).with_name("templates")
    return (folder / name).read_text(encoding="utf-8")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("temdeep.verification.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["capital"] = capital
    return environment
