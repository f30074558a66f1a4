"""Numbers that a user asks for, checked where they come in.

Knows: numbers. Must not know: what they are for.
"""

import operator
from typing import SupportsIndex

from temdeep.errors import RequestError


def whole_number(value: SupportsIndex, what: str, *, least: int = 0) -> int:
    """A whole number that is not too small.

    Args:
        value: As the user gives it, of whatever type.
        what: What it is, for the message, such as `the seed`.
        least: The smallest that is good.

    Raises:
        RequestError: It is no whole number, or too small.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise RequestError(f"{what} is {value!r}: say a whole number, {least} or more.") from None
    if number < least:
        raise RequestError(f"{what} is {number}: say {least} or more.")
    return number
