"""Gridded atmospheric fields at any time between two analyses, learnt from the coarse series.

`downscale`, `train` and `evaluate` are loaded when first used: importing this package is cheap.
Datasets and arrays of xarray get `.temdeep.downscale`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from temdeep._version import __version__
from temdeep.errors import TemdeepError
from temdeep.registration import register

if TYPE_CHECKING:
    from temdeep.api import downscale
    from temdeep.training.fit import train
    from temdeep.verification.evaluate import evaluate

_HOMES = {
    "downscale": "temdeep.api",
    "evaluate": "temdeep.verification.evaluate",
    "train": "temdeep.training.fit",
}

register()

__all__ = ["TemdeepError", "__version__", "downscale", "evaluate", "train"]


def __getattr__(name: str) -> Any:
    """Load a public function when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'temdeep' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return sorted(__all__)
