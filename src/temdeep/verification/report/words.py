"""Numbers, durations and lists as text of the report."""

import re
from collections.abc import Iterable

MINUS = "\N{MINUS SIGN}"
TIED = "\N{NO-BREAK SPACE}"
"""Between a number and what belongs to it."""


def number(value: float | None) -> str:
    """Three significant digits."""
    return "–" if value is None else f"{value:.3g}".replace("-", MINUS)


def percent(value: float | None) -> str:
    """One decimal, as in all tables; no sign at zero."""
    if value is None:
        return "–"
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", MINUS)


def whole_percent(value: float) -> str:
    """A size in percent for a sentence: whole, with a decimal where it is small, without sign."""
    size = abs(value)
    return f"{size:.0f}{TIED}%" if size >= 9.5 else f"{size:.1f}{TIED}%"


def ends(low: float, high: float) -> str:
    """Both ends of an interval in percent, with a decimal each."""
    return TIED.join((percent(low), "…", percent(high)))


def rough_interval(low: float, high: float) -> str:
    """The same for a sentence: whole, with a decimal where an end is small."""
    digits = 0 if min(abs(low), abs(high)) >= 9.5 else 1
    first, last = (f"{end:.{digits}f}".replace("-", MINUS) for end in (low, high))
    return TIED.join((first, "…", last, "%"))


def cadence(hours: float) -> str:
    """How often a series has fields, as a word: 6-hourly, hourly, 10-minute."""
    if hours == 24:
        return "daily"
    if hours >= 1:
        return "hourly" if hours == 1 else f"{hours:g}-hourly"
    return f"{hours * 60:g}-minute"


def duration(hours: float) -> str:
    """A length of time."""
    return f"{hours:g}{TIED}h" if hours >= 1 else f"{hours * 60:g}{TIED}min"


def listed(items: Iterable[str]) -> str:
    """One, two and three."""
    *front, last = list(items) or [""]
    return f"{', '.join(front)} and {last}" if front else last


def units(text: str) -> str:
    """Units with raised powers: kg m⁻² s⁻¹; nothing for a pure number."""
    words = []
    for word in text.replace("**", "").replace("^", "").split():
        stem = word.rstrip("-0123456789")
        power = word[len(stem) :]
        words.append(stem + power.translate(_RAISED) if stem else word)
    told = TIED.join(words)
    return "" if told == "1" else told


def quantity(value: float | None, unit: str) -> str:
    """A number with its unit, which `units` made."""
    return f"{number(value)}{TIED}{unit}" if unit else number(value)


def capital(text: str) -> str:
    """Text that begins a line."""
    return text[:1].upper() + text[1:]


def moment(stamp: str) -> str:
    """A time or period as `show` writes it, for readers."""
    return re.sub(r"(?<=\d)T(?=\d)", " ", stamp)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
