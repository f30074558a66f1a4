"""How fast, beside what else does the job: ratios inside one run of whole processes.

    python -m benchmarks.speed                  all, at several sizes; half an hour on two cores
    python -m benchmarks.speed --quick          small ones, in some minutes
    python -m benchmarks.speed --only classical memory

Files are made up, and removed at the end. Leave the machine to it: all else that runs shows.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.speed import networks, training
from benchmarks.speed.costs import STEPS
from benchmarks.speed.plot import draw, draw_sweep
from benchmarks.speed.processes import Command, Cost, in_turns, run, temdeep
from benchmarks.speed.series import make
from benchmarks.speed.words import WORDS

from temdeep.checkout import checkout_commit
from temdeep.training.coarse import usual_fold

RESULTS = Path(__file__).parents[1] / "results" / "speed.json"
FIGURE = Path(__file__).parents[2] / "docs" / "figures" / "speed.png"
SWEPT = FIGURE.with_name("speed_costs.png")
SIZES = ((64, 64, 1000), (181, 360, 100), (721, 1440, 24))
QUICK_SIZES = ((64, 64, 50), (181, 360, 8))
"""Rows, columns, intervals; hourly from 6-hourly."""

MONTH = (721, 1440, 120)
"""So long that what it takes to start is little of it."""

NETWORK_SIZES = ((64, 64), (181, 360), (721, 1440))
METHODS = ("nearest", "linear", "cubic", "cubic_local", "solar", "optical_flow", "auto")
MEMORY = (181, 360, 150)
"""Long enough for all that is held at once to be there: of 60 intervals it is not yet."""

TIMES_LONGER = 20

SWEEP = (
    ((64, 64, 24), "1h"),
    ((181, 360, 24), "1h"),
    ((361, 720, 24), "1h"),
    ((721, 1440, 24), "1h"),
    ((181, 360, 1), "1h"),
    ((181, 360, 96), "1h"),
    ((181, 360, 24), "3h"),
    ((181, 360, 24), "15min"),
    ((721, 1440, 4), "1h"),
    ((721, 1440, 4), "15min"),
    ((721, 1440, 12), "3h"),
)
"""Grid and intervals, and step of the output from 6-hourly."""

LENGTHS = (6, 24, 60)
"""Intervals shorter than those of `MEMORY`, whose peaks show up to where memory grows."""

ABOUT = {
    "made_by": "python -m benchmarks.speed",
    "value": "a vs b: our speed over the other's; marginal_output: a further output time over the"
    " first; memory: peak of a long series over a short one's, or of many output times over few",
}

Record = dict[str, Any]


class Bench:
    """Where it works and how often it repeats."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.folder, self.quick = folder, quick
        self.sizes = QUICK_SIZES if quick else SIZES
        self.rounds = 1 if quick else 3
        self._models: dict[int, Path] = {}

    def source(self, size: tuple[int, int, int], suffix: str) -> Path:
        """A made-up series."""
        rows, columns, intervals = size
        return make(self.folder / f"{rows}x{columns}x{intervals}{suffix}", *size)

    def model(self, cells: int) -> Path:
        """A run folder of a network with the form for so many cells."""
        fold = usual_fold(cells)
        if fold not in self._models:
            self._models[fold] = networks.brief_training(self.folder / "models", cells)
        return self._models[fold]

    def turns(self, commands: dict[str, Command]) -> dict[str, Cost]:
        """Run commands in turns."""
        return in_turns(commands, self.folder / "out", self.rounds)


def classical(bench: Bench) -> Iterator[Record]:
    """Linear and cubic into Zarr, beside a copy of the same bytes."""
    for size in bench.sizes:
        source = bench.source(size, ".zarr")
        whole = bench.folder / "whole.zarr"
        run(_downscale(source, whole, "linear", "--overwrite"))
        costs = bench.turns(
            {
                "linear": partial(_filled, source, "o.zarr", "linear"),
                "cubic": partial(_filled, source, "o.zarr", "cubic"),
                "copy": partial(_done_by, "copy", whole, "o.zarr"),
            }
        )
        for name in ("linear", "cubic"):
            yield _ratio(f"{name}_vs_copy", size, costs[name], costs["copy"])


