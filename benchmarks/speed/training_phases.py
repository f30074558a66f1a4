"""Where the time of a training goes, in one process and in two, in seconds of a core.

python -m benchmarks.speed.training_phases [--batch-size 8] [--epochs 5]

Both trainings run at the same time, so that what else the machine does slows all of it alike. What
a process waits for others takes no core and is not in the table; what it has to wait for is: the
sum over steps of the time of that process which took longest.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from benchmarks.speed import training
from benchmarks.speed.series import make

from temdeep.training import callbacks, module, samples

PHASES: tuple[tuple[Any, str, str], ...] = (
    (samples.Cutter, "cut", "cutting"),
    (samples.Cutter, "window_frames", "cutting"),
    (samples.Cutter, "fields", "cutting"),
    (samples.Cutter, "motion", "cutting"),
    (samples, "classical_motion", "motion, once for each interval"),
    (module.TrainingRun, "_supervised", "forward, hidden times"),
    (module.TrainingRun, "_coherent", "forward, coherence"),
    (module.TrainingRun, "backward", "backward, with gradients sent"),
    (module.TrainingRun, "held_out_squares", "validation"),
    (callbacks.EpochWriter, "on_train_epoch_end", "writing"),
)
OTHER = "all else"


class Clock:
    """Seconds of a core by phase, and by step; a phase inside another counts for itself alone."""

    def __init__(self) -> None:
        self.phases: defaultdict[str, float] = defaultdict(float)
        self.steps: list[float] = []
        self._stack, self._since, self._step = [OTHER], time.thread_time(), 0.0

    def timed(self, owner: Any, name: str, phase: str) -> None:
        """Time a function of a class or module from now on."""
        function = getattr(owner, name)

        @wraps(function)
        def measured(*arguments: Any, **named: Any) -> Any:
            self._turn()
            self._stack.append(phase)
            try:
                return function(*arguments, **named)
            finally:
                self._turn()
                self._stack.pop()

        setattr(owner, name, measured)

    def steps_of(self, owner: Any, name: str) -> None:
        """Take the end of a function for that of a step."""
        function = getattr(owner, name)

        @wraps(function)
        def measured(*arguments: Any, **named: Any) -> None:
            function(*arguments, **named)
            self.step()

        setattr(owner, name, measured)

    def step(self) -> None:
        """A step has ended, or an epoch."""
        self._turn()
        self.steps.append(self._step)
        self._step = 0.0

    def reset(self) -> None:
        """Forget what was."""
        self.step()
        self.phases.clear()
        self.steps.clear()

    def _turn(self) -> None:
        now = time.thread_time()
        self.phases[self._stack[-1]] += now - self._since
        self._step += now - self._since
        self._since = now


def be_one(told: str, series: str, run: str, count: str, rank: str, port: str) -> None:
    """Be one of the processes, and print what was measured after the first epoch."""
    clock = Clock()
    for phase in PHASES:
        clock.timed(*phase)
    clock.steps_of(module.TrainingRun, "on_train_batch_end")

    def progress(epoch: int) -> None:
        if epoch == 1:
            clock.reset()
        else:
            clock.step()

    training.be_one(series, run, (count, rank, port), json.loads(told), progress)
    print(json.dumps([clock.phases, clock.steps]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.training_phases")
    sizes = (("rows", 64), ("columns", 128), ("batch-size", 8), ("epochs", 5), ("width", 32))
    for name, default in sizes:
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    told = json.dumps({name: vars(asked)[name] for name in ("batch_size", "epochs", "width")})
    with tempfile.TemporaryDirectory() as name:
        source = make(Path(name) / "learning.nc", asked.rows, asked.columns, 80)
        command = [sys.executable, "-m", "benchmarks.speed.training_phases", "one", told]
        started = [training.start(command, source, Path(name), count) for count in (1, 2)]
        found = [[json.loads(text) for text in training.ended(one)] for one in started]
    one, first, second = (process for processes in found for process in processes)
    print(f"{'seconds of a core':34}{'one':>8}{'two: first':>12}{'second':>8}")
    for phase in dict.fromkeys([*(phase for *_, phase in PHASES), OTHER]):
        times = [phases.get(phase, 0.0) for phases, _ in (one, first, second)]
        print(f"{phase:34}{times[0]:8.2f}{times[1]:12.2f}{times[2]:8.2f}")
    sums = [sum(steps) for _, steps in (one, first, second)]
    print(f"{'all':34}{sums[0]:8.2f}{sums[1]:12.2f}{sums[2]:8.2f}")
    slower = sum(map(max, first[1], second[1]))
    print(f"{'the slower one at each step':34}{'':8}{slower:12.2f}")
    print(f"two processes are {sums[0] / slower:.2f} times as fast by seconds of a core")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["one"]:
        be_one(*sys.argv[2:])
    else:
        main()
