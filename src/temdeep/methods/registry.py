"""The methods that need no training, by name.

A method is one file with one class that keeps the promises of `protocol.Method`, a line in
`BUILDERS` below and, if it works without having seen a series, its class in `UNFITTED`; every
table, the command line and the contract tests take it from there. Methods of other packages are
known by name as well; see `plugins`.

Knows: series and methods. Must not know: files, learnt models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.methods import plugins
from temdeep.methods.auto import CANDIDATES, LINE, Auto
from temdeep.methods.cubic import Cubic, CubicLocal
from temdeep.methods.protocol import Method
from temdeep.methods.simple import Linear, Nearest

if TYPE_CHECKING:
    from temdeep.methods.solar import Solar


def _solar(series: Series) -> Method:
    from temdeep.methods.solar import Solar  # noqa: PLC0415 - slow to load, as what it needs

    return Solar.fitted_to(series)


def _optical_flow(series: Series) -> Method:
    from temdeep.methods.optical_flow import OpticalFlow  # noqa: PLC0415 - likewise

    return OpticalFlow.judged_on(series)


def _unjudged_optical_flow() -> Method:
    from temdeep.methods.optical_flow import OpticalFlow  # noqa: PLC0415 - likewise

    return OpticalFlow()


BUILDERS: Mapping[str, Callable[[Series], Method]] = {
    Nearest.name: lambda _: Nearest(),
    Linear.name: lambda _: Linear(),
    Cubic.name: lambda _: Cubic(),
    CubicLocal.name: lambda _: CubicLocal(),
    "solar": _solar,
    "optical_flow": _optical_flow,
}
"""How to build each method for a series; most need nothing from it."""

CLASSICAL_NAMES = tuple(BUILDERS)
METHOD_NAMES = (*CLASSICAL_NAMES, Auto.name)
"""All that need no training."""

UNFITTED: Mapping[str, Callable[[], Method]] = {
    **{one.name: one for one in (Nearest, Linear, Cubic, CubicLocal)},
    "optical_flow": _unjudged_optical_flow,
}
"""Methods that also work without having seen a series."""

FIXED = (Nearest.name, Linear.name, Cubic.name, CubicLocal.name)
"""Methods that are the same for every series: a new time changes only what it is in the context of.
What is fitted to a series, or judged on it, is none of them."""


def build(name: str, series: Series) -> Method:
    """Build a method that needs no training.

    Args:
        name: One of `METHOD_NAMES`, or of another package.
        series: The coarse series, for methods that are fitted to one.

    Raises:
        RequestError: There is no such method, or another package's cannot be used.
    """
    return build_all([name], series)[name]


def build_all(names: Iterable[str], series: Series) -> dict[str, Method]:
    """Build several methods for one series, none of them twice.

    Args:
        names: Of `METHOD_NAMES`, or of other packages.
        series: The coarse series, for methods that are fitted to one.

    Returns:
        In the order of `METHOD_NAMES`, then those of other packages.

    Raises:
        RequestError: There is no such method, or another package's cannot be used.
    """
    wanted = list(names)
    foreign = [name for name in dict.fromkeys(wanted) if name not in METHOD_NAMES]
    known = (*METHOD_NAMES, *plugins.names()) if foreign else METHOD_NAMES
    for name in foreign:
        if name not in known:
            raise RequestError(
                f"there is no method '{name}': choose one of {', '.join(known)}, or a model."
            )
    needed = {*wanted, *((LINE, *CANDIDATES) if Auto.name in wanted else ())}
    built = {name: BUILDERS[name](series) for name in CLASSICAL_NAMES if name in needed}
    if Auto.name in wanted:
        parts = {name: built[name] for name in (LINE, *CANDIDATES)}
        built[Auto.name] = Auto.judged_on(series, parts)
    ours = {name: built[name] for name in METHOD_NAMES if name in wanted}
    return ours | {name: plugins.build(name, series) for name in foreign}


def fitted(name: str, solar: Solar) -> Method:
    """A classical method that needs no series any more.

    Args:
        name: One of `CLASSICAL_NAMES`.
        solar: What to return for the one method that is fitted to a series.
    """
    return solar if name == solar.name else UNFITTED[name]()
