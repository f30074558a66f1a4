"""An evaluation as tables: on the terminal, in markdown, CSV and JSON.

Every number comes from the records. Tables are plain text in cells; how they look is decided last.
"""

import csv
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Table
from rich.text import Text

from temdeep.verification.records import POOLED, POOLED_PERIOD, REFERENCE, best_of

Records = Sequence[Mapping[str, Any]]

MOST_THETAS = 6
"""Lead fractions that have a column each."""

FOLDED = 8
"""Characters of a word that stay together on a terminal too narrow for all."""

GUTTERS = (2, 1)
"""Characters between two columns; the fewer where words are folded and there is no room yet."""

POOLED_NAMES = {POOLED: "pooled (instantaneous)", POOLED_PERIOD: "pooled (periods)"}


@dataclass(frozen=True)
class TextTable:
    """A table of words and numbers.

    Attributes:
        title: What it shows.
        header: Names of the columns.
        groups: Rows that belong together, such as those of one variable.
        best: Rows (group, row) that are the best of their group.
        words: How many columns from the left hold words.
    """

    title: str
    header: tuple[str, ...]
    groups: tuple[tuple[tuple[str, ...], ...], ...]
    best: frozenset[tuple[int, int]] = frozenset()
    words: int = 1


def variables_of(records: Records) -> list[str]:
    """Variables in order, each family followed by its pooled row."""
    return list(dict.fromkeys(str(row["variable"]) for row in records))


def methods_of(records: Records) -> list[str]:
    """Methods in order."""
    return list(dict.fromkeys(str(row["method"]) for row in records))


def whole_rows(records: Records, variable: str) -> dict[str, Mapping[str, Any]]:
    """Records of a variable with all lead fractions together, by method."""
    return {
        str(row["method"]): row
        for row in records
        if row["variable"] == variable and row["lead_fraction"] is None
    }


def score_table(records: Records) -> TextTable:
    """RMSE, MAE, bias and restoration rate with its interval, per variable and method."""
    header = ("variable", "method", "RMSE", "MAE", "bias", "restored %", "95 % interval",
              "of MSE %", "extremes %", "fine")  # fmt: skip
    groups: list[tuple[tuple[str, ...], ...]] = []
    best: set[tuple[int, int]] = set()
    for variable in variables_of(records):
        rows = whole_rows(records, variable)
        units = next(iter(rows.values()))["units"]
        name = POOLED_NAMES.get(variable, f"{variable} ({units})" if units else variable)
        leader = best_method(records, variable)
        group: list[tuple[str, ...]] = []
        for method, row in rows.items():
            if method == leader:
                best.add((len(groups), len(group)))
            low, high = row["restoration_rate_low"], row["restoration_rate_high"]
            interval = "" if low is None else f"{_percent(low)} … {_percent(high)}"
            group.append(
                (
                    name if not group else "",
                    method,
                    _number(row["rmse"]),
                    _number(row["mae"]),
                    _signed(row["bias"], row["rmse"]),
                    _percent(row["restoration_rate"]),
                    interval if method != REFERENCE else "",
                    _percent(row["restoration_rate_mse"]),
                    _percent(row.get("extremes_recovered"), missing=""),
                    "" if row.get("spectrum_ratio") is None else f"{row['spectrum_ratio']:.2f}",
                )
            )
        groups.append(tuple(group))
    return TextTable("Against withheld truth", header, tuple(groups), frozenset(best), words=2)


def rate_table(records: Records) -> TextTable:
    """Restoration rate of every method for every variable, in percent, the best starred."""
    methods = methods_of(records)
    rows = []
    for variable in variables_of(records):
        whole, leader = whole_rows(records, variable), best_method(records, variable)
        cells = (
            _percent(whole[method]["restoration_rate"]) + (" ✓" if method == leader else "  ")
            for method in methods
        )
        rows.append((POOLED_NAMES.get(variable, variable), *cells))
    title = "Restoration rate, % of linear's RMSE taken away (✓ best)"
    return TextTable(title, ("variable", *methods), (tuple(rows),))


