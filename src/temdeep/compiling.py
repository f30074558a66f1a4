"""Loops over many cells as machine code, where numba is installed; it is not loaded before then.

Modules of such loops are named `kernels`, and nothing but `kernels_of` loads them: all works
without, and only slower.

Knows: numba. Must not know: what is computed.
"""

import importlib
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from temdeep.extras import install_command


@cache
def kernels_of(package: str) -> ModuleType | None:
    """A package's loops as machine code, None where numba makes none.

    Args:
        package: One with a module `kernels`.
    """
    return None if why_slow() else importlib.import_module(f"{package}.kernels")


@cache
def why_slow() -> str:
    """Why there is no machine code, and what to do; empty if there is."""
    try:
        numba = importlib.import_module("numba")
    except ImportError as error:
        return f"numba cannot be loaded ({error}): {install_command('train')}"
    if numba.config.DISABLE_JIT:  # loops would run as Python, far slower than without numba
        return "numba makes none while NUMBA_DISABLE_JIT is set: unset it"
    return ""


def compiled(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Machine code of a function for arguments of these types, kept for the next process.

    It is kept beside the source, or else in the user's cache, or where `NUMBA_CACHE_DIR` says;
    where neither can be written, every process makes it anew. As there is one signature, processes
    that make it at the same time write the same. Results are those of the order of operations in
    the source: nothing is allowed that only holds if rounding does not matter. Threads of Python
    run beside it.

    Args:
        signature: Types in numba's words.
    """
    njit = importlib.import_module("numba").njit

    def compile_it(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            made: Callable[..., Any] = njit(signature, cache=True, **_OPTIONS)(function)
        except (EOFError, OSError, RuntimeError):  # no folder, no room in it, or a broken file
            made = njit(signature, **_OPTIONS)(function)
        return made

    return compile_it


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that compiled ones of the same file call."""
    made: Callable[..., Any] = importlib.import_module("numba").njit(**_OPTIONS)(function)
    return made


_OPTIONS = {"nogil": True, "error_model": "numpy"}
