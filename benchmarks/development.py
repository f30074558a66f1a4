"""What the choices in docs/method.md rest on: parts left out, tried on development periods.

    python -m benchmarks.development [--only NAME ...]

No period here is a test period of the README. Needs the real files named by TEMDEEP_DATA. Prints
restoration rates in %, pooled over instantaneous variables, and the seconds a training took.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from temdeep.fields.series import Series, open_series
from temdeep.methods.protocol import Method
from temdeep.methods.registry import build
from temdeep.training.fit import train
from temdeep.training.settings import LossWeights, TrainingSettings
from temdeep.verification.evaluate import evaluate

DATA = Path(os.environ.get("TEMDEEP_DATA", Path(__file__).parents[2] / "shared" / "data"))
UK = "era5_uk_t2m_2019-03.nc"
EARLY = ("2019-03-01T00", "2019-03-16T12")
LATER = ("2019-03-17T00", "2019-03-22T23")
BASE = TrainingSettings()


@dataclass(frozen=True)
class Case:
    """One training and its trial.

    Attributes:
        file: Of hourly fields.
        every: Kept times, one in so many.
        learnt: First and last time that is learnt from, thinned.
        tried: First and last time that is filled in.
        settings: How it is trained; None: classical methods only.
    """

    file: str
    every: int
    learnt: tuple[str, str]
    tried: tuple[str, str]
    settings: TrainingSettings | None = field(default_factory=TrainingSettings)


ATLANTIC = Case(
    "speedy_t63_atlantic_train.nc",
    6,
    ("2000-03-04T00", "2000-03-25T00"),
    ("2000-03-26T00", "2000-04-01T00"),
)
CASES = {
    "atlantic": ATLANTIC,
    "atlantic, no coherence": replace(
        ATLANTIC, settings=replace(BASE, losses=LossWeights(coherence=0, kink=0))
    ),
    "atlantic, no motion": replace(ATLANTIC, settings=replace(BASE, flow=False)),
    "atlantic, spans alike": replace(ATLANTIC, settings=replace(BASE, span_power=0.0)),
    "atlantic, mirrored": replace(ATLANTIC, settings=replace(BASE, mirror=0.5)),
    "era5 3 h": Case(UK, 3, EARLY, LATER),
    "era5 6 h": Case(UK, 6, EARLY, LATER),
    "era5 12 h": Case(UK, 12, EARLY, LATER),
    "era5 3 h, first days": Case(
        UK, 3, ("2019-03-10T00", "2019-03-31T23"), ("2019-03-01T00", "2019-03-08T23")
    ),
    "era5 6 h, first days": Case(
        UK, 6, ("2019-03-10T00", "2019-03-31T23"), ("2019-03-01T00", "2019-03-08T23")
    ),
    "era5 12 h, first days": Case(
        UK, 12, ("2019-03-10T00", "2019-03-31T23"), ("2019-03-01T00", "2019-03-08T23")
    ),
}


def main() -> None:
    """Run cases and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=sorted(CASES), default=list(CASES))
    print("| case | cubic | solar | optical flow | temdeep | training, s |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in parser.parse_args().only:
        rates, seconds = run(CASES[name])
        shown = [f"{rates[one]:.1f}" for one in ("cubic", "solar", "optical_flow", "temdeep")]
        print(f"| {name} | {' | '.join(shown)} | {seconds:.0f} |", flush=True)


def run(case: Case) -> tuple[Mapping[str, float], float]:
    """Restoration rates by method, and how long the training took."""
    fine = open_series([DATA / case.file])
    coarse = fine.between(*case.learnt).thin(case.every)
    names = ("cubic", "solar", "optical_flow")
    methods: dict[str, Method] = {name: build(name, coarse) for name in names}
    began = time.perf_counter()
    methods["temdeep"] = _model(coarse, case)
    seconds = time.perf_counter() - began
    found = evaluate(fine, withhold=case.every, methods=methods, period=case.tried)
    rates = {
        str(one["method"]): float(one["restoration_rate"])
        for one in found.records
        if one["variable"] == "pooled" and one["lead_fraction"] is None
    }
    return rates, seconds


def _model(coarse: Series, case: Case) -> Method:
    with tempfile.TemporaryDirectory() as folder:
        return train(coarse, Path(folder) / "run", settings=case.settings)


if __name__ == "__main__":
    main()
