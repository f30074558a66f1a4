"""Machine code is made wherever the package lies, and kept where that can be."""

from collections.abc import Iterator
from pathlib import Path

import numba
import pytest

from temdeep.compiling import compiled, kernels_of, part, why_slow

SOURCE = "def half(x):\n    return x / 2\n"


def test_code_that_cannot_be_kept_is_made_all_the_same() -> None:
    """What stands in no file has no folder beside it, as a package on a disk that is read only."""
    made: dict[str, object] = {}
    exec(SOURCE, made)  # noqa: S102
    half = compiled("float64(float64)")(made["half"])  # type: ignore[arg-type]
    assert half(3.0) == 1.5


def test_code_is_kept_and_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def quarter(x: float) -> float:
        return x / 4

    for kept in (0, 1):
        made = compiled("float64(float64)")(quarter)
        assert made(3.0) == 0.75
        assert sum(made.stats.cache_hits.values()) == kept  # type: ignore[attr-defined]
    assert list(tmp_path.rglob("*.nbc"))


def test_a_division_by_zero_is_infinite_as_with_numpy() -> None:
    def inverse(x: float) -> float:
        return 1 / x

    assert part(inverse)(0.0) == float("inf")


@pytest.fixture
def asked_anew() -> Iterator[None]:
    """What was found out about numba is forgotten, before and after."""
    for forget in (kernels_of, why_slow):
        forget.cache_clear()
    yield
    for forget in (kernels_of, why_slow):
        forget.cache_clear()


@pytest.mark.usefixtures("asked_anew")
def test_loops_that_numba_would_run_as_python_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert "NUMBA_DISABLE_JIT" in why_slow()
    assert kernels_of("temdeep.network") is None


def test_there_is_machine_code_here() -> None:
    assert why_slow() == ""
    assert kernels_of("temdeep.network") is not None
    assert kernels_of("temdeep.methods") is not None
