"""Numbers are told as people read them."""

import numpy as np
import pytest

from temdeep.verification.report.words import number, numbers_apart

TIED = "\N{NO-BREAK SPACE}"
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (None, "–"), (283.15, "283"), (0.01234, "0.0123"),
        (-4.56789, "−4.57"), (1234.0, "1230"), (68_321.0, "68 300"), (-101_325.0, "−101 000"),
        (2.346e-6, "2.35 × 10⁻⁶"), (1.2e7, "1.2 × 10⁷"), (9999.9, "10 000"),
    ],
)  # fmt: skip
def test_a_number_has_three_digits_and_no_e(value: float | None, text: str) -> None:
    assert number(value).replace(TIED, " ") == text


def test_what_is_read_is_the_number() -> None:
    for value in np.geomspace(1e-9, 1e9, 300):
        text = number(float(value)).replace(TIED, "")
        digits, _, power = text.partition("×10")
        read = float(digits) * 10.0 ** int(power.translate(RAISED) or 0)
        assert read == pytest.approx(value, rel=5.1e-3)
        assert "e" not in text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((99_800.0, 101_150.0, 102_512.0), ("99 800", "101 200", "102 500")),
        ((281.2, 283.25, 285.3), ("281.2", "283.2", "285.3")),
        ((-31.2, 0.0, 31.2), ("−31", "0", "31")),
        ((0.0, 2e-6, 4e-6), ("0", "2 × 10⁻⁶", "4 × 10⁻⁶")),
        ((float("nan"), 1.0), ("nan", "1")),
    ],
)
def test_the_ends_of_a_scale_are_told_apart(
    values: tuple[float, ...], texts: tuple[str, ...]
) -> None:
    assert tuple(one.replace(TIED, " ") for one in numbers_apart(values)) == texts
