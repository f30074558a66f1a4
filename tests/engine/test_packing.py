"""How values are stored, and that stored totals are the true ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temdeep.engine.packing import RunningTotal, Storage, TooNarrowError

T2M = Storage(np.dtype("i2"), scale=0.01, offset=280.0, fill=-32767)
TP = Storage(np.dtype("i2"), scale=0.05, fill=-32767)


@given(st.lists(st.integers(-32766, 32767), min_size=1, max_size=50))
@settings(max_examples=50)
def test_packed_numbers_survive_decoding_even_to_float32(numbers: list[int]) -> None:
    raw = np.array(numbers, dtype="i2")
    for dtype in (np.float32, np.float64):
        decoded = (raw * dtype(T2M.scale) + dtype(T2M.offset)).astype(dtype)
        np.testing.assert_array_equal(T2M.encode(decoded), raw)


def test_missing_becomes_the_fill_value_and_nothing_else_does() -> None:
    assert T2M.encode(np.array([np.nan, 280.0])).tolist() == [-32767, 0]
    with pytest.raises(TooNarrowError):
        T2M.encode(np.array([280.0 - 327.67]))  # would be read as missing
    with pytest.raises(TooNarrowError):
        Storage(np.dtype("i2")).encode(np.array([np.nan]))


@pytest.mark.parametrize("value", [280 + 327.68, 280 - 327.69, 1e6])
def test_values_out_of_range_never_wrap(value: float) -> None:
    with pytest.raises(TooNarrowError):
        T2M.encode(np.array([value]))
    wide = T2M.widened()
    assert wide.dtype == np.int32
    assert (wide.encode(np.array([value])) * 0.01 + 280.0)[0] == pytest.approx(value, abs=0.006)


def test_values_too_large_for_32_bits_are_stored_plainly() -> None:
    wide = T2M.widened()
    with pytest.raises(TooNarrowError):
        wide.encode(np.array([1e9]))
    assert wide.widened().encode(np.array([1e9])).tolist() == [1e9]


def test_widening_keeps_stored_numbers_and_what_is_missing() -> None:
    raw = np.array([5, -32767, 32767], dtype="i2")
    wide = T2M.widened()
    assert wide.convert(raw, T2M).tolist() == [5, wide.fill, 32767]
    widest = wide.widened()
    assert widest.dtype == np.float64
    np.testing.assert_allclose(
        widest.convert(wide.convert(raw, T2M), wide), [280.05, np.nan, 607.67], rtol=1e-12
    )


def test_unsigned_numbers_stored_as_signed_are_read_as_what_they_are() -> None:
    storage = Storage.from_encoding(
        {"dtype": "int8", "_Unsigned": "true", "_FillValue": np.int8(-1)}, np.dtype("f4")
    )
    assert storage.dtype == np.uint8
    assert storage.fill == 255
    assert storage.encode(np.array([254.0, np.nan])).tolist() == [254, 255]


def test_float_fill_values_are_kept() -> None:
    storage = Storage.from_encoding({"dtype": "f4", "_FillValue": np.float32(1e20)}, np.dtype("f4"))
    assert storage.encode(np.array([1.0, np.nan], "f4")).tolist() == [1.0, float(np.float32(1e20))]


@given(
    units=st.integers(0, 5_000),
    shares=st.lists(st.floats(0, 1), min_size=2, max_size=12).filter(lambda one: sum(one) > 0.01),
)
@settings(max_examples=200)
def test_stored_parts_of_a_packed_sum_add_up_to_it(units: int, shares: list[float]) -> None:
    parts = np.array(shares) / sum(shares) * units * TP.scale
    total = RunningTotal([0])
    raw = [
        int(total.round(TP, np.array([part]), np.array([i, i + 1]), 1.0)[0])
        for i, part in enumerate(parts)
    ]
    assert sum(raw) == units
    assert min(raw) >= 0
    assert all(number == 0 for number, part in zip(raw, parts, strict=True) if part == 0)


def test_stored_means_of_unequal_parts_follow_the_total() -> None:
    lengths, total = [600.0, 1200.0, 1800.0], RunningTotal([0])
    means, begin, stored = [0.12, 0.33, 0.26], 0, 0.0
    for mean, length in zip(means, lengths, strict=True):
        period = np.array([begin, begin + int(length)])
        stored += float(total.round(TP, np.array([mean]), period, length)[0]) * TP.scale * length
        begin += int(length)
    true = sum(m * length for m, length in zip(means, lengths, strict=True))
    assert abs(stored - true) <= 0.5 * TP.scale * 1800


def test_a_debt_ends_with_the_input_s_period_and_at_a_jump() -> None:
    total = RunningTotal([0, 2, 7])
    small = np.array([0.02])  # 0.4 units
    raw = [int(total.round(TP, small, np.array([i, i + 1]), 1.0)[0]) for i in range(4)]
    assert raw == [0, 1, 0, 1]
    after_jump = [int(total.round(TP, small, np.array([i, i + 1]), 1.0)[0]) for i in (5, 7)]
    assert after_jump == [0, 0]
