"""What the report shows in pictures: a film, maps, series at a place, curves.

Knows: evaluations. Must not know: how the page is laid out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from temdeep.fields.grids import Grid
from temdeep.metric import FloatArray
from temdeep.verification.evaluate import Evaluation
from temdeep.verification.examples import (
    find_channel,
    hardest_film,
    hardest_snapshot,
    telling_place,
)
from temdeep.verification.figure_style import label, look, unit_text
from temdeep.verification.figures import draw_place, plot_lead_error, plot_spectra
from temdeep.verification.gallery import power_ratios
from temdeep.verification.maps import field_limits, largest_error, rmse_of
from temdeep.verification.records import REFERENCE
from temdeep.verification.report.cautions import FINEST_SCALES
from temdeep.verification.report.charts import Charts
from temdeep.verification.report.panels import draw_rates, panel, plot_day
from temdeep.verification.report.pictures import Scale, map_image
from temdeep.verification.report.words import (
    TIED,
    listed,
    moment,
    number,
    numbers_apart,
    percent,
    quantity,
    units,
)
from temdeep.verification.spectra import wavelengths_km
from temdeep.verification.tables import whole_rows

PLACE_IN = (7.2, 3.6)
FEWEST_WAVES = 3


@dataclass(frozen=True, eq=False)
class Subject:
    """What is drawn.

    Attributes:
        evaluation: Whose methods and sums.
        method: The method that is reported on.
        rival: The best of the others.
        titles: Variables that are drawn, with their names in words.
        charts: Draws curves.
    """

    evaluation: Evaluation
    method: str
    rival: str
    titles: Mapping[str, str]
    charts: Charts

    @property
    def methods(self) -> tuple[str, ...]:
        """Straight lines, the best other method, the one that is reported on."""
        return tuple(dict.fromkeys((REFERENCE, self.rival, self.method)))

    @property
    def grid(self) -> Grid:
        """Where the cells are."""
        return self.evaluation.withheld.fine.grid

    @property
    def colours(self) -> dict[str, str]:
        """What the methods' colours become on the page."""
        roles = {REFERENCE: "linear", self.rival: "rival", self.method: "subject"}
        return {look(name).colour: f"var(--{role})" for name, role in roles.items()}


@dataclass(frozen=True)
class Picture:
    """An image with its caption and its description for those who cannot see it."""

    src: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Legend:
    """A colour bar: its colours as CSS, the numbers at both ends and in the middle, the unit."""

    gradient: str
    ticks: tuple[str, str, str]
    unit: str
    alt: str


@dataclass(frozen=True)
class Maps:
    """One variable at one time: the truth, two methods, and what each got wrong."""

    title: str
    when: str
    fields: tuple[Picture, ...]
    errors: tuple[Picture, ...]
    field_legend: Legend
    error_legend: Legend


@dataclass(frozen=True)
class Film:
    """One variable through one interval: rows of stills, a row for the truth and each method."""

    title: str
    stamps: tuple[str, ...]
    given: tuple[bool, ...]
    rows: tuple[tuple[str, tuple[Picture, ...]], ...]
    field_legend: Legend
    error_legend: Legend


@dataclass(frozen=True)
class Chart:
    """Curves with a title."""

    title: str
    svg: Markup


def draw_film(subject: Subject, variable: str) -> Film:
    """Stills of the interval in which straight lines miss most, and their errors."""
    methods = (REFERENCE, subject.method)
    film = hardest_film(subject.evaluation, variable, methods)
    unit, title = _unit(subject, variable), subject.titles[variable]
    scale = Scale.of_field(*field_limits(film.truth))
    errors = Scale.of_error(largest_error([film.error[name] for name in methods]))
    rows = [("Truth", film.truth, scale)]
    rows += [(name, fields, scale) for name, fields in _named(film.filled, methods)]
    rows += [(f"{name} − truth", fields, errors) for name, fields in _named(film.error, methods)]
    told = []
    for name, fields, colours in rows:
        stills = []
        for stamp, given, values in zip(film.stamps, film.given, fields, strict=True):
            known = "given" if given else "withheld" if name == "Truth" else "filled in"
            alt = f"{title}, {name}, {stamp} UTC, {known}: {_spread(values, unit)}"
            stills.append(Picture(map_image(values, subject.grid, colours), alt, stamp[-5:]))
        told.append((name, tuple(stills)))
    return Film(
        title,
        tuple(map(moment, film.stamps)),
        tuple(bool(given) for given in film.given),
        tuple(told),
        _legend(scale, unit, title),
        _legend(errors, unit, "error"),
    )


