"""The mistakes a user can make.

Each becomes one sentence on the terminal and exit code 2: what is wrong, where (file, variable,
time), what to do. Anything else that is raised is our bug and keeps its traceback.
"""

from temdeep.wording import worded


class TemdeepError(Exception):
    """A mistake in the input or the request, told in one sentence."""

    def __str__(self) -> str:
        """The sentence as its reader says it: with options, or with arguments in Python."""
        return worded(super().__str__())


class InputError(TemdeepError):
    """A file cannot be read, or is not what its name says."""


class TimeAxisError(TemdeepError):
    """The time axis is missing, broken, or does not hold what was asked for."""


class VariableError(TemdeepError):
    """A variable is absent, not numeric, all missing, or has no place on the grid."""


class VariableKindError(TemdeepError):
    """The data do not say what a variable's numbers stand for."""


class GridError(TemdeepError):
    """The horizontal grid cannot be understood, or two grids differ."""


class RequestError(TemdeepError):
    """The request contradicts itself or the data."""


class ModelError(TemdeepError):
    """A model is absent, broken, or made for other data."""


class MissingExtraError(TemdeepError):
    """Something is not installed that is no part of the package itself."""


class OutputError(TemdeepError):
    """The output exists already or cannot be written."""


class ToldToStop(KeyboardInterrupt):
    """The system has told the process to stop (SIGTERM): as where a user interrupts it."""
