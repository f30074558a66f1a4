"""How small and how large a quantity can be.

Knows: units and what channels are. Must not know: values, torch, files.
"""

from temdeep.fields.variables import Channel, Kind, Nature

NEVER_NEGATIVE = (Nature.NON_NEGATIVE, Nature.SUNLIGHT, Nature.FRACTION)

_WHOLES = {
    1.0: ("1", "(0 - 1)", "(0-1)", "0-1", "0 - 1", "fraction", "proportion"),
    8.0: ("okta", "oktas", "octa", "octas"),
    100.0: ("%", "percent", "pct"),
}
_WHOLE = {unit: whole for whole, units in _WHOLES.items() for unit in units}


def whole_in(units: str) -> float | None:
    """How much the whole of a fraction is in a unit; None for what is no unit of fractions."""
    return _WHOLE.get(units.strip().lower())


def lower_limit(channel: Channel) -> float | None:
    """The least that a channel can be; None if there is no such limit."""
    return 0.0 if channel.nature in NEVER_NEGATIVE else None


def upper_limit(channel: Channel) -> float | None:
    """The whole of a fraction in the channel's unit; None for all else, sums over time too."""
    if channel.nature is not Nature.FRACTION or channel.kind is Kind.SUM:
        return None
    return whole_in(channel.units or "1")
