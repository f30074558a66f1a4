"""Numbers, durations and lists as text of the report."""

import math
import re
from collections.abc import Iterable, Sequence

MINUS = "\N{MINUS SIGN}"
TIED = "\N{NO-BREAK SPACE}"
"""Between a number and what belongs to it."""


FAR_BELOW = -999.0
"""Percentages below this are not told in figures."""

FIT = (88.0, 92.0)
"""Percent of the truth inside a 90 % interval that are as they should be."""

FAR_TOO_NARROW, WIDEST = "far too narrow", "far too wide"

FITS = {
    FAR_TOO_NARROW: 75.0,
    "too narrow": 85.0,
    "a little too narrow": FIT[0],
    "as it should be": FIT[1],
    "a little too wide": 95.0,
    "too wide": 98.0,
    WIDEST: 100.0,
}
"""What a 90 % interval is said to be, with the percent of the truth inside it that this ends at.

The end itself is the next one's, but that 92 is still as it should be, and 95 a little too wide.
"""


PLAIN = (1e-4, 1e6)
"""Sizes that are told without powers of ten."""


def number(value: float | None) -> str:
    """Three significant digits: 0.12, 283, 68 300, 2.3 × 10⁻⁶."""
    if value is None:
        return "–"
    short = f"{value:.3g}"
    size = abs(float(short))
    if size == 0 or not math.isfinite(size):
        return short.replace("-0", "0").replace("-", MINUS)
    if PLAIN[0] <= size < PLAIN[1]:
        return _grouped(float(short), 0) if size >= 1000 else short.replace("-", MINUS)
    digits, power = f"{value:.2e}".split("e")
    digits = digits.rstrip("0").rstrip(".")
    return f"{digits}{TIED}×{TIED}10{_raised(str(int(power)))}".replace("-", MINUS)


def numbers_apart(values: Sequence[float]) -> tuple[str, ...]:
    """Numbers of one scale, with as many digits as tell them apart: 99 800, 101 200, 102 500."""
    known = [one for one in values if math.isfinite(one)]
    reach = max(known, default=0.0) - min(known, default=0.0)
    largest = max(map(abs, known), default=0.0)
    if len(known) < len(values) or reach <= PLAIN[0] or largest >= PLAIN[1]:
        return tuple(map(number, values))
    decimals = 1 - math.floor(math.log10(reach))
    return tuple("0" if one == 0 else _grouped(one, decimals) for one in values)


def _grouped(value: float, decimals: int) -> str:
    """A number with so many decimals, rounded before the point where these are negative."""
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    return text.replace(",", TIED if abs(value) >= 9999.5 else "").replace("-", MINUS)


def _raised(digits: str) -> str:
    return digits.translate(_RAISED)


def percent(value: float | None) -> str:
    """One decimal, as in all tables; no sign at zero, and no digits for what is far too bad."""
    if value is None:
        return "–"
    if value < FAR_BELOW:
        return f"<{FAR_BELOW:.0f}".replace("-", MINUS)
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", MINUS)


def whole_percent(value: float) -> str:
    """A size in percent for a sentence: whole, with a decimal where it is small, without sign."""
    size = abs(value)
    return f"{size:.0f}{TIED}%" if size >= 9.5 else f"{size:.1f}{TIED}%"


def compared(gain: float) -> str:
    """A gain in percent as the size of errors beside others, up to a word such as `than`."""
    if gain > -100.0:
        return f"{whole_percent(gain)} {'smaller' if gain > 0 else 'LARGER'} than"
    times = 1.0 - gain / 100.0
    return f"{times:.3g} TIMES those of" if times < 1000 else "over 1000 TIMES those of"


def ends(low: float, high: float) -> str:
    """Both ends of an interval in percent, with a decimal each."""
    return TIED.join((percent(low), "…", percent(high)))


def interval_of(gain: float, low: float, high: float) -> str:
    """The interval of a gain, counted as `compared` counts it; empty for what is far too bad."""
    if gain <= FAR_BELOW:
        return ""
    if gain <= -100.0:
        return f"{1 - high / 100:.3g}{TIED}…{TIED}{1 - low / 100:.3g}{TIED}times"
    small = min(abs(low), abs(high)) < 9.5
    first, last = (f"{end:.{int(small)}f}".replace("-", MINUS) for end in (low, high))
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


def listed(items: Iterable[str], most: int = 8) -> str:
    """One, two and three; of many the first and how many more."""
    told = list(items) or [""]
    if len(told) > most:
        told = [*told[: most - 1], f"{len(told) - most + 1} more"]
    *front, last = told
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
    """Text that begins a line; a single word may be a name and stays as it is."""
    return text[:1].upper() + text[1:] if " " in text else text


def moment(stamp: str) -> str:
    """A time or period as `show` writes it, for readers."""
    return re.sub(r"(?<=\d)T(?=\d)", " ", stamp)


def fit_of(coverage: float) -> str:
    """What is to be said of a 90 % interval that holds so many percent of the truth.

    As many as are told with one decimal.
    """
    told = round(coverage, 1)
    ends = FITS.items()
    return next((one for one, end in ends if told < end or told == end >= FIT[1]), WIDEST)


def inside(coverage: float) -> str:
    """The percentage, whole; with a decimal where a whole number would be judged otherwise."""
    whole = round(coverage)
    told = f"{whole}" if fit_of(whole) == fit_of(coverage) else f"{coverage:.1f}"
    return f"{told}{TIED}%"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
