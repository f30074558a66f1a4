"""Who computes what of a batch, where several processes or passes share it.

Knows: samples. Must not know: torch, files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from temdeep.training.samples import Sample

EVERY_COHERENT = 4
"""Every n-th interval of a batch is used for coherence."""

COHERENT_COST = 7
"""What that costs, in intervals with hidden times: four passes, and three over what came out."""


@dataclass(frozen=True)
class Share:
    """Places in a batch, ascending.

    Attributes:
        hidden: Of the intervals whose hidden times are filled in.
        coherent: Of those that are used for coherence.
    """

    hidden: tuple[int, ...]
    coherent: tuple[int, ...]


def divided(batch: Sequence[Sample], shares: int, *, coherence: bool) -> list[Share]:
    """All of a batch in shares that cost about the same.

    A share is a stretch of the series rather than samples of all of it: whoever takes the same
    share of each batch needs the motion of few intervals that others need too, and makes it once.

    Args:
        batch: Intervals, in order.
        shares: How many; there may be more than intervals.
        coherence: Whether any are used for coherence.
    """
    places = range(len(batch))
    coherent = places[::EVERY_COHERENT] if coherence else ()
    many = [len(coherent[i::shares]) for i in range(shares)]
    costs, few = [COHERENT_COST * one for one in many], [0] * shares
    for _ in places:
        cheapest = costs.index(min(costs))
        costs[cheapest] += 1
        few[cheapest] += 1
    pieces = zip(_pieces(batch, places, few), _pieces(batch, coherent, many), strict=True)
    return [Share(*both) for both in pieces]


def _pieces(
    batch: Sequence[Sample], places: Iterable[int], counts: Sequence[int]
) -> list[tuple[int, ...]]:
    """Places in a batch divided by where in the series the samples lie."""
    left = iter(sorted(places, key=lambda place: (batch[place].first, place)))
    return [tuple(sorted(next(left) for _ in range(count))) for count in counts]
