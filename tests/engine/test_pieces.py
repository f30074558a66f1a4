"""Pieces are short enough to lose, and as many as workers can share, whoever makes them."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from tests.engine.test_layout import gridded

from temdeep.engine.layout import field_specs
from temdeep.engine.pieces import PIECE_BYTES, Piece
from temdeep.engine.plan import plan
from temdeep.engine.work import Filling, Work
from temdeep.fields.series import Series, open_series
from temdeep.methods.cubic import Cubic

ATLANTIC = Path(__file__).parents[2] / "data" / "atlantic_6hourly.nc"


def cut(series: Series, step: str, suffix: str = ".zarr") -> tuple[list[Piece], int, int]:
    """The pieces, bytes of one output time in single precision, and times of the longest file."""
    filling = Filling(series, Cubic(), plan(series, step=step))
    names = dict.fromkeys(one.variable for one in series.channels)
    specs = field_specs(series, Cubic(), filling.plan, {key: {} for key in names}, suffix=suffix)
    work = Work((filling,), specs, lambda _: pytest.fail("nothing is opened"))
    size = 4 * sum(math.prod(one.shape) // one.shape[one.time_axis] for one in specs.values())
    longest = max(one.held_times for one in specs.values())
    return [unit.piece for unit in work.units()], size, longest


@pytest.mark.parametrize("suffix", [".zarr", ".nc"])
@pytest.mark.parametrize(
    ("source", "step", "fewest"),
    [("t2m", "1h", 3), ("all", "1h", 6), ("all", "10min", 12), ("small", "30min", 8)],
)
def test_small_fields_make_several_pieces_that_are_soon_done(
    source: str, step: str, fewest: int, suffix: str
) -> None:
    names = ["t2m"] if source == "t2m" else None
    small = source == "small"
    series = gridded(91, 180, count=120) if small else open_series([ATLANTIC], variables=names)
    found, size, longest = cut(series, step, suffix)
    lengths = [one.times.stop - one.times.start for one in found]
    assert len(found) >= fewest
    assert max(lengths) * size <= PIECE_BYTES + longest * size
    assert max(lengths) < sum(lengths) / 2


def test_large_fields_are_cut_by_what_they_read() -> None:
    found, _, longest = cut(gridded(721, 1440, count=100), "1h")
    lengths = [one.times.stop - one.times.start for one in found[:-1]]
    read = [one.window.stop - one.window.start for one in found]
    assert max(lengths) <= 2 * longest
    assert max(read) <= min(lengths)  # with the context of cubic, twelve frames on each side


def test_pieces_stay_as_they_are_when_a_series_grows() -> None:
    short, long = (cut(gridded(91, 180, count=count), "30min")[0] for count in (120, 400))
    same = [one.same_as(other) for one, other in zip(short, long, strict=False)]
    assert all(same[:-2])  # but for those whose context reaches the new frames
    assert [one.times.start for one in short] == [one.times.start for one in long[: len(short)]]
    assert all(one.times.stop == other.times.start for one, other in itertools.pairwise(long))
    assert np.diff([one.times.start for one in long]).max() > np.diff([0, long[1].times.start])[0]
