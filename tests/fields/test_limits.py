import pytest

from temdeep.fields.limits import lower_limit, upper_limit, whole_in
from temdeep.fields.variables import Channel, Kind, Nature


@pytest.mark.parametrize(
    ("units", "whole"),
    [("%", 100.0), ("1", 1.0), ("(0 - 1)", 1.0), ("okta", 8.0), ("kg kg-1", None), ("", None)],
)
def test_the_whole_is_read_from_the_unit(units: str, whole: float | None) -> None:
    assert whole_in(units) == whole


def test_only_fractions_have_an_upper_limit_and_their_sums_over_time_have_none() -> None:
    cloud = Channel("clt", "clt", "", Kind.MEAN, Nature.FRACTION)
    total = Channel("clt", "clt", "1", Kind.SUM, Nature.FRACTION)
    rain = Channel("tp", "tp", "1", Kind.SUM, Nature.NON_NEGATIVE)
    assert [upper_limit(one) for one in (cloud, total, rain)] == [1.0, None, None]


@pytest.mark.parametrize("nature", list(Nature))
def test_what_cannot_be_negative_has_a_lower_limit(nature: Nature) -> None:
    limit = lower_limit(Channel("x", "x", "1", Kind.MEAN, nature))
    signed = (Nature.CONTINUOUS, Nature.DIRECTION, Nature.FLAG)
    assert limit == (None if nature in signed else 0.0)
