"""All that is looked at together: the runs of an output, each with its truth.

Knows: files through `output` and `truth`. Must not know: web pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from temdeep.viewer.output import Output, open_output
from temdeep.viewer.reading import Reader
from temdeep.viewer.truth import Truth, open_truth


@dataclass(frozen=True, eq=False)
class Run:
    """One run of an output with what reads it; shared by all who look at it."""

    output: Output
    reader: Reader
    truth: Truth | None
    true_reader: Reader | None


def open_runs(
    output: str | Path, truth: str | Path | None, kinds: Mapping[str, str] | None = None
) -> tuple[Run, ...]:
    """Open what is to be looked at, reading no fields.

    Args:
        output: What `temdeep downscale` wrote.
        truth: A series to compare it with, if there is one.
        kinds: What variables stand for, where the output does not say.

    Returns:
        One for each forecast run of the output.

    Raises:
        TemdeepError: One of them cannot be looked at, in one sentence.
    """
    outputs = open_output(output, kinds)
    truths: Sequence[Truth | None] = [None] * len(outputs)
    true_reader = None
    if truth is not None:
        opened = open_truth(truth, tuple(one.opened for one in outputs))
        truths, true_reader = opened, Reader(opened[0].opened)
    return tuple(
        Run(one, Reader(one.opened), beside, true_reader)
        for one, beside in zip(outputs, truths, strict=True)
    )
