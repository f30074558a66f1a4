"""`python main.py`: train with `config/config.yaml`, alone or with processes started by hand."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from temdeep.cli.arguments import names, thinned
from temdeep.cli.config_file import SHIPPED, Config
from temdeep.cli.configuration import read_settings
from temdeep.cli.main import guarded
from temdeep.cli.reporting import tell
from temdeep.cli.trained import epochs_shown, summary_lines, tell_series, teller
from temdeep.errors import RequestError

if TYPE_CHECKING:
    from temdeep.fields.series import Series
    from temdeep.training.processes import Processes

DESCRIPTION = """Train with config/config.yaml; any value of it can be said here as --name=value.
 Several processes: CUDA_VISIBLE_DEVICES=0 python main.py --nodes 2 --nr 0, and on the next GPU
 CUDA_VISIBLE_DEVICES=1 python main.py --nodes 2 --nr 1."""


def main(arguments: Sequence[str] | None = None, *, config: Path = SHIPPED) -> int:
    """Train.

    Args:
        arguments: `--name=value` each; those of the process if not given.
        config: YAML file with the settings.

    Returns:
        The exit code.
    """
    said = sys.argv[1:] if arguments is None else arguments
    return guarded(lambda: _train(said, config), "main.py", signals=arguments is None)


def _train(arguments: Sequence[str], file: Path) -> int:
    config = read_settings(
        Config, file=file, arguments=arguments, program="main.py", description=DESCRIPTION
    )
    processes = _processes(config)
    from temdeep.training.fit import meet, train_run
    from temdeep.training.trainer import uses_cuda

    began = time.perf_counter()
    first = processes.rank == 0
    say = teller(quiet=False)
    meeting = meet(processes, say, cuda=uses_cuda(config.device))
    series = open_configured(config)
    tell_series(series, quiet=not first)
    with epochs_shown(quiet=not first) as progress:
        trained = train_run(
            series,
            config.model_path,
            settings=config.training,
            overwrite=config.overwrite,
            processes=meeting,
            progress=progress,
            logs=config.runs,
            device=config.device,
            tell=say,
        )
    lines = summary_lines(trained, series) if first else []
    tell([*lines, f"{time.perf_counter() - began:.1f} s"], quiet=not first)
    return 0


def open_configured(config: Config) -> Series:
    """Open the coarse series that a configuration names.

    Raises:
        TemdeepError: It cannot be opened or understood.
    """
    from temdeep.fields.series import open_series

    series = open_series(
        as_list(config.data),
        variables=names(as_list(config.variables)) or None,
        kinds=config.kinds or None,
        static=config.static,
    )
    if config.first is not None or config.last is not None:
        series = series.between(config.first, config.last)
    return thinned(series, config.every)


def as_list(value: str | list[str]) -> list[str]:
    """One or many, as many."""
    return [value] if isinstance(value, str) else value


def _processes(config: Config) -> Processes:
    """Which of the processes this is, and where they meet.

    Raises:
        RequestError: There is no such process or place.
    """
    from temdeep.cli.joining import started_by_others
    from temdeep.training.processes import Processes

    found = started_by_others()
    if found is not None and config.nodes == 1:
        return replace(found, wait_s=config.wait)
    port = os.environ.get("MASTER_PORT", str(Processes.port))
    if not port.isdigit():
        raise RequestError(f"MASTER_PORT is '{port}', which is no number: take a free port.")
    address = os.environ.get("MASTER_ADDR", Processes.address)
    return Processes(config.nodes, config.nr, config.wait, address, int(port))


if __name__ == "__main__":
    sys.exit(main())
