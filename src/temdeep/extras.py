"""What is not installed with the package itself, and how to get it.

Knows: names of packages. Must not know: what is done with them.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from temdeep.errors import MissingExtraError


@dataclass(frozen=True)
class Extra:
    """Packages that one kind of work needs.

    Attributes:
        work: That work, as the beginning of a sentence.
        modules: What is imported, by the name of the package that has it.
    """

    work: str
    modules: Mapping[str, str]

    def missing(self) -> tuple[str, ...]:
        """Packages that are not installed."""
        return tuple(name for name, module in self.modules.items() if not _is_there(module))


EXTRAS: Mapping[str, Extra] = {
    "train": Extra(
        "training and using models",
        {
            "torch": "torch",
            "pytorch-lightning": "pytorch_lightning",
            "safetensors": "safetensors",
            "tensorboard": "tensorboard",
            "jsonargparse": "jsonargparse",
        },
    ),
    "grib": Extra("reading GRIB", {"cfgrib": "cfgrib", "eccodes": "eccodes"}),
    "plot": Extra(
        "drawing figures",
        {
            "matplotlib": "matplotlib",
            "basemap-data": "mpl_toolkits.basemap_data",
            "jinja2": "jinja2",
        },
    ),
    "cluster": Extra("sharing work among processes", {"distributed": "distributed"}),
    "view": Extra("the viewer", {"bokeh": "bokeh", "basemap-data": "mpl_toolkits.basemap_data"}),
    "s3": Extra("reading s3://", {"s3fs": "s3fs"}),
}
"""By the name that pip knows each by."""


def need(extra: str) -> None:
    """Make sure that an extra is installed, before anything of it is loaded.

    Args:
        extra: One of `EXTRAS`.

    Raises:
        MissingExtraError: It is not, or not all of it.
    """
    missing = EXTRAS[extra].missing()
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise MissingExtraError(
            f"{EXTRAS[extra].work} needs {', '.join(missing)}, which {verb} not installed:"
            f" {install_command(extra)}."
        )


def need_for(module: str) -> None:
    """The same for whichever extra has a module that could not be loaded; none may have it.

    Raises:
        MissingExtraError: An extra has it and is not installed.
    """
    package = module.partition(".")[0]
    for name, extra in EXTRAS.items():
        if package in {one.partition(".")[0] for one in extra.modules.values()}:
            need(name)


def install_command(extra: str) -> str:
    """What to type to get an extra."""
    return f"pip install 'temdeep[{extra}]'"


def _is_there(module: str) -> bool:
    """Whether a module can be found, without loading it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # of the package that it would be in
        return False
