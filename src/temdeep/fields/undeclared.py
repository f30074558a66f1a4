"""Fill values that a file does not declare: numbers that stand for nothing, and would be averaged.

Knows: arrays. Must not know: xarray, files.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

IMPOSSIBLE = 1e30
"""No quantity of the atmosphere is as large, in whatever unit."""

_CODES = np.array(
    [
        *(999, 999.9, 9999, 9999.9, 99999, 99999.9, 999999),
        *(32767, 32768, 65535, 2147483647, 2147483648),
        *(1e10, 1e15, 1e20, 9.999e20),
    ]
)
_LEAST_CELLS = 2
_SMALL = 1e6
_APART = 10.0


def undeclared_fill(values: npt.NDArray[Any]) -> float | None:
    """A number that looks like a fill value: a usual one, repeated, and far from all others.

    Far is farther from the nearest other value than those are from each other; ten times as far
    for a small positive number, which may be the end of a scale (a visibility of 9999 m).

    Args:
        values: Any shape, NaN where missing.

    Returns:
        The number, or None.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    for code in (known.min(), known.max()):
        size = abs(float(code))
        if size < IMPOSSIBLE and not np.isclose(size, _CODES, rtol=1e-6, atol=0).any():
            continue
        others = known[known != code]
        if not others.size or known.size - others.size < _LEAST_CELLS:
            continue
        low, high = float(others.min()), float(others.max())
        gap = max(low - float(code), float(code) - high)
        if gap > (_APART if 0 < code < _SMALL else 1.0) * (high - low):
            return float(code)
    return None


def as_text(name: str, source: str, value: float, where: str) -> str:
    """The refusal, as a sentence."""
    return (
        f"'{name}' in {source} has values of {value:g} {where}: that looks like a fill value which"
        " the file does not declare; name it in the attribute _FillValue or missing_value, or set"
        " it to missing (NaN)."
    )
