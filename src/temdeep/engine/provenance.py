"""How an output came about, as global attributes, and the method that made it.

Knows: methods and models by name. Must not know: series' values, output files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from temdeep.asked import whole_number
from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.methods import registry
from temdeep.methods.consistent import ALL, PostCondition, keep_consistent
from temdeep.methods.protocol import Method
from temdeep.methods.spread import Spread
from temdeep.methods.uncertain import Beside, Uncertain
from temdeep.methods.unfamiliar import unfamiliar

DEFAULT_METHOD = "auto"


@dataclass(frozen=True)
class Chosen:
    """A method and where it comes from.

    Attributes:
        method: The method.
        model_sha256: Hash of the weights of a learnt one, else empty.
        notes: What the user should know of it, a sentence each.
    """

    method: Method
    model_sha256: str = ""
    notes: tuple[str, ...] = ()


def choose(
    series: Series,
    *,
    method: str | None,
    model: Path | None,
    epoch: int | None = None,
    precision: str | None = None,
    draw: int | None = None,
    post_conditions: frozenset[PostCondition] = ALL,
    beside: tuple[Beside, ...] = (),
) -> Chosen:
    """Build the method that a user names, `DEFAULT_METHOD` if none.

    Args:
        series: What it will fill.
        method: A classical method's name.
        model: Folder of a training run.
        epoch: Which of the run's epochs; its best if None.
        precision: Of the layers of the run's network, `float32` or `bf16`; float32 if None.
        draw: Seed of one likely course of precipitation; None: its best estimate.
        post_conditions: What made values keep between variables.
        beside: What is written beside each variable of how wrong it may be. It is found on
            hidden times of the series, and was learnt before by a model.

    Raises:
        RequestError: Both a method and a model, an epoch or a precision without a model, an unknown
            name; a draw with fields beside it; a series too short to tell how wrong it may be.
        ModelError: The model is absent or broken.
    """
    chosen = _best_estimate(series, method, model, epoch, precision)
    made_by = chosen.method
    if draw is not None:
        draw = whole_number(draw, "the seed of a draw")
        from temdeep.methods.realisation import Realisation  # noqa: PLC0415 - only for draws

        made_by = Realisation.fitted_to(series, made_by, draw)
    consistent = keep_consistent(made_by, series.channels, post_conditions)
    if beside:
        if draw is not None:
            raise RequestError(
                "a draw is one course of what may have been, and no estimate that is wrong by so"
                " much: leave out --draw, or --uncertainty, --quantiles and --members."
            )
        spread = spread_of(series, consistent, model, epoch)
        if any(one.draw is not None for one in beside):
            refuse_members(series, spread)
        consistent = Uncertain(consistent, spread, beside)
    return replace(chosen, method=consistent)


def refuse_members(series: Series, spread: Spread) -> None:
    """Refuse members where it is not known over what distance errors go together.

    Raises:
        RequestError: The places are no neighbours, or the model does not say it.
    """
    if not series.grid.uniform:
        raise RequestError(
            f"{series.source} has places that are no neighbours, and members are fields: ask for"
            " --quantiles instead."
        )
    unknown = [
        one.name
        for one in series.channels
        if spread.knows(one) and not spread.of_channel[one.name].length_m > 0
    ]
    if unknown:
        raise RequestError(
            f"it is not known over what distance errors of {', '.join(unknown)} go together: the"
            " grid is too small, or an earlier version trained the model; ask for --quantiles"
            " instead of members."
        )


def spread_of(
    series: Series, method: Method, model: Path | None, epoch: int | None = None
) -> Spread:
    """How wrong a method may be: as hidden times of a series say.

    Of a model it is what that learnt before, corrected by them.

    Args:
        series: What it will fill.
        method: The method.
        model: The folder of the model that it is, None if it is none.
        epoch: Which of its epochs; None: its best, the only one that it says it of.

    Raises:
        RequestError: The series is too short, or holds nothing of which it can be told.
        ModelError: The model is broken.
    """
    from temdeep.methods import spread_fitting  # noqa: PLC0415 - only where asked for

    if model is not None:
        from temdeep.model_store import description, spread  # noqa: PLC0415 - torch takes seconds

        told = spread(model, epoch)
        if told is not None:
            seen = _seen_in_training(series, description(model, epoch).get("trained_on", {}))
            return spread_fitting.spread_in_use(told, series, seen, method)
    return spread_fitting.fit_spread(series, method)


def _seen_in_training(series: Series, trained_on: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Which times of a series lie in a time that a model was trained on, wherever that was."""
    parts = trained_on.get("series", [trained_on])
    inside = [
        series.time.inside(str(one["first"]), str(one["last"]))
        for one in parts
        if {"first", "last"} <= set(one)
    ]
    return np.any(inside, axis=0) if inside else np.zeros(len(series.time), np.bool_)


def _best_estimate(
    series: Series,
    method: str | None,
    model: Path | None,
    epoch: int | None,
    precision: str | None,
) -> Chosen:
    if model is None:
        if precision is not None:
            raise RequestError(
                f"{method or DEFAULT_METHOD} has no network whose precision could be {precision}:"
                " leave out --precision, or name a model."
            )
        if epoch is not None:
            raise RequestError(f"epoch {epoch} of what? Name the model's folder with --model.")
        return Chosen(registry.build(method or DEFAULT_METHOD, series))
    if method not in (None, "temdeep"):
        raise RequestError(
            f"say a method ({method}) or a model ({model}), not both: a model is a method."
        )
    from temdeep.model_store import digest, load_method  # noqa: PLC0415 - torch takes seconds

    learnt = load_method(model, epoch)
    if precision is not None:
        from temdeep.methods.learnt import PRECISIONS  # noqa: PLC0415 - likewise

        if precision not in PRECISIONS:
            raise RequestError(
                f"there is no precision '{precision}': say one of {', '.join(PRECISIONS)}."
            )
        learnt = replace(learnt, precision=precision)
    return Chosen(learnt, digest(model, epoch), unfamiliar(series, learnt))


def provenance(chosen: Chosen, command: str) -> dict[str, str]:
    """Global attributes of an output.

    Args:
        chosen: What made it.
        command: The command or call as the user gave it.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    attributes = {"history": f"{now}: {command}", "temdeep_command": command}
    if chosen.model_sha256:
        attributes["temdeep_model_sha256"] = chosen.model_sha256
    return attributes
