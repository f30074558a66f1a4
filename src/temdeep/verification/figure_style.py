"""How every figure looks: one colour, line and marker for each method, safe for colour-blind eyes.

Colours after Okabe and Ito (2008). Figures are made without a display.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from temdeep.errors import OutputError

RC: dict[Any, Any] = {
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "figure.titlesize": 11.0,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.formatter.limits": (-4, 6),
    "axes.formatter.useoffset": False,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "savefig.dpi": 160,
    "figure.constrained_layout.use": True,
}
TRUTH_COLOUR = "#000000"


@dataclass(frozen=True)
class Look:
    """How one method is drawn."""

    colour: str
    line: str
    marker: str
    width: float = 1.3


_LOOKS = {
    "nearest": Look("#999999", ":", "v"),
    "linear": Look("#555555", "--", "s", 1.5),
    "cubic": Look("#0072B2", "-", "o"),
    "cubic_local": Look("#56B4E9", "-.", "^"),
    "solar": Look("#E69F00", "-", "D"),
    "optical_flow": Look("#009E73", "-.", "P"),
    "temdeep": Look("#D55E00", "-", "*", 2.0),
}
_OTHERS = (Look("#CC79A7", "-", "X"), Look("#882255", "--", "<"), Look("#44AA99", ":", ">"))


def look(method: str) -> Look:
    """Colour, line and marker of a method; methods we do not know share a few more."""
    return _LOOKS.get(method) or _OTHERS[sum(map(ord, method)) % len(_OTHERS)]


def label(method: str) -> str:
    """Name of a method in words."""
    return {"temdeep": "TemDeep"}.get(method, method.replace("_", " "))


def unit_text(units: str) -> str:
    """Units for an axis: powers raised, nothing for a pure number."""
    words = []
    for word in units.replace("**", "").replace("^", "").split():
        stem = word.rstrip("-0123456789")
        power = word[len(stem) :]
        words.append(rf"{stem}$^{{{power}}}$" if stem and power else word)
    text = " ".join(words)
    return "" if text == "1" else text.replace("-", "−") if "$" not in text else text


def panels(count: int, *, width: float = 3.4, height: float = 2.5) -> tuple[Figure, Sequence[Axes]]:
    """A figure with that many panels in rows of up to four, and room for a legend above."""
    columns = min(count, 4 if count > 6 else 3)
    rows = -(-count // columns)
    with mpl.rc_context(RC):
        figure = Figure((width * max(columns, 2), height * rows + 0.75))
        grid = figure.subplots(rows, columns, squeeze=False)
    axes = list(grid.ravel())
    for unused in axes[count:]:
        unused.set_axis_off()
    return figure, axes[:count]


def shared_legend(figure: Figure, axes: Axes, *, columns: int = 8) -> None:
    """One legend for all panels, below them."""
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(columns, len(names)))


def save(figure: Figure, target: Path) -> Path:
    """Write a figure.

    Raises:
        OutputError: The folder cannot be written to.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(RC):
            figure.savefig(target)
    except OSError as error:
        raise OutputError(f"the figure {target} cannot be written: {error.strerror}.") from error
    return target
