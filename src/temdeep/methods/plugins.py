"""Methods of other packages, found by the entry points that these declare.

    [project.entry-points."temdeep.methods"]
    smoothstep = "their_package:build"

where `build` takes the coarse series and returns a `protocol.Method` of the entry point's name.

Knows: entry points. Must not know: our own methods, files.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

from temdeep.errors import RequestError
from temdeep.fields.series import Series
from temdeep.methods.protocol import Method

GROUP = "temdeep.methods"


def names() -> tuple[str, ...]:
    """Names of all methods that other packages declare, loadable or not, in order."""
    return tuple(sorted({one.name for one in entry_points(group=GROUP)}))


def build(name: str, series: Series) -> Method:
    """Have another package build its method for a series.

    Args:
        name: One of `names()`.
        series: The coarse series.

    Raises:
        RequestError: Two packages have one of this name, or the package is at fault.
    """
    declared, builder = _loaded(name)
    method = builder(series)
    if not isinstance(method, Method):
        raise _fault(declared, f"{declared.value} makes a {type(method).__name__}, no method")
    if method.name != name:
        raise _fault(declared, f"its method calls itself '{method.name}'")
    return method


def origin(name: str) -> str:
    """The package, with its version, that a method comes from.

    Args:
        name: One of `names()`.

    Raises:
        RequestError: As `build`, as far as that is seen without a series.
    """
    return _package(_loaded(name)[0])


def _loaded(name: str) -> tuple[EntryPoint, Callable[[Series], object]]:
    found = list(entry_points(group=GROUP, name=name))
    if len({one.value for one in found}) > 1:
        raise RequestError(
            f"the method '{name}' is in {' and in '.join(map(_package, found))}: uninstall one."
        )
    declared = found[0]
    try:
        builder = declared.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        raise _fault(declared, str(error).rstrip(".")) from error
    if not callable(builder):
        raise _fault(declared, f"{declared.value} is a {type(builder).__name__}, not a function")
    return declared, builder


def _fault(declared: EntryPoint, told: str) -> RequestError:
    return RequestError(
        f"the method '{declared.name}' of {_package(declared)} cannot be used ({told}): update or"
        " uninstall that package, or choose another method."
    )


def _package(declared: EntryPoint) -> str:
    dist = declared.dist
    return declared.module if dist is None else f"{dist.name} {dist.version}"