def netcdf(bench: Bench) -> Iterator[Record]:
    """Linear from NetCDF to NetCDF, beside CDO and xarray."""
    for size in (*bench.sizes, *(() if bench.quick else (MONTH,))):
        source = bench.source(size, ".nc")
        commands: dict[str, Command] = {
            "linear": partial(_filled, source, "o.nc", "linear"),
            "xarray": partial(_done_by, "xarray", source, "o.nc"),
        }
        if shutil.which("cdo"):
            commands["cdo"] = partial(_cdo, source)
        else:
            print("cdo is not installed and is left out")
        costs = bench.turns(commands)
        for other in commands.keys() - {"linear"}:
            yield _ratio(f"linear_vs_{other}", size, costs["linear"], costs[other])


def network(bench: Bench) -> Iterator[Record]:
    """One pass of the network for all outputs of an interval, beside others' pass for each."""
    most = networks.OUTPUTS
    for rows, columns in NETWORK_SIZES[: 2 if bench.quick else None]:
        found = networks.costs(bench.folder / "network", rows, columns, bench.rounds)
        where = {"rows": rows, "columns": columns, "intervals": 1, "outputs": most}
        ours = found[f"model_{most}"]
        for other in ("rife", "advection"):
            if (theirs := found.get(f"{other}_{most}")) is not None:
                yield _record(
                    f"model_vs_{other}_{most}_outputs", theirs / ours, ours, theirs, where
                )
        first = found["model_1"]
        more = (ours - first) / (most - 1)
        yield _record("marginal_output", more / first, more, first, where)


def memory(bench: Bench) -> Iterator[Record]:
    """Peak memory of a long series over a short one's, and of many output times over few."""
    rows, columns, intervals = MEMORY
    longest = TIMES_LONGER * intervals

    def peak(method: str, length: int) -> int:
        source = bench.source((rows, columns, length), ".zarr")
        return run(
            _downscale(source, bench.folder / "length.zarr", method, "--overwrite")
        ).peak_bytes

    where = {"rows": rows, "columns": columns, "outputs": 5}
    of_cubic = {length: peak("cubic", length) for length in (*LENGTHS, intervals, longest)}
    for length, value in of_cubic.items():
        yield {
            "name": "peak_memory_cubic",
            "value": value,
            "unit": "B",
            "intervals": length,
            **where,
        }
    of_linear = {length: peak("linear", length) for length in (intervals, longest)}
    for name, peaks in (("memory_20x_over_1x_linear", of_linear), ("memory_20x_over_1x", of_cubic)):
        yield {
            "name": name,
            "value": round(peaks[longest] / peaks[intervals], 3),
            "unit": "1",
            "ours": peaks[longest],
            "theirs": peaks[intervals],
            "intervals": longest,
            **where,
        }
    source, by_step = bench.source(MEMORY, ".zarr"), {}
    for name, step in (("few", "1h"), ("many", "6min")):
        target = bench.folder / f"{name}.zarr"
        by_step[name] = run(_stepped(("--method", "cubic"), source, target, step)).peak_bytes
    yield {
        "name": "memory_10x_outputs",
        "value": round(by_step["many"] / by_step["few"], 3),
        "unit": "1",
        "ours": by_step["many"],
        "theirs": by_step["few"],
        "rows": rows,
        "columns": columns,
        "intervals": intervals,
        "outputs": 59,
    }


def learning(bench: Bench) -> Iterator[Record]:
    """Intervals a second that two processes train, over those of one, one thread each.

    And intervals a second of a core, to which it does not matter what else the machine does.
    """
    rows, columns = 64, 128
    source = make(bench.folder / "learning.nc", rows, columns, 80)
    one, two = (training.speed(source, bench.folder, n) for n in (1, 2))
    where = {"rows": rows, "columns": columns, "intervals": 80, "outputs": 0}
    for name, ours, theirs in (
        ("train_scaling_2_processes", two.per_second, one.per_second),
        ("train_scaling_2_by_core_time", two.per_core_second, one.per_core_second),
    ):
        yield _record(name, ours / theirs, ours, theirs, where) | {"unit_of_both": "intervals/s"}