def spread_table(records: Records) -> TextTable:
    """What methods know of their own errors: coverage by lead fraction, CRPS, spread over RMSE."""
    told = [row for row in records if row.get("crps") is not None]
    thetas = sorted({row["lead_fraction"] for row in told} - {None})
    shown = (
        [f"{theta:.2f}" for theta in thetas] if len(thetas) <= MOST_THETAS else ["least", "most"]
    )
    groups = []
    for variable in variables_of(told):
        group: list[tuple[str, ...]] = []
        for method, row in whole_rows(told, variable).items():
            each = [
                one["coverage_90"]
                for theta in thetas
                for one in told
                if (one["variable"], one["method"], one["lead_fraction"])
                == (variable, method, theta)
            ]
            each = each if len(thetas) <= MOST_THETAS else [min(each), max(each)]
            gain = 100 * (1 - row["crps"] / row["mae"]) if row["mae"] else None
            group.append(
                (
                    variable if not group else "",
                    method,
                    _percent(row["coverage_90"]),
                    *map(_percent, each),
                    _number(row["crps"]),
                    _percent(gain),
                    _number(row["spread_over_rmse"]),
                )
            )
        groups.append(tuple(group))
    header = ("variable", "method", "in 90 % interval", *shown, "CRPS", "under MAE %",
              "spread/RMSE")  # fmt: skip
    title = "Share of the truth inside the 90 % interval, %, all together and by lead fraction"
    return TextTable(title, header, tuple(groups), words=2)


def lead_table(records: Records, methods: Sequence[str]) -> TextTable:
    """RMSE at each lead fraction, for some methods; restoration rate in the pooled rows."""
    thetas = {
        variable: sorted(
            {row["lead_fraction"] for row in records if row["variable"] == variable} - {None}
        )
        for variable in variables_of(records)
    }
    widest = max(map(len, thetas.values()))
    groups = []
    for variable, fractions in thetas.items():
        name = POOLED_NAMES.get(variable, variable)
        group = [(name, "θ", *(f"{theta:.2f}" for theta in fractions))]
        for method in methods:
            by_theta = {
                row["lead_fraction"]: row
                for row in records
                if row["variable"] == variable and row["method"] == method
            }
            if variable in POOLED_NAMES:
                cells = [
                    "–" if rate is None else f"{_percent(rate)} %"
                    for rate in (by_theta[theta]["restoration_rate"] for theta in fractions)
                ]
            else:
                cells = [_number(by_theta[theta]["rmse"]) for theta in fractions]
            group.append(("", method, *cells))
        groups.append(tuple((*row, *[""] * (widest + 2 - len(row))) for row in group))
    title = "RMSE by lead fraction (pooled: restoration rate)"
    return TextTable(title, ("variable", "method", *[""] * widest), tuple(groups), words=2)


def best_method(records: Records, variable: str) -> str:
    """The method with the highest restoration rate; of equals `linear`, else the first."""
    rates = {
        method: row["restoration_rate"]
        for method, row in whole_rows(records, variable).items()
        if row["restoration_rate"] is not None
    }
    return best_of(rates) if rates else ""


