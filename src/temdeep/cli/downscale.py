"""`temdeep downscale`: fill a series in time and write it."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temdeep.cli.arguments import add_post_conditions, add_series_arguments, forecasts_from
from temdeep.cli.reporting import progress_bar, tell, tell_json, tell_notes

if TYPE_CHECKING:
    from temdeep.engine.spool import Origin
    from temdeep.engine.writers import Workers, Written

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
  temdeep downscale data/atlantic_6hourly.nc -o fast.zarr --step 10min --method cubic --workers 2
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
    output.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="NetCDF (.nc) or Zarr (.zarr); appears only when complete",
    )
    output.add_argument("--overwrite", action="store_true", help="replace an existing output")
    output.add_argument(
        "--restart",
        action="store_true",
        help="begin anew where a run was stopped; without it the same command goes on there",
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
        " given times; a model knows it, for other methods it is learnt from hidden times",
    )
    filling.add_argument(
        "--quantiles",
        nargs="+",
        type=float,
        default=[],
        metavar="P",
        help="write also what the truth is below with these probabilities, such as 0.05 0.95",
    )
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
    from temdeep.engine.forecast_runs import run_steps, write_runs
    from temdeep.engine.plan import plan
    from temdeep.engine.provenance import choose, provenance
    from temdeep.engine.work import Filling
    from temdeep.engine.writers import Manner, check_target
    from temdeep.methods.consistent import parse_post_conditions
    from temdeep.methods.uncertain import asked_beside

    began = time.perf_counter()
    check_target(arguments.output, overwrite=arguments.overwrite)
    conditions = parse_post_conditions(arguments.post_conditions)
    beside = asked_beside(deviation=arguments.uncertainty, quantiles=arguments.quantiles)
    forecasts = forecasts_from(arguments)
    fillings = []
    for series in forecasts.series:
        wanted = plan(
            series,
            step=arguments.step,
            times=arguments.times,
            at=arguments.at,
            max_gap=arguments.max_gap,
            period=arguments.period,
        )
        chosen = choose(
            series,
            method=arguments.method,
            model=arguments.model,
            epoch=arguments.epoch,
            draw=arguments.draw,
            post_conditions=conditions,
            beside=beside,
        )
        fillings.append(Filling(series, chosen.method, wanted))
    quiet = arguments.quiet or arguments.json
    total = run_steps(fillings, arguments.output)
    with ExitStack() as stack:
        manner = Manner(
            overwrite=arguments.overwrite,
            origin=_origin(arguments, chosen.model_sha256),
            restart=arguments.restart,
            workers=_workers(arguments, stack),
        )
        bar = progress_bar(f"filling ({chosen.method.name})", total, quiet=quiet)
        written = write_runs(
            forecasts,
            fillings,
            arguments.output,
            manner=manner,
            provenance=provenance(chosen, _command()),
            progress=stack.enter_context(bar),
        )
    seconds = time.perf_counter() - began
    if arguments.json:
        tell_json(_summary(written, chosen.method.name, chosen.model_sha256, seconds))
    else:
        tell(_told(written, seconds), quiet=arguments.quiet)
        tell_notes(list(written.notes), quiet=arguments.quiet)
    return 0


def _origin(arguments: argparse.Namespace, model_sha256: str) -> Origin:
    """What the output is made of: all that was asked for but how it is done, and the files."""
    from temdeep.engine.spool import Origin, stamp
    from temdeep.fields.opening import find_files

    manner = ("func", "quiet", "json", "overwrite", "restart", "workers", "dask", "sources")
    given = {name: one for name, one in vars(arguments).items() if one not in (None, [], False)}
    asked = {name: str(one) for name, one in given.items() if name not in manner}
    beside = [Path(one) for one in (arguments.static, arguments.times) if one is not None]
    files = [one.resolve() for one in (*find_files(arguments.sources), *beside)]
    return Origin({**asked, "model": model_sha256}, {str(one): stamp(one) for one in files})


def _workers(arguments: argparse.Namespace, stack: ExitStack) -> Workers | None:
    """Those that were asked for; they go when the stack does.

    Raises:
        RequestError: No such number, or no such scheduler.
    """
    if arguments.workers is None and arguments.dask is None:
        return None
    from temdeep.engine.cluster import by_client, connected, local

    if arguments.dask is not None:
        return by_client(stack.enter_context(connected(arguments.dask)))
    return by_client(stack.enter_context(local(arguments.workers)))


def _command() -> str:
    return shlex.join(["temdeep", *sys.argv[1:]])


def _told(written: Written, seconds: float) -> list[str]:
    width = max(map(len, written.treatments), default=0)
    return [
        f"{written.target}: {written.given} given times, {written.made} made, {seconds:.1f} s",
        *(f"  {name:{width}}  {text}" for name, text in written.treatments.items()),
    ]


def _summary(written: Written, method: str, model_sha256: str, seconds: float) -> dict[str, object]:
    return {
        "output": str(written.target),
        "method": method,
        "model_sha256": model_sha256 or None,
        "times_given": written.given,
        "times_made": written.made,
        "variables": dict(written.treatments),
        "notes": list(written.notes),
        "wall_time_s": round(seconds, 3),
    }