def draw_variable_maps(subject: Subject, variable: str) -> Maps:
    """The hour in which straight lines miss most."""
    methods = (REFERENCE, subject.method)
    snapshot = hardest_snapshot(subject.evaluation, variable, methods)
    unit, grid, title = _unit(subject, variable), subject.grid, subject.titles[variable]
    scale = Scale.of_field(*field_limits(snapshot.truth))
    errors = Scale.of_error(largest_error([snapshot.error[name] for name in methods]))
    fields = [
        Picture(
            map_image(values, grid, scale),
            f"{title}, {name}, {snapshot.when}: {_spread(values, unit)}",
            name,
        )
        for name, values in (("Truth", snapshot.truth), *_named(snapshot.filled, methods))
    ]
    wrong = []
    for name, values in _named(snapshot.error, methods):
        rmse = f"RMSE {quantity(rmse_of(values, grid.metric.area_weights), unit)}"
        alt = f"{title}, {name} minus truth, {snapshot.when}: {rmse}, {_spread(values, unit)}"
        wrong.append(Picture(map_image(values, grid, errors), alt, f"{name} − truth, {rmse}"))
    return Maps(
        title,
        moment(f"{snapshot.when}, filled in from {snapshot.between}"),
        tuple(fields),
        tuple(wrong),
        _legend(scale, unit, title),
        _legend(errors, unit, "error"),
    )


def draw_rate_chart(subject: Subject, titles: Mapping[str, str]) -> Chart:
    """Restoration rates of the method and its rival, with their intervals."""
    methods = subject.methods[1:]
    records = subject.evaluation.records
    told = listed(
        f"{title} {percent(whole_rows(records, name)[subject.method]['restoration_rate'])} %"
        for name, title in titles.items()
    )
    alt = f"Restoration rates of {listed(map(label, methods))}; {label(subject.method)}: {told}."
    figure = draw_rates(records, titles, methods)
    return Chart("", subject.charts.inline(figure, subject.colours, alt))


def draw_place_charts(subject: Subject) -> list[Chart]:
    """Some days at a place that straight lines do badly at, for each variable."""
    found = []
    for variable, title in subject.titles.items():
        place = telling_place(subject.evaluation, variable, subject.methods)
        figure = draw_place(place, subject.methods, PLACE_IN)
        figure.axes[0].set_title("", loc="left")
        for legend in figure.legends:
            legend.remove()
        alt = (
            f"{title} at {place.place} over some days from {place.since}: truth, given points,"
            f" {listed(map(label, subject.methods))}, and below their errors."
        )
        caption = f"{title}, {place.place}"
        found.append(Chart(caption, subject.charts.inline(figure, subject.colours, alt)))
    return found


def draw_lead_charts(subject: Subject) -> list[Chart]:
    """RMSE against lead fraction."""
    records, found = subject.evaluation.records, []
    for variable, title in subject.titles.items():
        figure, axes = panel()
        plot_lead_error(axes, records, variable, subject.methods)
        worst = {
            method: max(
                row["rmse"] or 0.0
                for row in records
                if (row["variable"], row["method"]) == (variable, method)
                and row["lead_fraction"] is not None
            )
            for method in subject.methods
        }
        alt = f"RMSE of {title} against lead fraction; {_largest(subject, variable, worst)}."
        axes.set_ylabel(_axis("RMSE", subject, variable))
        found.append(Chart(title, subject.charts.inline(figure, subject.colours, alt)))
    return found


