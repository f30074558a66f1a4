"""What a variable's numbers stand for, read from CF attributes and GRIB keys.

Knows: attribute names. Must not know: torch, files.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a variable's values relate to time (CF `cell_methods`, GRIB `stepType`)."""

    INSTANTANEOUS = "instantaneous"
    SUM = "sum"
    MEAN = "mean"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"

    @property
    def is_period(self) -> bool:
        """Whether values hold for a period, not for an instant."""
        return self is not Kind.INSTANTANEOUS


class Nature(StrEnum):
    """What sort of quantity a variable is, where that changes how it may be filled in."""

    CONTINUOUS = "continuous"
    NON_NEGATIVE = "non-negative"
    FRACTION = "fraction"
    """A share of a whole: relative humidity, cloud cover; from 0 to all of it."""
    SUNLIGHT = "sunlight"
    """Short-wave radiation: no more than the sun allows, none at night."""
    DIRECTION = "direction"
    """Degrees on a circle."""
    FLAG = "flag"
    """Categories: never averaged, the nearest is taken."""


@dataclass(frozen=True)
class Channel:
    """One field per time: a variable, or one level or member of a variable.

    Attributes:
        name: Unique among the channels of a series, as `t2m` or `t[level=850]`.
        variable: Name of the variable in the file.
        units: As in the file.
        kind: How values relate to time.
        nature: What sort of quantity it is.
        standard_name: CF standard name, empty if none.
        reason: Why kind and nature are what they are, in words for `temdeep info`.
        partner: Name of the channel that is the other component of a vector, empty if none.
        component: `x` or `y` for the components of a vector, else empty.
        ground: Whether it is tied to the ground (surface pressure, skin temperature), so that no
            motion may be estimated from it or applied to it.
        level: Channels with the same level share one motion, if they are of one member.
        member: Which course of the weather it belongs to, as `member=3`, empty if there is but one:
            what is not a level tells fields apart that do not move together.
    """

    name: str
    variable: str
    units: str
    kind: Kind
    nature: Nature = Nature.CONTINUOUS
    standard_name: str = ""
    reason: str = ""
    partner: str = ""
    component: str = ""
    ground: bool = False
    level: str = ""
    member: str = ""
