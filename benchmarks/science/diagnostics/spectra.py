"""Power along rows in the middle of intervals, against the truth's at the same times.

The mean of two fields that have moved against each other is smoother than either: a wave
cos(kx - ωt) keeps cos²(ωτ/2) of its power at the middle of an interval τ.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from benchmarks.science.diagnostics.filled import Record, make_record, winds

from temdeep.metric import Float64Array
from temdeep.verification.evaluate import Evaluation
from temdeep.verification.spectra import wavelengths_km
from temdeep.verification.tally import Tally

FEWEST_WAVES = 3
OCTAVE_KM = 1000.0
"""Bands are octaves whose bounds are this times whole powers of two."""


def spectrum_records(evaluation: Evaluation) -> list[Record]:
    """Power of each method over the truth's, by band of wavelengths and over all of them.

    Returns:
        `kinetic_energy_ratio` of each wind and `power_ratio` of each other variable, with
        `from_km` and `to_km` of the band (null: all waves) and `share`, the truth's power in it
        over that of all waves. 1 is right, less is too smooth.
    """
    about = evaluation.about
    km = wavelengths_km(evaluation.withheld.fine.grid)
    if len(km) < FEWEST_WAVES:
        return []
    records = []
    for name, of_method, truth in _spectra(evaluation):
        diagnostic = "kinetic_energy_ratio" if "/" in name else "power_ratio"
        for low, high, inside in _bands(km):
            below = truth[inside].sum()
            for method, power in of_method.items():
                records.append(
                    make_record(
                        about["dataset"],
                        about["split"]["span_hours"],
                        method,
                        diagnostic,
                        name,
                        power[inside].sum() / below if below > 0 else np.nan,
                        "1",
                        from_km=low,
                        to_km=high,
                        share=below / truth.sum() if below > 0 else 0.0,
                    )
                )
    return records


def ratios_by_wavelength(evaluation: Evaluation) -> dict[str, dict[str, Float64Array]]:
    """Power over the truth's at each of `wavelengths_km`, by variable and method."""
    return {
        name: {
            method: power / np.where(truth > 0, truth, np.nan)
            for method, power in of_method.items()
        }
        for name, of_method, truth in _spectra(evaluation)
    }


def _spectra(
    evaluation: Evaluation,
) -> Iterator[tuple[str, dict[str, Float64Array], Float64Array]]:
    """Name, power of each method and of the truth: of winds, then of all that is none."""
    for tally in evaluation.tallies:
        pairs = winds(tally.channels)
        for name, *components in pairs:
            yield name, *_energy(tally, components)
        paired = {place for _, *components in pairs for place in components}
        for place in np.flatnonzero(tally.plain).tolist():
            if place not in paired:
                yield tally.channels[place].name, *_energy(tally, [place])


def _energy(tally: Tally, places: list[int]) -> tuple[dict[str, Float64Array], Float64Array]:
    """Power of some channels together, of each method and of the truth."""
    of_method = {
        method: counts.power[places].sum(axis=0) for method, counts in tally.of_method.items()
    }
    return of_method, tally.truth_power[places].sum(axis=0)


def _bands(km: Float64Array) -> Iterator[tuple[float | None, float | None, npt.NDArray[np.bool_]]]:
    """All waves, then octaves from the longest to the shortest that hold a wave."""
    yield None, None, np.ones(len(km), np.bool_)
    octave = np.floor(np.log2(km / OCTAVE_KM)).astype(np.int64)
    for power in sorted(set(octave.tolist()), reverse=True):
        yield OCTAVE_KM * 2.0**power, OCTAVE_KM * 2.0 ** (power + 1), octave == power