def is_straight(rows: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether straight lines are exact for a variable but for rounding.

    Args:
        rows: Its records by method, as `whole_rows` gives them.
    """
    return rows[REFERENCE].get("rounding") is not None if REFERENCE in rows else False


def is_exact(row: Mapping[str, Any]) -> bool:
    """Whether a method is as exact as straight lines are, where they are."""
    return bool(row["rmse"] is not None and row["rmse"] <= row["rounding"])


def best_classical(records: Records, learnt: str) -> str:
    """Of the methods but one, that with the highest pooled rate: of instants, if there are any."""
    pooled = POOLED if POOLED in variables_of(records) else POOLED_PERIOD
    return best_method([row for row in records if row["method"] != learnt], pooled)


def verdict(records: Records, method: str) -> list[str]:
    """Say in sentences where a method is the best and, plainly, where it is not."""
    wins, losses, ties = [], [], []
    for variable in variables_of(records):
        rows, leader = whole_rows(records, variable), best_method(records, variable)
        mine = rows[method]["restoration_rate"]
        if not leader or mine is None:
            continue
        name, theirs = POOLED_NAMES.get(variable, variable), rows[leader]["restoration_rate"]
        equals = [m for m in rows if m != method and _alike(rows[m]["restoration_rate"], theirs)]
        if not _alike(mine, theirs):
            losses.append(f"{name}: {leader} restores {theirs:.1f} %, {method} {mine:.1f} %")
        elif equals:
            ties.append(f"{name} (as {equals[0]})")
        else:
            wins.append(name)
    sentences = []
    if wins:
        sentences.append(f"{method} is the best for {', '.join(wins)}.")
    if ties:
        sentences.append(f"{method} is among the best for {', '.join(ties)}.")
    if losses:
        sentences.append(f"{method} is NOT the best for {'; '.join(losses)}.")
    return sentences + _beside_exact(records, method)


def _beside_exact(records: Records, method: str) -> list[str]:
    """The same for variables for which straight lines are exact but for rounding."""
    rows = {name: whole_rows(records, name) for name in variables_of(records)}
    own = {name: each[method] for name, each in rows.items() if is_straight(each)}
    off = [
        f"{name} ({_number(row['rmse'])} {row['units']}".rstrip() + ")"
        for name, row in own.items()
        if row["rmse"] is not None and not is_exact(row)
    ]
    exact = [name for name, row in own.items() if is_exact(row)]
    sentences = []
    if off:
        sentences.append(
            f"linear is exact but for rounding for {', '.join(own)}; {method} is WORSE, off by"
            f" (RMSE): {', '.join(off)}."
        )
    elif exact and method != REFERENCE:
        sentences.append(
            f"linear is exact but for rounding for {', '.join(exact)}, and so is {method}."
        )
    return sentences


def resampled(about: Mapping[str, Any]) -> str:
    """What intervals of rates rest on, in words."""
    blocks, unit = about["bootstrap"]["blocks"], about["bootstrap"]["unit"]
    if unit.startswith("none"):
        return "no 95 % intervals, for which the times are too few"
    return f"95 % intervals from resampling {blocks} blocks, each a {unit}"


def _alike(one: float | None, other: float) -> bool:
    """Whether two rates print alike."""
    return one is not None and abs(one - other) < 0.05


@dataclass(frozen=True)
class Drawn:
    """A table for the terminal, as wide as it needs: where there is no room, words are folded.

    Numbers never are, nor cut off: lines may be longer than a terminal is wide, so print it with
    `crop=False`.

    Attributes:
        table: Its best rows become bold. A level in brackets is no markup.
    """

    table: TextTable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Made by rich, for so much room."""
        for gutter in GUTTERS:
            widths = _widths(self.table, options.max_width, gutter)
            whole = _whole_width(widths, gutter)
            if whole <= options.max_width:
                break
        yield from console.render(_drawn(self.table, widths, gutter), options.update_width(whole))


def _widths(table: TextTable, room: int, gutter: int) -> list[int]:
    """Widths of the columns: heads of numbers are folded first, between words, then all words."""
    columns = list(zip(table.header, *itertools.chain(*table.groups), strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    numbers = [max((*map(cell_len, cells), 1)) for _, *cells in columns]
    heads = [max(map(cell_len, [*head.split(), ""])) for head in table.header]
    words, places = range(table.words), range(table.words, len(columns))
    for narrowed, least in (
        (places, [max(pair) for pair in zip(numbers, heads, strict=True)]),
        (words, [FOLDED] * len(columns)),
        (places, [max(number, FOLDED) for number in numbers]),
    ):
        while _whole_width(widths, gutter) > room:
            foldable = [place for place in narrowed if widths[place] > least[place]]
            if not foldable:
                break
            widths[max(foldable, key=widths.__getitem__)] -= 1
    return widths


def _whole_width(widths: Sequence[int], gutter: int) -> int:
    return sum(widths) + gutter * (len(widths) - 1) + 2  # an edge on either side


def _drawn(table: TextTable, widths: Sequence[int], gutter: int) -> Table:
    drawn = Table(
        title=table.title,
        title_justify="left",
        box=box.SIMPLE_HEAD,  # draws one of the characters between columns
        padding=(0, 0, 0, gutter - 1),
        pad_edge=False,
    )
    for place, (name, width) in enumerate(zip(table.header, widths, strict=True)):
        justify: JustifyMethod = "left" if place < table.words else "right"
        drawn.add_column(name, justify=justify, width=width, overflow="fold")
    for g, group in enumerate(table.groups):
        for r, row in enumerate(group):
            style = "bold" if (g, r) in table.best else None
            cells = (Text(cell) for cell in row)
            drawn.add_row(*cells, style=style, end_section=r == len(group) - 1)
    return drawn


def as_markdown(table: TextTable) -> str:
    """For a README; best rows bold."""
    marks = ["---" if place < table.words else "---:" for place in range(len(table.header))]
    lines = [f"**{table.title}**", "", _row(table.header), _row(marks)]
    for g, group in enumerate(table.groups):
        for r, row in enumerate(group):
            bold = (g, r) in table.best
            lines.append(_row([f"**{cell}**" if bold and cell else cell for cell in row]))
    return "\n".join(lines) + "\n"


def as_csv(records: Records) -> str:
    """All records, a line each, nothing where a record has no such score."""
    columns = list(dict.fromkeys(name for row in records for name in row))
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return target.getvalue()


def as_json(evaluation: Mapping[str, Any]) -> str:
    """The object as text; refuses what JSON does not know."""
    return json.dumps(evaluation, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.strip().replace("|", "\\|") for cell in cells) + " |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _signed(value: float | None, scale: float | None) -> str:
    """A bias; 0 where it is rounding beside the error."""
    if value is None or scale is None:
        return ""
    return f"{value:+.2g}" if abs(value) > 1e-9 * scale else "0"


def _percent(value: float | None, missing: str = "–") -> str:
    return missing if value is None else f"{value:.1f}".replace("-0.0", "0.0")
