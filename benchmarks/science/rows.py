"""A row: one method on one case, with the hash of all that it came from.

A row whose inputs are those of a row that is there is not computed again. Inputs are the data file,
the case, how the method is made, and the code that decides what comes out: syntax trees without
docstrings, so that words may change.
"""

import ast
import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.science.cases import Case
from benchmarks.science.diagnostics.robustness import with_noise, with_noise_where_given

from benchmarks.science import contenders
from temdeep.checkout import checkout_commit
from temdeep.training.settings import TrainingSettings
from temdeep.verification.evaluate import Evaluation, evaluate

PACKAGE = Path(__file__).parents[2] / "src" / "temdeep"
BENCHMARK = Path(__file__).parent
METHODS = ("spline.py", "metric.py", "fields", "methods")
NETWORK = ("network", "training", "model_store.py")
SCORES = ("scores.py", "verification")
SECONDS = "seconds.txt"
"""In the folder of a model: what its training took."""

OWN = ("contenders.py", "radar.py", "diagnostics/robustness.py")
"""Of the benchmark itself, what decides what is learnt from and tested on."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """What a row is of.

    Attributes:
        case: The data.
        method: Of `CONTENDERS`.
        settings: Of trainings.
        models: Where trained models stay.
        label: The method's name in records; more than one setting of it may be tried.
        noise: Of the coarse series, as a share of the change over a step.
    """

    case: Case
    method: str
    settings: TrainingSettings
    models: Path | None = None
    label: str = ""
    noise: float = 0.0

    @property
    def name(self) -> str:
        """The method as records name it."""
        return self.label or self.method

    @property
    def key(self) -> str:
        """Hash of the inputs."""
        return self._hash(SCORES)

    @property
    def model_key(self) -> str:
        """Hash of the inputs of a training, to which it does not matter how it is scored."""
        return self._hash(())

    def _hash(self, scores: tuple[str, ...]) -> str:
        trained = self.method in contenders.TRAINED
        told: Json = {
            "data": [_digest_of_file(path) for path in self.case.paths],
            "case": asdict(self.case),
            "method": self.method,
            "noise": self.noise,
            "own": _digest([BENCHMARK / name for name in OWN]),
            "code": _digest_of_code((*METHODS, *(NETWORK if trained else ()), *scores)),
        }
        if trained:
            told["settings"] = asdict(self.settings)
        if self.method in contenders.MAKERS:
            told["opponent"] = _digest(sorted((BENCHMARK / "opponents").glob("*.py")))
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def run(task: Task) -> Json:
    """Make the method, fill in, score.

    Returns:
        `case`, `method`, `inputs`, `seed`, `train_s`, `apply_s`, `commit`, `date`, `records` of the
        method and of linear, and `squares`: summed square errors of both by block and variable.
    """
    contenders.single_thread()
    began = time.perf_counter()
    case, coarse = task.case, task.case.coarse()
    tested = case.fine().between(*case.tested)
    if task.noise:
        coarse = with_noise(coarse, task.noise, seed=0)
        tested = with_noise_where_given(tested, case.every, task.noise, seed=1)
    models = task.models and task.models / task.model_key
    method = contenders.make(task.method, case, coarse, task.settings, models)
    made = time.perf_counter()
    train_s = made - began if models is None else _first_time(models / SECONDS, made - began)
    found = evaluate(
        tested,
        withhold=case.every,
        methods={task.name: method},
        dataset=case.dataset,
        trained_on=case.trained_on(),
    )
    records = [one for one in found.records if one["method"] == task.name]
    further = case.further_scores(tested, method)
    for one in records:
        if one["lead_fraction"] is None:
            one.update(further)
    return {
        "case": case.name,
        "method": task.name,
        "inputs": task.key,
        "seed": task.settings.seed,
        "train_s": round(train_s, 1),
        "apply_s": round(time.perf_counter() - made, 1),
        "commit": checkout_commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "split": found.about["split"],
        "bootstrap": found.about["bootstrap"],
        "squares": {name: _squares(found, name) for name in {task.name, "linear"}},
        "records": records,
    }


def _first_time(file: Path, seconds: float) -> float:
    """How long a training took that is used again; as long as this one, where it is the first."""
    if file.parent.is_dir() and not file.is_file():
        file.write_text(str(seconds), encoding="utf-8")
    return float(file.read_text(encoding="utf-8")) if file.is_file() else seconds


def _squares(found: Evaluation, name: str) -> list[list[float]]:
    """Summed square errors by block and instantaneous variable; none where there is none."""
    tally = found.tallies[0]
    if tally.channels[0].kind.is_period:
        return []
    square = tally.of_method[name].errors.square.sum(axis=1)
    return [[float(f"{value:.7g}") for value in row] for row in np.asarray(square)]


@cache
def _digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _digest_of_code(parts: tuple[str, ...]) -> str:
    files = [
        file
        for part in parts
        for file in ([PACKAGE / part] if part.endswith(".py") else (PACKAGE / part).rglob("*.py"))
    ]
    return _digest(sorted(files))


def _digest(files: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for file in files:
        found.update(ast.dump(_without_docstrings(ast.parse(file.read_bytes()))).encode())
    return found.hexdigest()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [one for one in node.body if not _is_text(one)] or [ast.Pass()]
    return tree


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def by_key(rows: Iterable[Mapping[str, Any]]) -> dict[str, Json]:
    """Rows that are there, by the hash of their inputs."""
    return {row["inputs"]: dict(row) for row in rows}
