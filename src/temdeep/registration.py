"""Gives xarray's objects their accessor without loading xarray, which takes most of a second.

Knows: Python's imports. Must not know: xarray.
"""

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

_ACCESSOR = "temdeep.accessor"


def register() -> None:
    """Register the accessor: now if xarray is loaded, else as soon as it is."""
    if "xarray" in sys.modules:
        importlib.import_module(_ACCESSOR)
    else:
        sys.meta_path.insert(0, _XarrayFinder())


class _XarrayFinder(importlib.abc.MetaPathFinder):
    """Finds xarray where it is, once, and has the accessor loaded after it."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - of the protocol
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """See `MetaPathFinder.find_spec`."""
        if fullname != "xarray":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _AndAccessor(spec, spec.loader)
        return spec


class _AndAccessor(importlib.abc.Loader):
    """Loads a module as its own loader does, then the accessor."""

    def __init__(self, spec: ModuleSpec, loader: importlib.abc.Loader) -> None:
        self._spec, self._loader = spec, loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See `Loader.create_module`."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """See `Loader.exec_module`."""
        self._spec.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        importlib.import_module(_ACCESSOR)
