"""`python eval.py`: test a trained model against the truth that `config/config.yaml` names."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temdeep.asked import whole_number
from temdeep.cli.config_file import SHIPPED, Config
from temdeep.cli.configuration import read_settings
from temdeep.cli.evaluate import print_tables
from temdeep.cli.main import guarded
from temdeep.cli.reporting import progress_bar, tell_notes
from temdeep.cli.start_training import as_list
from temdeep.errors import RequestError

if TYPE_CHECKING:
    from temdeep.fields.series import Series
    from temdeep.verification.evaluate import Evaluation

DESCRIPTION = """Hide most times of the truth, fill them in with the model of model_path and with
 every classical method, and compare. Any value of config/config.yaml can be said here as
 --name=value."""


def main(arguments: Sequence[str] | None = None, *, config: Path = SHIPPED) -> int:
    """Evaluate.

    Args:
        arguments: `--name=value` each; those of the process if not given.
        config: YAML file with the settings.

    Returns:
        The exit code.
    """
    said = sys.argv[1:] if arguments is None else arguments
    return guarded(lambda: _evaluate(said, config), "eval.py", signals=arguments is None)


def _evaluate(arguments: Sequence[str], file: Path) -> int:
    config = read_settings(
        Config, file=file, arguments=arguments, program="eval.py", description=DESCRIPTION
    )
    whole_number(config.seed, "seed")
    epoch = _epoch(config.epoch_num)
    from temdeep.fields.series import open_series
    from temdeep.model_store import description
    from temdeep.training.runs import last_run
    from temdeep.verification.outputs import write_text
    from temdeep.verification.tables import as_csv, as_json

    run = last_run(Path(config.model_path))
    told = description(run, epoch)
    trained_on = told["trained_on"]
    truth = open_series(
        as_list(config.truth),
        variables=_variables(trained_on["variables"]),
        kinds=config.kinds or None,
        static=config.static,
    )
    print(f"{run}, epoch {told['epoch']}, against {truth.source}", file=sys.stderr)
    evaluation = _evaluation(config, run, epoch, truth, trained_on)
    target = Path(config.metrics or run / f"metrics_epoch_{told['epoch']:04d}.json")
    table = target.with_suffix(".csv")
    evaluation.about["model"] = {"folder": str(run), "epoch": told["epoch"]}
    write_text(target, as_json(evaluation.as_json()))
    write_text(table, as_csv(evaluation.records))
    print_tables(evaluation, [target, table])
    tell_notes(evaluation.about["notes"], quiet=False)
    return 0


def _evaluation(
    config: Config, run: Path, epoch: int | None, truth: Series, trained_on: dict[str, Any]
) -> Evaluation:
    """Compare the model with all classical methods, fitted to what is not hidden."""
    from temdeep.methods.consistent import keep_consistent
    from temdeep.methods.registry import METHOD_NAMES, build_all
    from temdeep.model_store import load_method
    from temdeep.verification.evaluate import evaluate
    from temdeep.verification.withholding import thin_out

    model = load_method(run, epoch)
    withhold = config.withhold or _withhold(truth, trained_on["step_s"])
    coarse = thin_out(truth, withhold).coarse
    methods = {**build_all(METHOD_NAMES, coarse), model.name: model}
    with progress_bar("filling in", 1000, quiet=False) as show_done:
        return evaluate(
            truth,
            withhold=withhold,
            methods={
                name: keep_consistent(method, truth.channels) for name, method in methods.items()
            },
            dataset=Path(as_list(config.truth)[0]).stem,
            trained_on=trained_on,
            seed=config.seed,
            progress=lambda done, total: show_done(1000 * done // total),
        )


def _epoch(said: int | str) -> int | None:
    """An epoch's number, None for the best.

    Raises:
        RequestError: It is neither.
    """
    if said == "best":
        return None
    if isinstance(said, str):
        raise RequestError(f"epoch_num is '{said}': say best, or the number of an epoch.")
    return said


def _variables(channels: list[str]) -> list[str]:
    """The variables that channels are of: those at several levels are one."""
    return list(dict.fromkeys(name.split("[")[0] for name in channels))


def _withhold(truth: Series, step_s: float) -> int:
    """How many steps of the truth make the step a model was trained on.

    Raises:
        RequestError: It is no whole number of them.
    """
    times, rest = divmod(round(step_s * 1e6), truth.time.step_us)
    if rest or times < 2:
        raise RequestError(
            f"the model was trained at steps of {step_s / 3600:g} h, and {truth.source} has one of"
            f" {truth.time.step_us / 3.6e9:g} h: say with --withhold one in how many is kept."
        )
    return int(times)


if __name__ == "__main__":
    sys.exit(main())
