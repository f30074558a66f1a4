"""All figures of an evaluation."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from temdeep.metric import Float64Array
from temdeep.verification.evaluate import Evaluation
from temdeep.verification.examples import hardest_snapshot, telling_place
from temdeep.verification.figure_style import save
from temdeep.verification.figures import draw_lead_error, draw_place, draw_spectra
from temdeep.verification.maps import draw_maps
from temdeep.verification.records import REFERENCE
from temdeep.verification.spectra import wavelengths_km
from temdeep.verification.spread_figures import draw_reliability, draw_spread_skill, told_of
from temdeep.verification.tally import Tally

MOST_VARIABLES = 12
"""Further variables are in the table, not in figures."""


def write_figures(
    evaluation: Evaluation,
    folder: Path,
    *,
    compared: str,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Draw maps and a place for each variable, errors by lead fraction, and spectra.

    Args:
        evaluation: What is drawn.
        folder: Where the PNG files go.
        compared: Method that maps set beside linear.
        progress: Told of each figure.

    Returns:
        The files, in the order drawn.

    Raises:
        OutputError: The folder cannot be written to.
    """
    scored = scored_channels(evaluation)
    names = [tally.channels[index].name for tally, index in scored]
    wanted = dict.fromkeys((REFERENCE, "cubic", compared))
    in_place = [name for name in wanted if name in evaluation.methods]
    methods = list(evaluation.methods)
    told = told_of(scored)
    total, files = 2 * len(names) + 2 + 2 * bool(told), list[Path]()

    def done(path: Path) -> None:
        files.append(path)
        if progress is not None:
            progress(len(files), total)

    for name in names:
        maps = draw_maps(
            hardest_snapshot(evaluation, name, [REFERENCE, compared]), REFERENCE, compared
        )
        done(save(maps, folder / f"maps_{_plain(name)}.png"))
        place = draw_place(telling_place(evaluation, name, in_place), in_place)
        done(save(place, folder / f"place_{_plain(name)}.png"))
    units = {tally.channels[index].name: tally.channels[index].units for tally, index in scored}
    error = draw_lead_error(evaluation.records, methods, units)
    done(save(error, folder / "error_by_lead_fraction.png"))
    wavelengths = wavelengths_km(evaluation.withheld.fine.grid)
    if len(wavelengths) >= 3:
        ratios = {
            tally.channels[index].name: power_ratios(tally, index, methods)
            for tally, index in scored
        }
        done(save(draw_spectra(ratios, wavelengths, methods), folder / "spectra.png"))
    if told:
        done(save(draw_reliability(told), folder / "reliability.png"))
        done(save(draw_spread_skill(told), folder / "spread_skill.png"))
    return files


def scored_channels(evaluation: Evaluation) -> list[tuple[Tally, int]]:
    """The channels that figures show: those that were scored, twelve at most."""
    return [
        (tally, index)
        for tally in evaluation.tallies
        for index in range(len(tally.channels))
        if tally.hardest[index][1] >= 0
    ][:MOST_VARIABLES]


def power_ratios(tally: Tally, index: int, methods: Sequence[str]) -> dict[str, Float64Array]:
    """Power of each method over the truth's, shape (wavelength,); NaN where that has none."""
    truth = np.where(tally.truth_power[index] > 0, tally.truth_power[index], np.nan)
    return {name: tally.of_method[name].power[index] / truth for name in methods}


def _plain(name: str) -> str:
    """A channel's name as part of a file name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
