"""From a request to a file, in days that outlive an interruption.

Knows: the simulator, the file, the work folder beside it.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from benchmarks.simulate import file, model
from benchmarks.simulate.errors import SimulationError
from benchmarks.simulate.fields import FIELDS, Hours
from benchmarks.simulate.presets import Request
from benchmarks.simulate.regions import REGIONS, Cut
from benchmarks.simulate.variables import Packed, packed

CHECKPOINT = "state"
ASKED = "request.json"


class Work:
    """Whole days of an unfinished run, and the model's state after the last of them.

    A folder beside the target, removed once that is whole. The same request goes on from it.
    """

    def __init__(self, target: Path, request: Request) -> None:
        self.folder = target.with_name(f"{target.name}.days")
        self._request = request

    @property
    def checkpoint(self) -> Path:
        """Where the model's state lies."""
        return self.folder / CHECKPOINT

    def open(self) -> None:
        """Make the folder, or take it up again.

        Raises:
            SimulationError: It holds days of another request.
        """
        asked = self.folder / ASKED
        if not self.folder.exists():
            self.folder.mkdir()
            asked.write_text(json.dumps(self._request.as_plain()), encoding="utf-8")
            return
        try:
            found = json.loads(asked.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found != self._request.as_plain():
            raise SimulationError(
                f"{self.folder} holds days of another request: remove it, or choose another name"
                " for the output."
            )

    def keep(self, day: int, fields: Mapping[str, Packed]) -> None:
        """Store a day, whole or not at all."""
        final = self._piece(day)
        unfinished = final.with_suffix(".tmp")
        with unfinished.open("wb") as piece:
            np.savez(piece, allow_pickle=False, **fields)
        unfinished.replace(final)

    def days(self) -> Iterator[dict[str, Packed]]:
        """The days in order of time."""
        first = self._request.spin_up_days - 1
        for day in range(first, first + self._request.days + 1):
            with np.load(self._piece(day)) as piece:
                yield dict(piece)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)

    def _piece(self, day: int) -> Path:
        return self.folder / f"day{day:05d}.npz"


def simulate(
    request: Request,
    target: Path,
    *,
    name: str,
    overwrite: bool,
    command: str,
    show_done: Callable[[int], None],
) -> None:
    """Run the model and write the file.

    Args:
        request: What to simulate.
        target: The file, which appears when it is whole.
        name: Of the preset, for the title.
        overwrite: Whether an existing file may be replaced.
        command: What was typed, for the file's history.
        show_done: Told how many days are run.

    Raises:
        SimulationError: The target cannot be written, `jcm` is absent or other than expected, or
            the run broke.
    """
    file.check_target(target, overwrite=overwrite)
    work = Work(target, request)
    with model.simulator(request) as simulator:
        work.open()
        if work.checkpoint.exists():
            first = simulator.resume(work.checkpoint)
        else:
            first = 0
            simulator.begin(request.seed)
        surface = simulator.surface
        cut = REGIONS[request.region].cut(surface.latitude, surface.longitude)
        for day in range(first, request.spin_up_days + request.days):
            show_done(day)
            if day < request.spin_up_days - 1:
                simulator.skip_day()
            else:
                fields = _day(request, cut, simulator.record_day())
                if day == request.spin_up_days - 1:  # only its last hour is asked for: 00 UTC
                    fields = {name: field[-1:] for name, field in fields.items()}
                work.keep(day, fields)
            simulator.save(work.checkpoint)
        about = file.global_attributes(
            request,
            name=f"preset {name}",
            versions=model.versions(),
            history=f"{datetime.now(UTC).isoformat(timespec='seconds')}: {command}",
        )
        file.write(target, request, _ground(surface, cut), work.days(), about)
        show_done(request.spin_up_days + request.days)
    work.remove()


def _day(request: Request, cut: Cut, chunks: Iterable[Hours]) -> dict[str, Packed]:
    """The variables asked for at the 24 full hours of a day, over the region."""
    made = [
        {name: packed(name, cut(FIELDS[name](hours))) for name in request.variables}
        for hours in chunks
    ]
    return {name: np.concatenate([chunk[name] for chunk in made]) for name in request.variables}


def _ground(surface: model.Surface, cut: Cut) -> file.Ground:
    fields = {"orog": surface.altitude, "zs": surface.geopotential, "lsm": surface.land}
    return file.Ground(
        cut.latitude, cut.longitude, {name: cut(field) for name, field in fields.items()}
    )
