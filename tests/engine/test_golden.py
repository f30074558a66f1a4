"""Real files are understood and filled in as they were, file by file."""

import json
from pathlib import Path

import pytest
from tests.engine.golden import FILES, GOLDEN, outcome

REFERENCE = json.loads(GOLDEN.read_text(encoding="utf-8"))["files"]


@pytest.mark.real
@pytest.mark.parametrize("name", FILES)
def test_a_real_file_comes_out_as_before(name: str, real_data: Path) -> None:
    found, expected = outcome(real_data / name), REFERENCE[name]
    assert {key: found[key] for key in ("grid", "times")} == {
        key: expected[key] for key in ("grid", "times")
    }
    assert set(found["variables"]) == set(expected["variables"])
    for variable, told in expected["variables"].items():
        size = max(abs(told["least"]), abs(told["most"]))
        for key, value in told.items():
            here = found["variables"][variable][key]
            exact = not isinstance(value, float)
            scale = size if key != "moment" else 30 * size
            assert here == (value if exact else pytest.approx(value, rel=1e-5, abs=1e-5 * scale)), (
                variable,
                key,
            )
