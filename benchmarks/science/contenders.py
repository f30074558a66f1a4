"""Who takes part: how each method is made for a case, from what it may see.

Only the supervised ones, `afno` and `twin`, ever see the truth, and only that of the training
period. They show what could be had with it.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from benchmarks.science.cases import Case
from benchmarks.science.opponents import advection_correction, afno, rife

from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.methods.consistent import keep_consistent
from temdeep.methods.protocol import Method
from temdeep.methods.rain_motion import is_rain
from temdeep.methods.realisation import Realisation
from temdeep.methods.registry import METHOD_NAMES, build
from temdeep.training.fit import train
from temdeep.training.settings import LossWeights, TrainingSettings

OURS, TWIN, PAPER, AFNO = "temdeep", "twin", "temdeep_paper", "afno"
ADVECTION, RIFE = "advection_correction", "rife"
DRAW = "optical_flow_draw"
"""One likely course of rain around the optical flow's estimate."""

TRAINED = (OURS, TWIN, PAPER, AFNO)
CONTENDERS = (*METHOD_NAMES, DRAW, ADVECTION, RIFE, AFNO, PAPER, TWIN, OURS)


def make(
    name: str,
    case: Case,
    coarse: Series,
    settings: TrainingSettings,
    models: Path | None = None,
) -> Method:
    """Build or train a contender.

    Args:
        name: Of `CONTENDERS`.
        case: Says what may be seen.
        coarse: What is learnt from.
        settings: Of all trainings.
        models: Folder where trained models stay; None: they are not kept.

    Raises:
        TemdeepError: It cannot be built, such as for want of a package.
    """
    if name == AFNO and not case.supervised:
        raise RequestError(
            "there is no truth on its grid to learn from that it would not be tested on."
        )
    if name in METHOD_NAMES:
        method = build(name, coarse)
    elif name == DRAW:
        if not any(map(is_rain, coarse.instantaneous())):
            raise RequestError("there are no rates of rain at an instant to draw.")
        method = Realisation.fitted_to(coarse, build("optical_flow", coarse), settings.seed)
    elif name in MAKERS:
        method = MAKERS[name](case)
    else:
        series = case.taught() if name == TWIN else case.lessons() or [coarse]
        if not series:
            raise RequestError("there is no truth to learn from that it would not be tested on.")
        with tempfile.TemporaryDirectory() as folder:
            run = (models or Path(folder)) / f"{case.name}-{name}"
            given = series if len(series) > 1 else series[0]
            method = train(given, run, settings=settings_of(name, case, settings), device="cpu")
    return keep_consistent(method, coarse.channels)


def settings_of(name: str, case: Case, settings: TrainingSettings) -> TrainingSettings:
    """How ours, its twin and the published method are trained."""
    if name == TWIN:
        return replace(
            settings,
            spans=(case.taught_every,),
            pretrain=0.0,
            without=tuple(sorted({*settings.without, "daily", "trial", "fallback"})),
            losses=replace(settings.losses, coherence=0.0, kink=0.0),
        )
    if name == PAPER:
        return replace(
            settings,
            pretrain=0.15,
            without=("context", "sun", "daily", "trial", "fallback"),
            losses=LossWeights(withheld=0.0, coherence=1.0, spatial=1e-3, temporal=1e-3),
        )
    return settings


MAKERS: Mapping[str, Callable[[Case], Method]] = {
    AFNO: lambda case: afno.build(case.truth(), case.every, seed=0),
    ADVECTION: lambda _: advection_correction.build(),
    RIFE: lambda _: rife.build(),
}
"""What belongs to others."""


def single_thread() -> None:
    """Leave the other cores to other rows."""
    torch.set_num_threads(1)
