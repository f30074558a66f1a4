"""`temdeep doctor`: what is installed, what is missing, and what the machine offers."""

from __future__ import annotations

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from temdeep._version import __version__
from temdeep.cli.reporting import tell_json
from temdeep.compiling import why_slow
from temdeep.errors import RequestError
from temdeep.extras import EXTRAS, install_command

PACKAGES = (
    *("numpy", "scipy", "pandas", "xarray", "dask", "netCDF4", "h5py", "zarr", "fsspec", "pyproj"),
    "opencv-python-headless",
)
"""Those that are always needed and whose versions matter when something goes wrong."""

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

EPILOG = """examples:
  temdeep doctor
  temdeep doctor --json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="what is installed, what is missing, and how to get it",
        description="Show versions, the extras that are there and the command for each that is"
        " missing, what PyTorch computes on, and threads. Add it to a question about a fault.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what is found.

    Returns:
        The exit code: 0 also where extras are missing.
    """
    found = examination()
    if arguments.json:
        tell_json(found)
    else:
        print("\n".join(_lines(found)))
    return 0


def examination() -> dict[str, Any]:
    """What is installed and what the machine offers, as plain values."""
    return {
        "temdeep": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "extras": {
            name: {
                "for": extra.work,
                "packages": {one: _version(one) for one in extra.modules},
                "missing": list(extra.missing()),
                "command": install_command(name) if extra.missing() else None,
            }
            for name, extra in EXTRAS.items()
        },
        "methods_of_other_packages": _foreign_methods(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": {name: os.environ.get(name) for name in THREADS},
        "torch_device": _device(),
        "machine_code": {"numba": _version("numba"), "why_not": why_slow() or None},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _foreign_methods() -> dict[str, str]:
    """By name, the package that a method comes from, or why it cannot be used."""
    from temdeep.methods import plugins
    from temdeep.methods.registry import METHOD_NAMES

    told: dict[str, str] = {}
    for name in plugins.names():
        try:
            told[name] = plugins.origin(name)
            if name in METHOD_NAMES:
                told[name] += ": not used, temdeep has a method of that name"
        except RequestError as error:
            told[name] = str(error)
    return told


def _device() -> str | None:
    """What PyTorch would compute on; None where it is not installed."""
    if EXTRAS["train"].missing():
        return None
    import torch

    if not torch.cuda.is_available():
        return f"cpu, threads: {torch.get_num_threads()}"
    return f"cuda ({torch.cuda.get_device_name()})"


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"temdeep   {found['temdeep']}",
        f"python    {found['python']}, {found['system']}",
        f"packages  {_versions(found['packages'])}",
        f"cores     {found['cores']}",
    ]
    said = [f"{name}={value}" for name, value in found["threads"].items() if value]
    lines.append(f"threads   {', '.join(said) or 'as many as there are cores'}")
    lines.append(f"torch     {found['torch_device'] or 'not installed'}")
    slow = found["machine_code"]["why_not"]
    told = f"slower, without machine code: {slow}" if slow else ""
    lines.append(f"loops     {told or 'machine code by numba ' + found['machine_code']['numba']}")
    lines += ["", "extras"]
    for name, extra in found["extras"].items():
        told = _versions(extra["packages"])
        if extra["missing"]:
            told = f"missing {', '.join(extra['missing'])}: {extra['command']}"
        lines.append(f"  {name:8}{extra['for']}: {told}")
    foreign = found["methods_of_other_packages"]
    if foreign:
        width = max(map(len, foreign))
        lines += ["", "methods of other packages"]
        lines += [f"  {name:{width}}  {told}" for name, told in foreign.items()]
    return lines


def _versions(packages: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {number or 'MISSING'}" for name, number in packages.items())
