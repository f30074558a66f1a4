"""`temdeep view`: look at a filled series in the browser, beside the straight line and a truth."""

from __future__ import annotations

import argparse
from typing import Any

from temdeep.cli.arguments import kinds
from temdeep.extras import need

DESCRIPTION = """\
Show what `temdeep downscale` wrote on a page in your browser: maps of the output, of the straight
line between the given times, and of the difference, at every time of the output; click a map for
the series at that place. With --truth the truth and both errors as well.

No more is read than what is shown: the file may be larger than memory. The page is served by this
machine alone and asks for nothing outside; Ctrl-C ends it.
"""

EPILOG = """examples, with the series that the repository ships:
  temdeep view hourly.nc                    (after: temdeep downscale data/atlantic_6hourly.nc
                                             -o hourly.nc --step 1h)
  temdeep view hourly.zarr --truth truth.nc
  temdeep view hourly.nc --no-browser       (on another machine: forward the port to yours with
                                             ssh -L 5006:localhost:5006 MACHINE)
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "view",
        help="look at a filled series in the browser",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("output", metavar="OUT", help="what downscale wrote: NetCDF or Zarr")
    parser.add_argument(
        "--truth",
        metavar="FILE",
        help="series on the same grid to compare with: NetCDF, GRIB, Zarr",
    )
    parser.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="NAME=KIND",
        help="what NAME's numbers stand for, where the file does not say, as for downscale",
    )
    server = parser.add_argument_group("server")
    server.add_argument(
        "--port", type=int, default=5006, help="where to listen, 0 for any free port (default 5006)"
    )
    server.add_argument(
        "--host",
        default="localhost",
        help="whom to listen to: localhost, the default, is this machine alone",
    )
    server.add_argument(
        "--no-browser", action="store_true", help="print the address, open no browser"
    )
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until interrupted.

    Raises:
        TemdeepError: A mistake in the files or the request.
    """
    need("view")
    from temdeep.viewer.runs import open_runs
    from temdeep.viewer.serving import serve

    runs = open_runs(arguments.output, arguments.truth, kinds(arguments.kind) or None)
    try:
        serve(
            runs,
            host=arguments.host,
            port=arguments.port,
            ready=lambda address: print(
                f"{arguments.output} is shown at {address} (Ctrl-C ends this)", flush=True
            ),
            browser=not arguments.no_browser,
        )
    except KeyboardInterrupt:
        print()
    return 0
