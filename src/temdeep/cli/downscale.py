"""`temdeep downscale`: fill a series in time and write it."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temdeep.cli.arguments import (
    add_output,
    add_post_conditions,
    add_series_arguments,
    forecasts_from,
    numbers,
    refuse_inputs,
)
from temdeep.cli.reporting import progress_bar, tell, tell_json, tell_notes

if TYPE_CHECKING:
    from temdeep.engine.layout import Layout
    from temdeep.engine.origin import Origin
    from temdeep.engine.workers import Workers
    from temdeep.engine.writers import Written

MOST_TOLD = 8
"""Lines that the summary has for one variable, of whose levels and members each may differ."""

EPILOG = """methods:
  auto, the default, weighs the others for each variable: some times of the series are hidden, and
  the mixture that brings them back best is used. cubic is the natural spline through up to twelve
  frames on each side, and through the running total of sums and means; solar follows the sun;
  optical_flow follows what moves, such as rain. A trained model (--model) knows all of that and the
  weather of your series. Totals are kept by all. `temdeep evaluate` tells which is best.

examples, with the series that the repository ships:
  temdeep downscale data/atlantic_6hourly.nc -o hourly.nc --step 1h
  temdeep downscale data/atlantic_6hourly.nc -o t2m.zarr --step 40min --variable t2m --method linear
  temdeep downscale data/atlantic_6hourly.nc -o one.nc --at 2000-03-05T07:20 --period 1h
  temdeep downscale data/atlantic_6hourly.nc -o rain.nc --step 1h --variable pr --draw 1
  temdeep downscale data/atlantic_6hourly.nc -o band.nc --step 1h --method cubic --uncertainty
  temdeep downscale data/atlantic_6hourly.nc -o ten.nc --step 1h --variable t2m --members 10
  temdeep downscale data/atlantic_6hourly.nc -o fast.zarr --step 10min --method cubic --workers 2
  temdeep downscale data/atlantic_6hourly.nc -o fast.zarr --step 10min --method cubic --append
                                            (whenever the input has grown)
  temdeep downscale data/atlantic_6hourly.nc -o learnt.nc --step 1h --model run
                                            (after: temdeep train data/atlantic_6hourly.nc -o run)
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "downscale",
        help="fill a series in time and write it",
        description="Fill a series in time and write it. Given times stay as they are, to the bit.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_series_arguments(parser)
    output = parser.add_argument_group("output")
    add_output(output, "NetCDF (.nc) or Zarr (.zarr)")
    existing = output.add_mutually_exclusive_group()
    existing.add_argument("--overwrite", action="store_true", help="replace an existing output")
    existing.add_argument(
        "--append",
        action="store_true",
        help="add to a Zarr output what the input has more than when it was made by the same"
        " command; only what the new times reach is made, and all is as if made at once",
    )
    output.add_argument(
        "--restart",
        action="store_true",
        help="begin anew where a run was stopped; without it the same command goes on there",
    )
    layout = parser.add_argument_group("layout of the output")
    layout.add_argument(
        "--chunks",
        metavar="LENGTHS",
        help="lengths of a chunk by dimension, such as time=24,lat=180,lon=180; if not given the"
        " input's within one format, else whole fields, several times together",
    )
    layout.add_argument(
        "--shards",
        metavar="LENGTHS",
        help="Zarr: lengths of a shard, one file that holds many chunks, such as time=240; none:"
        " a file for each chunk; if not given, up to 128 times and 128 MB of a variable, fewer"
        " where there are many",
    )
    layout.add_argument(
        "--compress",
        type=int,
        metavar="LEVEL",
        help="0 for no compression to 9 for the smallest file (deflate in NetCDF, Zstandard in"
        " Zarr); as in the input, or a quick one, if not given",
    )
    layout.add_argument(
        "--unlimited",
        action="store_true",
        help="NetCDF: time is an unlimited dimension, as it is anyway where the input's is",
    )
    times = parser.add_argument_group("output times, one of").add_mutually_exclusive_group(
        required=True
    )
    times.add_argument(
        "--step", metavar="STEP", help="such as 15min or 1h; need not divide the input step"
    )
    times.add_argument(
        "--times",
        type=Path,
        metavar="FILE",
        help="text with one ISO time a line (UTC), or NetCDF with a coordinate 'time'",
    )
    times.add_argument(
        "--at", nargs="+", action="extend", metavar="TIME", help="such as 2019-03-05T07:20 (UTC)"
    )
    filling = parser.add_argument_group("filling")
    made_by = filling.add_mutually_exclusive_group()
    made_by.add_argument("--model", type=Path, metavar="RUN", help="folder of a training run")
    made_by.add_argument(
        "--method",
        metavar="NAME",
        help="auto, nearest, linear, cubic, cubic_local, solar or optical_flow; auto if not given",
    )
    filling.add_argument(
        "--epoch", type=int, metavar="N", help="epoch of the model; its best if not given"
    )
    filling.add_argument(
        "--precision",
        metavar="NAME",
        help="of the layers of the model's network: float32, or bf16, which is faster on processors"
        " that know it; given times are exact in both",
    )
    filling.add_argument(
        "--draw",
        type=int,
        metavar="SEED",
        help="one likely course of precipitation, as sharp as real rain, in place of its best"
        " estimate, which has the least error but rains too often and too lightly",
    )
    filling.add_argument(
        "--uncertainty",
        action="store_true",
        help="write beside each variable at an instant the standard deviation of its error, 0 at"
        " given times; learnt from hidden times of the input, and by a model before",
    )
    filling.add_argument(
        "--quantiles",
        nargs="+",
        default=[],
        metavar="P",
        help="write also what the truth is below with these probabilities, such as 0.05 0.95",
    )
    filling.add_argument(
        "--members",
        type=int,
        metavar="N",
        help="write also N likely courses of each variable at an instant, along 'realization': each"
        " a field, their mean the variable itself; of precipitation --draw gives one",
    )
    filling.add_argument("--seed", type=int, metavar="SEED", help="of the members; 0 if not given")
    filling.add_argument(
        "--max-gap",
        metavar="SPAN",
        help="fill gaps up to this length, leave longer ones out; without it gaps are refused",
    )
    filling.add_argument(
        "--period",
        metavar="SPAN",
        help="length of the output periods of sums, means and extremes; the step, or the distance"
        " between output times, if not given",
    )
    add_post_conditions(filling)
    workers = parser.add_argument_group("workers").add_mutually_exclusive_group()
    workers.add_argument(
        "--workers", type=int, metavar="N", help="processes on this machine; one if not given"
    )
    workers.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="scheduler of a Dask cluster that sees the same files, such as tcp://host:8786",
    )
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        TemdeepError: A mistake in the input or the request.
    """
    from temdeep.engine.appending import append, check_append
    from temdeep.engine.forecast_runs import run_steps, write_runs
    from temdeep.engine.plan import plan
    from temdeep.engine.provenance import DEFAULT_METHOD, choose, provenance
    from temdeep.engine.work import Filling
    from temdeep.engine.writers import Manner, check_target
    from temdeep.methods.consistent import parse_post_conditions
    from temdeep.methods.uncertain import asked_beside

    began = time.perf_counter()
    if arguments.output.is_symlink():  # what it leads to is replaced, not the link
        arguments.output = arguments.output.resolve()
    refuse_inputs([arguments.output], arguments.sources, [arguments.static, arguments.times])
    arguments.quantiles = numbers(arguments.quantiles, "--quantiles")
    if arguments.append:
        made_by = "" if arguments.model else arguments.method or DEFAULT_METHOD
        check_append(
            arguments.output,
            step=arguments.step,
            method=made_by,
            draw=arguments.draw,
            beside=bool(arguments.uncertainty or arguments.quantiles or arguments.members),
        )
    else:
        check_target(arguments.output, overwrite=arguments.overwrite)
    layout = _layout(arguments)
    conditions = parse_post_conditions(arguments.post_conditions)
    beside = asked_beside(
        deviation=arguments.uncertainty,
        quantiles=arguments.quantiles,
        members=arguments.members,
        seed=arguments.seed,
    )
    forecasts = forecasts_from(arguments)
    planned = partial(
        plan,
        step=arguments.step,
        times=arguments.times,
        at=arguments.at,
        max_gap=arguments.max_gap,
        period=arguments.period,
    )
    fillings = []
    notes: list[str] = []
    for series in forecasts.series:
        chosen = choose(
            series,
            method=arguments.method,
            model=arguments.model,
            epoch=arguments.epoch,
            precision=arguments.precision,
            draw=arguments.draw,
            post_conditions=conditions,
            beside=beside,
        )
        fillings.append(Filling(series, chosen.method, planned(series)))
        notes += [one for one in chosen.notes if one not in notes]
    quiet = arguments.quiet or arguments.json
    total = run_steps(fillings, arguments.output)
    with ExitStack() as stack:
        manner = Manner(
            overwrite=arguments.overwrite,
            origin=_origin(arguments, chosen.model_sha256),
            restart=arguments.restart,
            workers=_workers(arguments, stack),
            layout=layout,
        )
        bar = progress_bar(f"filling ({chosen.method.name})", total, quiet=quiet)
        write = partial(append, planned=planned) if arguments.append else write_runs
        written = write(
            forecasts,
            fillings,
            arguments.output,
            manner=manner,
            provenance=provenance(chosen, _command()),
            progress=stack.enter_context(bar),
        )
    written = replace(written, notes=(*notes, *written.notes))
    seconds = time.perf_counter() - began
    if arguments.json:
        tell_json(_summary(written, chosen.method.name, chosen.model_sha256, seconds))
    else:
        tell(_told(written, seconds), quiet=arguments.quiet)
        tell_notes(list(written.notes), quiet=arguments.quiet)
    return 0


def _layout(arguments: argparse.Namespace) -> Layout:
    """How fields shall lie in the output.

    Raises:
        RequestError: What is said is not understood, or the format has no such thing.
    """
    from temdeep.engine.layout import Layout, check_layout, parse_lengths

    layout = Layout(
        chunks=parse_lengths(arguments.chunks, "--chunks"),
        shards=parse_lengths(arguments.shards, "--shards"),
        compression=arguments.compress,
        unlimited=arguments.unlimited,
    )
    check_layout(layout, arguments.output.suffix)
    return layout


def _origin(arguments: argparse.Namespace, model_sha256: str) -> Origin:
    """What the output is made of: all that was asked for but how it is done, and the files."""
    from temdeep.engine.origin import Origin
    from temdeep.engine.provenance import DEFAULT_METHOD

    manner = ("func", "quiet", "json", "overwrite", "restart", "workers", "dask", "sources")
    usual = {"precision": "float32"}  # said or not
    asked = {
        name: str(one)
        for name, one in vars(arguments).items()
        if name not in manner
        and one is not None
        and one is not False
        and one != []  # 0 is said
        and one != usual.get(name)
    }
    if arguments.model is None:
        asked.setdefault("method", DEFAULT_METHOD)
    beside = [Path(one) for one in (arguments.static, arguments.times) if one is not None]
    return Origin({**asked, "model": model_sha256}, _stamps([*arguments.sources, *beside]))


def _stamps(sources: list[str | Path]) -> dict[str, tuple[int, int]]:
    """Size and time of the last change of each file; what is at a URL has no such time.

    A store elsewhere is not gone through: it is known by its URL alone.
    """
    from temdeep.engine.origin import stamp
    from temdeep.fields.opening import find_files
    from temdeep.fields.remote import is_url

    found: dict[str, tuple[int, int]] = {}
    for source in sources:
        for number, one in enumerate(find_files(source)):
            if not is_url(source) and isinstance(one, Path):
                found[str(one.resolve())] = stamp(one)
            else:
                size = one.stat().st_size if isinstance(one, Path) else 0
                found[f"{source} {number}"] = (size, 0)
    return found


def _workers(arguments: argparse.Namespace, stack: ExitStack) -> Workers | None:
    """Those that were asked for; they go when the stack does.

    Raises:
        RequestError: No such number, or no such scheduler.
    """
    if arguments.workers is None and arguments.dask is None:
        return None
    from temdeep.engine.cluster import ByClient, connected, local

    if arguments.dask is not None:
        return ByClient(stack.enter_context(connected(arguments.dask)), elsewhere=True)
    return ByClient(stack.enter_context(local(arguments.workers)), elsewhere=False)


def _command() -> str:
    return shlex.join(["temdeep", *sys.argv[1:]])


def _told(written: Written, seconds: float) -> list[str]:
    width = max(map(len, written.treatments), default=0)
    return [
        f"{written.target}: {written.given} given times, {written.made} made, {seconds:.1f} s",
        *(
            f"  {'' if i else name:{width}}  {text}"
            for name, texts in written.treatments.items()
            for i, text in enumerate(_shortened(texts))
        ),
    ]


def _shortened(texts: Sequence[str]) -> list[str]:
    """As many as a reader wants to see of what differs from level to level."""
    if len(texts) <= MOST_TOLD:
        return list(texts)
    return [*texts[:MOST_TOLD], f"and so on: --json names all {len(texts)}"]


def _summary(written: Written, method: str, model_sha256: str, seconds: float) -> dict[str, object]:
    return {
        "output": str(written.target),
        "method": method,
        "model_sha256": model_sha256 or None,
        "times_given": written.given,
        "times_made": written.made,
        "variables": {name: "; ".join(texts) for name, texts in written.treatments.items()},
        "notes": list(written.notes),
        "wall_time_s": round(seconds, 3),
    }