def draw_day_charts(subject: Subject) -> list[Chart]:
    """RMSE against local solar time."""
    breakdown, found = subject.evaluation.breakdown, []
    for variable, title in subject.titles.items():
        figure, axes = panel()
        worst = plot_day(axes, breakdown, variable, subject.methods)
        alt = f"RMSE of {title} against local solar time; {_largest(subject, variable, worst)}."
        axes.set_ylabel(_axis("RMSE", subject, variable))
        found.append(Chart(title, subject.charts.inline(figure, subject.colours, alt)))
    return found


def draw_spectra_charts(subject: Subject) -> list[Chart]:
    """Power over the truth's against wavelength; nothing on grids without rows of some length."""
    waves = wavelengths_km(subject.grid)
    if len(waves) < FEWEST_WAVES or not subject.grid.uniform:
        return []
    found = []
    for variable, title in subject.titles.items():
        tally, index = find_channel(subject.evaluation, variable)
        if not tally.plain[index]:
            continue
        figure, axes = panel()
        plot_spectra(axes, power_ratios(tally, index, subject.methods), waves, subject.methods)
        axes.set_ylabel("power / truth's power")
        ratios = (
            f"{label(method)} {row['spectrum_ratio']:.2f}"
            for method in subject.methods
            if (row := whole_rows(subject.evaluation.records, variable)[method])["spectrum_ratio"]
            is not None
        )
        alt = (
            f"Power of {title} over the truth's against wavelength; in waves under six cells:"
            f" {', '.join(ratios)}."
        )
        found.append(Chart(title, subject.charts.inline(figure, subject.colours, alt)))
    return found


def tell_rough_waves(subject: Subject) -> list[str]:
    """In which waves a method has far too much power, and how much of the gradients is in them."""
    waves = wavelengths_km(subject.grid)
    told = []
    for variable, title in subject.titles.items():
        tally, index = find_channel(subject.evaluation, variable)
        ratio = power_ratios(tally, index, (subject.method,))[subject.method]
        rough = np.flatnonzero(np.nan_to_num(ratio) > FINEST_SCALES[1])
        if not tally.plain[index] or not len(rough):
            continue
        of_gradient = tally.of_method[subject.method].power[index] / waves**2
        share = 100.0 * float(of_gradient[rough].sum() / of_gradient.sum())
        ends = dict.fromkeys(number(waves[one]) for one in (rough[-1], rough[0]))
        told.append(
            f"{title}: more than a third too much in waves of {' to '.join(ends)}{TIED}km, at most"
            f" {np.max(ratio[rough]):.2g} times the truth's; such waves hold"
            f" {share:.2g}{TIED}% of the power of its gradients."
        )
    return told


def _named(
    filled: Mapping[str, FloatArray], methods: Sequence[str]
) -> list[tuple[str, FloatArray]]:
    """Fields with names that begin a line, as captions do."""
    names = {REFERENCE: "Straight line"}
    return [(names.get(method, _heading(label(method))), filled[method]) for method in methods]


def _heading(name: str) -> str:
    return name[:1].upper() + name[1:]


def _unit(subject: Subject, variable: str) -> str:
    return units(whole_rows(subject.evaluation.records, variable)[REFERENCE]["units"])


def _axis(name: str, subject: Subject, variable: str) -> str:
    unit = unit_text(whole_rows(subject.evaluation.records, variable)[REFERENCE]["units"])
    return f"{name} ({unit})" if unit else name


def _largest(subject: Subject, variable: str, worst: Mapping[str, float]) -> str:
    unit = _unit(subject, variable)
    told = (f"{label(method)} {quantity(error, unit)}" for method, error in worst.items())
    return f"at most {', '.join(told)}"


def _spread(values: FloatArray, unit: str) -> str:
    """What a map shows in numbers."""
    if not np.isfinite(values).any():
        return "no value known"
    low, high = numbers_apart((float(np.nanmin(values)), float(np.nanmax(values))))
    return f"{low} to {high}{TIED}{unit}".rstrip(TIED)


def _legend(scale: Scale, unit: str, what: str) -> Legend:
    low, middle, high = numbers_apart(scale.ticks())
    alt = f"Colours of {what}: {low} to {high} {unit}".strip()
    return Legend(scale.gradient(), (low, middle, high), unit, alt)