def sweep(bench: Bench) -> Iterator[Record]:
    """Seconds of a core of whole processes, by grid, length and output times, one at a time."""
    methods = {name: ("--method", name) for name in METHODS}
    for size, step in SWEEP[: 2 if bench.quick else None]:
        source = bench.source(size, ".zarr")
        rows, columns, intervals = size
        methods["temdeep"] = ("--model", str(bench.model(rows * columns)))
        for name, by in methods.items():
            done = run(_stepped(by, source, bench.folder / "swept.zarr", step))
            yield {
                "name": f"core_seconds_{name}",
                "value": round(done.core_seconds, 3),
                "unit": "s",
                "peak_bytes": done.peak_bytes,
                "rows": rows,
                "columns": columns,
                "intervals": intervals,
                "outputs": STEPS[step],
                "rounds": 1,
            }


PARTS = {
    "classical": classical,
    "netcdf": netcdf,
    "network": network,
    "memory": memory,
    "learning": learning,
    "sweep": sweep,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write records and draw them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--output", type=Path, help="JSON file of the records")
    asked = parser.parse_args(arguments)
    output = asked.output or (Path("build/speed.json") if asked.quick else RESULTS)
    kept = json.loads(output.read_text())["records"] if output.is_file() else []
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        bench = Bench(Path(folder), quick=asked.quick)
        for part in asked.only:
            told = {"rounds": bench.rounds, **_made_at()}
            fresh = [told | _compared(one) | one for one in PARTS[part](bench)]
            for one in fresh:
                print(_line(one), flush=True)
            names = {one["name"] for one in fresh}
            kept = [one for one in kept if one["name"] not in names] + fresh
            output.parent.mkdir(parents=True, exist_ok=True)
            about = {**ABOUT, **_machine()}
            output.write_text(json.dumps({"about": about, "records": kept}, indent=1) + "\n")
    if output == RESULTS:
        draw(kept, FIGURE)
        draw_sweep(kept, SWEPT)
    return 0


def _downscale(source: Path, target: Path, method: str, *more: str) -> list[str]:
    asked = ["--step", "1h", "--method", method, "--quiet", *more]
    return temdeep("downscale", str(source), "-o", str(target), *asked)


def _stepped(by: tuple[str, ...], source: Path, target: Path, step: str) -> list[str]:
    asked = ["--step", step, *by, "--quiet", "--overwrite"]
    return temdeep("downscale", str(source), "-o", str(target), *asked)


def _filled(source: Path, target: str, method: str, folder: Path) -> list[str]:
    return _downscale(source, folder / target, method)


def _done_by(other: str, source: Path, target: str, folder: Path) -> list[str]:
    ours = [sys.executable, "-m", "benchmarks.speed.others"]
    return [*ours, other, str(source), str(folder / target)]


def _cdo(source: Path, folder: Path) -> list[str]:
    hourly = "inttime,2020-01-01,00:00:00,1hour"
    return ["cdo", "-s", hourly, str(source), str(folder / "o.nc")]


def _ratio(name: str, size: tuple[int, int, int], ours: Cost, theirs: Cost) -> Record:
    rows, columns, intervals = size
    where = {"rows": rows, "columns": columns, "intervals": intervals, "outputs": 5}
    return _record(name, theirs.seconds / ours.seconds, ours.seconds, theirs.seconds, where)


def _record(name: str, value: float, ours: float, theirs: float, where: dict[str, int]) -> Record:
    """A ratio, and what it is of: seconds."""
    return {
        "name": name,
        "value": round(value, 4),
        "unit": "1",
        "ours": round(ours, 4),
        "theirs": round(theirs, 4),
        "unit_of_both": "s",
        **where,
    }


def _compared(one: Record) -> Record:
    """The two things compared, in words."""
    return {"compared": WORDS[one["name"]]} if one["name"] in WORDS else {}


def _line(one: Record) -> str:
    grid = f"{one['rows']} x {one['columns']}, {one['intervals']} intervals"
    beside = f"{one['ours']:>12} | {one['theirs']:<12}" if "ours" in one else one["unit"]
    return f"{one['name']:26} {one['value']:8.3f}   {beside} {grid}, {one['outputs']} made"


def _machine() -> Record:
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
    }


def _processor() -> str:
    """Its model, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{next(models, '')} {platform.machine()}".strip()


def _made_at() -> Record:
    """Of each record, because parts are measured on their own."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"date": now, "commit": checkout_commit()}


if __name__ == "__main__":
    sys.exit(main())
