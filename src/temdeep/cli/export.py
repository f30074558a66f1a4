"""`temdeep export`: a trained model as a program that runs with PyTorch alone."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from temdeep.cli.arguments import add_output, add_series_arguments, open_from, refuse_inputs
from temdeep.cli.reporting import tell, tell_json
from temdeep.extras import need

DESCRIPTION = """\
Write what a trained model does with an interval as one program of PyTorch (torch.export): both
ends, the frames around them and lead fractions in, fields in their units out. Whoever runs it needs
PyTorch and neither temdeep nor the model's folder. The grid is that of SOURCE and part of the
program, as are its latitudes, longitudes, elevation and land.

Inside are the network, the rendering, the sun responses and the limits of each variable. Not inside
are variables that the training left to a classical method, periods (sums, means), what ties
variables together (post-conditions), and the errors' size: the command and the file name them.

Where variables move, the program is also given their motion, and a second file FILE.calm.pt2 makes
the frames that it is estimated from; see the how-to "Deploy a model without temdeep".
"""

EPILOG = """examples, with the series that the repository ships:
  temdeep export run data/atlantic_6hourly.nc -o atlantic.pt2
                                            (after: temdeep train data/atlantic_6hourly.nc -o run)
  temdeep export run data/atlantic_6hourly.nc -o epoch_5.pt2 --epoch 5 --overwrite

then, in Python:
  program = torch.export.load("atlantic.pt2").module()
  fields = program(frames, valid_time, span_s, theta, motion)
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "export",
        help="write a trained model as a program that needs PyTorch alone",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, metavar="RUN", help="folder of a training run")
    add_series_arguments(parser)
    parser.add_argument(
        "--epoch", type=int, metavar="N", help="epoch of the model; its best if not given"
    )
    output = parser.add_argument_group("output")
    add_output(output, "program of PyTorch (.pt2)")
    output.add_argument("--overwrite", action="store_true", help="replace an existing output")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        TemdeepError: The model, the series or the target is at fault.
    """
    need("train")
    from temdeep.export.writing import check_target, export_run

    began = time.perf_counter()
    refuse_inputs([arguments.output], arguments.sources, [arguments.static])
    check_target(arguments.output, overwrite=arguments.overwrite)
    told = export_run(
        arguments.model,
        open_from(arguments),
        arguments.output,
        epoch=arguments.epoch,
        overwrite=arguments.overwrite,
    )
    seconds = time.perf_counter() - began
    if arguments.json:
        tell_json({**told, "wall_time_s": round(seconds, 3)})
    else:
        tell([*_lines(told), f"{seconds:.1f} s"], quiet=arguments.quiet)
    return 0


def _lines(told: dict[str, Any]) -> list[str]:
    lines = [f"written   {', '.join(told['written'])}"]
    lines += [f"grid      {told['grid']['description']}"]
    for argument in told["arguments"]:
        shape = " x ".join(map(str, argument["shape"])) or "one number"
        lines.append(f"takes     {argument['name']}: {shape}, {argument['dtype']}")
    lines.append(f"of        {', '.join(_named(one) for one in told['inputs'])}")
    lines.append(f"returns   {', '.join(_named(one) for one in told['outputs'])}")
    for i, names in enumerate(told["levels"]):
        lines.append(f"motion    {i}: that of {', '.join(names)}")
    for name, one in told["not_filled_in"].items():
        lines.append(f"without   {name}: left to {one['method']}, {one['reason']}")
    for name, words in told["not_kept"].items():
        lines.append(f"without   that {name} is {', '.join(words)}")
    return [*lines, *(f"note      {one}" for one in told["unfamiliar"])]


def _named(channel: dict[str, Any]) -> str:
    return f"{channel['name']} ({channel['units']})" if channel["units"] else channel["name"]
