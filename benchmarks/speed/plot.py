"""Our speed over the others', by size of the field."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt


def draw(records: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw every comparison against the number of cells; above 1 we are faster."""
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name in dict.fromkeys(one["name"] for one in records if "_vs_" in one["name"]):
        own = sorted((o["rows"] * o["columns"], o["value"]) for o in records if o["name"] == name)
        axes.plot(*zip(*own, strict=True), marker="o", label=name.replace("_", " "))
    axes.axhline(1, color="0.5", linewidth=1)
    axes.set(xscale="log", yscale="log", xlabel="cells of the grid", ylabel="our speed / theirs")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
