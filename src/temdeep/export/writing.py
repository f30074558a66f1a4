"""Exports a model and writes it, complete or not at all.

Knows: models, torch's way of exporting, files. Must not know: training, the command line.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from temdeep import model_store
from temdeep.errors import GridError, ModelError, OutputError
from temdeep.export.describing import describe, moves
from temdeep.export.program import Program
from temdeep.fields.series import Series
from temdeep.methods.learnt import Learnt
from temdeep.outputs import check_free, check_place

SUFFIX = ".pt2"
TOLD = "temdeep.json"
"""Name of the description inside a program's file."""


def targets_of(target: Path, model: Learnt) -> list[Path]:
    """The files that an export writes: the program, and where it asks for a motion a second one."""
    return [target, target.with_suffix(f".calm{SUFFIX}")] if moves(model) else [target]


def check_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a target that cannot be written, before any work is done.

    Raises:
        OutputError: Another suffix, a URL, no such folder, or an existing file.
    """
    if target.suffix != SUFFIX:
        raise OutputError(f"{target} is no program of PyTorch by its suffix: end it in {SUFFIX}.")
    check_place(target)
    if target.is_dir():
        raise OutputError(f"{target} is a folder, and is not replaced.")
    check_free(target, overwrite=overwrite)


def export_run(
    run: Path, series: Series, target: Path, *, epoch: int | None = None, overwrite: bool = False
) -> dict[str, Any]:
    """Write a trained model's network, with all that goes with it, for a series' grid.

    Args:
        run: Folder of the training run.
        series: Has the variables of the model, and the grid.
        target: File with suffix .pt2.
        epoch: Which epoch; None: the best one.
        overwrite: Replace what is there.

    Returns:
        What the program takes, returns and leaves out; with the files as `written`.

    Raises:
        ModelError: There is no model, none of its variables is left to the network, or it does not
            fit the series.
        GridError: The grid is not of rows and columns.
        OutputError: The target exists, or cannot be written.
    """
    check_target(target, overwrite=overwrite)
    model = model_store.load_method(run, epoch)
    targets = targets_of(target, model)
    for one in targets[1:]:
        check_target(one, overwrite=overwrite)
    _check(model, series, run)
    program = Program(model, series.grid).eval()
    told = describe(
        model, series, model_store.description(run, epoch), model_store.digest(run, epoch)
    )
    told["torch"] = torch.__version__
    whole = [_as_bytes(program, told, "fields")]
    if moves(model):
        whole.append(_as_bytes(program.calm, told, "calm"))
    for one, content in zip(targets, whole, strict=True):
        _write(one, content)
    return {**told, "written": [str(one) for one in targets]}


def _check(model: Learnt, series: Series, run: Path) -> None:
    if all(one.name in model.instead for one in model.channels):
        methods = ", ".join(f"{name}: {method}" for name, (method, _) in model.instead.items())
        raise ModelError(
            f"the training of {run} left every variable to a classical method ({methods}): there is"
            " no network to export, and temdeep downscale fills in without one."
        )
    if not series.grid.uniform:
        raise GridError(
            f"{series.source} has places that are no neighbours: a network needs rows and columns."
        )
    model.places(series.instantaneous())
    for one in model.channels:
        model.treatment(one, series.grid)


def _as_bytes(part: nn.Module, told: Mapping[str, Any], name: str) -> bytes:
    arguments = told["arguments"] if name == "fields" else told["arguments"][:3]
    exported = _exported(part, arguments)
    written = io.BytesIO()
    text = json.dumps({**told, "program": name, "arguments": arguments}, indent=1, allow_nan=False)
    torch.export.save(exported, written, extra_files={TOLD: text})
    return written.getvalue()


def _exported(part: nn.Module, arguments: list[dict[str, Any]]) -> ExportedProgram:
    """A module as a graph, for any number of lead fractions."""
    shapes: list[dict[int, Any] | None] = [
        {0: Dim("time", min=1)} if one["name"] == "theta" else None for one in arguments
    ]
    with torch.no_grad():
        exported = torch.export.export(
            part, tuple(map(_example, arguments)), dynamic_shapes=tuple(shapes)
        )
    for graph in (one for one in exported.graph_module.modules() if hasattr(one, "graph")):
        for node in graph.graph.nodes:
            node.meta.pop("stack_trace", None)  # whoever runs it has no use for our paths
    exported.example_inputs = None
    return exported


def _example(argument: Mapping[str, Any]) -> Tensor:
    """Anything of the right size."""
    shape = [3 if one == "time" else one for one in argument["shape"]]
    if argument["name"] == "span_s":
        return torch.tensor(3600.0, dtype=torch.float64)
    return torch.zeros(shape, dtype=getattr(torch, argument["dtype"]))


def _write(target: Path, content: bytes) -> None:
    """Write a file; it appears under its name only when it is whole.

    Raises:
        OutputError: The folder cannot be written to.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise OutputError(f"{target} cannot be written: {error.strerror}.") from error
